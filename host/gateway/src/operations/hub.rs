//! What installations ask of the information hub: at installing and upgrading, and when they go.

use super::Operations;
use yunlong_hub::Actor;
use yunlong_identity::PlatformRole;
use yunlong_model::InstallationName;

impl Operations {
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
