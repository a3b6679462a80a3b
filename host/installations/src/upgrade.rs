//! From one release to another: canary, charge, trial, and back.

use crate::release::{Canary, Change, Former, HistoryRow, Migration, Release, Stage, Trial};
use crate::service::{Floor, approved_exactly, check_release, detached};
use crate::why::english;
use crate::{
    Capability, DataRange, Difference, Grant, Installation, InstallationError, Installations, Status, Upgrade, Wanted,
    Why, config, keys,
};
use std::sync::Arc;
use yunlong_model::{Digest, InstallationName, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, StoreError, Txn, transact};

/// How a release takes charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Whether requests wait until [`Installations::set_status`] says that it runs: it cannot serve
    /// before its data or its indexes are ready.
    pub hold: bool,
    /// Until when it is watched.
    pub until: Timestamp,
    /// Calls that ended lately in the release that it replaces.
    pub total: u64,
    /// Those of them that failed: what the newer one is compared with.
    pub errors: u64,
    /// The longest that one of them took that did not fail, in milliseconds: the newer one gets no less.
    pub slowest_ms: u64,
}

/// What a release of an installation is replaced by when it goes back.
#[derive(Clone, Debug)]
pub struct RollBack {
    /// The release to go back to. Package and signature were checked before.
    pub to: Release,
    /// The release that is left.
    pub from: Digest,
    /// The shapes that its data may have, as they were when it was asked whether `to` reads them.
    pub data: DataRange,
    /// Whether requests wait meanwhile.
    pub hold: bool,
    /// Whether the release that is left has written nothing: the data is what it was before.
    pub unwritten: bool,
    /// The account that decides, or `platform`.
    pub by: String,
    /// Why, where there is something to say.
    pub why: Option<Why>,
}

impl Installations {
    /// The installation as the release of this package sees it: the one in charge, or the one beside
    /// it. What is asked for an instance that runs is answered by its own release.
    #[must_use]
    pub fn get_release(&self, name: &InstallationName, package: &Digest) -> Option<Arc<Installation>> {
        let map = self.inner.map.read();
        let entry = map.get(name)?;
        [Some(&entry.main), entry.other.as_ref()].into_iter().flatten().find(|i| i.package_digest == *package).cloned()
    }

    /// What the installation would be with another release, without changing anything.
    ///
    /// # Errors
    /// As [`Installations::install`]; [`InstallationError::NotFound`], [`InstallationError::OtherApp`],
    /// [`InstallationError::UnderWay`], [`InstallationError::Withdrawn`].
    pub async fn plan(&self, name: &InstallationName, to: &Upgrade) -> Result<Arc<Installation>, InstallationError> {
        let now = self.inner.clock.now();
        let mut txn = Txn::new(self.inner.store.clone());
        let current: Installation =
            txn.get_as(&keys::installation(name)).await?.ok_or_else(|| InstallationError::NotFound(name.clone()))?;
        if current.change.is_some() {
            return Err(InstallationError::UnderWay(name.clone()));
        }
        let planned = current.as_release(&offered(&current, to, now)?);
        check_release(&mut txn, &planned, Floor::Running(&current.version), false).await?;
        self.inner.may(&mut txn, &planned.package_digest, Wanted::Install).await?;
        Ok(Arc::new(planned))
    }

    /// Lets a newer release serve `share` of a hundred people beside the one in charge.
    ///
    /// # Errors
    /// As [`Installations::plan`].
    pub async fn start_canary(
        &self,
        name: &InstallationName,
        to: Upgrade,
        share: u8,
    ) -> Result<Arc<Installation>, InstallationError> {
        let by = to.by.clone();
        let detail = format!("{} {} {share} %", to.manifest.version, to.package_digest);
        self.change_and(name, &by.clone(), "canary.started", detail, move |i, now| {
            none_under_way(i)?;
            let release = offered(i, &to, now)?;
            i.data = i.data.with(release.manifest.data.schema);
            let row =
                row(now, &by, "canary.started", &release, Some(&i.release()), Some(Why::Share { percent: share }));
            i.change = Some(Change::new(Stage::Canary(Canary { release, share, since: now, by: by.clone() })));
            Ok(vec![row])
        })
        .await
    }

    /// Gives a newer release charge; the one before stands by until the trial is over.
    ///
    /// # Errors
    /// As [`Installations::plan`].
    pub async fn take_charge(
        &self,
        name: &InstallationName,
        to: Upgrade,
        switch: Switch,
    ) -> Result<Arc<Installation>, InstallationError> {
        let by = to.by.clone();
        let detail = format!("{} {}", to.manifest.version, to.package_digest);
        self.change_and(name, &by.clone(), "upgraded", detail, move |i, now| {
            none_under_way(i)?;
            let release = offered(i, &to, now)?;
            Ok(vec![charge(i, release, switch, &by, now)])
        })
        .await
    }

    /// Gives the release of a canary charge.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NothingUnderWay`].
    pub async fn promote(
        &self,
        name: &InstallationName,
        switch: Switch,
        by: &str,
    ) -> Result<Arc<Installation>, InstallationError> {
        let who = by.to_owned();
        self.change_and(name, by, "upgraded", "canary".to_owned(), move |i, now| {
            let Some(Change { stage: Stage::Canary(canary), .. }) = i.change.take() else {
                return Err(InstallationError::NothingUnderWay(i.name.clone()));
            };
            Ok(vec![charge(i, canary.release, switch, &who, now)])
        })
        .await
    }

    /// Ends a canary: everybody is served by the release in charge again, which reads what the other
    /// one wrote.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NothingUnderWay`].
    pub async fn abort_canary(
        &self,
        name: &InstallationName,
        by: &str,
        why: Option<Why>,
    ) -> Result<Arc<Installation>, InstallationError> {
        let who = by.to_owned();
        self.change_and(name, by, "canary.aborted", english(why.as_ref()), move |i, now| {
            let Some(Change { stage: Stage::Canary(canary), .. }) = i.change.take() else {
                return Err(InstallationError::NothingUnderWay(i.name.clone()));
            };
            Ok(vec![row(now, &who, "canary.aborted", &canary.release, Some(&i.release()), why.clone())])
        })
        .await
    }

    /// Goes back to a release that the installation ran. Grants that were revoked since stay revoked.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; those about releases; [`InstallationError::Changed`] when it was left already,
    /// or writes another shape of data since it was asked whether the older one reads it.
    pub async fn roll_back(
        &self,
        name: &InstallationName,
        back: RollBack,
    ) -> Result<Arc<Installation>, InstallationError> {
        let by = back.by.clone();
        let detail = format!("{} {}: {}", back.to.version, back.to.package_digest, english(back.why.as_ref()));
        self.change_and(name, &by, "rolled-back", detail, move |i, now| {
            let left = i.release();
            if (left.package_digest, i.data) != (back.from, back.data) {
                return Err(InstallationError::Changed(i.name.clone()));
            }
            let mut release = back.to.clone();
            let both = |c: &Capability| Capability::of_manifest(&left.manifest).contains(c);
            release.grants.retain(|g| !both(&g.capability) || i.is_granted(&g.capability));
            // What the department has set since holds where this release knows it.
            if let Ok(config) = config::effective(&release.manifest, &i.values) {
                (release.config, release.values) = (config, i.values.clone());
            }
            let before = i.trial().filter(|_| back.unwritten).map_or(i.data, |t| t.data);
            i.data = before.with(release.manifest.data.schema);
            let row = row(now, &back.by, "rolled-back", &release, Some(&left), back.why.clone());
            i.set_release(release);
            i.change = None;
            i.indexes_due = back.hold;
            if i.status != Status::Stopped {
                i.status = if back.hold { Status::Migrating } else { Status::Running };
            }
            Ok(vec![row])
        })
        .await
    }

    /// Ends the trial: the release before stands by no more.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]. Without a trial nothing changes.
    pub async fn settle(&self, name: &InstallationName) -> Result<Arc<Installation>, InstallationError> {
        self.change_and(name, "platform", "settled", String::new(), |i, now| {
            if i.trial().is_none() {
                return Ok(Vec::new());
            }
            i.change = None;
            Ok(vec![row(now, "platform", "settled", &i.release(), None, None)])
        })
        .await
    }

    /// The indexes are as the release in charge wants them.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn indexed(&self, name: &InstallationName) -> Result<Arc<Installation>, InstallationError> {
        self.change_and(name, "platform", "indexed", String::new(), |i, _| {
            i.indexes_due = false;
            Ok(Vec::new())
        })
        .await
    }

    /// Writes down what is wrong with the newer release, or with the way back from it, and waits for
    /// a person.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn alarm(&self, name: &InstallationName, what: &Why) -> Result<Arc<Installation>, InstallationError> {
        let what = what.clone();
        self.change_and(name, "platform", "alarm", what.text().en, move |i, now| {
            let release = i.release();
            if let Some(change) = &mut i.change {
                change.problem = Some(what.clone());
            }
            Ok(vec![row(now, "platform", "alarm", &release, None, Some(what.clone()))])
        })
        .await
    }

    /// Writes down that a release was tried and refused before it served anybody.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`].
    pub async fn refused(&self, planned: &Installation, by: &str, why: &Why) -> Result<(), InstallationError> {
        let (release, who, reason) = (planned.release(), by.to_owned(), why.clone());
        let me = self.clone();
        let name = planned.name.clone();
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let current: Installation = txn
                    .get_as(&keys::installation(&name))
                    .await?
                    .ok_or_else(|| InstallationError::NotFound(name.clone()))?;
                let now = me.inner.clock.now();
                txn.append_as(
                    keys::history(&name),
                    &row(now, &who, "refused", &release, Some(&current.release()), Some(reason.clone())),
                );
                let detail = format!("{} {}: {}", release.version, release.package_digest, reason.text().en);
                me.inner.audit(txn, &who, "upgrade.refused", name.as_str(), &detail).await?;
                Ok::<_, InstallationError>(())
            })
        })
        .await
    }

    /// All data is of this schema now: the release of `package` has brought it there.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NotInCharge`].
    pub async fn migrated(
        &self,
        name: &InstallationName,
        package: &Digest,
        to: u32,
    ) -> Result<Arc<Installation>, InstallationError> {
        let package = *package;
        self.change_and(name, "platform", "migrated", format!("schema {to}"), move |i, now| {
            in_charge(i, &package)?;
            if i.data.oldest >= to {
                return Ok(Vec::new());
            }
            i.data = DataRange { oldest: to, newest: i.data.newest.max(to) };
            // What stopped the migration, if something did, is over.
            if let Some(change) = &mut i.change {
                change.problem = None;
            }
            Ok(vec![row(now, "platform", "migrated", &i.release(), None, Some(Why::Schema { schema: to }))])
        })
        .await
    }

    /// The release of `package` may write data of this schema from now on.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NotInCharge`].
    pub async fn may_write(
        &self,
        name: &InstallationName,
        package: &Digest,
        schema: u32,
    ) -> Result<Arc<Installation>, InstallationError> {
        let package = *package;
        self.change_and(name, "platform", "data", format!("schema {schema}"), move |i, _| {
            in_charge(i, &package)?;
            i.data = i.data.with(schema);
            Ok(Vec::new())
        })
        .await
    }

    /// The migration that is under way or was the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn migration(&self, name: &InstallationName) -> Result<Option<Migration>, InstallationError> {
        let key = keys::migration(name);
        Ok(self.inner.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }

    /// Stages how far a migration is, in the transaction of its batch: both are committed or neither.
    /// When somebody else went on with it meanwhile, or the installation was changed, the commit is a conflict: no
    /// batch of a release lands behind the roll-back that took its charge.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NotInCharge`]; when the store fails.
    pub async fn stage_migration(
        &self,
        txn: &mut Txn,
        name: &InstallationName,
        next: &Migration,
    ) -> Result<(), InstallationError> {
        let now: Installation =
            txn.get_as(&keys::installation(name)).await?.ok_or_else(|| InstallationError::NotFound(name.clone()))?;
        in_charge(&now, &next.package_digest)?;
        let key = keys::migration(name);
        txn.get(&key).await?;
        txn.put_as(key, next);
        Ok(())
    }

    /// As [`Installations::stage_migration`], for a batch that the release of `next` wrote; answers whether that
    /// release still has charge and the installation is not stopped. Otherwise nothing is staged, and the batch
    /// must not be committed: who stops, removes or takes it back comes before it or makes it a conflict.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stage_batch(
        &self,
        txn: &mut Txn,
        name: &InstallationName,
        next: &Migration,
    ) -> Result<bool, InstallationError> {
        let now: Option<Installation> = txn.get_as(&keys::installation(name)).await?;
        let holds = now.is_some_and(|i| {
            i.package_digest == next.package_digest && matches!(i.status, Status::Running | Status::Migrating)
        });
        if holds {
            self.stage_migration(txn, name, next).await?;
        }
        Ok(holds)
    }

    /// The releases that it ran before the one in charge, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn former(&self, name: &InstallationName) -> Result<Vec<Former>, InstallationError> {
        let rows = self.inner.store.scan(&keys::former(name).children(), Direction::Ascending, 10_000).await?;
        let mut all: Vec<Former> =
            rows.iter().map(|e| from_json(&e.key, &e.value)).collect::<Result<_, StoreError>>()?;
        all.sort_by(|a, b| b.release.version.cmp(&a.release.version));
        Ok(all)
    }

    /// The newest rows of the history of its releases, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(&self, name: &InstallationName, limit: usize) -> Result<Vec<HistoryRow>, InstallationError> {
        let rows = self.inner.store.scan(&keys::history(name).children(), Direction::Descending, limit).await?;
        Ok(rows.iter().map(|e| from_json(&e.key, &e.value)).collect::<Result<_, StoreError>>()?)
    }
}

fn none_under_way(i: &Installation) -> Result<(), InstallationError> {
    if i.change.is_some() { Err(InstallationError::UnderWay(i.name.clone())) } else { Ok(()) }
}

/// What a release does to the data counts only while it has charge, and may serve.
fn in_charge(i: &Installation, package: &Digest) -> Result<(), InstallationError> {
    if i.package_digest == *package && i.status != Status::Recalled {
        Ok(())
    } else {
        Err(InstallationError::NotInCharge(i.name.clone()))
    }
}

/// The release that is offered, as this installation would run it.
fn offered(i: &Installation, to: &Upgrade, now: Timestamp) -> Result<Release, InstallationError> {
    if i.app != to.manifest.name {
        let (installed, offered) = (i.app.clone(), to.manifest.name.clone());
        return Err(InstallationError::OtherApp { installation: i.name.clone(), installed, offered });
    }
    if to.package_digest == i.package_digest {
        return Err(InstallationError::Runs { installation: i.name.clone(), version: i.version.clone() });
    }
    // Going back is a roll-back, which asks what an upgrade does not.
    if to.manifest.version < i.version {
        let (offered, known) = (to.manifest.version.clone(), i.version.clone());
        return Err(InstallationError::OlderVersion { offered, known });
    }
    let asked = Capability::of_manifest(&to.manifest);
    let difference = Difference::between(&i.manifest, &to.manifest);
    approved_exactly(&asked, &difference.added, &to.grants)?;
    let config = config::effective(&to.manifest, &i.values).map_err(InstallationError::Config)?;
    let mut grants = i.grants.clone();
    grants.retain(|g| asked.contains(&g.capability) && !to.grants.contains(&g.capability));
    grants.extend(to.grants.iter().map(|c| Grant {
        capability: c.clone(),
        approved_by: to.by.clone(),
        approved_at: now,
    }));
    Ok(Release {
        version: to.manifest.version.clone(),
        package_digest: to.package_digest,
        signer: to.signer.clone(),
        manifest: to.manifest.clone(),
        grants,
        config,
        values: i.values.clone(),
    })
}

fn charge(i: &mut Installation, release: Release, switch: Switch, by: &str, now: Timestamp) -> HistoryRow {
    let former = i.release();
    let row = row(now, by, "upgraded", &release, Some(&former), None);
    let data = i.data;
    // One that holds writes nothing before its migration begins, and is told then.
    if !switch.hold {
        i.data = i.data.with(release.manifest.data.schema);
    }
    i.set_release(release);
    i.change = Some(Change::new(Stage::Trial(Trial {
        former,
        data,
        since: now,
        until: switch.until,
        by: by.to_owned(),
        total: switch.total,
        errors: switch.errors,
        slowest_ms: switch.slowest_ms,
    })));
    i.indexes_due |= switch.hold;
    if i.status != Status::Stopped {
        i.status = if switch.hold { Status::Migrating } else { Status::Running };
    }
    row
}

pub(crate) fn row(
    at: Timestamp,
    by: &str,
    event: &str,
    about: &Release,
    from: Option<&Release>,
    why: Option<Why>,
) -> HistoryRow {
    HistoryRow {
        at,
        by: by.to_owned(),
        event: event.to_owned(),
        version: about.version.clone(),
        package_digest: about.package_digest,
        from: from.map(|r| r.version.clone()),
        why,
    }
}
