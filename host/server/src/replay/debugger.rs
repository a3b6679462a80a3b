//! Waits for a native debugger before the app's code begins.
//!
//! The code is compiled with DWARF and without optimisation, and told to debuggers by the interface that gdb and lldb
//! have for code that is made at run time.

use crate::refusal::{Refusal, both};
use std::path::Path;
use std::time::Duration;
use yunlong_model::Lang;

/// How often it is looked whether a debugger is there.
const LOOK: Duration = Duration::from_millis(100);

/// Where the kernel says who traces this process. Only Linux has it.
const STATUS: &str = "/proc/self/status";

/// Whether it can be seen here that somebody attached.
///
/// # Errors
/// On a system that does not say so: a debugger would be waited for without end.
pub(super) fn possible() -> Result<(), Refusal> {
    watched(Path::new(STATUS))
}

/// Says how to attach, and comes back when somebody has.
pub(super) fn wait(lang: Lang) {
    let pid = std::process::id();
    // Many systems let a process be traced by its parents alone.
    // SAFETY: it takes numbers and changes nothing but who may trace this process.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY);
    }
    eprintln!(
        "{}",
        lang.pick(
            &format!("应用的代码已编译，尚未运行。进程 {pid} 正在等待调试器；在另一个终端运行其中之一："),
            &format!("the app's code is compiled and has not begun. Process {pid} waits for a debugger; in another terminal, one of:")
        )
    );
    eprintln!("  gdb -p {pid} -ex 'set breakpoint pending on' -ex 'break lib.rs:1'");
    eprintln!("  lldb -o 'settings set plugin.jit-loader.gdb.enable on' -p {pid}");
    eprintln!(
        "{}",
        lang.pick(
            "设好断点后输入 continue，应用就会开始运行。",
            "set your breakpoints and `continue`: then the app begins."
        )
    );
    while !is_traced() {
        std::thread::sleep(LOOK);
    }
}

fn watched(status: &Path) -> Result<(), Refusal> {
    if status.is_file() {
        return Ok(());
    }
    Err(Refusal {
        problem: both(
            "这个系统没有 /proc，看不出调试器是否已连接",
            "this system has no /proc, so that it cannot be seen whether a debugger is attached",
        ),
        next: both(
            "请在 Linux（或 Linux 容器）里使用 --debugger；不带它也会写出源代码的行号",
            "use --debugger on Linux, in a container for instance; without it the lines of the source are told as well",
        ),
    })
}

/// Whether a debugger is attached, as the kernel says.
fn is_traced() -> bool {
    let status = std::fs::read_to_string(STATUS).unwrap_or_default();
    tracer(&status).is_some()
}

fn tracer(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
    line.trim().parse().ok().filter(|pid| *pid != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracer_is_a_process_and_not_zero() {
        assert_eq!(tracer("Name:\tx\nTracerPid:\t0\n"), None);
        assert_eq!(tracer("Name:\tx\nTracerPid:\t712\nUid:\t0\n"), Some(712));
        assert_eq!(tracer("Name:\tx\n"), None);
    }

    #[test]
    fn nobody_waits_where_it_cannot_be_seen_who_traces() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = watched(&dir.path().join("status")).unwrap_err();
        assert!(refusal.next.en.contains("Linux") && refusal.next.zh.contains("Linux"));
        std::fs::write(dir.path().join("status"), "").unwrap();
        watched(&dir.path().join("status")).unwrap();
    }
}
