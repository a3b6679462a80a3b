"""The whole app, against a city in memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.main import app
from yunlong import Lang
from yunlong.attributes import Attribute
from yunlong.testing import TestCity

MANIFEST = (Path(__file__).parent.parent / "app.toml").read_text(encoding="utf-8")
LAMP = {"title": "路灯不亮", "place": "云龙湖北岸", "details": "第三盏"}


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, app) as city:
        yield city


def filed(city: TestCity, **more: str) -> str:
    """Files the lamp and answers the path of its page."""
    answer = city.post("/new", LAMP | more)
    assert answer.status == 303
    return answer.headers["location"]


def test_an_empty_list_leads_to_the_form(city: TestCity) -> None:
    page = city.get("/").body_text
    assert "还没有报修。" in page and 'role="button" href="/new"' in page


def test_what_is_filed_is_seen_and_told_in_one_transaction(city: TestCity) -> None:
    city.sign_in("p-1")
    city.conflict_next(1)
    path = filed(city)
    page = city.get(path).body_text
    assert "路灯不亮" in page and "云龙湖北岸" in page and "第三盏" in page and "待办理" in page
    [event] = city.published
    assert event.topic == "report.filed"
    assert json.loads(event.data) == {"id": path.removeprefix("/reports/"), "title": "路灯不亮", "place": "云龙湖北岸"}


def test_what_is_not_committed_is_not_told(city: TestCity) -> None:
    city.sign_in("p-1")
    city.conflict_next(1000)
    assert city.post("/new", LAMP).status == 503
    city.conflict_next(0)
    assert city.published == [] and city.get("/api/reports").body_json["items"] == []


def test_a_wrong_form_says_why_and_keeps_what_was_typed(city: TestCity) -> None:
    city.sign_in("p-1")
    answer = city.post("/new", {"title": "", "place": "云龙湖 <北岸>"})
    page = answer.body_text
    assert answer.status == 422
    assert 'href="#field-title"' in page and 'aria-invalid="true"' in page
    assert 'value="云龙湖 &lt;北岸&gt;"' in page
    assert city.published == []


def test_visitors_are_sent_to_sign_in_and_programs_are_told(city: TestCity) -> None:
    assert "/sign-on?" in city.get("/new").headers["location"]
    answer = city.post_json("/api/reports", LAMP)
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


def test_only_a_clerk_closes(city: TestCity) -> None:
    city.sign_in("p-1")
    path = filed(city)
    assert city.post(f"{path}/close").status == 403
    city.sign_in_official("o-1")
    assert city.post(f"{path}/close").status == 403
    assert "/close" not in city.get(path).body_text
    city.sign_in_official("o-2", "clerk")
    assert f'action="{path}/close"' in city.get(path).body_text
    assert city.post(f"{path}/close").headers["location"] == path
    assert city.post(f"{path}/close").status == 303
    assert [(row.actor, row.action) for row in city.audit] == [("o-2", "report.close")], "once"
    assert "已办结" in city.get(path).body_text
    assert city.post("/reports/none/close").status == 404


def test_the_number_is_asked_for_by_consent_and_shown_to_clerks_alone(city: TestCity) -> None:
    city.sign_in("p-1")
    city.set_attribute("p-1", Attribute.MOBILE, "13900000000")
    asked = city.post("/new", LAMP | {"call_back": "yes"})
    consent = urlsplit(asked.headers["location"])
    query = parse_qs(consent.query)
    assert (consent.path, query["scope"]) == ("/consent", ["call-back"])
    back = city.get(query["return"][0]).body_text
    assert 'value="路灯不亮"' in back and "第三盏" in back and " checked" in back, "what was typed is there again"
    assert city.published == []
    city.consent("p-1", "call-back")
    path = filed(city, call_back="yes")
    assert "13900000000" not in city.get(path).body_text
    city.sign_in_official("o-2", "clerk")
    assert "13900000000" in city.get(path).body_text


def test_what_is_too_long_for_an_address_is_typed_again(city: TestCity) -> None:
    city.sign_in("p-1")
    asked = city.post("/new", LAMP | {"call_back": "yes", "details": "长" * 2000})
    back = parse_qs(urlsplit(asked.headers["location"]).query)["return"][0]
    assert len(back) < 4096 and "title=" in back


def test_without_a_number_on_record_the_report_is_filed_all_the_same(city: TestCity) -> None:
    city.sign_in("p-1")
    city.consent("p-1", "call-back")
    assert city.get(filed(city, call_back="yes")).status == 200


def test_twenty_a_page_the_newest_first(city: TestCity) -> None:
    city.sign_in("p-1")
    for n in range(21):
        city.post("/new", LAMP | {"title": f"第{n}盏"})
        city.advance(1000)
    first = city.get("/").body_text
    assert "第20盏" in first and "第0盏" not in first and 'rel="next"' in first
    after = city.get("/api/reports?limit=20").body_json["next"]
    second = city.get(f"/?after={after}").body_text
    assert "第0盏" in second and "第1盏" not in second and 'rel="first"' in second


def test_english_for_those_who_prefer_it(city: TestCity) -> None:
    city.prefer(Lang.EN, elder=True)
    answer = city.get("/")
    assert answer.headers["content-language"] == "en"
    assert "Nothing has been reported yet." in answer.body_text and '<html lang="en" data-elder>' in answer.body_text
    assert "Sign in to report" in city.get("/help").body_text


def test_the_api_files_lists_and_reads(city: TestCity) -> None:
    city.sign_in("p-1")
    made = city.post_json("/api/reports", {"title": "长椅损坏", "place": "彭城广场"})
    assert made.status == 201
    location = made.headers["location"]
    assert city.get(location).body_json == made.body_json
    assert made.body_json | {"id": "", "time": 0} == {
        "id": "", "title": "长椅损坏", "place": "彭城广场", "details": "", "status": "open", "time": 0,
    }  # fmt: skip
    listed = city.get("/api/reports").body_json
    assert [i["title"] for i in listed["items"]] == ["长椅损坏"] and listed["next"] is None


def test_the_api_names_each_field_that_is_wrong(city: TestCity) -> None:
    city.sign_in("p-1")
    answer = city.post_json("/api/reports", {"title": "x" * 81})
    assert answer.status == 422
    assert [e["pointer"] for e in answer.body_json["errors"]] == ["/title", "/place"]
    assert city.post_json("/api/reports", {"title": 5}).status == 400
    assert city.get("/api/reports/none").status == 404
    refused = city.get("/api/reports?limit=0")
    assert (refused.status, refused.body_json["errors"][0]["pointer"]) == (422, "/limit")
    assert city.get("/api/reports?limit=many").status == 400
    assert city.get("/api/reports?after=made-up").status == 400


def test_the_document_of_the_api_is_made_of_its_types(city: TestCity) -> None:
    document = city.get("/openapi.json").body_json
    assert document["paths"]["/api/reports"]["post"]["operationId"] == "fileReport"
    assert document["components"]["schemas"]["Create"]["properties"]["title"]["description"].startswith("What is broken")
