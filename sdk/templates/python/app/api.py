"""The same as JSON. What goes wrong is `application/problem+json`."""

from dataclasses import dataclass
from http import HTTPStatus

from yunlong import Form, Request, Response

from . import reports
from .reports import Report


@dataclass(frozen=True)
class Item:
    """A report as everybody may see it."""

    id: str
    title: str
    place: str
    status: str
    time: int


@dataclass(frozen=True)
class Page:
    """A page of reports; `next` is the value of `after` for the one that follows."""

    items: list[Item]
    next: str | None


@dataclass(frozen=True)
class NewReport:
    """The body of `POST /api/reports`. What is absent is told with the rest that is wrong."""

    title: str = ""
    place: str = ""
    details: str = ""


def _item(report: Report) -> Item:
    return Item(report.id, report.title, report.place, report.status, report.time)


def list_reports(req: Request) -> Response:
    """`GET /api/reports?after=&limit=`"""
    limit = req.query_number("limit", reports.PER_PAGE, 1, 100)
    page = reports.newest(req.query_value("after"), limit)
    return Response.json(Page([_item(r) for r in page.values], page.next))


def get_report(req: Request) -> Response:
    """`GET /api/reports/{id}`"""
    return Response.json(_item(reports.get(req.param("id"))))


def create_report(req: Request) -> Response:
    """`POST /api/reports`"""
    reporter = req.subject()
    body = req.json(NewReport)
    form = Form([("title", body.title), ("place", body.place), ("details", body.details)])
    checked = reports.checked(form)
    if checked is None:
        raise form.problem()
    report = reports.file(reporter, checked, None)
    return Response.json(_item(report), HTTPStatus.CREATED).header("location", f"/api/reports/{report.id}")
