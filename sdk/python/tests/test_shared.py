"""Shared data on the test double: what a grant, a role and a consent let through."""

from collections.abc import Iterator

import pytest

from yunlong import App, Request, Response, Router, shared
from yunlong.shared import Dataset, Released, index
from yunlong.testing import SharedRead, TestCity

from .conftest import MANIFEST

RESIDENTS = "population.person"
CHECK = "age-check"
LIST = "class-list"

router = Router()


@router.get("/age")
def age(req: Request) -> Response:
    me = Dataset.open(RESIDENTS, CHECK).me(["birth_date"])
    return Response.json({"known": me is not None})


@pytest.fixture
def city() -> Iterator[TestCity]:
    """A city that holds a record about each of two people, and one about a room."""
    with TestCity(MANIFEST, App(router)) as city:
        for key, person, birth in [("A", "p-1", "1960-02-03"), ("B", "p-2", "2019-05-06")]:
            city.put_record(RESIDENTS, key, person, {"name": person, "division": "320311", "birth_date": birth})
        city.put_record("school.room", "R-1", None, {"seats": 40})
        yield city


def me() -> str | None:
    record = Dataset.open(RESIDENTS, CHECK).me(["birth_date"])
    return record.text("birth_date") if record else None


def test_a_person_is_read_with_a_grant_and_their_consent_and_no_longer_than_both_stand(city: TestCity) -> None:
    city.sign_in("p-1")
    with pytest.raises(shared.NotGranted):
        me()
    city.grant(RESIDENTS, CHECK)
    with pytest.raises(shared.ConsentRequired):
        me()
    assert city.shared_reads == [], "what is denied is not read"
    city.consent("p-1", CHECK)
    assert me() == "1960-02-03"
    assert city.shared_reads == [SharedRead(RESIDENTS, CHECK, "A", ["birth_date"])]
    city.withdraw("p-1", CHECK)
    with pytest.raises(shared.ConsentRequired):
        me()
    city.consent("p-1", CHECK)
    city.expire(RESIDENTS, CHECK)
    with pytest.raises(shared.Expired):
        me()
    city.revoke(RESIDENTS, CHECK)
    with pytest.raises(shared.Revoked):
        me()


def test_a_field_that_is_not_granted_is_refused_by_name_and_absent_from_what_is_read_whole(city: TestCity) -> None:
    city.grant(RESIDENTS, CHECK, ["birth_date"])
    city.consent("p-1", CHECK)
    city.sign_in("p-1")
    residents = Dataset.open(RESIDENTS, CHECK)
    assert residents.fields() == ["birth_date"]
    with pytest.raises(shared.FieldsNotGranted) as refused:
        residents.me(["name"])
    assert refused.value.names == ["name"] and refused.value.is_about_the_grant
    whole = residents.me([])
    assert whole and whole.body == {"birth_date": "1960-02-03"}
    assert whole.reference != "A", "the key is a person's own"


def test_records_of_others_are_closed_to_citizens_and_open_to_whoever_holds_the_role(city: TestCity) -> None:
    city.grant(RESIDENTS, CHECK)
    city.grant(RESIDENTS, LIST)
    city.consent("p-1", CHECK)

    def get(purpose: str, key: str) -> Released | None:
        return Dataset.open(RESIDENTS, purpose).get(key, ["name"])

    for purpose in [CHECK, LIST]:
        with pytest.raises(shared.NotSignedIn):
            get(purpose, "A")
    city.sign_in("p-1")
    assert get(LIST, "A")
    with pytest.raises(shared.RowNotGranted):
        get(LIST, "B")
    city.sign_in_official("o-1")
    with pytest.raises(shared.RoleRequired, match="teacher"):
        get(LIST, "B")
    city.sign_in_official("o-1", "teacher")
    found = get(LIST, "B")
    assert found and found.text("name") == "p-2"
    assert get(LIST, "C") is None


def test_an_undeclared_use_is_unknown_and_a_grant_for_another_purpose_is_named(city: TestCity) -> None:
    city.sign_in("p-1")
    with pytest.raises(shared.UnknownDataset):
        Dataset.open(RESIDENTS, "marketing")
    city.grant(RESIDENTS, LIST)
    with pytest.raises(shared.OtherPurpose, match=LIST):
        me()


def test_records_are_found_page_by_page_and_in_jobs(city: TestCity) -> None:
    city.grant(RESIDENTS, LIST)
    city.sign_in_official("o-1", "teacher")
    list_ = Dataset.open(RESIDENTS, LIST)
    everybody = index("birth_date").limit(1)
    first = list_.query(everybody, ["name"])
    assert first.records[0].body == {"name": "p-1"}, "what is not asked for"
    city.grant(RESIDENTS, LIST, ["name"])
    with pytest.raises(shared.FieldsNotGranted, match="birth_date"):
        list_.query(everybody, [])
    city.grant(RESIDENTS, LIST)
    second = list_.query(everybody.after(first.next), [])
    assert (second.records[0].text("name"), second.next) == ("p-2", None)
    young = index("birth_date").at_least("2015-01-01").below("2020-01-01").only("division", "320311")
    assert len(list_.query(young, []).records) == 1
    with pytest.raises(shared.Invalid):
        list_.query(young.limit(501), [])
    job = list_.start_job(everybody, [])
    state = list_.job(job)
    assert (state.ready, state.records, state.pages) == (True, 2, 1)
    assert len(list_.job_page(job, 0)) == 2
    with pytest.raises(shared.NotFound):
        list_.job_page(job, 1)
    with pytest.raises(shared.NotFound):
        list_.job("job-9")


def test_a_write_is_based_on_the_version_that_was_read(city: TestCity) -> None:
    city.grant("school.room", "rooms")
    rooms = Dataset.open("school.room", "rooms")
    read = rooms.get("R-1", [])
    assert read and (read.integer("seats"), read.reference) == (40, "R-1")
    assert rooms.write("R-1", {"seats": 42}, read.version, "2026-05-01") == 2
    with pytest.raises(shared.Conflict):
        rooms.write("R-1", {"seats": 44}, read.version, "2026-05-01")
    assert rooms.write("R-2", {"seats": 10}, 0, "2026-05-01") == 1
    with pytest.raises(shared.AccessNotGranted):
        rooms.query(index("seats"), [])


def test_a_visitor_is_led_to_sign_in_then_to_consent_and_told_when_the_city_does_not_share(city: TestCity) -> None:
    city.grant(RESIDENTS, CHECK)
    assert "/sign-on?" in city.get("/age").headers["location"]
    city.sign_in("p-1")
    consent = city.get("/age").headers["location"]
    assert "/consent?installation=lesson&scope=age-check&return=%2Fage" in consent
    city.consent("p-1", CHECK)
    assert city.get("/age").body_json["known"] is True
    city.revoke(RESIDENTS, CHECK)
    refused = city.get("/age")
    assert refused.status == 403
    assert "授权已到期、已撤销" in refused.body_text
