//! From one release to another: at once or by a canary, and back.
//!
//! A newer release is tried beside the one in charge before anything is written. It takes charge in
//! one commit; calls that run end where they began. The one before stands by for the time of the
//! trial, in which the newer one is [watched](super::watch).
//!
//! Whether requests wait follows from what the releases declare: they wait while indexes are built
//! anew, and while data is migrated that the newer release does not read as it is. In both cases the
//! one before has ended all its calls first.

use super::{OperationError, Operations, PLATFORM, approved, invalid};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, InstallationError, Level, Release, RollBack, Status, Switch, Upgrade};
use yunlong_messaging::Notice;
use yunlong_model::{Digest, InstallationName, Text};
use yunlong_store::documents::Schema;

/// How far back the release in charge is looked at before an upgrade: what the newer one is compared with.
const BASELINE: Duration = Duration::from_secs(60);

/// An upgrade that is asked for.
#[derive(Clone, Debug)]
pub struct Upgrading {
    /// The published package.
    pub package: Digest,
    /// The ids of the capabilities that a person approved: exactly what the new release asks for in
    /// addition ([`Operations::difference`]).
    pub approve: Vec<String>,
    /// How many of a hundred people it is to serve at first; everybody when absent.
    pub share: Option<u8>,
    /// The account that decides.
    pub by: String,
}

/// A roll-back that is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The version to go back to; the one that was left last when absent.
    pub version: Option<semver::Version>,
    /// Whether it is meant although that version does not read all that was written.
    pub accept_unreadable: bool,
    /// Why.
    pub why: String,
    /// The account that decides, or the platform.
    pub by: String,
}

/// What has to be done before a release can serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Its indexes are others.
    indexes: bool,
    /// It does not read the data as it is.
    migration: bool,
}

impl Needs {
    fn hold(self) -> bool {
        self.indexes || self.migration
    }

    fn of(now: &Installation, next: &Installation, migrates: bool) -> Result<Self, OperationError> {
        let (schema, data) = (next.manifest.data.schema, now.data);
        if schema < now.manifest.data.schema {
            return Err(invalid(
                "package",
                format!("新版本写入的数据结构（{schema}）比当前版本（{}）旧", now.manifest.data.schema),
                format!(
                    "The new version writes data of schema {schema}, which is older than the present one's ({}): an upgrade never goes back",
                    now.manifest.data.schema
                ),
            ));
        }
        let strange = data.strange_to(&next.manifest.data);
        if !strange.is_empty() && !migrates {
            return Err(invalid(
                "package",
                format!("新版本不能读取现有数据（结构 {}），也不提供迁移", super::list(&strange)),
                format!(
                    "The new version reads no data of schema {}, and exports no city:app/migrations to bring it to schema {schema}: its vendor must add one of them",
                    super::list(&strange)
                ),
            ));
        }
        Ok(Self { indexes: !alike(now, next), migration: !strange.is_empty() })
    }
}

fn alike(a: &Installation, b: &Installation) -> bool {
    Schema::new(&a.name, &a.manifest).indexes_alike(&Schema::new(&b.name, &b.manifest))
}

impl Operations {
    /// Replaces the release that an installation runs by a newer one of the same app, or lets the
    /// newer one serve a share of the people. One that cannot be loaded or is not well changes
    /// nothing: the one in charge goes on.
    ///
    /// # Errors
    /// [`OperationError`] names what is refused.
    pub async fn upgrade(
        &self,
        name: &InstallationName,
        wanted: Upgrading,
    ) -> Result<Arc<Installation>, OperationError> {
        let name = name.clone();
        self.detached(|me| async move { me.upgrade_now(&name, wanted).await }).await
    }

    async fn upgrade_now(
        &self,
        name: &InstallationName,
        wanted: Upgrading,
    ) -> Result<Arc<Installation>, OperationError> {
        self.get(name)?;
        let (package, signer) = self.package(wanted.package).await?;
        let grants = approved(&package.manifest, &wanted.approve)?;
        let migrates = self.services.apps.prepare(&package.manifest, package.component.clone()).await?.migrates;
        let upgrade = Upgrade {
            package_digest: package.digest,
            signer: signer.key.to_string(),
            manifest: Arc::new(package.manifest),
            grants,
            by: wanted.by,
        };
        let _turn = self.turn(name).await;
        let now = self.get(name)?;
        if matches!(now.status, Status::Installing | Status::Migrating) {
            return Err(InstallationError::UnderWay(name.clone()).into());
        }
        let planned = self.services.installations.plan(name, &upgrade).await?;
        let needs = Needs::of(&now, &planned, migrates)?;
        if let Some(share) = wanted.share {
            return self.start_canary(&now, &planned, upgrade, share, needs, package.component).await;
        }
        if now.status != Status::Stopped {
            self.try_out(&planned, package.component, &upgrade.by).await?;
        }
        let switch = self.switch_from(&now, needs);
        let upgraded = self.services.installations.take_charge(name, upgrade, switch).await?;
        self.give_charge(&now, upgraded, needs).await
    }

    /// Loads a release beside the one in charge and asks whether it is well. When it is not, that is
    /// written down and told, and nothing else has changed.
    async fn try_out(&self, planned: &Arc<Installation>, component: Bytes, by: &str) -> Result<(), OperationError> {
        let (name, package) = (&planned.name, &planned.package_digest);
        self.services.apps.stage(planned, component).await?;
        let Err(ill) = self.healthy(name, Some(package)).await else { return Ok(()) };
        self.services.apps.unstage(name, package);
        let why = ill.to_string();
        self.services.installations.refused(planned, by, &why).await?;
        let version = &planned.version;
        self.tell(
            planned,
            by,
            (
                &format!("版本 {version} 未通过健康检查，未启用"),
                &format!("Version {version} is not well and was not taken"),
            ),
            &why,
        )
        .await;
        Err(ill.into())
    }

    fn switch_from(&self, now: &Installation, needs: Needs) -> Switch {
        let lately = self.services.apps.outcomes(&now.name, &now.package_digest, BASELINE);
        let trial = i64::try_from(self.trial.as_millis()).unwrap_or(i64::MAX);
        Switch {
            hold: needs.hold(),
            until: self.services.clock.now().plus_millis(trial),
            total: lately.total,
            errors: lately.errors,
        }
    }

    /// What follows the commit in which a release took charge.
    async fn give_charge(
        &self,
        before: &Arc<Installation>,
        upgraded: Arc<Installation>,
        needs: Needs,
    ) -> Result<Arc<Installation>, OperationError> {
        let name = &upgraded.name;
        tracing::info!(installation = %name, version = %upgraded.version, digest = %upgraded.package_digest, "upgraded");
        let stopped = upgraded.status == Status::Stopped;
        if !stopped {
            self.services.apps.switch(name, &upgraded.package_digest);
        }
        if needs.hold()
            && let Err(refused) = self.make_ready(&upgraded, needs).await
        {
            // Nothing was written by the newer one, so nothing is lost.
            tracing::warn!(installation = %name, error = %refused, "the upgrade is undone");
            if needs.indexes
                && let Err(error) = self.build_indexes(before).await
            {
                tracing::error!(installation = %name, %error, "the indexes of the former release cannot be built");
            }
            self.put_back(&upgraded, before.release(), false, true, PLATFORM, &refused.to_string()).await?;
            return Err(refused);
        }
        self.schedule_jobs(&upgraded).await?;
        if !stopped && !needs.migration {
            self.services.installations.may_write(name, upgraded.manifest.data.schema).await?;
            self.set_status(name, Status::Running, PLATFORM).await?;
        }
        self.services.messaging.wake(name);
        self.watch(name);
        self.migrate(name);
        self.get(name)
    }

    /// Ends the calls of the release before, and builds the indexes of the one in charge.
    async fn make_ready(&self, upgraded: &Arc<Installation>, needs: Needs) -> Result<(), OperationError> {
        self.ended(&upgraded.name, None).await?;
        if needs.indexes { self.build_indexes(upgraded).await } else { Ok(()) }
    }

    /// Builds the indexes of a release anew. Nothing else may write meanwhile.
    pub(super) async fn build_indexes(&self, installation: &Installation) -> Result<(), OperationError> {
        let schema = Schema::new(&installation.name, &installation.manifest);
        schema.rebuild_indexes(&self.services.store).await.map_err(OperationError::Indexes)
    }

    async fn start_canary(
        &self,
        now: &Arc<Installation>,
        planned: &Arc<Installation>,
        upgrade: Upgrade,
        share: u8,
        needs: Needs,
        component: Bytes,
    ) -> Result<Arc<Installation>, OperationError> {
        if !(1..=99).contains(&share) {
            return Err(invalid("share", "比例须为 1 至 99", "The share is a number from 1 to 99"));
        }
        if now.status != Status::Running {
            return Err(invalid(
                "share",
                "应用没有运行，不能灰度发布",
                "It does not run: there is nobody to serve a share of",
            ));
        }
        let next = planned.manifest.data.schema;
        if !now.manifest.data.understands(next) {
            return Err(invalid(
                "share",
                format!("当前版本没有声明能读取新版本的数据结构（{next}），不能灰度发布"),
                format!(
                    "The version in charge ({}) does not declare that it reads schema {next} ([data] reads in app.toml): both would serve people, so a canary is not possible. Upgrade at once instead",
                    now.version
                ),
            ));
        }
        if needs.hold() {
            return Err(invalid(
                "share",
                "新版本的索引不同，或不能读取现有数据，两个版本不能同时运行，不能灰度发布",
                "The new version has other indexes or does not read the data as it is: the two cannot serve side by side, so a canary is not possible. Upgrade at once instead",
            ));
        }
        self.try_out(planned, component, &upgrade.by).await?;
        let started = self.services.installations.start_canary(&now.name, upgrade, share).await?;
        tracing::info!(installation = %now.name, version = %planned.version, share, "a canary serves");
        self.watch(&now.name);
        Ok(started)
    }

    /// Gives the release of a canary charge.
    ///
    /// # Errors
    /// [`OperationError::Installation`] when there is none.
    pub async fn promote(&self, name: &InstallationName, by: &str) -> Result<Arc<Installation>, OperationError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.detached(|me| async move {
            let _turn = me.turn(&name).await;
            let now = me.get(&name)?;
            let switch = me.switch_from(&now, Needs::default());
            let promoted = me.services.installations.promote(&name, switch, &by).await?;
            me.give_charge(&now, promoted, Needs::default()).await
        })
        .await
    }

    /// Ends a canary: the release in charge serves everybody again. It reads what the other wrote.
    ///
    /// # Errors
    /// [`OperationError::Installation`] when there is none.
    pub async fn abort(
        &self,
        name: &InstallationName,
        by: &str,
        why: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        let (name, by, why) = (name.clone(), by.to_owned(), why.to_owned());
        self.detached(|me| async move {
            let _turn = me.turn(&name).await;
            me.abort_now(&name, &by, &why).await
        })
        .await
    }

    pub(super) async fn abort_now(
        &self,
        name: &InstallationName,
        by: &str,
        why: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        let now = self.get(name)?;
        let aborted = self.services.installations.abort_canary(name, by, why).await?;
        if let Some(canary) = now.canary() {
            self.services.apps.unstage(name, &canary.release.package_digest);
        }
        tracing::info!(installation = %name, by, why, "the canary is over");
        Ok(aborted)
    }

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
            let (package, _) = me.package(target.package_digest).await?;
            me.services.apps.prepare(&package.manifest, package.component).await?;
            let _turn = me.turn(&name).await;
            let from = me.get(&name)?.version.clone();
            let back = me.roll_back_now(&name, target, &asked).await?;
            let to = &back.version;
            let title = (format!("已从版本 {from} 退回 {to}"), format!("Rolled back from version {from} to {to}"));
            me.tell(&back, &asked.by, (&title.0, &title.1), &asked.why).await;
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
        let now = self.get(name)?;
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
        self.put_back(&now, target, true, false, &asked.by, &asked.why).await
    }

    /// Gives a release that it ran charge again. `unwritten`: the one that is left wrote nothing.
    pub(super) async fn put_back(
        &self,
        now: &Arc<Installation>,
        target: Release,
        build: bool,
        unwritten: bool,
        by: &str,
        why: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        let (name, left) = (&now.name, now.package_digest);
        let seen = Arc::new(now.as_release(&target));
        let build = build && !alike(now, &seen);
        if now.status != Status::Stopped {
            // Verified anew: the key that signed it may have been revoked since.
            let (package, _) = self.package(target.package_digest).await?;
            self.services.apps.stage(&seen, package.component).await?;
        } else {
            self.package(target.package_digest).await?;
        }
        let back = RollBack { to: target, hold: build, unwritten, by: by.to_owned(), why: why.to_owned() };
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
        tracing::warn!(installation = %name, version = %back.version, by, why, "rolled back");
        self.get(name)
    }

    /// Tells those who look after an installation: in its log, and in the inbox of whoever decided on
    /// the upgrade and whoever installed it.
    pub(super) async fn tell(&self, installation: &Installation, by: &str, title: (&str, &str), why: &str) {
        let name = &installation.name;
        self.services.installations.log().append(name, Level::Error, &format!("{}: {why}", title.1), None);
        let app = &installation.manifest.title;
        let notice = Notice {
            title: Text { zh: format!("{}：{}", app.zh, title.0), en: format!("{}: {}", app.en, title.1) },
            body: Text { zh: why.chars().take(1_000).collect(), en: why.chars().take(1_000).collect() },
            path: None,
        };
        let decided = installation.trial().map(|t| t.by.as_str());
        let mut people = vec![by, &installation.installed_by];
        people.extend(decided);
        people.sort_unstable();
        people.dedup();
        for account in people {
            if let Err(error) = self.note(account, name, notice.clone()).await {
                tracing::warn!(installation = %name, account, %error, "an administrator could not be told");
            }
        }
    }

    async fn note(&self, account: &str, name: &InstallationName, notice: Notice) -> Result<(), OperationError> {
        if self.services.identity.account(account).await?.is_none() {
            return Ok(());
        }
        let mut txn = yunlong_store::Txn::new(self.services.store.clone());
        self.services.messaging.notify(&mut txn, account, name, notice)?;
        txn.commit().await?;
        Ok(())
    }
}
