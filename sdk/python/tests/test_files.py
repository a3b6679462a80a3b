"""Files on the test double."""

from collections.abc import Iterator

import pytest

from yunlong import files, page
from yunlong.data import transact
from yunlong.errors import SignIn
from yunlong.files import NewTicket, Show
from yunlong.testing import TestCity
from yunlong.text import Lang, t
from yunlong.web import Form

APP = """
name = "potholes"
version = "1.0.0"
[[files]]
name = "photos"
title = { zh = "照片", en = "Photographs" }
accept = ["image/*"]
max_mib = 1
"""


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(APP) as city:
        yield city


def test_a_ticket_is_for_a_person_and_stands_in_the_form(city: TestCity) -> None:
    with pytest.raises(files.NotSignedIn) as refused:
        files.ticket(NewTicket("photos", "/reports"))
    assert isinstance(refused.value.answer(), SignIn)
    city.sign_in("p-1")
    ticket = files.ticket(NewTicket("photos", "/reports", max_files=3))
    assert ticket.action.startswith("/_city/files/")
    field = str(page.file_field(Lang.ZH, Form(), "photo", t("照片", "Photographs"), ticket))
    assert 'type="file" accept="image/*" multiple' in field
    assert "最多 3 个，每个最大 1 MiB。" in field
    with pytest.raises(files.Undeclared):
        files.ticket(NewTicket("videos", "/reports"))
    with pytest.raises(files.Invalid):
        files.ticket(NewTicket("photos", "/reports", accept=["text/html"]))


def test_a_file_stays_once_it_is_attached_and_goes_without(city: TestCity) -> None:
    city.sign_in("p-1")
    kept = city.upload("photos", "坑洼.jpg", "image/jpeg", b"...")
    loose = city.upload("photos", "b.jpg", "image/jpeg", b"....")
    transact(lambda tx: tx.attach(kept, "reports/1"))
    with pytest.raises(files.Attached):
        transact(lambda tx: tx.attach(kept, "reports/2"))
    city.advance(24 * 3_600_000)
    with pytest.raises(files.NotFound):
        files.stat(loose)
    [file] = files.attached("reports/1")
    assert (file.name, file.size, file.expires) == ("坑洼.jpg", 3, None)
    assert files.read(kept, 1, 10) == b".."
    assert files.serve(kept, Show.INLINE).headers["city-file"] == f"{kept}; inline"
    transact(lambda tx: tx.delete_file(kept))
    assert files.attached("reports/1") == []


def test_nobody_attaches_what_another_person_uploaded(city: TestCity) -> None:
    city.sign_in("p-1")
    theirs = city.upload("photos", "a.jpg", "image/jpeg", b"...")
    city.sign_in("p-2")
    with pytest.raises(files.NotYours):
        transact(lambda tx: tx.attach(theirs, "reports/1"))
    assert files.attached("reports/1") == []


def test_an_area_takes_its_types_and_sizes(city: TestCity) -> None:
    with pytest.raises(files.WrongType):
        city.upload("photos", "a.svg", "image/svg+xml", b"<svg/>")
    with pytest.raises(files.TooLarge):
        city.upload("photos", "a.png", "image/png", bytes((1 << 20) + 1))
    with pytest.raises(files.WrongType):
        files.write("photos", "list.csv", b"a,b")
    assert files.write("photos", "map.png", b"...").uploader is None
