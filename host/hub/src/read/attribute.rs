//! Attributes of the person who is signed in, for an app: released by identity under a consent, and written
//! down here before they leave, so that the person sees them among what was read of their data.

use super::log::actor;
use super::{ReadError, decided_anew};
use crate::{Caller, Denial, Hub};
use yunlong_audit::{AuditError, Entry, Outcome};
use yunlong_identity::AttributeError;
use yunlong_model::Kind;
use yunlong_model::manifest::{Attribute, Scope};

impl Hub {
    /// An attribute of the caller themself, if their consent to one of `scopes` covers it: those of the
    /// manifest that are granted to the installation. It is in the log before this answers, and so is that it
    /// was denied, or is not on record.
    ///
    /// # Errors
    /// [`Denial::NotSignedIn`], also in a call without a person; [`Denial::NotGranted`] when no scope carries
    /// the attribute; [`Denial::Consent`] names the scope that is to be consented to;
    /// [`ReadError::NotFound`] when the person's record holds no such attribute.
    pub async fn attribute(
        &self,
        caller: &Caller,
        scopes: &[Scope],
        attribute: Attribute,
    ) -> Result<String, ReadError> {
        decided_anew!(self.attribute_once(caller, scopes, attribute))
    }

    async fn attribute_once(
        &self,
        caller: &Caller,
        scopes: &[Scope],
        attribute: Attribute,
    ) -> Result<String, ReadError> {
        let identity = &self.inner.identity;
        let Some(account) = caller.account.as_deref().filter(|_| caller.kind != Kind::Service) else {
            return Err(self.deny_attribute(caller, None, attribute, Denial::NotSignedIn).await);
        };
        let scope = |name: &str| scopes.iter().find(|s| s.name == name);
        let attested = match identity.attribute(&caller.installation, scopes, account, attribute).await {
            Ok(attested) => attested,
            Err(AttributeError::ConsentRequired(name)) => {
                let (scope, denial) = (scope(&name), Denial::Consent(name.clone()));
                return Err(self.deny_attribute(caller, scope, attribute, denial).await);
            }
            Err(AttributeError::NotGranted) => {
                let denial = Denial::NotGranted(name(attribute).into());
                return Err(self.deny_attribute(caller, None, attribute, denial).await);
            }
            Err(AttributeError::Identity(e)) => return Err(e.into()),
        };
        let mut entry = entry("data.read", caller, scope(&attested.scope), attribute);
        if attested.value.is_none() {
            entry.detail.push_str("; nothing found");
        }
        match self.inner.audit.record_checked(vec![entry], &[attested.row]).await {
            Err(AuditError::Moved) => {
                identity.look_again(&caller.installation, account);
                return Err(ReadError::Conflict);
            }
            done => done?,
        }
        attested.value.ok_or(ReadError::NotFound)
    }

    async fn deny_attribute(
        &self,
        caller: &Caller,
        scope: Option<&Scope>,
        attribute: Attribute,
        denial: Denial,
    ) -> ReadError {
        let mut entry = entry("data.denied", caller, scope, attribute);
        entry.outcome = Outcome::Denied(denial.code().to_owned());
        match self.write_denial(entry, self.inner.now()).await {
            Ok(()) => denial.into(),
            Err(e) => e.into(),
        }
    }
}

/// An entry about the person themself: no order hides it from them.
fn entry(action: &str, caller: &Caller, scope: Option<&Scope>, attribute: Attribute) -> Entry {
    let how = format!("attribute {}", caller.invocation).trim_end().to_owned();
    Entry {
        organization: Some(caller.organization.clone()),
        installation: Some(caller.installation.clone()),
        about: caller.person.clone(),
        purpose: scope.map(|s| s.name.clone()),
        reason: scope.map(|s| s.reason.clone()),
        basis: scope.map(|_| "consent".to_owned()),
        fields: vec![name(attribute).to_owned()],
        request_id: caller.request_id.clone(),
        detail: how,
        ..Entry::new(action, actor(caller), caller.kind)
    }
}

/// As `app.toml` and the contract write it.
fn name(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::RealName => "real-name",
        Attribute::ResidentId => "resident-id",
        Attribute::Mobile => "mobile",
        Attribute::BirthDate => "birth-date",
    }
}
