"""Reports: what is stored, and what is done with it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from yunlong import Form, Problem, now, random
from yunlong.data import Collection, Page, Tx, transact
from yunlong.messaging import Outgoing

PER_PAGE = 20


class Status(StrEnum):
    """Whether there is still something to do."""

    OPEN = "open"
    """It waits for the department."""
    CLOSED = "closed"
    """The department has closed it."""


@dataclass(frozen=True)
class Report:
    """A report. `app.toml` declares its collection and its indexes."""

    id: str
    title: str
    place: str
    details: str
    reporter: str
    """The subject of whoever filed it."""
    time: int
    status: Status = Status.OPEN
    phone: str | None = None
    """Where to call back, if that was asked for."""


@dataclass(frozen=True)
class NewReport:
    """What is filed."""

    title: str
    place: str
    details: str


@dataclass(frozen=True)
class Filed:
    """The payload of the topic `report.filed`: nothing about a person."""

    id: str
    title: str
    place: str


REPORTS = Collection("reports", Report)


def newest(after: str | None, limit: int = PER_PAGE) -> Page[Report]:
    """A page of all reports, the newest first."""
    return REPORTS.find(REPORTS.index("by-time").descending().limit(limit).after(after))


def get(id: str) -> Report:
    """A report. Raises a 404."""
    found = REPORTS.get(id)
    if found is None:
        raise Problem.not_found()
    return found.value


def checked(form: Form) -> NewReport | None:
    """What a form or the API files, or `None` with the reasons noted in the form."""
    title = form.text("title", 1, 80)
    place = form.text("place", 1, 120)
    details = form.text("details", 0, 2000)
    if title is None or place is None or details is None:
        return None
    return NewReport(title, place, details)


def file(reporter: str, new: NewReport, phone: str | None) -> Report:
    """Files a report, and tells of it in the same transaction: the one is never without the other."""
    report = Report(random.code(16), new.title, new.place, new.details, reporter, now(), phone=phone)

    def run(tx: Tx) -> None:
        tx.insert(REPORTS, report)
        filed = Filed(report.id, report.title, report.place)
        tx.publish(Outgoing("report.filed", filed, key=report.id))

    transact(run)
    return report


def close(id: str) -> None:
    """Closes a report; closing it again changes nothing. Raises a 404."""

    def run(tx: Tx) -> None:
        found = tx.get(REPORTS, id)
        if found is None:
            raise Problem.not_found()
        if found.value.status is Status.OPEN:
            tx.put(REPORTS, replace(found.value, status=Status.CLOSED))
            tx.audit("report.close", id, {})

    transact(run)
