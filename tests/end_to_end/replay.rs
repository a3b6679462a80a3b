//! `yunlong replay`: a journal that a failing scenario left is run again, with the same component, with another one,
//! and not at all.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Plays one request of the hostile app, which fails, and answers with the file that is left.
pub(crate) fn journal(dir: &Path, path: &str) -> Result<PathBuf> {
    let component = yunlong_tests::component("abuser")?;
    fails(dir, "tests/hostile/abuser", &component, &format!("[[steps]]\nrequest = \"GET {path}\"\n"))
}

/// Plays steps of which the last is to fail.
fn fails(dir: &Path, app: &str, component: &Path, steps: &str) -> Result<PathBuf> {
    let (scenarios, journals) = (dir.join("scenarios"), dir.join("journals"));
    std::fs::create_dir_all(&scenarios)?;
    let scenario = format!("title = {{ zh = \"甲\", en = \"A\" }}\n{steps}expect = {{ status = 200 }}\n");
    std::fs::write(scenarios.join("fails.toml"), scenario)?;
    let out = Command::new(yunlong_tests::binary()?)
        .arg("test")
        .arg(root().join(app))
        .args(["--component".as_ref(), component.as_os_str()])
        .args(["--scenarios".as_ref(), scenarios.as_os_str()])
        .args(["--journals".as_ref(), journals.as_os_str()])
        .args(["--cache".as_ref(), cache(component)?.join("workbench").as_os_str()])
        .env("LC_ALL", "C")
        .output()?;
    ensure!(out.status.code() == Some(1), "{}", said(&out));
    let mut files = std::fs::read_dir(&journals)?.map(|f| Ok(f?.path())).collect::<Result<Vec<_>>>()?;
    ensure!(files.len() == 1, "{files:?}: {}", said(&out));
    files.pop().context("no journal")
}

fn cache(component: &Path) -> Result<&Path> {
    component.parent().context("a component without a folder")
}

fn replay(journal: &Path, component: &Path) -> Result<Output> {
    Ok(Command::new(yunlong_tests::binary()?)
        .arg("replay")
        .arg(journal)
        .args(["--component".as_ref(), component.as_os_str()])
        .args(["--cache".as_ref(), cache(component)?.join("replay").as_os_str()])
        .env("LC_ALL", "C")
        .output()?)
}

#[test]
fn a_failure_is_seen_again_with_the_same_calls_and_the_same_end() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = journal(dir.path(), "/calls")?;
    let out = replay(&file, &yunlong_tests::component("abuser")?)?;
    let text = said(&out);
    ensure!(out.status.code() == Some(0), "{text}");
    for wanted in
        ["request GET /calls", "(the one that ran)", "ended host-calls", "same end: yes", "calls are the same"]
    {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    let chinese = Command::new(yunlong_tests::binary()?)
        .arg("replay")
        .arg(&file)
        .args(["--component".as_ref(), yunlong_tests::component("abuser")?.as_os_str()])
        .args(["--cache".as_ref(), cache(&yunlong_tests::component("abuser")?)?.join("replay").as_os_str()])
        .env("LC_ALL", "zh_CN.UTF-8")
        .output()?;
    ensure!(said(&chinese).contains("结局相同：是"), "{}", said(&chinese));
    Ok(())
}

#[test]
fn a_trap_shows_where_the_app_was_and_how_to_see_lines_of_source() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let out = replay(&journal(dir.path(), "/trap")?, &yunlong_tests::component("abuser")?)?;
    let text = said(&out);
    ensure!(out.status.code() == Some(0), "{text}");
    for wanted in ["ended trap", "wasm backtrace", "CARGO_PROFILE_GUEST_DEBUG=line-tables-only"] {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    Ok(())
}

#[test]
fn another_component_ends_otherwise_and_the_first_call_that_changed_is_named() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let out = replay(&journal(dir.path(), "/calls")?, &yunlong_tests::component("careless")?)?;
    let text = said(&out);
    ensure!(out.status.code() == Some(1), "{text}");
    for wanted in ["another one than the one that ran", "same end: no", "first difference: call 1"] {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    Ok(())
}

/// `tests/guests/fallible` with lines of source, as docs/replay.md says how to build; `mended` is the vendor's fix.
fn fallible(mended: bool) -> Result<PathBuf> {
    let packages = yunlong_tests::package("any")?;
    let target = packages.parent().context("no folder")?.with_file_name("with-lines");
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--package", "fallible", "--target", "wasm32-wasip2", "--profile", "guest"]);
    if mended {
        build.args(["--features", "mended"]);
    }
    build.env("CARGO_PROFILE_GUEST_DEBUG", "line-tables-only").env("CARGO_PROFILE_GUEST_STRIP", "none");
    let out = build.env("CARGO_TARGET_DIR", &target).current_dir(root()).output()?;
    ensure!(out.status.success(), "{}", said(&out));
    // One name for both: kept apart by copies.
    let component = target.join(if mended { "mended.wasm" } else { "broken.wasm" });
    std::fs::copy(target.join("wasm32-wasip2/guest/fallible.wasm"), &component)?;
    Ok(component)
}

#[test]
fn a_panic_names_its_line_of_source_and_a_fix_the_first_call_that_is_new() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (broken, mended) = (fallible(false)?, fallible(true)?);
    let step =
        "[[people]]\nname = \"wang\"\n[[steps]]\nrequest = \"POST /bookings/2026-10-01\"\nas = \"wang\"\njson = {}\n";
    let file = fails(dir.path(), "tests/guests/fallible", &broken, step)?;

    let source = include_str!("../guests/fallible/src/lib.rs");
    let line_of =
        |what: &str| source.lines().position(|l| l.contains(what)).map(|n| n + 1).context("not in the source");
    let out = replay(&file, &broken)?;
    let text = said(&out);
    ensure!(out.status.code() == Some(0), "{text}");
    let panicked = format!("fallible/src/lib.rs:{}:", line_of(".expect(\"each day has a plan\")")?);
    let called = format!("fallible/src/lib.rs:{}:", line_of("let places = places(")?);
    for wanted in ["ended trap", "wasm backtrace", &panicked, &called, "each day has a plan", "calls are the same"] {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    ensure!(!text.contains("names no lines of source"), "it has lines, and is told to be built with them: {text}");

    // Up to the failure both ask the same; the first that the fix asks more is named.
    let journal = std::fs::read_to_string(&file)?;
    let then = journal.lines().filter(|line| line.starts_with("{\"call\"")).count();
    ensure!(then > 0, "no call in {journal}");
    let out = replay(&file, &mended)?;
    let text = said(&out);
    ensure!(out.status.code() == Some(1), "{text}");
    let first = format!("first difference: call {}, city:data/collections transaction.begin (1 in all)", then + 1);
    for wanted in ["another one than the one that ran", "same end: no", &first, "+ city:data/collections"] {
        ensure!(text.contains(wanted), "`{wanted}` is not in: {text}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_run_says_why_and_what_to_do() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let component = yunlong_tests::component("abuser")?;
    let other = dir.path().join("other.yjournal");
    std::fs::write(&other, "{\"a\":1}\n")?;
    let whole = std::fs::read_to_string(journal(dir.path(), "/trap")?)?;
    let cut = dir.path().join("cut.yjournal");
    std::fs::write(&cut, whole.lines().next().unwrap_or_default())?;
    for (file, component, wanted) in [
        (other.as_path(), component.as_path(), "no journal"),
        (&cut, &component, "cut short"),
        (&dir.path().join("absent.yjournal"), &component, "absent.yjournal"),
        (&dir.path().join("journals/fails-scenario-1-trap.yjournal"), &other, "not a WebAssembly component"),
    ] {
        let out = replay(file, component)?;
        let text = said(&out);
        ensure!(out.status.code() == Some(2) && text.contains(wanted) && text.contains("→"), "`{wanted}`: {text}");
    }
    Ok(())
}
