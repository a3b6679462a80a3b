//! How many reads a second are written down, durably, at 64 callers at once: sled in a folder, with the
//! sequencer running. `cargo run --release -p yunlong-audit --example throughput [SECONDS] [CALLERS] [PEOPLE]`
#![allow(clippy::unwrap_used, reason = "an example that cannot go on panics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use yunlong_audit::{Audit, AuditConfig, Entry};
use yunlong_model::{Kind, PersonId, SystemClock};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::sled_engine::{SledOptions, SledStore};
use zeroize::Zeroizing;

fn read(about: u64) -> Entry {
    let mut entry = Entry::new("data.read", "clerk-0421", Kind::Official);
    entry.about = Some(PersonId::new(format!("{about:064x}")));
    entry.dataset = Some("population".into());
    entry.target = format!("person/{about}");
    entry.purpose = Some("residence-permit".into());
    entry.basis = Some("grant/17".into());
    entry.fields = ["name", "birth-date", "address"].map(String::from).to_vec();
    entry.request_id = "abcdefghijklmnop".into();
    entry
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let (seconds, callers, people) =
        (args.next().unwrap_or(10), args.next().unwrap_or(64), args.next().unwrap_or(10_000));
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path(), SledOptions::default()).unwrap());
    let keys = Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()));
    let config = AuditConfig::new("example.org/audit", Zeroizing::new([5; 32]));
    let audit = Audit::open(store, Arc::new(SystemClock), keys, config).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(audit.clone().run(stopped));
    // Everybody has a key before the clock starts.
    for first in (0..people).step_by(500) {
        audit.record((first..(first + 500).min(people)).map(read).collect()).await.unwrap();
    }
    let (written, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (audit, written, over) = (audit.clone(), written.clone(), over.clone());
            tokio::spawn(async move {
                let (mut n, mut slowest) = (caller, Duration::ZERO);
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    audit.record(vec![read(n % people)]).await.unwrap();
                    slowest = slowest.max(asked.elapsed());
                    written.fetch_add(1, Ordering::Relaxed);
                    n += callers;
                }
                slowest
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    over.store(true, Ordering::Relaxed);
    let mut slowest = Duration::ZERO;
    for task in tasks {
        slowest = slowest.max(task.await.unwrap());
    }
    let (count, took) = (written.load(Ordering::Relaxed), began.elapsed());
    println!("{:.0} records/s, slowest {slowest:.0?}", count as f64 / took.as_secs_f64());
    let caught_up = Instant::now();
    stop.send(true).unwrap();
    running.await.unwrap();
    println!("{} leaves, sequenced {:.0?} after the last", audit.size().await.unwrap(), caught_up.elapsed());
}
