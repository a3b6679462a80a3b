"""The typed base databases on the test double."""

import json
from collections.abc import Iterator

import pytest

from yunlong import shared
from yunlong.base import credit, economy, geospatial, legal_entities, population
from yunlong.testing import TestCity

from .conftest import MANIFEST

PURPOSE = "lesson"


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST) as city:
        for dataset in ["legal-entities.entity", "credit.event", "geospatial.place", "economy.observation"]:
            city.grant(dataset, PURPOSE)
        yield city


def test_an_age_and_a_date_are_told_apart_and_what_is_not_granted_is_not_released(city: TestCity) -> None:
    city.grant("population.person", "age-check", ["birth_date"])
    city.sign_in("p-1")
    city.put_record("population.person", "A", "p-1", {"name": "p-1", "birth_date": 66})
    with pytest.raises(shared.ConsentRequired):
        population.me("age-check", [])
    city.consent("p-1", "age-check")
    person = population.me("age-check", [])
    assert person and (person.age, person.birth_date, person.name) == (66, None, None)
    assert person.standing.released == ["birth_date"]
    city.put_record("population.person", "A", "p-1", {"birth_date": "1960-02-03"})
    person = population.me("age-check", [])
    assert person and person.birth_date == "1960-02-03"
    city.put_record("population.person", "A", "p-1", {"birth_date": True})
    person = population.me("age-check", [])
    assert person and person.standing.present == ["birth_date"]


def test_entities_are_found_by_name_and_by_where_they_sit(city: TestCity) -> None:
    for uscc, name, industry, division in [
        ("U1", "甲公司", "C", "320302001"),
        ("U2", "乙公司", "C", "320303001"),
        ("U3", "丙公司", "F", "320302002"),
    ]:
        body = {"uscc": uscc, "name": name, "industry": industry, "division": division}
        city.put_record("legal-entities.entity", uscc, None, body)
    found = legal_entities.get(PURPOSE, "U2")
    assert found and found.name == "乙公司"
    assert legal_entities.get(PURPOSE, "U9") is None

    def uscc_of(which: legal_entities.Which) -> list[str | None]:
        return [e.uscc for e in legal_entities.find(PURPOSE, which).items]

    assert uscc_of(legal_entities.Named("丙公司")) == ["U3"]
    assert uscc_of(legal_entities.Division("320302")) == ["U1", "U3"]
    assert uscc_of(legal_entities.Division("320300000000")) == ["U1", "U3", "U2"]
    assert uscc_of(legal_entities.Industry("C", "320302")) == ["U1"]


def test_a_summary_counts_what_is_in_force_today(city: TestCity) -> None:
    for n, kind, until in [(1, "penalty", "2026-04-30"), (2, "penalty", "2026-05-01"), (3, "honour", None)]:
        body = {"event": str(n), "uscc": "U1", "kind": kind, "date": f"2025-01-0{n}"}
        city.put_record("credit.event", str(n), None, body | ({"until": until} if until else {}))
    assert credit.summary(PURPOSE, "U1") == {"penalty": 1, "honour": 1}
    assert [e.number for e in credit.events(PURPOSE, "U1", ["penalty"]).items] == ["1", "2"]
    city.grant("credit.event", PURPOSE, ["uscc", "date"])
    with pytest.raises(shared.FieldsNotGranted, match="kind"):
        credit.summary(PURPOSE, "U1")


def test_places_are_found_in_areas_boxes_and_by_distance(city: TestCity) -> None:
    for code, at in [("near", [117.18, 34.26]), ("far", [117.30, 34.26]), ("north", [117.18, 34.40])]:
        city.put_record("geospatial.place", code, None, {"place": code, "geometry": {"type": "Point", "coordinates": at}})

    def codes(at: geospatial.Where) -> list[str | None]:
        return [p.code for p in geospatial.find(PURPOSE, at, 10).items]

    ring = [[117.0, 34.2], [117.4, 34.2], [117.4, 34.3], [117.0, 34.3], [117.0, 34.2]]
    square = json.dumps({"type": "Polygon", "coordinates": [ring]})
    assert sorted(str(c) for c in codes(geospatial.Within(square))) == ["far", "near"]
    assert sorted(str(c) for c in codes(geospatial.InBox(117.1, 34.2, 117.2, 34.5))) == ["near", "north"]
    nearest = geospatial.Nearest(117.19, 34.26, 12_000)
    assert codes(nearest) == ["near", "far"]
    first = geospatial.find(PURPOSE, nearest, 1)
    assert first.next and first.items[0].distance and 900 < first.items[0].distance < 950
    with pytest.raises(shared.Invalid):
        codes(geospatial.Within("no JSON"))


def test_a_series_is_in_order_with_its_growth(city: TestCity) -> None:
    for division, period, value in [
        ("320302", "2024", 100.0),
        ("320302", "2025", 103.5),
        ("320303", "2025", 50.0),
        ("320300", "2025", 900.0),
        ("320302", "2025-Q1", 25.0),
    ]:
        number = f"gdp/{division}/{period}"
        body = {
            "observation": number, "indicator": "gdp", "division": division, "period": period, "value": value,
            "unit": "亿元",
        }  # fmt: skip
        city.put_record("economy.observation", number, None, body)
    series = economy.series(PURPOSE, "gdp", economy.Level("320300", "county"), "2020", "2025")
    assert [s.division for s in series] == ["320302", "320303"]
    assert [(p.period, p.value, p.growth) for p in series[0].points] == [("2024", 100.0, None), ("2025", 103.5, 3.5)]
    alone = economy.series(PURPOSE, "gdp", economy.Codes(["320300"]), "2025", "2025")
    assert alone[0].points[0].value == 900.0
    assert economy.indicators(PURPOSE)[0].code == "gdp"
    found = economy.get(PURPOSE, "gdp/320303/2025")
    assert found and found.unit == "亿元"
