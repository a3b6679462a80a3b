//! 农村电商（沙集模式）: farmers' stores, village stations, batches that can be traced, group buys, and
//! orders whose money is held in escrow until the buyer has the goods.
//!
//! `domain` decides, `store` stages what was decided in one transaction, `service` reads, decides and
//! commits; pages and API are two faces of the same services.
#![deny(missing_docs)]

mod api;
pub mod domain;
mod notes;
mod pages;
mod policy;
pub mod service;
pub mod store;

use yunlong_sdk::{App, Consumer, Event, Failure, Jobs, Lifecycle, Router, Tx, t};

/// The app.
pub struct Rural;

impl App for Rural {
    fn router() -> Router {
        let router = Router::new().describe(
            t("农村电商", "Rural e-commerce"),
            "Farmers' stores, stations, batches and orders in escrow. Money is a whole number of fen; times are RFC 3339; days are local to Shanghai.",
        );
        pages::routes(api::routes(router))
    }
}

impl Consumer for Rural {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        service::consumer::handle(event, tx)
    }
}

impl Jobs for Rural {
    fn run(job: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        service::jobs::run(job, scheduled, tx)
    }
}

impl Lifecycle for Rural {
    fn install(tx: &Tx<'_>) -> Result<(), String> {
        service::install::install(tx)
    }

    fn health() -> Result<(), String> {
        service::install::health()
    }
}

yunlong_sdk::export!(http: Rural, consumer: Rural, jobs: Rural, lifecycle: Rural);
