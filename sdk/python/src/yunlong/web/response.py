"""A response."""

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Self

from .. import codec
from .urls import encode


@dataclass(frozen=True)
class Response:
    """A response: status, headers and a body held whole."""

    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case. The host passes on those of its list only."""
    body: bytes = b""

    @classmethod
    def of(cls, content_type: str, body: bytes, status: int = HTTPStatus.OK) -> Self:
        """A body of any media type."""
        return cls(status, {"content-type": content_type}, body)

    @classmethod
    def html(cls, markup: str, status: int = HTTPStatus.OK) -> Self:
        """A page. ``Layout.page`` makes whole ones."""
        return cls.of("text/html; charset=utf-8", markup.encode(), status)

    @classmethod
    def text(cls, text: str, status: int = HTTPStatus.OK) -> Self:
        """Plain text."""
        return cls.of("text/plain; charset=utf-8", text.encode(), status)

    @classmethod
    def json(cls, value: Any, status: int = HTTPStatus.OK) -> Self:
        """JSON: a dataclass, whose fields are all there (``None`` is ``null``), or any value of JSON. Raises
        ``ValueError`` for what has no JSON form."""
        return cls.of("application/json", codec.encode(value, nulls=True).encode(), status)

    @classmethod
    def download(cls, content_type: str, name: str, body: bytes) -> Self:
        """A file to save under ``name``."""
        # RFC 6266 with the encoding of RFC 8187, so that a Chinese name arrives as it is.
        disposition = f"attachment; filename*=UTF-8''{encode(name)}"
        return cls.of(content_type, body).header("content-disposition", disposition)

    @classmethod
    def see_other(cls, location: str) -> Self:
        """After a form was accepted: the browser goes to ``location`` with a ``GET`` (303)."""
        return cls(HTTPStatus.SEE_OTHER, {"location": location})

    def with_status(self, status: int) -> Self:
        """With another status."""
        return replace(self, status=status)

    def header(self, name: str, value: str) -> Self:
        """With a header; names are in lower case."""
        return replace(self, headers={**self.headers, name: value})

    def without_body(self) -> Self:
        """The answer to a ``HEAD``."""
        return replace(self, body=b"")

    @property
    def body_text(self) -> str:
        """The body as text, for tests; bytes that are not UTF-8 become U+FFFD."""
        return self.body.decode(errors="replace")

    @property
    def body_json(self) -> Any:
        """The body as JSON, for tests. Raises ``ValueError`` when it is not."""
        return codec.parse(self.body)
