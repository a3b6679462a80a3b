//! Standard interfaces in the drafts that programs in the field are built with: one thin module for
//! each, which converts, checks the grant through the interceptor and calls the service. They always
//! link, and deny at the call.
//!
//! A draft has no compatible others: the linker knows each by its exact version, so every draft that
//! is served has bindings of its own, over the same few functions.

mod config;
mod keyvalue;
mod logging;

use crate::state::State;
use wasmtime::component::{Component, Linker};

/// Adds all drafts to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    keyvalue::add_to_linker(linker)?;
    config::add_to_linker(linker)?;
    logging::add_to_linker(linker)
}

/// The linker that a component needs instead of the given one, if it does: one version of a draft was
/// published with two shapes of a function.
pub(crate) fn suited(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Option<Linker<State>>> {
    keyvalue::suited(linker, component)
}
