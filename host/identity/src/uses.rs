//! Consents to uses of the hub's datasets: one for each purpose, never bundled, covering what the
//! person was shown and nothing else.

use crate::error::IdentityError;
use crate::rights::Standing;
use crate::types::ConsentRecord;
use crate::{Identity, keys};
use yunlong_model::InstallationName;
use yunlong_model::manifest::{Access, DatasetUse};
use yunlong_store::ReadCheck;

/// Whether a consent covers this way of reading these fields: the person was shown the same dataset,
/// purpose and reason, these items and this access. When the app changes one of them it needs a new
/// consent (Personal Information Protection Law of the PRC, article 14).
fn covers<'a>(
    consent: &ConsentRecord,
    of: &DatasetUse,
    access: Access,
    mut fields: impl Iterator<Item = &'a str>,
) -> bool {
    consent.scope == of.purpose
        && consent.dataset.as_deref() == Some(of.dataset.as_str())
        && consent.reason == of.reason
        && consent.rows.as_ref() == Some(&of.rows)
        && consent.access.contains(&access)
        && fields.all(|f| consent.fields.iter().any(|shown| shown == f))
}

fn covers_all(consents: &[Standing], of: &DatasetUse) -> bool {
    let fields = || of.fields.iter().map(String::as_str);
    of.access.iter().all(|access| consents.iter().any(|c| covers(&c.record, of, *access, fields())))
}

impl Identity {
    /// Records that a person consents to a use of a dataset as it stands in the manifest: its items,
    /// what is done with them, and the reason that they were shown. A consent that stands already
    /// stays as it is. It is taken back by [`Identity::withdraw`] with the purpose.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`]; [`IdentityError::Invalid`] for a use that does not rest on
    /// consent: asking for one would promise that it can be refused.
    pub async fn consent_to_use(
        &self,
        account: &str,
        installation: &InstallationName,
        to: &DatasetUse,
    ) -> Result<(), IdentityError> {
        if to.consent().is_none() {
            return Err(IdentityError::invalid(
                "purpose",
                "该用途不以本人同意为依据，无需同意",
                "this use does not rest on consent: there is nothing to consent to",
            ));
        }
        let record = ConsentRecord {
            installation: installation.clone(),
            scope: to.purpose.clone(),
            attributes: Vec::new(),
            dataset: Some(to.dataset.clone()),
            fields: to.fields.clone(),
            access: to.access.clone(),
            rows: Some(to.rows.clone()),
            reason: to.reason.clone(),
            given_at: self.inner.now(),
            withdrawn_at: None,
        };
        let (name, to) = (account.to_owned(), to.clone());
        self.change_rights(installation, account, move |told, txn, installation, existing| {
            if covers_all(existing.consents(), &to) {
                return;
            }
            txn.put_as(keys::consent(&name, installation, &to.purpose), &record);
            let detail = serde_json::json!({
                "scope": to.purpose, "dataset": to.dataset, "fields": to.fields, "access": to.access,
                "reason": to.reason,
            });
            told.of(&name, &name, "consent.given", installation.as_str(), detail.to_string());
        })
        .await?;
        self.remember(installation, &self.subject(installation, account), account).await
    }

    /// Whether a person's consent stands for the whole use as the manifest has it now. Where it does
    /// not, the portal asks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_consented(
        &self,
        account: &str,
        installation: &InstallationName,
        of: &DatasetUse,
    ) -> Result<bool, IdentityError> {
        Ok(covers_all(self.rights(installation, account).await?.consents(), of))
    }

    /// Whether a person's consent stands for one way of reading some fields of the use: what is asked
    /// at each call, so that a consent given to fewer fields goes on covering those. Answers its row, which
    /// the commit that writes the read down checks: a consent that is withdrawn first stops the read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_covers(
        &self,
        account: &str,
        installation: &InstallationName,
        of: &DatasetUse,
        access: Access,
        fields: impl Iterator<Item = &str> + Clone,
    ) -> Result<Option<ReadCheck>, IdentityError> {
        let rights = self.rights(installation, account).await?;
        let covering = rights.consents().iter().find(|c| covers(&c.record, of, access, fields.clone()));
        Ok(covering.map(|c| c.row.clone()))
    }
}
