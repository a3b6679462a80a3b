//! A canteen: portions by a bounded counter, a payment that waits for its payer, a hold that ends by itself, refunds.
#![deny(missing_docs)]

mod order;
mod outcome;
mod pages;

pub use order::{Order, State};

use yunlong_sdk::{App, Consumer, Event, Failure, Router, Tx, t};

/// The app.
pub struct Canteen;

impl App for Canteen {
    fn router() -> Router {
        Router::new()
            .describe(t("社区食堂", "Canteen"), "Today's lunch.")
            .get("/", pages::home)
            .post("/orders", pages::submit)
            .get("/orders/{number}", pages::detail)
            .post("/orders/{number}/return", pages::give_back)
            .get("/help", pages::help)
    }
}

impl Consumer for Canteen {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        outcome::handle(event, tx)
    }
}

yunlong_sdk::export!(http: Canteen, consumer: Canteen);
