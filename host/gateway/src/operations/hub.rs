//! What installations ask of the information hub: at installing and upgrading, and when they go.

use super::{OperationError, Operations, invalid};
use async_trait::async_trait;
use serde_json::json;
use yunlong_hub::{Actor, Hub, Sensitivity};
use yunlong_identity::PlatformRole;
use yunlong_model::{InstallationName, Manifest, Text};
use yunlong_publications::checks::{Measured, Outcome, Probe, ProbeError, ProbeKind};
use yunlong_registry::Package;

impl Operations {
    /// Refuses an app that asks for a sensitive item together with others under one consent. The review looks
    /// at it too ([`crate::SeparateConsent`]); the catalogue may have changed since.
    pub(super) fn never_bundled(&self, manifest: &Manifest) -> Result<(), OperationError> {
        match bundled(&self.services.hub, manifest) {
            Some((field, why)) => Err(invalid(&field, why.zh, why.en)),
            None => Ok(()),
        }
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

/// The review's look at what a package asks of personal data, with the city's catalogue.
pub struct SeparateConsent(Hub);

impl SeparateConsent {
    /// Over this hub's catalogue.
    #[must_use]
    pub fn new(hub: Hub) -> Self {
        Self(hub)
    }
}

#[async_trait]
impl Probe for SeparateConsent {
    fn kind(&self) -> ProbeKind {
        ProbeKind::SeparateConsent
    }

    async fn run(&self, package: &Package) -> Result<Measured, ProbeError> {
        Ok(match bundled(&self.0, &package.manifest) {
            Some((field, text)) => {
                let data = json!({ "field": field });
                let text = Text { zh: format!("{field}：{}", text.zh), en: format!("{field}: {}", text.en) };
                Measured { outcome: Outcome::Fail, text, data }
            }
            None => Measured {
                outcome: Outcome::Pass,
                text: Text {
                    zh: "没有把敏感个人信息与其他项目捆绑在同一份同意里".into(),
                    en: "no sensitive item is bundled with others under one consent".into(),
                },
                data: json!({}),
            },
        })
    }
}

/// The field of a manifest that asks for a sensitive item together with others under one consent, and why it may
/// not: consent to it is separate (PIPL, article 29). Which items are sensitive the catalogue says; of a dataset
/// that is not there nothing is known.
pub(crate) fn bundled(hub: &Hub, manifest: &Manifest) -> Option<(String, Text)> {
    for (i, u) in manifest.datasets.iter().enumerate().filter(|(_, u)| u.consent().is_some() && u.fields.len() > 1) {
        let Some(entry) = hub.catalogue_entry(&u.dataset) else { continue };
        let is_sensitive =
            |f: &&String| entry.dataset.item(f).is_some_and(|item| item.sensitivity == Sensitivity::Sensitive);
        if let Some(item) = u.fields.iter().find(is_sensitive) {
            let zh = format!("“{item}”属于敏感个人信息，须单独同意：请把这项用途拆开，让它自成一项");
            let en = format!(
                "`{item}` is sensitive, and consent to it is separate: split the use, so that it stands alone in one of its own"
            );
            return Some((format!("datasets[{i}].fields"), Text { zh, en }));
        }
    }
    None
}
