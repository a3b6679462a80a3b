//! A copy of everything on these pages, to take along: JSON for programs, CSV for people.
//!
//! It is written while it is read: what was read about a person in three years is nothing to hold in
//! memory as a whole.

use super::{HeldRecord, NAV, Names, People, reads, tabs};
use crate::failure::{Failure, Outcome};
use crate::layout::Page;
use crate::view::View;
use crate::words;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;
use futures::SinkExt as _;
use futures::channel::mpsc;
use http::{HeaderValue, header};
use maud::html;
use serde_json::{Value, json};
use std::io;
use yunlong_identity::Session;

/// Documents, and entries of the log, that are read at once.
const AT_ONCE: u32 = 200;

pub(in crate::portal) async fn page(view: View) -> Outcome {
    view.signed_in()?;
    let title = view.t("下载副本", "Take a copy");
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/my-data/copy"))
        section.card {
            p { (view.t("副本包括：部门登记的信息、各应用保存的信息、您给出的授权、更正申请，以及谁看过您的数据的全部记录。", "The copy holds what departments and apps hold about you, your consents and corrections, and everything that was read about you.")) }
            div.actions {
                a role="button" href="/my-data/copy/my-data.json" download="my-data.json" { (view.t("下载 JSON", "Download JSON")) }
                a role="button" class="outline" href="/my-data/copy/my-data.csv" download="my-data.csv" { (view.t("下载 CSV（可用表格软件打开）", "Download CSV (for a spreadsheet)")) }
            }
            p.muted { (view.t("文件里是您的完整信息，请妥善保管，不要发给不认识的人。", "The file holds everything uncovered: keep it safe, and send it to nobody whom you do not know.")) }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::narrow(title, NAV), content).await
}

/// The way to the client.
struct Sink(mpsc::Sender<io::Result<Bytes>>);

impl Sink {
    async fn text(&mut self, text: impl Into<Bytes>) -> Outcome<()> {
        self.0.send(Ok(text.into())).await.map_err(|_| Failure::internal("the client went away"))
    }
}

pub(in crate::portal) async fn download(view: View, Path(file): Path<String>) -> Outcome {
    let session = view.signed_in()?.clone();
    let (as_csv, content_type) = match file.as_str() {
        "my-data.json" => (false, "application/json; charset=utf-8"),
        "my-data.csv" => (true, "text/csv; charset=utf-8"),
        _ => return Err(Failure::not_found()),
    };
    let people = People::of(&view, &session.account).await?;
    // Written down, and what can be refused is, before the first byte leaves.
    let held = super::records(&view, &session, &people).await?;
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut sink = Sink(sender);
        let done = if as_csv {
            write_csv(&view, &session, &people, &held, &mut sink).await
        } else {
            write_json(&view, &session, &people, &held, &mut sink).await
        };
        if let Err(failure) = done {
            tracing::warn!(request_id = %view.request_id, ?failure, "a person's copy was cut short");
            // A part must not pass for the whole.
            drop(sink.0.send(Err(io::ErrorKind::UnexpectedEof.into())).await);
        }
    });
    let mut response = Response::new(Body::from_stream(receiver));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let name = if as_csv { "attachment; filename=\"my-data.csv\"" } else { "attachment; filename=\"my-data.json\"" };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn write_json(
    view: &View,
    session: &Session,
    people: &People,
    held: &[HeldRecord],
    sink: &mut Sink,
) -> Outcome<()> {
    let services = &view.gateway.services;
    let known = services.identity.attributes_of(&session.account).await?;
    let head = json!({
        "name": session.account, "kind": session.kind, "real_name": known.real_name,
        "resident_id": known.resident_id.as_ref().map(ToString::to_string),
        "mobile": known.mobile.as_ref().map(ToString::to_string),
    });
    let consents = services.identity.consents(&session.account).await?;
    let corrections = super::corrections::own(view, session).await?;
    let records: Vec<Value> = held.iter().map(record_json).collect();
    sink.text(format!(
        "{{\"format\":\"yunlong-my-data\",\"version\":1,\"made_at\":{},\n\"account\":{head},\n\"records\":{},\n\"consents\":{},\n\"corrections\":{},\n\"apps\":[",
        json!(services.clock.now().to_rfc3339()),
        json!(records),
        json!(consents),
        json!(corrections),
    ))
    .await?;
    let mut first = true;
    let mut walk = Documents::of(view, session);
    while let Some(document) = walk.next(view, session).await? {
        sink.text(format!("{}{}", if first { "\n" } else { ",\n" }, document.json())).await?;
        first = false;
    }
    sink.text("],\n\"reads\":[").await?;
    let (mut first, mut before) = (true, String::new());
    loop {
        let found = reads::entries(view, people, &before, "", AT_ONCE as usize).await?;
        for seen in &found.entries {
            let entry = reads::entry_json(view, seen).await?;
            sink.text(format!("{}{entry}", if first { "\n" } else { ",\n" })).await?;
            first = false;
        }
        match found.next {
            Some(next) => before = next,
            None => return sink.text("]}\n").await,
        }
    }
}

pub(super) fn record_json(h: &HeldRecord) -> Value {
    json!({
        "dataset": h.dataset.id, "title": h.dataset.title, "provider": h.dataset.provider, "version": h.record.version,
        "valid_from": h.record.valid_from, "valid_to": h.record.valid_to, "recorded": h.record.recorded.to_rfc3339(),
        "fields": h.record.body, "source": h.record.source, "sources": h.record.sources,
    })
}

/// A document of an app.
struct AppDocument {
    installation: String,
    app: String,
    organization: String,
    title: yunlong_model::Text,
    personal: yunlong_model::manifest::Personal,
    id: String,
    data: Value,
}

impl AppDocument {
    fn json(&self) -> Value {
        json!({
            "installation": self.installation, "organization": self.organization, "title": self.title,
            "id": self.id, "data": self.data,
        })
    }
}

/// Everything that the apps keep, one page at a time.
struct Documents {
    keepers: Vec<std::sync::Arc<yunlong_installations::Installation>>,
    /// Collections of the installation that is read, those to come last.
    open: Vec<(String, Option<String>)>,
    ready: Vec<AppDocument>,
}

impl Documents {
    fn of(view: &View, _: &Session) -> Self {
        let mut keepers = view.gateway.operations.keepers();
        keepers.reverse();
        Self { keepers, open: Vec::new(), ready: Vec::new() }
    }

    async fn next(&mut self, view: &View, session: &Session) -> Outcome<Option<AppDocument>> {
        loop {
            if let Some(document) = self.ready.pop() {
                return Ok(Some(document));
            }
            let Some(i) = self.keepers.last().cloned() else { return Ok(None) };
            if self.open.is_empty() {
                let marked = i.manifest.collections.iter().filter(|c| c.personal.is_some());
                self.open = marked.map(|c| (c.name.clone(), None)).collect();
            }
            let Some((collection, cursor)) = self.open.pop() else { continue };
            let operations = &view.gateway.operations;
            let held = operations.held(&i, &session.account, Some((&collection, cursor)), AT_ONCE).await?;
            for h in held {
                if h.next.is_some() {
                    self.open.push((collection.clone(), h.next.clone()));
                }
                self.ready = h
                    .documents
                    .into_iter()
                    .rev()
                    .map(|(id, data)| AppDocument {
                        installation: i.name.to_string(),
                        app: i.manifest.title.get(view.lang()).to_owned(),
                        organization: i.organization_name.clone(),
                        title: h.personal.title.clone(),
                        personal: h.personal.clone(),
                        id,
                        data,
                    })
                    .collect();
            }
            if self.open.is_empty() {
                self.keepers.pop();
            }
        }
    }
}

async fn write_csv(
    view: &View,
    session: &Session,
    people: &People,
    held: &[HeldRecord],
    sink: &mut Sink,
) -> Outcome<()> {
    let lang = view.lang();
    let header = [
        view.t("类别", "Part"),
        view.t("来源", "Source"),
        view.t("记录", "Record"),
        view.t("项目", "Item"),
        view.t("内容", "Value"),
        view.t("登记单位", "Recorded by"),
        view.t("时间", "When"),
    ];
    // Spreadsheets take a file for UTF-8 by its mark.
    sink.text(format!("\u{feff}{}", row(&header))).await?;
    let sources = held.iter().flat_map(|h| {
        h.record.sources.values().map(|p| p.organization.as_str()).chain([h.record.source.organization.as_str()])
    });
    let names = Names::of(view, &sources.collect::<Vec<_>>()).await?;
    for h in held {
        for (name, value) in &h.record.body {
            let item = h.dataset.item(name);
            let source = h.record.sources.get(name).unwrap_or(&h.record.source);
            let title = item.map_or(name.as_str(), |i| i.title.get(lang));
            let value = words::value(item, value, lang);
            let (part, at) = (view.t("部门登记", "Department"), source.at.to_shanghai());
            sink.text(row(&[
                part,
                h.dataset.title.get(lang),
                &h.record.valid_from,
                title,
                &value,
                names.get(&source.organization),
                &at,
            ]))
            .await?;
        }
    }
    for c in view.gateway.services.identity.consents(&session.account).await? {
        let app = super::super::consent::app_title(view, &c.installation);
        let state = match c.withdrawn_at {
            Some(at) => format!("{}{}", view.t("已撤回 ", "taken back "), at.to_shanghai()),
            None => view.t("有效", "in force").to_owned(),
        };
        let what = super::super::consent::covered(view, &c);
        sink.text(row(&[
            view.t("授权", "Consent"),
            &app,
            &state,
            c.reason.get(lang),
            &what,
            "",
            &c.given_at.to_shanghai(),
        ]))
        .await?;
    }
    let mut walk = Documents::of(view, session);
    while let Some(d) = walk.next(view, session).await? {
        for (path, value) in flat(&d.data) {
            let name = path.rsplit('.').next().unwrap_or(&path).to_owned();
            let label = super::apps::label(view, &d.personal, &path, &name);
            sink.text(row(&[
                view.t("应用", "App"),
                &format!("{} · {}", d.app, d.title.get(lang)),
                &d.id,
                &label,
                &value,
                &d.organization,
                "",
            ]))
            .await?;
        }
    }
    csv_reads(view, people, sink).await
}

async fn csv_reads(view: &View, people: &People, sink: &mut Sink) -> Outcome<()> {
    let lang = view.lang();
    let mut before = String::new();
    loop {
        let found = reads::entries(view, people, &before, "", AT_ONCE as usize).await?;
        for seen in &found.entries {
            let told = reads::tell(view, seen).await?;
            let more = [told.purpose.as_ref(), told.basis.as_ref(), told.refused.as_ref()];
            let more = more.into_iter().flatten().map(|t| t.get(lang)).collect::<Vec<_>>().join(lang.pick("；", "; "));
            let index = seen.index.map_or_else(String::new, |n| n.to_string());
            sink.text(row(&[
                view.t("谁看过", "Read"),
                told.sentence.get(lang),
                &index,
                &more,
                "",
                "",
                &seen.at.to_shanghai(),
            ]))
            .await?;
        }
        match found.next {
            Some(next) => before = next,
            None => return Ok(()),
        }
    }
}

/// The scalars of a document with their paths; arrays are passed through.
fn flat(value: &Value) -> Vec<(String, String)> {
    fn walk(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(o) => {
                for (name, inner) in o {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, inner, out);
                }
            }
            Value::Array(all) => all.iter().for_each(|inner| walk(path, inner, out)),
            Value::String(text) => out.push((path.to_owned(), text.clone())),
            scalar => out.push((path.to_owned(), scalar.to_string())),
        }
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}

/// A row of RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn row(cells: &[&str]) -> String {
    let cell = |text: &&str| {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
    };
    format!("{}\r\n", cells.iter().map(cell).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        assert_eq!(row(&["a", "say \"no\"", "=1+1", "@x"]), "\"a\",\"say \"\"no\"\"\",\"'=1+1\",\"'@x\"\r\n");
    }

    #[test]
    fn a_document_is_flat_by_its_paths() {
        let flat = flat(&json!({ "v": [{ "n": "A" }, { "n": "B" }], "price": 3 }));
        let flat: Vec<_> = flat.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
        assert_eq!(flat, [("price", "3"), ("v.n", "A"), ("v.n", "B")]);
    }
}
