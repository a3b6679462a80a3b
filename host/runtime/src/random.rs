//! Random numbers: from the thread's generator, which the operating system seeds. Each call passes
//! the interceptor once, however many bytes it asks for.

use crate::interceptor::{Interceptor, Interface};
use crate::journal::{Data, Turn, answered};
use crate::state::State;
use rand::Rng as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p3::bindings::random as random_03;

/// The most random bytes of one call.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Replaces what `wasmtime-wasi` links. The caller allows shadowing.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    random::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))?;
    insecure::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))?;
    insecure_seed::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))
}

/// The same for WASI 0.3, whose own would pass the interceptor once for each byte, and not at all for the seed.
pub(crate) fn add_to_linker_03(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    random_03::random::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))?;
    random_03::insecure::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))?;
    random_03::insecure_seed::add_to_linker::<_, Source<'static>>(linker, |s| Source(&s.interceptor))
}

struct Source<'a>(&'a Interceptor);

impl HasData for Source<'static> {
    type Data<'a> = Source<'a>;
}

impl Source<'_> {
    fn bytes(&self, function: &'static str, len: u64) -> wasmtime::Result<Vec<u8>> {
        let drawn: Data = self.drawn(function, json!([len]), || {
            let wanted = usize::try_from(len).ok().filter(|n| *n <= MAX_BYTES);
            let Some(wanted) = wanted else {
                wasmtime::bail!("{len} random bytes in one call: at most {MAX_BYTES} are possible");
            };
            let mut bytes = vec![0; wanted];
            rand::rng().fill_bytes(&mut bytes);
            Ok(Data(bytes))
        })?;
        Ok(drawn.0)
    }

    /// At most as many bytes: WASI 0.3 lets the host give fewer than it is asked for.
    fn some_bytes(&self, function: &'static str, most: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes(function, most.min(MAX_BYTES as u64))
    }

    fn number(&self, function: &'static str) -> wasmtime::Result<u64> {
        self.drawn(function, json!([]), || Ok(rand::rng().next_u64()))
    }

    /// Passes the interceptor and the journal.
    fn drawn<T: Serialize + DeserializeOwned>(
        &self,
        function: &'static str,
        args: Value,
        draw: impl FnOnce() -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let interceptor = self.0;
        let turn = interceptor.turn(Interface::Random, function, || args)?;
        if let Turn::Play(answer) = turn {
            return answered(answer);
        }
        let drawn = interceptor.call(Interface::Random, function).map_err(Into::into).and_then(|()| draw());
        interceptor.took(&turn, drawn.as_ref().map_err(|e| e as &dyn std::fmt::Display));
        drawn
    }

    fn seed(&self) -> wasmtime::Result<(u64, u64)> {
        self.drawn("insecure-seed", json!([]), || Ok((rand::rng().next_u64(), rand::rng().next_u64())))
    }
}

impl random::Host for Source<'_> {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes("get-random-bytes", len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number("get-random-u64")
    }
}

/// Not worse than the others: nobody could tell apart what a guest uses them for.
impl insecure::Host for Source<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes("get-insecure-random-bytes", len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number("get-insecure-random-u64")
    }
}

impl insecure_seed::Host for Source<'_> {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.seed()
    }
}

impl random_03::random::Host for Source<'_> {
    fn get_random_bytes(&mut self, most: u64) -> wasmtime::Result<Vec<u8>> {
        self.some_bytes("get-random-bytes", most)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number("get-random-u64")
    }
}

impl random_03::insecure::Host for Source<'_> {
    fn get_insecure_random_bytes(&mut self, most: u64) -> wasmtime::Result<Vec<u8>> {
        self.some_bytes("get-insecure-random-bytes", most)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number("get-insecure-random-u64")
    }
}

impl random_03::insecure_seed::Host for Source<'_> {
    fn get_insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.seed()
    }
}
