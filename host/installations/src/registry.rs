//! What the registry says of a package, asked within the commit that installs it or gives it charge.
//!
//! Reading and compiling a package takes up to minutes, and who waits for the turn of an installation waits longer:
//! what was admitted before that may be yanked or recalled by now. Asked in the commit, the answer is as old as the
//! commit itself: the rows that it was read from are among what the commit validates.

use crate::InstallationError;
use crate::service::Inner;
use crate::{Installation, Installations, Status};
use async_trait::async_trait;
use std::sync::Arc;
use yunlong_model::Digest;
use yunlong_store::Txn;

/// What is to be done with a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It is new here: installed, upgraded to, tried by a share of the people.
    Install,
    /// It runs here or ran here, and is started or gone back to.
    Run,
}

/// What knows whether a package may be used.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Whether a package may be used so, by what `txn` reads.
    ///
    /// # Errors
    /// [`InstallationError::Withdrawn`] with the reason; [`InstallationError::Store`].
    async fn may(&self, txn: &mut Txn, package: &Digest, wanted: Wanted) -> Result<(), InstallationError>;
}

impl Installations {
    /// Lets a registry be asked from now on. Without one every package may be used: who opens the service alone, as
    /// probes do, answers for the packages.
    pub fn set_registry(&self, registry: Arc<dyn Registry>) {
        *self.inner.registry.write() = Some(registry);
    }
}

impl Inner {
    pub(crate) async fn may(&self, txn: &mut Txn, package: &Digest, wanted: Wanted) -> Result<(), InstallationError> {
        let registry = self.registry.read().clone();
        match registry {
            Some(registry) => registry.may(txn, package, wanted).await,
            None => Ok(()),
        }
    }

    /// Asks about what a changed installation begins to use. What merely goes on is not asked about: a key that was
    /// revoked lets run what runs.
    pub(crate) async fn may_become(
        &self,
        txn: &mut Txn,
        before: &Installation,
        after: &Installation,
    ) -> Result<(), InstallationError> {
        let serves = |i: &Installation| matches!(i.status, Status::Running | Status::Migrating);
        if after.package_digest != before.package_digest {
            // An upgrade begins a trial; whoever goes back has been there.
            let wanted = if after.trial().is_some() { Wanted::Install } else { Wanted::Run };
            self.may(txn, &after.package_digest, wanted).await?;
        } else if serves(after) && !serves(before) {
            self.may(txn, &after.package_digest, Wanted::Run).await?;
        }
        match after.canary().filter(|_| before.canary().is_none()) {
            Some(canary) => self.may(txn, &canary.release.package_digest, Wanted::Install).await,
            None => Ok(()),
        }
    }
}
