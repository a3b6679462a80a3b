//! Kills: a child that records in many tasks is killed at random moments; whatever it was told is
//! written is in the log, and the log verifies.

use crate::{City, config, person, read};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use yunlong_store::SharedStore;
use yunlong_store::sled_engine::{SledOptions, SledStore};

const FOLDER: &str = "YUNLONG_AUDIT_CRASH_FOLDER";
const ROUND: &str = "YUNLONG_AUDIT_CRASH_ROUND";
const TASKS: u32 = 8;
const KILLS: u32 = 32;

fn store(dir: &Path) -> SharedStore {
    let options = SledOptions { cache_bytes: 16 << 20, journal_bytes: 1 << 20, ..SledOptions::default() };
    Arc::new(SledStore::open(dir, options).unwrap())
}

/// The child: not a test of its own, it does nothing unless the parent has started it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the test below"]
async fn reader() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let round = std::env::var(ROUND).unwrap();
    let mut config = config();
    config.checkpoint_every = Duration::from_millis(3);
    let city = City::with(store(Path::new(&dir)), config).await;
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(city.audit.clone().run(stopped));
    let task = |task: u32| {
        let (audit, round) = (city.audit.clone(), round.clone());
        tokio::spawn(async move {
            for n in 0_u64.. {
                audit.record(vec![read(task, &format!("{round} {n}"))]).await.unwrap();
                println!("ack {task} {n}");
            }
        })
    };
    for running in (0..TASKS).map(task).collect::<Vec<_>>() {
        running.await.unwrap();
    }
}

/// Starts the child, kills it after a while, and answers the last record of each task that it was told of.
fn killed_reader(dir: &Path, round: u32, after: Duration) -> BTreeMap<u32, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::reader", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut last = BTreeMap::new();
        for line in output.lines().map_while(Result::ok) {
            // libtest writes its own words before the first line.
            let Some(at) = line.find("ack ") else { continue };
            let numbers: Vec<u64> = line[at + 4..].split(' ').filter_map(|n| n.parse().ok()).collect();
            if let [task, n] = numbers[..] {
                last.insert(task as u32, n);
            }
        }
        last
    });
    std::thread::sleep(after);
    // SIGKILL: nothing of the child runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[tokio::test]
async fn thirty_two_kills_lose_no_answered_read() {
    let dir = tempfile::tempdir().unwrap();
    // The recorder's task lets go of the store when it next runs.
    let closed = async |city: City| {
        let store = Arc::downgrade(&city.store);
        drop(city);
        while store.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut answered = 0;
    for round in 0..KILLS {
        let after = Duration::from_millis(80 + u64::from(seed.rotate_left(round) % 250));
        let last = killed_reader(dir.path(), round, after);
        let city = City::with(store(dir.path()), config()).await;
        city.audit.sequence_once().await.unwrap();
        for (task, n) in &last {
            answered += n + 1;
            // The newest of a task are on the first page; of older ones some are looked at.
            let page = city.audit.entries_about(&person(*task), &[], None, 3).await.unwrap();
            let newest = page.entries.iter().find_map(|s| {
                let (of, n) = s.entry.target.split_once(' ')?;
                (of == round.to_string()).then(|| n.parse::<u64>().unwrap())
            });
            assert!(
                newest.is_some_and(|newest| newest >= *n),
                "seed {seed}, round {round}, task {task}: {n} of {newest:?}"
            );
        }
        if round % 8 == 7 || round + 1 == KILLS {
            let report = city.verified().await.unwrap_or_else(|f| panic!("seed {seed}, round {round}: {f}"));
            assert!(report.leaves >= answered, "seed {seed}: {answered} were answered, {} are there", report.leaves);
        }
        closed(city).await;
    }
    assert!(answered > u64::from(KILLS), "the readers have read: {answered}");
}
