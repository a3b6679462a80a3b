//! What a vendor's machine needs.

use super::{Check, State};
use std::path::Path;
use yunlong_cli::{Health, Symptom};

pub(super) fn checks(server: &str) -> Vec<Check> {
    let version = Check::ok("version", format!("yunlong {}", env!("CARGO_PKG_VERSION")));
    let found = yunlong_cli::vendor_doctor(server, Path::new(".")).into_iter().map(check);
    std::iter::once(version).chain(found).collect()
}

fn check(symptom: Symptom) -> Check {
    let Symptom { what, health, found, next } = symptom;
    let state = match health {
        Health::Ok => State::Ok,
        Health::Advice => State::Advice,
        Health::Wrong => State::Wrong,
    };
    Check { what, state, found, next }
}
