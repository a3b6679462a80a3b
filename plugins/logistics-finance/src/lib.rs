//! 仓单质押与三流合一: warehouse receipts, loans on them, freight, and the three flows of a trade side by side.
//!
//! `domain` decides, `store` stages what was decided in one transaction, `service` reads, decides and commits, `api` and
//! `pages` are two faces of the same services.
#![deny(missing_docs)]

mod api;
pub mod domain;
pub mod notes;
mod pages;
pub mod policy;
pub mod service;
pub mod store;
pub mod views;

use yunlong_sdk::{App, Consumer, Event, Failure, Jobs, Lifecycle, Migrations, Progress, Router, Tx, t};

/// The app.
pub struct LogisticsFinance;

impl App for LogisticsFinance {
    fn router() -> Router {
        let router = Router::new().describe(
            t("物流金融", "Logistics finance"),
            "Warehouse receipts, loans on them, waybills, and the three flows of a trade. Money is a whole number of fen; quantities are whole kilograms, litres or pieces; times are RFC 3339.",
        );
        pages::routes(api::routes(router))
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

impl Migrations for LogisticsFinance {
    fn migrate(_: u32, _: u32, cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String> {
        service::migrations::migrate(cursor, tx)
    }
}

yunlong_sdk::export!(
    http: LogisticsFinance,
    consumer: LogisticsFinance,
    jobs: LogisticsFinance,
    lifecycle: LogisticsFinance,
    migrations: LogisticsFinance,
);
