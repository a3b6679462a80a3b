//! Static files of the installed packages, kept in memory as they were signed.

use crate::theme::{REVALIDATE, Static};
use axum::response::Response;
use dashmap::DashMap;
use http::HeaderMap;
use std::collections::HashMap;
use std::sync::Arc;
use yunlong_model::Digest;
use yunlong_registry::Depot;

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

/// The files of all packages that were asked for.
#[derive(Debug)]
pub(crate) struct Assets {
    depot: Arc<Depot>,
    loaded: DashMap<Digest, Arc<Files>>,
}

impl Assets {
    pub(crate) fn new(depot: Arc<Depot>) -> Self {
        Self { depot, loaded: DashMap::new() }
    }

    /// The files of a package, read from the depot the first time. A package that cannot be read
    /// or is no longer trusted has none; that is logged once.
    pub(crate) async fn of(&self, digest: &Digest) -> Arc<Files> {
        if let Some(files) = self.loaded.get(digest) {
            return files.clone();
        }
        let (depot, wanted) = (self.depot.clone(), *digest);
        let read =
            tokio::task::spawn_blocking(move || depot.get(&wanted).map(|p| p.map(|(package, _)| files_of(package))))
                .await;
        let files = match read {
            Ok(Ok(Some(files))) => files,
            Ok(Ok(None)) => {
                tracing::error!(%digest, "an installed package is not in the depot: its assets are not served");
                Files::default()
            }
            Ok(Err(error)) => {
                tracing::error!(%digest, %error, "an installed package is refused: its assets are not served");
                Files::default()
            }
            Err(error) => {
                tracing::error!(%digest, %error, "reading a package failed");
                return Arc::default();
            }
        };
        self.loaded.entry(*digest).or_insert(Arc::new(files)).clone()
    }

    /// Forgets a package that was uninstalled or replaced.
    pub(crate) fn forget(&self, digest: &Digest) {
        self.loaded.remove(digest);
    }
}

fn files_of(package: yunlong_registry::Package) -> Files {
    let files: HashMap<_, _> =
        package.assets.into_iter().map(|(path, asset)| (path, Static::new(asset.bytes, asset.media_type))).collect();
    let scripts = files.values().any(|f| f.media_type().starts_with("text/javascript"));
    Files { files, scripts }
}
