"""``city:base/geospatial``."""

from wit_world.imports import city_base_geospatial_1_0_0 as wit

from ..base import Page
from ..base.geospatial import InBox, Nearest, Place, Touching, Where, Within
from .shared import errors
from .standing import standing


def _place(p: wit.Place) -> Place:
    return Place(
        standing(p.standing),
        code=p.code,
        name=p.name,
        kind=p.kind,
        address=p.address,
        division=p.division,
        geometry=p.geometry,
        distance=p.distance,
    )


def _find(purpose: str, at: Where, limit: int, cursor: str | None) -> wit.Page:
    match at:
        case Within(area):
            return wit.within(purpose, area, limit, cursor)
        case Touching(area):
            return wit.touching(purpose, area, limit, cursor)
        case InBox(west, south, east, north):
            return wit.in_box(purpose, wit.Bounds(west, south, east, north), limit, cursor)
        case Nearest(longitude, latitude, max_distance):
            return wit.nearest(purpose, wit.Position(longitude, latitude), max_distance, limit, cursor)


class Host:
    """Fills ``_city.geospatial``."""

    def place(self, purpose: str, code: str) -> Place | None:
        with errors():
            found = wit.get(purpose, code)
        return _place(found) if found else None

    def places(self, purpose: str, at: Where, limit: int, cursor: str | None) -> Page[Place]:
        with errors():
            page = _find(purpose, at, limit, cursor)
        return Page([_place(p) for p in page.places], page.next)
