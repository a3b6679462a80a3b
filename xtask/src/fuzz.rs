//! Schemathesis: pinned with the hashes of what it needs, installed into an environment in the target folder, and run
//! against the departments' apps.

use crate::{guests, root, run, setup, step, target_dir};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

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
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
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
    run(install.arg(&requirements)).context("the first time this needs the package registry")?;
    std::fs::write(stamp, wanted)?;
    Ok(program)
}

/// Two minutes for each app at most. The packages are built.
pub(crate) fn departments(host: &Path) -> Result<()> {
    let schemathesis = set_up()?;
    guests::build_binaries("dev", &["fuzz"])?;
    step("Fuzzing the departments' apps by their OpenAPI documents");
    run(Command::new(guests::binary("dev", "fuzz")?)
        .env("SCHEMATHESIS", schemathesis)
        .env("YUNLONG_BIN", host)
        .env("YUNLONG_PACKAGES", guests::packages_dir()?))
}
