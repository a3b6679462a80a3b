//! A registry that listens, and clients that speak HTTP with it.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part of this")]

pub(crate) mod client;

pub(crate) use client::{Client, Image, Reply, basic};

use async_trait::async_trait;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use yunlong_model::{Clock, SystemClock};
use yunlong_oci::access::{Access, Account, Action, SignInError};
use yunlong_oci::admission::{Admission, AdmitAll};
use yunlong_oci::blobs::{BlobStore, FolderBlobs};
use yunlong_oci::config::{Config, TokenKey};
use yunlong_oci::{Registry, RepositoryName, serve};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;
use yunlong_store::sled_engine::{SledOptions, SledStore};

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse";

/// `vendor` works in `vendor/…` and `second/…`, `other` in `other/…`; `open/…` is public and belongs
/// to `vendor`.
#[derive(Debug)]
pub(crate) struct People;

#[async_trait]
impl Access for People {
    async fn sign_in(&self, user: &str, password: &str, _client: Option<IpAddr>) -> Result<Account, SignInError> {
        match (user, password) {
            ("vendor" | "other", PASSWORD) => Ok(Account { name: user.to_owned() }),
            ("locked", _) => Err(SignInError::Wait(30)),
            _ => Err(SignInError::Wrong),
        }
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        match (who.map(|a| &*a.name), repository.owner()) {
            (_, "open") if action == Action::Pull => true,
            (Some("vendor"), "vendor" | "second" | "open") | (Some("other"), "other") => true,
            _ => false,
        }
    }
}

/// What a registry is made of; the defaults are in memory and in a temporary folder.
pub(crate) struct Parts {
    pub(crate) store: SharedStore,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) access: Arc<dyn Access>,
    pub(crate) admission: Arc<dyn Admission>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    folder: Option<tempfile::TempDir>,
}

impl Parts {
    pub(crate) fn in_memory() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FolderBlobs::open(&folder.path().join("content")).unwrap();
        Self::new(Arc::new(MemoryStore::new()), Arc::new(blobs), Some(folder))
    }

    /// What lies in `path`, as after a restart.
    pub(crate) fn in_folder(path: &Path) -> Self {
        let store = SledStore::open(&path.join("store"), SledOptions::default()).unwrap();
        let blobs = FolderBlobs::open(&path.join("content")).unwrap();
        Self::new(Arc::new(store), Arc::new(blobs), None)
    }

    pub(crate) fn new(store: SharedStore, blobs: Arc<dyn BlobStore>, folder: Option<tempfile::TempDir>) -> Self {
        let config = Config::new("http://localhost:5000", TokenKey::new([7; 32]));
        let (access, admission, clock) = (Arc::new(People), Arc::new(AdmitAll), Arc::new(SystemClock));
        Self { store, blobs, access, admission, clock, config, folder }
    }

    /// Opens the registry without listening.
    pub(crate) fn open(&self) -> Registry {
        Registry::open(
            self.store.clone(),
            self.blobs.clone(),
            self.config.clone(),
            self.access.clone(),
            self.admission.clone(),
            self.clock.clone(),
        )
        .unwrap()
    }

    /// Opens it and listens.
    pub(crate) async fn listen(mut self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        self.config.url = format!("http://{at}");
        let registry = self.open();
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = serve::Connections { drain: Duration::from_secs(1), ..serve::Connections::default() };
        let router = registry.router();
        let serving = tokio::spawn(async move {
            serve::serve(listener, router, limits, async move {
                let _ = stopped.await;
            })
            .await;
        });
        Server { at, registry, parts: self, stop: Some(stop), serving: Some(serving) }
    }
}

/// A registry that listens on this machine.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    pub(crate) registry: Registry,
    pub(crate) parts: Parts,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Parts::in_memory().listen().await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// A client that sends Basic credentials of `vendor`.
    pub(crate) fn vendor(&self) -> Client {
        Client::new(&self.url(), Some(basic("vendor", PASSWORD)))
    }

    pub(crate) fn as_who(&self, user: &str) -> Client {
        Client::new(&self.url(), Some(basic(user, PASSWORD)))
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.url(), None)
    }

    /// Ends it in good order and lets go of its folder.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap();
        }
    }
}

/// So many bytes that no other call answers.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64*: good enough to be incompressible and different for each seed.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
