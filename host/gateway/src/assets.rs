//! Static files of the installed packages, kept in memory as they were signed.

use crate::theme::{REVALIDATE, Static};
use axum::response::Response;
use dashmap::DashMap;
use http::HeaderMap;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use yunlong_library::Library;
use yunlong_model::Digest;
use yunlong_publications::Stage;

/// The path under which an app's assets stand.
pub(crate) const PREFIX: &str = "/assets/";

/// The files of one package.
#[derive(Debug, Default)]
pub(crate) struct Files {
    files: HashMap<String, Static>,
    /// Whether there are scripts among them, which the app's pages may then run.
    pub(crate) scripts: bool,
}

impl Files {
    /// The file that a path names.
    pub(crate) fn respond(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let name = percent_encoding::percent_decode_str(path.strip_prefix(PREFIX)?).decode_utf8().ok()?;
        Some(self.files.get(name.as_ref())?.respond(headers, REVALIDATE))
    }
}

/// A package that could not be read is not looked at again for this long: reading one is work, and
/// anybody can ask for it.
const AGAIN: Duration = Duration::from_secs(2);

/// The files of all packages that were asked for.
pub(crate) struct Assets {
    library: Library,
    loaded: DashMap<Digest, Arc<Files>>,
    /// When a package could not be read.
    failed: DashMap<Digest, Instant>,
    /// After a restart everybody asks for the same packages: one is read at a time, and once.
    reading: tokio::sync::Mutex<()>,
}

impl Assets {
    pub(crate) fn new(library: Library) -> Self {
        Self { library, loaded: DashMap::new(), failed: DashMap::new(), reading: tokio::sync::Mutex::default() }
    }

    /// The files of a package, read from the registry the first time. A package that cannot be read or is
    /// no longer trusted has none for the moment: what stood in the way may pass.
    pub(crate) async fn of(&self, digest: &Digest) -> Arc<Files> {
        if let Some(files) = self.loaded.get(digest) {
            return files.clone();
        }
        let _one = self.reading.lock().await;
        if let Some(files) = self.loaded.get(digest) {
            return files.clone();
        }
        if self.failed.get(digest).is_some_and(|at| at.elapsed() < AGAIN) {
            return Arc::default();
        }
        match self.library.get(digest, Stage::Load, None).await {
            Ok((package, _)) => {
                self.failed.remove(digest);
                return self.loaded.entry(*digest).or_insert_with(|| Arc::new(files_of(package))).clone();
            }
            Err(error) => {
                tracing::error!(%digest, %error, "an installed package cannot be read: its assets are not served");
            }
        }
        self.failed.insert(*digest, Instant::now());
        Arc::default()
    }

    /// Forgets all packages but these.
    pub(crate) fn keep_only(&self, used: &HashSet<Digest>) {
        self.loaded.retain(|digest, _| used.contains(digest));
        self.failed.retain(|digest, _| used.contains(digest));
    }
}

fn files_of(package: yunlong_registry::Package) -> Files {
    let files: HashMap<_, _> =
        package.assets.into_iter().map(|(path, asset)| (path, Static::new(asset.bytes, asset.media_type))).collect();
    let scripts = files.values().any(|f| f.media_type().starts_with("text/javascript"));
    Files { files, scripts }
}
