//! Kills: a loader in a child process is killed at random moments and begun again; every row is there
//! once, and no half of a batch.

use crate::city::{City, PERSON, POLICE, new_import, person, police, row, system_admin};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use yunlong_hub::ImportState;
use yunlong_store::sled_engine::{SledOptions, SledStore};

const FOLDER: &str = "YUNLONG_IMPORT_TEST_FOLDER";
const PEOPLE: u16 = 900;
const BATCH: u16 = 30;
const KILLS: u64 = 30;

async fn open(dir: &Path) -> City {
    let options = SledOptions { cache_bytes: 16 << 20, boot_id: Some("kill".into()), ..SledOptions::default() };
    City::on(Arc::new(SledStore::open(dir, options).unwrap())).await
}

/// The child: not a test of its own, it does nothing unless the parent has started it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the test below"]
async fn loader() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let city = open(Path::new(&dir)).await;
    let import = city.hub.start_import(new_import(PERSON, "people.csv"), &police()).await.unwrap();
    println!("begun");
    for n in import.next_batch..u64::from(PEOPLE / BATCH) {
        let first = u16::try_from(n).unwrap() * BATCH + 1;
        let rows = (first..first + BATCH).map(|n| row(u64::from(n), person(n))).collect();
        let report = city.hub.import_batch(&import.id, n, rows, &police()).await.unwrap();
        assert_eq!((report.loaded, report.refused_rows), (u64::from(BATCH), 0), "{report:?}");
        println!("ack {n}");
    }
    println!("done");
}

/// Starts the child, kills it a while after it has begun, and answers the newest batch that was acknowledged
/// and whether all were.
fn killed_loader(dir: &Path, after: Duration) -> (Option<u64>, bool) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::loader", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|l| l.contains("begun")), "the loader begins");
    let reader = std::thread::spawn(move || {
        let (mut newest, mut done) = (None, false);
        for line in lines {
            newest = line.strip_prefix("ack ").and_then(|n| n.parse().ok()).or(newest);
            done |= line.contains("done");
        }
        (newest, done)
    });
    std::thread::sleep(after);
    // SIGKILL: nothing of the child runs any more.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// What is in the folder, looked at in a runtime of its own: with it end the tasks that hold the store, so
/// that the next process finds it unlocked.
fn look<T>(dir: &Path, at: impl AsyncFnOnce(City) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { at(open(dir).await).await })
}

async fn check(city: City, kill: u64, acknowledged: Option<u64>) {
    let import = city.hub.imports(PERSON, 5).await.unwrap();
    assert_eq!(import.len(), 1, "one import, however often it was begun");
    let count = city.records(PERSON).count().await.unwrap();
    assert_eq!(count, import[0].next_batch * u64::from(BATCH), "half a batch after kill {kill}");
    assert_eq!(import[0].loaded, count);
    assert!(acknowledged.is_none_or(|n| import[0].next_batch > n), "{acknowledged:?} was acknowledged");
}

async fn check_all(city: City) {
    let import = city.hub.imports(PERSON, 5).await.unwrap().remove(0);
    let ended = city.hub.finish_import(&import.id, &police()).await.unwrap();
    assert_eq!((ended.loaded, ended.refused, ended.state), (u64::from(PEOPLE), 0, ImportState::Finished));
    let records = city.records(PERSON);
    for n in 1..=PEOPLE {
        let all = records.history(&records.id(&crate::city::id(n))).await.unwrap();
        assert_eq!((all.len(), all[0].version), (1, 1), "person {n}");
    }
}

#[test]
fn thirty_kills_of_an_import_lose_no_row_and_double_none() {
    let dir = tempfile::tempdir().unwrap();
    look(dir.path(), async |city| {
        city.people().await;
        city.hub.set_provider(PERSON, POLICE, &system_admin()).await.unwrap();
    });
    let (mut acknowledged, mut finished) = (None, false);
    for kill in 0..KILLS {
        // Different moments of a batch, from the first commit on.
        let (newest, done) = killed_loader(dir.path(), Duration::from_millis(kill * 37 % 90));
        acknowledged = newest.or(acknowledged);
        look(dir.path(), async |city| check(city, kill, acknowledged).await);
        finished |= done;
    }
    // Whatever the kills left is loaded by who comes last.
    while !finished {
        finished = killed_loader(dir.path(), Duration::from_secs(2)).1;
    }
    look(dir.path(), check_all);
}
