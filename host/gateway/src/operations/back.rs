//! The way back to a release that ran before.
//!
//! A release takes charge in one commit, and where its indexes are others they are built behind it.
//! When that fails, because data was written that they do not allow, the release that was left takes
//! charge again; when not even that is possible, the installation is marked as failed with the reason.

use super::upgrade::alike;
use super::{OperationError, Operations, PLATFORM, invalid};
use std::sync::Arc;
use yunlong_installations::{Installation, InstallationError, Release, RollBack, Status, Why};
use yunlong_model::InstallationName;
use yunlong_publications::Stage;

/// How often a roll-back is begun anew because the data changed its shape under it: at most one migration begins.
const TRIES: u32 = 3;

/// A roll-back that is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The version to go back to; the one that was left last when absent.
    pub version: Option<semver::Version>,
    /// Whether it is meant although that version does not read all that was written.
    pub accept_unreadable: bool,
    /// Why, where there is something to say.
    pub why: Option<Why>,
    /// The account that decides, or the platform.
    pub by: String,
}

/// What becomes of the indexes when a release takes charge again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexes {
    /// They are built where they are due or the two releases declare others.
    AsDeclared,
    /// They are built in any case.
    Anew,
    /// Nothing has touched them since this release had charge.
    Untouched,
}

/// How a release takes charge again.
#[derive(Clone, Copy)]
pub(super) struct Back<'a> {
    /// What becomes of its indexes.
    pub(super) indexes: Indexes,
    /// Whether the one that is left wrote nothing.
    pub(super) unwritten: bool,
    /// The account that decides, or the platform.
    pub(super) by: &'a str,
    /// Why.
    pub(super) why: Option<&'a Why>,
}

impl Operations {
    /// Goes back to a version that the installation ran. Every acknowledged write stays, and stays
    /// readable; where the older version would not read all of them, nothing is done before a person
    /// has said that it is meant.
    ///
    /// # Errors
    /// [`OperationError::WouldNotRead`], [`OperationError::NeverRan`], [`OperationError::Package`] when
    /// its key was revoked.
    pub async fn roll_back(&self, name: &InstallationName, asked: Asked) -> Result<Arc<Installation>, OperationError> {
        let name = name.clone();
        self.detached(|me| async move {
            let target = me.target(&name, asked.version.as_ref()).await?;
            // Compiled before the turn; almost always it still is.
            let (package, _) = me.package(target.package_digest, Stage::Load, None).await?;
            me.services.apps.prepare(&package.manifest, package.component).await?;
            let _turn = me.turn(&name).await;
            let from = me.get(&name)?.version.clone();
            let back = me.roll_back_now(&name, target, &asked).await?;
            let to = &back.version;
            let title = (format!("已从版本 {from} 退回 {to}"), format!("Rolled back from version {from} to {to}"));
            me.tell(&back, &asked.by, (&title.0, &title.1), asked.why.as_ref()).await;
            Ok(back)
        })
        .await
    }

    async fn target(
        &self,
        name: &InstallationName,
        version: Option<&semver::Version>,
    ) -> Result<Release, OperationError> {
        let now = self.get(name)?;
        if let Some(trial) = now.trial()
            && version.is_none_or(|v| *v == trial.former.version)
        {
            return Ok(trial.former.clone());
        }
        let former = self.services.installations.former(name).await?;
        let others = former.into_iter().filter(|f| f.release.package_digest != now.package_digest);
        let found = match version {
            Some(version) => others.into_iter().find(|f| f.release.version == *version),
            None => others.max_by_key(|f| f.left_at),
        };
        found.map(|f| f.release).ok_or_else(|| OperationError::NeverRan {
            installation: name.clone(),
            version: version.map_or_else(|| "before".to_owned(), ToString::to_string),
        })
    }

    /// Goes back, the turn being taken.
    pub(super) async fn roll_back_now(
        &self,
        name: &InstallationName,
        target: Release,
        asked: &Asked,
    ) -> Result<Arc<Installation>, OperationError> {
        let mut tries = 0;
        loop {
            let refused = match self.roll_back_once(name, target.clone(), asked).await {
                // What it writes changed since it was asked whether the target reads it: it is asked again.
                Err(refused @ OperationError::Installation(InstallationError::Changed(_))) => refused,
                done => return done,
            };
            tries += 1;
            if tries == TRIES {
                return Err(refused);
            }
        }
    }

    async fn roll_back_once(
        &self,
        name: &InstallationName,
        target: Release,
        asked: &Asked,
    ) -> Result<Arc<Installation>, OperationError> {
        let now = self.get(name)?;
        // Somebody else went back to it while this one waited for the turn.
        if target.package_digest == now.package_digest {
            return Err(InstallationError::Runs { installation: name.clone(), version: target.version }.into());
        }
        let schemas = now.data.strange_to(&target.manifest.data);
        if !schemas.is_empty() && !asked.accept_unreadable {
            return Err(OperationError::WouldNotRead { version: target.version, schemas });
        }
        if let Some(canary) = now.canary() {
            let version = canary.release.version.to_string();
            return Err(invalid(
                "version",
                format!("版本 {version} 正在灰度发布，请先中止"),
                format!("Version {version} serves as a canary: abort it first"),
            ));
        }
        let back = Back { indexes: Indexes::AsDeclared, unwritten: false, by: &asked.by, why: asked.why.as_ref() };
        self.put_back(&now, target, back).await
    }

    /// Gives a release that it ran charge again. On an error the one that has charge now has kept it or
    /// got it back; where neither can serve, the installation has failed, and says why.
    pub(super) async fn put_back(
        &self,
        now: &Arc<Installation>,
        target: Release,
        how: Back<'_>,
    ) -> Result<Arc<Installation>, OperationError> {
        let (name, version) = (&now.name, target.version.clone());
        let Err(refused) = self.exchange(now, target, how).await else { return self.get(name) };
        let left = self.get(name)?;
        if left.package_digest == now.package_digest {
            return Err(refused);
        }
        let mut why = Why::CannotServe { version, why: Box::new(refused.why()) };
        // One that waited for its data cannot serve either.
        if matches!(now.status, Status::Running | Status::Stopped) {
            let forward = Back { indexes: Indexes::Anew, unwritten: false, by: PLATFORM, why: Some(&why) };
            match self.exchange(&left, now.release(), forward).await {
                Ok(()) => return Err(refused),
                Err(error) => {
                    let (first, version) = (Box::new(why), now.version.clone());
                    why = Why::NorCan { first, version, why: Box::new(error.why()) };
                }
            }
        }
        self.services.apps.unload(name);
        let failed = self.set_status(name, Status::Failed(why.clone()), PLATFORM).await?;
        self.tell(
            &failed,
            how.by,
            ("应用已停止服务，需要您处理", "It serves no more and needs your decision"),
            Some(&why),
        )
        .await;
        Err(refused)
    }

    async fn exchange(&self, now: &Arc<Installation>, target: Release, how: Back<'_>) -> Result<(), OperationError> {
        let (name, left) = (&now.name, now.package_digest);
        let seen = Arc::new(now.as_release(&target));
        let build = match how.indexes {
            Indexes::AsDeclared => now.indexes_due || !alike(now, &seen),
            Indexes::Anew => true,
            Indexes::Untouched => false,
        };
        // Verified anew: the key that signed it may have been revoked since.
        let (package, _) = self.package(target.package_digest, Stage::Load, None).await?;
        if now.status != Status::Stopped {
            self.services.apps.stage(&seen, package.component).await?;
        }
        let (by, why) = (how.by.to_owned(), how.why.cloned());
        let (from, data, unwritten) = (left, now.data, how.unwritten);
        let back = RollBack { to: target, from, data, hold: build, unwritten, by, why };
        let back = self.services.installations.roll_back(name, back).await?;
        self.services.apps.switch(name, &back.package_digest);
        if build {
            self.ended(name, None).await?;
            self.build_indexes(&back).await?;
            if back.status != Status::Stopped {
                self.set_status(name, Status::Running, PLATFORM).await?;
            }
        }
        self.schedule_jobs(&back).await?;
        self.services.apps.unstage(name, &left);
        self.services.messaging.wake(name);
        self.ask_for_datasets(name, how.by).await;
        tracing::warn!(installation = %name, version = %back.version, by = how.by, why = ?how.why, "rolled back");
        Ok(())
    }
}
