//! 仓单质押与三流合一: warehouse receipts, loans on them, freight, and the three flows of a trade side by side.
//!
//! `domain` decides, `store` stages what was decided in one transaction, `service` reads, decides and commits, `api` and
//! `pages` are two faces of the same services.
#![deny(missing_docs)]

pub mod domain;
pub mod notes;
pub mod policy;
pub mod service;
pub mod store;

use yunlong_sdk::{App, Consumer, Event, Failure, Jobs, Lifecycle, Router, Tx, t};

/// The app.
pub struct LogisticsFinance;

impl App for LogisticsFinance {
    fn router() -> Router {
        Router::new().describe(
            t("物流金融", "Logistics finance"),
            "Warehouse receipts, loans on them, waybills, and the three flows of a trade. Money is a whole number of fen; times are RFC 3339.",
        )
    }
}

impl Consumer for LogisticsFinance {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        service::consumer::handle(event, tx)
    }
}

impl Jobs for LogisticsFinance {
    fn run(job: &str, _: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        service::jobs::run(job, tx)
    }
}

impl Lifecycle for LogisticsFinance {
    fn install(tx: &Tx<'_>) -> Result<(), String> {
        service::install::install(tx)
    }

    fn health() -> Result<(), String> {
        service::install::health()
    }
}

yunlong_sdk::export!(http: LogisticsFinance, consumer: LogisticsFinance, jobs: LogisticsFinance, lifecycle: LogisticsFinance);
