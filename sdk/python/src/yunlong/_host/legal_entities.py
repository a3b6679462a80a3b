"""``city:base/legal-entities``."""

from wit_world.imports import city_base_legal_entities_1_0_0 as wit

from ..base import Page
from ..base.legal_entities import Division, Entity, Industry, Named, Which
from .shared import errors
from .standing import standing


def _entity(e: wit.Entity) -> Entity:
    return Entity(
        standing(e.standing),
        uscc=e.uscc,
        name=e.name,
        kind=e.kind,
        representative=e.representative,
        industry=e.industry,
        division=e.division,
        address=e.address,
        capital=e.capital,
        founded=e.founded,
        status=e.status,
    )


def _which(which: Which) -> wit.Which:
    match which:
        case Named(name):
            return wit.Which_Named(name)
        case Division(code):
            return wit.Which_Division(code)
        case Industry(section, division):
            return wit.Which_Industry(wit.IndustryIn(section, division))


class Host:
    """Fills ``_city.legal_entities``."""

    def entity(self, purpose: str, uscc: str) -> Entity | None:
        with errors():
            found = wit.get(purpose, uscc)
        return _entity(found) if found else None

    def entities(self, purpose: str, which: Which, cursor: str | None) -> Page[Entity]:
        with errors():
            page = wit.find(purpose, _which(which), cursor)
        return Page([_entity(e) for e in page.entities], page.next)
