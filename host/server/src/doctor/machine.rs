//! The kernel, its limits, the clock, the time zones.

use super::Check;
use crate::settings::Settings;
use yunlong_runtime::Machine;

/// Files that are open beside connections: the store's, the cache's, the listeners'.
const BESIDE_CONNECTIONS: u64 = 256;

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    vec![pool(settings), overcommit(), files(settings), clock(), zone()]
}

fn pool(settings: &Settings) -> Check {
    let machine = Machine::probe(&settings.runtime("".into(), [0; 32]));
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    match machine {
        Machine { pool: Some(why), .. } => Check::advice(
            "sandboxes",
            format!("no pool of {} instances can be reserved: {why}", settings.runtime.instances),
            "allow more address space (ulimit -v unlimited, no LimitAS, vm.max_map_count of 262144 or more) or lower runtime.instances: without a pool a request costs several times as much",
        ),
        Machine { pagemap_scan: false, .. } => Check::advice(
            "sandboxes",
            format!("Linux {kernel} has no PAGEMAP_SCAN"),
            "use Linux 6.7 or newer: a request then costs about half",
        ),
        Machine { .. } => Check::ok("sandboxes", format!("Linux {kernel} with PAGEMAP_SCAN, and room for the pools")),
    }
}

/// 2 counts every reservation as if it were used.
fn overcommit() -> Check {
    match std::fs::read_to_string("/proc/sys/vm/overcommit_memory").as_deref().map(str::trim) {
        Ok("2") => Check::advice(
            "overcommit",
            "vm.overcommit_memory is 2, which counts address space as memory",
            "set it to 0 or 1: the pools reserve terabytes and use what guests touch",
        ),
        Ok(other) => Check::ok("overcommit", format!("vm.overcommit_memory is {other}")),
        Err(e) => Check::advice("overcommit", format!("it cannot be read: {e}"), "look at vm.overcommit_memory"),
    }
}

fn files(settings: &Settings) -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = settings.limits.connections as u64 + BESIDE_CONNECTIONS;
    match limit.current {
        Some(soft) if soft < wanted => Check::advice(
            "open files",
            format!("{soft} are allowed, {} connections may come", settings.limits.connections),
            format!("raise it (LimitNOFILE={wanted} in the unit, ulimit -n {wanted}) or lower limits.connections"),
        ),
        Some(soft) => Check::ok("open files", format!("{soft} are allowed")),
        None => Check::ok("open files", "no limit"),
    }
}

/// Sign-on codes, signed tickets and payment callbacks count on the time.
fn clock() -> Check {
    // SAFETY: zero is a valid value of every field, and with `modes` 0 the kernel only fills it in.
    let (state, offset) = unsafe {
        let mut t: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut t), t.esterror)
    };
    let next = "run chrony or systemd-timesyncd: codes, tickets and payment callbacks count on the time";
    match state {
        libc::TIME_ERROR => Check::advice("clock", "the kernel says that the clock is not synchronised", next),
        s if s < 0 => Check::advice("clock", "the kernel does not say whether it is synchronised", next),
        _ => Check::ok("clock", format!("synchronised, with an error of {} ms at most", offset / 1_000)),
    }
}

/// Nothing of the machine is needed for it: China has kept UTC+8 without summer time since 1992.
fn zone() -> Check {
    let here = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
    let here = here.strftime("%F %R");
    Check::ok("time zone", format!("pages and jobs go by Asia/Shanghai wherever the machine is: it is {here} there"))
}
