"""Lists that are sorted, filtered and turned over by links: the server does it, and the address says how."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from markupsafe import Markup

from ..web.form import Form
from ..web.urls import path_with
from .city import part
from .parts import Column, pager, table_with

if TYPE_CHECKING:
    from ..web.request import Request

R = TypeVar("R")

Pairs = list[tuple[str, str]]


class Listing:
    """How a list is to be shown, from the query: ``?sort=-amount&q=…&page=2``. What the query asks for and the app does not
    offer is not heard of.

    ``sorts`` are the keys to sort by, the first of them by default; one with ``-`` before it begins with the largest.
    ``filters`` are the names of the fields by which the list is narrowed.
    """

    def __init__(self, request: "Request", sorts: Sequence[str] = (), filters: Sequence[str] = ()) -> None:
        self._lang = request.lang
        self._path = request.path
        self._sorts = [_direction(text) for text in sorts]
        self._names = list(filters)
        asked = _direction(request.query_value("sort") or "")
        known = any(key == asked[0] for key, _ in self._sorts)
        self.sort, self.descending = asked if known else next(iter(self._sorts), ("", False))
        """The key to sort by, one of those that are offered, and whether the largest come first."""
        self.filters = Form([(name, (request.query_value(name) or "").strip()) for name in filters])
        """The filters, for the fields of ``form``."""
        page = request.query_value("page") or ""
        self._page = int(page) if page.isascii() and page.isdigit() and len(page) < 10 else 1
        self.after = request.query_value("after") or None
        """The cursor of a list with cursors."""

    def filter(self, name: str) -> str:
        """What a filter says, without spaces around it; empty when it says nothing."""
        return self.filters.value(name)

    @property
    def is_filtered(self) -> bool:
        """Whether any filter says something: an empty list then means something else."""
        return any(self.filter(name) for name in self._names)

    def range(self, total: int, per_page: int) -> slice:
        """Which rows of ``total`` stand on the page, with so many on each. A page behind the last one is the last one."""
        start = (self._at(total, per_page) - 1) * per_page
        return slice(start, min(start + per_page, total))

    def _at(self, total: int, per_page: int) -> int:
        return max(1, min(self._page, _pages(total, per_page)))

    @property
    def kept(self) -> Pairs:
        """The query that keeps order and filters."""
        usual = not self._sorts or self._sorts[0] == (self.sort, self.descending)
        sort = [] if usual else [("sort", _signed(self.sort, self.descending))]
        return [*sort, *self._narrowed()]

    def _narrowed(self) -> Pairs:
        return [(name, self.filter(name)) for name in self._names if self.filter(name)]

    def table(self, caption: str, columns: Sequence[Column[R]], rows: Iterable[R]) -> Markup:
        """A table whose headings sort it: those of columns that are ``sorted_by`` a key that is offered."""
        return table_with(caption, columns, rows, [self._heading(column.sort) for column in columns])

    def _heading(self, key: str | None) -> tuple[str, str] | None:
        offered = next(((k, down) for k, down in self._sorts if k == key), None)
        if offered is None:
            return None
        here = offered[0] == self.sort
        state = ("descending" if self.descending else "ascending") if here else "none"
        down = not self.descending if here else offered[1]
        return state, path_with(self._path, [("sort", _signed(offered[0], down)), *self._narrowed()])

    def form(self, fields: Markup | str) -> Markup:
        """A form of filters, sent by ``GET``: ``fields`` of the names that were offered. It keeps the order and begins at the
        first page; beside the button stands a way back to the whole list."""
        sort = [pair for pair in self.kept if pair[0] == "sort"]
        clear = path_with(self._path, sort) if self.is_filtered else None
        return part("listing_form", self._lang, self._path, fields, sort, clear)

    def pages(self, total: int, per_page: int) -> Markup:
        """Links to the pages of a list whose length is known. ``pager`` is for cursors."""
        last, here = _pages(total, per_page), self._at(total, per_page)
        links: list[str | None] = [None, None, None, None]
        if here > 1:
            links[:2] = [self._to(1), self._to(here - 1)]
        if here < last:
            links[2:] = [self._to(here + 1), self._to(last)]
        return part("listing_pages", self._lang, total, here, last, *links)

    def _to(self, page: int) -> str:
        return path_with(self._path, [*self.kept, ("page", str(page))] if page > 1 else self.kept)

    def pager(self, next: str | None) -> Markup:
        """Links to the first and the next page of a list with cursors, which keep order and filters."""
        return pager(self._lang, self._path, self.kept, self.after is None, next)

    def files(self, path: str) -> Markup:
        """Links to the list as files, all of its pages in the order and with the filters of now: ``path`` answers by
        ``format=csv`` and ``format=xlsx`` (``yunlong.sheet``)."""
        links = [path_with(path, [*self.kept, ("format", kind)]) for kind in ("csv", "xlsx")]
        return part("listing_files", self._lang, *links)


def _direction(text: str) -> tuple[str, bool]:
    return (text[1:], True) if text.startswith("-") else (text, False)


def _signed(key: str, down: bool) -> str:
    return f"-{key}" if down else key


def _pages(total: int, per_page: int) -> int:
    return max(1, -(-total // per_page))
