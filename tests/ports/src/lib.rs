//! Ports for the servers that tests and benchmarks start.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below 32768, where Linux begins to take ports for outgoing connections, and above the well-known ones.
///
/// A port that the system chooses (`bind` to port 0) is of those for outgoing connections: between its choice
/// and the start of the server, or while the server is down, any connection of another test may be given it.
const PORTS: Range<u16> = 10_240..32_768;

/// How many ports in a row a process has to itself.
const BLOCK: u32 = 8;

/// A port that nobody listens on, another one at each call.
///
/// Tests run as processes beside one another. Each begins at a place of its own, which its process id says,
/// so that two of them do not choose the same port between this look and the start of the server.
///
/// # Errors
/// When every port is taken.
pub fn free_port() -> io::Result<u16> {
    static CHOSEN: AtomicU32 = AtomicU32::new(0);
    for _ in PORTS {
        let nth = CHOSEN.fetch_add(1, Ordering::Relaxed);
        let port = candidate(std::process::id(), nth);
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("every port of {PORTS:?} is taken")))
}

/// The `nth` port that the process `process` tries.
fn candidate(process: u32, nth: u32) -> u16 {
    let many = u32::from(PORTS.end - PORTS.start);
    let at = (process % many * BLOCK).wrapping_add(nth) % many;
    // `at` is below the number of ports, which a u16 holds.
    PORTS.start + u16::try_from(at).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test's failure is a panic.
mod tests {
    use super::*;

    #[test]
    fn processes_beside_one_another_try_other_ports() {
        let of = |process| (0..BLOCK).map(move |nth| candidate(process, nth));
        for process in [1, 2_815, 2_816, 4_194_303, u32::MAX - 1] {
            assert!(of(process).all(|port| PORTS.contains(&port)));
            assert!(of(process).all(|port| !of(process + 1).any(|other| other == port)), "{process}");
        }
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_passed_over() {
        let ports: Vec<u16> = (0..4).map(|_| free_port().unwrap()).collect();
        assert!(ports.windows(2).all(|pair| pair[0] != pair[1]), "{ports:?}");
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[3] + 1));
        let next = free_port().unwrap();
        assert!(taken.is_err() || next != ports[3] + 1, "{next} is taken");
    }
}
