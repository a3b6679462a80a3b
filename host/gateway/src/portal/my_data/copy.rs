//! A copy of everything on these pages, to take along: JSON for programs, CSV for people.
//!
//! It is written while it is read: what was read about a person in three years is nothing to hold in
//! memory as a whole.

use super::shown::Shown;
use super::{HeldRecord, NAV, Names, People, corrections, facts, reads, tabs};
use crate::failure::{Failure, Outcome};
use crate::layout::Page;
use crate::operations::personal::parts;
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
use yunlong_exchange::neutralise;
use yunlong_hub::{Correction, Record};
use yunlong_identity::{AccountKind, Attributes, Session};
use yunlong_model::Text;

/// Documents, and entries of the log, that are read at once.
const AT_ONCE: u32 = 200;

pub(in crate::portal) async fn page(view: View) -> Outcome {
    view.signed_in()?;
    let title = view.t("下载副本", "Take a copy");
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/my-data/copy"))
        (view.step_up_first())
        section.card {
            p { (view.t("副本包括：账号信息、部门登记的信息（连同以前的和已替换的）、各应用保存的信息、您给出的授权、更正申请，以及谁看过您的数据的全部记录。两种格式内容相同。", "The copy holds your account, what departments and apps hold about you (with what they held before), your consents and corrections, and everything that was read about you. Both formats hold the same.")) }
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
    // All of it uncovered, for whoever has the browser in hand: as certain as an erasure.
    view.step_up_for("/my-data/copy")?;
    // Written down, and what can be refused is, before the first byte leaves; what apps keep, before the first
    // of it does.
    let whole = Whole::gather(&view, session, if as_csv { "csv" } else { "json" }).await?;
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut sink = Sink(sender);
        let done =
            if as_csv { write_csv(&view, &whole, &mut sink).await } else { write_json(&view, &whole, &mut sink).await };
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

/// What is in a copy, but for what is read while it is written.
struct Whole {
    session: Session,
    people: People,
    account: Attributes,
    held: Vec<HeldRecord>,
    corrections: Vec<Correction>,
}

impl Whole {
    /// Gathers it, and writes down that it is shown.
    async fn gather(view: &View, session: Session, format: &str) -> Outcome<Self> {
        let people = People::of(view, &session.account).await?;
        let account = view.gateway.services.identity.attributes_of(&session.account).await?;
        let held = super::gathered(view, &people).await?;
        let corrections = corrections::own(view, &session).await?;
        let shown = Shown::to(view, &session, &people).copy(format).account(&account).corrections(&corrections);
        held.iter().fold(shown, |s, h| s.record(h, None)).write_down().await?;
        Ok(Self { session, people, account, held, corrections })
    }
}

async fn write_json(view: &View, whole: &Whole, sink: &mut Sink) -> Outcome<()> {
    let (services, session, known) = (&view.gateway.services, &whole.session, &whole.account);
    let head = json!({
        "name": session.account, "kind": session.kind, "real_name": known.real_name,
        "resident_id": known.resident_id.as_ref().map(ToString::to_string),
        "mobile": known.mobile.as_ref().map(ToString::to_string),
    });
    let consents = services.identity.consents(&session.account).await?;
    let corrections: Vec<_> = whole.corrections.iter().map(|c| corrections::as_json(view, c, true)).collect();
    let records: Vec<Value> = whole.held.iter().map(record_json).collect();
    sink.text(format!(
        "{{\"format\":\"yunlong-my-data\",\"version\":1,\"made_at\":{},\n\"account\":{head},\n\"records\":{},\n\"consents\":{},\n\"corrections\":{},\n\"apps\":[",
        json!(services.clock.now().to_rfc3339()),
        json!(records),
        json!(consents),
        json!(corrections),
    ))
    .await?;
    let mut first = true;
    let mut walk = Documents::of(view);
    while let Some(document) = walk.next(view, whole).await? {
        sink.text(format!("{}{}", if first { "\n" } else { ",\n" }, document.json())).await?;
        first = false;
    }
    sink.text("],\n\"reads\":[").await?;
    let (mut first, mut before) = (true, String::new());
    loop {
        let found = reads::entries(view, &whole.people, &before, "", AT_ONCE as usize).await?;
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
    let mut json = version_json(&h.record);
    json["dataset"] = h.dataset.id.as_str().into();
    json["title"] = json!(h.dataset.title);
    json["provider"] = h.dataset.provider.as_str().into();
    json["publication"] = json!(h.publication);
    json["ended"] = (!h.holds).into();
    json["former"] = h.former.iter().map(version_json).collect();
    json["replaced"] = h.replaced.iter().map(version_json).collect();
    json
}

fn version_json(r: &Record) -> Value {
    json!({
        "version": r.version, "valid_from": r.valid_from, "valid_to": r.valid_to, "recorded": r.recorded.to_rfc3339(),
        "fields": r.body, "source": r.source, "sources": r.sources,
    })
}

/// A document of an app.
struct AppDocument {
    installation: String,
    app: String,
    organization: String,
    personal: yunlong_model::manifest::Personal,
    id: String,
    data: Value,
}

impl AppDocument {
    fn json(&self) -> Value {
        json!({
            "installation": self.installation, "organization": self.organization, "title": self.personal.title,
            "id": self.id, "data": self.data,
        })
    }
}

/// Everything that the apps keep, one page at a time.
struct Documents {
    keepers: Vec<std::sync::Arc<yunlong_installations::Installation>>,
    /// Parts of the installation that is read, those to come last.
    open: Vec<(String, Option<String>)>,
    ready: Vec<AppDocument>,
}

impl Documents {
    fn of(view: &View) -> Self {
        let mut keepers = view.gateway.operations.keepers();
        keepers.reverse();
        Self { keepers, open: Vec::new(), ready: Vec::new() }
    }

    async fn next(&mut self, view: &View, whole: &Whole) -> Outcome<Option<AppDocument>> {
        loop {
            if let Some(document) = self.ready.pop() {
                return Ok(Some(document));
            }
            let Some(i) = self.keepers.last().cloned() else { return Ok(None) };
            if self.open.is_empty() {
                self.open = parts(&i).into_iter().map(|(name, _)| (name, None)).collect();
            }
            let Some((part, cursor)) = self.open.pop() else { continue };
            let operations = &view.gateway.operations;
            let first = cursor.is_none();
            let held = operations.held(&i, &whole.session.account, Some((&part, cursor)), AT_ONCE).await?;
            for h in held {
                if first {
                    Shown::to(view, &whole.session, &whole.people).app(&i, &h).write_down().await?;
                }
                if h.next.is_some() {
                    self.open.push((part.clone(), h.next.clone()));
                }
                self.ready = h
                    .documents
                    .into_iter()
                    .rev()
                    .map(|(id, data)| AppDocument {
                        installation: i.name.to_string(),
                        app: i.manifest.title.get(view.lang()).to_owned(),
                        organization: i.organization_name.clone(),
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

async fn write_csv(view: &View, whole: &Whole, sink: &mut Sink) -> Outcome<()> {
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
    csv_account(view, whole, sink).await?;
    csv_records(view, &whole.held, sink).await?;
    for c in view.gateway.services.identity.consents(&whole.session.account).await? {
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
    csv_corrections(view, &whole.corrections, sink).await?;
    let mut walk = Documents::of(view);
    while let Some(d) = walk.next(view, whole).await? {
        for (label, value) in facts::rows(&d.personal, &d.data, lang) {
            sink.text(row(&[
                view.t("应用", "App"),
                &format!("{} · {}", d.app, d.personal.title.get(lang)),
                &d.id,
                &label,
                &value,
                &d.organization,
                "",
            ]))
            .await?;
        }
    }
    csv_reads(view, &whole.people, sink).await
}

async fn csv_records(view: &View, held: &[HeldRecord], sink: &mut Sink) -> Outcome<()> {
    let names = Names::of(view, &held.iter().flat_map(HeldRecord::organizations).collect::<Vec<_>>()).await?;
    for h in held {
        let newest = if h.holds {
            view.t("部门登记", "Department")
        } else {
            view.t("部门登记（已失效）", "Department (ended)")
        };
        csv_version(view, h, &h.record, newest, &names, sink).await?;
        for r in &h.former {
            csv_version(view, h, r, view.t("部门登记（以前）", "Department (before)"), &names, sink).await?;
        }
        for r in &h.replaced {
            csv_version(view, h, r, view.t("部门登记（已替换）", "Department (replaced)"), &names, sink).await?;
        }
    }
    Ok(())
}

async fn csv_version(
    view: &View,
    h: &HeldRecord,
    r: &Record,
    part: &str,
    names: &Names,
    sink: &mut Sink,
) -> Outcome<()> {
    let lang = view.lang();
    let days = match &r.valid_to {
        Some(to) => format!("{} – {to}", r.valid_from),
        None => r.valid_from.clone(),
    };
    for (name, value) in &r.body {
        let item = h.dataset.item(name);
        let source = r.sources.get(name).unwrap_or(&r.source);
        let title = item.map_or(name.as_str(), |i| i.title.get(lang));
        let (value, at) = (words::value(item, value, lang), source.at.to_shanghai());
        let of = h.dataset.title.get(lang);
        sink.text(row(&[part, of, &days, title, &value, names.get(&source.organization), &at])).await?;
    }
    Ok(())
}

async fn csv_account(view: &View, whole: &Whole, sink: &mut Sink) -> Outcome<()> {
    let (session, known) = (&whole.session, &whole.account);
    let kind = match session.kind {
        AccountKind::Citizen => view.t("市民", "citizen"),
        AccountKind::Official => view.t("工作人员", "official"),
        AccountKind::Vendor => view.t("供应商", "vendor"),
    };
    let lines = [
        (view.t("账号", "Account"), Some(session.account.clone())),
        (view.t("账号类型", "Kind of account"), Some(kind.to_owned())),
        (view.t("姓名", "Name"), known.real_name.clone()),
        (view.t("公民身份号码", "Resident ID number"), known.resident_id.as_ref().map(ToString::to_string)),
        (view.t("手机号码", "Mobile number"), known.mobile.as_ref().map(ToString::to_string)),
    ];
    let (part, source) = (view.t("账号", "Account"), view.t("我的账号", "Your account"));
    for (label, value) in lines {
        if let Some(value) = value {
            sink.text(row(&[part, source, "", label, &value, "", ""])).await?;
        }
    }
    Ok(())
}

async fn csv_corrections(view: &View, all: &[Correction], sink: &mut Sink) -> Outcome<()> {
    let names = Names::of(view, &all.iter().map(|c| c.authority.as_str()).collect::<Vec<_>>()).await?;
    for c in all {
        let filed = c.filed.to_shanghai();
        let told = corrections::told(view, c);
        let source = format!("{} · {}", told.dataset, told.item);
        for (label, value) in &told.lines {
            let part = view.t("更正", "Correction");
            sink.text(row(&[part, &source, &c.id, label, value, names.get(&c.authority), &filed])).await?;
        }
    }
    Ok(())
}

async fn csv_reads(view: &View, people: &People, sink: &mut Sink) -> Outcome<()> {
    let lang = view.lang();
    let mut before = String::new();
    loop {
        let found = reads::entries(view, people, &before, "", AT_ONCE as usize).await?;
        for seen in &found.entries {
            let told = reads::tell(view, seen).await?;
            let more = [&told.purpose, &told.basis, &told.refused, &told.more];
            let more =
                more.into_iter().flatten().map(|t: &Text| t.get(lang)).collect::<Vec<_>>().join(lang.pick("；", "; "));
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

/// A row of RFC 4180. What a spreadsheet would run is made text.
fn row(cells: &[&str]) -> String {
    let cell = |text: &&str| format!("\"{}\"", neutralise(text).replace('"', "\"\""));
    format!("{}\r\n", cells.iter().map(cell).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        let cells = ["a", "say \"no\"", "=1+1", "@x", " =1", "\u{3000}＝1", "'=1"];
        let expected = "\"a\",\"say \"\"no\"\"\",\"'=1+1\",\"'@x\",\"' =1\",\"'\u{3000}＝1\",\"''=1\"\r\n";
        assert_eq!(row(&cells), expected);
    }
}
