//! Imports `city:secrets/vault`, which nobody provides: its installation must be refused, with the
//! name of the import.

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    wit_bindgen::generate!({ path: "wit", world: "intruder", generate_all });
}

struct Intruder;

impl bindings::Guest for Intruder {
    fn run() -> String {
        bindings::city::secrets::vault::open()
    }
}

bindings::export!(Intruder with_types_in bindings);
