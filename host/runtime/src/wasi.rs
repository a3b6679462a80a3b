//! Standard WASI: it always links, and denies at the call. Nothing is preopened, no address can
//! be reached, environment and arguments are empty. Clocks are real, and pass the interceptor
//! like every other call.

use crate::interceptor::{Interceptor, Interface};
use crate::log::{LogStream, Stream};
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};
use yunlong_model::Clock;

/// A context for one invocation.
pub(crate) fn context(interceptor: &Arc<Interceptor>, clock: Arc<dyn Clock>) -> WasiCtx {
    let mut b = WasiCtx::builder();
    b.wall_clock(Wall { interceptor: interceptor.clone(), clock })
        .monotonic_clock(Monotonic(interceptor.clone()))
        .stdout(LogStream(interceptor.clone(), Stream::Out))
        .stderr(LogStream(interceptor.clone(), Stream::Err))
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
struct Monotonic(Arc<Interceptor>);

/// Nanoseconds that the clock which counts can tell apart.
pub(crate) const RESOLUTION: u64 = 1_000;

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        RESOLUTION
    }

    fn now(&self) -> u64 {
        let elapsed = || u64::try_from(self.0.age().as_nanos()).unwrap_or(u64::MAX);
        self.0.plain(Interface::Clocks, "monotonic-clock.now", elapsed)
    }
}
