//! The project's own commands. `cargo xtask help` lists them.

mod bench;
mod bench_hub;
mod book;
mod demo;
mod foreign;
mod fuzz;
mod guests;
mod python;
mod reload;
#[cfg(test)]
mod security;
mod setup;
mod soak;
mod test;
mod typescript;
mod upstream;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows, tests and measures Yunlong")]
struct Args {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and serve the demo city; ends its start with `ready http://localhost:PORT`
    Demo(demo::Options),
    /// Set up what is missing and run every test
    Test(test::Options),
    /// Write the book's reference pages from their sources and build it
    Book,
    /// Build and package the apps, the examples, the hostile test apps and programs of others
    Guests,
    /// Measure requests a second and CPU a request, side by side with native axum
    Bench(bench::Options),
    /// Load people into the hub, SQLite and PostgreSQL, and measure load, size, reads and queries
    BenchHub(bench_hub::Options),
    /// Send the departments' apps what their OpenAPI documents allow and forbid, about two minutes for each
    Fuzz(fuzz::Options),
    /// Measure the time from saving a source file to the page that shows it under `yunlong dev`, in each language
    Reload(reload::Options),
    /// Mixed load with random kills for a long time, invariants checked between the rounds
    Soak(soak::Options),
}

fn main() -> Result<()> {
    match Args::parse().command {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Book => {
            let index = book::build()?;
            println!("{}", index.display());
            Ok(())
        }
        Task::Guests => {
            setup::wasm_target()?;
            let host = guests::build_host("dev")?;
            guests::build_and_package(&host, &[guests::Set::Apps, guests::Set::Hostile, guests::Set::Scripted])?;
            foreign::build_and_package(&host)
        }
        Task::Bench(options) => bench::run(&options),
        Task::BenchHub(options) => bench_hub::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Reload(options) => reload::run(&options),
        Task::Soak(options) => soak::run(&options),
    }
}

/// The checkout's root. Asked of the cargo that runs this, not of the one that compiled it: two
/// checkouts may share a target folder, and this binary in it.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    // xtask/ is one level below it.
    here.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target folder, as cargo itself sees it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let out = Command::new(cargo())
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .context("cannot run `cargo metadata`")?;
    let json: serde_json::Value = serde_json::from_slice(&out.stdout)
        .with_context(|| format!("`cargo metadata` gave no JSON: {}", String::from_utf8_lossy(&out.stderr)))?;
    Ok(PathBuf::from(json["target_directory"].as_str().context("`cargo metadata` names no target folder")?))
}

/// The cargo that started this program.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Prints a step with the minutes and seconds since the first one, so that long work is never silent and its
/// log says what takes long.
pub(crate) fn step(text: &str) {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let seconds = BEGUN.elapsed().as_secs();
    eprintln!("\x1b[1m▸ {:02}:{:02} {text}\x1b[0m", seconds / 60, seconds % 60);
}

/// Runs a command with its output shown, and fails with its name when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// A cargo command in the checkout.
pub(crate) fn cargo_command(args: &[&str]) -> Command {
    let mut c = Command::new(cargo());
    c.args(args).current_dir(root());
    // What cargo tells this program about itself makes build scripts that look at it (ring's) run
    // again, and whatever stands on them: a build by `cargo xtask` and one by `cargo` would undo each
    // other.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_")) {
            c.env_remove(name);
        }
    }
    c
}
