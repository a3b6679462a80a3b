//! Reads the city's shared data as it is told, and answers with what it got: a record, or the code of the
//! denial. A job does the same as the installation itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_sdk::base::population;
use yunlong_sdk::identity::{Attribute, attribute};
use yunlong_sdk::shared::{Dataset, Index, Released, SharedError};
use yunlong_sdk::web::Error;
use yunlong_sdk::{
    App, Collection, Document, Failure, Jobs, Problem, Query, Request, Response, Router, StatusCode, Tx,
};

/// A read that is to be tried, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, Document)]
#[document(collection = "tries")]
struct Try {
    #[document(id)]
    id: String,
    #[serde(flatten)]
    read: Read,
    #[serde(default)]
    answer: Option<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Read {
    dataset: String,
    purpose: String,
    /// The key; the record of whoever asks when there is none.
    #[serde(default)]
    key: Option<String>,
    /// The fields; all that are granted when there is none.
    #[serde(default)]
    fields: Vec<String>,
    /// Finds the records of a division instead.
    #[serde(default)]
    division: Option<String>,
}

const TRIES: Collection<Try> = Collection::new();

struct Reader;

impl App for Reader {
    fn router() -> Router {
        Router::new()
            .post("/read", |request| answer(&body(request)?))
            .post("/tries", keep)
            .get("/tries", list)
            .get("/typed", typed)
            .get("/attribute/{name}", own)
            .post("/count", count)
            .post("/counted", counted)
            .get("/desk/{key}", |request| one(request, "population.person", "desk"))
            .get("/directory/{key}", |request| one(request, "legal-entities.entity", "directory"))
            .get("/desk/from/{division}", |request| page(request, "population.person", "desk"))
            .get("/directory/from/{division}", |request| page(request, "legal-entities.entity", "directory"))
    }
}

fn body<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, Error> {
    serde_json::from_slice(request.body()).map_err(|e| Problem::internal(&e.to_string()).into())
}

fn answer(read: &Read) -> Result<Response, Error> {
    Ok(Response::json(&attempt(read)))
}

fn attempt(read: &Read) -> Value {
    match released(read) {
        Ok(records) => json!({ "records": records.iter().map(shown).collect::<Vec<_>>() }),
        Err(e) => json!({ "denied": e.code(), "text": e.to_string() }),
    }
}

fn released(read: &Read) -> Result<Vec<Released>, SharedError> {
    let dataset = Dataset::open(&read.dataset, &read.purpose)?;
    let fields: Vec<&str> = read.fields.iter().map(String::as_str).collect();
    match (&read.division, &read.key) {
        (Some(division), _) => {
            Ok(dataset.query(&Index(&["division"]).equals(division.as_str()).limit(500), &fields)?.records)
        }
        (None, Some(key)) => Ok(dataset.get(key, &fields)?.into_iter().collect()),
        (None, None) => Ok(dataset.me(&fields)?.into_iter().collect()),
    }
}

fn shown(record: &Released) -> Value {
    let recorded: Vec<&str> = record.sources.iter().map(|s| s.recorded.as_str()).collect();
    json!({
        "reference": record.reference, "body": record.body, "version": record.version,
        "valid_from": record.valid_from, "valid_to": record.valid_to, "recorded": recorded,
    })
}

/// An attribute of the visitor's account.
fn own(request: &Request) -> Result<Response, Error> {
    let which = if request.param("name") == "mobile" { Attribute::Mobile } else { Attribute::BirthDate };
    Ok(Response::json(&match attribute(which) {
        Ok(value) => json!({ "value": value }),
        Err(e) => json!({ "denied": e.to_string() }),
    }))
}

/// Starts a bulk job of the records of a division.
fn count(request: &Request) -> Result<Response, Error> {
    let read: Read = body(request)?;
    let started = Dataset::open(&read.dataset, &read.purpose).and_then(|dataset| {
        let division = read.division.as_deref().unwrap_or_default();
        dataset.start_job(&Index(&["division"]).equals(division), &[])
    });
    Ok(Response::json(&match started {
        Ok(job) => json!({ "job": job }),
        Err(e) => json!({ "denied": e.code(), "text": e.to_string() }),
    }))
}

/// Where it stands, and its first page once it is ready. The job's id is in the place of a key.
fn counted(request: &Request) -> Result<Response, Error> {
    let read: Read = body(request)?;
    let state = Dataset::open(&read.dataset, &read.purpose).and_then(|dataset| {
        let job = dataset.job(read.key.as_deref().unwrap_or_default())?;
        let page = if job.ready && job.pages > 0 { dataset.job_page(&job.id, 0)? } else { Vec::new() };
        Ok(json!({
            "ready": job.ready, "records": job.records, "failure": job.failure,
            "page": page.iter().map(shown).collect::<Vec<_>>(),
        }))
    });
    Ok(Response::json(&state.unwrap_or_else(|e| json!({ "denied": e.code(), "text": e.to_string() }))))
}

/// Keeps what the job is to try.
fn keep(request: &Request) -> Result<Response, Error> {
    let reads: Vec<Read> = body(request)?;
    for (i, read) in reads.into_iter().enumerate() {
        TRIES.put(&Try { id: format!("{i:03}"), read, answer: None })?;
    }
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

fn list(_: &Request) -> Result<Response, Error> {
    let all: Vec<Try> = TRIES.find(Query::by_id().limit(500))?.into_iter().map(|t| t.value).collect();
    Ok(Response::json(&json!({ "tries": all })))
}

/// The visitor's own record, as the typed interface gives it.
fn typed(_: &Request) -> Result<Response, Error> {
    let answer = match population::me("own-birthday", &[]) {
        Ok(person) => {
            let shown = |p: population::Person| json!({ "birth_date": p.birth_date, "age": p.age, "name": p.name, "released": p.standing.released });
            json!({ "person": person.map(shown) })
        }
        Err(e) => json!({ "denied": e.code() }),
    };
    Ok(Response::json(&answer))
}

/// One record by its key: what the benchmark calls.
fn one(request: &Request, dataset: &str, purpose: &str) -> Result<Response, Error> {
    let record = Dataset::open(dataset, purpose)?.get(request.param("key"), &[])?;
    Ok(Response::json(&record.as_ref().map(shown).ok_or_else(Problem::not_found)?))
}

/// The first records from a division on, beside it.
fn page(request: &Request, dataset: &str, purpose: &str) -> Result<Response, Error> {
    let query = Index(&["division"]).all().at_least(request.param("division")).limit(20);
    let page = Dataset::open(dataset, purpose)?.query(&query, &[])?;
    Ok(Response::json(&page.records.iter().map(shown).collect::<Vec<_>>()))
}

impl Jobs for Reader {
    fn run(_: &str, _: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        for kept in tx.find(Query::<Try>::by_id().limit(500))? {
            let answer = Some(attempt(&kept.read));
            tx.put(&Try { answer, ..kept.into_value() })?;
        }
        Ok(())
    }
}

yunlong_sdk::export!(http: Reader, jobs: Reader);
