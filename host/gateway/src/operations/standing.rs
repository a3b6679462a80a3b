//! Asks the registry whether a package may be used, in the commit of the installation that is to use it.

use async_trait::async_trait;
use yunlong_installations::{InstallationError, Registry, Wanted};
use yunlong_model::Digest;
use yunlong_publications::{PublicationError, Publications, Stage};
use yunlong_store::Txn;

/// The city's registry as installations ask it.
pub(crate) struct Standing(pub(crate) Publications);

#[async_trait]
impl Registry for Standing {
    async fn may(&self, txn: &mut Txn, package: &Digest, wanted: Wanted) -> Result<(), InstallationError> {
        let stage = match wanted {
            Wanted::Install => Stage::Install,
            Wanted::Run => Stage::Load,
        };
        self.0.stands(txn, package, stage).await.map_err(|e| match e {
            PublicationError::Store(e) => e.into(),
            refused => InstallationError::Withdrawn(refused.text()),
        })
    }
}
