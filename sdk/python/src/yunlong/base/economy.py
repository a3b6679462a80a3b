"""Economy 宏观经济: ``economy.observation``, figures by indicator, division and period."""

from dataclasses import dataclass

from .. import _city
from ..text import Text
from . import Standing


@dataclass(frozen=True)
class Observation:
    """A figure as it is on record."""

    standing: Standing
    number: str | None = None
    indicator: str | None = None
    """The indicator's code."""
    division: str | None = None
    period: str | None = None
    """A year, a quarter or a month: ``2025``, ``2025-Q3``, ``2025-07``."""
    value: float | None = None
    """The value, in its unit."""
    unit: str | None = None
    """The unit, such as ``亿元``."""
    state: str | None = None
    """``preliminary``, ``revised`` or ``final``."""


@dataclass(frozen=True)
class Indicator:
    """An indicator."""

    code: str
    """Its code, such as ``gdp``."""
    name: Text


@dataclass(frozen=True)
class Point:
    """A figure of a series."""

    period: str
    value: float
    """The value, in the series' unit."""
    state: str | None
    """``preliminary``, ``revised`` or ``final``."""
    growth: float | None
    """Growth in percent against the same period of the year before, rounded to two places."""


@dataclass(frozen=True)
class Series:
    """The figures of one indicator, division and unit."""

    indicator: str
    division: str
    unit: str
    points: list[Point]
    """The earliest first, one a period."""


@dataclass(frozen=True)
class Codes:
    """These divisions: 1 to 50 codes."""

    codes: list[str]


@dataclass(frozen=True)
class Level:
    """All divisions of a level (``city``, ``county``, ``town`` or ``village``) in a division."""

    within: str
    level: str


Divisions = Codes | Level
"""Which divisions are asked about."""


def get(purpose: str, number: str) -> Observation | None:
    """The figure of a number; ``None`` when there is none."""
    return _city.economy.get().observation(purpose, number)


def indicators(purpose: str) -> list[Indicator]:
    """The indicators that the catalogue has."""
    return _city.economy.get().indicators(purpose)


def series(purpose: str, indicator: str, divisions: Divisions, first: str, last: str) -> list[Series]:
    """Series of an indicator from a period to another one, both included and of one frequency."""
    return _city.economy.get().series(purpose, indicator, divisions, first, last)


_city.provide(_city.economy, "economy")
