"""Datasets of the information hub in memory: grants, consents and rows as the hub decides on them.

The hub's masks are not applied here: a test puts in what the app is to see.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from .. import codec, shared
from ..identity import Kind
from ..shared import Job, Page, Query, Released, Source
from .collections import reaches
from .manifest import DatasetUse
from .order import rank
from .state import State

MAX_LIMIT = 500
"""The hub's bound for one page."""


@dataclass(frozen=True)
class Granted:
    """All fields that were asked for, or these."""

    fields: list[str] | None = None


Standing = Granted | shared.Expired | shared.Revoked
"""What the provider decided for one use."""


@dataclass(frozen=True)
class Kept:
    """A record, and the subject of the person whom it is about."""

    person: str | None
    version: int
    body: dict[str, Any]
    valid_from: str


@dataclass(frozen=True)
class SharedRead:
    """A read of a dataset that was answered, as the city's audit log has it."""

    dataset: str
    purpose: str
    key: str
    fields: list[str]
    """The fields that were released."""


@dataclass
class Hub:
    """What the hub holds. It fills ``_city.shared``."""

    city: State
    records: dict[str, dict[str, Kept]] = field(default_factory=dict)
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    reads: list[SharedRead] = field(default_factory=list)
    jobs: list[list[str]] = field(default_factory=list)

    def open(self, dataset: str, purpose: str) -> "Opened":
        if not self.city.manifest.dataset_use(dataset, purpose):
            raise shared.UnknownDataset(f"`{dataset}` for `{purpose}` is not declared under [[datasets]] in app.toml")
        return Opened(self, dataset, purpose)


@dataclass(frozen=True)
class _Allowed:
    """What a call may do."""

    fields: list[str]
    """Those that were asked for."""
    granted: list[str]
    consent: str | None
    own: str | None
    """The caller's own records only, whatever else is about persons."""
    only_own: bool
    """No record but those of ``own``."""

    def row(self, record: Kept) -> None:
        if self.own is None or record.person == self.own:
            return
        if self.only_own:
            raise shared.RowNotGranted
        if record.person is not None:
            raise shared.RowNotGranted if self.own else shared.NotSignedIn

    def consented(self, city: State, person: str | None) -> None:
        if self.consent and person is not None and (person, self.consent) not in city.consents:
            raise shared.ConsentRequired(self.consent)


class Opened:
    """A dataset that the app has opened."""

    def __init__(self, hub: Hub, dataset: str, purpose: str) -> None:
        self._hub, self._dataset, self._purpose = hub, dataset, purpose

    @property
    def _records(self) -> dict[str, Kept]:
        return self._hub.records.setdefault(self._dataset, {})

    def _decide(self, access: str | None, fields: list[str]) -> _Allowed:
        city = self._hub.city
        use = city.manifest.dataset_use(self._dataset, self._purpose)
        if use is None:
            raise shared.UnknownDataset(self._dataset)
        granted = self._granted(use)
        # Whatever it is granted for.
        if access is not None and access not in use.access:
            raise shared.AccessNotGranted(use.access)
        own = _own(city, use)
        missing = [f for f in fields if f not in granted]
        if missing:
            raise shared.FieldsNotGranted(missing)
        wanted = [f for f in granted if not fields or f in fields]
        return _Allowed(wanted, granted, use.consent, own, use.rows == "own")

    def _granted(self, use: DatasetUse) -> list[str]:
        match self._hub.standings.get((self._dataset, self._purpose)):
            case Granted(fields):
                return use.fields if fields is None else fields
            case None:
                others = [
                    purpose
                    for (dataset, purpose), standing in self._hub.standings.items()
                    if dataset == self._dataset and isinstance(standing, Granted)
                ]
                if others:
                    raise shared.OtherPurpose(others)
                raise shared.NotGranted("the provider has not granted it: `TestCity.grant` does")
            case denial:
                raise denial

    def _read(self, allowed: _Allowed, key: str) -> Released | None:
        record = self._records.get(key)
        if record is None:
            return None
        allowed.row(record)
        allowed.consented(self._hub.city, record.person)
        self._hub.reads.append(SharedRead(self._dataset, self._purpose, key, allowed.fields))
        known = [f for f in allowed.fields if f in record.body]
        return Released(
            reference=self._reference(key, record),
            version=record.version,
            body={f: record.body[f] for f in known},
            unrecorded=[f for f in allowed.fields if f not in record.body],
            valid_from=record.valid_from,
            valid_to=None,
            sources=[Source(f, "320300", "2026-01-01T00:00:00Z") for f in known],
        )

    def _reference(self, key: str, record: Kept) -> str:
        if record.person is None:
            return key
        name = self._hub.city.manifest.name
        return hashlib.sha256(f"{name}\0{self._dataset}\0{key}".encode()).hexdigest()[:32]

    def fields(self) -> list[str]:
        return self._decide(None, []).fields

    def get(self, key: str, fields: list[str], as_of: str | None) -> Released | None:
        found = self._read(self._decide("get", fields), key)
        return found if found and (as_of is None or found.valid_from <= as_of) else None

    def me(self, fields: list[str]) -> Released | None:
        allowed = self._decide("get", fields)
        person = self._hub.city.person
        if person is None:
            raise shared.NotSignedIn
        own = next((key for key, record in self._records.items() if record.person == person), None)
        if own is not None:
            return self._read(allowed, own)
        # Whether there is a record is told to whoever may read it alone.
        allowed.consented(self._hub.city, person)
        return None

    def query(self, query: Query, fields: list[str]) -> Page:
        allowed = self._decide("query", fields)
        keys = self._found(allowed, query)
        start = 0
        if query.cursor is not None:
            if not query.cursor.isdecimal():
                raise shared.Invalid("the cursor is not from this query")
            start = int(query.cursor)
        end = start + query.size
        read = [self._read(allowed, key) for key in keys[start:end]]
        return Page([r for r in read if r], str(end) if len(keys) > end else None)

    def _found(self, allowed: _Allowed, query: Query) -> list[str]:
        """The keys of the records that a query finds and the caller may see, in the index's order."""
        if not 1 <= query.size <= MAX_LIMIT:
            raise shared.Invalid(f"the limit is 1 to {MAX_LIMIT}")
        hidden = [item for item in (*query.index, *query.filter) if item not in allowed.granted]
        if hidden:
            raise shared.FieldsNotGranted(hidden)
        found = [key for key, r in self._records.items() if _within(query, r.body) and self._visible(allowed, r)]
        return sorted(found, key=lambda key: [rank(self._records[key].body.get(item)) for item in query.index])

    def _visible(self, allowed: _Allowed, record: Kept) -> bool:
        try:
            allowed.row(record)
            allowed.consented(self._hub.city, record.person)
        except shared.SharedError:
            return False
        return True

    def write(self, key: str, body: str, version: int, valid_from: str) -> int:
        value = codec.parse(body)
        if not isinstance(value, dict):
            raise shared.Invalid("the body is no JSON object")
        allowed = self._decide("write", list(value))
        record = self._records.get(key)
        if (record.version if record else 0) != version:
            raise shared.Conflict
        if record is None:
            self._records[key] = Kept(None, 1, value, valid_from)
            return 1
        allowed.row(record)
        new = replace(record, version=version + 1, body=record.body | value, valid_from=valid_from)
        self._records[key] = new
        return new.version

    def start_job(self, query: Query, fields: list[str]) -> str:
        self._hub.jobs.append(self._found(self._decide("bulk", fields), query))
        return f"job-{len(self._hub.jobs)}"

    def job(self, id: str) -> Job:
        keys = self._keys(id)
        return Job(id, True, len(keys), -(-len(keys) // MAX_LIMIT), None)

    def job_page(self, id: str, page: int) -> list[Released]:
        allowed = self._decide("bulk", [])
        keys = self._keys(id)[page * MAX_LIMIT : (page + 1) * MAX_LIMIT]
        if not keys:
            raise shared.NotFound
        return [r for r in (self._read(allowed, key) for key in keys) if r]

    def _keys(self, id: str) -> list[str]:
        number = id.removeprefix("job-")
        if not number.isdecimal() or not 1 <= int(number) <= len(self._hub.jobs):
            raise shared.NotFound
        return self._hub.jobs[int(number) - 1]


def _own(city: State, use: DatasetUse) -> str | None:
    """Whose records the caller may read; an empty text for a visitor, whose records are none."""
    p, only_own = city.principal, use.rows == "own"
    match p.kind:
        case Kind.ANONYMOUS:
            if only_own:
                raise shared.NotSignedIn
            return ""
        case Kind.SERVICE:
            if only_own:
                raise shared.RowNotGranted
            return None
        case Kind.OFFICIAL:
            if use.roles and not set(use.roles) & set(p.roles):
                raise shared.RoleRequired(use.roles)
            return p.subject if only_own else None
        case _:
            return p.subject


def _within(query: Query, body: dict[str, Any]) -> bool:
    n = len(query.values)
    if any(body.get(item) != value for item, value in zip(query.index, query.values, strict=False)):
        return False
    if any(body.get(item) != value for item, value in query.filter.items()):
        return False
    if n >= len(query.index):
        return True
    key = rank(body.get(query.index[n]))
    return reaches(query.lower, key, 1) and reaches(query.upper, key, -1)
