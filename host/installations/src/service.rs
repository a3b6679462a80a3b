//! The service.

use crate::release::{Former, HistoryRow};
use crate::{
    AppLog, Capability, DataRange, Grant, Installation, InstallationError, Journaling, New, Quotas, Registry, RoleDue,
    Status, Wanted, config, keys,
};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use yunlong_audit::{Act, Audit, AuditError, AuditFilter, AuditPage, AuditRow, Book};
use yunlong_model::{AppName, Clock, Digest, InstallationName, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, SharedStore, StoreError, Txn, transact, usage_key};

/// The service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Installations {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    audit: Audit,
    pub(crate) log: Arc<AppLog>,
    /// What [`Installations::get`] answers from.
    pub(crate) map: RwLock<BTreeMap<InstallationName, Entry>>,
    quotas: RwLock<Quotas>,
    /// What knows whether a package may be used.
    pub(crate) registry: RwLock<Option<Arc<dyn Registry>>>,
    /// Of which installations journals are kept.
    pub(crate) journaling: RwLock<BTreeMap<InstallationName, Journaling>>,
    /// One change at a time, so that the map follows the commits in their order.
    pub(crate) changing: Mutex<()>,
}

/// An installation in memory.
pub(crate) struct Entry {
    /// With the release in charge.
    pub(crate) main: Arc<Installation>,
    /// As the release beside it sees it.
    pub(crate) other: Option<Arc<Installation>>,
}

impl Entry {
    fn new(main: Arc<Installation>) -> Self {
        let other = main.change.as_ref().map(|c| Arc::new(main.as_release(c.release())));
        Self { main, other }
    }
}

/// The version below which a release is refused.
pub(crate) enum Floor<'a> {
    /// The newest that the city knows.
    Newest,
    /// The one that the installation runs, which may be behind others.
    Running(&'a semver::Version),
    /// None: it goes back on purpose.
    None,
}

/// A name that was given out. It stays when the installation goes.
#[derive(Serialize, Deserialize)]
struct NameRecord {
    app: AppName,
    removed_at: Option<Timestamp>,
}

/// What is known of an app across its installations.
#[derive(Serialize, Deserialize)]
struct AppRecord {
    /// Whose enrolled key signed it. A vendor may change keys; an app does not change vendors.
    vendor: String,
    newest: semver::Version,
}

impl Installations {
    /// Opens the service on a store; what is done is told to the audit. Finishes removals that were cut short, and takes back
    /// installations that were.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(store: SharedStore, clock: Arc<dyn Clock>, audit: Audit) -> Result<Self, InstallationError> {
        let mut map = BTreeMap::new();
        for row in store.scan(&keys::installations().children(), Direction::Ascending, usize::MAX).await? {
            let installation: Installation = from_json(&row.key, &row.value)?;
            map.insert(installation.name.clone(), Entry::new(Arc::new(installation)));
        }
        let mut journaling = BTreeMap::new();
        for row in store.scan(&keys::journalings().children(), Direction::Ascending, usize::MAX).await? {
            if let Some(name) = row.key.last_text().and_then(|name| name.parse().ok()) {
                journaling.insert(name, from_json(&row.key, &row.value)?);
            }
        }
        let journaling = RwLock::new(journaling);
        let log = Arc::new(AppLog::new(store.clone(), clock.clone()));
        let (map, quotas) = (RwLock::new(map), RwLock::default());
        let inner = Inner {
            store,
            clock,
            audit,
            log,
            map,
            quotas,
            registry: RwLock::default(),
            journaling,
            changing: Mutex::new(()),
        };
        let me = Self { inner: Arc::new(inner) };
        me.finish_removals().await?;
        for half in me.list().iter().filter(|i| i.status == Status::Installing) {
            tracing::warn!(installation = %half.name, "its installation was cut short: nothing of it is kept");
            me.abandon(&half.name).await?;
        }
        Ok(me)
    }

    /// Sets how much each installation may store.
    pub fn set_quotas(&self, quotas: Quotas) {
        *self.inner.quotas.write() = quotas;
    }

    /// How many bytes an installation may store.
    #[must_use]
    pub fn quota(&self, name: &InstallationName) -> u64 {
        self.inner.quotas.read().of(name)
    }

    /// How many bytes an installation stores: documents, indexes, messages, audit rows, its log.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn used(&self, name: &InstallationName) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.inner.store.counter(&usage_key(name.as_str())).await?).unwrap_or(0))
    }

    /// The log of the installations.
    #[must_use]
    pub fn log(&self) -> &Arc<AppLog> {
        &self.inner.log
    }

    /// The installation of this name, from memory.
    #[must_use]
    pub fn get(&self, name: &InstallationName) -> Option<Arc<Installation>> {
        self.inner.map.read().get(name).map(|e| e.main.clone())
    }

    /// The installation as the release beside the one in charge sees it: a canary, or the release that an
    /// upgrade leaves. `None` when there is one release.
    #[must_use]
    pub fn get_other(&self, name: &InstallationName) -> Option<Arc<Installation>> {
        self.inner.map.read().get(name).and_then(|e| e.other.clone())
    }

    /// All installations, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Installation>> {
        self.inner.map.read().values().map(|e| e.main.clone()).collect()
    }

    /// The installations that receive a topic of the installation `source`, stopped ones among
    /// them: what is published while they stand still waits for them. Others than the source itself
    /// only when its manifest opens the topic to the city: a department's events are not another's
    /// to take.
    #[must_use]
    pub fn subscribers(&self, source: &InstallationName, topic: &str) -> Vec<InstallationName> {
        let map = self.inner.map.read();
        let open = map.get(source).is_some_and(|e| e.main.opens(topic));
        let may = |i: &Installation| (open || i.name == *source) && i.receives(source.as_str(), topic);
        map.values().filter(|e| may(&e.main)).map(|e| e.main.name.clone()).collect()
    }

    /// Installs an app. Its status is [`Status::Installing`] until [`Installations::set_status`] says
    /// otherwise: the runtime has not loaded it yet. Its release counts as known from the first
    /// time that it runs, so that one that never did leaves no trace ([`Installations::abandon`]).
    ///
    /// # Errors
    /// [`InstallationError::Taken`], [`InstallationError::FormerlyUsed`],
    /// [`InstallationError::OlderVersion`], [`InstallationError::ChangedDigest`],
    /// [`InstallationError::OtherVendor`], [`InstallationError::NotApproved`],
    /// [`InstallationError::NotRequested`], [`InstallationError::Config`], [`InstallationError::Withdrawn`].
    pub async fn install(&self, new: New) -> Result<Arc<Installation>, InstallationError> {
        self.install_with_roles(new, Vec::new()).await
    }

    /// As [`Installations::install`], with roles that are to be assigned once it runs.
    ///
    /// # Errors
    /// As [`Installations::install`].
    pub async fn install_with_roles(
        &self,
        new: New,
        roles_due: Vec<RoleDue>,
    ) -> Result<Arc<Installation>, InstallationError> {
        let me = self.clone();
        detached(async move {
            let _one = me.inner.changing.lock().await;
            let now = me.inner.clock.now();
            let asked = Capability::of_manifest(&new.manifest);
            approved_exactly(&asked, &asked, &new.grants)?;
            let config = config::effective(&new.manifest, &new.config).map_err(InstallationError::Config)?;
            let grant = |capability| Grant { capability, approved_by: new.by.clone(), approved_at: now };
            let installation = Installation {
                name: new.name,
                app: new.manifest.name.clone(),
                version: new.manifest.version.clone(),
                organization: new.organization,
                organization_name: new.organization_name,
                package_digest: new.package_digest,
                signer: new.signer,
                grants: asked.into_iter().map(grant).collect(),
                data: DataRange::of(&new.manifest.data),
                change: None,
                indexes_due: false,
                roles_due,
                manifest: new.manifest,
                config,
                values: new.config,
                status: Status::Installing,
                installed_at: now,
                installed_by: new.by,
            };
            transact!(&me.inner.store, |txn| {
                let name = keys::name(&installation.name);
                match txn.get_as::<NameRecord>(&name).await? {
                    Some(NameRecord { removed_at: None, .. }) => {
                        return Err(InstallationError::Taken(installation.name.clone()));
                    }
                    Some(_) => return Err(InstallationError::FormerlyUsed(installation.name.clone())),
                    None => txn.put_as(name, &NameRecord { app: installation.app.clone(), removed_at: None }),
                }
                check_release(txn, &installation, Floor::Newest, false).await?;
                me.inner.may(txn, &installation.package_digest, Wanted::Install).await?;
                txn.put_as(keys::installation(&installation.name), &installation);
                let detail = format!("{} {} {}", installation.app, installation.version, installation.package_digest);
                let (by, name) = (&installation.installed_by, installation.name.as_str());
                me.inner.audit(txn, by, "installed", name, &detail).await?;
                txn.append_as(
                    keys::history(&installation.name),
                    &HistoryRow {
                        at: now,
                        by: installation.installed_by.clone(),
                        event: "installed".into(),
                        version: installation.version.clone(),
                        package_digest: installation.package_digest,
                        from: None,
                        why: None,
                    },
                );
                Ok(())
            })?;
            Ok(me.remember(installation))
        })
        .await
    }

    /// Sets whether it serves; `by` is the account that decided, or `platform`.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; for [`Status::Running`] those about releases, when another
    /// installation has pinned the app's vendor or the version's digest meanwhile; [`InstallationError::Withdrawn`]
    /// when it is to begin to serve and may not.
    pub async fn set_status(
        &self,
        name: &InstallationName,
        status: Status,
        by: &str,
    ) -> Result<Arc<Installation>, InstallationError> {
        let action = match &status {
            Status::Installing => "installing",
            Status::Migrating => "migrating",
            Status::Running => "started",
            Status::Stopped => "stopped",
            Status::Failed(_) => "failed",
            Status::Recalled => "recalled",
        };
        let detail = if let Status::Failed(why) = &status { why.text().en } else { String::new() };
        self.change(name, by, action, detail, move |installation, _| {
            installation.status = status.clone();
            if status == Status::Running {
                installation.indexes_due = false;
            }
            Ok(())
        })
        .await
    }

    /// Takes a permission away, from the next host call on.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]. A permission that is not granted is no error.
    pub async fn revoke_grant(
        &self,
        name: &InstallationName,
        capability: &Capability,
        by: &str,
    ) -> Result<Arc<Installation>, InstallationError> {
        let capability = capability.clone();
        self.change(name, by, "grant.revoked", capability.to_string(), move |installation, _| {
            installation.grants.retain(|g| g.capability != capability);
            if let Some(change) = &mut installation.change {
                change.release_mut().grants.retain(|g| g.capability != capability);
            }
            Ok(())
        })
        .await
    }

    /// Gives a permission back, if the manifest asks for it.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`], [`InstallationError::NotRequested`].
    pub async fn restore_grant(
        &self,
        name: &InstallationName,
        capability: &Capability,
        by: &str,
    ) -> Result<Arc<Installation>, InstallationError> {
        let (capability, who) = (capability.clone(), by.to_owned());
        self.change(name, by, "grant.restored", capability.to_string(), move |installation, now| {
            if !Capability::of_manifest(&installation.manifest).contains(&capability) {
                return Err(InstallationError::NotRequested(vec![capability.clone()]));
            }
            if !installation.is_granted(&capability) {
                installation.grants.push(Grant {
                    capability: capability.clone(),
                    approved_by: who.clone(),
                    approved_at: now,
                });
            }
            Ok(())
        })
        .await
    }

    /// Replaces the values that the department set.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; [`InstallationError::Config`] names each field.
    pub async fn set_config(
        &self,
        name: &InstallationName,
        values: BTreeMap<String, Value>,
        by: &str,
    ) -> Result<Arc<Installation>, InstallationError> {
        // The fields alone: a value may be a secret.
        let fields = values.keys().cloned().collect::<Vec<_>>().join(", ");
        self.change(name, by, "configured", fields, move |installation, _| {
            installation.config =
                config::effective(&installation.manifest, &values).map_err(InstallationError::Config)?;
            installation.values.clone_from(&values);
            if let Some(change) = &mut installation.change {
                let other = change.release_mut();
                // The other release keeps what it has where it does not know the new values.
                if let Ok(config) = config::effective(&other.manifest, &values) {
                    (other.config, other.values) = (config, values.clone());
                }
            }
            Ok(())
        })
        .await
    }

    /// The newest rows of the audit trail, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(&self, limit: usize) -> Result<Vec<AuditRow>, InstallationError> {
        let page = self.audit_page(None, limit, &AuditFilter::default()).await?;
        Ok(page.map(|page| page.rows).unwrap_or_default())
    }

    /// At most `limit` rows of the audit trail that fit, newest first, older than `before`. `None` for a
    /// `before` that did not come from here.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit_page(
        &self,
        before: Option<&str>,
        limit: usize,
        filter: &AuditFilter,
    ) -> Result<Option<AuditPage>, InstallationError> {
        match self.inner.audit.leaf_through(Book::Apps, before, limit, filter).await {
            Ok(page) => Ok(Some(page)),
            Err(AuditError::Invalid(_)) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes a row of the audit trail about something that is no installation: a package, a key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, by: &str, action: &str, target: &str, detail: &str) -> Result<(), InstallationError> {
        transact!(&self.inner.store, |txn| { self.stage_record(txn, by, action, target, detail).await })
    }

    /// Stages a row of the audit trail, in the transaction of what it is about: both are committed or
    /// neither.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stage_record(
        &self,
        txn: &mut Txn,
        by: &str,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), InstallationError> {
        self.inner.audit(txn, by, action, target, detail).await
    }

    pub(crate) async fn change(
        &self,
        name: &InstallationName,
        by: &str,
        action: &'static str,
        detail: String,
        change: impl Fn(&mut Installation, Timestamp) -> Result<(), InstallationError> + Send + Sync + 'static,
    ) -> Result<Arc<Installation>, InstallationError> {
        self.change_and(name, by, action, detail, move |i, now| change(i, now).map(|()| Vec::new())).await
    }

    /// Changes an installation; the rows that `change` answers go into its history.
    pub(crate) async fn change_and(
        &self,
        name: &InstallationName,
        by: &str,
        action: &'static str,
        detail: String,
        change: impl Fn(&mut Installation, Timestamp) -> Result<Vec<HistoryRow>, InstallationError> + Send + Sync + 'static,
    ) -> Result<Arc<Installation>, InstallationError> {
        let (me, name, by) = (self.clone(), name.clone(), by.to_owned());
        detached(async move {
            let _one = me.inner.changing.lock().await;
            let changed = transact!(&me.inner.store, |txn| {
                let key = keys::installation(&name);
                let before: Installation =
                    txn.get_as(&key).await?.ok_or_else(|| InstallationError::NotFound(name.clone()))?;
                let mut after = before.clone();
                let now = me.inner.clock.now();
                let history = change(&mut after, now)?;
                if after == before && history.is_empty() {
                    return Ok(after);
                }
                stage_release(txn, &before, &after, now).await?;
                me.inner.may_become(txn, &before, &after).await?;
                for row in &history {
                    txn.append_as(keys::history(&name), row);
                }
                txn.put_as(key, &after);
                me.inner.audit(txn, &by, action, name.as_str(), &detail).await?;
                Ok::<_, InstallationError>(after)
            })?;
            Ok(me.remember(changed))
        })
        .await
    }

    pub(crate) fn remember(&self, installation: Installation) -> Arc<Installation> {
        let installation = Arc::new(installation);
        self.inner.map.write().insert(installation.name.clone(), Entry::new(installation.clone()));
        installation
    }
}

impl Inner {
    pub(crate) async fn audit(
        &self,
        txn: &mut Txn,
        actor: &str,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), InstallationError> {
        let act = Act { actor, action, target, detail, about: None };
        Ok(self.audit.tell(Book::Apps, txn, act).await?)
    }

    pub(crate) fn forget(&self, name: &InstallationName) {
        self.map.write().remove(name);
        self.journaling.write().remove(name);
    }

    /// Stages that a name is in use no longer and stays reserved.
    pub(crate) fn bury(&self, txn: &mut Txn, installation: &Installation) {
        let record = NameRecord { app: installation.app.clone(), removed_at: Some(self.clock.now()) };
        txn.put_as(keys::name(&installation.name), &record);
    }
}

/// Checks the releases of a changed installation, and keeps the one that it leaves.
async fn stage_release(
    txn: &mut Txn,
    before: &Installation,
    after: &Installation,
    now: Timestamp,
) -> Result<(), InstallationError> {
    let replaced = after.package_digest != before.package_digest
        || after.version != before.version
        || after.signer != before.signer;
    if replaced {
        // A migration starts anew with the next release that migrates: what another one writes
        // meanwhile may lie before the place where this one stopped.
        txn.delete(keys::migration(&before.name));
        let former = Former { release: before.release(), left_at: now };
        txn.put_as(keys::former(&before.name).text(&before.version.to_string()), &former);
        // One that it ran is gone back to on purpose.
        let ran: Option<Former> = txn.get_as(&keys::former(&after.name).text(&after.version.to_string())).await?;
        let known = ran.is_some_and(|f| f.release.package_digest == after.package_digest);
        let floor = if known { Floor::None } else { Floor::Running(&before.version) };
        check_release(txn, after, floor, true).await?;
    } else if after.status == Status::Running {
        check_release(txn, after, Floor::Running(&before.version), true).await?;
    }
    if let Some(canary) = after.canary().filter(|_| before.canary().is_none()) {
        check_release(txn, &after.as_release(&canary.release), Floor::Running(&after.version), true).await?;
    }
    Ok(())
}

/// Checks a release against what is known of its app, and stages what is new about it (`pin`).
pub(crate) async fn check_release(
    txn: &mut Txn,
    i: &Installation,
    floor: Floor<'_>,
    pin: bool,
) -> Result<(), InstallationError> {
    let app = keys::app(&i.app);
    let known: Option<AppRecord> = txn.get_as(&app).await?;
    if let Some(known) = &known {
        if known.vendor != i.manifest.vendor {
            return Err(InstallationError::OtherVendor {
                app: i.app.clone(),
                known: known.vendor.clone(),
                offered: i.manifest.vendor.clone(),
            });
        }
        let floor = match floor {
            Floor::Newest => Some(&known.newest),
            Floor::Running(version) => Some(version),
            Floor::None => None,
        };
        if let Some(floor) = floor.filter(|floor| i.version < **floor) {
            return Err(InstallationError::OlderVersion { offered: i.version.clone(), known: floor.clone() });
        }
    }
    let release = keys::release(&i.app, &i.version);
    let digest: Option<Digest> = txn.get_as(&release).await?;
    if let Some(known) = digest.filter(|known| *known != i.package_digest) {
        return Err(InstallationError::ChangedDigest { version: i.version.clone(), known, offered: i.package_digest });
    }
    if pin && digest.is_none() {
        txn.put_as(release, &i.package_digest);
    }
    if pin && known.is_none_or(|k| k.newest < i.version) {
        txn.put_as(app, &AppRecord { vendor: i.manifest.vendor.clone(), newest: i.version.clone() });
    }
    Ok(())
}

/// All of `needed` must be approved, and nothing that is not `asked` for.
pub(crate) fn approved_exactly(
    asked: &[Capability],
    needed: &[Capability],
    approved: &[Capability],
) -> Result<(), InstallationError> {
    let without =
        |all: &[Capability], some: &[Capability]| all.iter().filter(|c| !some.contains(c)).cloned().collect::<Vec<_>>();
    let missing = without(needed, approved);
    if !missing.is_empty() {
        return Err(InstallationError::NotApproved(missing));
    }
    let strange = without(approved, asked);
    if strange.is_empty() { Ok(()) } else { Err(InstallationError::NotRequested(strange)) }
}

/// Runs a change to its end even when the caller goes away, so that the map follows the commit.
pub(crate) async fn detached<T: Send + 'static>(
    change: impl Future<Output = Result<T, InstallationError>> + Send + 'static,
) -> Result<T, InstallationError> {
    match tokio::spawn(change).await {
        Ok(answer) => answer,
        Err(e) => match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(StoreError::Closed.into()),
        },
    }
}
