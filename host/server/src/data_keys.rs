//! The keys of personal fields: their files, which of them the data hangs on, and their change.
//!
//! Which keys anything may be sealed with stands in the store. A start whose key files lack one of them
//! is refused before anything is written; when everything is sealed with the current key, the others
//! are struck off.

use crate::secret;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use yunlong_audit::Audit;
use yunlong_files::Files;
use yunlong_hub::Hub;
use yunlong_identity::{Identity, Secrets};
use yunlong_installations::Installations;
use yunlong_messaging::Messaging;
use yunlong_model::{Clock, Timestamp};
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::buckets::Buckets;
use yunlong_store::documents::Schema;
use yunlong_store::{Direction, Key, SharedStore, Txn};
use zeroize::Zeroizing;

/// A key that something may be sealed with.
#[derive(Debug, Serialize, Deserialize)]
struct InUse {
    algorithm: String,
    since: Timestamp,
}

fn in_use() -> Key {
    Key::space("@keys").text("data")
}

/// The id of the key that everything is sealed with; absent while that is not so.
fn complete() -> Key {
    Key::space("@keys").text("complete")
}

/// Reads one key file, which nobody but its owner may be able to read.
pub(crate) fn read(path: &Path) -> Result<DataKey> {
    let bytes = secret::read_private(path)?;
    let text = std::str::from_utf8(&bytes).ok().with_context(|| format!("{} is no text", path.display()))?;
    DataKey::from_file(text).with_context(|| path.display().to_string())
}

/// The keys of the configuration. The one that is derived from the platform's secret is always among
/// them, since it is always there.
pub(crate) fn keyring(files: &[PathBuf], secrets: &Secrets) -> Result<Option<Keyring>> {
    let mut keys = files.iter().map(|f| read(f)).collect::<Result<Vec<_>>>()?.into_iter();
    let Some(current) = keys.next() else { return Ok(None) };
    let derived = DataKey::derived(&Zeroizing::new(secrets.derive("data-key", &[])));
    Ok(Some(Keyring::new(current, keys.chain([derived]).collect())))
}

/// Gives the secrets their keys, once it is certain that everything in the store can be opened.
pub(crate) async fn open(
    files: &[PathBuf],
    secrets: Secrets,
    store: &SharedStore,
    clock: &dyn Clock,
    empty: bool,
) -> Result<Secrets> {
    let secrets = match keyring(files, &secrets)? {
        Some(ring) => secrets.with_fields(ring),
        None => secrets,
    };
    let ring = secrets.fields();
    let rows = store.scan(&in_use().children(), Direction::Ascending, 1_000).await?;
    let ids: Vec<String> = rows.iter().filter_map(|r| r.key.last_text()).collect();
    let lacking: Vec<&str> =
        ids.iter().filter(|id| ring.keys().all(|k| k.id().to_string() != **id)).map(String::as_str).collect();
    if !lacking.is_empty() {
        bail!(
            "personal data is encrypted with the key {}, and no key file holds it: the files in `keys.data` hold {}. Nothing was changed; add the missing file to `keys.data` (or restore it from where you keep your keys)",
            lacking.join(", "),
            ring.keys().map(|k| k.id().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    let current = ring.current();
    let id = current.id().to_string();
    if !ids.contains(&id) {
        let mut txn = Txn::new(store.clone());
        let row = InUse { algorithm: current.algorithm().name().to_owned(), since: clock.now() };
        txn.put_as(in_use().text(&id), &row);
        if empty {
            txn.put_as(complete(), &id);
        } else {
            txn.delete(complete());
        }
        txn.commit().await.context("the data key cannot be recorded")?;
    }
    Ok(secrets)
}

/// Seals anew whatever is not sealed with the current key, and strikes the others off when nothing
/// hangs on them any more.
#[allow(clippy::too_many_arguments, reason = "everything that seals anything")]
pub(crate) async fn rotate(
    store: &SharedStore,
    secrets: &Secrets,
    identity: &Identity,
    messaging: &Messaging,
    installations: &Installations,
    files: &Files,
    hub: &Hub,
    audit: &Audit,
) -> Result<()> {
    let id = secrets.fields().current().id().to_string();
    let mut txn = Txn::new(store.clone());
    if txn.get_as::<String>(&complete()).await?.as_ref() == Some(&id) {
        return Ok(());
    }
    tracing::info!(key = id, "personal data is encrypted anew with the current key");
    let people = identity.seal_anew().await.context("attributes")?;
    let notes = messaging.seal_anew().await.context("notes")?;
    let records = hub.seal_anew().await.context("the records of the information hub")?;
    let logged = audit.reseal().await.context("the keys of the audit log")?;
    let journals = installations.seal_journals_anew(secrets.fields()).await.context("journals of failed requests")?;
    let mut documents = 0;
    for i in installations.list() {
        let schema = Schema::new(&i.name, &i.manifest).with_keys(secrets.fields().clone());
        documents += schema.seal_anew(store).await.with_context(|| format!("the documents of {}", i.name))?;
        let buckets = Buckets::new(&i.name, &i.manifest, secrets.fields().clone());
        documents += buckets.seal_anew(store).await.with_context(|| format!("the buckets of {}", i.name))?;
        documents += files.seal_anew(&i.name).await.with_context(|| format!("the files of {}", i.name))?;
    }
    txn.put_as(complete(), &id);
    let rows = store.scan(&in_use().children(), Direction::Ascending, 1_000).await?;
    let former: Vec<String> = rows.iter().filter_map(|r| r.key.last_text()).filter(|other| *other != id).collect();
    for other in &former {
        txn.delete(in_use().text(other));
    }
    txn.commit().await?;
    tracing::info!(people, notes, records, logged, journals, documents, key = id, former = ?former, "everything is encrypted with the current key: files of former keys may be taken out of `keys.data`");
    Ok(())
}

/// `yunlong data-key`.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make a key for personal fields at rest; name its file in `keys.data` of the configuration
    New(New),
}

/// `yunlong data-key new`.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The file, which must not exist; it is made for its owner's eyes only
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// aes-256-gcm, or sm4-gcm where national algorithms are asked for
    #[arg(long, default_value = "aes-256-gcm", value_parser = |s: &str| s.parse::<Algorithm>())]
    algorithm: Algorithm,
}

pub(crate) fn run(command: &Command) -> Result<()> {
    let Command::New(options) = command;
    let text = DataKey::generate(options.algorithm)?;
    let key = DataKey::from_file(&text)?;
    let shown = options.out.display();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&options.out)
        .with_context(|| format!("{shown} cannot be made: a key file is never overwritten"))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| shown.to_string())?;
    println!("made {shown}: the key {} ({})", key.id(), key.algorithm().name());
    println!("  → keep a copy apart from the data, put it first in `keys.data` and restart");
    Ok(())
}
