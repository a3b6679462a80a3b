//! The platform's own interfaces, one module each: convert, check the grant through the
//! interceptor, call the service. Nothing is decided here. What the linker is given is the same with a journal
//! around it: see `crate::journal::city`.

pub(crate) mod attributes;
pub(crate) mod base;
pub(crate) mod collections;
pub(crate) mod context;
pub(crate) mod files;
pub(crate) mod intents;
pub(crate) mod principal;
pub(crate) mod publisher;
pub(crate) mod representation;
pub(crate) mod shared;

/// What `bindgen!` makes of `wit/`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package yunlong:host;
            world everything {
                include city:app/imports@1.0.0;
                export city:app/consumer@1.0.0;
                export city:app/jobs@1.0.0;
                export city:app/lifecycle@1.0.0;
                export city:app/migrations@1.0.0;
            }
        ",
        world: "yunlong:host/everything",
        path: [
            "../../wit/deps/io",
            "../../wit/deps/clocks",
            "../../wit/deps/random",
            "../../wit/deps/filesystem",
            "../../wit/deps/sockets",
            "../../wit/deps/cli",
            "../../wit/deps/http",
            "../../wit/city-identity",
            "../../wit/city-data",
            "../../wit/city-base",
            "../../wit/city-messaging",
            "../../wit/city-payments",
            "../../wit/city-files",
            "../../wit/city-app",
        ],
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
        // For journals of calls.
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: {
            "city:data/collections.transaction": crate::city::collections::Transaction,
            "city:data/shared.dataset": crate::city::shared::Dataset,
        },
    });
}

use crate::journal::city::{HasJournaled, Journaled};
use crate::state::State;
use wasmtime::component::Linker;

/// Adds all of `city:*` to a linker, each function with its journal around it.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use bindings::city;
    type S = HasJournaled;
    city::identity::principal::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::identity::attributes::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::identity::representation::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::data::collections::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::data::shared::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::types::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::population::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::legal_entities::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::credit::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::geospatial::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::base::economy::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::messaging::types::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::messaging::publisher::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::payments::intents::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::files::files::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::app::context::add_to_linker::<_, S>(linker, |s| Journaled(s))?;
    city::app::outcome::add_to_linker::<_, S>(linker, |s| Journaled(s))
}
