//! What installations ask of the information hub: at installing and upgrading, and when they go.

use super::{OperationError, Operations, invalid};
use yunlong_hub::{Actor, Sensitivity};
use yunlong_identity::PlatformRole;
use yunlong_model::{InstallationName, Manifest};

impl Operations {
    /// Refuses an app that asks for a sensitive item together with others under one consent: consent to it is
    /// separate (PIPL, article 29). Which items are sensitive the catalogue says, so this is looked at where a
    /// package comes in and again where it is installed; of a dataset that is not there yet nothing is known.
    pub(super) fn never_bundled(&self, manifest: &Manifest) -> Result<(), OperationError> {
        for (i, u) in manifest.datasets.iter().enumerate().filter(|(_, u)| u.consent().is_some() && u.fields.len() > 1)
        {
            let Some(entry) = self.services.hub.catalogue_entry(&u.dataset) else { continue };
            let is_sensitive =
                |f: &&String| entry.dataset.item(f).is_some_and(|item| item.sensitivity == Sensitivity::Sensitive);
            if let Some(item) = u.fields.iter().find(is_sensitive) {
                return Err(invalid(
                    &format!("datasets[{i}].fields"),
                    format!("“{item}”属于敏感个人信息，须单独同意：请把这项用途拆开，让它自成一项"),
                    format!(
                        "`{item}` is sensitive, and consent to it is separate: split the use, so that it stands alone in one of its own"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Asks for the datasets that the release in charge declares, where that was not done yet. An
    /// installation serves without them, each read being refused until its provider has decided; so
    /// what fails here is on the app's page, where it can be asked for again, and undoes nothing.
    pub(super) async fn ask_for_datasets(&self, name: &InstallationName, by: &str) {
        let actor = self.actor_of(by).await;
        match self.services.hub.ask_all(name, &actor).await {
            Ok(requests) if requests.is_empty() => {}
            Ok(requests) => tracing::info!(installation = %name, requests = requests.len(), by, "datasets asked for"),
            Err(error) => {
                tracing::error!(installation = %name, %error, "the datasets of an app could not be asked for")
            }
        }
    }

    /// An account as the hub knows who acts; the platform, when it is none.
    pub(super) async fn actor_of(&self, account: &str) -> Actor {
        match self.services.identity.account(account).await {
            Ok(Some(found)) => Actor {
                account: found.name.clone(),
                kind: found.kind.principal(),
                system_admin: found.platform_roles.contains(&PlatformRole::SystemAdmin),
                security_admin: found.platform_roles.contains(&PlatformRole::SecurityAdmin),
                audit_admin: found.platform_roles.contains(&PlatformRole::AuditAdmin),
                organization: found.organization,
                request_id: String::new(),
            },
            _ => Actor::platform(),
        }
    }
}
