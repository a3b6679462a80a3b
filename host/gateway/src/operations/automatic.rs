//! Automatic upgrades: an installation takes a newly approved version by itself, if its department has switched
//! that on and nothing about the version needs a person's word. What does waits, and says why.
//!
//! A version is taken by itself when it asks for nothing in addition to what the running one has, when the
//! running one reads the data that it will write (so that the watch can bring it back by itself), and when this
//! installation has not left it or failed with it before. The list of installations enforces the first again, in
//! the commit of the upgrade: an automatic one approves nothing.

use super::{OperationError, Operations, PLATFORM, Standing, Upgrading};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use yunlong_installations::{Difference, Former, Installation, InstallationError, Status, effective};
use yunlong_messaging::Notice;
use yunlong_model::{Digest, InstallationName, Manifest, Text, Timestamp};
use yunlong_publications::Version;
use yunlong_store::documents::DocumentError;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, transact};

/// What nobody told of is looked for this often: approvals of another process, versions that waited for a trial.
const LOOK: Duration = Duration::from_secs(10);

/// That an installation upgrades by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    /// Who switched it on.
    pub by: String,
    /// When.
    pub since: Timestamp,
    /// The versions that could not be taken, by their packages, while they are newer than the one that runs: none
    /// is tried again by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<Digest, FailedUpgrade>,
}

/// An automatic upgrade that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedUpgrade {
    /// Its version.
    pub version: semver::Version,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Text,
}

/// A newer version that an installation may be upgraded to.
#[derive(Clone, Debug)]
pub struct Newer {
    /// The version as it was published and approved.
    pub version: Version,
    /// What it declares.
    pub manifest: Manifest,
    /// What it asks for otherwise than the running one.
    pub difference: Difference,
    /// Why it waits for a person; `None` when an installation may take it by itself.
    pub waits: Option<Waits>,
}

/// Why a version waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It asks for so many permissions in addition, or more widely.
    Wider(usize),
    /// It is a version for trying out (`1.2.0-rc.1`).
    Prerelease,
    /// The running version would not read what it writes: it could not be brought back by itself.
    Data {
        /// The shape of the data now.
        from: u32,
        /// The shape that it writes.
        to: u32,
    },
    /// It wants settings that the department has not made.
    Settings,
    /// The installation ran it and went back.
    Left,
    /// It could not be taken.
    Failed(Text),
}

impl Waits {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Wider(n) => (
                format!("新增或放宽 {n} 项权限，须由您批准"),
                format!("it asks for more ({n} permissions), which a person must approve"),
            ),
            Self::Prerelease => ("这是试用版本".into(), "it is a version for trying out".into()),
            Self::Data { from, to } => (
                format!("数据结构由 {from} 改为 {to}，当前版本读不了新数据，不能自动退回"),
                format!(
                    "the shape of its data goes from {from} to {to}, which the running version does not read: it could not be rolled back by itself"
                ),
            ),
            Self::Settings => ("有新的设置须由您填写".into(), "it has settings that are to be filled in first".into()),
            Self::Left => ("曾运行过并退回".into(), "it ran here before and was left".into()),
            Self::Failed(why) => (format!("自动升级未成功：{}", why.zh), format!("it could not be taken: {}", why.en)),
        };
        Text { zh, en }
    }
}

/// Whether a version waits for a person, and why.
fn waits(
    now: &Installation,
    package: &Digest,
    next: &Manifest,
    difference: &Difference,
    former: &[Former],
    failed: &BTreeMap<Digest, FailedUpgrade>,
) -> Option<Waits> {
    if !difference.added.is_empty() {
        return Some(Waits::Wider(difference.added.len()));
    }
    if !next.version.pre.is_empty() {
        return Some(Waits::Prerelease);
    }
    if !now.manifest.data.understands(next.data.schema) {
        return Some(Waits::Data { from: now.manifest.data.schema, to: next.data.schema });
    }
    if effective(next, &now.values).is_err() {
        return Some(Waits::Settings);
    }
    if former.iter().any(|f| f.release.package_digest == *package) {
        return Some(Waits::Left);
    }
    failed.get(package).map(|f| Waits::Failed(f.why.clone()))
}

fn table() -> Key {
    Key::space("@upgrades").text("automatic")
}

fn row(name: &InstallationName) -> Key {
    table().text(name.as_str())
}

impl Operations {
    /// Upgrades what upgrades by itself, as versions are approved, and stops what a recall has left running, until
    /// `stop` completes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let look = async {
                if let Err(error) = self.look_for_recalled().await {
                    tracing::error!(%error, "what runs recalled versions is looked for again");
                }
                if let Err(error) = self.upgrade_automatically().await {
                    tracing::warn!(%error, "automatic upgrades wait for the next try");
                }
                tokio::select! {
                    () = self.shared.approved.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = look => {}
            }
        }
    }

    /// Has [`Operations::run`] look for work now: a version was approved.
    pub(crate) fn wake(&self) {
        self.shared.approved.notify_one();
    }

    /// Takes the newest version that needs nobody's word, in each installation that upgrades by itself.
    ///
    /// # Errors
    /// When the list of them cannot be read. What goes wrong with one installation does not hold up the others.
    pub async fn upgrade_automatically(&self) -> Result<(), OperationError> {
        let rows = self.services.store.scan(&table().children(), Direction::Ascending, usize::MAX).await;
        for found in rows.map_err(DocumentError::Store)? {
            let Some(name) = found.key.last_text().and_then(|n| n.parse().ok()) else { continue };
            let automatic: Automatic = from_json(&found.key, &found.value).map_err(DocumentError::Store)?;
            if let Err(error) = self.take_newest(&name, &automatic).await {
                tracing::warn!(installation = %name, %error, "its automatic upgrade waits for the next try");
            }
        }
        Ok(())
    }

    async fn take_newest(&self, name: &InstallationName, automatic: &Automatic) -> Result<(), OperationError> {
        let Some(i) = self.services.installations.get(name) else { return Ok(()) };
        // One that a person stopped, or whose last upgrade is not over, is left alone. One whose version was recalled
        // waits for nothing but another one.
        if !matches!(i.status, Status::Running | Status::Recalled) || i.change.is_some() {
            return Ok(());
        }
        let Some(next) = self.newer(&i).await?.into_iter().find(|n| n.waits.is_none()) else { return Ok(()) };
        let (package, version) = (next.version.digest, next.version.version);
        let wanted = Upgrading { package, approve: Vec::new(), share: None, by: PLATFORM.to_owned() };
        match self.upgrade_by_itself(name, wanted).await {
            // A person's word came first.
            Err(OperationError::NotByItself(_)) => Ok(()),
            Ok(_) => {
                tracing::info!(installation = %name, %version, "upgraded by itself");
                let title = (format!("已自动升级到版本 {version}"), format!("Upgraded by itself to version {version}"));
                let body = (
                    "没有新增权限。观察期内如有异常，会自动退回。",
                    "It asks for nothing more. If it is not well during its trial, it is rolled back by itself.",
                );
                self.tell_of_upgrade(&i, automatic, title, (body.0.into(), body.1.into())).await;
                Ok(())
            }
            Err(refused) if is_final(&refused) => {
                tracing::warn!(installation = %name, %version, error = %refused, "its automatic upgrade is refused");
                let why = refused.text();
                let failed =
                    FailedUpgrade { version: version.clone(), at: self.services.clock.now(), why: why.clone() };
                self.set_aside(&i, package, failed).await?;
                let title = (format!("未能自动升级到版本 {version}"), format!("Not upgraded to version {version}"));
                let body =
                    (format!("请在控制台查看并决定：{}", why.zh), format!("Look at it at the console: {}", why.en));
                self.tell_of_upgrade(&i, automatic, title, body).await;
                Ok(())
            }
            Err(passing) => Err(passing),
        }
    }

    /// Tells whoever switched it on, and whoever installed the app.
    async fn tell_of_upgrade(
        &self,
        i: &Installation,
        automatic: &Automatic,
        title: (String, String),
        body: (String, String),
    ) {
        let app = &i.manifest.title;
        let short = |text: String| text.chars().take(1_000).collect();
        let notice = Notice {
            title: Text { zh: format!("{}：{}", app.zh, title.0), en: format!("{}: {}", app.en, title.1) },
            body: Text { zh: short(body.0), en: short(body.1) },
            path: None,
        };
        let mut people = vec![automatic.by.as_str(), i.installed_by.as_str()];
        people.dedup();
        for account in people {
            if let Err(error) = self.note(account, &i.name, notice.clone()).await {
                tracing::warn!(installation = %i.name, account, %error, "an administrator could not be told");
            }
        }
    }

    async fn set_aside(&self, i: &Installation, package: Digest, failed: FailedUpgrade) -> Result<(), OperationError> {
        let key = row(&i.name);
        transact!(&self.services.store, |txn| {
            let found: Option<Automatic> = txn.get_as(&key).await.map_err(DocumentError::Store)?;
            // It may have been switched off meanwhile.
            if let Some(mut automatic) = found {
                // What is no newer than the one that runs is not looked at again.
                automatic.failed.retain(|_, f| f.version > i.version);
                automatic.failed.insert(package, failed.clone());
                txn.put_as(key.clone(), &automatic);
            }
            Ok::<_, OperationError>(())
        })
    }

    /// The approved versions of an installation's app that are newer than the one in charge, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newer(&self, i: &Installation) -> Result<Vec<Newer>, OperationError> {
        let publications = self.publications();
        let mut versions = publications.versions(&i.app).await?;
        versions.retain(|v| v.status == Standing::Approved && v.version > i.version);
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        let former = self.services.installations.former(&i.name).await?;
        let failed = self.automatic(&i.name).await?.map(|a| a.failed).unwrap_or_default();
        let mut all = Vec::with_capacity(versions.len());
        for version in versions {
            let manifest = publications.summary(&version.digest).await?.manifest;
            let difference = Difference::between(&i.manifest, &manifest);
            let waits = waits(i, &version.digest, &manifest, &difference, &former, &failed);
            all.push(Newer { version, manifest, difference, waits });
        }
        Ok(all)
    }

    /// Whether an installation upgrades by itself.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn automatic(&self, name: &InstallationName) -> Result<Option<Automatic>, OperationError> {
        let key = row(name);
        let found = self.services.store.get(&key).await.map_err(DocumentError::Store)?;
        Ok(found.map(|v| from_json(&key, &v.value)).transpose().map_err(DocumentError::Store)?)
    }

    /// Switches automatic upgrades of an installation on or off. Switched on anew, what failed is tried again.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`].
    pub async fn set_automatic(&self, name: &InstallationName, on: bool, by: &str) -> Result<(), OperationError> {
        // Not beside a removal, which takes the row away.
        let _turn = self.turn(name).await;
        self.get(name)?;
        let (key, installations) = (row(name), &self.services.installations);
        let set: Result<(), OperationError> = transact!(&self.services.store, |txn| {
            let is_on = txn.get(&key).await.map_err(DocumentError::Store)?.is_some();
            if is_on == on {
                return Ok(());
            }
            if on {
                let automatic =
                    Automatic { by: by.to_owned(), since: self.services.clock.now(), failed: BTreeMap::new() };
                txn.put_as(key.clone(), &automatic);
            } else {
                txn.delete(key.clone());
            }
            let action = if on { "upgrade.automatic" } else { "upgrade.by-hand" };
            installations.stage_record(txn, by, action, name.as_str(), "").await?;
            Ok(())
        });
        set?;
        self.wake();
        Ok(())
    }

    /// Forgets that an installation, which is removed, upgraded by itself.
    pub(super) async fn forget_automatic(&self, name: &InstallationName) -> Result<(), OperationError> {
        let key = row(name);
        transact!(&self.services.store, |txn| {
            if txn.get(&key).await.map_err(DocumentError::Store)?.is_some() {
                txn.delete(key.clone());
            }
            Ok::<_, OperationError>(())
        })
    }
}

/// Whether trying again by itself is of no use: the version is at fault, not the moment.
fn is_final(e: &OperationError) -> bool {
    match e {
        OperationError::App(e) => !e.is_platforms(),
        OperationError::Library(e) => e.is_callers(),
        OperationError::Installation(e) => !matches!(
            e,
            InstallationError::UnderWay(_)
                | InstallationError::NotFound(_)
                | InstallationError::NotInCharge(_)
                | InstallationError::Changed(_)
                | InstallationError::Audit(_)
                | InstallationError::Commit(_)
                | InstallationError::Store(_)
        ),
        OperationError::Load(_) | OperationError::Invalid { .. } | OperationError::Indexes(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use yunlong_installations::DataRange;

    fn manifest(version: &str, more: &str) -> Manifest {
        let text = format!(
            "name = \"tickets\"\nversion = \"{version}\"\nvendor = \"v\"\ntitle = {{ zh = \"票\", en = \"T\" }}\ndescription = {{ zh = \"票\", en = \"T\" }}\n{more}"
        );
        Manifest::parse(&text).unwrap()
    }

    fn running(more: &str) -> Installation {
        let manifest = manifest("1.0.0", more);
        Installation {
            name: "tickets".parse().unwrap(),
            app: manifest.name.clone(),
            version: manifest.version.clone(),
            organization: "320300".into(),
            organization_name: "徐州市".into(),
            package_digest: Digest::of(b"1.0.0"),
            signer: String::new(),
            grants: Vec::new(),
            config: Default::default(),
            values: Default::default(),
            status: Status::Running,
            installed_at: Timestamp(0),
            installed_by: "city-admin".into(),
            data: DataRange::of(&manifest.data),
            change: None,
            indexes_due: false,
            roles_due: Vec::new(),
            manifest: Arc::new(manifest),
        }
    }

    fn judged(now: &Installation, next: &Manifest, former: &[Former], failed: Option<&FailedUpgrade>) -> Option<Waits> {
        let package = |version: &semver::Version| Digest::of(version.to_string().as_bytes());
        let failed = failed.map(|f| (package(&f.version), f.clone())).into_iter().collect();
        waits(now, &package(&next.version), next, &Difference::between(&now.manifest, next), former, &failed)
    }

    const PAYS: &str = "payments = { reason = { zh = \"售票\", en = \"Tickets\" } }\n";

    #[test]
    fn what_asks_for_nothing_more_needs_nobody_and_what_does_waits() {
        let (plain, pays) = (running(""), running(PAYS));
        assert_eq!(judged(&plain, &manifest("1.1.0", ""), &[], None), None);
        assert_eq!(judged(&pays, &manifest("1.1.0", ""), &[], None), None, "narrower");
        assert!(matches!(judged(&plain, &manifest("1.1.0", PAYS), &[], None), Some(Waits::Wider(n)) if n > 0));
        let other = PAYS.replace("Tickets", "Fines");
        assert_eq!(judged(&pays, &manifest("1.1.0", &other), &[], None), Some(Waits::Wider(1)), "another reason");
    }

    #[test]
    fn what_could_not_be_brought_back_or_was_left_or_failed_waits() {
        let now = running("");
        assert_eq!(judged(&now, &manifest("1.1.0-rc.1", ""), &[], None), Some(Waits::Prerelease));
        let data = manifest("1.1.0", "data = { schema = 2, reads = [1] }\n");
        assert_eq!(judged(&now, &data, &[], None), Some(Waits::Data { from: 1, to: 2 }));
        let reads = running("data = { schema = 1, reads = [2] }\n");
        assert_eq!(judged(&reads, &data, &[], None), None, "the running one reads what it writes");
        let settings =
            "[config]\ntype = \"object\"\nrequired = [\"place\"]\n[config.properties.place]\ntype = \"string\"\n";
        assert_eq!(judged(&now, &manifest("1.1.0", settings), &[], None), Some(Waits::Settings));
        let next = manifest("1.1.0", "");
        let package = Digest::of(b"1.1.0");
        let mut release = now.release();
        release.package_digest = package;
        let former = Former { release, left_at: Timestamp(1) };
        assert_eq!(judged(&now, &next, std::slice::from_ref(&former), None), Some(Waits::Left));
        let why = Text { zh: "异常".into(), en: "ill".into() };
        let mut failed = FailedUpgrade { version: next.version.clone(), at: Timestamp(1), why: why.clone() };
        assert_eq!(judged(&now, &next, &[], Some(&failed)), Some(Waits::Failed(why)));
        failed.version = semver::Version::new(1, 2, 0);
        assert_eq!(judged(&now, &next, &[], Some(&failed)), None, "another version failed");
    }
}
