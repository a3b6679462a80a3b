//! What a read of shared data costs: 64 callers at once read residents by their numbers, each through a
//! fresh sandbox, with grant, mask and a durable entry in the log; beside it the same without parts of it.
//! Prints one JSON line a row: `{"what","per_second","cpu_micros"}`.
//!
//! `shared_reads READER.wasm YUNLONG-COMPILE [SECONDS] [PEOPLE]`; `cargo xtask bench` runs it.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use yunlong_audit::{Audit, AuditConfig};
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
use yunlong_store::{Key, SharedStore, Txn};

/// As the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Callers at once.
const CALLERS: usize = 64;
const PERSON: &str = "population.person";
const ENTITY: &str = "legal-entities.entity";
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

struct City {
    store: SharedStore,
    hub: Hub,
    runtime: Arc<Runtime>,
    name: InstallationName,
    people: Vec<Sample>,
    entities: Vec<Sample>,
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
    let log = AuditConfig::new("bench.test/audit", [2; 32].into());
    let audit = Audit::open(store.clone(), clock.clone(), keys.clone(), log).await?;
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
    let people = load(&hub, PERSON, people).await?;
    let entities = load(&hub, ENTITY, people.len() as u64).await?;
    officials(&identity).await?;
    let name = install(&installations, &runtime, wasm).await?;
    grant(&hub, &name).await?;
    Ok(City { store, hub, runtime, name, people, entities })
}

/// Loads the samples and answers their keys and divisions.
async fn load(hub: &Hub, dataset: &str, people: u64) -> Result<Vec<Sample>, Failure> {
    let (by, samples) = (Actor::platform(), yunlong_samples::City::new(320_300, people)?);
    let key = hub.dataset(dataset).ok_or("no such dataset")?.key.clone();
    let new = NewImport {
        dataset: dataset.to_owned(),
        file: "bench".into(),
        size: people,
        fingerprint: "bench".into(),
        valid_from: Some("2020-01-01".into()),
    };
    let import = hub.start_import(new, &by).await?;
    let rows: Vec<_> = samples.rows(dataset).ok_or("no samples")?.collect();
    let mut keys = Vec::new();
    for (n, chunk) in rows.chunks(1_000).enumerate() {
        let row = |(i, record): (usize, &serde_json::Map<String, serde_json::Value>)| ImportRow {
            line: (n * 1_000 + i) as u64 + 1,
            record: record.clone(),
            valid_from: None,
            valid_to: None,
        };
        let text = |row: &serde_json::Map<String, serde_json::Value>, item: &str| row[item].as_str().map(str::to_owned);
        let sample = |r| Some(Sample { key: text(r, &key)?, division: text(r, "division")? });
        keys.extend(chunk.iter().filter_map(sample));
        hub.import_batch(&import.id, n as u64, chunk.iter().enumerate().map(row).collect(), &by).await?;
    }
    hub.finish_import(&import.id, &by).await?;
    Ok(keys)
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
    hub.ask(name, ENTITY, "directory", &Actor::platform()).await?;
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

/// Runs `call` from all callers for so long, each with the next number, and prints the row.
async fn row<F, Fut>(what: &str, seconds: u64, call: F) -> Result<(), Failure>
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
    println!("{}", json!({ "what": what, "per_second": n as f64 / elapsed, "cpu_micros": cpu }));
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

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, compiler, rest @ ..] = &args[..] else {
        return Err("usage: shared_reads READER.wasm YUNLONG-COMPILE [SECONDS] [PEOPLE]".into());
    };
    let number = |i: usize, default: u64| rest.get(i).map_or(Ok(default), |n| n.parse());
    let (seconds, people) = (number(0, 5)?, number(1, 20_000)?);
    let dir = std::env::temp_dir().join(format!("yunlong-shared-reads-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let city = Arc::new(city(&std::fs::read(wasm)?, compiler, &dir, people).await?);

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
        async move {
            let caller = c.hub.caller(&c.name, &clerk(), "request", "bench").await?;
            let open = c.hub.open_dataset(caller, PERSON, "desk").await?;
            let found = open.get(&c.people[n % c.people.len()].key, &[], None).await?;
            Ok(found.map(drop).ok_or("no record")?)
        }
    })
    .await?;
    let rows = [
        ("a get through a fresh sandbox, not about a person: no entry", "/directory/", false),
        ("a get through a fresh sandbox: grant, mask, a durable entry", "/desk/", false),
        ("a query of 20 through a fresh sandbox, not about persons: no entries", "/directory/from/", true),
        ("a query of 20 through a fresh sandbox: grant, masks, 20 durable entries", "/desk/from/", true),
    ];
    for (what, path, query) in rows {
        let c = city.clone();
        row(what, seconds, move |n| {
            let c = c.clone();
            async move {
                let samples = if path.starts_with("/desk") { &c.people } else { &c.entities };
                let sample = &samples[n % samples.len()];
                ask(&c, format!("{path}{}", if query { &sample.division } else { &sample.key })).await
            }
        })
        .await?;
    }
    drop(city);
    // The hub's clock still holds the store and may write meanwhile: what is left is in the system's
    // temporary folder.
    let _ = std::fs::remove_dir_all(dir);
    Ok(())
}
