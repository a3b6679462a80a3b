"""A request as a handler sees it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeVar

from .. import codec, identity
from ..errors import Problem, SignIn
from ..identity import Presentation, Principal
from ..text import Lang, Text, t
from . import texts, urls
from .accept import prefers_json
from .form import Form

T = TypeVar("T")


class Request:
    """A request. The host has checked its origin, size and session; who asks is in ``principal``, never in a header."""

    def __init__(
        self, method: str, target: str, headers: Sequence[tuple[str, bytes]] = (), body: bytes = b""
    ) -> None:
        path, _, query = target.partition("?")
        self.method = method
        self.path = path or "/"
        """Still percent-encoded."""
        self.body = body
        self.params: dict[str, str] = {}
        """The parameters of the route (``/orders/{number}``), percent-decoded."""
        self._query = query
        self._headers = list(headers)

    @property
    def target(self) -> str:
        """The path and the query: what to come back to."""
        return f"{self.path}?{self._query}" if self._query else self.path

    @property
    def back(self) -> str:
        """The page to come back to: this one, or after a form was posted, the page at its path."""
        return self.target if self.method in ("GET", "HEAD") else self.path

    def header(self, name: str) -> str | None:
        """A header's first value, when it is text. ``name`` is compared without case."""
        found = next((v for n, v in self._headers if n.lower() == name.lower()), None)
        try:
            return None if found is None else found.decode()
        except UnicodeDecodeError:
            return None

    @cached_property
    def principal(self) -> Principal:
        """Who asks."""
        return identity.current()

    @cached_property
    def presentation(self) -> Presentation:
        """How the person wants pages to be."""
        return identity.presentation()

    @property
    def lang(self) -> Lang:
        """The person's language."""
        return self.presentation.lang

    def t(self, zh: str, en: str) -> str:
        """One of two texts, in the person's language."""
        return self.lang.pick(zh, en)

    def text(self, text: Text) -> str:
        """A text in the person's language."""
        return text.get(self.lang)

    def subject(self) -> str:
        """The subject of the person who asks.

        Raises ``SignIn`` for an anonymous visitor: pages lead to the sign-in page and back, the API answers 401.
        """
        if self.principal.subject is None:
            raise SignIn
        return self.principal.subject

    def require_role(self, *any_of: str) -> Principal:
        """The principal, who must have one of these roles.

        Raises ``SignIn`` for an anonymous visitor, otherwise a 403 that names the roles.
        """
        if self.principal.is_anonymous:
            raise SignIn
        if any(self.principal.has_role(role) for role in any_of):
            return self.principal
        roles = ", ".join(any_of)
        detail = t(f"需要角色：{roles}。", f"This needs one of the roles: {roles}.")
        raise Problem(HTTPStatus.FORBIDDEN, t("没有权限", "Not permitted"), "role-required", detail)

    @property
    def wants_json(self) -> bool:
        """Whether the answer should be JSON rather than a page, from the path and ``Accept``."""
        return prefers_json(self.path, self.header("accept"))

    def param(self, name: str) -> str:
        """A parameter of the route; empty when the route has none of this name."""
        return self.params.get(name, "")

    def param_as(self, name: str, parse: Callable[[str], T]) -> T:
        """A parameter of the route, parsed, such as by ``int``.

        Raises a 404: a path with, say, letters for a number leads to nothing.
        """
        try:
            return parse(self.param(name))
        except ValueError as e:
            raise Problem.not_found() from e

    def query_value(self, name: str) -> str | None:
        """The first value of a name in the query."""
        return next((v for n, v in urls.pairs(self._query) if n == name), None)

    def query(self, type_: type[T]) -> T:
        """The query as a dataclass, with defaults for what may be absent.

        Raises a 400 with the reason.
        """
        try:
            return texts.decode(type_, urls.pairs(self._query))
        except ValueError as e:
            raise Problem.malformed("invalid-query", str(e)) from e

    def query_number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query in a range, ``default`` where it is absent.

        Raises a 400 that names it.
        """
        form = self.query_form()
        if not form.checked(name):
            return default
        number = form.number(name, least, most)
        if number is None:
            why = form.error(name) or t("请求无效", "Bad request")
            raise Problem(HTTPStatus.BAD_REQUEST, t("请求无效", "Bad request"), "invalid-query").field(name, why)
        return number

    def query_form(self) -> Form:
        """The query as a form, for search forms that keep what was typed."""
        return Form(urls.pairs(self._query))

    def form(self) -> Form:
        """The body of a form, to check field by field.

        Raises a 415 when it is not ``application/x-www-form-urlencoded``, a 400 when it is not UTF-8.
        """
        self._expect_media("application/x-www-form-urlencoded")
        try:
            return Form(urls.pairs(self.body.decode()))
        except UnicodeDecodeError as e:
            raise Problem.malformed("invalid-form", str(e)) from e

    def json(self, type_: type[T]) -> T:
        """The JSON body as a dataclass.

        Raises a 415 when it is not JSON, a 400 with the reason when it is not a ``type_``.
        """
        try:
            return codec.decode(type_, self.json_value())
        except ValueError as e:
            raise Problem.malformed("invalid-json", str(e)) from e

    def json_value(self) -> Any:
        """The JSON body as it is. Raises as ``json`` does."""
        self._expect_media("application/json")
        try:
            return codec.parse(self.body)
        except ValueError as e:
            raise Problem.malformed("invalid-json", str(e)) from e

    def _expect_media(self, media: str) -> None:
        given = (self.header("content-type") or "").split(";")[0].strip()
        if given.lower() != media:
            detail = t(f"请求体应为 {media}。", f"The body must be {media}.")
            title = t("不支持的内容类型", "Unsupported media type")
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, title, "media-type", detail)
