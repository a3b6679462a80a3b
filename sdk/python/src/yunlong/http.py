"""Requests to hosts outside of the city's platform: those that ``app.toml`` lists under ``outbound``, and no others.

    answer = http.get("https://api.example.org/prices")
    prices = answer.json(Prices)
"""

from dataclasses import dataclass, field
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from . import _city, codec
from .errors import CityError, Failure, HandlerExit, Problem, Retry, log
from .text import t

T = TypeVar("T")

DEFAULT_TIMEOUT = 5_000
"""Milliseconds to wait for an answer to begin, and between its parts: the app's own time goes on meanwhile."""

DEFAULT_BYTES = 4 * 1024 * 1024
"""The longest answer that is read."""


Code = Literal["invalid", "refused", "late", "too-large", "unexpected"]
"""Why there is no answer: the address is none of HTTP; the platform or the network refused; it took too long; it is longer
than what is read; it is not what was expected."""


class HttpError(CityError):
    """Why an outgoing request had no answer. Of its address the host alone is named: the rest may carry secrets."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(why)
        self.code = code

    def answer(self) -> HandlerExit:
        log(str(self))
        title = t(
            "所需的外部服务没有答复，请稍后再试", "A service that this needs does not answer; please try again later"
        )
        return Problem(502, title, "upstream")

    def failure(self) -> Failure:
        return Retry(str(self))


@dataclass(frozen=True)
class OutboundRequest:
    """A request to another host."""

    method: str
    url: str
    """``https://…``, or ``http://…`` where the platform allows it."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: int = DEFAULT_TIMEOUT
    """Milliseconds."""
    most: int = DEFAULT_BYTES
    """A longer answer is an ``HttpError``."""

    def parts(self) -> tuple[str, str, str]:
        """Scheme, authority, and path with query.

        Raises ``HttpError`` when the URL is not one of HTTP.
        """
        try:
            split = urlsplit(self.url)
        except ValueError as e:
            raise HttpError("invalid", f"the address is none of HTTP: {e}") from e
        if split.scheme not in ("http", "https") or not split.hostname or "@" in split.netloc:
            raise HttpError("invalid", "the address is none of HTTP, or has a user name")
        return split.scheme, split.netloc, (split.path or "/") + (f"?{split.query}" if split.query else "")


@dataclass(frozen=True)
class OutboundResponse:
    """An answer. Any status is one: look at it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's first value; the name is compared without case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def text(self) -> str:
        """The body as UTF-8; other bytes become U+FFFD."""
        return self.body.decode(errors="replace")

    def json(self, type_: type[T]) -> T:
        """The JSON body as a dataclass. Raises ``HttpError`` when it is not one."""
        try:
            return codec.decode(type_, codec.parse(self.body))
        except ValueError as e:
            raise HttpError("unexpected", f"the answer is not what was expected: {e}") from e


def send(request: OutboundRequest) -> OutboundResponse:
    """Sends a request and reads its answer whole. Raises ``HttpError``."""
    request.parts()
    return _city.outbound.get().send(request)


def get(url: str, headers: dict[str, str] | None = None) -> OutboundResponse:
    """A ``GET``. Raises ``HttpError``."""
    return send(OutboundRequest("GET", url, headers or {}))


def post_json(url: str, value: object, headers: dict[str, str] | None = None) -> OutboundResponse:
    """A ``POST`` of JSON. Raises ``HttpError``."""
    body = codec.encode(value).encode()
    return send(OutboundRequest("POST", url, {"content-type": "application/json", **(headers or {})}, body))


_city.provide(_city.outbound, "outbound")
