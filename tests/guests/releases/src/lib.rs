//! A notebook of many versions. The component is the same in all of them; what a version does (the
//! schema that it writes, whether it is well, how often it fails, where its migration stops) is the
//! default of a value in its `app.toml`, which the tests write.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use yunlong_sdk::web::Error;
use yunlong_sdk::{
    App, Collection, Document, Failure, Jobs, Lifecycle, Migrations, Problem, Progress, Query, Request, Response,
    Router, StatusCode, Tx, context, random, t,
};

// ANCHOR: note
/// A note. Schema 2 adds `words`, and every note of it has them.
#[derive(Debug, Serialize, Deserialize, Document)]
#[document(collection = "notes")]
struct Note {
    #[document(id)]
    id: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<usize>,
}
// ANCHOR_END: note

const NOTES: Collection<Note> = Collection::new();

/// Documents of a batch.
const BATCH: u32 = 20;

struct Notebook;

/// A number of this version's configuration.
fn number(key: &str) -> u64 {
    context::config::<u64>(key).ok().flatten().unwrap_or_default()
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

impl App for Notebook {
    fn router() -> Router {
        Router::new().get("/", home).get("/slow", slow).post("/notes", write).get("/notes/{id}", read)
    }
}

fn answer(extra: Value) -> Response {
    Response::json(&json!({ "version": context::installation().version, "note": extra }))
}

/// Fails as often as this version is to fail.
fn luck() -> Result<(), Error> {
    if u64::from(random::bytes::<1>()[0]) * 100 < number("errors") * 256 {
        return Err(Problem::internal("this version is broken").into());
    }
    Ok(())
}

fn home(_: &Request) -> Result<Response, Error> {
    luck()?;
    Ok(answer(Value::Null))
}

/// Takes its time, so that an upgrade comes in between.
fn slow(_: &Request) -> Result<Response, Error> {
    std::thread::sleep(Duration::from_millis(400));
    luck()?;
    Ok(answer(Value::Null))
}

#[derive(Deserialize)]
struct NewNote {
    id: String,
    text: String,
}

fn write(req: &Request) -> Result<Response, Error> {
    luck()?;
    let NewNote { id, text } = req.json()?;
    let words = (number("schema") >= 2).then(|| words(&text));
    let note = Note { id, text, words };
    NOTES.put(&note)?;
    Ok(answer(json!(note)).status(StatusCode::CREATED))
}

fn read(req: &Request) -> Result<Response, Error> {
    let note = NOTES.get(req.param("id"))?.ok_or_else(Problem::not_found)?.into_value();
    Ok(answer(json!(note)))
}

impl Lifecycle for Notebook {
    fn install(_: &Tx<'_>) -> Result<(), String> {
        Ok(())
    }

    fn health() -> Result<(), String> {
        match context::config::<String>("ill").ok().flatten().filter(|why| !why.is_empty()) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }
}

impl Jobs for Notebook {
    fn run(job: &str, _: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        std::thread::sleep(Duration::from_millis(number("job_ms")));
        tx.adjust("runs", job, 1, 0..=i64::MAX)?;
        let text = tx.counter("runs", job)?.to_string();
        tx.put(&Note { id: format!("run-{job}"), text, words: Some(1) })?;
        Ok(())
    }
}

// ANCHOR: migrations
impl Migrations for Notebook {
    fn migrate(_: u32, _: u32, cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String> {
        std::thread::sleep(Duration::from_millis(number("batch_ms")));
        let (done, after) = Progress::resume(cursor)?;
        let stops = number("stops_at");
        if stops > 0 && done >= stops {
            return Err(t("这一条无法迁移", "this note cannot be migrated").en.into_owned());
        }
        let page = tx.find::<Note>(Query::by_id().limit(BATCH).after(after)).map_err(|e| e.to_string())?;
        for note in &page.items {
            let note = &note.value;
            if note.words.is_none() {
                let migrated = Note { id: note.id.clone(), text: note.text.clone(), words: Some(words(&note.text)) };
                tx.put(&migrated).map_err(|e| e.to_string())?;
            }
        }
        let done = done + page.items.len() as u64;
        tx.adjust("migrated", "", page.items.len().try_into().unwrap_or(0), 0..=i64::MAX).map_err(|e| e.to_string())?;
        Ok(Progress::after(done, page.next).of(number("notes")))
    }
}
// ANCHOR_END: migrations

yunlong_sdk::export!(http: Notebook, jobs: Notebook, lifecycle: Notebook, migrations: Notebook);
