"""The same as JSON. `/openapi.json` is made of these types; what goes wrong is `application/problem+json`."""

from dataclasses import dataclass
from typing import Annotated

from yunlong import Form, Input, Problem, Request, t

from . import reports
from .reports import Report

Moment = Annotated[int, "Milliseconds since 1970-01-01T00:00:00Z."]


@dataclass(frozen=True)
class Item:
    """A report in a list."""

    id: str
    title: str
    place: str
    status: reports.Status
    time: Moment


@dataclass(frozen=True)
class Shown:
    """A report as everybody sees it; who reported it, and their number, stay with the app."""

    id: str
    title: str
    place: str
    details: str
    status: reports.Status
    time: Moment


@dataclass(frozen=True)
class Items:
    """A page of reports."""

    items: list[Item]
    next: Annotated[str | None, "Give this as `after` for the next page; null when there is no more."]


@dataclass(frozen=True)
class List:
    """Which page."""

    after: Annotated[str | None, "`next` of the page before."] = None
    limit: Annotated[int, "1 to 100."] = reports.PER_PAGE


@dataclass(frozen=True)
class ById:
    """Which report."""

    id: str


@dataclass(frozen=True)
class Create:
    """A report to file. What is absent is told with the rest that is wrong."""

    title: Annotated[str, "What is broken, 1 to 80 characters."] = ""
    place: Annotated[str, "Where, 1 to 120 characters."] = ""
    details: Annotated[str, "Anything more, at most 2000 characters."] = ""


def _shown(report: Report) -> Shown:
    return Shown(report.id, report.title, report.place, report.details, report.status, report.time)


def list_reports(_: Request, input: Input[None, List, None]) -> Items:
    """`GET /api/reports`"""
    if not 1 <= input.query.limit <= 100:
        raise Problem.invalid(t("条数无效", "Invalid limit")).field("limit", t("1 至 100", "1 to 100"))
    page = reports.newest(input.query.after, input.query.limit)
    return Items([Item(r.id, r.title, r.place, r.status, r.time) for r in page.values], page.next)


def get_report(_: Request, input: Input[ById, None, None]) -> Shown:
    """`GET /api/reports/{id}`"""
    return _shown(reports.get(input.path.id))


def file_report(req: Request, input: Input[None, None, Create]) -> Shown:
    """`POST /api/reports`"""
    # The checks of the page's form are those of the API.
    form = Form([("title", input.body.title), ("place", input.body.place), ("details", input.body.details)])
    checked = reports.checked(form)
    if checked is None:
        raise form.problem()
    return _shown(reports.file(req.subject(), checked, None))
