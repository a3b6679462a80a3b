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
fn journal(dir: &Path, path: &str) -> Result<PathBuf> {
    let component = yunlong_tests::component("abuser")?;
    let (scenarios, journals) = (dir.join("scenarios"), dir.join("journals"));
    std::fs::create_dir_all(&scenarios)?;
    let scenario = format!(
        "title = {{ zh = \"甲\", en = \"A\" }}\n[[steps]]\nrequest = \"GET {path}\"\nexpect = {{ status = 200 }}\n"
    );
    std::fs::write(scenarios.join("fails.toml"), scenario)?;
    let out = Command::new(yunlong_tests::binary()?)
        .arg("test")
        .arg(root().join("tests/hostile/abuser"))
        .args(["--component".as_ref(), component.as_os_str()])
        .args(["--scenarios".as_ref(), scenarios.as_os_str()])
        .args(["--journals".as_ref(), journals.as_os_str()])
        .args(["--cache".as_ref(), cache(&component)?.join("workbench").as_os_str()])
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
