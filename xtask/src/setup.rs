//! What a fresh machine lacks: installed where that is possible, otherwise named with the command
//! that installs it.

use crate::{cargo, root, run, step, target_dir};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Adds the guests' target. `rust-toolchain.toml` names it, but rustup installs nothing by itself
/// where RUSTUP_AUTO_INSTALL is 0.
pub(crate) fn wasm_target() -> Result<()> {
    let listed = Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root()).output();
    if let Ok(out) = listed
        && String::from_utf8_lossy(&out.stdout).lines().any(|l| l.trim() == "wasm32-wasip2")
    {
        return Ok(());
    }
    step("Adding the target wasm32-wasip2");
    run(Command::new("rustup").args(["target", "add", "wasm32-wasip2"]).current_dir(root()))
}

/// Whether a program is on the PATH.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Installs Debian packages when this is Debian and root; otherwise says what to do.
fn debian(packages: &[&str], why: &str) -> Result<()> {
    let hint = format!(
        "{why}: install it with `sudo apt-get install -y {}` (or your system's equivalent) and run again",
        packages.join(" ")
    );
    let root_user = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    if !has("apt-get") || !root_user {
        bail!(hint);
    }
    step(&format!("Installing {}", packages.join(" ")));
    // The lists of a fresh image are empty or old; a failure to update shows in the install.
    let _ = Command::new("apt-get").args(["update", "-q"]).stdout(Stdio::null()).status();
    let installed = Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    if installed { Ok(()) } else { bail!(hint) }
}

/// A Chromium for the browser tests. `CHROMIUM` names another one.
pub(crate) fn chromium() -> Result<PathBuf> {
    let find = || {
        std::env::var_os("CHROMIUM").map(PathBuf::from).into_iter().chain(
            [
                "/usr/bin/chromium",
                "/usr/bin/chromium-browser",
                "/usr/bin/google-chrome",
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            ]
            .map(PathBuf::from),
        )
    };
    if let Some(found) = find().find(|p| p.exists()) {
        return Ok(found);
    }
    debian(&["chromium", "fonts-noto-cjk"], "the browser tests need Chromium")?;
    match find().find(|p| p.exists()) {
        Some(found) => Ok(found),
        None => bail!("Chromium is installed but not found: set CHROMIUM to its path"),
    }
}

/// wrk, the load generator of the benchmark and of the tests of upgrades.
pub(crate) fn wrk() -> Result<()> {
    if has("wrk") { Ok(()) } else { debian(&["wrk"], "measurements and tests under load need wrk") }
}

/// libfaketime, for the tests in which days pass.
pub(crate) fn faketime() -> Result<()> {
    if has("faketime") { Ok(()) } else { debian(&["faketime"], "tests in which days pass need libfaketime") }
}

/// Python 3.11 or newer with its environments, for the apps in Python.
pub(crate) fn python() -> Result<()> {
    let fits = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    let found = || Command::new("python3").args(["-c", fits]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if found() {
        return Ok(());
    }
    debian(&["python3", "python3-venv"], "apps in Python need Python 3.11 or newer with venv")?;
    if found() { Ok(()) } else { bail!("apps in Python need Python 3.11 or newer: python3 is older") }
}

/// A tool that is a crate, with the version that we speak of in tests.
struct Tool {
    name: &'static str,
    version: &'static str,
    /// What `cargo install` is told besides.
    options: &'static [&'static str],
    /// What needs it.
    purpose: &'static str,
}

/// wkg, the wasm packages' own client, for the tests of the registry.
pub(crate) fn wkg() -> Result<PathBuf> {
    tool(&Tool { name: "wkg", version: "0.16.1", options: &[], purpose: "the registry's tests" })
}

/// mdBook, without its web server and its watching of files.
pub(crate) fn mdbook() -> Result<PathBuf> {
    tool(&Tool {
        name: "mdbook",
        version: "0.5.4",
        options: &["--no-default-features", "--features", "search"],
        purpose: "the book",
    })
}

/// Where a tool is: installed once, beside the build's output, where the tests look for it. Nothing of the user's
/// own tools is touched.
fn tool(tool: &Tool) -> Result<PathBuf> {
    let Tool { name, version, options, purpose } = tool;
    let tools = target_dir()?.join("tools");
    let program = tools.join("bin").join(name);
    let found = Command::new(&program).arg("--version").output();
    if found.is_ok_and(|o| o.status.success() && String::from_utf8_lossy(&o.stdout).trim().ends_with(version)) {
        return Ok(program);
    }
    step(&format!("Installing {name} {version} for {purpose} (once; it takes some minutes)"));
    let build = tools.join("build");
    let mut install = Command::new(cargo());
    // Run a few times and thrown away: a build without optimisation is ready sooner. Away from the checkout, whose
    // own settings are not the tool's.
    install.args(["install", name, "--version", version, "--locked", "--debug", "--force", "--quiet"]).args(*options);
    install.arg("--root").arg(&tools).arg("--target-dir").arg(&build).current_dir(std::env::temp_dir());
    run(&mut install).with_context(|| {
        let by_hand = format!(
            "cargo install {name} --version {version} --locked {} --root {}",
            options.join(" "),
            tools.display()
        );
        format!("{name} could not be installed: the first time it needs the package registry. By hand: `{by_hand}`")
    })?;
    // A gigabyte that nobody needs again.
    std::fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(program)
}

/// The npm packages of a folder, exactly as its lock file says.
pub(crate) fn npm_ci(dir: &Path) -> Result<()> {
    if !has("npm") {
        bail!(
            "what is written in JavaScript and TypeScript needs Node 20 or newer with npm: install it from your system's packages and run again"
        );
    }
    let lock = std::fs::read(dir.join("package-lock.json"))?;
    let stamp = dir.join("node_modules/.yunlong-lock");
    if std::fs::read(&stamp).is_ok_and(|s| s == lock) {
        return Ok(());
    }
    step(&format!("Installing the npm packages of {}", dir.strip_prefix(root()).unwrap_or(dir).display()));
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir))?;
    std::fs::write(stamp, lock)?;
    Ok(())
}

/// componentize-py, as `requirements` pins it: installed once, beside the build's output.
pub(crate) fn componentize_py(requirements: &Path) -> Result<PathBuf> {
    let venv = target_dir()?.join("tools/componentize-py");
    let (tool, stamp) = (venv.join("bin/componentize-py"), venv.join("requirements.txt"));
    let wanted = std::fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    if tool.exists() && std::fs::read(&stamp).is_ok_and(|s| s == wanted) {
        return Ok(tool);
    }
    step("Installing componentize-py");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status().is_ok_and(|s| s.success());
    if !made {
        debian(&["python3", "python3-venv"], "the tests' Python app needs Python 3.10 or newer with venv")?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    run(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(requirements))
        .context("componentize-py could not be installed: the first time it needs the package registry")?;
    std::fs::write(stamp, wanted)?;
    Ok(tool)
}
