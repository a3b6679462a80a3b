//! What a store promises, as tests: the same for every engine, then what only a durable one can break.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod backup;
mod buckets;
mod conformance;
mod crash;
mod documents;
mod history;
mod power_cut;
mod racing;
mod recovery;
mod simulated;
mod space;

use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use yunlong_store::memory::MemoryStore;
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{Key, SharedStore};

/// A key in the space `s`.
fn key(name: &str) -> Key {
    Key::space("s").text(name)
}

/// A value.
fn value(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

/// Options with a small cache and small journals, so that tests meet rotations.
fn options() -> SledOptions {
    SledOptions { cache_bytes: 8 << 20, journal_bytes: 4_096, ..SledOptions::default() }
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, options()).expect("the store opens")
}

/// A store to run one test on; the folder lives as long as it.
struct Engine {
    store: SharedStore,
    _dir: Option<tempfile::TempDir>,
}

impl Engine {
    fn memory() -> Self {
        Self { store: Arc::new(MemoryStore::new()), _dir: None }
    }

    fn sled() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { store: Arc::new(open(dir.path())), _dir: Some(dir) }
    }
}

/// Runs each of the named async functions, which take a [`SharedStore`], on each engine.
#[macro_export]
macro_rules! on_every_engine {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test($crate::Engine::memory().store.clone()).await;
            })*
        }
        mod sled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                let engine = $crate::Engine::sled();
                super::$test(engine.store.clone()).await;
            })*
        }
    };
}
