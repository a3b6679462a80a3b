//! Pairwise subjects: what an installation sees instead of an account.

use crate::error::IdentityError;
use crate::types::{AccountKind, Session};
use crate::{Identity, detached, keys};
use data_encoding::BASE32_NOPAD;
use yunlong_model::{InstallationName, Principal};
use yunlong_store::transact;
use yunlong_store::txn::from_json;

impl Identity {
    /// The principal that an installation sees of whoever asks.
    ///
    /// The first time that an installation sees a person, the way back from the subject to the
    /// account is stored, so that the installation can reach them ([`Identity::account_of`]).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn principal(
        &self,
        session: Option<&Session>,
        installation: &InstallationName,
    ) -> Result<Principal, IdentityError> {
        let Some(session) = session else { return Ok(Principal::anonymous()) };
        let subject = self.subject(installation, &session.account);
        self.remember(installation, &subject, &session.account).await?;
        let rights = self.rights(installation, &session.account).await?;
        Ok(Principal {
            subject: Some(subject),
            account: Some(session.account.clone()),
            kind: session.kind.principal(),
            assurance: session.assurance(),
            roles: rights.roles.clone(),
            organization: session.organization.clone().filter(|_| session.kind == AccountKind::Official),
            acting_for: self.acting_for(session, installation).await?,
        })
    }

    /// The account behind an installation's subject; `None` for one that the installation has not seen.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_of(
        &self,
        installation: &InstallationName,
        subject: &str,
    ) -> Result<Option<String>, IdentityError> {
        let key = keys::subject(installation, subject);
        Ok(self.inner.store.get(&key).await?.map(|a| from_json(&key, &a.value)).transpose()?)
    }

    /// The pairwise subject: `p-` and the first 160 bits, in base32, of HMAC-SHA-256 under a key
    /// derived from the platform's over installation and account. Without the key nobody can lead
    /// it back, nor compare the subjects of two installations.
    #[must_use]
    pub fn subject(&self, installation: &InstallationName, account: &str) -> String {
        let tag = self.inner.secrets.derive("pairwise-subject", &[installation.as_str(), account]);
        format!("p-{}", BASE32_NOPAD.encode(&tag[..20]).to_ascii_lowercase())
    }

    pub(crate) async fn remember(
        &self,
        installation: &InstallationName,
        subject: &str,
        account: &str,
    ) -> Result<(), IdentityError> {
        if self.inner.subjects.get(subject).is_some() {
            return Ok(());
        }
        let epoch = self.inner.subjects.epoch();
        if self.account_of(installation, subject).await?.is_none() {
            let (me, key, account) = (self.clone(), keys::subject(installation, subject), account.to_owned());
            detached(async move {
                transact!(&me.inner.store, |txn| {
                    txn.put_as(key.clone(), &account);
                    Ok::<_, IdentityError>(())
                })
            })
            .await?;
        }
        self.inner.subjects.insert(epoch, subject.to_owned(), ());
        Ok(())
    }
}
