//! Where the bytes of the registry and of apps' files are: a folder each of the data folder, or a bucket.

use crate::secret::read_private;
use crate::settings::Settings;
use anyhow::{Context, Result, bail, ensure};
use futures::TryStreamExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use yunlong_oci::blobs::{BlobStore, FolderBlobs, ObjectBlobs, S3};
use zeroize::Zeroizing;

/// The registry's folder in a data folder.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("registry")
}

/// Opens what the settings name. Of a bucket nothing is asked yet.
pub(crate) fn open(settings: &Settings, data: &Path) -> Result<Arc<dyn BlobStore>> {
    match bucket(settings)? {
        Some(at) => Ok(Arc::new(ObjectBlobs::s3(&at).context("registry.s3_endpoint")?)),
        None => {
            let folder = folder(data);
            Ok(Arc::new(FolderBlobs::open(&folder).with_context(|| folder.display().to_string())?))
        }
    }
}

/// The folder of apps' files in a data folder, and what stands before their names in a bucket.
pub(crate) const FILES: &str = "files";

/// Opens the place of apps' files: beside the registry's blobs, never among them.
pub(crate) fn open_files(settings: &Settings, data: &Path) -> Result<Arc<dyn BlobStore>> {
    match bucket(settings)? {
        Some(mut at) => {
            at.prefix = format!("{}/{FILES}", at.prefix.trim_matches('/'));
            Ok(Arc::new(ObjectBlobs::s3(&at).context("registry.s3_endpoint")?))
        }
        None => {
            let folder = data.join(FILES);
            Ok(Arc::new(FolderBlobs::open(&folder).with_context(|| folder.display().to_string())?))
        }
    }
}

/// The bucket with its credentials, which never stand on the command line or in the configuration.
fn bucket(settings: &Settings) -> Result<Option<S3>> {
    let set = &settings.registry;
    let Some(bucket) = set.bucket() else {
        let alone = [("s3_endpoint", set.s3_endpoint.is_some()), ("s3_credentials", set.s3_credentials.is_some())];
        if let Some((name, _)) = alone.into_iter().find(|(_, given)| *given) {
            bail!("registry.{name} is set without registry.s3_bucket: name the bucket, or leave it out");
        }
        return Ok(None);
    };
    let (key_id, key) = match &set.s3_credentials {
        Some(file) => from_file(&settings.beside.join(file))?,
        None => from_environment()?,
    };
    Ok(Some(S3 {
        bucket: bucket.to_owned(),
        region: set.s3_region.clone(),
        endpoint: set.s3_endpoint.clone(),
        prefix: set.s3_prefix.clone().unwrap_or_default(),
        key_id,
        key,
    }))
}

/// Two lines: the access key's id, and the access key.
fn from_file(file: &Path) -> Result<(String, Zeroizing<String>)> {
    let bytes = read_private(file)?;
    let text = std::str::from_utf8(&bytes).ok().with_context(|| format!("{} is no text", file.display()))?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let [id, key] = lines[..] else {
        bail!("{}: the access key's id stands on the first line, the access key on the second", file.display());
    };
    Ok((id.to_owned(), Zeroizing::new(key.to_owned())))
}

fn from_environment() -> Result<(String, Zeroizing<String>)> {
    let read = |name: &str| {
        let text = std::env::var(name).unwrap_or_default();
        ensure!(
            !text.is_empty(),
            "the bucket needs an access key: name a file in registry.s3_credentials, or set {name}"
        );
        Ok(text)
    };
    Ok((read("AWS_ACCESS_KEY_ID")?, Zeroizing::new(read("AWS_SECRET_ACCESS_KEY")?)))
}

/// Asks the bucket for one name, and waits so long for the answer.
pub(crate) fn reach(settings: &Settings, patience: Duration) -> Result<()> {
    let Some(at) = bucket(settings)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no threads")?;
    runtime.block_on(async {
        let blobs = ObjectBlobs::s3(&at)?;
        let asked = tokio::time::timeout(patience, async { blobs.list().try_next().await }).await;
        asked.with_context(|| format!("it did not answer within {} s", patience.as_secs()))??;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Common;
    use crate::secret::write_private;

    fn settings(options: &[&str]) -> Settings {
        let options = options.iter().map(|o| (*o).to_owned()).collect();
        Common { options, ..Common::default() }.settings(Vec::new()).unwrap()
    }

    #[test]
    fn a_bucket_takes_its_key_out_of_a_private_file_and_never_tells_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s3.key");
        write_private(&file, b"AKIDEXAMPLE\nnot-a-real-key\n").unwrap();
        let named = format!("registry.s3_credentials={:?}", file.to_str().unwrap());
        let endpoint = "registry.s3_endpoint=http://127.0.0.1:9";
        let at = bucket(&settings(&["registry.s3_bucket=apps", endpoint, &named])).unwrap().unwrap();
        assert_eq!((at.bucket.as_str(), at.region.as_str(), at.key_id.as_str()), ("apps", "us-east-1", "AKIDEXAMPLE"));
        assert_eq!(*at.key, "not-a-real-key");
        assert!(!format!("{at:?}").contains("not-a-real-key"));
        let half = bucket(&settings(&[endpoint])).unwrap_err().to_string();
        assert!(half.contains("registry.s3_bucket"), "{half}");
        std::fs::remove_file(&file).unwrap();
        write_private(&file, b"one line\n").unwrap();
        let wrong = format!("{:#}", bucket(&settings(&["registry.s3_bucket=apps", &named])).unwrap_err());
        assert!(wrong.contains("second") && !wrong.contains("one line"), "{wrong}");
        std::fs::write(dir.path().join("open.key"), "a\nb\n").unwrap();
        let open = format!("registry.s3_credentials={:?}", dir.path().join("open.key").to_str().unwrap());
        let wrong = format!("{:#}", bucket(&settings(&["registry.s3_bucket=apps", &open])).unwrap_err());
        assert!(wrong.contains("chmod 600"), "{wrong}");
    }

    #[test]
    fn a_bucket_that_does_not_answer_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s3.key");
        write_private(&file, b"id\nkey\n").unwrap();
        let named = format!("registry.s3_credentials={:?}", file.to_str().unwrap());
        // Nobody listens on the port that discards.
        let at = settings(&["registry.s3_bucket=apps", "registry.s3_endpoint=http://127.0.0.1:9", &named]);
        assert!(reach(&at, Duration::from_secs(2)).is_err());
        assert!(reach(&settings(&[]), Duration::ZERO).is_ok());
    }
}
