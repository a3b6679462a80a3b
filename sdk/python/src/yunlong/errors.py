"""What goes wrong, and how it is told: to people and programs that asked, and to the host that delivered.

``Problem``, ``SignIn``, ``MissingConsent`` and ``Respond`` end a handler; ``Retry`` and ``Reject`` end a consumer or a
job. ``CityError`` is what the city's services raise: it needs no catching, since it knows how it is told in both.
"""

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .text import Lang, Text, t

if TYPE_CHECKING:
    from .web.response import Response


def log(why: str) -> None:
    """A line in the installation's log."""
    print(f"error: {why}", file=sys.stderr)


class HandlerExit(Exception):
    """Why a handler has no answer of its own; the router makes one of it."""


class SignIn(HandlerExit):
    """Nobody is signed in: a page leads to the sign-in page and back, the API answers 401."""


class MissingConsent(HandlerExit):
    """The person has not consented to a scope: a page leads to the consent page and back, the API answers 403 with that
    page's address, whose parameter ``return`` (here ``/``) a program sets to its own path.

    ``consent_url`` is handed in by whoever asks for the consent: only an app that does imports that interface.
    """

    def __init__(self, scope: str, consent_url: Callable[[list[str], str], str]) -> None:
        super().__init__(f"consent to `{scope}` is missing")
        self.scope = scope
        self._consent_url = consent_url

    def url(self, return_path: str) -> str:
        """The consent page's address."""
        return self._consent_url([self.scope], return_path)


class Respond(HandlerExit):
    """This response, as it is: the way out of nested code."""

    def __init__(self, response: "Response") -> None:
        super().__init__("an early response")
        self.response = response


class Problem(HandlerExit):
    """A problem (RFC 9457): a status, a title and what to do about it, in both languages. Raise it.

    ``kind`` is a stable word for programs, such as ``sold-out``: the document's ``type`` becomes
    ``urn:yunlong:problem:sold-out``.
    """

    def __init__(self, status: int, title: Text, kind: str | None = None, detail: Text | None = None) -> None:
        super().__init__(f"{int(status)} {title.en}" + (f": {detail.en}" if detail else ""))
        self.status = int(status)
        self.title = title
        self.kind = kind
        self.detail = detail
        self.extra: dict[str, Any] = {}
        self.fields: list[tuple[str, Text]] = []

    @classmethod
    def not_found(cls) -> "Problem":
        """404."""
        return cls(HTTPStatus.NOT_FOUND, t("没有找到", "Not found"), "not-found")

    @classmethod
    def conflict(cls, title: Text, kind: str | None = None) -> "Problem":
        """409, such as a slot that is sold out."""
        return cls(HTTPStatus.CONFLICT, title, kind)

    @classmethod
    def forbidden(cls, title: Text, kind: str | None = None) -> "Problem":
        """403."""
        return cls(HTTPStatus.FORBIDDEN, title, kind)

    @classmethod
    def invalid(cls, title: Text, kind: str | None = None) -> "Problem":
        """422: understood, and refused."""
        return cls(HTTPStatus.UNPROCESSABLE_ENTITY, title, kind)

    @classmethod
    def malformed(cls, kind: str, why: str) -> "Problem":
        """400, with the reason."""
        return cls(HTTPStatus.BAD_REQUEST, t("请求无效", "Bad request"), kind, Text.same(why))

    @classmethod
    def busy(cls) -> "Problem":
        """503, to be tried again in a moment."""
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, t("人太多，请稍后再试", "Very busy, please try again"), "busy")

    @classmethod
    def internal(cls, why: str) -> "Problem":
        """500. ``why`` goes to the installation's log, not to the person."""
        log(why)
        return cls(HTTPStatus.INTERNAL_SERVER_ERROR, t("出了点问题", "Something went wrong"), "internal")

    def with_(self, name: str, value: Any) -> "Problem":
        """A member of the document beyond those of the standard; never in place of one that the problem has itself,
        such as ``status``."""
        self.extra[name] = value
        return self

    def field(self, at: str, reason: Text) -> "Problem":
        """A field that was refused, with its reason: a member of ``errors``. ``at`` is a JSON Pointer (RFC 6901) into
        the body; the bare name of a field is written as the pointer ``/name``. May be called again."""
        pointer = at if at == "" or at.startswith("/") else "/" + at.replace("~", "~0").replace("/", "~1")
        self.fields.append((pointer, reason))
        return self

    def document(self, lang: Lang, request_id: str) -> dict[str, Any]:
        """The document, ``application/problem+json``."""
        out: dict[str, Any] = {}
        if self.kind:
            out["type"] = f"urn:yunlong:problem:{self.kind}"
        out["title"] = self.title.get(lang)
        out["status"] = self.status
        if self.detail:
            out["detail"] = self.detail.get(lang)
        if self.fields:
            out["errors"] = [{"pointer": at, "detail": why.get(lang)} for at, why in self.fields]
        return self.extra | out | {"request_id": request_id}


class Failure(Exception):
    """Why a message or a job failed. Nothing is written then."""


class Retry(Failure):
    """Try again later; after the last attempt it becomes a dead letter."""


class Reject(Failure):
    """It will never succeed: a dead letter at once."""


class CityError(Exception):
    """A service of the city refused or failed."""

    def answer(self) -> HandlerExit:
        """How a handler tells of it that did not catch it."""
        return Problem.internal(str(self))

    def failure(self) -> Failure:
        """How a consumer or a job tells of it that did not catch it."""
        return Reject(str(self))
