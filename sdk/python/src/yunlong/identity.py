"""Who asks, and for whom they act. What they let this app know about themselves is in ``yunlong.attributes``."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from . import _city
from .text import Lang


class Kind(StrEnum):
    """What kind of principal asks."""

    ANONYMOUS = "anonymous"
    """Nobody has signed in."""
    CITIZEN = "citizen"
    """A natural person acting for themself."""
    REPRESENTATIVE = "representative"
    """A person who acts for a legal entity."""
    OFFICIAL = "official"
    """A member of a department, acting in office."""
    SERVICE = "service"
    """The installation itself: consumers, jobs and lifecycle calls run as this."""


class Assurance(IntEnum):
    """How sure the platform is of the principal's identity."""

    NONE = 0
    """Not signed in."""
    PASSWORD = 1
    """Signed in with a password."""
    MULTI_FACTOR = 2
    """Signed in with a second factor."""


@dataclass(frozen=True)
class Principal:
    """Who makes the call that this instance serves."""

    subject: str | None = None
    """A stable, opaque id of this principal in this installation; ``None`` for an anonymous visitor. Never the same in
    two installations."""
    kind: Kind = Kind.ANONYMOUS
    assurance: Assurance = Assurance.NONE
    roles: list[str] = field(default_factory=list)
    """The roles of ``app.toml`` that the department assigned to this principal."""
    organization: str | None = None
    """For an official: the code of the organization in whose office they act."""

    def has_role(self, role: str) -> bool:
        """Whether the department assigned this role."""
        return role in self.roles

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody has signed in."""
        return self.kind is Kind.ANONYMOUS


@dataclass(frozen=True)
class Company:
    """A company that gave a mandate."""

    code: str
    """Its unified social credit code."""
    name: str
    """Its registered name."""


@dataclass(frozen=True)
class ActingFor:
    """The one for whom a principal acts."""

    subject: str
    """The grantor's opaque id in this installation; for a person the subject that they have when they come themself."""
    company: Company | None
    """Who it is: a company, or ``None`` for a person, of whom nothing is released to whoever acts for them."""
    mandate: str
    """The mandate's id, for the app's own record."""


@dataclass(frozen=True)
class Presentation:
    """How a person wants pages to be."""

    lang: Lang = Lang.ZH
    elder: bool = False
    """Larger type and targets, fewer choices."""


def current() -> Principal:
    """The principal of the current call. Cheap: the host has it at hand."""
    return _city.identity.get().current()


def acting_for() -> ActingFor | None:
    """For whom the current principal acts, under a mandate of the portal; ``None`` when for themself, and where the
    mandate does not cover this installation. ``current`` still tells who acts: record both."""
    return _city.identity.get().acting_for()


def presentation() -> Presentation:
    """How the current person wants pages to be."""
    return _city.identity.get().presentation()


def sign_in_url(return_path: str) -> str:
    """The address of the sign-in page that leads back to ``return_path``, a path of this app."""
    return _city.identity.get().sign_in_url(return_path)


def step_up_url(return_path: str) -> str:
    """The address of the page that asks for the second factor and leads back to ``return_path``: before something that
    needs more than ``Assurance.PASSWORD``. Check the assurance again when they are back."""
    return _city.identity.get().step_up_url(return_path)


_city.provide(_city.identity, "identity")
