"""Operations of the API, and the OpenAPI document that is made of their types."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import pytest

from yunlong import App, Input, Problem, Request, Response, Router, t
from yunlong.testing import TestCity

from .conftest import MANIFEST

router = Router()
router.describe(t("课堂", "Lesson"), "For tests.")


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class ByRoom:
    room: Annotated[int, "The room's number."]


@dataclass(frozen=True)
class Filter:
    word: str
    limit: int | None = None
    mood: Mood | None = None
    loud: bool = False


# ANCHOR: types
@dataclass(frozen=True)
class Note:
    """A note that somebody left."""

    text: Annotated[str, "What it says."]
    tone: Mood | None = None
    replies: "list[Note] | None" = None
# ANCHOR_END: types


@dataclass(frozen=True)
class Nothing:
    why: str = ""


@router.operation("GET", "/api/rooms/{room}/notes", "listNotes", summary="Notes", tag="notes")
def list_notes(_: Request, input: Input[ByRoom, Filter, None]) -> list[Note]:
    text = f"{input.path.room}-{input.query.word}-{input.query.mood}-{input.query.loud}"
    return [Note(text)] * (input.query.limit or 1)


# ANCHOR: operation
@router.operation(
    "POST", "/api/rooms/{room}/notes", "createNote", status=201, location="/api/notes/{text}", problems={409: "Full"}
)
def create_note(_: Request, input: Input[ByRoom, None, Note]) -> Note:
    if input.path.room == 0:
        raise Problem.conflict(t("满了", "Full"))
    return input.body
# ANCHOR_END: operation


@router.operation("DELETE", "/api/rooms/{room}", "closeRoom", signed_in=True, headers={"if-match": "The version."})
def close_room(_: Request, input: Input[ByRoom, None, None]) -> None:
    return None


@router.operation("PUT", "/api/pause", "pause", optional_body=True)
def pause(_: Request, input: Input[None, None, Nothing]) -> Nothing:
    return input.body


@dataclass(frozen=True)
class Hold:
    hold_until: int = field(metadata={"json": "hold-until"})


@router.operation("GET", "/api/holds", "readHold")
def read_hold(_: Request, input: Input[None, Hold, None]) -> Hold:
    return input.query


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, App(router)) as city:
        yield city


def test_operations_read_their_types_and_refuse_others(city: TestCity) -> None:
    listed = city.get("/api/rooms/3/notes?limit=2&word=a+b&mood=bad&loud=true&more=1")
    assert (listed.status, [note["text"] for note in listed.body_json]) == (200, ["3-a b-bad-True"] * 2)
    for bad in ["", "?word=x&limit=many", "?word=x&limit=1.5", "?word=x&mood=so-so", "?word=x&loud=yes"]:
        answer = city.get(f"/api/rooms/3/notes{bad}")
        assert (answer.status, answer.body_json["type"]) == (400, "urn:yunlong:problem:invalid-query"), bad
    assert city.get("/api/rooms/x/notes?word=x").status == 404
    assert city.post_json("/api/rooms/3/notes", {"text": 1}).status == 400
    assert city.post("/api/rooms/3/notes", {"text": "x"}).status == 415
    assert city.send("DELETE", "/api/rooms/3").status == 401
    city.sign_in("p-1")
    closed = city.send("DELETE", "/api/rooms/3")
    assert (closed.status, closed.body) == (204, b"")


def test_what_was_made_is_where_its_location_says_and_has_all_its_members(city: TestCity) -> None:
    made = city.post_json("/api/rooms/3/notes", {"text": "龟 1"})
    assert (made.status, made.headers["location"]) == (201, "/api/notes/%E9%BE%9F%201")
    assert made.body_json == {"text": "龟 1", "tone": None, "replies": None}, "what is absent is null"


def test_a_body_that_may_be_left_out_is_read_as_an_empty_object(city: TestCity) -> None:
    assert city.send("PUT", "/api/pause").body_json == {"why": ""}
    assert city.send("PUT", "/api/pause", {"content_type": "application/json"}, b'{"why":"noon"}').body_json == {
        "why": "noon"
    }


def test_the_document_is_made_of_the_operations(city: TestCity) -> None:
    answer = city.get("/openapi.json")
    document = answer.body_json
    assert (document["openapi"], document["info"]["version"], document["info"]["title"]) == ("3.1.0", "1.2.3", "课堂")
    listed = document["paths"]["/api/rooms/{room}/notes"]["get"]
    assert [(p["name"], p["in"], p["required"]) for p in listed["parameters"]] == [
        ("room", "path", True), ("word", "query", True), ("limit", "query", False), ("mood", "query", False),
        ("loud", "query", False),
    ]  # fmt: skip
    assert listed["parameters"][0]["description"] == "The room's number."
    assert listed["parameters"][2]["schema"] == {"type": ["integer", "null"]}
    assert listed["responses"]["200"]["content"]["application/json"]["schema"]["items"] == {
        "$ref": "#/components/schemas/Note"
    }
    note = document["components"]["schemas"]["Note"]
    assert (note["required"], note["description"]) == (["text"], "A note that somebody left.")
    assert note["properties"]["text"] == {"type": "string", "description": "What it says."}
    assert note["properties"]["replies"]["anyOf"][0]["items"] == {"$ref": "#/components/schemas/Note"}
    created = document["paths"]["/api/rooms/{room}/notes"]["post"]
    assert set(created["responses"]) == {"201", "400", "404", "409", "415", "503"}
    assert "Location" in created["responses"]["201"]["headers"] and created["requestBody"]["required"]
    closed = document["paths"]["/api/rooms/{room}"]["delete"]
    assert closed["security"] == [{"bearer": []}] and {"204", "401"} <= set(closed["responses"])
    assert closed["parameters"][-1]["in"] == "header"
    assert not document["paths"]["/api/pause"]["put"]["requestBody"]["required"]


def test_the_document_is_read_and_not_written(city: TestCity) -> None:
    assert city.send("HEAD", "/openapi.json").status == 200
    assert city.post("/openapi.json").status == 405
    assert city.get("/openapi.json", accept="text/html").headers["content-type"] == "application/json"


def test_mistakes_in_operations_are_named_when_the_app_is_loaded() -> None:
    def untyped(req, input):  # type: ignore[no-untyped-def]
        return None

    def unknown(_: Request, input: Input[None, None, None]) -> complex:
        return 1j

    def deep(_: Request, input: Input[None, Note, None]) -> None:
        return None

    def other(_: Request, input: Input[ByRoom, None, None]) -> None:
        return None

    cases: list[tuple[Any, str, str]] = [
        (untyped, "/a", "Input"),
        (unknown, "/a", "complex"),
        (deep, "/a", "replies"),
        (other, "/a/{day}", "day"),
    ]
    for handler, path, why in cases:
        with pytest.raises(ValueError, match=why):
            Router().operation("GET", path, "x")(handler)
    twice = Router()
    twice.operation("GET", "/a/{room}", "x")(other)
    with pytest.raises(ValueError, match="twice"):
        twice.operation("GET", "/b/{room}", "x")(other)


def test_a_page_at_the_address_of_the_document_stands_in_its_place(city: TestCity) -> None:
    own = Router()
    own.get("/openapi.json")(lambda _: Response.text("own"))
    assert own.serve(Request("GET", "/openapi.json")).body_text == "own"


def test_a_name_that_python_cannot_write_is_one_in_query_answer_and_document(city: TestCity) -> None:
    assert city.get("/api/holds?hold-until=3").body_json == {"hold-until": 3}
    assert city.get("/api/holds?hold_until=3").status == 400
    document = city.get("/openapi.json").body_json
    assert [p["name"] for p in document["paths"]["/api/holds"]["get"]["parameters"]] == ["hold-until"]
    shown = document["components"]["schemas"]["Hold"]
    assert (list(shown["properties"]), shown["required"]) == (["hold-until"], ["hold-until"])
