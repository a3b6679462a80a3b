//! The build: a child process of this very program, so that what `yunlong build` says of toolchains holds here too.

use super::error::DevError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

/// Lines of the compiler that are kept for the bar: the first errors scroll away last.
const KEPT: usize = 200;
/// The longest line that is kept, in bytes.
const LONGEST: usize = 2_000;

/// The build and all that it started. It ends with this value: a build that was overtaken must not write behind the
/// next one.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended by itself.
            _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Builds an app. What the build says goes to the terminal as it comes.
pub(super) async fn build(dir: &Path) -> Result<(), DevError> {
    let program = std::env::current_exe().map_err(DevError::NoBuilder)?;
    let mut command = Command::new(program);
    command.arg("build").arg(dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(DevError::NoBuilder)?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut group = Group(pid);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(shown(out), shown(err));
    let status = child.wait().await.map_err(DevError::NoBuilder)?;
    group.0 = None;
    if status.success() { Ok(()) } else { Err(DevError::Build([err, out].join("\n").trim().to_owned())) }
}

/// Shows lines and keeps the last of them.
async fn shown(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(stream) = stream else { return String::new() };
    let mut lines = BufReader::new(stream).split(b'\n');
    let mut kept = VecDeque::new();
    while let Ok(Some(line)) = lines.next_segment().await {
        let text = String::from_utf8_lossy(&line);
        eprintln!("{text}");
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(plain(&text));
    }
    Vec::from(kept).join("\n")
}

/// Without the colours of a terminal and other control characters.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            // ECMA-48: a control sequence ends with a letter.
            '\u{1b}' => drop(chars.by_ref().find(char::is_ascii_alphabetic)),
            c if out.len() < LONGEST && (c == '\t' || !c.is_control()) => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bar_shows_no_colours_of_a_terminal() {
        assert_eq!(super::plain("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: no\r"), "error: no");
    }
}
