"""``city:files/files``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from componentize_py_types import Err
from wit_world.imports import city_data_collections_1_1_0 as city_data
from wit_world.imports import city_files_files_1_0_0 as wit

from .. import _city
from .. import files as sdk
from ..files import File, NewTicket, Show, Ticket
from .. import data as _data  # noqa: F401 - its last line fills in the host's side, which must be whole below.
from . import collections


def _error(error: wit.Error) -> sdk.FileError:
    match error:
        case wit.Error_Undeclared():
            return sdk.Undeclared(error.value)
        case wit.Error_NotSignedIn():
            return sdk.NotSignedIn()
        case wit.Error_NotFound():
            return sdk.NotFound()
        case wit.Error_NotYours():
            return sdk.NotYours()
        case wit.Error_Attached():
            return sdk.Attached(error.value)
        case wit.Error_Invalid():
            return sdk.Invalid(error.value)
        case wit.Error_TooLarge():
            return sdk.TooLarge(error.value)
        case wit.Error_WrongType():
            return sdk.WrongType(error.value)
        case wit.Error_Closed():
            return sdk.Closed()
        case wit.Error_Unavailable():
            return sdk.Unavailable(error.value)
        case wit.Error_Other():
            return sdk.Other(error.value)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except Err as e:
        raise _error(e.value) from e


def _raw(tx: _city.Transaction) -> city_data.Transaction:
    return cast(collections.Transaction, tx).raw


def _file(f: wit.File) -> File:
    return File(
        f.id, f.area, f.name, f.media_type, f.size, f.sha256, f.created, f.uploader, f.attached_to, f.expires
    )  # fmt: skip


class Host:
    """Fills ``_city.files``."""

    def issue_ticket(self, wanted: NewTicket) -> Ticket:
        out = wit.NewTicket(wanted.area, wanted.max_bytes, wanted.accept, wanted.max_files, wanted.return_path)
        with _errors():
            t = wit.issue_ticket(out)
        return Ticket(t.action, t.uploads, t.accept, t.max_bytes, t.expires, wanted.max_files)

    def stat(self, id: str) -> File:
        with _errors():
            return _file(wit.stat(id))

    def attached(self, to: str) -> list[File]:
        with _errors():
            return [_file(f) for f in wit.attached(to)]

    def read(self, id: str, offset: int, length: int) -> bytes:
        with _errors():
            return wit.read(id, offset, length)

    def write(self, area: str, name: str, content: bytes) -> File:
        with _errors():
            return _file(wit.write(wit.NewFile(area, name, content)))

    def serve(self, id: str, how: Show) -> str:
        shown = wit.Disposition.INLINE if how is Show.INLINE else wit.Disposition.ATTACHMENT
        with _errors():
            return wit.serve(id, shown)

    def attach(self, tx: _city.Transaction, id: str, to: str) -> File:
        with _errors():
            return _file(wit.attach(_raw(tx), id, to))

    def delete(self, tx: _city.Transaction, id: str) -> None:
        with _errors():
            wit.remove(_raw(tx), id)
