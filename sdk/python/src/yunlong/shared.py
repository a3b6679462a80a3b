"""Shared data: the datasets of the city's information hub.

``app.toml`` declares under ``[[datasets]]`` which dataset is used, for which purpose and on which legal basis; the
dataset's provider grants it. Every call is checked anew, and every read of personal data is in the city's audit log
before it is answered.

    residents = Dataset.open("population.person", "concession-check")
    me = residents.me(["birth_date"])
    if me is None: ...                        # nobody is registered under the visitor's number
    born = me.text("birth_date")

Where ``access`` has ``changes``, the consumer gets ``city.hub.changed`` when a granted field of a record changes; its
payload is described in ``wit/city-data``.

In a handler no error needs catching: a visitor is sent to sign in, and a person who has not consented is sent to the
consent page, and both come back.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from . import _city, attributes, codec
from ._query import DEFAULT_LIMIT, RawBound, Scalar
from .errors import CityError, Failure, HandlerExit, MissingConsent, Problem, Retry, SignIn, log
from .text import t

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """Where a field's value comes from."""

    field: str
    organization: str
    """The code of the organization that gave it."""
    recorded: str
    """When it was recorded (RFC 3339); for a record about a person the day, or empty as ``Released.valid_from`` is."""


@dataclass(frozen=True)
class Released:
    """A record, as far as it is released. A field that is not granted is absent."""

    reference: str
    """The record's opaque reference in this installation. For a record about a person it differs from one installation
    to another."""
    version: int
    """Another one when a granted field has changed. Compare it for equality alone, and give it to ``Dataset.write``."""
    body: dict[str, Any]
    """The released fields, masked as the grant says."""
    unrecorded: list[str]
    """Granted fields that the record does not have."""
    valid_from: str
    """From when it holds, ``YYYY-MM-DD``; empty for a record about a person whose number is not granted."""
    valid_to: str | None
    """Until when it held, that day excluded; ``None`` while it holds."""
    sources: list[Source]
    """Where the released fields come from."""

    def text(self, field: str) -> str | None:
        """A field that is a text."""
        value = self.body.get(field)
        return value if isinstance(value, str) else None

    def integer(self, field: str) -> int | None:
        """A field that is a whole number, such as an age that the grant gives instead of a date of birth."""
        value = self.body.get(field)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def decode(self, type_: type[T]) -> T:
        """The released fields as a dataclass of the app's own. What may not be granted must be optional in it.

        Raises ``Invalid`` when they do not fit.
        """
        try:
            return codec.decode(type_, self.body)
        except ValueError as e:
            raise Invalid(str(e)) from e


@dataclass(frozen=True)
class Query:
    """A query over one index of a dataset: equality on its first items, a range on the item that follows, values of
    other granted items, a limit and a cursor. Every item of the index must be granted. ``index(…)`` begins one.

    ``index("birth_date").at_least("1990-01-01").below("1991-01-01").only("sex", "2").limit(100)``
    """

    index: tuple[str, ...]
    values: tuple[Scalar, ...] = ()
    lower: RawBound | None = None
    upper: RawBound | None = None
    filter: dict[str, Scalar] = field(default_factory=dict)
    size: int = DEFAULT_LIMIT
    cursor: str | None = None

    def equals(self, value: Scalar) -> Self:
        """The next item of the index has this value."""
        return replace(self, values=(*self.values, value))

    def at_least(self, value: Scalar) -> Self:
        """The item after those of ``equals`` is this or more."""
        return replace(self, lower=RawBound(value, True))

    def above(self, value: Scalar) -> Self:
        """The item after those of ``equals`` is more than this."""
        return replace(self, lower=RawBound(value, False))

    def at_most(self, value: Scalar) -> Self:
        """The item after those of ``equals`` is this or less."""
        return replace(self, upper=RawBound(value, True))

    def below(self, value: Scalar) -> Self:
        """The item after those of ``equals`` is less than this."""
        return replace(self, upper=RawBound(value, False))

    def only(self, item: str, value: Scalar) -> Self:
        """Only records whose item has this value. It is filtered after the index, so a page can be short and still have
        a next one."""
        return replace(self, filter={**self.filter, item: value})

    def limit(self, limit: int) -> Self:
        """At most this many records: 1 to 500, 50 when not said."""
        return replace(self, size=limit)

    def after(self, cursor: str | None) -> Self:
        """Goes on where a page of the same query ended (``Page.next``)."""
        return replace(self, cursor=cursor)


def index(*items: str) -> Query:
    """Walks an index of a dataset: its items, in the catalogue's order."""
    return Query(items)


@dataclass(frozen=True)
class Page:
    """A page of a query's answer."""

    records: list[Released]
    """In the index's order; those about persons that have the same values there in an order of the installation's
    own."""
    next: str | None
    """Give this to ``Query.after`` for the next page; ``None`` when there is no more."""


@dataclass(frozen=True)
class Job:
    """Where a bulk job stands."""

    id: str
    ready: bool
    """Whether its pages can be read."""
    records: int
    """Records so far; of people none before the job is ready."""
    pages: int
    failure: str | None
    """Why it failed, if it did."""


class SharedError(CityError):
    """Why a call on shared data is denied or failed. ``code`` is the case's name in the contract."""

    code = "other"
    is_about_the_grant = False
    """Whether it is the grant that is missing, over or too narrow: the department's affair with the provider, about
    which the person who asks can do nothing."""

    def answer(self) -> HandlerExit:
        if not self.is_about_the_grant:
            return Problem.internal(str(self))
        # What a person can do something about is told to them; what the department has to settle with the provider of
        # the data goes to the installation's log as well.
        log(str(self))
        title = t("目前不能使用所需的共享数据", "The shared data that this needs is not available")
        detail = t(
            "数据的提供部门没有授权，或授权已到期、已撤销。部门可在控制台申请。",
            "Its provider has not granted it, or the grant is over. The department can ask at the console.",
        )
        return Problem(403, title, "not-granted", detail)


class _Listing(SharedError):
    """A denial that names some things."""

    words = ""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"{self.words}: {', '.join(names)}")
        self.names = names


class _Telling(SharedError):
    """A denial or failure with a text."""

    words = ""

    def __init__(self, why: str) -> None:
        super().__init__(f"{self.words}{why}")
        self.why = why


class UnknownDataset(_Telling):
    """The catalogue has no such dataset, or ``app.toml`` does not declare this use of it."""

    code, is_about_the_grant = "unknown-dataset", True


class NotGranted(_Telling):
    """The provider has not decided yet, or has refused."""

    code, is_about_the_grant, words = "not-granted", True, "not granted: "


class Expired(_Telling):
    """The grant has expired, at this time (RFC 3339)."""

    code, is_about_the_grant, words = "expired", True, "the grant expired at "


class Revoked(_Telling):
    """The grant was revoked, at this time (RFC 3339)."""

    code, is_about_the_grant, words = "revoked", True, "the grant was revoked at "


class OtherPurpose(_Listing):
    """The dataset is granted for other purposes; these."""

    code, is_about_the_grant, words = "other-purpose", True, "granted for other purposes"


class FieldsNotGranted(_Listing):
    """Fields that the grant does not cover; these."""

    code, is_about_the_grant, words = "fields-not-granted", True, "fields that are not granted"


class AccessNotGranted(_Listing):
    """The grant does not cover this kind of access; it covers these."""

    code, is_about_the_grant, words = "access-not-granted", True, "this access is not granted, only"


class NotShared(_Telling):
    """The dataset is not shared; the law that is cited for it."""

    code, is_about_the_grant, words = "not-shared", True, "the dataset is not shared: "


class RowNotGranted(SharedError):
    """The record is outside of the rows that the grant covers."""

    code = "row-not-granted"

    def __init__(self) -> None:
        super().__init__("the record is outside of the rows that are granted")

    def answer(self) -> HandlerExit:
        return Problem.forbidden(t("不能查看这条记录", "This record is not open to you"), "row-not-granted")


class NotSignedIn(SharedError):
    """Nobody is signed in."""

    code = "not-signed-in"

    def __init__(self) -> None:
        super().__init__("nobody is signed in")

    def answer(self) -> HandlerExit:
        return SignIn()


class RoleRequired(_Listing):
    """The official holds none of the roles that the grant demands; these."""

    code, words = "role-required", "one of these roles is required"

    def answer(self) -> HandlerExit:
        return Problem.forbidden(t("您没有所需的岗位", "You do not hold the role for this"), "role-required")


class ConsentRequired(SharedError):
    """The person has not consented, or has taken the consent back. The consent's name."""

    code = "consent-required"

    def __init__(self, consent: str) -> None:
        super().__init__(f"the person has not consented to `{consent}`")
        self.consent = consent

    def answer(self) -> HandlerExit:
        return MissingConsent(self.consent, attributes.consent_url)


class NotAuthority(_Listing):
    """The organization is not the authority for these fields."""

    code, words = "not-authority", "another organization is the authority for"


class Conflict(SharedError):
    """A write met a record that has changed since it was read."""

    code = "conflict"

    def __init__(self) -> None:
        super().__init__("the record has changed since it was read")

    def answer(self) -> HandlerExit:
        return Problem.conflict(t("记录已被更改，请重新查看", "The record has changed: look again"), "changed")

    def failure(self) -> Failure:
        return Retry(str(self))


class NotFound(SharedError):
    """There is no such record, job or page."""

    code = "not-found"

    def __init__(self) -> None:
        super().__init__("not found")

    def answer(self) -> HandlerExit:
        return Problem.not_found()


class Invalid(_Telling):
    """A key, field name, query, cursor, record or time that cannot be."""

    code, words = "invalid", "invalid: "

    def answer(self) -> HandlerExit:
        return Problem.malformed("invalid", self.why)


class TooLarge(_Telling):
    """Over a limit."""

    code, words = "too-large", "too large: "

    def answer(self) -> HandlerExit:
        return Problem.malformed("invalid", self.why)


class Unavailable(_Telling):
    """The hub or its log cannot be reached."""

    code, words = "unavailable", "the information hub cannot be reached: "

    def answer(self) -> HandlerExit:
        log(str(self))
        return Problem.busy()

    def failure(self) -> Failure:
        return Retry(str(self))


class Other(_Telling):
    """Anything else, in words."""

    def failure(self) -> Failure:
        return Retry(str(self))


class Dataset:
    """A dataset that was opened for a purpose. Everything here raises ``SharedError``."""

    def __init__(self, raw: _city.RawDataset) -> None:
        self._raw = raw

    @classmethod
    def open(cls, dataset: str, purpose: str) -> "Dataset":
        """Opens a dataset by its code in the catalogue, for a purpose that ``app.toml`` declares."""
        return cls(_city.shared.get().open(dataset, purpose))

    def fields(self) -> list[str]:
        """The fields that the grant gives, in the catalogue's order."""
        return self._raw.fields()

    def get(self, key: str, fields: list[str], as_of: str | None = None) -> Released | None:
        """Reads one record by the value of its key item. Ask for the fields that are needed now, since each is written
        into the log; none: all that are granted. ``as_of``: the version that held on a day (``YYYY-MM-DD``). A record
        that does not exist, and one that no longer holds, is ``None``."""
        return self._raw.get(key, fields, as_of)

    def me(self, fields: list[str]) -> Released | None:
        """Reads the record about the person who asks. ``None`` when there is none, or the account has no resident
        ID."""
        return self._raw.me(fields)

    def query(self, query: Query, fields: list[str]) -> Page:
        """Finds records."""
        return self._raw.query(query, fields)

    def write(self, key: str, body: Any, version: int, valid_from: str) -> int:
        """Writes fields for which the installation's organization is the authority; ``body`` becomes a JSON object of
        them, and other fields stay. ``version`` is the one that the change is based on, 0 for a record that must be new;
        ``valid_from`` is the day from which it holds. Answers the new version."""
        try:
            text = codec.encode(body)
        except ValueError as e:
            raise Invalid(str(e)) from e
        return self._raw.write(key, text, version, valid_from)

    def start_job(self, query: Query, fields: list[str]) -> str:
        """Starts a job of the host that reads all records of a query; the topic ``city.hub.job`` tells the consumer
        when it has ended. Answers its id."""
        return self._raw.start_job(query, fields)

    def job(self, id: str) -> Job:
        """Where a job stands that this installation started."""
        return self._raw.job(id)

    def job_page(self, id: str, page: int) -> list[Released]:
        """Reads a page, from 0, of a job that is ready. Grant, consent and roles are checked again."""
        return self._raw.job_page(id, page)


_city.provide(_city.shared, "shared")
