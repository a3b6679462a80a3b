"""Legal entities 法人: ``legal-entities.entity``."""

from dataclasses import dataclass

from .. import _city
from . import Page, Standing


@dataclass(frozen=True)
class Entity:
    """A legal entity or another organization."""

    standing: Standing
    uscc: str | None = None
    """The unified social credit code: 18 characters, GB 32100."""
    name: str | None = None
    kind: str | None = None
    """``company``, ``sole-trader``, ``farmers-cooperative``, ``institution``, ``government`` or ``association``."""
    representative: str | None = None
    """The legal representative's name."""
    industry: str | None = None
    """The section of GB/T 4754-2017, ``A`` to ``S``."""
    division: str | None = None
    """The division of the seat."""
    address: str | None = None
    capital: int | None = None
    """The registered capital in fen."""
    founded: str | None = None
    """``YYYY-MM-DD``."""
    status: str | None = None
    """``active``, ``revoked`` (the licence was taken away) or ``cancelled``."""


@dataclass(frozen=True)
class Named:
    """Those of this registered name, letter by letter."""

    name: str


@dataclass(frozen=True)
class Division:
    """Those whose seat is in a division, or in one that lies in it."""

    code: str


@dataclass(frozen=True)
class Industry:
    """Those of an industry whose seat is in a division."""

    section: str
    """The section of GB/T 4754-2017, ``A`` to ``S``."""
    division: str
    """The division, and all that lie in it."""


Which = Named | Division | Industry
"""Which entities are looked for. The items that are asked by must be granted without a mask."""


def get(purpose: str, uscc: str) -> Entity | None:
    """The entity of a unified social credit code; ``None`` when there is none."""
    return _city.legal_entities.get().entity(purpose, uscc)


def find(purpose: str, which: Which, cursor: str | None = None) -> Page[Entity]:
    """Finds entities, a page at a time."""
    return _city.legal_entities.get().entities(purpose, which, cursor)


_city.provide(_city.legal_entities, "legal_entities")
