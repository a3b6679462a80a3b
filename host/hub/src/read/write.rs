//! Writing, where the organization is the authority.

use super::call::{Call, Want};
use super::key::consent;
use super::log::About;
use super::release::shows_days;
use super::{ATTEMPTS, Open, ReadError};
use crate::records::refused_day;
use crate::{Access, Authority, Denial, FieldError, Fresh, HubError, Provenance, Record};
use serde_json::{Map, Value};
use yunlong_audit::Entry;
use yunlong_formats::Date;
use yunlong_model::PersonId;
use yunlong_store::transact;

/// With whose records a change was compared.
struct Compared {
    about: Vec<About>,
    /// Whether there was a record.
    found: bool,
}

impl Open {
    /// Writes fields for which the installation's organization is the authority; others stay as they
    /// are. `version` is the version that the change is based on, as a read told it; 0: the record must be new.
    /// Answers the new version.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Conflict`] when the record has changed since; [`ReadError::Invalid`]
    /// says what is wrong with which field. What both tell about a person is in the log first.
    pub async fn write(
        &self,
        key: &str,
        body: Map<String, Value>,
        version: u64,
        valid_from: Date,
    ) -> Result<u64, ReadError> {
        self.check_key(key)?;
        let mut attempt = 0;
        loop {
            match self.write_once(key, &body, version, valid_from).await? {
                Some(written) => return Ok(written),
                // What it rests on has changed before the commit: decided anew.
                None if attempt < ATTEMPTS => attempt += 1,
                None => return Err(ReadError::Unavailable("the grant or the consent changes again and again".into())),
            }
        }
    }

    async fn write_once(
        &self,
        key: &str,
        body: &Map<String, Value>,
        version: u64,
        valid_from: Date,
    ) -> Result<Option<u64>, ReadError> {
        let fields: Vec<String> = body.keys().cloned().collect();
        if fields.is_empty() {
            return Err(ReadError::Invalid("there is nothing to write: the record has no fields".into()));
        }
        let mut want = Want::new(Access::Write, "write", &fields);
        if let Some(dataset) = self.hub.dataset(&self.dataset).filter(|d| d.is_personal()) {
            want.about = self.person_of_key(&dataset, key);
            want.target = self.reference(&dataset, key);
        }
        let call = self.begin(&want).await?;
        if body.get(&call.dataset().key).is_some_and(|k| k.as_str() != Some(key)) {
            return Err(ReadError::Invalid(format!(
                "`{}` is not the key that the record is written by",
                call.dataset().key
            )));
        }
        let id = call.records().id(key);
        let before = call.records().newest(&id).await?;
        let about = self.check_rows(&call, key, before.as_ref(), body).await?;
        let compared = Compared { about: about.clone(), found: before.is_some() };
        // As the installation knows it. The rows were decided on this version, and the commit changes no other.
        if before.as_ref().map_or(0, |b| self.version(&call, b)) != version {
            return self.refuse(&call, compared, ReadError::Conflict).await;
        }
        let fresh = Fresh {
            key: key.to_owned(),
            fields: body.clone(),
            valid_from,
            valid_to: None,
            provenance: self.provenance(&call),
            based_on: Some(before.as_ref().map_or(0, |b| b.version)),
        };
        let mut entries = Vec::new();
        for one in about {
            entries.push(self.entry(&call, "data.written", one).await?);
        }
        match self.commit(&call, &entries, fresh).await {
            Err(e) if e.is_callers() => {
                let why = without_days(&call, before.as_ref(), valid_from, e);
                self.refuse(&call, compared, why.into()).await
            }
            done => Ok(done?),
        }
    }

    /// Answers that nothing is written. Why tells what is on record, or that nothing is, so that it is in the log
    /// first, as a row of a file that is compared with a record is. `None` when what the call rests on is no
    /// longer as it was.
    async fn refuse(&self, call: &Call, compared: Compared, why: ReadError) -> Result<Option<u64>, ReadError> {
        let mut entries = Vec::new();
        for one in compared.about {
            let mut entry = self.entry(call, "data.compared", one).await?;
            if !compared.found {
                entry.detail.push_str("; nothing found");
            }
            entries.push(entry);
        }
        match self.write_down(call, entries).await {
            Ok(()) => Err(why),
            Err(ReadError::Conflict) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The record must be among the rows before the change and after it, and its person must agree where
    /// that is what the use rests on. Answers whom it is about.
    async fn check_rows(
        &self,
        call: &Call,
        key: &str,
        before: Option<&Record>,
        body: &Map<String, Value>,
    ) -> Result<Vec<About>, ReadError> {
        let dataset = call.dataset();
        let mut after = before.map(|r| r.body.clone()).unwrap_or_default();
        after.extend(body.clone());
        after.entry(dataset.key.clone()).or_insert_with(|| Value::from(key));
        let person_of = |body: &Map<String, Value>| {
            let id = dataset.person.as_ref().and_then(|item| body.get(item)).and_then(Value::as_str);
            id.map(|id| self.hub.inner.person(id))
        };
        let mut about: Vec<About> = Vec::new();
        for body in before.map(|r| &r.body).into_iter().chain([&after]) {
            let person: Option<PersonId> = person_of(body);
            let reference = self.reference(dataset, key);
            let one = person.clone().map(|person| About { person, reference });
            if !call.is_in(person.as_ref(), body) {
                return Err(self.deny_call(call, one, Denial::Row).await);
            }
            if !self.is_consented(call, person.as_ref()).await? {
                return Err(self.deny_call(call, one, consent(call)).await);
            }
            about.extend(one.filter(|o| about.iter().all(|a| a.person != o.person)).into_iter().collect::<Vec<_>>());
        }
        Ok(about)
    }

    /// `None` when what the call rests on is no longer as it was.
    async fn commit(&self, call: &Call, entries: &[Entry], fresh: Fresh) -> Result<Option<u64>, HubError> {
        let (hub, by, ground) = (&self.hub, Authority::Of(self.caller.organization.clone()), call.ground());
        let done: Result<Option<u64>, HubError> = transact!(&hub.inner.store, |txn| {
            for row in &ground.rows {
                if txn.get_versioned(&row.key).await?.map(|found| found.version) != row.version {
                    return Ok(None);
                }
            }
            let mut writer = hub.writer(txn, &self.dataset).await?;
            writer.put(txn, &by, fresh.clone()).await?;
            let written = writer.newest(txn, &fresh.key).await?;
            writer.finish(txn);
            for entry in entries {
                hub.inner.audit.stage(txn, entry).await?;
            }
            Ok::<_, HubError>(written.map(|w| self.version(call, &w)))
        });
        let done = done?;
        if done.is_none() {
            self.look_again(&ground);
        }
        Ok(done)
    }

    fn provenance(&self, call: &Call) -> Provenance {
        Provenance {
            organization: self.caller.organization.clone(),
            by: self.actor(),
            through: format!("{} {}", self.caller.installation, self.caller.request_id).trim().to_owned(),
            at: call.footing.now,
        }
    }
}

/// The days of a record are told in a refusal where a read tells them, and nowhere else.
fn without_days(call: &Call, before: Option<&Record>, from: Date, why: HubError) -> HubError {
    let of_days = before.and_then(|record| refused_day(record, from));
    match (why, of_days) {
        (HubError::Record(errors), Some(of_days)) if !shows_days(call) && errors.contains(&of_days) => {
            HubError::Record(vec![FieldError::new(
                "valid_from",
                "该日已有之后的版本，或属于已失效的时段：请给出更晚的日期，或提出疑义核查",
                "a later version stands behind that day, or one that held then has ended: give a later day, or ask for a correction",
            )])
        }
        (why, _) => why,
    }
}
