"""``city:base/population``."""

from wit_world.imports import city_base_population_1_0_0 as wit

from ..base.population import Household, Person
from .shared import errors
from .standing import standing


def _person(p: wit.Person | None) -> Person | None:
    return Person(
        standing(p.standing),
        resident_id=p.resident_id,
        name=p.name,
        sex=p.sex,
        birth_date=p.birth_date,
        age=p.age,
        ethnicity=p.ethnicity,
        division=p.division,
        address=p.address,
        household=p.household,
        relation=p.relation,
        mobile=p.mobile,
        status=p.status,
    ) if p else None


class Host:
    """Fills ``_city.population``."""

    def person(self, purpose: str, resident_id: str, items: list[str]) -> Person | None:
        with errors():
            return _person(wit.get(purpose, resident_id, items))

    def own_person(self, purpose: str, items: list[str]) -> Person | None:
        with errors():
            return _person(wit.me(purpose, items))

    def household(self, purpose: str, number: str, items: list[str]) -> Household | None:
        with errors():
            h = wit.get_household(purpose, number, items)
        return Household(standing(h.standing), h.number, h.head, h.division, h.address, h.size) if h else None
