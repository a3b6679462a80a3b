"""The frame of every page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from .. import context, identity
from ..text import Text
from . import city
from .templates import Templates

if TYPE_CHECKING:
    from ..web.request import Request
    from ..web.response import Response


@dataclass(frozen=True)
class NavItem:
    """A link in the navigation."""

    path: str
    title: Text
    """What the link says."""


class Layout:
    """What the pages of an app have in common.

    ``LAYOUT = Layout(t("留言簿", "Guestbook"), templates, nav=lambda req: [NavItem("/", t("留言", "Entries"))])``
    """

    def __init__(
        self,
        title: Text,
        templates: Templates,
        nav: "Callable[[Request], Sequence[NavItem]]" = lambda _: (),
        help: str | None = None,
    ) -> None:
        """``title`` is the app's; ``nav`` may depend on who asks; ``help`` is the path of the app's help page, linked at
        the same place of every page."""
        self._title = title
        self._templates = templates
        self._nav = nav
        self._help = help

    def page(self, request: "Request", title: Text, template: str, /, **values: Any) -> "Response":
        """A whole page around a template. ``title`` becomes the heading (``h1``) and, with the app's title, that of the
        window. The template gets ``req`` and ``lang``, too."""
        lang = request.lang
        body = self._templates.render(template, req=request, lang=lang, **values)
        app = self._title.get(lang)
        heading = title.get(lang)
        return _document(
            request,
            title=f"{heading} · {app}",
            heading=heading,
            body=Markup(body),
            app=app,
            nav=[(item.path, item.title.get(lang)) for item in self._nav(request)],
            help=self._help,
        )


def problem(request: "Request", title: str, detail: str | None, more: Sequence[str]) -> "Response":
    """The page of a problem, with the request's id."""
    parts = city.part("problem", request.lang, detail, more, context.request_id())
    return _document(request, title=title, heading=title, body=parts, app=None, nav=[], help=None)


def _document(request: "Request", **values: Any) -> "Response":
    from ..web.response import Response

    presentation = request.presentation
    signed_in = not request.principal.is_anonymous
    markup = city.frame(
        lang=presentation.lang,
        elder=presentation.elder,
        installation=context.installation(),
        path=request.path,
        back=request.back,
        acting=identity.acting_for(),
        sign_in=None if signed_in else identity.sign_in_url(request.back),
        **values,
    )
    return Response.html(markup).header("content-language", presentation.lang.tag)
