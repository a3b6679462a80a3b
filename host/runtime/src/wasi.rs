//! Standard WASI: it always links, and denies at the call. Nothing is preopened, no address can
//! be reached, environment and arguments are empty. Clocks are real, and pass the interceptor
//! like every other call.

use crate::interceptor::{Interceptor, Interface};
use crate::log::{LogStream, Stream};
use rand::Rng as _;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};
use yunlong_model::Clock;

/// A context for one invocation.
pub(crate) fn context(interceptor: &Arc<Interceptor>, clock: Arc<dyn Clock>) -> WasiCtx {
    let mut b = WasiCtx::builder();
    b.wall_clock(Wall { interceptor: interceptor.clone(), clock })
        .monotonic_clock(Monotonic { interceptor: interceptor.clone(), start: std::time::Instant::now() })
        .stdout(LogStream(interceptor.clone(), Stream::Out))
        .stderr(LogStream(interceptor.clone(), Stream::Err))
        // WASI 0.3 asks the context; the interfaces of 0.2 are replaced (see `random`).
        .secure_random(Random(interceptor.clone()))
        .insecure_random(Random(interceptor.clone()))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    b.build()
}

/// The platform's clock, so that tests move guests along with services.
struct Wall {
    interceptor: Arc<Interceptor>,
    clock: Arc<dyn Clock>,
}

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let millis = self.interceptor.plain(Interface::Clocks, "wall-clock.now", || self.clock.now().as_u64());
        Duration::from_millis(millis)
    }
}

/// Counts from the start of the invocation: the age of the machine is nobody's business.
struct Monotonic {
    interceptor: Arc<Interceptor>,
    start: std::time::Instant,
}

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        let elapsed = || u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.interceptor.plain(Interface::Clocks, "monotonic-clock.now", elapsed)
    }
}

/// Random numbers as `crate::random` gives them.
struct Random(Arc<Interceptor>);

impl rand::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let _ = self.0.call(Interface::Random, "random");
        Ok(rand::rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let _ = self.0.call(Interface::Random, "random");
        Ok(rand::rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let _ = self.0.call(Interface::Random, "random");
        rand::rng().fill_bytes(bytes);
        Ok(())
    }
}
