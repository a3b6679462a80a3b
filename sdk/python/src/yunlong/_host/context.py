"""``city:app/context``."""

from wit_world.imports import city_app_context_1_0_0 as wit

from ..context import Installation


class Host:
    """Fills ``_city.context``."""

    def installation(self) -> Installation:
        i = wit.current()
        return Installation(i.name, i.app, i.version, i.organization, i.organization_name, i.origin, i.portal)

    def request_id(self) -> str:
        return wit.request_id()

    def config(self, key: str) -> str | None:
        return wit.config(key)

    def derive_key(self, purpose: str, n: int) -> bytes:
        return wit.derive_key(purpose, n)
