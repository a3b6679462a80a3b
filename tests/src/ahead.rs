//! A city whose clock is ahead, or stands still: what happens after days in which nobody acts, and in one millisecond. The server is an ordinary one; libfaketime
//! stands between it and the system's clock, as it would for any other program.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where Debian, Fedora and Arch have the library.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

fn library() -> Result<PathBuf> {
    LIBRARIES.iter().map(Path::new).find(|p| p.exists()).map(Path::to_owned).context(
        "tests in which days pass need libfaketime: install it with `sudo apt-get install -y faketime` (or your system's equivalent)",
    )
}

/// What a city's clock shows.
#[derive(Clone, Copy)]
pub(crate) enum CityClock {
    /// So far ahead of the machine's.
    Ahead(Duration),
    /// This second since 1970, and no other.
    Still(u64),
}

/// Has a program see this time of day. How long things take, and when files were written, it sees as it is.
pub(crate) fn set(program: &mut Command, clock: CityClock) -> Result<()> {
    let time = match clock {
        CityClock::Ahead(Duration::ZERO) => return Ok(()),
        CityClock::Ahead(ahead) => format!("+{}", ahead.as_secs()),
        CityClock::Still(second) => second.to_string(),
    };
    program
        .env("LD_PRELOAD", library()?)
        .env("FAKETIME", time)
        .env("FAKETIME_FMT", "%s")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
    Ok(())
}
