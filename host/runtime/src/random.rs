//! Random numbers: from the thread's generator, which the operating system seeds. Each call passes
//! the interceptor once, however many bytes it asks for.

use crate::interceptor::Interface;
use crate::journal::{Data, Turn, answered};
use crate::state::State;
use rand::Rng as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

/// The most random bytes of one call.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Replaces what `wasmtime-wasi` links. The caller allows shadowing.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    random::add_to_linker::<_, Source<'static>>(linker, |s| Source(s))?;
    insecure::add_to_linker::<_, Source<'static>>(linker, |s| Source(s))?;
    insecure_seed::add_to_linker::<_, Source<'static>>(linker, |s| Source(s))
}

struct Source<'a>(&'a State);

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
        let interceptor = &self.0.interceptor;
        let turn = interceptor.turn(Interface::Random, function, || args)?;
        if let Turn::Play(answer) = turn {
            return answered(answer);
        }
        let drawn = interceptor.call(Interface::Random, function).map_err(Into::into).and_then(|()| draw());
        interceptor.took(&turn, drawn.as_ref().map_err(|e| e as &dyn std::fmt::Display));
        drawn
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
        self.drawn("insecure-seed", json!([]), || Ok((rand::rng().next_u64(), rand::rng().next_u64())))
    }
}
