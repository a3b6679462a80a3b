//! `cargo xtask soak`: the long run with kills, which does not belong in the tests.

use crate::guests::{self, Set};
use crate::{setup, step};
use anyhow::Result;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Citizens at work at once
    #[arg(long, default_value_t = 16)]
    buyers: usize,
    /// Repeats the choices of an earlier run
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    let host = guests::build_host("dev")?;
    guests::build_and_package(&host, &[Set::Apps])?;
    guests::build_binaries("dev", &["soak"])?;
    let mut soak = Command::new(guests::binary("dev", "soak")?);
    soak.args(["--minutes", &options.minutes.to_string(), "--buyers", &options.buyers.to_string()]);
    if let Some(seed) = options.seed {
        soak.args(["--seed", &seed.to_string()]);
    }
    step("Soaking");
    crate::run(soak.env("YUNLONG_BIN", &host).env("YUNLONG_PACKAGES", guests::packages_dir()?))
}
