//! `yunlong registry`: an OCI registry by itself, for whoever builds and ships packages without a city.

use crate::backup::{self, control};
use crate::city::{make_private, open_store};
use crate::options::Common;
use crate::ports;
use crate::serve::{stop_signal, until};
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::{blobs, secret};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use yunlong_identity::Secrets;
use yunlong_model::SystemClock;
use yunlong_oci::access::{AccessTable, AccountEntry};
use yunlong_oci::admission::AdmitAll;
use yunlong_oci::config::{Config, TokenKey};
use yunlong_oci::{Registry as Oci, serve};
use yunlong_store::{Key, SharedStore, Txn};

/// Serve an OCI registry by itself, without a city
///
/// It keeps whatever its accounts push, of any kind: tags do not change, what is tagged is not deleted, and that is
/// all. Nobody reviews, no signature is asked for, nothing is written into a log that proves itself, and no city
/// installs from here: those are the work of the registry within a city, which `yunlong serve --registry-port`
/// opens.
///
/// Its settings are those of [registry] in the configuration file: the address, accounts, quotas, a bucket. A proxy
/// before it ends TLS.
#[derive(Args, Debug)]
pub(crate) struct Registry {
    #[command(flatten)]
    common: Common,
    /// The port; 5000 by default
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen on; loopback by default
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// The address that clients see, behind the proxy that ends TLS: `https://registry.city.example`
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Ask for a password, or read it from YUNLONG_PASSWORD, print its hash for the file of accounts, and end
    #[arg(long)]
    hash: bool,
}

/// Requests that are under way may end within this time.
const DRAIN: Duration = Duration::from_secs(5);
/// The process is gone so long after that.
const LAST_RESORT: Duration = Duration::from_secs(3);
const PORT: u16 = 5000;

/// Says that a data folder is a registry's own.
fn mark() -> Key {
    Key::space("@server").text("registry-alone")
}

/// A folder that `yunlong registry` made is no city's.
pub(crate) async fn refuse_its_folder(store: &SharedStore, data: &Path) -> Result<()> {
    ensure!(
        store.get(&mark()).await?.is_none(),
        "{} is the data folder of a registry by itself: run `yunlong registry`, or give another --data",
        data.display()
    );
    Ok(())
}

pub(crate) fn run(options: &Registry) -> Result<()> {
    if options.hash {
        let password = yunlong_cli::read_password("the account")?;
        println!("{}", AccessTable::hash(&password).map_err(|e| anyhow!(e))?);
        return Ok(());
    }
    let settings = options.settings()?;
    let telemetry = Telemetry::start(&settings.log.filter, settings.log.format, settings.telemetry.otlp.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(serve_alone(&settings));
    runtime.shutdown_timeout(Duration::from_millis(300));
    telemetry.stop();
    outcome
}

impl Registry {
    fn settings(&self) -> Result<Settings> {
        let mut flags: Vec<(&'static str, toml::Value)> = Vec::new();
        flags.extend(self.port.map(|port| ("registry.port", i64::from(port).into())));
        flags.extend(self.listen.map(|address| ("registry.address", address.to_string().into())));
        flags.extend(self.origin.as_ref().map(|origin| ("registry.origin", origin.as_str().into())));
        let mut settings = self.common.settings(flags)?;
        settings.registry.port = settings.registry.port.or(Some(PORT));
        settings.data()?;
        Ok(settings)
    }
}

async fn serve_alone(settings: &Settings) -> Result<()> {
    let signalled = stop_signal(DRAIN + LAST_RESORT)?;
    let at = settings.registry.listener().context("no port")?;
    // The port before the data: one that is taken is told at once, and nothing was touched.
    let listener = ports::listen(at, "--port").await?;
    let access = access(settings)?;
    let data = settings.data()?;
    make_private(data)?;
    backup::refuse_half_restored(data)?;
    let engine = open_store(data, settings)?;
    let store: SharedStore = engine.clone();
    let secrets = open_folder(settings, data, &store).await?;
    let url = settings.registry.url();
    let mut config = Config::new(&url, TokenKey::new(secrets.derive("registry-tokens", &[])));
    config.quotas.default.bytes = settings.registry.quota_bytes();
    config.limits.request = settings.upload_timeout();
    let blobs = blobs::open(settings, data)?;
    let registry = Oci::open(store, blobs, config, Arc::new(access), Arc::new(AdmitAll), Arc::new(SystemClock))
        .context("registry.origin")?;
    let collector = tokio::spawn({
        let (registry, stop) = (registry.clone(), until(signalled.clone()));
        async move { registry.run(stop).await }
    });
    let control = tokio::spawn(control::run(data.to_owned(), engine, registry.clone(), None, until(signalled.clone())));
    if !at.ip().is_loopback() && !url.starts_with("https://") {
        eprintln!(
            "warning: {at} is plain http on the network: passwords can be read there; put a proxy that ends TLS before it and give --origin https://…"
        );
    }
    println!("ready {url}");
    let limits = serve::Connections { drain: DRAIN, ..serve::Connections::default() };
    serve::serve(listener, registry.router(), limits, until(signalled)).await;
    // Both end by themselves; a run of the collector can be cut off anywhere.
    _ = tokio::time::timeout(Duration::from_secs(1), async { _ = tokio::join!(collector, control) }).await;
    Ok(())
}

/// Makes an empty folder the registry's own, and refuses a city's: its accounts, and what is published there,
/// are the city's to decide on.
async fn open_folder(settings: &Settings, data: &Path, store: &SharedStore) -> Result<Secrets> {
    let empty = store.watch().borrow().0 == 0;
    ensure!(
        empty || store.get(&mark()).await?.is_some(),
        "{} is a city's data folder: `yunlong serve --registry-port` opens its registry; give another --data",
        data.display()
    );
    let file = settings.keys.platform.clone().unwrap_or_else(|| secret::path(data));
    let secrets = Secrets::new(*secret::load(&file, empty)?);
    if !secret::confirm(&secrets, store, &file).await? {
        secret::remember(&secrets, store).await?;
    }
    let mut txn = Txn::new(store.clone());
    txn.put_as(mark(), &true);
    txn.commit().await.context("the data folder cannot be written")?;
    Ok(secrets)
}

fn access(settings: &Settings) -> Result<AccessTable> {
    let set = &settings.registry;
    let accounts = match &set.accounts {
        Some(file) => {
            let file = settings.beside.join(file);
            let bytes = secret::read_private(&file).context("registry.accounts")?;
            let text = std::str::from_utf8(&bytes).ok().with_context(|| format!("{} is no text", file.display()))?;
            accounts(text).with_context(|| file.display().to_string())?
        }
        None => {
            tracing::warn!("nobody can push: name a file of accounts in registry.accounts");
            BTreeMap::new()
        }
    };
    AccessTable::new(accounts, set.public.clone()).map_err(|e| anyhow!(e))
}

fn accounts(text: &str) -> Result<BTreeMap<String, AccountEntry>> {
    let mut accounts = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, hash, owners] = fields[..] else {
            bail!("line {} is not NAME HASH OWNER[,OWNER…]; `yunlong registry --hash` makes the HASH", n + 1);
        };
        let owns = owners.split(',').map(str::to_owned).collect();
        let entry = AccountEntry { password_hash: hash.to_owned(), owns, reads: Vec::new() };
        ensure!(accounts.insert(name.to_owned(), entry).is_none(), "line {}: `{name}` stands there twice", n + 1);
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_accounts_that_is_none_is_named_and_no_hash_is_told() {
        let text = "# who\nvendor $argon2id$v=19$x vendor,second\n\nother $argon2id$v=19$y other\n";
        let read = accounts(text).unwrap();
        assert_eq!(read["vendor"].owns, ["vendor", "second"]);
        assert_eq!(read.len(), 2);
        for (wrong, said) in [("vendor $argon2id$v=19$x\n", "line 1"), ("a $h a\na $h a\n", "line 2: `a`")] {
            let refused = accounts(wrong).unwrap_err().to_string();
            assert!(refused.contains(said) && !refused.contains("$argon2id"), "{refused}");
        }
    }
}
