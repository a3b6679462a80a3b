//! A registry by itself: a folder, a table of accounts, and no more. The platform's own registry, with
//! review and signatures, is `yunlong registry`.

use anyhow::{Context as _, anyhow, bail};
use clap::Parser;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use yunlong_model::SystemClock;
use yunlong_oci::access::{AccessTable, AccountEntry};
use yunlong_oci::admission::AdmitAll;
use yunlong_oci::blobs::FolderBlobs;
use yunlong_oci::config::{Config, TokenKey};
use yunlong_oci::{Registry, serve};
use yunlong_store::sled_engine::{SledOptions, SledStore};

/// An OCI registry in a folder.
#[derive(Parser)]
struct Options {
    /// Where everything is kept; one process at a time.
    #[arg(long)]
    data: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
    /// Where clients reach it, if not at that address: scheme and host only.
    #[arg(long)]
    url: Option<String>,
    /// A file of accounts, a line each: NAME HASH OWNER[,OWNER…]. HASH is Argon2id in PHC format (see
    /// --hash); the owners are the first components of the repositories that the account may work with.
    #[arg(long)]
    accounts: Option<PathBuf>,
    /// An owner whose repositories anybody may pull; may be given several times.
    #[arg(long)]
    public: Vec<String>,
    /// Reads a password from the standard input, prints its hash for the file of accounts, and ends.
    #[arg(long)]
    hash: bool,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    if options.hash {
        let mut password = String::new();
        std::io::stdin().read_line(&mut password)?;
        println!("{}", AccessTable::hash(password.trim_end_matches(['\r', '\n'])).map_err(|e| anyhow!(e))?);
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(run(options))
}

async fn run(options: Options) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("{} cannot be listened on: choose another with --listen", options.listen))?;
    let at = listener.local_addr()?;
    let url = options.url.unwrap_or_else(|| format!("http://{at}"));
    let store = SledStore::open(&options.data.join("store"), SledOptions::default())?;
    let blobs = FolderBlobs::open(&options.data.join("content"))?;
    let accounts = match &options.accounts {
        Some(path) => read_accounts(&std::fs::read_to_string(path).with_context(|| path.display().to_string())?)?,
        None => BTreeMap::new(),
    };
    let access = AccessTable::new(accounts, options.public).map_err(|e| anyhow!(e))?;
    let registry = Registry::open(
        Arc::new(store),
        Arc::new(blobs),
        Config::new(&url, TokenKey::random()),
        Arc::new(access),
        Arc::new(AdmitAll),
        Arc::new(SystemClock),
    )?;
    // Whoever starts this program reads here where it listens.
    println!("listening on {at}");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let wait = |mut stopped: tokio::sync::watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|s| *s).await;
    };
    let collector = tokio::spawn({
        let (registry, wait) = (registry.clone(), wait(stopped.clone()));
        async move { registry.run(wait).await }
    });
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send(true);
    });
    serve::serve(listener, registry.router(), serve::Connections::default(), wait(stopped)).await;
    let _ = tokio::time::timeout(Duration::from_secs(5), collector).await;
    Ok(())
}

fn read_accounts(text: &str) -> anyhow::Result<BTreeMap<String, AccountEntry>> {
    let mut accounts = BTreeMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [name, hash, owners] = fields[..] else {
            bail!("line {} of the accounts is not NAME HASH OWNER[,OWNER…]", i + 1)
        };
        let owns = owners.split(',').map(str::to_owned).collect();
        let entry = AccountEntry { password_hash: hash.to_owned(), owns, reads: Vec::new() };
        if accounts.insert(name.to_owned(), entry).is_some() {
            bail!("the account `{name}` stands there twice");
        }
    }
    Ok(accounts)
}
