//! Upgrades with people on the line: none of their requests is lost, a version that fails goes back
//! by itself, and data is never hidden without a person's word.

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use yunlong_tests::{City, Client, Plan, eventually};

const APP: &str = "notebook";

/// A version of the notebook: what it declares, and what it does.
#[derive(Clone, Copy, Default)]
struct Version {
    number: &'static str,
    /// `schema` and `reads` of `[data]`.
    data: (u32, &'static [u32]),
    /// Percent of its answers that fail.
    errors: u32,
    ill: &'static str,
    /// Documents after which its migration refuses to go on.
    stops_at: u32,
    /// How long a batch of its migration takes.
    batch_ms: u32,
    /// How long its job takes.
    job_ms: u32,
    /// Whether it has an index that the others have not.
    indexed: bool,
}

impl Version {
    fn new(number: &'static str) -> Self {
        Self { number, data: (1, &[]), ..Self::default() }
    }

    fn manifest(self, notes: usize) -> String {
        let (schema, reads) = self.data;
        let default =
            |name: &str, value: u32| format!("[config.properties.{name}]\ntype = \"integer\"\ndefault = {value}\n");
        let index = if self.indexed { "[[collections.indexes]]\nname = \"text\"\nfields = [\"text\"]\n" } else { "" };
        format!(
            "name = \"{APP}\"\nversion = \"{}\"\nvendor = \"yunlong-demo\"\ntitle = {{ zh = \"笔记\", en = \"Notebook\" }}\n\
             description = {{ zh = \"测试升级\", en = \"For the tests of upgrades\" }}\n\
             counters = [\"runs\", \"migrated\"]\n[data]\nschema = {schema}\nreads = {reads:?}\n\
             [[collections]]\nname = \"notes\"\n{index}[[jobs]]\nname = \"tidy\"\ncron = \"0 3 1 1 *\"\n\
             [limits]\nwall_ms = 20000\n\
             [config]\ntype = \"object\"\n{}{}{}{}{}{}[config.properties.ill]\ntype = \"string\"\ndefault = \"{}\"\n",
            self.number,
            default("errors", self.errors),
            default("schema", schema),
            default("stops_at", self.stops_at),
            default("batch_ms", self.batch_ms),
            default("job_ms", self.job_ms),
            default("notes", notes.try_into().unwrap_or(0)),
            self.ill,
        )
    }
}

struct Desk {
    city: City,
    console: Client,
    token: String,
    dir: tempfile::TempDir,
    notes: usize,
}

impl Desk {
    /// A city with this version of the notebook, and as many notes in it.
    async fn with(version: Version, notes: usize) -> Result<Self> {
        // The connections that ask in these tests take as many places as one installation has at first: batches of a
        // migration and looks at its health would have none.
        let places = ["-o", "runtime.instances_per_installation=100"];
        let city = Plan::with(&[]).citizens(4).args(&places).start().await?;
        let token = city.token("city-admin").await?;
        let console = city.client("console")?.with_token(token.clone());
        let me = Self { console, token, dir: tempfile::tempdir()?, city, notes };
        let digest = me.published(version).await?;
        let installed = me.run(&["install", &digest, "--org", "320300", "--yes"])?;
        ensure!(installed.0, "{}", installed.1);
        let app = me.city.signed_in(APP, "citizen-001").await?;
        for n in 0..notes {
            let made =
                app.post("/notes", &json!({"id": format!("note-{n:04}"), "text": format!("note {n} of old")})).await?;
            ensure!(made.status == 201, "{} {}", made.status, made.text);
        }
        Ok(me)
    }

    /// The signed package of a version.
    fn package(&self, version: Version) -> Result<String> {
        let folder = self.dir.path().join(version.number);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("app.toml"), version.manifest(self.notes))?;
        let file = self.dir.path().join(format!("{}.tar", version.number)).display().to_string();
        let out = self.city.cli(&[
            "package",
            &folder.display().to_string(),
            "--component",
            &yunlong_tests::component("releases")?.display().to_string(),
            "--key",
            &yunlong_tests::vendor_key()?.display().to_string(),
            "--output",
            &file,
        ])?;
        ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Ok(file)
    }

    /// Runs the command line as the city's administrator: whether it succeeded, and what it said.
    fn run(&self, args: &[&str]) -> Result<(bool, String)> {
        let mut all = args.to_vec();
        all.extend(["--token", &self.token]);
        let out = self.city.cli(&all)?;
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        Ok((out.status.success(), said))
    }

    /// A version that is published and approved: its digest.
    async fn published(&self, version: Version) -> Result<String> {
        self.city.publish_and_approve(self.package(version)?).await
    }

    async fn upgrade(&self, version: Version, more: &[&str]) -> Result<(bool, String)> {
        let digest = self.published(version).await?;
        let mut args = vec!["upgrade", APP, &digest, "--yes"];
        args.extend(more);
        self.run(&args)
    }

    async fn state(&self) -> Result<Value> {
        self.console.get(&format!("/api/v1/installations/{APP}/upgrade")).await?.json()
    }

    async fn version(&self) -> Result<String> {
        Ok(self.state().await?["version"].as_str().unwrap_or("").to_owned())
    }

    /// What the citizens' page says: the version that answers, and a note.
    async fn note(&self, id: &str) -> Result<Value> {
        let a = self.city.client(APP)?.get(&format!("/notes/{id}")).await?;
        ensure!(a.status == 200, "{id}: {} {}", a.status, a.text);
        Ok(a.json()?["note"].clone())
    }
}

/// What a load saw: answers by version and status.
type Seen = BTreeMap<(String, u16), u64>;

#[tokio::test]
async fn what_an_app_is_answering_at_sigterm_is_answered_whole() -> Result<()> {
    let mut desk = Desk::with(Version::new("1.0.0"), 0).await?;
    let app = desk.city.client(APP)?;
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.get("/slow").await })
        })
        .collect();
    // All are with the app by then, and none is done.
    tokio::time::sleep(Duration::from_millis(200)).await;
    ensure!(asked.iter().all(|a| !a.is_finished()), "/slow is not slow any more");
    desk.city.stop().await?;
    for answer in asked {
        let answer = answer.await??;
        ensure!(answer.status == 200 && answer.json()?["version"] == "1.0.0", "{} {}", answer.status, answer.text);
    }
    Ok(())
}

/// 64 connections that ask, write and read until `stop`; a slow request in four. Answers what they
/// saw, and the ids of the notes whose writing was acknowledged. An error at the first answer of a status that is none
/// of these: the request is lost.
async fn load(city: &City, stop: Arc<AtomicBool>, statuses: &'static [u16]) -> Result<(Seen, Vec<String>)> {
    let app = city.signed_in(APP, "citizen-001").await?;
    let connections = (0..64_u32).map(|c| {
        let (app, stop) = (app.clone(), stop.clone());
        tokio::spawn(async move {
            let (mut seen, mut written) = (Seen::new(), Vec::new());
            for n in 0_u32.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let a = match (c + n) % 4 {
                    0 => app.get("/slow").await?,
                    1 => {
                        let id = format!("live-{c:02}-{n:05}");
                        let a = app.post("/notes", &json!({"id": id, "text": "written meanwhile"})).await?;
                        if a.status == 201 {
                            written.push(id);
                        }
                        a
                    }
                    _ => app.get("/").await?,
                };
                ensure!(statuses.contains(&a.status), "a request is lost: {} {}", a.status, a.text);
                let version = a.json().ok().and_then(|j| j["version"].as_str().map(str::to_owned)).unwrap_or_default();
                *seen.entry((version, a.status)).or_default() += 1;
            }
            anyhow::Ok((seen, written))
        })
    });
    let (mut seen, mut written) = (Seen::new(), Vec::new());
    for connection in connections.collect::<Vec<_>>() {
        let (one, ids) = connection.await??;
        one.into_iter().for_each(|(k, n)| *seen.entry(k).or_default() += n);
        written.extend(ids);
    }
    Ok((seen, written))
}

/// Up, back and up again, while people are served.
async fn three_upgrades(desk: &Desk) -> Result<()> {
    tokio::time::sleep(Duration::from_millis(800)).await;
    // At once, while people are served and their data is migrated.
    let second = Version { data: (2, &[1]), ..Version::new("2.0.0") };
    let done = desk.upgrade(second, &[]).await?;
    ensure!(done.0, "{}", done.1);
    tokio::time::sleep(Duration::from_millis(800)).await;
    // Back over what was written in the newer schema, which the older version reads.
    let back = desk.run(&["rollback", APP])?;
    ensure!(back.0, "{}", back.1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    // To one whose indexes are others: requests wait while they are built.
    let third = Version { data: (2, &[1]), indexed: true, ..Version::new("3.0.0") };
    let done = desk.upgrade(third, &[]).await?;
    ensure!(done.0, "{}", done.1);
    tokio::time::sleep(Duration::from_millis(800)).await;
    Ok(())
}

/// The same with a client that is not ours, which says itself what it lost: an answer that never came, one that broke
/// off, a connection that was refused. Which writes were acknowledged, and whether they are there, only ours can ask.
#[tokio::test(flavor = "multi_thread")]
async fn upgrades_under_wrk_at_64_connections_lose_no_request() -> Result<()> {
    let desk = Desk::with(Version { data: (1, &[2]), ..Version::new("1.0.0") }, 100).await?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/end_to_end/upgrade.lua");
    let token = desk.city.token("citizen-001").await?;
    let port = desk.city.port();
    let wrk = tokio::process::Command::new("wrk")
        // Until it is told to stop. A request may wait as long as one of ours.
        .args(["-t2", "-c64", "-d600s", "--timeout", "60s", "-s", script])
        .args(["-H", &format!("Host: {APP}.localhost:{port}"), "-H", "Accept: application/json"])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .arg(format!("http://127.0.0.1:{port}/"))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("wrk is missing: run `apt-get install -y wrk`")?;
    let id = wrk.id().context("wrk ended at once")?;
    three_upgrades(&desk).await?;
    let told = std::process::Command::new("kill").args(["-INT", &id.to_string()]).status()?;
    ensure!(told.success(), "wrk ended before it was told to");
    let out = wrk.wait_with_output().await?;
    let said = String::from_utf8_lossy(&out.stdout);
    let (mut seen, mut lost) = (Seen::new(), 0);
    for line in said.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["answers", version, status, n] => {
                *seen.entry((version.to_owned(), status.parse()?)).or_default() += n.parse::<u64>()?;
            }
            ["lost", _, n] => {
                ensure!(n == "0", "{said}");
                lost += 1;
            }
            _ => (),
        }
    }
    ensure!(lost == 4, "wrk did not say what it lost: {said}");
    ensure!(seen.keys().all(|(_, status)| matches!(status, 200 | 201)), "{said}");
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        for status in [200, 201] {
            ensure!(seen.contains_key(&(version.to_owned(), status)), "no {status} of {version}: {said}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_under_64_connections_lose_no_request_and_no_write() -> Result<()> {
    let first = Version { data: (1, &[2]), ..Version::new("1.0.0") };
    let desk = Desk::with(first, 100).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (loaded, upgraded) = tokio::join!(load(&desk.city, stop.clone(), &[200, 201]), async {
        let done = three_upgrades(&desk).await;
        stop.store(true, Ordering::Relaxed);
        done
    });
    upgraded?;
    let (seen, written) = loaded?;
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        ensure!(seen.keys().any(|(v, _)| v == version), "nobody was served by {version}: {seen:?}");
    }
    ensure!(!written.is_empty());
    // Every one of them: a write that was acknowledged and is lost hides among thousands.
    let there = stream::iter(&written).map(|id| desk.note(id)).buffer_unordered(16);
    there.try_for_each(|_| std::future::ready(Ok(()))).await?;
    // What was there at first and what was written meanwhile is of the new schema in the end.
    eventually("the migration", Duration::from_secs(30), async || {
        Ok((desk.state().await?["data"]["oldest"] == 2).then_some(()))
    })
    .await?;
    for id in ["note-0000", "note-0099"].into_iter().chain(written.iter().map(String::as_str).step_by(13)) {
        ensure!(desk.note(id).await?["words"].is_u64(), "{id} is not migrated");
    }
    let history = desk.run(&["history", APP])?;
    ensure!(history.0 && history.1.contains("1.0.0 → 2.0.0") && history.1.contains("rolled-back"), "{}", history.1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_well_never_serves_and_the_command_line_says_why() -> Result<()> {
    let desk = Desk::with(Version::new("1.0.0"), 0).await?;
    let ill = desk.published(Version { ill: "out of paper", ..Version::new("2.0.0") }).await?;
    let began = Instant::now();
    let refused = desk.run(&["upgrade", APP, &ill, "--yes"])?;
    ensure!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    ensure!(!refused.0 && refused.1.contains("out of paper"), "{}", refused.1);
    ensure!(desk.version().await? == "1.0.0");
    ensure!(desk.city.client(APP)?.get("/").await?.json()?["version"] == "1.0.0");
    let history = desk.run(&["history", APP])?;
    ensure!(history.1.contains("refused") && history.1.contains("out of paper"), "{}", history.1);
    let well = desk.run(&["health", APP])?;
    ensure!(well.0 && well.1.contains("is well"), "{}", well.1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_doubles_the_errors_is_rolled_back_within_ten_seconds_and_says_why() -> Result<()> {
    let desk = Desk::with(Version { errors: 5, ..Version::new("1.0.0") }, 0).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let story = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let done = desk.upgrade(Version { errors: 60, ..Version::new("2.0.0") }, &[]).await?;
        ensure!(done.0, "{}", done.1);
        let began = Instant::now();
        eventually("the roll-back", Duration::from_secs(10), async || {
            Ok((desk.version().await? == "1.0.0").then_some(()))
        })
        .await?;
        Ok(began.elapsed())
    };
    // The bad version fails: 500 is its own answer, and nothing that the platform lost.
    let (loaded, took) = tokio::join!(load(&desk.city, stop.clone(), &[200, 201, 500]), async {
        let took: Result<Duration> = story.await;
        stop.store(true, Ordering::Relaxed);
        took
    });
    let (took, (seen, written)) = (took?, loaded?);
    ensure!(took < Duration::from_secs(10), "{took:?}");
    ensure!(seen.keys().any(|(v, _)| v == "2.0.0"), "the bad version never served: {seen:?}");
    // Whichever version took a write, the one that is back reads it.
    ensure!(!written.is_empty());
    let desk = &desk;
    let read = futures::stream::iter(&written).map(|id| async move { (id, desk.note(id).await) });
    let read: Vec<_> = read.buffer_unordered(16).collect().await;
    let lost: Vec<_> = read.into_iter().filter_map(|(id, note)| Some((id, note.err()?))).collect();
    ensure!(lost.is_empty(), "of {} acknowledged writes these are gone: {lost:?}", written.len());
    let history = desk.run(&["history", APP])?;
    ensure!(history.1.contains("rolled-back") && history.1.contains("calls failed"), "{}", history.1);
    let log = desk.console.get(&format!("/api/v1/installations/{APP}/log")).await?;
    ensure!(log.text.contains("Rolled back by itself from version 2.0.0 to 1.0.0"), "{}", log.text);
    let inbox = desk.city.client("")?.with_token(desk.token.clone()).get("/inbox").await?;
    ensure!(inbox.text.contains("by itself") || inbox.text.contains("自动退回"), "{}", inbox.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_goes_on_from_its_last_batch() -> Result<()> {
    let mut desk = Desk::with(Version::new("1.0.0"), 200).await?;
    // It does not read the older schema: nobody is served before the last batch.
    let second = Version { data: (2, &[]), batch_ms: 300, ..Version::new("2.0.0") };
    let digest = desk.published(second).await?;
    let begun = desk.console.post(&format!("/api/v1/installations/{APP}/upgrade"), &json!({"package": digest})).await?;
    ensure!(begun.status == 200 && begun.json()?["status"] == "migrating", "{} {}", begun.status, begun.text);
    let before = eventually("some batches", Duration::from_secs(20), async || {
        let done = desk.state().await?["migration"]["done"].as_u64().unwrap_or(0);
        Ok((done >= 40).then_some(done))
    })
    .await?;
    ensure!(before < 200, "it was too quick to be killed");
    desk.city.restart().await?;
    // A request that comes now waits for the rest and is served by the new version.
    let served = desk.city.client(APP)?.get("/notes/note-0199").await?;
    ensure!(served.status == 200, "{} {}", served.status, served.text);
    ensure!(served.json()?["note"]["words"] == 4, "{}", served.text);
    let state = desk.state().await?;
    ensure!(state["status"] == "running" && state["migration"]["done"] == 200, "{state}");
    // 200 notes in batches of 20: each was committed once, whatever was killed.
    ensure!(state["migration"]["batches"] == 10, "{state}");
    for n in [0, 20, 100, 199] {
        ensure!(desk.note(&format!("note-{n:04}")).await?["words"] == 4);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_half_way_stops_and_a_roll_back_asks() -> Result<()> {
    let desk = Desk::with(Version::new("1.0.0"), 100).await?;
    let broken = Version { data: (2, &[]), stops_at: 40, ..Version::new("2.0.0") };
    let failed = desk.upgrade(broken, &[]).await?;
    ensure!(!failed.0 && failed.1.contains("cannot be migrated"), "{}", failed.1);
    let state = desk.state().await?;
    ensure!(state["status"] == "failed" && state["migration"]["done"] == 40, "{state}");
    let asks = desk.run(&["rollback", APP])?;
    ensure!(!asks.0 && asks.1.contains("confirm"), "{}", asks.1);
    ensure!(desk.version().await? == "2.0.0", "nothing was done");
    let back = desk.run(&["rollback", APP, "--accept-unreadable", "--reason", "the notes must be mended first"])?;
    ensure!(back.0, "{}", back.1);
    // Nothing is deleted: what the older version does read is there.
    ensure!(desk.note("note-0099").await?["text"] == "note 99 of old");
    // Mended, the migration begins anew and ends.
    let mended = Version { data: (2, &[]), ..Version::new("2.0.1") };
    let done = desk.upgrade(mended, &[]).await?;
    ensure!(done.0, "{}", done.1);
    ensure!(desk.note("note-0099").await?["words"] == 4 && desk.note("note-0000").await?["words"] == 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_serves_the_same_people_and_is_promoted() -> Result<()> {
    let desk = Desk::with(Version { data: (1, &[2]), ..Version::new("1.0.0") }, 0).await?;
    let second = Version { data: (2, &[1]), ..Version::new("2.0.0") };
    let started = desk.upgrade(second, &["--canary", "50"]).await?;
    ensure!(started.0 && started.1.contains("50 %"), "{}", started.1);
    let version = async |client: &Client| -> Result<String> {
        Ok(client.get("/").await?.json()?["version"].as_str().context("no version")?.to_owned())
    };
    for n in 1..=4 {
        let person = desk.city.signed_in(APP, &format!("citizen-{n:03}")).await?;
        let first = version(&person).await?;
        for _ in 0..10 {
            ensure!(version(&person).await? == first, "the same person, another version");
        }
    }
    let nobody = desk.city.client(APP)?;
    let mut versions = std::collections::BTreeSet::new();
    for _ in 0..60 {
        versions.insert(version(&nobody).await?);
    }
    ensure!(versions.len() == 2, "{versions:?}");
    let promoted = desk.run(&["upgrade", APP, "--promote"])?;
    ensure!(promoted.0, "{}", promoted.1);
    for _ in 0..20 {
        ensure!(version(&nobody).await? == "2.0.0");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_killed_is_run_again_and_has_its_effect_once() -> Result<()> {
    let mut desk = Desk::with(Version { job_ms: 10_000, ..Version::new("1.0.0") }, 0).await?;
    let asked = desk.run(&["jobs", APP, "--run", "tidy"])?;
    ensure!(asked.0, "{}", asked.1);
    eventually("the run", Duration::from_secs(10), async || {
        Ok(desk.run(&["jobs", APP])?.1.contains("running").then_some(()))
    })
    .await?;
    desk.city.restart().await?;
    let runs = eventually("the second run", Duration::from_secs(60), async || {
        let path = format!("/api/v1/installations/{APP}/jobs/tidy/runs");
        let runs = desk.console.get(&path).await?.json()?["runs"].clone();
        Ok((runs[0]["outcome"] == "done").then_some(runs))
    })
    .await?;
    ensure!(runs[1]["outcome"] == "lost" && runs[0]["attempt"] == 2 && runs[0]["by"] == "city-admin", "{runs}");
    ensure!(desk.note("run-tidy").await?["text"] == "1", "its effect is there once");
    let paused = desk.run(&["jobs", APP, "--pause", "tidy"])?;
    ensure!(paused.0 && desk.run(&["jobs", APP])?.1.contains("paused by city-admin"), "{}", paused.1);
    Ok(())
}
