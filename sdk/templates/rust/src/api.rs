//! The same functions as JSON. `/openapi.json` is made of these types.

use crate::report::{self, NewReport, PAGE, Report, Status};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Form, Input, Problem, Request, t, web};

/// Which page.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct List {
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// Which report.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ById {
    /// Its id.
    id: String,
}

/// A report to file. What is absent is told with the rest that is wrong.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Create {
    /// What is broken, 1 to 80 characters.
    title: String,
    /// Where, 1 to 120 characters.
    place: String,
    /// Anything more, at most 2000 characters.
    details: String,
}

/// A report in a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Item {
    id: String,
    title: String,
    place: String,
    status: Status,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    time: u64,
}

/// A report as everybody sees it; who reported it, and their number, stay with the app.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown {
    id: String,
    title: String,
    place: String,
    details: String,
    status: Status,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    time: u64,
}

/// A page of reports.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Items {
    items: Vec<Item>,
    /// Give this as `after` for the next page; null when there is no more.
    next: Option<String>,
}

impl From<Report> for Item {
    fn from(r: Report) -> Self {
        Self { id: r.id, title: r.title, place: r.place, status: r.status, time: r.time }
    }
}

impl From<Report> for Shown {
    fn from(r: Report) -> Self {
        Self { id: r.id, title: r.title, place: r.place, details: r.details, status: r.status, time: r.time }
    }
}

pub(crate) fn list(_: &Request, input: Input<(), List>) -> web::Result<Items> {
    let limit = input.query.limit.unwrap_or(PAGE);
    if !(1..=100).contains(&limit) {
        return Err(Problem::invalid(t("条数无效", "Invalid limit")).field("limit", t("1 至 100", "1 to 100")).into());
    }
    let page = report::newest(limit, input.query.after)?;
    Ok(Items { next: page.next.clone(), items: page.into_iter().map(|r| r.into_value().into()).collect() })
}

pub(crate) fn get(_: &Request, input: Input<ById>) -> web::Result<Shown> {
    Ok(report::get(&input.path.id)?.into())
}

pub(crate) fn file(req: &Request, input: Input<(), (), Create>) -> web::Result<Shown> {
    // The checks of the page's form are those of the API.
    let Create { title, place, details } = input.body;
    let mut form = Form::new().with("title", title).with("place", place).with("details", details);
    let new = NewReport::checked(&mut form);
    form.finish()?;
    let new = new.ok_or_else(|| Problem::internal("a valid form without values"))?;
    Ok(report::file(req.subject()?, None, new)?.into())
}
