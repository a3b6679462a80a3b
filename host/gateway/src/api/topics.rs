//! `<domain>/api/v1/topics…`: the catalogue of messages, for everybody.
//!
//! | | |
//! |---|---|
//! | `GET topics?q=…&page=…` | `{"topics":[…],"total"}`: the platform's first, then by installation, twenty a page |
//! | `GET topics/{publisher}/{topic}` | one; the publisher is an installation, or `platform` |

use crate::body::Query;
use crate::failure::Outcome;
use crate::portal::topics::{Found, Publisher, Topic};
use crate::view::{View, json};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

pub(super) fn router() -> Router {
    Router::new().route("/api/v1/topics", get(list)).route("/api/v1/topics/{publisher}/{topic}", get(one))
}

fn topic(t: &Topic) -> Value {
    let app = match &t.publisher {
        Publisher::Platform(_) => Value::Null,
        Publisher::App(i) => json!({
            "app": i.app, "version": i.manifest.version, "title": i.manifest.title,
            "organization": { "code": i.organization, "name": i.organization_name },
        }),
    };
    let receivers: Vec<&str> = t.receivers.iter().map(|i| i.name.as_str()).collect();
    json!({
        "topic": t.name, "publisher": t.publisher.name(), "source": t.source(), "app": app,
        "description": t.description, "schema": t.schema, "receivers": receivers,
    })
}

async fn list(view: View, query: Query) -> Outcome {
    let found = Found::read(&view, &query)?;
    let topics: Vec<Value> = found.topics.iter().map(topic).collect();
    json(StatusCode::OK, &json!({ "topics": topics, "total": found.total }))
}

async fn one(view: View, Path((publisher, name)): Path<(String, String)>) -> Outcome {
    json(StatusCode::OK, &topic(&Topic::of(&view, &publisher, &name)?))
}
