//! `cargo xtask test`: sets up what is missing and runs every test.

use crate::guests::{self, Set};
use crate::{cargo_command, root, setup, step, target_dir};
use anyhow::Result;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the browser tests
    #[arg(long)]
    no_browser: bool,
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

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    let host = guests::build_host("dev")?;
    guests::build_and_package(&host, &[Set::Apps, Set::Hostile])?;
    if options.browser_only {
        return run_browser(&host);
    }
    step("Formatting");
    crate::run(&mut cargo_command(&["fmt", "--all", "--check"]))?;
    step("Unit, property, crash and end-to-end tests");
    // nextest runs each test in a process of its own and shows slow ones; plain cargo does too,
    // one binary after the other.
    let mut tests = if setup::has("cargo-nextest") {
        cargo_command(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo_command(&["test", "--workspace", "--no-fail-fast"])
    };
    crate::run(tests.env("YUNLONG_BIN", &host).env("YUNLONG_PACKAGES", guests::packages_dir()?))?;
    if !options.no_browser {
        run_browser(&host)?;
    }
    step("All tests passed");
    Ok(())
}
