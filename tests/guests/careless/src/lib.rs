//! Sells tickets, and has a bug on purpose: the seat is taken in one transaction and the ticket written in another,
//! so that a seat is lost when the app ends between the two.

use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::web::Error;
use yunlong_sdk::{App, Collection, Document, Query, Request, Response, Router, StatusCode, random, transact};

const SEATS: i64 = 3;

/// A ticket.
#[derive(Debug, Serialize, Deserialize, Document)]
#[document(collection = "tickets")]
struct Ticket {
    #[document(id)]
    id: String,
    show: String,
    holder: String,
}

const TICKETS: Collection<Ticket> = Collection::new();

struct Careless;

impl App for Careless {
    fn router() -> Router {
        Router::new().get("/tickets", list).post("/tickets", sell)
    }
}

fn list(_: &Request) -> Result<Response, Error> {
    let all: Vec<Ticket> = TICKETS.find(Query::by_id().limit(100))?.into_iter().map(|t| t.value).collect();
    Ok(Response::json(&json!({ "tickets": all })))
}

fn sell(request: &Request) -> Result<Response, Error> {
    let holder = request.subject()?.to_owned();
    let show = request.query_value("show").unwrap_or_else(|| "evening".into());
    // The bug: these two belong together.
    transact(|tx| tx.adjust("seats", &show, 1, 0..=SEATS))?;
    let ticket = Ticket { id: random::code(12), show, holder };
    transact(|tx| tx.insert(&ticket))?;
    Ok(Response::json(&json!({ "ticket": ticket.id })).status(StatusCode::CREATED))
}

yunlong_sdk::export!(Careless);
