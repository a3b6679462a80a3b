//! `yunlong backup`.

use super::manifest::{self, Manifest};
use super::{SEALED, STORE, blobs, control, sealed};
use crate::city::{make_private, open_store};
use crate::options::Common;
use crate::refusal::{Refusal, both};
use anyhow::{Result, ensure};
use clap::Args;
use std::any::Any;
use std::path::PathBuf;
use yunlong_store::sled_engine::files::DiskFiles;

/// `yunlong backup`.
#[derive(Args, Debug)]
pub(crate) struct BackUp {
    #[command(flatten)]
    common: Common,
    /// The folder that the backup becomes: it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Put the platform's secret and the data keys in it as well, encrypted with the passphrase in this file
    #[arg(long, value_name = "FILE")]
    with_keys: Option<PathBuf>,
}

pub(crate) fn back_up(options: &BackUp) -> Result<()> {
    let settings = options.common.settings(Vec::new())?;
    let (data, to) = (settings.data()?, &options.to);
    ensure!(data.join(STORE).is_dir(), "{} is not a data folder: give another --data", data.display());
    // Before anything else: a passphrase that cannot be read should not cost a whole copy.
    let passphrase = options.with_keys.as_deref().map(sealed::passphrase).transpose()?;
    make_private(to)?;
    if std::fs::read_dir(to)?.next().is_some() {
        let shown = to.display();
        return Err(Refusal {
            problem: both(
                format!("{shown} 不是空文件夹：备份从不覆盖另一个备份"),
                format!("{shown} is not empty: a backup is never written over another"),
            ),
            next: both("请指定一个新文件夹", "name a new folder"),
        }
        .into());
    }
    let files = DiskFiles::new(&to.join(STORE))?;
    // Either of the two keeps the collector away until the blobs are copied: a server that was asked, or the
    // store's lock, with which nobody else opens the folder.
    let (seq, held): (u64, Box<dyn Any>) = match control::fetch(data, &files)? {
        Some((seq, connection)) => (seq, Box::new(connection)),
        None => {
            // No server answers: the store's own lock says whether one is there all the same.
            let store = open_store(data, &settings)?;
            (store.backup(&files)?.seq.0, Box::new(store))
        }
    };
    // After the store: whatever it names was there before it was named.
    let elsewhere = blobs::copy(&settings, data, to, &files)?;
    drop(held);
    if let Some(passphrase) = passphrase {
        sealed::write(&to.join(SEALED), &passphrase, data, &settings.keys)?;
    }
    let manifest = Manifest::write(to, seq, elsewhere)?;
    // What was written is read again and taken apart, so that a backup that cannot be restored is no backup.
    if let Err(why) = super::put_back::check(to, &manifest) {
        std::fs::remove_file(to.join(manifest::FILE))?;
        return Err(why);
    }
    let bytes: u64 = manifest.files.values().map(|e| e.bytes).sum();
    println!(
        "backed up {} at the commit {seq}: {} files, {} MiB in {}",
        data.display(),
        manifest.files.len(),
        bytes >> 20,
        to.display()
    );
    if elsewhere > 0 {
        println!(
            "  → {elsewhere} blobs of the registry and of apps' files are in the bucket, not in the backup: keep the bucket's own versions as long as the backup"
        );
    }
    if options.with_keys.is_none() {
        println!(
            "  → the keys are not in it: keep {} and the files in `keys.data` elsewhere, nothing can be read without them",
            crate::secret::path(data).display()
        );
    }
    Ok(())
}
