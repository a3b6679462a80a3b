"""``city:data/shared``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from componentize_py_types import Err
from wit_world.imports import city_data_shared_1_1_0 as wit

from .. import codec
from .. import shared as sdk
from .._query import RawBound
from ..shared import Job, Page, Query, Released, Source


def error(error: wit.Error) -> sdk.SharedError:
    """The SDK's error for one of the contract."""
    match error:
        case wit.Error_UnknownDataset():
            return sdk.UnknownDataset(error.value)
        case wit.Error_NotGranted():
            return sdk.NotGranted(error.value)
        case wit.Error_Expired():
            return sdk.Expired(error.value)
        case wit.Error_Revoked():
            return sdk.Revoked(error.value)
        case wit.Error_OtherPurpose():
            return sdk.OtherPurpose(error.value)
        case wit.Error_FieldsNotGranted():
            return sdk.FieldsNotGranted(error.value)
        case wit.Error_AccessNotGranted():
            return sdk.AccessNotGranted(error.value)
        case wit.Error_RowNotGranted():
            return sdk.RowNotGranted()
        case wit.Error_NotSignedIn():
            return sdk.NotSignedIn()
        case wit.Error_RoleRequired():
            return sdk.RoleRequired(error.value)
        case wit.Error_ConsentRequired():
            return sdk.ConsentRequired(error.value)
        case wit.Error_NotShared():
            return sdk.NotShared(error.value)
        case wit.Error_NotAuthority():
            return sdk.NotAuthority(error.value)
        case wit.Error_Conflict():
            return sdk.Conflict()
        case wit.Error_NotFound():
            return sdk.NotFound()
        case wit.Error_Invalid():
            return sdk.Invalid(error.value)
        case wit.Error_TooLarge():
            return sdk.TooLarge(error.value)
        case wit.Error_Unavailable():
            return sdk.Unavailable(error.value)
        case wit.Error_Other():
            return sdk.Other(error.value)


@contextmanager
def errors() -> Iterator[None]:
    """Turns errors of the contract into the SDK's."""
    try:
        yield
    except Err as e:
        raise error(e.value) from e


def _bound(bound: RawBound | None) -> wit.Bound | None:
    return wit.Bound(json.dumps(bound.value), bound.inclusive) if bound else None


def _query(q: Query) -> wit.Query:
    equals = [json.dumps(value) for value in q.values]
    filter_ = json.dumps(q.filter) if q.filter else None
    return wit.Query(list(q.index), equals, _bound(q.lower), _bound(q.upper), filter_, q.size, q.cursor)


def _released(r: wit.Released) -> Released:
    try:
        body = codec.parse(r.body)
    except ValueError as e:
        raise sdk.Other(f"the record is no JSON: {e}") from e
    sources = [Source(s.field, s.organization, s.recorded) for s in r.sources]
    return Released(r.reference, r.version, body, r.unrecorded, r.valid_from, r.valid_to, sources)


class Dataset:
    """An open dataset of the host."""

    def __init__(self, raw: wit.Dataset) -> None:
        self._raw = raw

    def fields(self) -> list[str]:
        with errors():
            return self._raw.fields()

    def get(self, key: str, fields: list[str], as_of: str | None) -> Released | None:
        with errors():
            found = self._raw.get(key, fields, as_of)
        return _released(found) if found else None

    def me(self, fields: list[str]) -> Released | None:
        with errors():
            found = self._raw.me(fields)
        return _released(found) if found else None

    def query(self, query: Query, fields: list[str]) -> Page:
        with errors():
            page = self._raw.query(_query(query), fields)
        return Page([_released(r) for r in page.records], page.next)

    def write(self, key: str, body: str, version: int, valid_from: str) -> int:
        with errors():
            return self._raw.write(key, body, version, valid_from)

    def start_job(self, query: Query, fields: list[str]) -> str:
        with errors():
            return self._raw.start_job(_query(query), fields)

    def job(self, id: str) -> Job:
        with errors():
            job = self._raw.job(id)
        return Job(job.id, job.ready, job.records, job.pages, job.failure)

    def job_page(self, id: str, page: int) -> list[Released]:
        with errors():
            return [_released(r) for r in self._raw.job_page(id, page)]


class Host:
    """Fills ``_city.shared``."""

    def open(self, dataset: str, purpose: str) -> Dataset:
        with errors():
            return Dataset(wit.Dataset.open(dataset, purpose))
