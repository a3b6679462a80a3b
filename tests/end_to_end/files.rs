//! Files into the hub and out of it, by the command line that people use and against the real server. The command
//! is killed in between; the same command goes on, loses nothing and does nothing twice.

use crate::hub::{AUDITOR, PROVIDER};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use yunlong_tests::{City, Client, Plan, binary};

const PEOPLE: &str = "population.person";
/// Rows of the file, and of a batch.
const ROWS: usize = 4_000;
const BATCH: usize = 50;
/// Records of a page of an export.
const PAGE: usize = 500;

/// Somebody at a desk: a folder with files, and the provider's session.
struct Desk {
    city: City,
    token: String,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Result<Self> {
        let city = Plan::with(&[]).citizens(1).args(&["--demo-people", "20"]).start().await?;
        let token = city.token(PROVIDER).await?;
        Ok(Self { city, token, folder: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg("hub").args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("YUNLONG_SERVER", format!("http://localhost:{}", self.city.port()));
        command.env("YUNLONG_TOKEN", &self.token).env("XDG_CONFIG_HOME", self.path("config"));
        Ok(command)
    }

    fn run(&self, args: &[&str]) -> Result<Output> {
        Ok(self.command(args)?.output()?)
    }

    /// Begins a command whose words nobody reads.
    fn begin(&self, args: &[&str]) -> Result<Child> {
        Ok(self.command(args)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    /// Lines of a file; none while it is not there.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The names of the files that begin so.
    fn names(&self, prefix: &str) -> Result<BTreeSet<String>> {
        let entries = std::fs::read_dir(self.folder.path())?;
        let names = entries.map(|e| Ok(e?.file_name().to_string_lossy().into_owned()));
        Ok(names.collect::<Result<Vec<_>>>()?.into_iter().filter(|n| n.starts_with(prefix)).collect())
    }
}

fn words(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// Waits until `now` says so; fails when the command ends before.
fn wait(child: &mut Child, what: &str, now: impl Fn() -> bool) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while !now() {
        if let Some(status) = child.try_wait()? {
            bail!("it ended ({status}) before {what}");
        }
        ensure!(Instant::now() < end, "it never came to {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn signal(child: &Child, name: &str) -> Result<()> {
    ensure!(Command::new("kill").args([name, &child.id().to_string()]).status()?.success(), "kill {name}");
    Ok(())
}

/// SIGKILL, once `now` says so.
fn kill_when(mut child: Child, what: &str, now: impl Fn() -> bool) -> Result<()> {
    let came = wait(&mut child, what, now);
    child.kill()?;
    child.wait()?;
    came
}

/// Residents in a CSV, of whom one in each batch has a number whose check digit is wrong: the lines of those.
fn file_of_people(desk: &Desk) -> Result<BTreeSet<String>> {
    let rows = ROWS.to_string();
    let made = desk.run(&["generate", "--people", &rows, "--seed", "7", "--dataset", PEOPLE, "--out", "samples"])?;
    ensure!(made.status.success(), "{}", words(&made));
    let mut lines = desk.lines("samples/population.person.csv");
    ensure!(lines.len() == ROWS + 1 && lines[0].contains("resident_id,"), "{:?}", lines.first());
    let mut wrong = BTreeSet::new();
    for n in (1..lines.len()).step_by(BATCH) {
        let (number, rest) = lines[n].split_once(',').context("no comma")?;
        let (body, digit) = number.split_at(17);
        lines[n] = format!("{body}{},{rest}", if digit == "X" { "0" } else { "X" });
        wrong.insert((n + 1).to_string());
    }
    std::fs::write(desk.path("people.csv"), lines.join("\n") + "\n")?;
    Ok(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_killed_goes_on_and_neither_an_import_nor_an_export_does_anything_twice() -> Result<()> {
    let desk = Desk::new().await?;
    let wrong = file_of_people(&desk)?;
    let good: BTreeSet<String> = keys(&desk.lines("people.csv"))
        .into_iter()
        .enumerate()
        .filter(|(n, _)| !wrong.contains(&(n + 2).to_string()))
        .map(|(_, key)| key)
        .collect();
    import(&desk, &wrong)?;
    let auditor = desk.city.signed_in("console", AUDITOR).await?;
    for format in ["csv", "parquet"] {
        export(&desk, format)?;
        once_in_the_log(&desk, &auditor, format).await?;
    }
    let exported = keys(&desk.lines("cut.csv"));
    let once: BTreeSet<String> = exported.iter().cloned().collect();
    ensure!(once.len() == exported.len() && once.is_superset(&good), "{} of {} rows", once.len(), exported.len());
    // What the Parquet says is what the hub has.
    let again = desk.run(&["import", "cut.parquet", "--dataset", PEOPLE])?;
    let unchanged = format!(": 0 loaded, {} unchanged, 0 refused", exported.len());
    ensure!(again.status.success() && words(&again).contains(&unchanged), "{}", words(&again));
    Ok(())
}

/// The first column of a CSV.
fn keys(lines: &[String]) -> Vec<String> {
    lines.iter().skip(1).filter_map(|l| l.split(',').next()).map(str::to_owned).collect()
}

/// Imports the file in four runs, three of which are killed.
fn import(desk: &Desk, wrong: &BTreeSet<String>) -> Result<()> {
    let batch = BATCH.to_string();
    let command = ["import", "people.csv", "--dataset", PEOPLE, "--batch", &batch, "--valid-from", "2020-01-01"];
    let errors = "people.csv.errors.csv";
    for batches in [8, 20, 40] {
        kill_when(desk.begin(&command)?, "the middle of the import", || desk.lines(errors).len() > batches)?;
    }
    let ended = desk.run(&command)?;
    ensure!(ended.status.code() == Some(3), "some rows are refused: {}", words(&ended));
    ensure!(words(&ended).contains("going on with the import of people.csv"), "{}", words(&ended));
    let counts = format!(": {} loaded, 0 unchanged, {} refused", ROWS - wrong.len(), wrong.len());
    ensure!(words(&ended).contains(&counts), "not {counts}: {}", words(&ended));
    let told = keys(&desk.lines(errors));
    ensure!(told.len() == wrong.len() && told.iter().cloned().collect::<BTreeSet<_>>() == *wrong, "{told:?}");
    Ok(())
}

/// What the export that is cut is for.
fn reason(format: &str) -> String {
    format!("年度核对 {format}")
}

/// Exports into `whole.…` in one run, and into `cut.…` in two, of which the first one is killed.
fn export(desk: &Desk, format: &str) -> Result<()> {
    let (whole, cut, reason) = (format!("whole.{format}"), format!("cut.{format}"), reason(format));
    let (part, note) = (format!("{cut}.part"), format!("{cut}.part.json"));
    let to = |out, reason| ["export", "--dataset", PEOPLE, "--reason", reason, "--law", "测试条例第一条", "--out", out];
    let done = desk.run(&to(&whole, "全部"))?;
    ensure!(done.status.success(), "{}", words(&done));
    let mut child = desk.begin(&to(&cut, &reason))?;
    wait(&mut child, "the first page", || std::fs::metadata(desk.path(&part)).is_ok_and(|m| m.len() > 0))?;
    // How far it is is written down after a second at the earliest: it stands still until then.
    signal(&child, "-STOP")?;
    std::thread::sleep(Duration::from_millis(1_100));
    signal(&child, "-CONT")?;
    kill_when(child, "a note of how far it is", || desk.path(&note).exists())?;
    ensure!(desk.names("cut.")?.is_superset(&[part, note].into()) && !desk.path(&cut).exists(), "{format}");
    let done = desk.run(&to(&cut, &reason))?;
    ensure!(done.status.success() && words(&done).contains("going on with the export"), "{}", words(&done));
    ensure!(std::fs::read(desk.path(&cut))? == std::fs::read(desk.path(&whole))?, "{format}: another file");
    ensure!(desk.names(&cut)? == [cut].into(), "something is left: {:?}", desk.names("cut.")?);
    Ok(())
}

/// All entries of an action.
async fn entries(auditor: &Client, action: &str) -> Result<Vec<Value>> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = auditor.get(&format!("/api/v1/audit/entries?action={action}&before={before}")).await?.json()?;
        let entries = page["entries"].as_array().with_context(|| format!("no entries: {page}"))?;
        all.extend(entries.iter().map(|e| e["entry"].clone()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut before),
            None => return Ok(all),
        }
    }
}

/// The export that was cut is one export to those whose records are in it: at most the page that was under way is
/// read twice.
async fn once_in_the_log(desk: &Desk, auditor: &Client, format: &str) -> Result<()> {
    let started = entries(auditor, "export.started").await?;
    let of_it: Vec<&Value> = started.iter().filter(|e| e["purpose"] == reason(format).as_str()).collect();
    ensure!(of_it.len() == 1, "{format} was begun {} times", of_it.len());
    let reads = entries(auditor, "data.exported").await?.iter().filter(|e| e["detail"] == of_it[0]["target"]).count();
    let rows = desk.lines("cut.csv").len() - 1;
    ensure!((rows..=rows + PAGE).contains(&reads), "{format}: {reads} reads of {rows} records");
    Ok(())
}
