//! One call: what it may do.

use super::{Open, ReadError};
use crate::access::{Ask, decide, standing};
use crate::records::Records;
use crate::{Access, Allowed, Dataset, Denial, Grant, LegalBasis, Mask, Rows};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::sync::Arc;
use yunlong_formats::Date;
use yunlong_installations::{Capability, Installation};
use yunlong_model::manifest::DatasetUse;
use yunlong_model::{PersonId, Timestamp};
use yunlong_store::ReadCheck;

/// What is to be done, as far as it is known before a record is read.
#[derive(Clone, Debug)]
pub(crate) struct Want<'a> {
    pub(crate) access: Access,
    /// What it is called in the log.
    pub(crate) how: &'static str,
    pub(crate) fields: &'a [String],
    /// Whom it is about, where the call says so itself.
    pub(crate) about: Option<PersonId>,
    /// The reference of what it is about.
    pub(crate) target: String,
}

impl<'a> Want<'a> {
    pub(crate) fn new(access: Access, how: &'static str, fields: &'a [String]) -> Self {
        Self { access, how, fields, about: None, target: String::new() }
    }
}

/// What stands behind a call at this moment.
pub(crate) struct Footing {
    pub(crate) records: Records,
    installed: Option<Arc<Installation>>,
    /// Which of the manifest's uses it is.
    place: usize,
    /// Whether the department that installed the app lets it; it can take that back at any time.
    permitted: bool,
    pub(crate) grant: Option<Arc<Grant>>,
    /// Its row, as it was when it was read.
    grant_row: ReadCheck,
    other_purposes: Vec<String>,
    pub(crate) now: Timestamp,
}

impl Footing {
    /// The use that the app declares and its department lets it.
    pub(crate) fn declared(&self) -> Option<&DatasetUse> {
        self.written().filter(|_| self.permitted)
    }

    /// The use as it stands in the manifest, whether its department lets it or not.
    pub(crate) fn written(&self) -> Option<&DatasetUse> {
        self.installed.as_ref()?.manifest.datasets.get(self.place)
    }
}

/// A call that is allowed.
pub(crate) struct Call {
    pub(crate) footing: Footing,
    pub(crate) allowed: Allowed,
    pub(crate) access: Access,
    /// What it is called in the log.
    pub(crate) how: &'static str,
    pub(crate) today: Date,
    ground: Mutex<Ground>,
}

/// What a call rests on: rows that must still be as they were when it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) rows: Vec<ReadCheck>,
    /// The accounts whose consents are among them.
    pub(crate) accounts: Vec<String>,
}

/// A consent that was asked for.
pub(crate) enum Consent {
    /// The call does not rest on one.
    NotNeeded,
    /// It stands: the account that gave it, and its row.
    Given(String, ReadCheck),
    /// There is none that covers the call.
    Missing,
}

impl Call {
    fn new(footing: Footing, allowed: Allowed, want: &Want<'_>) -> Self {
        let today = crate::days::day(footing.now);
        let ground = Mutex::new(Ground { rows: vec![footing.grant_row.clone()], accounts: Vec::new() });
        Self { footing, allowed, access: want.access, how: want.how, today, ground }
    }

    /// What it rests on so far: the grant, and the consents that were asked for.
    pub(crate) fn ground(&self) -> Ground {
        self.ground.lock().clone()
    }

    pub(crate) fn records(&self) -> &Records {
        &self.footing.records
    }

    pub(crate) fn dataset(&self) -> &Arc<Dataset> {
        self.footing.records.dataset()
    }

    pub(crate) fn grant(&self) -> Option<&Grant> {
        self.footing.grant.as_deref()
    }

    /// The mask of an item that is granted and declared.
    pub(crate) fn granted(&self, item: &str) -> Option<Mask> {
        let mask = self.grant()?.terms.fields.get(item)?;
        self.footing.declared()?.fields.iter().any(|f| f == item).then_some(*mask)
    }

    /// Whether records may be found by this item: it is granted, declared, and not masked. A masked value
    /// that can be searched for is one that can be guessed.
    pub(crate) fn is_searchable(&self, item: &str) -> bool {
        self.granted(item) == Some(Mask::Plain)
    }

    /// The names of the fields that are released, in the catalogue's order.
    pub(crate) fn field_names(&self) -> Vec<String> {
        let items = self.dataset().items.iter();
        items.filter(|i| self.allowed.fields.contains_key(&i.name)).map(|i| i.name.clone()).collect()
    }

    /// Whether the record is among the rows.
    pub(crate) fn is_in(&self, person: Option<&PersonId>, body: &Map<String, Value>) -> bool {
        self.allowed.row(self.dataset(), person, body).is_ok()
    }

    /// The name of the consent that the call rests on.
    pub(crate) fn consent_name(&self) -> Option<&str> {
        self.footing.declared().filter(|_| self.allowed.basis == LegalBasis::Consent)?.consent()
    }
}

impl Open {
    /// The person whom a key names, in a dataset whose key is their resident ID.
    pub(crate) fn person_of_key(&self, dataset: &Dataset, key: &str) -> Option<PersonId> {
        (dataset.person.as_ref() == Some(&dataset.key)).then(|| self.hub.inner.person(key))
    }

    /// What the installation sees instead of a record's key.
    pub(crate) fn reference(&self, dataset: &Dataset, key: &str) -> String {
        if dataset.is_personal() {
            self.hub.inner.identity.reference(&self.caller.installation, &dataset.id, key)
        } else {
            key.to_owned()
        }
    }

    /// Whether the use is declared and a grant for it stands.
    pub(crate) async fn standing(&self) -> Result<(), ReadError> {
        let mut want = Want::new(Access::Get, "open", &[]);
        let footing = self.footing(&want).await?;
        // Where nobody's record but the caller's own would be read, they are whom a denial is about.
        if footing.declared().is_some_and(|d| d.rows == Rows::Own) {
            want.about.clone_from(&self.caller.person);
        }
        match standing(&self.ask(&footing, &want)) {
            Ok(_) => Ok(()),
            Err(denial) => Err(self.deny(Some(&footing), &want, denial).await),
        }
    }

    /// Decides what does not depend on a record.
    pub(crate) async fn begin(&self, want: &Want<'_>) -> Result<Call, ReadError> {
        let footing = self.footing(want).await?;
        match decide(&self.ask(&footing, want)) {
            Ok(allowed) => Ok(Call::new(footing, allowed, want)),
            Err(denial) => Err(self.deny(Some(&footing), want, denial).await),
        }
    }

    /// As [`Open::begin`]; the caller decides what becomes of a denial.
    pub(crate) async fn begin_quietly(&self, want: &Want<'_>) -> Result<Result<Call, Denial>, ReadError> {
        let footing = self.footing(want).await?;
        let decided = decide(&self.ask(&footing, want));
        Ok(decided.map(|allowed| Call::new(footing, allowed, want)))
    }

    fn ask<'a>(&'a self, footing: &'a Footing, want: &'a Want<'_>) -> Ask<'a> {
        Ask {
            caller: &self.caller,
            dataset: footing.records.dataset(),
            purpose: &self.purpose,
            declared: footing.declared(),
            taken_back: footing.written().is_some() && !footing.permitted,
            grant: footing.grant.as_deref(),
            other_purposes: &footing.other_purposes,
            of_department: self.is_of_department(),
            access: want.access,
            fields: want.fields,
            now: footing.now,
        }
    }

    /// Whether the official who calls is of the organization that installed the app, or of one below it.
    pub(crate) fn is_of_department(&self) -> bool {
        let office = self.caller.office.as_deref();
        office.is_some_and(|office| self.hub.inner.identity.is_within(office, &self.caller.organization))
    }

    async fn footing(&self, want: &Want<'_>) -> Result<Footing, ReadError> {
        let published = self.hub.dataset(&self.dataset).and_then(|_| self.hub.records(&self.dataset).ok());
        let Some(records) = published else {
            return Err(self.deny(None, want, Denial::UnknownDataset(self.dataset.clone())).await);
        };
        let (now, grants) = (self.hub.inner.now(), self.hub.grants_of(&self.caller.installation).await?);
        let grant = grants.of(&self.dataset, &self.purpose).cloned();
        let grant_row = grants.row(&self.caller.installation, &self.dataset, &self.purpose);
        let other_purposes = match &grant {
            Some(_) => Vec::new(),
            None => grants.other_purposes(&self.dataset, &self.purpose, now),
        };
        let (installed, place, permitted) = match self.declared() {
            Some((installed, place, permitted)) => (Some(installed), place, permitted),
            None => (None, 0, false),
        };
        Ok(Footing { records, installed, place, permitted, grant, grant_row, other_purposes, now })
    }

    /// The release that declares this use, and whether its department lets it: the one in charge or one
    /// beside it, first one that may.
    fn declared(&self) -> Option<(Arc<Installation>, usize, bool)> {
        let (installations, name) = (&self.hub.inner.installations, &self.caller.installation);
        let capability = Capability::Dataset { dataset: self.dataset.clone(), purpose: self.purpose.clone() };
        let place = |i: Arc<Installation>| {
            let uses = &i.manifest.datasets;
            let place = uses.iter().position(|u| u.dataset == self.dataset && u.purpose == self.purpose)?;
            let permitted = i.is_granted(&capability);
            Some((i, place, permitted))
        };
        let (first, other) = (installations.get(name).and_then(place), installations.get_other(name).and_then(place));
        let permitted = |found: &Option<(Arc<Installation>, usize, bool)>| found.as_ref().is_some_and(|(_, _, p)| *p);
        if permitted(&first) || !permitted(&other) { first.or(other) } else { other }
    }

    /// Whether the person has consented to what the call does, where it rests on consent. The call then
    /// rests on that, too.
    pub(crate) async fn is_consented(&self, call: &Call, person: Option<&PersonId>) -> Result<bool, ReadError> {
        match self.consent(call, person).await? {
            Consent::NotNeeded => Ok(true),
            Consent::Missing => Ok(false),
            Consent::Given(account, row) => {
                let mut ground = call.ground.lock();
                ground.rows.push(row);
                ground.accounts.push(account);
                Ok(true)
            }
        }
    }

    pub(crate) async fn consent(&self, call: &Call, person: Option<&PersonId>) -> Result<Consent, ReadError> {
        let Some(declared) = call.footing.declared().filter(|_| call.consent_name().is_some()) else {
            return Ok(Consent::NotNeeded);
        };
        let Some(person) = person else { return Ok(Consent::Missing) };
        let identity = &self.hub.inner.identity;
        let account = match &self.caller.person {
            Some(own) if own == person => self.caller.account.clone(),
            _ => identity.account_of_person(person).await?,
        };
        // Whoever has no account has not consented to anything.
        let Some(account) = account else { return Ok(Consent::Missing) };
        let fields = call.allowed.fields.keys().map(String::as_str);
        let row = identity.use_covers(&account, &self.caller.installation, declared, call.access, fields).await?;
        Ok(row.map_or(Consent::Missing, |row| Consent::Given(account, row)))
    }
}
