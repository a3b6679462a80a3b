"""Forms that say what is wrong beside each field and keep what was typed."""

import re
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from ..errors import Problem
from ..text import Text, t

T = TypeVar("T")

# More digits than any range of the city's.
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)


class Form:
    """What a form holds and what is wrong with it.

    Read the fields with the checking methods; each answers ``None`` after it noted why. Then show the page again with
    the same ``Form`` (status 422), or go on when nothing was noted:

        name = form.text("name", 1, 40)
        seats = form.number("seats", 1, 5)
        if name is None or seats is None: ...
    """

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self.pairs = list(pairs)
        self.errors: list[tuple[str, Text]] = []
        """What is wrong so far: names of fields, and why."""

    def with_(self, name: str, value: str) -> Self:
        """Sets what a field holds: for the first showing of a form that edits something."""
        self.pairs.append((name, value))
        return self

    def value(self, name: str) -> str:
        """What the field holds, as typed; empty when it is absent."""
        return next((v for n, v in self.pairs if n == name), "")

    def values(self, name: str) -> list[str]:
        """Every value of a field that may stand there several times, such as checkboxes."""
        return [v for n, v in self.pairs if n == name]

    def checked(self, name: str) -> bool:
        """Whether a checkbox is checked."""
        return any(n == name for n, _ in self.pairs)

    def error(self, name: str) -> Text | None:
        """What is wrong with a field."""
        return next((why for n, why in self.errors if n == name), None)

    def reject(self, name: str, why: Text) -> None:
        """Notes what is wrong with a field."""
        self.errors.append((name, why))

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors

    def problem(self) -> Problem:
        """The errors as a problem (422), for an API that takes the same fields."""
        problem = Problem.invalid(t("请更正标出的各项", "Please correct the fields"), "invalid-fields")
        for name, why in self.errors:
            problem.field(name, why)
        return problem

    def finish(self) -> None:
        """Raises the errors as a problem (422) when something is wrong."""
        if self.errors:
            raise self.problem()

    def text(self, name: str, least: int, most: int) -> str | None:
        """Text without the spaces around it, of so many characters. A lower bound of 1 or more makes the field
        mandatory."""
        value = self.value(name).strip()
        n = len(value)
        if least <= n <= most:
            return value
        if n == 0:
            why = t("请填写此项", "Fill this in")
        elif n < least:
            why = t(f"至少 {least} 个字符", f"At least {least} characters")
        else:
            why = t(f"最多 {most} 个字符，现在是 {n} 个", f"At most {most} characters; there are {n}")
        self.reject(name, why)
        return None

    def number(self, name: str, least: int, most: int) -> int | None:
        """A whole number in a range."""
        value = self._required(name)
        if value is None:
            return None
        if _INTEGER.fullmatch(value) and least <= int(value) <= most:
            return int(value)
        self.reject(name, t(f"请填写 {least} 至 {most} 的整数", f"Fill in a whole number from {least} to {most}"))
        return None

    def choice(self, name: str, offered: Sequence[str]) -> str | None:
        """One of the values that were offered."""
        value = self._required(name)
        if value is None or value in offered:
            return value
        self.reject(name, t("请选择列出的一项", "Choose one of those listed"))
        return None

    def parse(self, name: str, parse: Callable[[str], T | None], why: Text) -> T | None:
        """Anything that can be parsed; ``why`` is shown when it cannot: when ``parse`` answers ``None`` or raises
        ``ValueError``."""
        value = self._required(name)
        if value is None:
            return None
        try:
            parsed = parse(value)
        except ValueError:
            parsed = None
        if parsed is None:
            self.reject(name, why)
        return parsed

    def check(self, name: str, check: Callable[[str], Text | None]) -> str | None:
        """A value that a function accepts, such as one with a check digit; what it answers otherwise is shown."""
        value = self._required(name)
        why = None if value is None else check(value)
        if why is None:
            return value
        self.reject(name, why)
        return None

    def _required(self, name: str) -> str | None:
        value = self.value(name).strip()
        if value:
            return value
        self.reject(name, t("请填写此项", "Fill this in"))
        return None
