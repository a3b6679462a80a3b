"""The app: which path leads where, and what else the platform calls."""

from yunlong import App, Router

from . import background, pages

# ANCHOR: app
router = Router()
router.get("/")(pages.home)
router.get("/apply")(pages.apply)
router.post("/apply")(pages.submit)
router.get("/permits/{number}")(pages.detail)
router.get("/check")(pages.check)
router.get("/help")(pages.help)

app = App(router, consumer=background.consume, jobs=background.run_job)
# ANCHOR_END: app
