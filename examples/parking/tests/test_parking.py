"""The whole app, against a city in memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parking.main import app
from parking.permits import PERMITS, YEAR, Permit, plate_of
from yunlong import data
from yunlong.testing import Deliveries, TestCity

MANIFEST = (Path(__file__).parent.parent / "app.toml").read_text(encoding="utf-8")
CAR = {"zone": "pengcheng", "plate": "苏c 12345"}


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, app) as city:
        city.sign_in("p-1")
        yield city


def applied(city: TestCity, **more: str) -> Permit:
    answer = city.post("/apply", CAR | more)
    assert answer.status == 303, answer.body_text
    return permit(answer.headers["location"].removeprefix("/permits/"))


def permit(number: str) -> Permit:
    found = PERMITS.get(number)
    assert found
    return found.value


def given(zone: str = "pengcheng") -> int:
    return data.counter("permits", zone)


def notes(city: TestCity) -> list[str]:
    return [note.title.en for note in city.inbox("p-1")]


def test_a_permit_is_valid_once_it_is_paid(city: TestCity) -> None:
    asked = applied(city)
    page = city.get(f"/permits/{asked.number}").body_text
    assert "待缴费" in page and "/cashier/" in page and "¥360.00" in page and "苏C12345" in page
    city.pay(asked.intent)
    assert city.deliver() == Deliveries(handled=1)
    assert permit(asked.number).status == "valid"
    assert notes(city) == ["Your permit is valid"]
    assert "/cashier/" not in city.get(f"/permits/{asked.number}").body_text


def test_a_place_that_nobody_pays_for_is_given_back(city: TestCity) -> None:
    asked = applied(city)
    assert given() == 1
    city.advance(15 * 60_000 - 1)
    assert city.deliver().handled == 0
    city.advance(1)
    assert city.deliver().handled == 2, "the hold's end, and the payment's cancellation"
    assert (permit(asked.number).status, given(), notes(city)) == ("ended", 0, ["Your permit has ended"])
    applied(city)


def test_money_that_comes_too_late_goes_back(city: TestCity) -> None:
    asked = applied(city)
    city.advance(15 * 60_000)
    city.deliver()
    city.pay(asked.intent)
    city.deliver()
    city.pay_refunds()
    assert city.deliver() == Deliveries(handled=1)
    assert notes(city) == ["Your permit has ended", "Your fee is returned"]
    assert given() == 0


def test_an_event_that_is_delivered_twice_has_its_effect_once(city: TestCity) -> None:
    asked = applied(city)
    city.pay(asked.intent)
    [paid] = [event for event in city.queued if event.topic == "city.payments"]
    for _ in range(2):
        city.deliver_event(paid)
    assert (permit(asked.number).status, notes(city)) == ("valid", ["Your permit is valid"])


def test_a_zone_gives_out_no_more_than_it_has(city: TestCity) -> None:
    city.configure("places", 1)
    applied(city)
    answer = city.post("/apply", CAR | {"plate": "苏C54321"})
    assert answer.status == 409 and "该片区的许可已发完" in answer.body_text
    applied(city, plate="苏C54321", zone="yunlong-lake")


def test_a_plate_has_one_permit(city: TestCity) -> None:
    applied(city)
    city.sign_in("p-2")
    answer = city.post("/apply", CAR | {"zone": "yunlong-lake"})
    assert answer.status == 409 and "该车牌已有许可" in answer.body_text
    assert given("yunlong-lake") == 0, "nothing of it was written"


def test_the_index_holds_no_plate(city: TestCity) -> None:
    asked = applied(city)
    assert asked.live_plate and "12345" not in asked.live_plate


def test_others_see_nothing_of_a_permit(city: TestCity) -> None:
    asked = applied(city)
    city.sign_in("p-2")
    assert city.get(f"/permits/{asked.number}").status == 404
    assert "您还没有停车许可。" in city.get("/").body_text
    city.sign_in("p-1")
    assert asked.number in city.get("/").body_text
    city.sign_out()
    assert city.get("/").status == 303


def test_a_wrong_form_says_why_and_keeps_what_was_typed(city: TestCity) -> None:
    answer = city.post("/apply", {"zone": "moon", "plate": "<1>"})
    assert answer.status == 422
    assert 'href="#field-zone"' in answer.body_text and 'value="&lt;1&gt;"' in answer.body_text
    assert city.published == []


@pytest.mark.parametrize(
    ("typed", "plate"),
    [("苏C12345", "苏C12345"), ("苏c·d1234 5", "苏CD12345"), ("C12345", None), ("苏C1234", None), ("苏C1234567", None)],
)
def test_plates_are_read_as_people_type_them(typed: str, plate: str | None) -> None:
    assert plate_of(typed) == plate


def test_a_warden_checks_a_plate(city: TestCity) -> None:
    asked = applied(city)
    assert city.get("/check").status == 403
    city.sign_in_official("o-1", "warden")
    assert "没有有效许可" in city.get("/check?plate=%E8%8B%8FC12345").body_text, "it is not paid yet"
    city.pay(asked.intent)
    city.deliver()
    assert "：有效" in city.get("/check?plate=%E8%8B%8FC12345").body_text
    assert 'href="#field-plate"' in city.get("/check?plate=x").body_text
    city.advance(YEAR)
    assert "没有有效许可" in city.get("/check?plate=%E8%8B%8FC12345").body_text


def test_the_job_ends_permits_whose_year_is_over(city: TestCity) -> None:
    asked = applied(city)
    city.pay(asked.intent)
    city.deliver()
    city.run_job("end-permits")
    assert permit(asked.number).status == "valid"
    city.advance(YEAR)
    city.conflict_next(1)
    city.run_job("end-permits")
    assert (permit(asked.number).status, given()) == ("ended", 0)
    assert notes(city)[-1:] == ["Your permit has ended"]
    city.run_job("end-permits")
    assert given() == 0


def test_a_permit_whose_plate_was_erased_is_still_read(city: TestCity) -> None:
    asked = applied(city)
    # As the platform clears the fields that app.toml names.
    cleared: dict[str, Any] = {"plate": None, "live_plate": None}
    PERMITS.put(replace(asked, **cleared))
    assert "已删除" in city.get(f"/permits/{asked.number}").body_text
