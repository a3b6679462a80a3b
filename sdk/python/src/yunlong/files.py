"""Files: what people attach to a form, what the app makes, and how both are served. The bytes of an upload never pass
through the app.

The page asks for a ticket and writes ``ticket.action`` into its form (``enctype="multipart/form-data"``); the form
arrives as any other, and under the name of a file field stands the id of each file. ``Tx.attach`` binds a file to a
document in the transaction that writes it. ``serve`` answers a request with a file: who may have it is the app's to
decide, at every request.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from . import _city
from .errors import CityError, Failure, HandlerExit, Problem, Retry, SignIn
from .text import Text, t
from .web.response import Response


@dataclass(frozen=True)
class NewTicket:
    """What a page lets this request's person upload."""

    area: str
    """The area, as ``app.toml`` names it."""
    return_path: str
    """The path of this app that the form leads to."""
    max_files: int = 1
    """At most so many files of one form: 1 to 20."""
    max_bytes: int | None = None
    """At most so many bytes for each file; the area's own limit when absent."""
    accept: list[str] = field(default_factory=list)
    """Only these of the area's types; all of them when empty."""


@dataclass(frozen=True)
class Ticket:
    """Leave to upload, for this person."""

    action: str
    """The address for the ``action`` of a form with ``enctype="multipart/form-data"``."""
    uploads: str
    """The address for a script that speaks tus 1.0.0."""
    accept: str
    """For the ``accept`` attribute of the input."""
    max_bytes: int
    """The largest file in bytes."""
    expires: int
    """Until when it is valid: milliseconds since 1970."""
    max_files: int
    """How many files one form may have."""


@dataclass(frozen=True)
class File:
    """A file that is there whole."""

    id: str
    area: str
    name: str
    """The name that the person's computer gave it: show it, and decide nothing by it."""
    media_type: str
    """As recognized by its bytes."""
    size: int
    """Bytes."""
    sha256: str
    """Lower-case hexadecimal digits."""
    created: int
    """When it was complete: milliseconds since 1970."""
    uploader: str | None = None
    """The subject of the person who uploaded it; ``None`` for what the app wrote itself."""
    attached_to: str | None = None
    """What it is attached to, in the app's own words."""
    expires: int | None = None
    """Until when it stays if it is not attached."""


class Show(StrEnum):
    """What a browser is to do with a file."""

    ATTACHMENT = "attachment"
    """Save it under its name."""
    INLINE = "inline"
    """Show it, if it is a picture (not SVG), PDF, sound, film or plain text; save it otherwise."""


class FileError(CityError):
    """Why a call failed."""


class Undeclared(FileError):
    """``app.toml`` declares no such area, or it was not approved."""

    def __init__(self, area: str) -> None:
        super().__init__(f"app.toml declares no area of files `{area}`, or it was not approved")


class NotSignedIn(FileError):
    """Nobody is signed in."""

    def __init__(self) -> None:
        super().__init__("nobody is signed in")

    def answer(self) -> HandlerExit:
        return SignIn()


class NotFound(FileError):
    """There is no such file, it has expired, or its upload is not finished."""

    def __init__(self) -> None:
        super().__init__("there is no such file")

    def answer(self) -> HandlerExit:
        return Problem.not_found()


class _NotAttachable(FileError):
    def answer(self) -> HandlerExit:
        detail = t("请重新选择文件并提交。", "Choose the file again and send the form.")
        return Problem(409, t("这个文件不能附在这里", "The file cannot be attached here"), "file-not-attachable", detail)


class NotYours(_NotAttachable):
    """An upload of another person that is not attached yet."""

    def __init__(self) -> None:
        super().__init__("the file was uploaded by another person")


class Attached(_NotAttachable):
    """It is attached to another document already: ``to``."""

    def __init__(self, to: str) -> None:
        super().__init__(f"the file is attached to `{to}` already")
        self.to = to


class Invalid(FileError):
    """A name, a path, a number or a range that cannot be."""


class _Refused(FileError):
    def answer(self) -> HandlerExit:
        return Problem(422, t("文件不被接受", "The file is not accepted"), "file-refused", Text.same(str(self)))


class TooLarge(_Refused):
    """Over a limit."""


class WrongType(_Refused):
    """A type that the area does not take."""


class Closed(FileError):
    """The transaction is closed."""

    def __init__(self) -> None:
        super().__init__("the transaction is closed")


class Unavailable(FileError):
    """The store cannot be reached."""

    def failure(self) -> Failure:
        return Retry(str(self))


class Other(FileError):
    """Anything else, in words."""

    def failure(self) -> Failure:
        return Retry(str(self))


def ticket(wanted: NewTicket) -> Ticket:
    """Issues a ticket for the person who makes this request. Raises ``NotSignedIn``, which leads a visitor to sign in
    and back; ``Undeclared``, ``Invalid``."""
    return _city.files.get().issue_ticket(wanted)


def stat(id: str) -> File:
    """Looks at a file. Raises ``NotFound``."""
    return _city.files.get().stat(id)


def attached(to: str) -> list[File]:
    """The files that are attached to a document; at most 100. Raises ``FileError``."""
    return _city.files.get().attached(to)


def read(id: str, offset: int, length: int) -> bytes:
    """Reads at most ``length`` bytes from ``offset`` on, at most 1 MiB at once; behind the end it is empty. Raises
    ``NotFound``, ``Invalid``."""
    return _city.files.get().read(id, offset, length)


def write(area: str, name: str, content: bytes) -> File:
    """Writes a file of the app's own, of at most 4 MiB: a PDF, a table. It is not attached yet, and expires like an
    upload: ``Tx.attach`` keeps it. Raises ``WrongType``, ``TooLarge``, ``Invalid``."""
    return _city.files.get().write(area, name, content)


def serve(id: str, how: Show = Show.ATTACHMENT) -> Response:
    """A response that is a file: the gateway streams it, with ranges and conditions. Raises ``NotFound``."""
    return Response().header("city-file", _city.files.get().serve(id, how))


_city.provide(_city.files, "files")
