"""What people let this app know about themselves. An attribute belongs to a scope that ``app.toml`` declares with its
reason; it is released only while the person's consent to that scope stands.

In a handler ``attribute(Attribute.MOBILE)`` is enough: a visitor who is not signed in is sent to sign in, and one who
has not consented is sent to the consent page, and both come back.
"""

from enum import StrEnum

from . import _city
from .errors import CityError, Failure, HandlerExit, MissingConsent, Problem, Retry, SignIn
from .text import t


class Attribute(StrEnum):
    """An attribute that the platform can release."""

    REAL_NAME = "real-name"
    """The person's name as registered."""
    RESIDENT_ID = "resident-id"
    """The 18-character resident ID number (GB 11643)."""
    MOBILE = "mobile"
    """A mobile number of the mainland, 11 digits."""
    BIRTH_DATE = "birth-date"
    """The date of birth as ``YYYY-MM-DD``. Enough for a concession; ask for this rather than for the whole number."""


class AttributeFailure(CityError):
    """Why an attribute is not released."""


class NotSignedIn(AttributeFailure):
    """Nobody is signed in. In a consumer, job or lifecycle call there is no person, and the answer is always this."""

    def __init__(self) -> None:
        super().__init__("nobody is signed in")

    def answer(self) -> HandlerExit:
        return SignIn()


class ConsentRequired(AttributeFailure):
    """The person has not consented to this scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the person has not consented to the scope `{scope}`")
        self.scope = scope

    def answer(self) -> HandlerExit:
        return MissingConsent(self.scope, consent_url)


class NotGranted(AttributeFailure):
    """``app.toml`` declares no scope with this attribute, or no department granted it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not granted: {why}")


class Absent(AttributeFailure):
    """The person's record holds no such attribute."""

    def __init__(self) -> None:
        super().__init__("the person's record holds no such attribute")

    def answer(self) -> HandlerExit:
        return Problem.conflict(t("您的档案中没有这项信息", "Your record does not hold this"), "attribute-absent")


class Other(AttributeFailure):
    """Anything else, in words."""

    def failure(self) -> Failure:
        return Retry(str(self))


def attribute(attribute: Attribute) -> str:
    """An attribute of the current person.

    Raises ``AttributeFailure``; in a consumer, job or lifecycle call always ``NotSignedIn``.
    """
    return _city.attributes.get().attribute(attribute)


def consent_url(scopes: list[str], return_path: str) -> str:
    """The address of the page that asks the person to consent to ``scopes`` and leads back to ``return_path``, whatever
    they decide."""
    return _city.attributes.get().consent_url(scopes, return_path)


_city.provide(_city.attributes, "attributes")
