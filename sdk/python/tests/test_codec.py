"""JSON from outside: what it may be, and how it becomes a type."""

import json
from dataclasses import dataclass, field

import pytest

from yunlong import codec


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_nesting_ends_where_that_of_the_host_does() -> None:
    # CPython's own bound is not met in a component: the sandbox's stack is smaller, and the call would trap.
    assert codec.parse(nested(128))
    for text in [nested(129), "[" * 60_000, '{"a":' * 60_000, '["a", ' + nested(129) + "]"]:
        with pytest.raises(ValueError, match="nested"):
            codec.parse(text)


def test_brackets_in_texts_and_beside_each_other_are_no_nesting() -> None:
    for value in [[[]] * 1000, ["[" * 1000], ['\\"' + "[" * 1000], {"[" * 500: "{" * 500}]:
        assert codec.parse(json.dumps(value)) == value
        assert codec.parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ['"' + '\\"' * 200_000, '"' + '\\"' * 200_000 + "\\", "[" * 200 + '"' * 200_001])
def test_what_is_not_json_is_refused_in_time_that_grows_with_its_length(text: str) -> None:
    with pytest.raises(ValueError):
        codec.parse("[" * 200 + text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "", "{", b"\xff", "1 2"])
def test_what_json_does_not_have_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        codec.parse(text)


@dataclass(frozen=True)
class Part:
    n: int


@dataclass(frozen=True)
class Whole:
    name: str
    parts: list[Part]
    note: str | None = None


def test_values_come_back_as_they_went() -> None:
    whole = Whole("龟山", [Part(1), Part(2)])
    assert codec.encode(whole) == '{"name":"龟山","parts":[{"n":1},{"n":2}]}', "what is absent is left out"
    assert codec.decode(Whole, codec.parse(codec.encode(whole))) == whole


def test_the_field_that_does_not_fit_is_named() -> None:
    for value, why in [
        ({"name": "a", "parts": [{"n": "1"}]}, "n"),
        ({"parts": []}, "name"),
        ([], "an object is expected, not a list"),
        ({"name": "a", "parts": [{"n": True}]}, "boolean"),
    ]:
        with pytest.raises(ValueError, match=why):
            codec.decode(Whole, value)
    with pytest.raises(ValueError):
        codec.decode(int, "5")
    assert codec.decode(int, 5) == 5


@dataclass(frozen=True)
class Renamed:
    hold_until: int = field(metadata={"json": "hold-until"})
    class_: str | None = field(default=None, metadata={"json": "class"})
    wanted: int | None = field(default=None, metadata={"null": True})


@dataclass(frozen=True)
class Holder:
    one: Renamed
    others: list[Renamed]
    maybe: Renamed | None = None
    named: dict[str, Renamed] = field(default_factory=dict)


def test_a_field_has_the_name_in_json_that_its_metadata_says() -> None:
    inner = Renamed(3, "a")
    assert codec.encode(inner) == '{"hold-until":3,"class":"a","wanted":null}', "and `null` where it is asked for"
    assert codec.decode(Renamed, {"hold-until": 3, "class": "a", "hold_until": "passed over"}) == inner
    whole = Holder(inner, [Renamed(4), Renamed(5)], Renamed(6), {"hold-until": Renamed(7)})
    assert codec.decode(Holder, codec.parse(codec.encode(whole))) == whole, "at any depth; keys of a map are left alone"
    with pytest.raises(ValueError, match="hold_until"):
        codec.decode(Renamed, {"hold_until": 3})
