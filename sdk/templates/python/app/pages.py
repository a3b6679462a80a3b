"""The pages."""

from pathlib import Path

from markupsafe import Markup

from yunlong import Form, Layout, NavItem, Request, Response, Templates, clock, page, t
from yunlong.attributes import Absent, Attribute, ConsentRequired, NotGranted, attribute, consent_url
from yunlong.web.urls import path_with

from . import reports
from .reports import Report

LAYOUT = Layout(
    t("报修", "Repairs"),
    Templates(Path(__file__).parent / "templates"),
    nav=lambda _: [NavItem("/", t("全部报修", "All reports")), NavItem("/new", t("我要报修", "Report something"))],
    help="/help",
)


LONGEST_QUERY = 4096
"""The longest query in bytes that a form travels in: proxies on the way refuse addresses of 8 KiB."""


def home(req: Request) -> Response:
    """All reports, the newest first."""
    after = req.query_value("after")
    found = reports.newest(after)
    columns = [
        page.Column[Report](
            req.t("问题", "What is broken"), lambda r: Markup('<a href="/reports/{}">{}</a>').format(r.id, r.title)
        ),
        page.Column[Report](req.t("地点", "Place"), lambda r: r.place),
        page.Column[Report](req.t("报修时间", "Reported at"), _moment),
        page.Column[Report](req.t("状态", "Status"), lambda r: _status(req, r)),
    ]
    return LAYOUT.page(
        req,
        t("全部报修", "All reports"),
        "list.html",
        columns=columns,
        reports=found.values,
        after=after,
        next=found.next,
    )


def _moment(report: Report) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(clock.rfc3339(report.time), clock.minute(report.time))


def _status(req: Request, report: Report) -> Markup:
    if report.status is reports.Status.OPEN:
        return page.badge("warn", req.t("待办理", "Open"))
    return page.badge("ok", req.t("已办结", "Closed"))


def detail(req: Request) -> Response:
    """One report. Where to call back is shown to a clerk alone."""
    report = reports.get(req.param("id"))
    clerk = req.principal.has_role("clerk")
    return LAYOUT.page(
        req,
        t(report.title, report.title),
        "detail.html",
        report=report,
        status=_status(req, report),
        clerk=clerk,
    )


def new(req: Request) -> Response:
    """The form, for those who signed in. What stands in the query is filled in."""
    req.subject()
    return _form(req, req.query_form())


def _form(req: Request, form: Form) -> Response:
    return LAYOUT.page(req, t("我要报修", "Report something"), "new.html", form=form)


def submit(req: Request) -> Response:
    """Takes the form: back to it with the mistakes and with what was typed, or on to the report."""
    reporter = req.subject()
    form = req.form()
    checked = reports.checked(form)
    if checked is None:
        return _form(req, form).with_status(422)
    try:
        phone = _phone() if form.checked("call_back") else None
    except ConsentRequired as e:
        return Response.see_other(consent_url([e.scope], _address(form)))
    report = reports.file(reporter, checked, phone)
    return Response.see_other(f"/reports/{report.id}")


def _phone() -> str | None:
    """Where to call back. Where there is no number, or the department gave this app none, the report is filed without."""
    try:
        return attribute(Attribute.MOBILE)
    except (Absent, NotGranted):
        return None


def _address(form: Form) -> str:
    """The form with what was typed, to come back to after the consent. All of it becomes public with the report, so that
    it may stand in an address; what is too long for one has to be typed again."""
    whole = path_with("/new", form.pairs)
    return whole if len(whole) <= LONGEST_QUERY else path_with("/new", [p for p in form.pairs if p[0] != "details"])


def close(req: Request) -> Response:
    """A clerk closes a report."""
    req.require_role("clerk")
    reports.close(req.param("id"))
    return Response.see_other(f"/reports/{req.param('id')}")


def help(req: Request) -> Response:
    """Help."""
    return LAYOUT.page(req, t("帮助", "Help"), "help.html")
