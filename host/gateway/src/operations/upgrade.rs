//! From one release to another: at once or by a canary, and back.
//!
//! A newer release is tried beside the one in charge before anything is written. It takes charge in
//! one commit; calls that run end where they began. The one before stands by for the time of the
//! trial, in which the newer one is [watched](super::watch).
//!
//! Whether requests wait follows from what the releases declare: they wait while indexes are built
//! anew, and while data is migrated that the newer release does not read as it is. In both cases the
//! one before has ended all its calls first.

use super::back::{Back, Indexes};
use super::watch::stuck;
use super::{OperationError, Operations, PLATFORM, approved, invalid, said};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, InstallationError, Level, Status, Switch, Upgrade, Why};
use yunlong_messaging::Notice;
use yunlong_model::{Digest, InstallationName, Text};
use yunlong_publications::Stage;
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

/// What has to be done before a release can serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Its indexes are others, or documents are to be sealed that were not.
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
        Ok(Self { indexes: now.indexes_due || !alike(now, next), migration: !strange.is_empty() })
    }
}

/// Whether `next` finds the indexes of `now` as it wants them, and its documents sealed.
pub(super) fn alike(now: &Installation, next: &Installation) -> bool {
    let (now, next) = (Schema::new(&now.name, &now.manifest), Schema::new(&next.name, &next.manifest));
    next.indexes_alike(&now) && next.seals_no_more_than(&now)
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
        self.detached(|me| async move { me.upgrade_now(&name, wanted, false).await }).await
    }

    /// As [`Operations::upgrade`], as long as the installation runs (or was recalled) and upgrades by itself when its turn comes:
    /// compiling takes up to minutes.
    ///
    /// # Errors
    /// As [`Operations::upgrade`]; [`OperationError::NotByItself`].
    pub(super) async fn upgrade_by_itself(
        &self,
        name: &InstallationName,
        wanted: Upgrading,
    ) -> Result<Arc<Installation>, OperationError> {
        let name = name.clone();
        self.detached(|me| async move { me.upgrade_now(&name, wanted, true).await }).await
    }

    async fn upgrade_now(
        &self,
        name: &InstallationName,
        wanted: Upgrading,
        by_itself: bool,
    ) -> Result<Arc<Installation>, OperationError> {
        let running = self.get(name)?.version.clone();
        let (package, signer) = self.package(wanted.package, Stage::Install, Some(&running)).await?;
        let grants = approved(&package.manifest, &wanted.approve)?;
        self.never_bundled(&package.manifest)?;
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
        if by_itself
            && (!matches!(now.status, Status::Running | Status::Recalled) || self.automatic(name).await?.is_none())
        {
            return Err(OperationError::NotByItself(name.clone()));
        }
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
        let upgraded = match self.services.installations.take_charge(name, upgrade, switch).await {
            Ok(upgraded) => upgraded,
            Err(refused) => {
                // The registry may have withdrawn it since it was admitted.
                self.services.apps.unstage(name, &planned.package_digest);
                return Err(refused.into());
            }
        };
        self.give_charge(&now, upgraded, needs).await
    }

    /// Loads a release beside the one in charge and asks whether it is well. When it is not, that is
    /// written down and told, and nothing else has changed.
    async fn try_out(&self, planned: &Arc<Installation>, component: Bytes, by: &str) -> Result<(), OperationError> {
        let (name, package) = (&planned.name, &planned.package_digest);
        self.services.apps.stage(planned, component).await?;
        let Err(ill) = self.healthy(name, Some(package)).await else { return Ok(()) };
        self.services.apps.unstage(name, package);
        let why = said::ill(&ill);
        self.services.installations.refused(planned, by, &why).await?;
        let version = &planned.version;
        self.tell(
            planned,
            by,
            (
                &format!("版本 {version} 未通过健康检查，未启用"),
                &format!("Version {version} is not well and was not taken"),
            ),
            Some(&why),
        )
        .await;
        Err(ill.into())
    }

    fn switch_from(&self, now: &Installation, needs: Needs) -> Switch {
        let lately = self.services.apps.outcomes(&now.name, &now.package_digest, BASELINE);
        let slowest = self.services.apps.slowest(&now.name, &now.package_digest, BASELINE);
        let trial = i64::try_from(self.trial.as_millis()).unwrap_or(i64::MAX);
        Switch {
            hold: needs.hold(),
            until: self.services.clock.now().plus_millis(trial),
            total: lately.total,
            errors: lately.errors,
            slowest_ms: slowest.as_millis().try_into().unwrap_or(u64::MAX),
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
            let why = refused.why();
            let indexes = match &refused {
                // Calls of the one before did not end: building has not begun.
                OperationError::StillRunning(_) if !before.indexes_due => Indexes::Untouched,
                _ => Indexes::AsDeclared,
            };
            let back = Back { indexes, unwritten: true, by: PLATFORM, why: Some(&why) };
            if let Err(error) = self.put_back(&upgraded, before.release(), back).await
                && self.get(name)?.status == Status::Migrating
            {
                // The one before may not run any more. People must not wait for ever.
                self.services.apps.unload(name);
                self.set_status(name, Status::Failed(stuck(why, &error)), PLATFORM).await?;
            }
            return Err(refused);
        }
        self.schedule_jobs(&upgraded).await?;
        if !stopped && !needs.migration {
            self.services
                .installations
                .may_write(name, &upgraded.package_digest, upgraded.manifest.data.schema)
                .await?;
            self.set_status(name, Status::Running, PLATFORM).await?;
        }
        self.services.messaging.wake(name);
        self.watch(name);
        self.migrate(name);
        self.ask_for_datasets(name, upgraded.trial().map_or(PLATFORM, |t| &t.by)).await;
        self.get(name)
    }

    /// Ends the calls of the release before, and builds the indexes of the one in charge.
    async fn make_ready(&self, upgraded: &Arc<Installation>, needs: Needs) -> Result<(), OperationError> {
        self.ended(&upgraded.name, None).await?;
        if needs.indexes {
            return self.build_indexes(upgraded).await;
        }
        // What it waits for is its data.
        self.services.installations.indexed(&upgraded.name).await?;
        Ok(())
    }

    /// Builds the indexes of a release anew, and seals what it wants sealed. Nothing else may write
    /// meanwhile.
    pub(super) async fn build_indexes(&self, installation: &Installation) -> Result<(), OperationError> {
        let (store, keys) = (&self.services.store, self.services.identity.field_keys().clone());
        let schema = Schema::new(&installation.name, &installation.manifest).with_keys(keys);
        schema.rebuild_indexes(store).await.map_err(OperationError::Indexes)?;
        schema.seal_anew(store).await.map_err(OperationError::Indexes)?;
        self.services.installations.indexed(&installation.name).await?;
        Ok(())
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
        let started = match self.services.installations.start_canary(&now.name, upgrade, share).await {
            Ok(started) => started,
            Err(refused) => {
                self.services.apps.unstage(&now.name, &planned.package_digest);
                return Err(refused.into());
            }
        };
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
            if let (Status::Failed(_), Some(canary)) = (&now.status, now.canary()) {
                // Nothing is loaded: it would have charge, and nobody would be served.
                let (package, _) = me.package(canary.release.package_digest, Stage::Load, None).await?;
                me.try_out(&Arc::new(now.as_release(&canary.release)), package.component, &by).await?;
            }
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
        let (name, by, why) = (name.clone(), by.to_owned(), Why::said(why));
        self.detached(|me| async move {
            let _turn = me.turn(&name).await;
            me.abort_now(&name, &by, why).await
        })
        .await
    }

    pub(super) async fn abort_now(
        &self,
        name: &InstallationName,
        by: &str,
        why: Option<Why>,
    ) -> Result<Arc<Installation>, OperationError> {
        let now = self.get(name)?;
        tracing::info!(installation = %name, by, ?why, "the canary is to end");
        let aborted = self.services.installations.abort_canary(name, by, why).await?;
        if let Some(canary) = now.canary() {
            self.services.apps.unstage(name, &canary.release.package_digest);
        }
        Ok(aborted)
    }

    /// Tells those who look after an installation: in its log, and in the inbox of whoever decided on
    /// the upgrade and whoever installed it.
    pub(super) async fn tell(&self, installation: &Installation, by: &str, title: (&str, &str), why: Option<&Why>) {
        let name = &installation.name;
        let why = why.map_or_else(|| Text { zh: String::new(), en: String::new() }, Why::text);
        self.services.installations.log().append(name, Level::Error, &format!("{}: {}", title.1, why.en), None);
        let app = &installation.manifest.title;
        let notice = Notice {
            title: Text { zh: format!("{}：{}", app.zh, title.0), en: format!("{}: {}", app.en, title.1) },
            body: Text { zh: why.zh.chars().take(1_000).collect(), en: why.en.chars().take(1_000).collect() },
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

    pub(super) async fn note(
        &self,
        account: &str,
        name: &InstallationName,
        notice: Notice,
    ) -> Result<(), OperationError> {
        if self.services.identity.account(account).await?.is_none() {
            return Ok(());
        }
        let mut txn = yunlong_store::Txn::new(self.services.store.clone());
        self.services.messaging.notify(&mut txn, account, name, notice)?;
        txn.commit().await?;
        Ok(())
    }
}
