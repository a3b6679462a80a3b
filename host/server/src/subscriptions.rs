//! Who consumes what: messaging asks the list of installations.

use std::sync::Arc;
use yunlong_installations::Installations;
use yunlong_messaging::Subscriptions;
use yunlong_model::{InstallationName, Manifest};

/// The list of installations, as messaging sees it.
pub(crate) struct Registered(pub(crate) Arc<Installations>);

impl Subscriptions for Registered {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.0.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        self.0.subscribers(source, topic)
    }
}
