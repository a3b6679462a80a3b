//! How far an installation is that somebody waits for: compiling takes up to minutes, and a browser's request does
//! not.

use super::{Install, OperationError, Operations};
use crate::failure::{Failure, Outcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use yunlong_installations::{Installation, InstallationError, RoleDue};
use yunlong_model::{Digest, InstallationName, Timestamp};
use yunlong_store::transact;

/// What did not go as it should is told for this long.
const TOLD_MS: i64 = 3_600_000;

/// How long a browser waits for the answer before it is shown the progress instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// A step of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InstallStep {
    /// The package is read, and its signature and approval are checked.
    Checking,
    /// The component is compiled.
    Compiling,
    /// It is written down and started for the first time.
    Starting,
}

/// How far an installation is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The package.
    pub(crate) package: Digest,
    /// Who installs it.
    pub(crate) by: String,
    /// Since when.
    pub(crate) since: Timestamp,
    /// What is done now.
    pub(crate) step: InstallStep,
    /// Why it did not succeed.
    pub(crate) failure: Option<Failure>,
    /// The roles that could not be assigned: it is installed then.
    pub(crate) unassigned: Vec<Unassigned>,
}

impl Progress {
    /// Whether it goes on.
    pub(crate) fn is_under_way(&self) -> bool {
        self.failure.is_none() && self.unassigned.is_empty()
    }
}

/// A role that could not be assigned, and why.
#[derive(Clone, Debug)]
pub(crate) struct Unassigned {
    pub(crate) assigned: RoleDue,
    pub(crate) why: Failure,
}

/// What was installed.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) installation: Arc<Installation>,
    /// The roles that are to be assigned by hand.
    pub(crate) unassigned: Vec<Unassigned>,
}

/// An installation that goes on by itself.
pub(crate) type Job = JoinHandle<Outcome<Installed>>;

impl Operations {
    /// Installs a package under `name` and assigns its roles, whether or not whoever asked stays to see it.
    /// Accounts and roles were looked at before: what is refused here is on the app's page to be done again.
    ///
    /// # Errors
    /// [`InstallationError::Taken`] while another one of this name is under way.
    pub(crate) fn install_and_assign(
        &self,
        name: &InstallationName,
        wanted: Install,
        roles: Vec<RoleDue>,
    ) -> Result<Job, OperationError> {
        let (me, name) = (self.clone(), name.clone());
        let since = self.services.clock.now();
        let (package, by) = (wanted.package, wanted.by.clone());
        let begun = Progress { package, by, since, step: InstallStep::Checking, failure: None, unassigned: Vec::new() };
        let mut all = self.shared.installing.lock();
        all.retain(|_, p| p.is_under_way() || since.0 - p.since.0 < TOLD_MS);
        if all.get(&name).is_some_and(Progress::is_under_way) {
            return Err(InstallationError::Taken(name).into());
        }
        all.insert(name.clone(), begun);
        drop(all);
        Ok(tokio::spawn(async move {
            let ending = Ending { operations: me.clone(), name: name.clone() };
            match me.install_with_roles(wanted, roles).await.map_err(Failure::from) {
                Ok(installation) => {
                    let unassigned = me.assign_due(&installation).await;
                    ending.note(|p| p.unassigned.clone_from(&unassigned));
                    Ok(Installed { installation, unassigned })
                }
                Err(failure) => {
                    ending.note(|p| p.failure = Some(failure.clone()));
                    Err(failure)
                }
            }
        }))
    }

    /// Assigns the roles that were chosen with an installation, in the name of whoever installed it; answers those
    /// that it could not. A stop in the midst of it is made good at the next start. Each is struck off the list in
    /// the commit that assigns it: one that was taken away meanwhile does not come back.
    pub(super) async fn assign_due(&self, i: &Installation) -> Vec<Unassigned> {
        if i.roles_due.is_empty() {
            return Vec::new();
        }
        let mut unassigned = Vec::new();
        for due in &i.roles_due {
            if let Err(error) = self.assign_one(i, due).await {
                tracing::error!(installation = %i.name, role = due.role, %error, "a role is not assigned");
                unassigned.push(Unassigned { assigned: due.clone(), why: error.into() });
            }
        }
        let installations = &self.services.installations;
        // What was refused is told, and done by hand.
        let seen_to = async {
            installations.look_again(&i.name).await?;
            installations.roles_seen_to(&i.name).await
        };
        if let Err(error) = seen_to.await {
            tracing::error!(installation = %i.name, %error, "what is left of its roles is tried once more at the next start");
        }
        unassigned
    }

    async fn assign_one(&self, i: &Installation, due: &RoleDue) -> Result<(), OperationError> {
        let (identity, installations) = (&self.services.identity, &self.services.installations);
        let RoleDue { account, role } = due;
        self.check_roles(&i.name, account, std::slice::from_ref(role)).await?;
        let done: Result<(), OperationError> = transact!(&self.services.store, |txn| {
            if installations.stage_role_done(txn, &i.name, due).await? {
                identity.stage_role(txn, &i.name, account, role, &i.installed_by).await?;
            }
            Ok(())
        });
        identity.look_again(&i.name, account);
        done
    }

    /// Writes down how far an installation is, if somebody looks at it.
    pub(super) fn at_step(&self, name: &InstallationName, step: InstallStep) {
        if let Some(progress) = self.shared.installing.lock().get_mut(name) {
            progress.step = step;
        }
    }

    /// How far an installation is: `None` when nothing of this name is being installed, or when it is done.
    pub(crate) fn installing(&self, name: &InstallationName) -> Option<Progress> {
        self.shared.installing.lock().get(name).cloned()
    }
}

/// Whatever becomes of an installation, it is under way no longer.
struct Ending {
    operations: Operations,
    name: InstallationName,
}

impl Ending {
    fn note(&self, what: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self.operations.shared.installing.lock().get_mut(&self.name) {
            what(progress);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let mut all = self.operations.shared.installing.lock();
        if all.get(&self.name).is_some_and(Progress::is_under_way) {
            all.remove(&self.name);
        }
    }
}
