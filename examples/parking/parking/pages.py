"""The pages."""

from pathlib import Path

from markupsafe import Markup
from yunlong import Column, Form, Layout, NavItem, Request, Response, Templates, clock, page, t
from yunlong.payments import Status, intent

from . import permits
from .permits import ZONES, Permit, plate_of


def _nav(req: Request) -> list[NavItem]:
    items = [NavItem("/", t("我的许可", "My permits")), NavItem("/apply", t("申请", "Apply"))]
    return [*items, NavItem("/check", t("核对车牌", "Check a plate"))] if req.principal.has_role("warden") else items


LAYOUT = Layout(
    t("停车许可", "Parking permits"), Templates(Path(__file__).parent / "templates"), nav=_nav, help="/help"
)
# What is filled in is escaped.
LINK = Markup('<a href="/permits/{0}">{0}</a>')
STATES = {
    "waiting": ("warn", t("待缴费", "To be paid")),
    "valid": ("ok", t("有效", "Valid")),
    "ended": ("info", t("已结束", "Ended")),
}


# ANCHOR: home
def home(req: Request) -> Response:
    """What the visitor has."""
    after = req.query_value("after")
    found = permits.of(req.subject(), after)
    columns = [
        Column[Permit](req.t("编号", "Number"), lambda p: LINK.format(p.number)),
        Column[Permit](req.t("片区", "Zone"), lambda p: req.text(ZONES[p.zone])),
        Column[Permit](req.t("有效期至", "Until"), lambda p: clock.date_at(p.until)),
        Column[Permit](req.t("状态", "State"), lambda p: page.badge(STATES[p.status][0], req.text(STATES[p.status][1]))),
    ]
    table = page.table(req.t("我的许可", "My permits"), columns, found.values) if found.items else None
    return LAYOUT.page(req, t("我的许可", "My permits"), "home.html", table=table, after=after, next=found.next)
    # ANCHOR_END: home


def apply(req: Request) -> Response:
    """The form."""
    req.subject()
    return _form(req, Form())


def _form(req: Request, form: Form) -> Response:
    zones = [(zone, req.text(title)) for zone, title in ZONES.items()]
    return LAYOUT.page(req, t("申请停车许可", "Apply for a permit"), "apply.html", form=form, zones=zones)


# ANCHOR: submit
def submit(req: Request) -> Response:
    """Takes the form: back to it with the mistakes, or on to the permit."""
    owner = req.subject()
    form = req.form()
    zone = form.choice("zone", list(ZONES))
    plate = form.parse("plate", plate_of, t("请填写车牌号，例如 苏C12345", "Fill in a plate, such as 苏C12345"))
    if zone is None or plate is None:
        return _form(req, form).with_status(422)
    return Response.see_other(f"/permits/{permits.apply(owner, zone, plate).number}")
    # ANCHOR_END: submit


def detail(req: Request) -> Response:
    """One permit, and the way to the cashier while it is to be paid."""
    permit = permits.get(req.param("number"), req.subject())
    payment = intent(permit.intent) if permit.status == "waiting" else None
    open_ = payment if payment and payment.status in (Status.PENDING, Status.FAILED) else None
    zone, state = req.text(ZONES[permit.zone]), STATES[permit.status]
    title = t(f"停车许可 {permit.number}", f"Permit {permit.number}")
    return LAYOUT.page(req, title, "detail.html", permit=permit, payment=open_, zone=zone, state=state)


def check(req: Request) -> Response:
    """A warden looks a plate up."""
    req.require_role("warden")
    form = req.query_form()
    plate = None
    if form.checked("plate"):
        plate = form.parse("plate", plate_of, t("请填写车牌号，例如 苏C12345", "Fill in a plate, such as 苏C12345"))
    found = permits.find_live(plate) if plate else None
    zone = req.text(ZONES[found.zone]) if found else None
    return LAYOUT.page(req, t("核对车牌", "Check a plate"), "check.html", form=form, plate=plate, zone=zone)


def help(req: Request) -> Response:
    """Help."""
    return LAYOUT.page(req, t("帮助", "Help"), "help.html")
