//! `cargo xtask book`: the book in `docs/`, its reference pages written anew.

use crate::{guests, root, run, setup, step, target_dir};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Writes the reference pages, builds the book, and answers where its first page is.
pub(crate) fn build() -> Result<PathBuf> {
    step("Writing the contract's reference from wit/");
    guests::build_binaries("dev", &["yunlong-book"])?;
    run(&mut Command::new(guests::binary("dev", "yunlong-book")?))?;
    render()
}

/// Builds the book as it stands. The tests ask for this one: what they read must be what is committed.
pub(crate) fn render() -> Result<PathBuf> {
    let mdbook = setup::mdbook()?;
    step("Building the book");
    let out = target_dir()?.join("book");
    let mut build = Command::new(mdbook);
    build.arg("build").arg(root().join("docs")).arg("--dest-dir").arg(&out);
    let said = build.output()?;
    let words = String::from_utf8_lossy(&said.stderr);
    // mdBook warns and goes on where a page is not there or an excerpt is empty.
    if !said.status.success() || words.contains("WARN") || words.contains("ERROR") {
        bail!("mdBook is not content with docs/:\n{words}");
    }
    Ok(out.join("index.html"))
}
