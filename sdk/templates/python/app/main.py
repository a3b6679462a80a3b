"""The app: which path leads where."""

from yunlong import App, Router

from . import api, pages

router = Router()
router.get("/")(pages.home)
router.get("/new")(pages.new)
router.post("/new")(pages.submit)
router.get("/reports/{id}")(pages.detail)
router.post("/reports/{id}/close")(pages.close)
router.get("/help")(pages.help)
router.get("/api/reports")(api.list_reports)
router.post("/api/reports")(api.create_report)
router.get("/api/reports/{id}")(api.get_report)

app = App(router)
