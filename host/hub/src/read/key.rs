//! Reading one record: by its key, or the one about whoever asks.

use super::call::{Call, Want};
use super::log::About;
use super::{Open, ReadError, decided_anew};
use crate::{Access, Denial, LegalBasis, Record, Released, validate};
use serde_json::Value;
use std::borrow::Cow;
use yunlong_formats::Date;

/// The longest key, in bytes.
const MAX_KEY: usize = 256;

impl Open {
    /// The fields that the grant gives, in the catalogue's order.
    ///
    /// # Errors
    /// [`ReadError::Denied`] when nothing is granted any more.
    pub async fn fields(&self) -> Result<Vec<String>, ReadError> {
        // Whatever it is granted for, beginning with what is granted most.
        let mut first = None;
        for access in [Access::Get, Access::Query, Access::Bulk, Access::Changes, Access::Write] {
            let want = Want::new(access, "fields", &[]);
            match self.begin_quietly(&want).await? {
                Ok(call) => return Ok(call.field_names()),
                Err(denial @ Denial::Access(_)) => {
                    first.get_or_insert(denial);
                }
                Err(denial) => return Err(self.deny(None, &want, denial).await),
            }
        }
        let denial = first.unwrap_or_else(|| Denial::NotGranted("no access".into()));
        Err(self.deny(None, &Want::new(Access::Get, "fields", &[]), denial).await)
    }

    /// Reads one record by the value of the dataset's key item; `as_of` reads the version that held on
    /// that day. `None` for one that does not exist or no longer holds, where the caller may know that.
    ///
    /// # Errors
    /// [`ReadError`]. Where the rows are limited, a record that does not exist is denied as one outside
    /// of them is.
    pub async fn get(&self, key: &str, fields: &[String], as_of: Option<Date>) -> Result<Option<Released>, ReadError> {
        let key = self.check_key(key)?;
        decided_anew!(self.get_once(&key, fields, as_of))
    }

    /// A key in its normal form. One that no record can have is refused before anything is written about
    /// whoever it might name.
    pub(super) fn check_key<'k>(&self, key: &'k str) -> Result<Cow<'k, str>, ReadError> {
        if key.is_empty() || key.len() > MAX_KEY || key.chars().any(char::is_control) {
            return Err(ReadError::Invalid(format!("a key has 1 to {MAX_KEY} bytes and no control characters")));
        }
        let dataset = self.hub.dataset(&self.dataset);
        let item = dataset.as_ref().and_then(|d| d.item(&d.key));
        match item.map(|item| validate::normal(item, &Value::from(key))) {
            Some(Err(e)) => {
                Err(ReadError::Invalid(format!("no record of `{}` has this key: {}", self.dataset, e.reason.en)))
            }
            Some(Ok(Some(Value::String(normal)))) => Ok(Cow::Owned(normal)),
            _ => Ok(Cow::Borrowed(key)),
        }
    }

    async fn get_once(&self, key: &str, fields: &[String], as_of: Option<Date>) -> Result<Option<Released>, ReadError> {
        let mut want = Want::new(Access::Get, if as_of.is_some() { "get as-of" } else { "get" }, fields);
        if let Some(dataset) = self.hub.dataset(&self.dataset).filter(|d| d.is_personal()) {
            want.about = self.person_of_key(&dataset, key);
            want.target = self.reference(&dataset, key);
        }
        let call = self.begin(&want).await?;
        let known = want.about.map(|person| About { person, reference: want.target });
        self.admit(&call, known.as_ref()).await?;
        let id = call.records().id(key);
        let record = match as_of {
            None => call.records().current(&id).await?,
            Some(day) => call.records().as_of(&id, day).await?,
        };
        match (record, as_of) {
            (Some(record), None) => self.found(&call, known.as_ref(), &record).await.map(Some),
            (Some(record), Some(day)) => {
                let record = self.around(&call, &id, record, day).await?;
                self.found(&call, known.as_ref(), &record).await.map(Some)
            }
            (None, _) => self.nothing(&call, known).await,
        }
    }

    /// A former version of a record about a person: the days of versions tell when fields changed that may
    /// not be granted, so the days are those between which the record was there.
    async fn around(&self, call: &Call, id: &str, record: Record, day: Date) -> Result<Record, ReadError> {
        if !call.dataset().is_personal() {
            return Ok(record);
        }
        let Some((since, valid_to)) = call.records().stretch(id, day).await? else { return Ok(record) };
        Ok(Record { since: Some(since), valid_to, ..record })
    }

    /// Reads the record about the person who asks. `None` when there is none, or the account has no
    /// resident ID.
    ///
    /// # Errors
    /// [`ReadError`]; [`Denial::NotSignedIn`] when no person asks.
    pub async fn me(&self, fields: &[String]) -> Result<Option<Released>, ReadError> {
        decided_anew!(self.me_once(fields))
    }

    async fn me_once(&self, fields: &[String]) -> Result<Option<Released>, ReadError> {
        let mut want = Want::new(Access::Get, "me", fields);
        want.about = self.caller.person.clone();
        let call = self.begin(&want).await?;
        if !call.dataset().is_personal() {
            return Err(ReadError::Invalid(format!(
                "the dataset `{}` is not about persons: read it by its keys",
                self.dataset
            )));
        }
        let Some(person) = self.caller.person.clone() else {
            return Err(self.deny(Some(&call.footing), &want, Denial::NotSignedIn).await);
        };
        let own = About { person, reference: String::new() };
        self.admit(&call, Some(&own)).await?;
        match call.records().about(&own.person).await?.into_iter().next() {
            Some(found) => self.found(&call, Some(&own), &found.record).await.map(Some),
            None => self.nothing(&call, Some(own)).await,
        }
    }

    /// What can be said before anything is read, when it is known whom the record would be about: whether
    /// it would be the caller's own, and whether the person has consented.
    async fn admit(&self, call: &Call, known: Option<&About>) -> Result<(), ReadError> {
        let Some(about) = known else { return Ok(()) };
        let person = &about.person;
        if call.allowed.own_of().is_some_and(|own| own != person) {
            return Err(self.deny_call(call, Some(about.clone()), Denial::Row).await);
        }
        if !self.is_consented(call, Some(person)).await? {
            return Err(self.deny_call(call, Some(about.clone()), consent(call)).await);
        }
        Ok(())
    }

    /// Releases a record that was read, or denies it.
    async fn found(&self, call: &Call, known: Option<&About>, record: &Record) -> Result<Released, ReadError> {
        let person = call.records().person(record);
        let reference = self.reference(call.dataset(), &record.key);
        let about = person.clone().map(|person| About { person, reference: reference.clone() });
        if !call.is_in(person.as_ref(), &record.body) {
            return Err(self.deny_call(call, about, Denial::Row).await);
        }
        if known.is_none() && !self.is_consented(call, person.as_ref()).await? {
            return Err(self.deny_call(call, about, consent(call)).await);
        }
        let released = self.release(call, reference, record);
        let mut entries = Vec::new();
        if let Some(about) = about {
            entries.push(self.entry(call, "data.read", about).await?);
        }
        self.write_down(call, entries).await?;
        Ok(released)
    }

    /// There is no such record. Where one could be there that is kept from the caller, it looks like that.
    async fn nothing(&self, call: &Call, known: Option<About>) -> Result<Option<Released>, ReadError> {
        let kept = call.allowed.is_limited() || call.allowed.own_of().is_some() && known.is_none();
        if kept {
            return Err(self.deny_call(call, known, Denial::Row).await);
        }
        if call.allowed.basis == LegalBasis::Consent && known.is_none() {
            return Err(self.deny_call(call, known, consent(call)).await);
        }
        let mut entries = Vec::new();
        if let Some(about) = known {
            let mut entry = self.entry(call, "data.read", about).await?;
            entry.detail.push_str("; nothing found");
            entries.push(entry);
        }
        self.write_down(call, entries).await?;
        Ok(None)
    }
}

pub(super) fn consent(call: &Call) -> Denial {
    Denial::Consent(call.consent_name().unwrap_or_default().to_owned())
}
