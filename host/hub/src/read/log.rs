//! What the log says about calls.

use super::call::{Call, Footing, Ground, Want};
use super::denials::Met;
use super::{Open, ReadError};
use crate::sharing::basis_of;
use crate::{Caller, Denial, Grant, Hub};
use yunlong_audit::{AuditError, Entry, Outcome};
use yunlong_model::{PersonId, Timestamp};

/// What a call found out about one person.
#[derive(Clone)]
pub(crate) struct About {
    pub(crate) person: PersonId,
    pub(crate) reference: String,
}

impl Open {
    /// The entry of a read that is about to be answered, or of a write.
    pub(crate) async fn entry(&self, call: &Call, action: &str, about: About) -> Result<Entry, ReadError> {
        let mut entry = self.blank(action, call.grant(), call.how);
        entry.fields = call.field_names();
        entry.target = about.reference;
        entry.reason = call.footing.declared().map(|d| d.reason.clone());
        self.put_person(&mut entry, Some(about.person), call.footing.now).await?;
        Ok(entry)
    }

    /// Writes down what is about to be answered, if what the call rests on is still as it was when it was
    /// decided. Where nothing is written, since it is about nobody, the grant is looked at once more.
    ///
    /// # Errors
    /// [`ReadError::Conflict`] when it is not: the call is to be decided anew.
    pub(crate) async fn write_down(&self, call: &Call, entries: Vec<Entry>) -> Result<(), ReadError> {
        let (ground, installation) = (call.ground(), &self.caller.installation);
        if entries.is_empty() {
            let now = self.hub.grants_of(installation).await?.row(installation, &self.dataset, &self.purpose);
            return if ground.rows.contains(&now) { Ok(()) } else { Err(ReadError::Conflict) };
        }
        match self.hub.inner.audit.record_checked(entries, &ground.rows).await {
            Err(AuditError::Moved) => {
                self.look_again(&ground);
                Err(ReadError::Conflict)
            }
            done => Ok(done?),
        }
    }

    /// Forgets what is kept in memory of a grant and of consents that have changed: whoever changes them
    /// does the same behind the commit, which may be later than now.
    pub(crate) fn look_again(&self, ground: &Ground) {
        let installation = &self.caller.installation;
        self.hub.inner.sharing.grants.changed(installation);
        for account in &ground.accounts {
            self.hub.inner.identity.look_again(installation, account);
        }
    }

    /// Writes down that a call is denied, and answers it. Denials that are the same within a minute share
    /// an entry.
    pub(crate) async fn deny(&self, footing: Option<&Footing>, want: &Want<'_>, denial: Denial) -> ReadError {
        let now = footing.map_or_else(|| self.hub.inner.now(), |f| f.now);
        let mut entry = self.blank("data.denied", footing.and_then(|f| f.grant.as_deref()), want.how);
        entry.fields = want.fields.to_vec();
        entry.target.clone_from(&want.target);
        entry.outcome = Outcome::Denied(denial.code().to_owned());
        entry.reason = footing.and_then(|f| f.written()).map(|d| d.reason.clone());
        if let Err(e) = self.put_person(&mut entry, want.about.clone(), now).await {
            return e;
        }
        match self.hub.write_denial(entry, now).await {
            Ok(()) => denial.into(),
            Err(e) => e.into(),
        }
    }

    /// As [`Open::deny`], behind a decision.
    pub(crate) async fn deny_call(&self, call: &Call, about: Option<About>, denial: Denial) -> ReadError {
        let fields = call.field_names();
        let (about, target) = about.map_or((None, String::new()), |a| (Some(a.person), a.reference));
        let want = Want { access: call.access, how: call.how, fields: &fields, about, target };
        self.deny(Some(&call.footing), &want, denial).await
    }

    async fn put_person(&self, entry: &mut Entry, person: Option<PersonId>, now: Timestamp) -> Result<(), ReadError> {
        // An order keeps reads from the person, never what they do themself: they know of it, and would see
        // by its absence that there is an order.
        let others = person.as_ref().filter(|p| self.caller.person.as_ref() != Some(*p));
        if let Some(person) = others {
            entry.hidden = self.hub.hidden_by(&self.caller.installation, &self.dataset, person, now).await?;
        }
        entry.about = person;
        Ok(())
    }

    fn blank(&self, action: &str, grant: Option<&Grant>, how: &str) -> Entry {
        let caller = &self.caller;
        let mut detail =
            if caller.invocation.is_empty() { how.to_owned() } else { format!("{how} {}", caller.invocation) };
        // The entry's organization is the one that uses the app.
        if let Some(office) = caller.office.as_ref().filter(|_| !self.is_of_department()) {
            detail.push_str(&format!(" by an official of {office}"));
        }
        Entry {
            organization: Some(caller.organization.clone()),
            installation: Some(caller.installation.clone()),
            dataset: Some(self.dataset.clone()),
            purpose: Some(self.purpose.clone()),
            basis: grant.map(|g| basis_of(&g.terms)),
            request_id: caller.request_id.clone(),
            detail,
            ..Entry::new(action, self.actor(), caller.kind)
        }
    }

    /// Who acts, as the log names them.
    pub(crate) fn actor(&self) -> String {
        actor(&self.caller)
    }
}

pub(super) fn actor(caller: &Caller) -> String {
    match (&caller.account, caller.kind) {
        (Some(account), _) => account.clone(),
        (None, yunlong_model::Kind::Service) => format!("service:{}", caller.installation),
        (None, _) => "-".to_owned(),
    }
}

impl Hub {
    /// Writes a denial down, or counts it with one that is the same; answers when an entry of it is on
    /// stable storage.
    pub(crate) async fn write_denial(&self, entry: Entry, now: Timestamp) -> Result<(), AuditError> {
        loop {
            match self.inner.sharing.denials.meet(entry.clone(), now) {
                Met::First(first) => {
                    self.inner.audit.record(first.due.clone()).await?;
                    first.settle();
                    return Ok(());
                }
                Met::Repeated(first) => {
                    if first.written().await {
                        return Ok(());
                    }
                    // Not written after all: whoever was the first has failed, or is gone.
                }
            }
        }
    }
}
