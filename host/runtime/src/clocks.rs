//! The clock of WASI 0.3 that counts from the start of the invocation, and waits: a guest that waits passes the
//! interceptor, as one of 0.2 does. The clock of the day asks the context (see [`crate::wasi`]).

use crate::interceptor::{Interceptor, Interface};
use crate::state::State;
use std::time::Duration;
use wasmtime::component::{Accessor, HasData, Linker};
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock;

/// Replaces what `wasmtime-wasi` links. The caller allows shadowing.
pub(crate) fn add_to_linker_03(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    monotonic_clock::add_to_linker::<_, Clock<'static>>(linker, |s| Clock(&s.interceptor))
}

struct Clock<'a>(&'a Interceptor);

impl HasData for Clock<'static> {
    type Data<'a> = Clock<'a>;
}

impl Clock<'_> {
    /// Passes the interceptor; nanoseconds since the start.
    fn read(&self, function: &'static str) -> wasmtime::Result<u64> {
        self.0.call(Interface::Clocks, function)?;
        Ok(u64::try_from(self.0.age().as_nanos()).unwrap_or(u64::MAX))
    }
}

impl monotonic_clock::Host for Clock<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.read("monotonic-clock.now")
    }

    fn get_resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(crate::wasi::RESOLUTION)
    }
}

impl<T> monotonic_clock::HostWithStore<T> for Clock<'static> {
    async fn wait_until(store: &Accessor<T, Self>, when: u64) -> wasmtime::Result<()> {
        let now = store.with(|mut access| access.get().read("monotonic-clock.wait-until"))?;
        tokio::time::sleep(Duration::from_nanos(when.saturating_sub(now))).await;
        Ok(())
    }

    async fn wait_for(store: &Accessor<T, Self>, how_long: u64) -> wasmtime::Result<()> {
        store.with(|mut access| access.get().read("monotonic-clock.wait-for"))?;
        tokio::time::sleep(Duration::from_nanos(how_long)).await;
        Ok(())
    }
}
