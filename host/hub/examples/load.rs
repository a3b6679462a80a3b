//! Loads a synthetic city into the embedded store and measures it: load, size, reads by key, queries.
//!
//! `load PEOPLE FOLDER [SECONDS]` prints one line of JSON with the figures. The folder must not exist; it stays, so
//! that what is in it can be looked at. `cargo xtask bench-hub` runs it beside SQLite and PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on panics")]

use async_trait::async_trait;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use yunlong_audit::{Audit, AuditConfig};
use yunlong_hub::{Actor, Find, Hub, HubConfig, HubServices, ImportRow, NewImport};
use yunlong_identity::{Identity, IdentityConfig, Secrets, XUZHOU_DIVISIONS};
use yunlong_installations::Installations;
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::{Clock, InstallationName, Manifest, clock::SystemClock};
use yunlong_samples::City;
use yunlong_store::SharedStore;
use yunlong_store::sled_engine::{SledOptions, SledStore};
use zeroize::Zeroizing;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DATASET: &str = "population.person";
/// As the command line sends them.
const BATCH: usize = 2_000;

struct Nobody;

#[async_trait]
impl Subscriptions for Nobody {
    fn manifest(&self, _: &InstallationName) -> Option<Arc<Manifest>> {
        None
    }

    fn subscribers(&self, _: &InstallationName, _: &str) -> Vec<InstallationName> {
        Vec::new()
    }
}

async fn open(store: SharedStore) -> Hub {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::new([1; 32]);
    let keys = secrets.fields().clone();
    let log = AuditConfig::new("bench.example/audit", Zeroizing::new([2; 32]));
    let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await.unwrap();
    let demo = IdentityConfig::demo();
    let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), demo);
    let identity = Arc::new(identity.await.unwrap());
    identity.import_divisions(XUZHOU_DIVISIONS).await.unwrap();
    let services = HubServices {
        messaging: Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Nobody))),
        installations: Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await.unwrap()),
        store,
        clock,
        keys,
        audit,
        identity,
    };
    Hub::open(services, HubConfig::new(Zeroizing::new([3; 32]))).await.unwrap()
}

async fn load(hub: &Hub, people: u64) {
    let by = Actor::platform();
    let new = NewImport {
        dataset: DATASET.into(),
        file: "bench".into(),
        size: people,
        fingerprint: "bench".into(),
        valid_from: Some("2025-12-31".into()),
    };
    let import = hub.start_import(new, &by).await.unwrap();
    let mut rows = City::new(1, people).unwrap().rows(DATASET).unwrap();
    for n in 0.. {
        let batch: Vec<ImportRow> = (0..)
            .zip(rows.by_ref().take(BATCH))
            .map(|(line, record)| ImportRow { line, record, valid_from: None, valid_to: None })
            .collect();
        if batch.is_empty() {
            break;
        }
        let report = hub.import_batch(&import.id, n, batch, &by).await.unwrap();
        assert!(report.refused.is_empty(), "{:?}", report.refused.first());
    }
    hub.finish_import(&import.id, &by).await.unwrap();
}

/// Calls a second of one task after another.
async fn rate(measured: Duration, mut call: impl AsyncFnMut(u64)) -> f64 {
    let (start, mut n) = (Instant::now(), 0_u64);
    while start.elapsed() < measured {
        for _ in 0..16 {
            call(n).await;
            n += 1;
        }
    }
    n as f64 / start.elapsed().as_secs_f64()
}

/// User and system CPU seconds so far, all threads: what a busy machine does not blur.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Fields 14 and 15 of proc(5), counted behind the parenthesised name; in ticks of 1/100 s.
    let rest = stat.rsplit_once(')').unwrap().1;
    rest.split_whitespace().skip(11).take(2).map(|t| t.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn folder_bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(|e| e.unwrap());
    entries
        .map(|e| match e.metadata().unwrap() {
            m if m.is_dir() => folder_bytes(&e.path()),
            m => m.len(),
        })
        .sum()
}

/// The next number of a multiplicative generator: the same walk over the people for every engine.
fn walk(n: u64, people: u64) -> usize {
    usize::try_from(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33).unwrap()
        % usize::try_from(people).unwrap()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let people: u64 = arguments.next().unwrap_or("100000".into()).parse().unwrap();
    let folder = arguments.next().unwrap_or("hub-load".into());
    // How long each kind of read is measured.
    let measured = Duration::from_secs(arguments.next().map_or(5, |s| s.parse().unwrap()));
    let options = || SledOptions { cache_bytes: 512 << 20, ..SledOptions::default() };
    let store: SharedStore = Arc::new(SledStore::open(Path::new(&folder), options()).unwrap());
    let hub = open(store).await;
    let (start, before) = (Instant::now(), cpu_seconds());
    load(&hub, people).await;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - before);
    let rows: Vec<_> = City::new(1, people).unwrap().rows(DATASET).unwrap().collect();
    let keys: Vec<&str> = rows.iter().filter_map(|r| r["resident_id"].as_str()).collect();
    let records = hub.records(DATASET).unwrap();
    let get = rate(measured, async |n| {
        let found = records.current(&records.id(keys[walk(n, people)])).await.unwrap();
        assert!(found.is_some());
    })
    .await;
    let query = rate(measured, async |n| {
        let division = rows[walk(n, people)]["division"].clone();
        let find = Find { index: vec!["division".into()], equals: vec![division], limit: 20, ..Find::default() };
        assert!(!records.find(&find).await.unwrap().records.is_empty());
    })
    .await;
    drop(records);
    drop(hub);
    let figures = json!({
        "engine": "yunlong", "people": people, "load_seconds": seconds, "load_cpu_seconds": cpu, "rows_per_second": people as f64 / seconds,
        "bytes_per_row": folder_bytes(Path::new(&folder)) / people, "gets_per_second": get, "queries_per_second": query,
    });
    println!("{figures}");
}
