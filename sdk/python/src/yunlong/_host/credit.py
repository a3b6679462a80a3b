"""``city:base/credit``."""

from wit_world.imports import city_base_credit_1_0_0 as wit

from ..base import Page
from ..base.credit import Event
from .shared import errors
from .standing import standing


def _event(e: wit.Event) -> Event:
    return Event(
        standing(e.standing),
        number=e.number,
        uscc=e.uscc,
        kind=e.kind,
        date=e.date,
        until=e.until,
        authority=e.authority,
        content=e.content,
        amount=e.amount,
        division=e.division,
    )


class Host:
    """Fills ``_city.credit``."""

    def events(self, purpose: str, uscc: str, kinds: list[str], cursor: str | None) -> Page[Event]:
        with errors():
            page = wit.events(purpose, uscc, kinds, cursor)
        return Page([_event(e) for e in page.events], page.next)

    def credit_summary(self, purpose: str, uscc: str) -> dict[str, int]:
        with errors():
            return {c.kind: c.count for c in wit.summary(purpose, uscc)}
