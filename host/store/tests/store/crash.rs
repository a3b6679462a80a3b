//! Kills: a writer in a child process is killed at random moments; every commit that it was told of
//! is there, and no half of one.

use crate::simulated::Dice;
use crate::{key, value};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{Direction, Store, Txn};

const FOLDER: &str = "YUNLONG_CRASH_TEST_FOLDER";
const TASKS: u64 = 4;
const KILLS: u64 = 50;

fn options(boot: &str) -> SledOptions {
    // Snapshots every few hundred commits, so that kills meet them.
    SledOptions {
        cache_bytes: 16 << 20,
        journal_bytes: 200_000,
        boot_id: Some(boot.to_owned()),
        ..SledOptions::default()
    }
}

/// The child: not a test of its own, it does nothing unless the parent has started it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the test below"]
async fn writer() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let store = Arc::new(SledStore::open(Path::new(&dir), options("kill")).unwrap());
    let task = |task: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let next = store.counter(&key("count").u64(task)).await.unwrap();
            for n in next.cast_unsigned().. {
                let mut txn = Txn::new(store.clone());
                txn.put(key("row").u64(task).u64(n), value("x".repeat((n % 97) as usize)));
                txn.put(key("latest").u64(task), value(n.to_string()));
                if n % 16 == 0 {
                    txn.put(key("long").u64(task), value(n.to_string().repeat(30_000)));
                }
                txn.append(key("log").u64(task), value(n.to_string()));
                txn.adjust(key("count").u64(task), 1, 0, i64::MAX);
                txn.commit().await.unwrap();
                println!("ack {task} {n}");
            }
        })
    };
    for running in (0..TASKS).map(task).collect::<Vec<_>>() {
        running.await.unwrap();
    }
}

/// Starts the child, kills it after a while, and answers the newest commit of each task that it was told of.
fn killed_writer(dir: &Path, after: Duration) -> BTreeMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::writer", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut newest = BTreeMap::new();
        for line in output.lines().map_while(Result::ok) {
            // libtest writes its own words before the first line.
            let Some(at) = line.find("ack ") else { continue };
            let numbers: Vec<u64> = line[at + 4..].split(' ').filter_map(|n| n.parse().ok()).collect();
            if let [task, n] = numbers[..] {
                newest.insert(task, n);
            }
        }
        newest
    });
    std::thread::sleep(after);
    // SIGKILL: nothing of the child runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

async fn check(store: &SledStore, acknowledged: &BTreeMap<u64, u64>) {
    for task in 0..TASKS {
        let count = store.counter(&key("count").u64(task)).await.unwrap().cast_unsigned();
        if let Some(n) = acknowledged.get(&task) {
            assert!(count > *n, "task {task}: {n} was acknowledged, {count} commits are there");
        }
        let rows = store.scan(&key("row").u64(task).children(), Direction::Ascending, usize::MAX).await.unwrap();
        assert_eq!(rows.len() as u64, count, "half a commit of task {task}");
        for (n, row) in rows.iter().enumerate() {
            assert_eq!(row.key, key("row").u64(task).u64(n as u64));
            assert_eq!(row.value.len(), n % 97);
        }
        let log = store.scan(&key("log").u64(task).children(), Direction::Ascending, usize::MAX).await.unwrap();
        let logged: Vec<u64> = log.iter().map(|e| std::str::from_utf8(&e.value).unwrap().parse().unwrap()).collect();
        assert_eq!(logged, (0..count).collect::<Vec<_>>());
        if let Some(last) = count.checked_sub(1) {
            let latest = store.get(&key("latest").u64(task)).await.unwrap().unwrap();
            assert_eq!(latest.value, value(last.to_string()));
            let long = store.get(&key("long").u64(task)).await.unwrap().unwrap();
            assert_eq!(long.value, value((last / 16 * 16).to_string().repeat(30_000)));
        }
    }
}

#[tokio::test]
async fn fifty_kills_lose_no_acknowledged_commit() {
    let dir = tempfile::tempdir().unwrap();
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut dice = Dice::new(seed);
    let mut acknowledged = BTreeMap::new();
    for kill in 0..KILLS {
        acknowledged.extend(killed_writer(dir.path(), Duration::from_millis(60 + dice.below(300))));
        // Mostly the next process goes on with sled's files; now and then they are built anew.
        let boot = if kill % 10 == 9 { "another" } else { "kill" };
        let store =
            SledStore::open(dir.path(), options(boot)).unwrap_or_else(|e| panic!("seed {seed}, kill {kill}: {e}"));
        check(&store, &acknowledged).await;
    }
    assert!(acknowledged.values().sum::<u64>() > KILLS, "the writers have written: {acknowledged:?}");
}
