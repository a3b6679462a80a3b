"""``city:identity/principal`` and ``representation``."""

from wit_world.imports import city_identity_principal_1_1_0 as wit
from wit_world.imports import city_identity_representation_1_1_0 as representation

from ..identity import ActingFor, Assurance, Company, Kind, Presentation, Principal
from ..text import Lang

_KINDS = {
    wit.Kind.ANONYMOUS: Kind.ANONYMOUS,
    wit.Kind.CITIZEN: Kind.CITIZEN,
    wit.Kind.REPRESENTATIVE: Kind.REPRESENTATIVE,
    wit.Kind.OFFICIAL: Kind.OFFICIAL,
    wit.Kind.SERVICE: Kind.SERVICE,
}
_ASSURANCES = {
    wit.Assurance.NONE: Assurance.NONE,
    wit.Assurance.PASSWORD: Assurance.PASSWORD,
    wit.Assurance.MULTI_FACTOR: Assurance.MULTI_FACTOR,
}


class Host:
    """Fills ``_city.identity``."""

    def current(self) -> Principal:
        p = wit.current()
        return Principal(p.subject, _KINDS[p.kind], _ASSURANCES[p.assurance], p.roles, p.organization)

    def presentation(self) -> Presentation:
        p = wit.preferred()
        english = p.language.split("-")[0].lower() == "en"
        return Presentation(Lang.EN if english else Lang.ZH, p.elder_mode)

    def sign_in_url(self, return_path: str) -> str:
        return wit.sign_in_url(return_path)

    def step_up_url(self, return_path: str) -> str:
        return wit.step_up_url(return_path)

    def acting_for(self) -> ActingFor | None:
        g = representation.acting_for()
        if g is None:
            return None
        is_company = g.kind is representation.GrantorKind.COMPANY
        company = Company(g.code or "", g.name or "") if is_company else None
        return ActingFor(g.subject, company, g.mandate)
