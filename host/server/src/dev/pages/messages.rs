//! What the app published, what waits and what was given up; and what stands in people's inboxes.

use super::super::bench::Bench;
use super::super::error::DevError;
use super::super::layer::PREFIX;
use super::super::who::everybody;
use super::{Asked, Fields, moment};
use crate::demo;
use maud::{Markup, html};

/// Dead letters and notes that are shown.
const SHOWN: usize = 100;

pub(super) async fn page(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let bench = asked.bench;
    let messaging = &bench.city.messaging;
    let dead = messaging.dead_letters(&bench.name, None, SHOWN).await.map_err(DevError::city)?;
    let waiting = messaging.stats().into_iter().find(|s| s.installation == bench.name);
    let events = bench.heard.events();
    Ok(html! {
        h2 { (asked.t("等待处理", "Waiting")) }
        @match waiting {
            Some(s) => p {
                (asked.t("等待 ", "waiting ")) (s.depth) " · " (asked.t("正在处理 ", "under way ")) (s.running) " · "
                (asked.t("已处理 ", "handled ")) (s.delivered) " · " (asked.t("失败后会重试 ", "failed, to be tried again ")) (s.retried)
            },
            None => p { (asked.t("没有。", "Nothing.")) },
        }
        h2 { (asked.t("死信", "Dead letters")) }
        @if dead.is_empty() { p { (asked.t("没有。", "None.")) } }
        @for letter in &dead {
            h3 { (letter.event.topic) " · " (moment(letter.at)) }
            @for f in &letter.failures { p { (f.attempt) ". " (f.error) } }
            pre tabindex="0" { (letter.event.data) }
            form method="post" action={ (PREFIX) "messages" } {
                input type="hidden" name="letter" value=(letter.id);
                button type="submit" name="do" value="redrive" { (asked.t("重新投递", "Deliver again")) }
                button type="submit" name="do" value="discard" { (asked.t("丢弃", "Discard")) }
            }
        }
        h2 { (asked.t("已发布（最近 200 条）", "Published (the last 200)")) }
        @if events.is_empty() { p { (asked.t("没有。", "None.")) } }
        @for e in &events {
            h3 { (e.topic) }
            p { (e.source) @if let Some(key) = &e.key { " · " (key) } }
            pre tabindex="0" { (e.data) }
        }
    })
}

pub(super) async fn letter(bench: &Bench, form: &Fields) -> Result<(), DevError> {
    let (operations, id) = (bench.city.gateway.operations(), form.text("letter"));
    let done = match form.text("do") {
        "redrive" => operations.redrive(&bench.name, id, demo::BY).await,
        _ => operations.discard(&bench.name, id, demo::BY).await,
    };
    done.map_err(|e| DevError::Refused(e.text()))
}

/// Everybody's inbox: what the app told people.
pub(super) async fn notes(asked: &Asked<'_>) -> Result<Markup, DevError> {
    let (bench, lang) = (asked.bench, asked.lang());
    let mut all = Vec::new();
    for somebody in everybody() {
        let page = bench.city.messaging.inbox(&somebody.account, None, SHOWN).await.map_err(DevError::city)?;
        if !page.notes.is_empty() {
            all.push((somebody, page.notes));
        }
    }
    Ok(html! {
        @if all.is_empty() { p { (asked.t("还没有人收到通知。", "Nobody was notified yet.")) } }
        @for (somebody, notes) in &all {
            h2 { (somebody.name) " · " (somebody.account) }
            @for note in notes {
                h3 { (note.title.get(lang)) }
                p { (moment(note.at)) @if let Some(path) = &note.path { " · " a href=(path) { (path) } } }
                p { (note.body.get(lang)) }
            }
        }
    })
}
