//! Installing, starting, stopping, removing, and asking after an app's health.

use super::{CALLS_END, Install, InstallStep, OperationError, Operations, PLATFORM, approved, invalid, said};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, New, RoleDue, Status};
use yunlong_model::{Digest, InstallationName, Text};
use yunlong_publications::Stage;
use yunlong_runtime::InvocationError;
use yunlong_store::Txn;

/// An app that takes longer than this to say how it is, is not well.
const HEALTH: Duration = Duration::from_secs(3);

impl Operations {
    /// Installs a published package and starts it. Nothing is left when it is refused.
    ///
    /// # Errors
    /// [`OperationError`] names what is refused.
    pub async fn install(&self, wanted: Install) -> Result<Arc<Installation>, OperationError> {
        self.install_with_roles(wanted, Vec::new()).await
    }

    /// As [`Operations::install`]; the roles are kept with the installation, for [`Operations::assign_due`].
    pub(super) async fn install_with_roles(
        &self,
        wanted: Install,
        roles: Vec<RoleDue>,
    ) -> Result<Arc<Installation>, OperationError> {
        self.detached(|me| async move { me.install_now(wanted, roles).await }).await
    }

    async fn install_now(&self, wanted: Install, roles: Vec<RoleDue>) -> Result<Arc<Installation>, OperationError> {
        let (package, signer) = self.package(wanted.package, Stage::Install, None).await?;
        let manifest = &package.manifest;
        let name = wanted.name.as_deref().map(str::trim).filter(|n| !n.is_empty()).unwrap_or(manifest.name.as_str());
        let name: InstallationName = name.parse().map_err(OperationError::name)?;
        let organization = self.services.identity.organization(&wanted.organization).await?;
        let organization = organization
            .ok_or_else(|| invalid("organization", "没有该代码的组织", "There is no organization with this code"))?;
        let approved = approved(manifest, &wanted.approve)?;
        self.never_bundled(manifest)?;
        // Everything that can be refused without a trace is, before anything is written.
        self.at_step(&name, InstallStep::Compiling);
        self.services.apps.prepare(manifest, package.component.clone()).await?;
        self.at_step(&name, InstallStep::Starting);
        let _turn = self.turn(&name).await;
        let new = New {
            name: name.clone(),
            organization: organization.code,
            organization_name: organization.name,
            package_digest: package.digest,
            signer: signer.key.to_string(),
            manifest: Arc::new(package.manifest),
            grants: approved,
            config: wanted.config,
            by: wanted.by.clone(),
        };
        let installation = self.services.installations.install_with_roles(new, roles).await?;
        let started = match self.first_start(&installation, package.component).await {
            // Asks the registry once more: it took its time, and nothing of it has served anybody yet.
            Ok(()) => self.set_status(&name, Status::Running, &wanted.by).await,
            Err(refused) => Err(refused),
        };
        let running = match started {
            Ok(running) => running,
            Err(refused) => {
                self.services.apps.unload(&name);
                self.services.installations.abandon(&name).await?;
                return Err(refused);
            }
        };
        tracing::info!(installation = %name, digest = %package.digest, by = wanted.by, "installed");
        self.ask_for_datasets(&name, &wanted.by).await;
        Ok(running)
    }

    async fn first_start(&self, installation: &Arc<Installation>, component: Bytes) -> Result<(), OperationError> {
        let name = &installation.name;
        self.services.apps.load(installation, component).await?;
        let mut txn = Txn::new(self.services.store.clone());
        self.services.messaging.schedule_jobs(&mut txn, name, &installation.manifest.jobs).await?;
        self.services.apps.install(name, &mut txn).await?;
        txn.commit().await?;
        Ok(self.healthy(name, None).await?)
    }

    /// Asks a release whether it is well, and waits no longer than a few seconds for the answer.
    pub(super) async fn healthy(
        &self,
        name: &InstallationName,
        package: Option<&Digest>,
    ) -> Result<(), InvocationError> {
        let limit_ms = u64::try_from(HEALTH.as_millis()).unwrap_or(u64::MAX);
        match tokio::time::timeout(HEALTH, self.services.apps.health(name, package)).await {
            Ok(answer) => answer,
            Err(_) => Err(InvocationError::Deadline { limit_ms }),
        }
    }

    /// Asks an installation whether it is well: `Err` with what it says when it is not. Nothing
    /// changes either way.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`].
    pub async fn health(&self, name: &InstallationName) -> Result<Result<(), Text>, OperationError> {
        self.get(name)?;
        Ok(self.healthy(name, None).await.map_err(|e| match e {
            // Its own words.
            InvocationError::Refused(why) => Text { zh: why.clone(), en: why },
            other => said::invocation(&other),
        }))
    }

    /// Loads and starts every installation that should run; one that cannot is marked as failed
    /// with the reason, and the others go on. Called once, before the server listens.
    ///
    /// # Errors
    /// When the list of installations cannot be written.
    pub async fn start_all(&self, mut progress: impl FnMut(&Installation) + Send) -> Result<(), OperationError> {
        for installation in self.services.installations.list() {
            let name = &installation.name;
            if self.services.messaging.is_closed(name).await? {
                tracing::warn!(installation = %name, "its removal was cut short and is finished now");
                self.remove(name, PLATFORM).await?;
                continue;
            }
            // The server was killed between the installation and its roles.
            self.assign_due(&installation).await;
            if matches!(installation.status, Status::Stopped | Status::Recalled) {
                continue;
            }
            progress(&installation);
            if let Err(error) = self.start(&installation.name, PLATFORM).await {
                tracing::error!(installation = %installation.name, %error, "an installation cannot be started");
            }
        }
        let me = self.clone();
        tokio::spawn(async move {
            if let Err(error) = me.finish_erasures().await {
                tracing::error!(%error, "erasures that were cut short are not finished");
            }
        });
        Ok(())
    }

    /// Starts an installation that was stopped or has failed.
    ///
    /// # Errors
    /// [`OperationError`]; the installation is then marked as failed with the reason. One whose new
    /// release is on trial goes back to the one before instead, when that reads all that was written.
    pub async fn start(&self, name: &InstallationName, by: &str) -> Result<Arc<Installation>, OperationError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.detached(|me| async move { me.start_now(&name, &by).await }).await
    }

    async fn start_now(&self, name: &InstallationName, by: &str) -> Result<Arc<Installation>, OperationError> {
        let turn = self.turn(name).await;
        let installation = self.get(name)?;
        if installation.status == Status::Installing {
            // Its first start failed, and then it could not be taken back.
            self.services.installations.abandon(name).await?;
            return Err(OperationError::NoSuchInstallation(name.clone()));
        }
        if self.services.messaging.is_closed(name).await? {
            // Its removal failed halfway: without messages and payments it must not serve again.
            self.remove(name, by).await?;
            return Err(OperationError::NoSuchInstallation(name.clone()));
        }
        if let Err(error) = self.bring_up(&installation, by).await {
            self.services.apps.unload(name);
            if let Some((release, yank)) = self.recalled(&installation.package_digest).await? {
                // It was recalled while nothing ran, or its recall was cut short.
                self.hold(&installation, &release, &yank).await?;
                return Err(error);
            }
            let failed = self.set_status(name, Status::Failed(error.why()), PLATFORM).await?;
            drop(turn);
            if installation.trial().is_some() {
                self.fall_back(name, &error.why()).await?;
            } else if by == PLATFORM {
                // Nobody looks at what a server's start says.
                let title = Text {
                    zh: format!("版本 {} 未能启动，服务已停止", failed.version),
                    en: format!("Version {} cannot be started: the service is down", failed.version),
                };
                self.tell_department(&failed, title, error.text()).await;
            }
            return Err(error);
        }
        tracing::info!(installation = %name, by, "started");
        self.services.messaging.wake(name);
        self.get(name)
    }

    /// Loads the release in charge, and what is beside it, and has it serve or wait for its data.
    async fn bring_up(&self, installation: &Arc<Installation>, by: &str) -> Result<(), OperationError> {
        let name = &installation.name;
        let (package, _) = self.package(installation.package_digest, Stage::Load, None).await?;
        self.services.apps.load(installation, package.component).await?;
        self.healthy(name, None).await?;
        if let Err(error) = self.bring_up_canary(installation).await {
            // Everybody is served by the release in charge, which is well.
            self.abort_now(name, PLATFORM, Some(error.why())).await?;
        }
        // The server was killed while they were built anew, or they could not be.
        if installation.indexes_due || installation.status == Status::Migrating {
            self.build_indexes(installation).await?;
        }
        self.schedule_jobs(installation).await?;
        let holds = self.starts_holding(installation);
        if !holds {
            self.services
                .installations
                .may_write(name, &installation.package_digest, installation.manifest.data.schema)
                .await?;
        }
        self.set_status(name, if holds { Status::Migrating } else { Status::Running }, by).await?;
        self.watch(name);
        self.migrate(name);
        Ok(())
    }

    async fn bring_up_canary(&self, installation: &Installation) -> Result<(), OperationError> {
        let Some(canary) = installation.canary() else { return Ok(()) };
        let (package, _) = self.package(canary.release.package_digest, Stage::Load, None).await?;
        let seen = Arc::new(installation.as_release(&canary.release));
        Ok(self.services.apps.stage(&seen, package.component).await?)
    }

    /// Schedules exactly the jobs of the release in charge.
    pub(super) async fn schedule_jobs(&self, installation: &Installation) -> Result<(), OperationError> {
        let mut txn = Txn::new(self.services.store.clone());
        self.services.messaging.schedule_jobs(&mut txn, &installation.name, &installation.manifest.jobs).await?;
        if !txn.is_empty() {
            txn.commit().await?;
        }
        Ok(())
    }

    /// Stops an installation: it answers no more requests and its messages wait.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`], [`OperationError::Installation`].
    pub async fn stop(&self, name: &InstallationName, by: &str) -> Result<Arc<Installation>, OperationError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.detached(|me| async move { me.stop_now(&name, &by).await }).await
    }

    async fn stop_now(&self, name: &InstallationName, by: &str) -> Result<Arc<Installation>, OperationError> {
        let _turn = self.turn(name).await;
        let stopped = self.set_status(name, Status::Stopped, by).await?;
        tracing::info!(installation = %name, by, "stopped");
        self.services.apps.unload(name);
        Ok(stopped)
    }

    /// Removes an installation and all its data for good; its name stays reserved. Calls that are
    /// under way are waited for, so that nothing is written behind the removal.
    ///
    /// # Errors
    /// As [`Operations::stop`]; [`OperationError::StillRunning`] when calls do not end: it is stopped
    /// then, and can be removed later.
    pub async fn uninstall(&self, name: &InstallationName, by: &str) -> Result<(), OperationError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.detached(|me| async move { me.uninstall_now(&name, &by).await }).await
    }

    async fn uninstall_now(&self, name: &InstallationName, by: &str) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        self.set_status(name, Status::Stopped, by).await?;
        self.services.apps.unload(name);
        self.ended(name, None).await?;
        self.remove(name, by).await
    }

    /// Removes an installation in which nothing runs. Each step may be done twice: what is cut short
    /// behind the first is finished at the next start.
    async fn remove(&self, name: &InstallationName, by: &str) -> Result<(), OperationError> {
        // From here on nobody can put anything into its queue, payments' callbacks included.
        self.services.messaging.close(name).await?;
        // Nobody pays it any more, and what is on its way goes back when it arrives.
        self.services.payments.close(name).await?;
        // Its grants end before its consents do: nothing is read in between.
        self.services.hub.end_installation(name, &self.actor_of(by).await).await?;
        self.services.identity.forget_installation(name, by).await?;
        self.services.installations.uninstall(name, by).await?;
        self.forget_automatic(name).await?;
        self.forget_files();
        tracing::info!(installation = %name, by, "uninstalled");
        Ok(())
    }

    /// Waits until the calls of an installation have ended, but for those of the release `but`, and
    /// the commits of its deliveries with them.
    pub(super) async fn ended(&self, name: &InstallationName, but: Option<&Digest>) -> Result<(), OperationError> {
        let idle =
            self.services.apps.idle(name, but, CALLS_END).await && self.services.messaging.idle(name, CALLS_END).await;
        if idle { Ok(()) } else { Err(OperationError::StillRunning(name.clone())) }
    }
}
