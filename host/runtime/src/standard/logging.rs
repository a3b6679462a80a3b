//! `wasi:logging`: lines in the installation's log, within the bounds of what a guest prints.

use crate::interceptor::Interface;
use crate::log::Stream;
use crate::state::State;
use bindings::wasi::logging::logging::{self as wit, Level};
use wasmtime::component::{HasSelf, Linker};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        inline: "package yunlong:logging; world host { import wasi:logging/logging@0.1.0-draft; }",
        world: "yunlong:logging/host",
        path: ["../../wit/deps/logging"],
        imports: { default: trappable },
    });
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wit::add_to_linker::<_, HasSelf<State>>(linker, |s| s)
}

/// Characters of a context that are kept: it stands at the head of each line.
const MAX_CONTEXT: usize = 100;

impl wit::Host for State {
    fn log(&mut self, level: Level, context: String, message: String) -> wasmtime::Result<()> {
        self.interceptor.call(Interface::Logging, "log")?;
        let (stream, name) = match level {
            Level::Trace => (Stream::Out, "trace"),
            Level::Debug => (Stream::Out, "debug"),
            Level::Info => (Stream::Out, "info"),
            Level::Warn => (Stream::Err, "warn"),
            Level::Error => (Stream::Err, "error"),
            Level::Critical => (Stream::Err, "critical"),
        };
        let context: String = context.chars().take(MAX_CONTEXT).collect();
        let head = if context.is_empty() { format!("[{name}] ") } else { format!("[{name}] {context}: ") };
        self.interceptor.log.message(stream, &head, &message);
        Ok(())
    }
}
