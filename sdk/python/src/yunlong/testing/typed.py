"""The typed base databases over the records that a test put in.

Places are found by their points: a record with another geometry is met by its code alone.
"""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from .. import clock, codec, shared
from ..base import Page, Standing
from ..base.credit import Event
from ..base.economy import Codes, Divisions, Indicator, Observation, Point, Series
from ..base.geospatial import InBox, Nearest, Place, Touching, Where, Within
from ..base.legal_entities import Division, Entity, Industry, Named, Which
from ..base.population import Household, Person
from ..shared import Query, Released
from ..text import Text
from .hub import Hub, Opened

T = TypeVar("T")

PAGE = 200
"""Records of a page, as the host has it."""


def _record(type_: Callable[..., T], r: Released, items: dict[str, str], kinds: tuple[type, ...] = (str,)) -> T:
    """A typed record: ``items`` are its fields, by the catalogue's names. A value of another type is on record and not
    told."""
    values, present = {}, []
    for name, item in items.items():
        value = r.body.get(item)
        if isinstance(value, kinds) and not isinstance(value, bool):
            values[name] = value
        elif item in r.body and name != "age":
            present.append(item)
    released = sorted({*r.body, *r.unrecorded})
    return type_(Standing(r.reference, r.version, r.valid_from, r.valid_to, released, present), **values)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_PERSON = _same(
    "resident_id", "name", "sex", "birth_date", "ethnicity", "division", "address", "household", "relation", "mobile",
    "status",
)  # fmt: skip
_ENTITY = _same(
    "uscc", "name", "kind", "representative", "industry", "division", "address", "capital", "founded", "status"
)
_EVENT = {"number": "event"} | _same(
    "uscc", "kind", "date", "until", "authority", "content", "amount", "division"
)
_PLACE = {"code": "place"} | _same("name", "kind", "address", "division")
_OBSERVATION = {"number": "observation"} | _same("indicator", "division", "period", "value", "unit", "state")


def _person(r: Released) -> Person:
    age = r.integer("birth_date")
    if age is None:
        return _record(Person, r, _PERSON)
    person = _record(Person, r, {k: v for k, v in _PERSON.items() if k != "birth_date"})
    return replace(person, age=age)


def _entity(r: Released) -> Entity:
    return _record(Entity, r, _ENTITY, (str, int))


def _event(r: Released) -> Event:
    return _record(Event, r, _EVENT, (str, int))


def _place(r: Released) -> Place:
    place = _record(Place, r, _PLACE)
    geometry = r.body.get("geometry")
    return replace(place, geometry=codec.encode(geometry)) if isinstance(geometry, dict) else place


def _observation(r: Released) -> Observation:
    return _record(Observation, r, _OBSERVATION, (str, int, float))


def _significant(code: str) -> str:
    """A division's code without the zeros that stand for all of it: two digits, four, six, nine or twelve."""
    return next((code[:end] for end in (2, 4, 6, 9, 12) if not code[end:].strip("0")), code)


def _within_division(query: Query, code: str) -> Query:
    """Limits the item that follows to a division and what lies in it."""
    digits = _significant(code)
    # `:` is the character behind `9`.
    return query.at_least(digits).below(digits + ":")


class Typed:
    """Fills the slots of the five base databases."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def _get(self, dataset: str, purpose: str, key: str, items: list[str]) -> Released | None:
        return self._hub.open(dataset, purpose).get(key, items, None)

    def person(self, purpose: str, resident_id: str, items: list[str]) -> Person | None:
        found = self._get("population.person", purpose, resident_id, items)
        return _person(found) if found else None

    def own_person(self, purpose: str, items: list[str]) -> Person | None:
        found = self._hub.open("population.person", purpose).me(items)
        return _person(found) if found else None

    def household(self, purpose: str, number: str, items: list[str]) -> Household | None:
        found = self._get("population.household", purpose, number, items)
        names = {"number": "household"} | _same("head", "division", "address", "size")
        return _record(Household, found, names, (str, int)) if found else None

    def entity(self, purpose: str, uscc: str) -> Entity | None:
        found = self._get("legal-entities.entity", purpose, uscc, [])
        return _entity(found) if found else None

    def entities(self, purpose: str, which: Which, cursor: str | None) -> Page[Entity]:
        match which:
            case Named(name):
                query = shared.index("name").equals(name)
            case Division(code):
                query = _within_division(shared.index("division"), code)
            case Industry(section, division):
                query = _within_division(shared.index("industry", "division").equals(section), division)
        page = self._hub.open("legal-entities.entity", purpose).query(query.limit(PAGE).after(cursor), [])
        return Page([_entity(r) for r in page.records], page.next)

    def events(self, purpose: str, uscc: str, kinds: list[str], cursor: str | None) -> Page[Event]:
        query = shared.index("uscc", "date").equals(uscc).limit(PAGE).after(cursor)
        page = self._hub.open("credit.event", purpose).query(query, [])
        events = [_event(r) for r in page.records]
        if kinds and any(e.kind is None for e in events):
            raise shared.FieldsNotGranted(["kind"])
        return Page([e for e in events if not kinds or e.kind in kinds], page.next)

    def credit_summary(self, purpose: str, uscc: str) -> dict[str, int]:
        today = str(clock.date_at(self._hub.city.time))
        counts: dict[str, int] = {}
        cursor = None
        while True:
            page = self.events(purpose, uscc, [], cursor)
            for e in page.items:
                if e.kind is None:
                    raise shared.FieldsNotGranted(["kind"])
                if e.until is None or e.until >= today:
                    counts[e.kind] = counts.get(e.kind, 0) + 1
            cursor = page.next
            if cursor is None:
                return counts

    def place(self, purpose: str, code: str) -> Place | None:
        found = self._get("geospatial.place", purpose, code, [])
        return _place(found) if found else None

    def places(self, purpose: str, at: Where, limit: int, cursor: str | None) -> Page[Place]:
        everything = shared.index("geometry").limit(500)
        page = self._hub.open("geospatial.place", purpose).query(everything, [])
        near = [place for r in page.records if (place := _lies(_place(r), at))]
        near.sort(key=lambda p: p.distance or 0.0)
        if cursor is not None and not cursor.isdecimal():
            raise shared.Invalid("the cursor is not from this query")
        start = int(cursor or 0)
        end = start + limit
        return Page(near[start:end], str(end) if len(near) > end else None)

    def observation(self, purpose: str, number: str) -> Observation | None:
        found = self._get("economy.observation", purpose, number, [])
        return _observation(found) if found else None

    def indicators(self, purpose: str) -> list[Indicator]:
        """Those that the records name."""
        self._hub.open("economy.observation", purpose).fields()
        records = self._hub.records.get("economy.observation", {}).values()
        codes = {r.body["indicator"] for r in records if isinstance(r.body.get("indicator"), str)}
        return [Indicator(code, Text.same(code)) for code in sorted(codes)]

    def series(self, purpose: str, indicator: str, divisions: Divisions, first: str, last: str) -> list[Series]:
        opened = self._hub.open("economy.observation", purpose)
        found: dict[tuple[str, str], dict[str, Point]] = {}
        for o in _observations(opened, indicator, divisions):
            division, period, value, unit = _needed(o)
            # One frequency has texts of one length, in the order of their periods.
            if _is_asked(division, divisions) and len(period) == len(first) and first <= period <= last:
                found.setdefault((division, unit), {})[period] = Point(period, value, o.state, None)
        return [
            Series(indicator, division, unit, [replace(p, growth=_growth(points, p)) for p in points.values()])
            for (division, unit), points in sorted(found.items())
        ]


def _observations(opened: Opened, indicator: str, divisions: Divisions) -> list[Observation]:
    base = shared.index("indicator", "division", "period").equals(indicator).limit(PAGE)
    if isinstance(divisions, Codes):
        queries = [base.equals(code) for code in divisions.codes]
    else:
        queries = [_within_division(base, divisions.within)]
    return [_observation(r) for query in queries for r in opened.query(query, []).records]


def _needed(o: Observation) -> tuple[str, str, float, str]:
    if o.division is None or o.period is None or o.value is None or o.unit is None:
        raise shared.FieldsNotGranted([n for n in ("division", "period", "value", "unit") if getattr(o, n) is None])
    return o.division, o.period, o.value, o.unit


def _is_asked(division: str, divisions: Divisions) -> bool:
    if isinstance(divisions, Codes):
        return True
    return len(_significant(division)) == {"city": 4, "county": 6, "town": 9}.get(divisions.level, 12)


def _growth(points: dict[str, Point], point: Point) -> float | None:
    """In percent against the same period of the year before, to two places."""
    before = points.get(f"{int(point.period[:4]) - 1}{point.period[4:]}")
    return round((point.value - before.value) / before.value * 100, 2) if before and before.value > 0 else None


Position = tuple[float, float]


def _lies(place: Place, at: Where) -> Place | None:
    """The place, when it lies there."""
    geometry: Any = json.loads(place.geometry or "null")
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    x, y = geometry["coordinates"][:2]
    match at:
        case Within(area) | Touching(area):
            return place if _in_area((x, y), area) else None
        case InBox(west, south, east, north):
            return place if west <= x <= east and south <= y <= north else None
        case Nearest(longitude, latitude, most):
            distance = _metres((longitude, latitude), (x, y))
            return replace(place, distance=distance) if distance <= most else None


def _in_area(at: Position, text: str) -> bool:
    """Whether a point lies in an area: within an odd number of its rings."""
    try:
        area = codec.parse(text)
        geometry = area["geometry"] if area.get("type") == "Feature" else area
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        return any(sum(_crosses(at, ring) for ring in polygon) % 2 == 1 for polygon in polygons)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise shared.Invalid(f"the area is no GeoJSON: {e}") from e


def _crosses(at: Position, ring: list[list[float]]) -> bool:
    crossings = 0
    for (x1, y1, *_), (x2, y2, *_) in zip(ring, ring[1:], strict=False):
        if (y1 > at[1]) != (y2 > at[1]) and at[0] < (x2 - x1) * (at[1] - y1) / (y2 - y1) + x1:
            crossings += 1
    return crossings % 2 == 1


def _metres(a: Position, b: Position) -> float:
    """Metres between two positions on a sphere: near enough for tests."""
    lat1, lat2 = math.radians(a[1]), math.radians(b[1])
    dlat, dlon = lat2 - lat1, math.radians(b[0] - a[0])
    h = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(h))
