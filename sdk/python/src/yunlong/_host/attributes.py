"""``city:identity/attributes``."""

from componentize_py_types import Err
from wit_world.imports import city_identity_attributes_1_1_0 as wit

from .. import attributes as sdk
from ..attributes import Attribute

_ATTRIBUTES = {
    Attribute.REAL_NAME: wit.Attribute.REAL_NAME,
    Attribute.RESIDENT_ID: wit.Attribute.RESIDENT_ID,
    Attribute.MOBILE: wit.Attribute.MOBILE,
    Attribute.BIRTH_DATE: wit.Attribute.BIRTH_DATE,
}


def _error(error: wit.Error) -> sdk.AttributeFailure:
    match error:
        case wit.Error_NotSignedIn():
            return sdk.NotSignedIn()
        case wit.Error_ConsentRequired():
            return sdk.ConsentRequired(error.value)
        case wit.Error_NotGranted():
            return sdk.NotGranted(error.value)
        case wit.Error_Absent():
            return sdk.Absent()
        case wit.Error_Other():
            return sdk.Other(error.value)


class Host:
    """Fills ``_city.attributes``."""

    def attribute(self, attribute: Attribute) -> str:
        try:
            return wit.get(_ATTRIBUTES[attribute])
        except Err as e:
            raise _error(e.value) from e

    def consent_url(self, scopes: list[str], return_path: str) -> str:
        return wit.consent_url(scopes, return_path)
