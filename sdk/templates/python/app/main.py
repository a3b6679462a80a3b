"""The app: which path leads where."""

from http import HTTPStatus

from yunlong import App, Router, t

from . import api, pages

router = Router()
router.describe(t("报修", "Repairs"), "What residents report as broken in public space.")

router.get("/")(pages.home)
router.get("/new")(pages.new)
router.post("/new")(pages.submit)
router.get("/reports/{id}")(pages.detail)
router.post("/reports/{id}/close")(pages.close)
router.get("/help")(pages.help)

router.operation("GET", "/api/reports", "listReports", summary="Reports, newest first")(api.list_reports)
router.operation(
    "GET", "/api/reports/{id}", "getReport", summary="One report", problems={404: "There is no such report"}
)(api.get_report)
router.operation(
    "POST",
    "/api/reports",
    "fileReport",
    summary="Files a report",
    status=HTTPStatus.CREATED,
    location="/api/reports/{id}",
    signed_in=True,
    problems={422: "A field is refused; `errors` says why"},
)(api.file_report)

app = App(router)
