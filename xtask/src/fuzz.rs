//! Schemathesis: pinned with the hashes of what it needs, installed into an environment in the target folder, and run
//! against the departments' apps.

use crate::{guests, root, setup, step, target_dir};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The apps, by name; all four departments' when none is named
    apps: Vec<String>,
}

/// Makes the environment, or takes the one that was made of the same requirements; answers the program.
fn set_up() -> Result<PathBuf> {
    let venv = target_dir()?.join("fuzz/venv");
    let requirements = root().join("tests/fuzz/requirements.txt");
    let (wanted, stamp) = (std::fs::read_to_string(&requirements)?, venv.join(".yunlong"));
    let program = venv.join("bin/schemathesis");
    if std::fs::read_to_string(&stamp).is_ok_and(|s| s == wanted) && program.exists() {
        return Ok(program);
    }
    setup::python()?;
    step("Installing what the OpenAPI documents are fuzzed with");
    crate::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut install = Command::new(venv.join("bin/python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--requirement",
    ]);
    crate::run(install.arg(&requirements)).context("the first time this needs the package registry")?;
    std::fs::write(stamp, wanted)?;
    Ok(program)
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    let host = guests::build_host("dev")?;
    guests::build_and_package(&host, &[guests::Set::Apps])?;
    let schemathesis = set_up()?;
    guests::build_binaries("dev", &["fuzz"])?;
    step("Fuzzing the departments' apps by their OpenAPI documents");
    crate::run(
        Command::new(guests::binary("dev", "fuzz")?)
            .args(&options.apps)
            .env("SCHEMATHESIS", schemathesis)
            .env("YUNLONG_BIN", host)
            .env("YUNLONG_PACKAGES", guests::packages_dir()?),
    )
}
