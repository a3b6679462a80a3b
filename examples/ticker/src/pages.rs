//! The page and the API.

use crate::tick::{self, Source, Tick};
use maud::html;
use serde::Serialize;
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Input, Layout, Request, Response, Tone, clock, t, web};

static LAYOUT: Layout = Layout::new(t("报时", "Ticker"));

/// What was counted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Ticks {
    /// How many were ever counted.
    total: i64,
    /// The latest 20, newest first.
    latest: Vec<Tick>,
}

pub(crate) fn home(req: &Request) -> web::Result<Response> {
    let columns = [
        Column::new(
            req.t("时间", "Time"),
            |tick: &Tick| html! { time datetime=(clock::rfc3339(tick.time)) { (clock::minute(tick.time)) } },
        ),
        Column::new(req.t("来源", "From"), |tick: &Tick| match tick.by {
            Source::Clock => page::badge(Tone::Info, req.t("定时任务", "Job")),
            Source::Person => page::badge(Tone::Ok, req.t("按钮", "Button")),
        }),
        Column::new(req.t("送达用时（毫秒）", "Delivery (ms)"), |tick: &Tick| html! { (tick.delay) }).numeric(),
    ];
    let latest = tick::latest()?;
    Ok(LAYOUT.page(req, &t("报时", "Ticker"), html! {
        @if req.query_value("sent").is_some() {
            (page::notice(Tone::Ok, html! { p { (req.t("消息已发布，送达后会计入下表。", "The message is published; it is counted below once it arrives.")) } }))
        }
        p { (req.t("收到的消息总数：", "Messages counted: ")) strong.amount { (tick::total()?) } }
        form method="post" action="/" { div.actions { button type="submit" { (req.t("现在报时", "Tick now")) } } }
        @if latest.is_empty() {
            (page::empty(html! { p { (req.t("还没有消息，请等一分钟。", "Nothing yet. Wait a minute.")) } }))
        } @else {
            (page::table(req.t("最近的消息", "Latest messages"), &columns, latest))
        }
    }))
}

pub(crate) fn tick_now(req: &Request) -> web::Result<Response> {
    req.subject()?;
    tick::of_a_person()?;
    Ok(Response::see_other("/?sent=1"))
}

pub(crate) fn list(_: &Request, _: Input) -> web::Result<Ticks> {
    Ok(Ticks { total: tick::total()?, latest: tick::latest()? })
}

pub(crate) fn publish(_: &Request, _: Input) -> web::Result<()> {
    tick::of_a_person()
}
