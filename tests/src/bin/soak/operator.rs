//! The operator at work while people buy: the app that they buy from goes to newer releases and back.

use crate::APP;
use crate::book::Book;
use crate::load::{Actor, Dice};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use yunlong_registry::{KeyPair, Limits, Package, package};
use yunlong_tests::{City, Client, Publishing};

/// A label is never used again, so every upgrade is to another one.
static RELEASES: AtomicU32 = AtomicU32::new(1);

pub(crate) struct Operator {
    console: Client,
    publishing: Publishing,
    book: Arc<Book>,
    dice: Dice,
}

impl Actor for Operator {
    async fn act(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(1_500 + self.dice.below(3_000))).await;
        // What stands by during a trial; the way back may have been cut off.
        if let Some(former) = self.state().await?["other"].as_str() {
            let back = json!({"version": former, "reason": "the soak goes back"});
            self.change("rollback", former, &back).await?;
            self.book.count("roll-backs under load");
            return Ok(());
        }
        let n = RELEASES.fetch_add(1, Ordering::Relaxed);
        let (version, tar) = tokio::task::spawn_blocking(move || release(n)).await??;
        let wanted = json!({"package": self.publishing.publish_and_approve(tar).await?});
        self.change("upgrade", &version, &wanted).await?;
        self.book.count("upgrades under load");
        Ok(())
    }
}

impl Operator {
    pub(crate) async fn start(city: &City, book: &Arc<Book>, dice: Dice) -> Result<Self> {
        let (console, publishing) = (city.signed_in("console", "city-admin").await?, city.publishing().await?);
        let me = Self { console, publishing, book: book.clone(), dice };
        book.changes_to(me.state().await?["version"].as_str().context("no version")?, false);
        Ok(me)
    }

    async fn state(&self) -> Result<Value> {
        self.console.get(&format!("/api/v1/installations/{APP}/upgrade")).await?.json()
    }

    async fn change(&self, how: &str, version: &str, body: &Value) -> Result<()> {
        self.book.changes_to(version, false);
        let changed = self.console.post(&format!("/api/v1/installations/{APP}/{how}"), body).await?;
        ensure!(changed.status == 200, "{how} to {version}: {} {}", changed.status, changed.text);
        self.book.changes_to(version, true);
        Ok(())
    }
}

/// The app as it is, under a newer label: its version, and the signed package.
fn release(n: u32) -> Result<(String, Vec<u8>)> {
    let given = package::open(&yunlong_tests::package(APP)?, &Limits::default())?;
    let mut version = given.manifest.version.clone();
    version.patch += u64::from(n);
    let label = |v: &dyn std::fmt::Display| format!("\nversion = \"{v}\"\n");
    let manifest = given.manifest_toml.replacen(&label(&given.manifest.version), &label(&version), 1);
    let files = given.assets.iter().map(|(path, asset)| (path.clone(), asset.bytes.clone())).collect();
    let mut package = Package::build(&manifest, &given.component, &files)?;
    ensure!(package.manifest.version == version, "app.toml has its version in another form");
    package.sign(&KeyPair::from_pem(&std::fs::read_to_string(yunlong_tests::vendor_key()?)?)?)?;
    Ok((version.to_string(), package.to_tar()?))
}
