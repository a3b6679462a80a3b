"""Files in memory. What they are is said by the test that uploads them: the double recognizes nothing."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from .. import _city
from .. import files as sdk
from ..data import errors as data
from ..files import File, NewTicket, Show, Ticket
from ..identity import Kind

if TYPE_CHECKING:
    from .manifest import FileArea
    from .state import State
    from .transaction import Transaction

MAX_READ = 1 << 20
MAX_WRITTEN = 4 << 20
DAY = 24 * 3_600_000
WRITTEN = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "json": "application/json",
    "txt": "text/plain",
    "png": "image/png",
}
"""The types of what apps write, by the endings of names."""


@dataclass(frozen=True)
class Attach:
    """A file that a transaction binds to a document."""

    id: str
    to: str


@dataclass(frozen=True)
class Delete:
    """A file that a transaction deletes."""

    id: str


FileOp = Attach | Delete


class FilesOf:
    """Fills ``_city.files``."""

    def __init__(self, city: "State") -> None:
        self._city = city
        self._all: dict[str, tuple[File, bytes]] = {}

    def apply(self, op: FileOp) -> None:
        """What a commit brings."""
        match op:
            case Attach(id, to) if id in self._all:
                file, content = self._all[id]
                self._all[id] = (replace(file, attached_to=to, expires=None), content)
            case Delete(id):
                self._all.pop(id, None)

    def add(self, area: str, name: str, media_type: str, content: bytes, uploader: str | None) -> File:
        """A file as it is there once an upload is whole."""
        declared = self._area(area)
        if len(content) > declared.max_bytes:
            raise sdk.TooLarge(f"at most {declared.max_bytes} bytes")
        if not declared.takes(media_type):
            raise sdk.WrongType(f"the file is {media_type}, and {', '.join(declared.accept)} is wanted")
        id = f"{self._city.random(4).hex()}-0000-4000-8000-{len(self._all):012x}"
        digest = hashlib.sha256(content).hexdigest()
        now = self._city.time
        file = File(id, area, name, media_type, len(content), digest, now, uploader, None, now + DAY)
        self._all[id] = (file, content)
        return file

    def issue_ticket(self, wanted: NewTicket) -> Ticket:
        area = self._area(wanted.area)
        if self._city.person is None:
            raise sdk.NotSignedIn
        if not 1 <= wanted.max_files <= 20 or not wanted.return_path.startswith("/"):
            raise sdk.Invalid("1 to 20 files, and a path of the app")
        for other in wanted.accept:
            if other not in area.accept and not area.takes(other):
                raise sdk.Invalid(f"the area `{wanted.area}` does not take {other}")
        at = f"/_city/files/ticket-{wanted.area}"
        most = area.max_bytes if wanted.max_bytes is None else min(wanted.max_bytes, area.max_bytes)
        accept = ",".join(wanted.accept or area.accept)
        return Ticket(at, f"{at}/uploads", accept, most, self._city.time + DAY // 2, wanted.max_files)

    def stat(self, id: str) -> File:
        return self._found(id)[0]

    def attached(self, to: str) -> list[File]:
        return [f for f, _ in self._all.values() if f.attached_to == to][:100]

    def read(self, id: str, offset: int, length: int) -> bytes:
        if length > MAX_READ:
            raise sdk.Invalid(f"at most {MAX_READ} bytes at once")
        return self._found(id)[1][offset : offset + length]

    def write(self, area: str, name: str, content: bytes) -> File:
        if not name or "/" in name or "\\" in name:
            raise sdk.Invalid("the name of a file has no path")
        if len(content) > MAX_WRITTEN:
            raise sdk.TooLarge(f"at most {MAX_WRITTEN} bytes")
        media_type = WRITTEN.get(name.rpartition(".")[2], "application/octet-stream")
        return self.add(area, name, media_type, content, None)

    def serve(self, id: str, how: Show) -> str:
        return f"{self._found(id)[0].id}; {how}"

    def attach(self, tx: _city.Transaction, id: str, to: str) -> File:
        file = self._found(id)[0]
        if not 1 <= len(to.encode()) <= 256:
            raise sdk.Invalid("what a file is attached to has a name of 1 to 256 bytes")
        if file.attached_to not in (None, to):
            raise sdk.Attached(file.attached_to)
        own = self._city.principal.kind is Kind.SERVICE or file.uploader in (None, self._city.person)
        if file.attached_to is None and not own:
            raise sdk.NotYours
        self._stage(tx, Attach(id, to))
        return replace(file, attached_to=to, expires=None)

    def delete(self, tx: _city.Transaction, id: str) -> None:
        self._stage(tx, Delete(id))

    def _stage(self, tx: _city.Transaction, op: FileOp) -> None:
        try:
            cast("Transaction", tx).staged.files.append(op)
        except data.Closed as e:
            raise sdk.Closed from e

    def _area(self, name: str) -> "FileArea":
        found = self._city.manifest.file_area(name)
        if found is None:
            raise sdk.Undeclared(name)
        return found

    def _found(self, id: str) -> tuple[File, bytes]:
        found = self._all.get(id)
        if found is None or (found[0].expires is not None and found[0].expires <= self._city.time):
            raise sdk.NotFound
        return found
