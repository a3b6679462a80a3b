//! Another department's app: it keeps what it is told, and shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_sdk::web::Error;
use yunlong_sdk::{
    App, Collection, Consumer, DataError, Document, Event, Failure, Query, Request, Response, Router, Tx,
};

/// An event, whole.
#[derive(Debug, Serialize, Deserialize, Document)]
#[document(collection = "heard")]
struct Heard {
    #[document(id)]
    id: String,
    source: String,
    topic: String,
    subject: Option<String>,
    key: Option<String>,
    data: Value,
}

const HEARD: Collection<Heard> = Collection::new();

struct Listener;

impl App for Listener {
    fn router() -> Router {
        Router::new().get("/", list)
    }
}

fn list(_: &Request) -> Result<Response, Error> {
    let all: Vec<Heard> = HEARD.find(Query::by_id().limit(500))?.into_iter().map(|h| h.value).collect();
    Ok(Response::json(&json!({ "heard": all })))
}

impl Consumer for Listener {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        let heard = Heard {
            id: event.id.clone(),
            source: event.source.clone(),
            topic: event.topic.clone(),
            subject: event.subject.clone(),
            key: event.key.clone(),
            data: event.json()?,
        };
        match tx.insert(&heard) {
            // The same event, delivered again.
            Err(DataError::AlreadyExists(_)) => Ok(()),
            other => Ok(other?),
        }
    }
}

yunlong_sdk::export!(http: Listener, consumer: Listener);
