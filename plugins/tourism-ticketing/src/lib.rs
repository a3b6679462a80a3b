//! 景区电子联票: timed, single and joint tickets of a city's attractions.
//!
//! `domain` decides, `store` stages what was decided in one transaction, `service` reads, decides
//! and commits, `api` and `pages` are two faces of the same services.
#![deny(missing_docs)]

mod api;
pub mod domain;
mod notes;
mod pages;
mod policy;
pub mod service;
pub mod store;

use yunlong_sdk::{App, Consumer, Event, Failure, Lifecycle, Router, Tx, t};

/// The app.
pub struct Ticketing;

impl App for Ticketing {
    fn router() -> Router {
        let router = Router::new().describe(
            t("景区电子联票", "Attraction tickets"),
            "Timed, single and joint tickets of the city's attractions. Money is a whole number of fen; times are RFC 3339; days and slots are local to Shanghai.",
        );
        pages::routes(api::routes(router))
    }
}

impl Consumer for Ticketing {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        service::consumer::handle(event, tx)
    }
}

impl Lifecycle for Ticketing {
    fn install(tx: &Tx<'_>) -> Result<(), String> {
        service::install::install(tx)
    }

    fn health() -> Result<(), String> {
        service::install::health()
    }
}

yunlong_sdk::export!(http: Ticketing, consumer: Ticketing, lifecycle: Ticketing);
