//! Residents: shared data read well. A roster of a community for its clerks, page by page; everybody's own
//! entry with their consent; denials in words; changes as messages.
#![deny(missing_docs)]

mod changes;
mod denial;
mod pages;
mod roster;
#[allow(unreachable_pub, reason = "the file is as `yunlong bindgen` makes it")]
mod schemas;

pub use changes::{Change, Changed};
pub use denial::{Denied, denied};
pub use roster::{Born, Resident};

use yunlong_sdk::{App, Consumer, Event, Failure, Router, Tx, t};

/// The app.
pub struct Residents;

impl App for Residents {
    fn router() -> Router {
        Router::new()
            .describe(t("居民名册", "Residents"), "Residents of a community, read from the city's population database.")
            .get("/", pages::roster)
            .get("/me", pages::me)
            .get("/help", pages::help)
    }
}

impl Consumer for Residents {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        changes::follow(event, tx)
    }
}

yunlong_sdk::export!(http: Residents, consumer: Residents);
