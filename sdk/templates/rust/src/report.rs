//! Reports: what they are and how they are kept.

use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Collection, DataError, Document, Form, Outgoing, Page, Problem, now, random, transact, web};

const REPORTS: Collection<Report> = Collection::new();

/// How many reports a page shows.
pub(crate) const PAGE: u32 = 20;

/// Whether there is still something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for the department.
    Open,
    /// The department has closed it.
    Closed,
}

/// A report as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "reports", indexes("by-time", "by-reporter"))]
pub struct Report {
    /// Its id, random.
    #[document(id)]
    pub id: String,
    /// What is broken.
    pub title: String,
    /// Where.
    pub place: String,
    /// Anything more, may be empty.
    pub details: String,
    /// The pairwise subject of the one who reported it.
    pub reporter: String,
    /// Their mobile number, when they asked to be called back and consented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When it was reported, ms since 1970.
    pub time: u64,
    /// How it stands.
    pub status: Status,
}

/// A report that passed the checks of its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewReport {
    title: String,
    place: String,
    details: String,
}

impl NewReport {
    /// The report in a form, when nothing is wrong with it. All fields are checked before one refuses, so that a
    /// person sees every mistake at once.
    pub(crate) fn checked(form: &mut Form) -> Option<Self> {
        let title = form.text("title", 1..=80);
        let place = form.text("place", 1..=120);
        let details = form.text("details", 0..=2000);
        Some(Self { title: title?, place: place?, details: details? })
    }
}

/// The payload of `report.filed`: about the thing, and about no person.
#[derive(Serialize)]
struct Filed<'a> {
    id: &'a str,
    title: &'a str,
    place: &'a str,
}

/// Files a report. The message exists if and only if the report does: they are one transaction.
pub(crate) fn file(reporter: &str, phone: Option<String>, new: NewReport) -> web::Result<Report> {
    let report = Report {
        id: random::code(16),
        title: new.title,
        place: new.place,
        details: new.details,
        reporter: reporter.to_owned(),
        phone,
        time: now(),
        status: Status::Open,
    };
    transact(|tx| {
        tx.insert(&report)?;
        let filed = Filed { id: &report.id, title: &report.title, place: &report.place };
        tx.publish(&Outgoing::new("report.filed", &filed).key(&report.id))?;
        Ok::<_, web::Error>(())
    })?;
    Ok(report)
}

/// A page of all reports, newest first.
pub(crate) fn newest(limit: u32, after: Option<String>) -> Result<Page<Report>, DataError> {
    REPORTS.find(Report::BY_TIME.all().descending().limit(limit).after(after))
}

/// One report, or a 404.
pub(crate) fn get(id: &str) -> web::Result<Report> {
    Ok(REPORTS.get(id)?.ok_or_else(Problem::not_found)?.into_value())
}

/// Closes a report; closing it again changes nothing.
pub(crate) fn close(id: &str) -> web::Result<()> {
    transact(|tx| {
        let Some(report) = tx.get::<Report>(id)? else { return Err(Problem::not_found().into()) };
        if report.status == Status::Open {
            tx.put(&Report { status: Status::Closed, ..report.into_value() })?;
            tx.audit("report.close", id, &serde_json::json!({}))?;
        }
        Ok(())
    })
}
