//! What `wit-bindgen` makes of the contract. The first world generates the imports; the others
//! map theirs to it, so that a `transaction` is one type wherever it comes from.

#![allow(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn, clippy::all)]

/// The world of every app: pages, and all imports.
pub mod app {
    wit_bindgen::generate!({
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
        world: "city:app/app",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "yunlong_sdk::__private::bindings::app",
    });
}

macro_rules! optional_world {
    ($(#[$doc:meta])* $module:ident, $world:literal) => {
        $(#[$doc])*
        pub mod $module {
            wit_bindgen::generate!({
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
                world: $world,
                generate_all,
                pub_export_macro: true,
                with: {
                    "city:identity/principal@1.1.0": crate::backend::bindings::app::city::identity::principal,
                    "city:identity/attributes@1.1.0": crate::backend::bindings::app::city::identity::attributes,
                    "city:identity/representation@1.1.0": crate::backend::bindings::app::city::identity::representation,
                    "city:data/collections@1.1.0": crate::backend::bindings::app::city::data::collections,
                    "city:data/shared@1.1.0": crate::backend::bindings::app::city::data::shared,
                    "city:base/types@1.0.0": crate::backend::bindings::app::city::base::types,
                    "city:base/population@1.0.0": crate::backend::bindings::app::city::base::population,
                    "city:base/legal-entities@1.0.0": crate::backend::bindings::app::city::base::legal_entities,
                    "city:base/credit@1.0.0": crate::backend::bindings::app::city::base::credit,
                    "city:base/geospatial@1.0.0": crate::backend::bindings::app::city::base::geospatial,
                    "city:base/economy@1.0.0": crate::backend::bindings::app::city::base::economy,
                    "city:messaging/publisher@1.0.0": crate::backend::bindings::app::city::messaging::publisher,
                    "city:payments/intents@1.1.0": crate::backend::bindings::app::city::payments::intents,
                    "city:files/files@1.0.0": crate::backend::bindings::app::city::files::files,
                    "city:app/context@1.0.0": crate::backend::bindings::app::city::app::context,
                },
                default_bindings_module: "yunlong_sdk::__private::bindings",
            });
        }
    };
}

optional_world!(
    /// Apps that consume events.
    consumer,
    "city:app/with-consumer"
);
optional_world!(
    /// Apps that run jobs.
    jobs,
    "city:app/with-jobs"
);
optional_world!(
    /// Apps that are called around their installation.
    lifecycle,
    "city:app/with-lifecycle"
);
optional_world!(
    /// Apps that migrate their data.
    migrations,
    "city:app/with-migrations"
);
