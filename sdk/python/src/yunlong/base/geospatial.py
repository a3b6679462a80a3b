"""Geospatial 空间地理: ``geospatial.place``, places and addresses.

Geometries are GeoJSON (RFC 7946), longitude first, in CGCS2000 (EPSG:4490). Coordinates of map services in China
(GCJ-02, BD-09) must be converted first.
"""

from dataclasses import dataclass

from .. import _city
from . import Page, Standing


@dataclass(frozen=True)
class Place:
    """A place or an address."""

    standing: Standing
    code: str | None = None
    name: str | None = None
    kind: str | None = None
    """Such as ``school``, ``hospital`` or ``attraction``."""
    address: str | None = None
    """The standard address."""
    division: str | None = None
    """The division that it lies in."""
    geometry: str | None = None
    """GeoJSON as text."""
    distance: float | None = None
    """How far it is, in metres; of ``Nearest`` only."""


@dataclass(frozen=True)
class Within:
    """Wholly within an area: the text of a GeoJSON Polygon or MultiPolygon, or a Feature of one."""

    area: str


@dataclass(frozen=True)
class Touching:
    """With a point in such an area or on its edge."""

    area: str


@dataclass(frozen=True)
class InBox:
    """With a point in a box of degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Nearest:
    """By their distance from a position, the nearest first."""

    longitude: float
    """Degrees."""
    latitude: float
    """Degrees."""
    max_distance: float
    """Metres, at most 200,000."""


Where = Within | Touching | InBox | Nearest
"""Where places are looked for. The geometry must be granted without a mask."""


def get(purpose: str, code: str) -> Place | None:
    """The place of a code; ``None`` when there is none."""
    return _city.geospatial.get().place(purpose, code)


def find(purpose: str, at: Where, limit: int, cursor: str | None = None) -> Page[Place]:
    """Finds places: ``limit``, 1 to 500, a page."""
    return _city.geospatial.get().places(purpose, at, limit, cursor)


_city.provide(_city.geospatial, "geospatial")
