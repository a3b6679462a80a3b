//! Who consumes what: messaging asks the list of installations.

use std::sync::Arc;
use yunlong_installations::Installations;
use yunlong_messaging::Subscriptions;
use yunlong_model::{InstallationName, Manifest};

/// The list of installations, as messaging sees it.
pub(crate) struct Registered {
    pub(crate) installations: Arc<Installations>,
    /// Who hears everything: no installation, and in a city nobody.
    pub(crate) listener: Option<InstallationName>,
}

impl Subscriptions for Registered {
    fn manifest(&self, installation: &InstallationName) -> Option<Arc<Manifest>> {
        self.installations.get(installation).map(|i| i.manifest.clone())
    }

    fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        let mut all = self.installations.subscribers(source, topic);
        all.extend(self.listener.clone());
        all
    }
}
