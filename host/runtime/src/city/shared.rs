//! `city:data/shared`: the datasets of the city's information hub.

use super::bindings::city::data::shared::{self as wit, Error, HostDataset};
use crate::Services;
use crate::interceptor::{Interceptor, Interface};
use crate::state::{Invocation, State};
use serde_json::{Map, Value};
use std::sync::Arc;
use wasmtime::component::Resource;
use yunlong_formats::Date;
use yunlong_hub::{Bound, Caller, Denial, FieldSource, Hub, Open, Query, ReadError, Released, access_name};
use yunlong_installations::Capability;

/// What stands behind the WIT resource `dataset`.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Dataset {
    /// `None` where calls are played from a journal: nothing is asked of it then.
    open: Option<Arc<Open>>,
    /// The permission that it was opened under.
    permission: Capability,
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        let text = denial.to_string();
        match denial {
            Denial::UnknownDataset(_) => Self::UnknownDataset(text),
            Denial::TakenBack => Self::NotGranted(text),
            Denial::NotGranted(why) => Self::NotGranted(why),
            Denial::Expired(at) => Self::Expired(at.to_rfc3339()),
            Denial::Revoked(at) => Self::Revoked(at.to_rfc3339()),
            Denial::OtherPurpose(purposes) => Self::OtherPurpose(purposes),
            Denial::Fields(fields) => Self::FieldsNotGranted(fields),
            Denial::Access(granted) => {
                Self::AccessNotGranted(granted.into_iter().map(|a| access_name(a).to_owned()).collect())
            }
            Denial::Row => Self::RowNotGranted,
            Denial::NotSignedIn => Self::NotSignedIn,
            Denial::Department => Self::NotGranted(text),
            Denial::Role(roles) => Self::RoleRequired(roles),
            Denial::Consent(name) => Self::ConsentRequired(name),
            Denial::NotShared(law) => Self::NotShared(law),
            Denial::NotAuthority(fields) => Self::NotAuthority(fields),
        }
    }
}

impl From<ReadError> for Error {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Denied(denial) => denial.into(),
            ReadError::NotFound => Self::NotFound,
            ReadError::Conflict => Self::Conflict,
            ReadError::Invalid(why) => Self::Invalid(why),
            ReadError::TooLarge(why) => Self::TooLarge(why),
            ReadError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<Released> for wit::Released {
    fn from(r: Released) -> Self {
        let source =
            |s: FieldSource| wit::Source { field: s.field, organization: s.organization, recorded: s.recorded };
        Self {
            reference: r.reference,
            version: r.version,
            body: Value::Object(r.body).to_string(),
            unrecorded: r.unrecorded,
            valid_from: r.valid_from,
            valid_to: r.valid_to,
            sources: r.sources.into_iter().map(source).collect(),
        }
    }
}

fn object(json: &str, what: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(json).map_err(|e| Error::Invalid(format!("{what} is no JSON object: {e}")))
}

fn date(text: &str) -> Result<Date, Error> {
    text.parse().map_err(|_| Error::Invalid(format!("`{text}` is no day: write it as `2026-05-01`")))
}

fn scalar(json: &str) -> Result<Value, Error> {
    match serde_json::from_str(json) {
        Ok(v @ (Value::Array(_) | Value::Object(_))) => {
            Err(Error::Invalid(format!("a query compares with JSON scalars, not with `{v}`")))
        }
        Ok(v) => Ok(v),
        Err(e) => Err(Error::Invalid(format!("a value of the query is not JSON: {e}"))),
    }
}

fn query(q: wit::Query) -> Result<Query, Error> {
    let bound = |b: Option<wit::Bound>| {
        b.map(|b| scalar(&b.value).map(|value| Bound { value, inclusive: b.inclusive })).transpose()
    };
    Ok(Query {
        index: q.index,
        equals: q.equals.iter().map(|v| scalar(v)).collect::<Result<_, Error>>()?,
        lower: bound(q.lower)?,
        upper: bound(q.upper)?,
        filter: q.filter.map_or_else(|| Ok(Map::new()), |f| object(&f, "the filter"))?,
        limit: usize::try_from(q.limit).unwrap_or(usize::MAX),
        cursor: q.cursor,
    })
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Unwraps the inner result, answering its error to the guest.
macro_rules! attempt {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Ok(Err(Error::from(e))),
        }
    };
}

/// Who asks, as the hub decides on it. Whoever acts for somebody else asks as themself.
pub(super) async fn caller(
    services: &Services,
    interceptor: &Interceptor,
    invocation: &Invocation,
) -> Result<Caller, Error> {
    Ok(asker(services, interceptor, invocation).await?)
}

/// The same, with the hub's own error.
pub(super) async fn asker(
    services: &Services,
    interceptor: &Interceptor,
    invocation: &Invocation,
) -> Result<Caller, ReadError> {
    let (name, principal) = (&invocation.installation.name, &invocation.principal);
    services.hub.caller(name, principal, interceptor.kind.name(), &interceptor.request_id).await
}

/// What is told where this release has no permission: what the hub says against it, which is then in the
/// log; and where the hub would allow it, since another release has the permission, that this one has not.
pub(super) async fn refused(hub: &Hub, caller: Caller, permission: &Capability, dataset: &str, purpose: &str) -> Error {
    match hub.open_dataset(caller, dataset, purpose).await {
        Err(e) => e.into(),
        Ok(_) => Error::NotGranted(format!("capability not granted: {permission}")),
    }
}

impl Dataset {
    /// For a call that is played from a journal.
    pub(crate) fn stand_in(dataset: String, purpose: String) -> Self {
        Self { open: None, permission: Capability::Dataset { dataset, purpose } }
    }

    /// What the hub is asked through, while the permission stands.
    fn permitted(&self, interceptor: &Interceptor) -> Result<Arc<Open>, Error> {
        if let Some(open) = &self.open
            && interceptor.granted(|c| *c == self.permission)
        {
            return Ok(open.clone());
        }
        Err(Error::NotGranted(format!("capability not granted: {}", self.permission)))
    }
}

impl State {
    /// Passes the interceptor and checks that the permission still stands.
    fn dataset(&self, this: &Resource<Dataset>, function: &'static str) -> Answer<Arc<Open>> {
        if let Err(why) = self.interceptor.fallible(Interface::Shared, function)? {
            return Ok(Err(Error::Unavailable(why)));
        }
        Ok(self.table.get(this)?.permitted(&self.interceptor))
    }
}

impl wit::Host for State {}

impl HostDataset for State {
    async fn open(&mut self, dataset: String, purpose: String) -> Answer<Resource<Dataset>> {
        if let Err(why) = self.interceptor.fallible(Interface::Shared, "dataset.open")? {
            return Ok(Err(Error::Unavailable(why)));
        }
        let services = &*self.services;
        let caller = attempt!(caller(services, &self.interceptor, &self.invocation).await);
        let permission = Capability::Dataset { dataset: dataset.clone(), purpose: purpose.clone() };
        if !self.interceptor.granted(|c| *c == permission) {
            return Ok(Err(refused(&services.hub, caller, &permission, &dataset, &purpose).await));
        }
        let open = Arc::new(attempt!(services.hub.open_dataset(caller, &dataset, &purpose).await));
        Ok(Ok(self.table.push(Dataset { open: Some(open), permission })?))
    }

    async fn fields(&mut self, this: Resource<Dataset>) -> Answer<Vec<String>> {
        let open = attempt!(self.dataset(&this, "dataset.fields")?);
        Ok(open.fields().await.map_err(Into::into))
    }

    async fn get(
        &mut self,
        this: Resource<Dataset>,
        key: String,
        fields: Vec<String>,
        as_of: Option<String>,
    ) -> Answer<Option<wit::Released>> {
        let open = attempt!(self.dataset(&this, "dataset.get")?);
        let as_of = attempt!(as_of.map(|day| date(&day)).transpose());
        Ok(Ok(attempt!(open.get(&key, &fields, as_of).await).map(Into::into)))
    }

    async fn me(&mut self, this: Resource<Dataset>, fields: Vec<String>) -> Answer<Option<wit::Released>> {
        let open = attempt!(self.dataset(&this, "dataset.me")?);
        Ok(Ok(attempt!(open.me(&fields).await).map(Into::into)))
    }

    async fn query(&mut self, this: Resource<Dataset>, q: wit::Query, fields: Vec<String>) -> Answer<wit::Page> {
        let open = attempt!(self.dataset(&this, "dataset.query")?);
        let page = attempt!(open.query(&attempt!(query(q)), &fields).await);
        Ok(Ok(wit::Page { records: page.records.into_iter().map(Into::into).collect(), next: page.next }))
    }

    async fn write(
        &mut self,
        this: Resource<Dataset>,
        key: String,
        body: String,
        version: u64,
        valid_from: String,
    ) -> Answer<u64> {
        let open = attempt!(self.dataset(&this, "dataset.write")?);
        let body = attempt!(object(&body, "the body"));
        let valid_from = attempt!(date(&valid_from));
        Ok(open.write(&key, body, version, valid_from).await.map_err(Into::into))
    }

    async fn start_job(&mut self, this: Resource<Dataset>, q: wit::Query, fields: Vec<String>) -> Answer<String> {
        let open = attempt!(self.dataset(&this, "dataset.start-job")?);
        Ok(open.start_job(&attempt!(query(q)), &fields).await.map_err(Into::into))
    }

    async fn job(&mut self, this: Resource<Dataset>, id: String) -> Answer<wit::Job> {
        let open = attempt!(self.dataset(&this, "dataset.job")?);
        let job = attempt!(open.job(&id).await);
        let (ready, records, pages) = (job.ready, job.records, job.pages);
        Ok(Ok(wit::Job { id: job.id, ready, records, pages, failure: job.failure }))
    }

    async fn job_page(&mut self, this: Resource<Dataset>, id: String, page: u32) -> Answer<Vec<wit::Released>> {
        let open = attempt!(self.dataset(&this, "dataset.job-page")?);
        Ok(Ok(attempt!(open.job_page(&id, page).await).into_iter().map(Into::into).collect()))
    }

    async fn drop(&mut self, this: Resource<Dataset>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
