//! A platform of two datasets that keeps what it is given, and kills whoever talks to it where a test says.

use super::run;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use yunlong_cli::CliError;

/// Where the platform kills whoever talks to it: at the so-and-so-many-th batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The batch is not committed.
    Before(u64),
    /// It is committed, and the answer never arrives.
    After(u64),
    /// It is answered, and then some microseconds pass.
    Answered(u64, u64),
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) imports: BTreeMap<String, Import>,
    /// By dataset and key.
    pub(crate) records: BTreeMap<(String, String), Value>,
    pub(crate) fault: Option<Fault>,
    /// Batches that came in since the fault was set.
    pub(crate) batches: u64,
    pub(crate) requests: Vec<String>,
    /// How an export's page is refused, behind so many that are answered.
    pub(crate) refuse_page: Option<(u64, u16)>,
}

#[derive(Default)]
pub(crate) struct Import {
    /// Dataset, file, size, fingerprint.
    pub(crate) of: Value,
    /// What each batch was, and its answer.
    pub(crate) batches: Vec<(Vec<u8>, Value)>,
    pub(crate) finished: bool,
}

/// A platform with two datasets.
pub(crate) struct Platform {
    pub(crate) address: String,
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) kills: mpsc::Receiver<Duration>,
}

fn description(id: &str) -> Value {
    let item = |name: &str, of: &str, zh: &str| json!({ "name": name, "type": of, "title": { "zh": zh, "en": name } });
    let items = match id {
        "test.thing" => vec![item("id", "text", "编号"), item("n", "integer", "数量"), item("note", "text", "备注")],
        other => yunlong_samples::items(other).iter().map(|(name, of)| item(name, of, name)).collect(),
    };
    json!({
        "id": id, "title": { "zh": "东西", "en": "Things" }, "provider": "320300", "key": items[0]["name"],
        "items": items, "sharing": { "class": "unconditional" },
    })
}

impl Platform {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let state = Arc::new(Mutex::new(State::default()));
        let (kill, kills) = mpsc::channel();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, kill) = (shared.clone(), kill.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &state, &kill));
            }
        });
        Self { address, state, kills }
    }

    pub(crate) fn run(&self, words: &[&str]) -> Result<(), CliError> {
        run(&[&["hub"], words, &["--server", &self.address, "--token", "secret-token"]].concat())
    }

    pub(crate) fn state<T>(&self, of: impl FnOnce(&mut State) -> T) -> T {
        of(&mut self.state.lock().unwrap())
    }

    /// Keys and numbers that were loaded.
    pub(crate) fn loaded(&self) -> BTreeMap<String, i64> {
        self.state(|s| s.records.iter().map(|((_, k), v)| (k.clone(), v["n"].as_i64().unwrap())).collect())
    }
}

/// Serves a connection until the other side is gone.
fn serve(stream: TcpStream, state: &Mutex<State>, kill: &mpsc::Sender<Duration>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(n) if n > 0) {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).is_err() {
                return;
            }
            if header.trim().is_empty() {
                break;
            }
            if let Some(n) = header.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = n.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((status, answer)) = answer(words[0], words[1], &body, state, kill) else { return };
        let text = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", text.len());
        if reader.get_mut().write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(
    method: &str,
    path: &str,
    body: &[u8],
    state: &Mutex<State>,
    kill: &mpsc::Sender<Duration>,
) -> Option<(u16, Value)> {
    let state = &mut *state.lock().unwrap();
    state.requests.push(format!("{method} {path}"));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.strip_prefix("/api/v1/hub/").unwrap().split('/').collect();
    Some(match (method, parts.as_slice()) {
        ("GET", ["datasets"]) => (200, json!({ "datasets": [description("test.thing")] })),
        ("GET", ["datasets", id]) => (200, description(id)),
        ("POST", ["exports"]) => export(serde_json::from_slice(body).unwrap()),
        ("GET", ["exports", id, "records"]) => match &mut state.refuse_page {
            Some((0, status)) => (*status, json!({ "title": "not now" })),
            fault => {
                fault.iter_mut().for_each(|(left, _)| *left -= 1);
                (200, page(state, id.strip_prefix("of-").unwrap(), query))
            }
        },
        ("GET", ["imports"]) => (200, json!({ "unfinished": unfinished(state, query) })),
        ("POST", ["imports"]) => start(state, serde_json::from_slice(body).unwrap()),
        ("POST", ["imports", id, "finish" | "abandon"]) => {
            let import = state.imports.get_mut(*id).unwrap();
            import.finished = true;
            (200, totals(id, import))
        }
        ("POST", ["imports", id, "batches", n]) => return batch(state, id, n.parse().unwrap(), body, kill),
        other => panic!("{other:?}"),
    })
}

/// The import of a file that has not ended: what tells files apart is everything but the day.
fn of_file<'a>(state: &'a State, file: &Value) -> Option<(&'a String, &'a Import)> {
    let same = |i: &Import| ["dataset", "file", "size", "fingerprint"].iter().all(|key| i.of[key] == file[key]);
    state.imports.iter().find(|(_, i)| same(i) && !i.finished)
}

fn unfinished(state: &State, query: &str) -> Value {
    let mut file: Value =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect::<BTreeMap<_, _>>().into_iter().collect();
    file["size"] = file["size"].as_str().unwrap().parse::<u64>().unwrap().into();
    of_file(state, &file).map_or(Value::Null, |(id, import)| totals(id, import))
}

fn start(state: &mut State, new: Value) -> (u16, Value) {
    if let Some((id, import)) = of_file(state, &new) {
        let (wanted, stands) = (&new["valid_from"], &import.of["valid_from"]);
        return if wanted.is_null() || wanted == stands {
            (201, totals(id, import))
        } else {
            (422, json!({ "title": "wrong", "detail": format!("{wanted}, and it stands at {stands}") }))
        };
    }
    let id = format!("import-{}", state.imports.len());
    let import = state.imports.entry(id.clone()).or_insert_with(|| Import { of: new, ..Import::default() });
    (201, totals(&id, import))
}

pub(crate) fn totals(id: &str, import: &Import) -> Value {
    let sum = |key: &str| import.batches.iter().map(|(_, a)| a[key].as_u64().unwrap()).sum::<u64>();
    json!({
        "id": id, "next_batch": import.batches.len(), "loaded": sum("loaded"), "unchanged": sum("unchanged"),
        "refused": sum("refused_rows"), "valid_from": import.of["valid_from"],
    })
}

fn batch(state: &mut State, id: &str, n: u64, body: &[u8], kill: &mpsc::Sender<Duration>) -> Option<(u16, Value)> {
    state.batches += 1;
    let now = state.batches;
    if state.fault == Some(Fault::Before(now)) {
        kill.send(Duration::ZERO).unwrap();
        return None;
    }
    let import = state.imports.get_mut(id).unwrap();
    assert!(!import.finished, "a batch behind the end");
    if let Some((before, answer)) = import.batches.get(n as usize) {
        assert_eq!(before, body, "batch {n} is another one the second time");
        return Some((200, answer.clone()));
    }
    assert_eq!(n, import.batches.len() as u64, "batches come in their order");
    // As the platform does it: a body has a limit, and so has what a parser of JSON descends.
    if body.len() > 8 << 20 {
        return Some((413, json!({ "title": "what was sent is too large" })));
    }
    let rows: Value = match serde_json::from_slice(body) {
        Ok(rows) => rows,
        Err(e) => return Some((400, json!({ "title": e.to_string() }))),
    };
    let dataset = import.of["dataset"].as_str().unwrap().to_owned();
    let (mut loaded, mut refused, mut refused_rows) = (0, Vec::new(), 0);
    for row in rows["rows"].as_array().unwrap() {
        let record = &row["record"];
        let number = record["n"].as_i64().unwrap_or(1);
        if number % 7 == 0 {
            refused_rows += 1;
            // Every second one for two reasons.
            for field in ["n", "note"].iter().take(1 + usize::from(number % 2 == 0)) {
                refused.push(json!({ "line": row["line"], "field": field, "reason": { "zh": "不行", "en": "no" } }));
            }
            continue;
        }
        let key = record
            .as_object()
            .unwrap()
            .get("id")
            .map_or_else(|| row["line"].to_string(), |v| v.as_str().unwrap().to_owned());
        let twice = state.records.insert((dataset.clone(), key), record.clone());
        assert!(twice.is_none(), "{row} was loaded twice");
        loaded += 1;
    }
    let answer =
        json!({ "loaded": loaded, "unchanged": 0, "refused": refused, "refused_rows": refused_rows, "duplicates": 0 });
    import.batches.push((body.to_vec(), answer.clone()));
    match state.fault {
        Some(Fault::After(at)) if at == now => {
            kill.send(Duration::ZERO).unwrap();
            None
        }
        Some(Fault::Answered(at, after)) if at == now => {
            kill.send(Duration::from_micros(after)).unwrap();
            Some((200, answer))
        }
        _ => Some((200, answer)),
    }
}

/// As the platform does it: nothing is read out without a reason.
fn export(new: Value) -> (u16, Value) {
    let said = |name: &str| !new[name].as_str().unwrap().trim().is_empty();
    let dataset = new["dataset"].as_str().unwrap();
    if said("reason") && (said("law") || dataset == "test.thing") {
        (201, json!({ "id": format!("of-{dataset}") }))
    } else {
        (422, json!({ "title": "say why, and cite the law" }))
    }
}

fn page(state: &State, dataset: &str, query: &str) -> Value {
    let after = query.split('&').find_map(|p| p.strip_prefix("after=")).unwrap_or("");
    let rows: Vec<(&String, &Value)> = state
        .records
        .iter()
        .filter(|((d, k), _)| d == dataset && k.as_str() > after)
        .map(|((_, k), v)| (k, v))
        .take(50)
        .collect();
    let next = (rows.len() == 50).then(|| rows[49].0);
    let records: Vec<Value> =
        rows.iter().map(|(k, v)| json!({ "key": k, "version": 1, "body": v, "valid_from": "2026-01-01" })).collect();
    let total = state.records.keys().filter(|(d, _)| d == dataset).count();
    json!({ "records": records, "next": next, "total": total })
}
