//! Migrations: bringing data to the schema of the release in charge, a batch at a time.
//!
//! Each batch is one commit of what the app wrote and of how far it is, so a crash costs the batch
//! that was under way and nothing else. While the release reads the older schema too, people are
//! served meanwhile; otherwise they wait until the last batch.

use super::back::{Back, Indexes};
use super::said::ill;
use super::watch::stuck;
use super::{OperationError, Operations, PLATFORM};
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, InstallationError, Migration, Status, Why};
use yunlong_model::{InstallationName, Text};
use yunlong_runtime::InvocationError;
use yunlong_store::{CommitError, Txn, transact};

/// A batch that fails is tried so often before the migration waits for a person.
const TRIES: u32 = 3;
/// How often a batch that met a conflict is run again at once.
const CONFLICTS: u32 = 32;
/// After each batch others come first for this long.
const BREATH: Duration = Duration::from_millis(5);

/// After the platform itself failed, a migration goes on this much later.
const TROUBLE: Duration = Duration::from_secs(5);

/// Why a batch did not come about.
enum Halt {
    /// The app or the store refuses it: try again, then ask a person.
    Failed(Why),
    /// The release or its state is another one now, or it has no migrations: then it reads the older
    /// schema and leaves the data as it is.
    Nothing,
}

fn says(zh: impl Into<String>, en: impl Into<String>) -> Halt {
    Halt::Failed(Why::Refused { says: Text { zh: zh.into(), en: en.into() } })
}

impl From<InstallationError> for Halt {
    fn from(e: InstallationError) -> Self {
        match e {
            InstallationError::NotInCharge(_) | InstallationError::NotFound(_) => Self::Nothing,
            e => Self::Failed(OperationError::from(e).why()),
        }
    }
}

impl Operations {
    /// Whether an installation cannot serve before its data is migrated.
    pub(super) fn starts_holding(&self, i: &Installation) -> bool {
        i.data.oldest < i.manifest.data.schema && !i.data.strange_to(&i.manifest.data).is_empty()
    }

    /// Goes on with the migration of an installation, if there is one to do and nobody does it.
    pub(super) fn migrate(&self, name: &InstallationName) {
        let due = |i: &Installation| i.data.oldest < i.manifest.data.schema;
        if !self.services.installations.get(name).is_some_and(|i| due(&i)) {
            return;
        }
        if !self.shared.migrated.lock().insert(name.clone()) {
            return;
        }
        let (me, name) = (self.clone(), name.clone());
        tokio::spawn(async move {
            while let Err(error) = me.migrate_all(&name).await {
                tracing::error!(installation = %name, %error, "a migration is interrupted and will go on");
                tokio::time::sleep(TROUBLE).await;
            }
            me.shared.migrated.lock().remove(&name);
        });
    }

    async fn migrate_all(&self, name: &InstallationName) -> Result<(), OperationError> {
        let Some(first) = self.services.installations.get(name) else { return Ok(()) };
        // What the release before still writes has the older shape, and would be missed.
        self.ended(name, Some(&first.package_digest)).await?;
        let mut tries = 0;
        loop {
            let Some(i) = self.services.installations.get(name) else { return Ok(()) };
            let wanted = matches!(i.status, Status::Running | Status::Migrating)
                && i.package_digest == first.package_digest
                && i.canary().is_none();
            if !wanted || i.data.oldest >= i.manifest.data.schema {
                return Ok(());
            }
            let place = self.place(&i).await?;
            if place.finished {
                return self.finish_migration(&i, place.to).await;
            }
            if place.failure.is_some() {
                return Ok(());
            }
            match self.batch(&i, place.clone()).await {
                Ok(()) => tries = 0,
                Err(Halt::Nothing) => return Ok(()),
                Err(Halt::Failed(why)) => {
                    tries += 1;
                    tracing::warn!(installation = %name, tries, why = why.text().en, "a batch of a migration failed");
                    if tries >= TRIES {
                        return self.migration_failed(&i, place, why).await;
                    }
                    tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(tries)).await;
                }
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Where the migration goes on: where it was, unless that was another one.
    async fn place(&self, i: &Installation) -> Result<Migration, OperationError> {
        let (from, to) = (i.data.oldest, i.manifest.data.schema);
        let known = self.services.installations.migration(&i.name).await?;
        if let Some(known) = known.filter(|m| m.package_digest == i.package_digest && (m.from, m.to) == (from, to)) {
            return Ok(known);
        }
        let now = self.services.clock.now();
        Ok(Migration {
            package_digest: i.package_digest,
            from,
            to,
            cursor: None,
            done: 0,
            total: None,
            batches: 0,
            started_at: now,
            updated_at: now,
            finished: false,
            failure: None,
        })
    }

    /// One batch: what the app writes, and how far it is, in one commit.
    async fn batch(&self, i: &Arc<Installation>, mut place: Migration) -> Result<(), Halt> {
        let services = &self.services;
        if place.batches == 0 {
            services.installations.may_write(&i.name, &i.package_digest, place.to).await?;
        }
        for round in 0..=CONFLICTS {
            if services.installations.get(&i.name).is_none_or(|now| now.package_digest != i.package_digest) {
                return Err(Halt::Nothing);
            }
            let mut txn = Txn::new(services.store.clone());
            let cursor = place.cursor.clone();
            let step = match services.apps.migrate(&i.name, place.from, place.to, cursor, &mut txn).await {
                Ok(step) => step,
                Err(InvocationError::NotExported(_)) => return Err(Halt::Nothing),
                Err(e) if e.is_platforms() => {
                    tokio::time::sleep(BREATH * (round + 1)).await;
                    continue;
                }
                Err(e) => return Err(Halt::Failed(ill(&e))),
            };
            if step.next.is_some() && step.next == place.cursor {
                return Err(says(
                    "应用原样返回了收到的游标，迁移不会结束",
                    "it answers the cursor that it was given, and would never end",
                ));
            }
            let mut next = place.clone();
            (next.done, next.total, next.finished) = (step.done, step.total, step.next.is_none());
            next.cursor = step.next;
            next.batches += 1;
            next.updated_at = services.clock.now();
            if !services.installations.stage_batch(&mut txn, &i.name, &next).await? {
                return Err(Halt::Nothing);
            }
            match txn.commit().await {
                Ok(_) => return Ok(()),
                // People write meanwhile.
                Err(CommitError::Conflict) => tokio::time::sleep(BREATH * (round + 1)).await,
                Err(e) => return Err(Halt::Failed(OperationError::from(e).why())),
            }
            // Somebody else may have gone on with it.
            let known = services.installations.migration(&i.name).await?;
            if let Some(known) = known.filter(|k| k.package_digest == place.package_digest) {
                place = known;
                if place.finished {
                    return Ok(());
                }
            }
        }
        let runs = CONFLICTS + 1;
        Err(says(format!("同一批连续 {runs} 次遇到冲突"), format!("{runs} runs of a batch in a row met a conflict")))
    }

    async fn finish_migration(&self, i: &Arc<Installation>, to: u32) -> Result<(), OperationError> {
        let name = &i.name;
        let _turn = self.turn(name).await;
        match self.services.installations.migrated(name, &i.package_digest, to).await {
            // It was left meanwhile: what the data is now is for the one that has charge.
            Err(InstallationError::NotInCharge(_) | InstallationError::NotFound(_)) => return Ok(()),
            done => done?,
        };
        tracing::info!(installation = %name, schema = to, "the data is migrated");
        let now = self.get(name)?;
        if now.status == Status::Migrating && now.package_digest == i.package_digest {
            self.set_status(name, Status::Running, PLATFORM).await?;
            self.services.messaging.wake(name);
            self.watch(name);
        }
        Ok(())
    }

    /// The migration stopped. People who wait must not wait for ever: where nothing is lost by it,
    /// the release before comes back; otherwise a person decides.
    async fn migration_failed(
        &self,
        i: &Arc<Installation>,
        mut place: Migration,
        why: Why,
    ) -> Result<(), OperationError> {
        let name = &i.name;
        let why = Why::Migration { from: place.from, to: place.to, why: Box::new(why) };
        place.failure = Some(why.clone());
        let unwritten = place.batches == 0;
        match self.keep_place(name, &place).await {
            Err(OperationError::Installation(InstallationError::NotInCharge(_) | InstallationError::NotFound(_))) => {
                return Ok(());
            }
            kept => kept?,
        }
        if i.status != Status::Migrating {
            self.alarm(name, &why).await?;
            return Ok(());
        }
        let _turn = self.turn(name).await;
        let now = self.get(name)?;
        if now.status != Status::Migrating || now.package_digest != i.package_digest {
            return Ok(());
        }
        if let Some(trial) = now.trial()
            && (unwritten || now.data.strange_to(&trial.former.manifest.data).is_empty())
        {
            let (former, by) = (trial.former.clone(), trial.by.clone());
            let how = Back { indexes: Indexes::AsDeclared, unwritten, by: PLATFORM, why: Some(&why) };
            let back = match self.put_back(&now, former, how).await {
                Ok(back) => back,
                // Written down already.
                Err(_) if matches!(self.get(name)?.status, Status::Failed(_)) => return Ok(()),
                Err(refused) => {
                    let why = stuck(why, &refused);
                    self.set_status(name, Status::Failed(why.clone()), PLATFORM).await?;
                    return self.alarm(name, &why).await;
                }
            };
            let (from, to) = (&now.version, &back.version);
            self.tell(
                &back,
                &by,
                (
                    &format!("已从版本 {from} 自动退回 {to}"),
                    &format!("Rolled back by itself from version {from} to {to}"),
                ),
                Some(&why),
            )
            .await;
            return Ok(());
        }
        self.set_status(name, Status::Failed(why.clone()), PLATFORM).await?;
        self.alarm(name, &why).await
    }

    /// Writes down where a migration is, beside a batch of it.
    async fn keep_place(&self, name: &InstallationName, place: &Migration) -> Result<(), OperationError> {
        let installations = &self.services.installations;
        transact!(&self.services.store, |txn| {
            installations.stage_migration(txn, name, place).await?;
            Ok::<_, OperationError>(())
        })
    }

    /// Tries the migration again that stopped and waits for a person.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`]; what a start answers, for one that has failed.
    pub async fn resume_migration(
        &self,
        name: &InstallationName,
        by: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        let i = self.get(name)?;
        let place = self.services.installations.migration(name).await?;
        if let Some(mut place) = place.filter(|p| p.package_digest == i.package_digest) {
            place.failure = None;
            self.keep_place(name, &place).await?;
        }
        tracing::info!(installation = %name, by, "the migration is tried again");
        if matches!(i.status, Status::Failed(_)) {
            return self.start(name, by).await;
        }
        self.migrate(name);
        self.get(name)
    }
}
