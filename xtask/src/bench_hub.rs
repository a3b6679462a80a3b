//! `cargo xtask bench-hub`: people loaded into the hub, and into SQLite and PostgreSQL with the same rows,
//! indexes, reads and queries; printed as a table for docs/performance.md.

use crate::{cargo, root, step, target_dir};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// People to load
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    /// A PostgreSQL to compare with, such as `host=/tmp user=postgres dbname=bench`; its table `person` is
    /// made anew. Without it that row is left out
    #[arg(long)]
    postgres: Option<String>,
}

/// Builds something in the release profile and runs it.
fn figures(build: &[&str], binary: &str, arguments: &[&str]) -> Result<Value> {
    let mut command = Command::new(cargo());
    command.args(["build", "--release"]).args(build).current_dir(root());
    crate::run(&mut command)?;
    let program = target_dir()?.join("release").join(binary);
    let out = Command::new(&program).args(arguments).output().with_context(|| format!("{}", program.display()))?;
    if !out.status.success() {
        bail!("{}: {}", program.display(), String::from_utf8_lossy(&out.stderr));
    }
    let said = String::from_utf8_lossy(&out.stdout);
    let line = said.lines().last().with_context(|| format!("{} printed nothing", program.display()))?;
    serde_json::from_str(line).with_context(|| format!("not the figures: {line}"))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let people = options.people.to_string();
    // On the disk of the target folder, since a temporary folder can lie in memory.
    let folder = target_dir()?.join("bench-hub");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    step("the hub");
    let mut rows = vec![figures(&["--workspace", "--example", "load"], "examples/load", &[&people, &place("hub")])?];
    // By itself: with the workspace it would change the features that everything else is built with.
    let comparison = ["--manifest-path", "tests/comparison/Cargo.toml", "--features", "engines"];
    step("SQLite");
    rows.push(figures(&comparison, "hub-load", &["sqlite", &people, &place("sqlite")])?);
    if let Some(connection) = &options.postgres {
        step("PostgreSQL");
        rows.push(figures(&comparison, "hub-load", &["postgres", &people, connection])?);
    }
    std::fs::remove_dir_all(&folder)?;
    println!("{people} people of `population.person`, batches of 2,000, one client; 5 s a kind of read.\n");
    println!("| engine | load | rows a second | bytes a row | reads by key a second | queries of 20 a second |");
    println!("|---|---|---|---|---|---|");
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap_or_default();
        println!(
            "| {} | {:.0} s | {:.0} | {:.0} | {:.0} | {:.0} |",
            row["engine"].as_str().unwrap_or_default(),
            number("load_seconds"),
            number("rows_per_second"),
            number("bytes_per_row"),
            number("gets_per_second"),
            number("queries_per_second"),
        );
    }
    Ok(())
}
