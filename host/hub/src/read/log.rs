//! What the log says about calls.

use super::call::{Call, Footing, Want};
use super::{Open, ReadError};
use crate::sharing::basis_of;
use crate::{Denial, Grant};
use yunlong_audit::{Entry, Outcome};
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
        self.put_person(&mut entry, Some(about.person), call.footing.now).await?;
        Ok(entry)
    }

    /// Writes down that a call is denied, and answers it. Denials that are the same within a minute share
    /// an entry.
    pub(crate) async fn deny(&self, footing: Option<&Footing>, want: &Want<'_>, denial: Denial) -> ReadError {
        let now = footing.map_or_else(|| self.hub.inner.now(), |f| f.now);
        let mut entry = self.blank("data.denied", footing.and_then(|f| f.grant.as_deref()), want.how);
        entry.fields = want.fields.to_vec();
        entry.target.clone_from(&want.target);
        entry.outcome = Outcome::Denied(denial.code().to_owned());
        if let Err(e) = self.put_person(&mut entry, want.about.clone(), now).await {
            return e;
        }
        let due = self.hub.inner.sharing.denials.meet(entry, now);
        if !due.is_empty()
            && let Err(e) = self.hub.inner.audit.record(due).await
        {
            return e.into();
        }
        denial.into()
    }

    /// As [`Open::deny`], behind a decision.
    pub(crate) async fn deny_call(&self, call: &Call, about: Option<About>, denial: Denial) -> ReadError {
        let fields = call.field_names();
        let (about, target) = about.map_or((None, String::new()), |a| (Some(a.person), a.reference));
        let want = Want { access: call.access, how: call.how, fields: &fields, about, target };
        self.deny(Some(&call.footing), &want, denial).await
    }

    async fn put_person(&self, entry: &mut Entry, person: Option<PersonId>, now: Timestamp) -> Result<(), ReadError> {
        if let Some(person) = &person {
            entry.hidden = self.hub.hidden_by(&self.caller.installation, &self.dataset, person, now).await?;
        }
        entry.about = person;
        Ok(())
    }

    fn blank(&self, action: &str, grant: Option<&Grant>, how: &str) -> Entry {
        let caller = &self.caller;
        let detail = if caller.invocation.is_empty() { how.to_owned() } else { format!("{how} {}", caller.invocation) };
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
        match (&self.caller.account, self.caller.kind) {
            (Some(account), _) => account.clone(),
            (None, yunlong_model::Kind::Service) => format!("service:{}", self.caller.installation),
            (None, _) => "-".to_owned(),
        }
    }
}
