"""Population 人口: ``population.person`` and ``population.household``."""

from dataclasses import dataclass

from .. import _city
from . import Standing


@dataclass(frozen=True)
class Person:
    """A registered resident."""

    standing: Standing
    resident_id: str | None = None
    """18 characters, GB 11643."""
    name: str | None = None
    sex: str | None = None
    """GB/T 2261.1: ``1`` male, ``2`` female, ``0`` unknown, ``9`` not stated."""
    birth_date: str | None = None
    """``YYYY-MM-DD``, or the year alone where the grant says so."""
    age: int | None = None
    """Full years, where the grant gives the age instead of the date. The item is ``birth_date``."""
    ethnicity: str | None = None
    """The code of GB/T 3304."""
    division: str | None = None
    """The division of registration."""
    address: str | None = None
    household: str | None = None
    """The number of the household."""
    relation: str | None = None
    """To the head of the household: the first digit of GB/T 4761, ``0`` for the head."""
    mobile: str | None = None
    status: str | None = None
    """``normal``, ``moved-out`` or ``deceased``."""


@dataclass(frozen=True)
class Household:
    """A household."""

    standing: Standing
    number: str | None = None
    head: str | None = None
    """The resident ID of its head."""
    division: str | None = None
    address: str | None = None
    size: int | None = None
    """How many members it has."""


def get(purpose: str, resident_id: str, items: list[str]) -> Person | None:
    """The resident of a resident ID. Name the items that are needed now; none: all that are granted."""
    return _city.population.get().person(purpose, resident_id, items)


def me(purpose: str, items: list[str]) -> Person | None:
    """The resident who asks; the app need not know their resident ID."""
    return _city.population.get().own_person(purpose, items)


def household(purpose: str, number: str, items: list[str]) -> Household | None:
    """The household of a number. The purpose is one for ``population.household``."""
    return _city.population.get().household(purpose, number, items)


_city.provide(_city.population, "population")
