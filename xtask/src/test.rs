//! `cargo xtask test`: sets up what is missing and runs every test.

use crate::guests::{self, Set};
use crate::python::Python;
use crate::{cargo_command, root, setup, step, target_dir, typescript};
use anyhow::{Result, bail};
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out formatting and lints
    #[arg(long)]
    no_lints: bool,
    /// Leave out the browser tests
    #[arg(long)]
    no_browser: bool,
    /// Play the apps with a fault at each host call, not at some where there are hundreds: minutes more
    #[arg(long)]
    all_faults: bool,
    /// Only the browser tests
    #[arg(long, conflicts_with = "no_browser")]
    browser_only: bool,
}

pub(crate) fn run_browser(host: &std::path::Path) -> Result<()> {
    let chromium = setup::chromium()?;
    let dir = root().join("tests/browser");
    setup::npm_ci(&dir)?;
    step("Browser tests in headless Chromium");
    crate::run(
        Command::new("npm")
            .args(["test", "--silent"])
            .current_dir(&dir)
            .env("CHROMIUM", chromium)
            .env("YUNLONG_BIN", host)
            .env("YUNLONG_PACKAGES", guests::packages_dir()?)
            .env("YUNLONG_SCRATCH", target_dir()?.join("browser")),
    )
}

/// nextest runs each test in a process of its own and shows slow ones; plain cargo runs one binary
/// after the other.
fn runner(nextest: bool) -> Vec<&'static str> {
    if nextest { vec!["nextest", "run", "--workspace"] } else { vec!["test", "--workspace"] }
}

fn lints() -> Result<()> {
    step("Formatting");
    crate::run(&mut cargo_command(&["fmt", "--all", "--check"]))?;
    step("Lints");
    crate::run(&mut cargo_command(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]))
}

/// Installs what comes over the network: while the processor compiles.
fn fetch() -> Result<()> {
    typescript::install_all()?;
    setup::npm_ci(&root().join("tests/foreign/hono"))?;
    setup::npm_ci(&root().join("tests/browser"))?;
    Python::set_up()?;
    setup::wkg()?;
    setup::mdbook()?;
    Ok(())
}

/// Formatting, lints, and the host with all tests.
fn compile(options: &Options, nextest: bool) -> Result<()> {
    if !options.no_lints {
        lints()?;
    }
    step("Building the host and the tests (the first time takes some minutes: it compiles a WebAssembly compiler)");
    // One build with the features of the whole workspace: building the host by itself first would
    // compile wasmtime twice. The server's own tests make cargo build its binary, too.
    crate::run(cargo_command(&runner(nextest)).arg("--no-run"))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    let nextest = setup::has("cargo-nextest");
    // Both wait for the network or for one processor half of their time.
    std::thread::scope(|threads| {
        let fetched = threads.spawn(fetch);
        compile(options, nextest)?;
        fetched.join().unwrap_or_else(|_| bail!("what the tests need could not be installed"))
    })?;
    let host = guests::binary("dev", "yunlong")?;
    guests::build_and_package(&host, &[Set::Apps, Set::Hostile, Set::Scripted])?;
    if options.browser_only {
        return run_browser(&host);
    }
    // What the cities of former runs shared is of no use any more.
    let _ = std::fs::remove_dir_all(target_dir()?.join("cities"));
    Python::set_up()?.test()?;
    crate::foreign::build_and_package(&host)?;
    setup::wrk()?;
    setup::faketime()?;
    step("Unit, property, crash and end-to-end tests");
    let mut tests = cargo_command(&runner(nextest));
    tests.arg("--no-fail-fast").env("YUNLONG_BIN", &host).env("YUNLONG_PACKAGES", guests::packages_dir()?);
    if options.all_faults {
        tests.env("YUNLONG_ALL_FAULTS", "1");
    }
    crate::run(&mut tests)?;
    if nextest {
        step("The examples in the documentation");
        crate::run(&mut cargo_command(&["test", "--workspace", "--doc"]))?;
    }
    crate::book::render()?;
    typescript::check_and_test()?;
    if !options.no_browser {
        run_browser(&host)?;
    }
    step("All tests passed");
    Ok(())
}
