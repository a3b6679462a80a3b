"""The parts of pages. Each that speaks takes the language, and gives markup with the classes of the theme. Text is
escaped; ``Markup`` is not. In a template a part with content may also be called around it: ``{% call page.empty() %}``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from markupsafe import Markup, escape

from ..text import Lang, Text
from ..web.urls import path_with
from .city import part

if TYPE_CHECKING:
    from ..files import Ticket
    from ..web.form import Form

R = TypeVar("R")

Content = str | Markup
Caller = Callable[[], Markup]


class Tone(StrEnum):
    """What a notice or a badge says with its colour; the words must say it too."""

    OK = "ok"
    """Good."""
    INFO = "info"
    """Neutral."""
    WARN = "warn"
    """Take care."""
    BAD = "bad"
    """Wrong."""


def inner(content: Content, caller: Caller | None) -> Markup:
    """The content, or what was written around the call of a template."""
    return caller() if caller else escape(content)


def notice(tone: Tone | str, content: Content = "", caller: Caller | None = None) -> Markup:
    """A paragraph that stands out. ``BAD`` and ``WARN`` are alerts to screen readers, the others status messages."""
    return part("notice", Tone(tone).value, inner(content, caller))


def badge(tone: Tone | str, content: Content) -> Markup:
    """A word about a state."""
    return part("badge", Tone(tone).value, content)


def card(id: str, heading: Content, body: Content = "", caller: Caller | None = None) -> Markup:
    """A card with a heading. ``id`` makes the heading's anchor; it must be unique on the page."""
    return part("card", id, heading, inner(body, caller))


def empty(content: Content = "", caller: Caller | None = None) -> Markup:
    """What stands in place of an empty list, with what to do next."""
    return part("empty", inner(content, caller))


def amount(fen: int) -> Markup:
    """An amount of money in fen, as yuan: ``¥1,080.00``."""
    return part("amount", f"{fen // 100:,}.{fen % 100:02}")


def error_summary(lang: Lang, form: "Form") -> Markup:
    """What is wrong with a form, with links to the fields; nothing while it is valid. Put it above the form."""
    return part("error_summary", lang, form)


def field(lang: Lang, form: "Form", name: str, kind: str, label: Text, hint: Text | None = None) -> Markup:
    """A labelled input that shows what was typed and what is wrong with it. ``kind`` is the input's ``type`` (``text``,
    ``tel``, ``number``, ``date``, …)."""
    return part("field", lang, form, name, kind, label, hint)


def file_field(
    lang: Lang, form: "Form", name: str, label: Text, ticket: "Ticket", hint: Text | None = None
) -> Markup:
    """A labelled choice of files, for a form with ``enctype="multipart/form-data"`` that goes to the ticket's
    ``action``. What it takes and how much is said beside it; the gateway looks for itself."""
    mib, most = -(-ticket.max_bytes // (1 << 20)), ticket.max_files
    many = most > 1
    limits = Text(
        f"最多 {most} 个，每个最大 {mib} MiB。" if many else f"最大 {mib} MiB。",
        f"At most {most} files of {mib} MiB each." if many else f"At most {mib} MiB.",
    )
    said = Text(f"{hint.zh} {limits.zh}", f"{hint.en} {limits.en}") if hint else limits
    return part("file_field", lang, form, name, label, said, ticket.accept, many)


def textarea(lang: Lang, form: "Form", name: str, rows: int, label: Text, hint: Text | None = None) -> Markup:
    """A labelled text area of so many rows."""
    return part("textarea", lang, form, name, rows, label, hint)


def select(lang: Lang, form: "Form", name: str, label: Text, options: Sequence[tuple[str, str]]) -> Markup:
    """A labelled choice of one: pairs of value and text."""
    return part("select", lang, form, name, label, options)


def checkbox(lang: Lang, form: "Form", name: str, label: Text) -> Markup:
    """A labelled checkbox."""
    return part("checkbox", lang, form, name, label)


def hidden(name: str, value: str) -> Markup:
    """A value that the form carries without showing it."""
    return part("hidden", name, value)


def confirm(action: str, label: Content, values: Sequence[tuple[str, str]] = ()) -> Markup:
    """A form of one button that posts to ``action``, with hidden values."""
    return part("confirm", action, label, values)


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column of a table: its heading and how it shows a row."""

    heading: str
    cell: Callable[[R], Any]
    is_numeric: bool = False
    sort: str | None = None

    def sorted_by(self, key: str) -> "Column[R]":
        """A heading that sorts by this key, in the table of a ``Listing`` that offers it."""
        return replace(self, sort=key)

    def numeric(self) -> "Column[R]":
        """Numbers, aligned at their ends."""
        return replace(self, is_numeric=True)


def table(caption: str, columns: Sequence[Column[R]], rows: Iterable[R]) -> Markup:
    """A table with a caption. The first column heads its rows. It scrolls by itself on a narrow screen, reachable with
    the keyboard."""
    return table_with(caption, columns, rows, [None] * len(columns))


def table_with(
    caption: str, columns: Sequence[Column[R]], rows: Iterable[R], sorts: Sequence[tuple[str, str] | None]
) -> Markup:
    """A table with, for each heading, how it is sorted by it (``aria-sort``) and the link that sorts it."""
    cells = [[(column.cell(row), column.is_numeric) for column in columns] for row in rows]
    return part("table", caption, list(zip(columns, sorts, strict=True)), cells)


def pager(
    lang: Lang, path: str, kept: Sequence[tuple[str, str]], at_start: bool, next: str | None
) -> Markup:
    """Links to the first and the next page of a list with cursors. ``kept`` are the query's other parameters; the cursor
    goes into ``after``."""
    first = None if at_start else path_with(path, list(kept))
    following = None if next is None else path_with(path, [*kept, ("after", next)])
    return part("pager", lang, first, following)
