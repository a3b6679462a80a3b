//! Books a place on a day, and has a bug on purpose: it takes for granted that each day has a plan. The feature
//! `mended` is the vendor's fix.

use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::web::Error;
use yunlong_sdk::{App, Collection, Document, Request, Response, Router, StatusCode, Stored, transact};

/// How many places a day has.
#[derive(Debug, Serialize, Deserialize, Document)]
#[document(collection = "plans")]
struct Plan {
    #[document(id)]
    day: String,
    places: i64,
}

const PLANS: Collection<Plan> = Collection::new();

struct Fallible;

impl App for Fallible {
    fn router() -> Router {
        Router::new().post("/bookings/{day}", book)
    }
}

fn book(request: &Request) -> Result<Response, Error> {
    request.subject()?;
    let day = request.param("day").to_owned();
    let places = places(PLANS.get(&day)?);
    transact(|tx| tx.adjust("taken", &day, 1, 0..=places))?;
    Ok(Response::json(&json!({ "day": day })).status(StatusCode::CREATED))
}

#[cfg(not(feature = "mended"))]
fn places(plan: Option<Stored<Plan>>) -> i64 {
    plan.expect("each day has a plan").value.places
}

#[cfg(feature = "mended")]
fn places(plan: Option<Stored<Plan>>) -> i64 {
    plan.map_or(20, |plan| plan.value.places)
}

yunlong_sdk::export!(Fallible);
