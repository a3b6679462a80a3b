//! `yunlong restore`.

use super::manifest::{self, Manifest};
use super::{FILES, REGISTRY, SEALED, STORE, blobs, sealed};
use crate::city::make_private;
use crate::refusal::{Refusal, both};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};
use yunlong_store::sled_engine::files::DiskFiles;

/// Stands in a data folder while a backup is put there.
const MARK: &str = "restoring";

/// `yunlong restore`.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder: it must not exist, or be empty
    #[arg(long, env = "YUNLONG_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The passphrase's file, when the backup holds the keys
    #[arg(long, value_name = "FILE")]
    keys_passphrase: Option<PathBuf>,
}

/// Refuses a folder in which a restore was cut short: its store may be half of one.
pub(crate) fn refuse_half_restored(data: &Path) -> Result<()> {
    ensure!(
        !data.join(MARK).exists(),
        "a restore into {} was cut short: empty the folder and run `yunlong restore` again",
        data.display()
    );
    Ok(())
}

/// Reads the store of a backup frame by frame, and looks for every blob that it names.
pub(super) fn check(from: &Path, manifest: &Manifest) -> Result<()> {
    let (found, named) = blobs::read(&DiskFiles::new(&from.join(STORE))?).context("the backup's store")?;
    ensure!(
        found.seq.0 == manifest.seq,
        "the backup's store ends at the commit {}, its manifest says {}: take another backup",
        found.seq.0,
        manifest.seq
    );
    blobs::check(from, manifest, &named)
}

pub(crate) fn restore(options: &Restore) -> Result<()> {
    let Restore { from, data, keys_passphrase } = options;
    // Everything is read and checked before anything is written.
    let manifest = Manifest::verify(from)?;
    check(from, &manifest)?;
    let keys = match keys_passphrase {
        Some(file) => {
            ensure!(manifest.files.contains_key(SEALED), "the backup holds no keys: leave --keys-passphrase out");
            Some(sealed::read(&from.join(SEALED), &sealed::passphrase(file)?)?)
        }
        None => None,
    };
    make_private(data)?;
    if std::fs::read_dir(data).with_context(|| data.display().to_string())?.next().is_some() {
        let shown = data.display();
        return Err(Refusal {
            problem: both(
                format!("{shown} 不是空文件夹：恢复从不覆盖数据"),
                format!("{shown} is not empty: a restore never writes over data"),
            ),
            next: both("请用 --data 指定一个空文件夹", "give an empty folder with --data"),
        }
        .into());
    }
    File::create_new(data.join(MARK))?.sync_all()?;
    let of = |folder: &str| -> Vec<String> {
        manifest.files.keys().filter(|n| n.starts_with(&format!("{folder}/"))).cloned().collect()
    };
    for folder in [STORE, REGISTRY, FILES] {
        make_private(&data.join(folder))?;
        manifest::copy(from, data, &of(folder))?;
        File::open(data.join(folder))?.sync_all()?;
    }
    if let Some(keys) = &keys {
        keys.put(data)?;
    }
    std::fs::remove_file(data.join(MARK))?;
    File::open(data)?.sync_all()?;
    println!("restored {} to the commit {}, as of {}", data.display(), manifest.seq, manifest.made_at);
    if manifest.elsewhere > 0 {
        println!("  → {} blobs are in the bucket: name the same one in `registry.s3_bucket`", manifest.elsewhere);
    }
    match keys {
        Some(keys) => keys.tell(data),
        None => println!(
            "  → before the start, put the platform's secret of that time at {} (mode 600) and name the data keys in `keys.data`",
            crate::secret::path(data).display()
        ),
    }
    Ok(())
}
