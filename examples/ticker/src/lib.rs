//! A ticker: a job publishes an event each minute, the app's own consumer counts what arrives,
//! a page shows both. Every part runs in a fresh sandbox of its own.
#![deny(missing_docs)]

mod pages;
mod tick;

pub use tick::{Published, Source, Tick};

use yunlong_sdk::{App, Consumer, Event, Failure, Jobs, Operation, Router, StatusCode, Tx, t};

/// The app.
pub struct Ticker;

impl App for Ticker {
    fn router() -> Router {
        Router::new()
            .describe(t("报时", "Ticker"), "A message each minute, counted on arrival.")
            .get("/", pages::home)
            .post("/", pages::tick_now)
            .operation(
                Operation::get("/api/ticks", "listTicks").summary("How many ticks were counted, and the latest"),
                pages::list,
            )
            .operation(
                Operation::post("/api/ticks", "publishTick")
                    .status(StatusCode::ACCEPTED)
                    .signed_in()
                    .summary("Publishes a tick; it is counted when it arrives"),
                pages::publish,
            )
    }
}

impl Jobs for Ticker {
    fn run(job: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        match job {
            "tick" => tick::of_the_clock(tx, scheduled),
            // `app.toml` and the code disagree: trying again would not help.
            other => Err(Failure::Reject(format!("no such job: {other}"))),
        }
    }
}

impl Consumer for Ticker {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        tick::count(event, tx)
    }
}

yunlong_sdk::export!(http: Ticker, consumer: Ticker, jobs: Ticker);
