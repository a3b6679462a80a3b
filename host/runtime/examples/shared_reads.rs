//! What a read of shared data costs: 64 callers at once read residents by their numbers, each through a
//! fresh sandbox, with grant, mask and a durable entry in the log; beside it the same without parts of it.
//! Prints one JSON line a row: `{"what","per_second","cpu_micros"}`, and fails when the whole is below [`FLOOR`].
//!
//! `shared_reads READER.wasm YUNLONG-COMPILE FOLDER [--seconds N] [--people N]`; `cargo xtask bench` runs it. The
//! store goes into the folder, which is on a disk when the figures are to mean something.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use yunlong_audit::{Audit, AuditConfig};
use yunlong_files::Files;
use yunlong_hub::{Actor, Hub, HubConfig, HubServices, ImportRow, Mask, NewImport};
use yunlong_identity::{
    AccountKind, Attributes, Identity, IdentityConfig, NewAccount, Password, PlatformRole, Secrets, XUZHOU_DIVISIONS,
};
use yunlong_installations::{Capability, Installations, New, Status};
use yunlong_messaging::{Messaging, Subscriptions};
use yunlong_model::{Assurance, Clock, Digest, InstallationName, Kind, Manifest, Presentation, Principal, SystemClock};
use yunlong_payments::Payments;
use yunlong_runtime::{Origins, Runtime, RuntimeConfig, Services};
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{
    Batch, CommitError, Direction, Entry, Key, KeyRange, Seq, SharedStore, Store, StoreError, Txn, Versioned,
};

/// As the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The least that shared data has to do, by its requirements: gets a second, each with its durable entry.
const FLOOR: f64 = 2_000.0;
/// Callers at once.
const CALLERS: usize = 64;
/// Residents whom they ask after in turn, from all over the dataset.
const ASKED: u64 = 20_000;
/// The row that is held against [`FLOOR`].
const WHOLE: &str = "a get through a fresh sandbox: grant, mask, a durable entry";
const PERSON: &str = "population.person";
const CITY: &str = "320300";
const MANIFEST: &str = include_str!("../../../tests/guests/reader/app.toml");

struct Nobody;

impl Subscriptions for Nobody {
    fn manifest(&self, _: &InstallationName) -> Option<Arc<Manifest>> {
        None
    }

    fn subscribers(&self, _: &InstallationName, _: &str) -> Vec<InstallationName> {
        Vec::new()
    }
}

/// The store as the log sees it. While it is `silent` the log's entries are checked and not written: what a read
/// costs without its durable entry. Only here: no build of the platform can turn its log off.
struct LogStore {
    inner: SharedStore,
    silent: AtomicBool,
}

#[async_trait]
impl Store for LogStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(key).await
    }

    async fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.inner.scan(range, direction, limit).await
    }

    async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        self.inner.counter(key).await
    }

    async fn counters(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, i64)>, StoreError> {
        self.inner.counters(range, limit).await
    }

    async fn commit(&self, mut batch: Batch) -> Result<Seq, CommitError> {
        if self.silent.load(Ordering::Relaxed) {
            batch.appends.clear();
        }
        self.inner.commit(batch).await
    }

    fn watch(&self) -> tokio::sync::watch::Receiver<Seq> {
        self.inner.watch()
    }
}

struct City {
    store: SharedStore,
    log: Arc<LogStore>,
    hub: Hub,
    runtime: Arc<Runtime>,
    name: InstallationName,
    people: Vec<Sample>,
}

/// What is asked for of a record.
struct Sample {
    key: String,
    division: String,
}

async fn city(wasm: &[u8], compiler: &str, dir: &std::path::Path, people: u64) -> Result<City, Failure> {
    let store: SharedStore = Arc::new(SledStore::open(&dir.join("store"), SledOptions::default())?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::new([1; 32]);
    let keys = secrets.fields().clone();
    let log = Arc::new(LogStore { inner: store.clone(), silent: AtomicBool::new(false) });
    let audit = AuditConfig::new("bench.test/audit", [2; 32].into());
    let audit = Audit::open(log.clone(), clock.clone(), keys.clone(), audit).await?;
    let installations = Arc::new(Installations::open(store.clone(), clock.clone(), audit.clone()).await?);
    let messaging = Arc::new(Messaging::new(store.clone(), clock.clone(), Arc::new(Nobody)));
    let identity = Identity::open(store.clone(), clock.clone(), secrets, audit.clone(), IdentityConfig::demo()).await?;
    identity.import_divisions(XUZHOU_DIVISIONS).await?;
    let identity = Arc::new(identity);
    let hub = HubServices {
        store: store.clone(),
        clock: clock.clone(),
        keys,
        audit: audit.clone(),
        identity: identity.clone(),
        messaging: messaging.clone(),
        installations: installations.clone(),
    };
    let hub = Hub::open(hub, HubConfig::new([3; 32].into())).await?;
    // The sequencer and the hub's clock run beside it, as they do in the server. The sender lives as long
    // as the process.
    let (stop, stopped) = tokio::sync::watch::channel(false);
    std::mem::forget(stop);
    tokio::spawn(audit.run(stopped.clone()));
    tokio::spawn(hub.clone().run(stopped));
    let services = Services {
        files: Files::in_memory(store.clone(), clock.clone(), identity.field_keys().clone()),
        store: store.clone(),
        identity: identity.clone(),
        installations: installations.clone(),
        payments: Arc::new(Payments::new(store.clone(), clock.clone(), messaging.clone(), Vec::new())),
        hub: hub.clone(),
        messaging,
        log: installations.log().clone(),
        clock,
        origins: Origins::new("http", "localhost:8080"),
    };
    let mut config = RuntimeConfig::new(dir.join("cache"), [7; 32]);
    config.compiler.command = Some((compiler.into(), Vec::new()));
    let runtime = Runtime::new(config, services)?;
    let people = load(&hub, people).await?;
    officials(&identity).await?;
    let name = install(&installations, &runtime, wasm).await?;
    grant(&hub, &name).await?;
    Ok(City { store, log, hub, runtime, name, people })
}

/// Loads so many residents, and answers whom of them the callers ask after.
async fn load(hub: &Hub, people: u64) -> Result<Vec<Sample>, Failure> {
    let (by, samples) = (Actor::platform(), yunlong_samples::City::new(320_300, people)?);
    let key = hub.dataset(PERSON).ok_or("no such dataset")?.key.clone();
    let new = NewImport {
        dataset: PERSON.to_owned(),
        file: "bench".into(),
        size: people,
        fingerprint: "bench".into(),
        valid_from: Some("2020-01-01".into()),
    };
    let import = hub.start_import(new, &by).await?;
    let every = (people / ASKED).max(1);
    let mut asked = Vec::new();
    let mut rows = (1..).zip(samples.rows(PERSON).ok_or("no samples")?);
    for n in 0.. {
        let row = |(line, record)| ImportRow { line, record, valid_from: None, valid_to: None };
        let batch: Vec<ImportRow> = rows.by_ref().take(1_000).map(row).collect();
        if batch.is_empty() {
            break;
        }
        let text = |row: &ImportRow, item: &str| row.record[item].as_str().map(str::to_owned);
        let sample = |r| Some(Sample { key: text(r, &key)?, division: text(r, "division")? });
        asked.extend(batch.iter().filter(|r| r.line % every == 0).filter_map(sample));
        hub.import_batch(&import.id, n, batch, &by).await?;
    }
    hub.finish_import(&import.id, &by).await?;
    Ok(asked)
}

async fn officials(identity: &Identity) -> Result<(), Failure> {
    for (account, roles) in [("data-admin", vec![PlatformRole::DepartmentAdmin]), ("clerk", Vec::new())] {
        let new = NewAccount {
            name: account.into(),
            kind: AccountKind::Official,
            password: Password::from("correct horse battery".to_owned()),
            organization: Some(CITY.into()),
            attributes: Attributes::default(),
            platform_roles: roles,
        };
        identity.create_account(new).await?;
    }
    Ok(())
}

async fn install(installations: &Installations, runtime: &Runtime, wasm: &[u8]) -> Result<InstallationName, Failure> {
    let manifest = Arc::new(Manifest::parse(MANIFEST)?);
    let name: InstallationName = "reader".parse()?;
    let new = New {
        name: name.clone(),
        organization: CITY.into(),
        organization_name: "徐州市".into(),
        package_digest: Digest::of(wasm),
        signer: "key".into(),
        grants: Capability::of_manifest(&manifest),
        manifest,
        config: Default::default(),
        by: "bench".into(),
    };
    installations.install(new).await?;
    runtime.load(&installations.set_status(&name, Status::Running, "bench").await?, wasm).await?;
    Ok(name)
}

async fn grant(hub: &Hub, name: &InstallationName) -> Result<(), Failure> {
    let request = hub.ask(name, PERSON, "desk", &Actor::platform()).await?;
    let mut decision = request.everything(SystemClock.now());
    decision.terms.fields.insert("birth_date".into(), Mask::Year);
    let provider = Actor {
        account: "data-admin".into(),
        kind: Kind::Official,
        organization: Some(CITY.into()),
        system_admin: false,
        ..Actor::platform()
    };
    hub.approve_request(&request.id, decision, &provider).await?;
    Ok(())
}

fn clerk() -> Principal {
    Principal {
        subject: Some("p-clerk".into()),
        account: Some("clerk".into()),
        kind: Kind::Official,
        assurance: Assurance::Password,
        roles: vec!["clerk".into()],
        organization: Some(CITY.into()),
        acting_for: None,
    }
}

/// User and system time of the process so far, in microseconds.
fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) * 10_000
}

/// Runs `call` from all callers for so long, each with the next number; prints the row and answers how many a second.
async fn row<F, Fut>(what: &str, seconds: u64, call: F) -> Result<f64, Failure>
where
    F: Fn(usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send,
{
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let (started, before) = (Instant::now(), cpu_micros());
    let end = started + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (call, next, done) = (call.clone(), next.clone(), done.clone());
        tasks.spawn(async move {
            while Instant::now() < end {
                call(next.fetch_add(1, Ordering::Relaxed)).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let (elapsed, n) = (started.elapsed().as_secs_f64(), done.load(Ordering::Relaxed));
    let cpu = cpu_micros().saturating_sub(before) as f64 / n.max(1) as f64;
    let per_second = n as f64 / elapsed;
    println!("{}", json!({ "what": what, "per_second": per_second, "cpu_micros": cpu }));
    Ok(per_second)
}

/// A get as the hub itself answers it.
async fn get(city: &City, sample: &Sample) -> Result<(), Failure> {
    let caller = city.hub.caller(&city.name, &clerk(), "request", "bench").await?;
    let open = city.hub.open_dataset(caller, PERSON, "desk").await?;
    let found = open.get(&sample.key, &[], None).await?;
    Ok(found.map(drop).ok_or("no record")?)
}

/// Asks once after everybody whom the callers will ask after: the first read of a person makes their key in the log,
/// which would be a part of some rows and not of others.
async fn ask_once(city: &Arc<City>) -> Result<(), Failure> {
    let mut tasks = tokio::task::JoinSet::new();
    for first in 0..CALLERS {
        let city = city.clone();
        tasks.spawn(async move {
            for sample in city.people.iter().skip(first).step_by(CALLERS) {
                get(&city, sample).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

async fn ask(city: &City, path: String) -> Result<(), Failure> {
    let request = http::Request::get(path).body(Full::new(Bytes::new()))?;
    let answer = city.runtime.request(&city.name, clerk(), Presentation::default(), "bench", request).await?;
    if answer.status() != 200 {
        return Err(format!("{}: {}", answer.status(), String::from_utf8_lossy(answer.body())).into());
    }
    Ok(())
}

const USAGE: &str = "usage: shared_reads READER.wasm YUNLONG-COMPILE FOLDER [--seconds N] [--people N]";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, compiler, folder, options @ ..] = &args[..] else { return Err(USAGE.into()) };
    let (mut seconds, mut people) = (5, 20_000);
    for option in options.chunks(2) {
        match option {
            [name, n] if name == "--seconds" => seconds = n.parse()?,
            [name, n] if name == "--people" => people = n.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    let city = Arc::new(city(&std::fs::read(wasm)?, compiler, folder.as_ref(), people).await?);
    ask_once(&city).await?;

    // As large as a sealed record.
    let stored = Key::space("@bench").text("record");
    let mut txn = Txn::new(city.store.clone());
    txn.put_as(stored.clone(), &"x".repeat(400));
    txn.commit().await?;
    let store = city.store.clone();
    row("the store alone, one get", seconds, move |_| {
        let (store, stored) = (store.clone(), stored.clone());
        async move { Ok(store.get(&stored).await?.map(drop).ok_or("it is gone")?) }
    })
    .await?;
    let c = city.clone();
    row("the hub alone: grant, get, mask, durable entry", seconds, move |n| {
        let c = c.clone();
        async move { get(&c, &c.people[n % c.people.len()]).await }
    })
    .await?;
    let rows = [
        ("a get through a fresh sandbox: grant, mask, an entry that is not written", false, true),
        (WHOLE, false, false),
        ("a query of 20 through a fresh sandbox: grant, masks, 20 entries that are not written", true, true),
        ("a query of 20 through a fresh sandbox: grant, masks, 20 durable entries", true, false),
    ];
    let mut whole = 0.0;
    for (what, query, silent) in rows {
        city.log.silent.store(silent, Ordering::Relaxed);
        let c = city.clone();
        let per_second = row(what, seconds, move |n| {
            let c = c.clone();
            async move {
                let sample = &c.people[n % c.people.len()];
                let path =
                    if query { format!("/desk/from/{}", sample.division) } else { format!("/desk/{}", sample.key) };
                ask(&c, path).await
            }
        })
        .await?;
        if what == WHOLE {
            whole = per_second;
        }
    }
    if whole < FLOOR {
        return Err(format!("{whole:.0} gets a second with a durable entry: {FLOOR} are the floor").into());
    }
    Ok(())
}
