//! Reports: what they are and how they are kept.

use serde::{Deserialize, Serialize};
use yunlong_sdk::files::{self, File};
use yunlong_sdk::{Collection, DataError, Document, Page, Problem, Request, now, random, transact, web};

const REPORTS: Collection<Report> = Collection::new();
const PAGE: u32 = 10;

/// The most photographs of a report.
pub(crate) const PHOTOS: u32 = 3;

/// A report as it is stored. Its photographs are attached to it and found by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "reports", indexes("by-reporter", "by-state"))]
pub struct Report {
    /// Its id.
    #[document(id)]
    pub id: String,
    /// The pairwise subject of whoever reported it.
    pub reporter: String,
    /// Where it is.
    pub place: String,
    /// What is the matter.
    pub text: String,
    /// When it was reported, ms since 1970.
    pub time: u64,
    /// Whether it is mended.
    pub mended: bool,
}

/// What files are attached to.
fn of(id: &str) -> String {
    format!("reports/{id}")
}

// ANCHOR: attach
/// Adds a report with its photographs: all of it or nothing, and nobody else's photographs.
pub(crate) fn add(reporter: &str, place: String, text: String, photos: &[&str]) -> web::Result<Report> {
    let report =
        Report { id: random::code(12), reporter: reporter.to_owned(), place, text, time: now(), mended: false };
    transact(|tx| {
        tx.insert(&report)?;
        for photo in photos {
            tx.attach(photo, &of(&report.id))?;
        }
        Ok::<_, web::Error>(())
    })?;
    Ok(report)
}
// ANCHOR_END: attach

/// A person's own reports, newest first.
pub(crate) fn of_person(reporter: &str, after: Option<String>) -> Result<Page<Report>, DataError> {
    REPORTS.find(Report::BY_REPORTER.equals(reporter).descending().limit(PAGE).after(after))
}

/// What is not mended yet, oldest first.
pub(crate) fn open(after: Option<String>) -> Result<Page<Report>, DataError> {
    REPORTS.find(Report::BY_STATE.equals(false).limit(PAGE).after(after))
}

/// A report, if this visitor may see it: whoever reported it, and inspectors. To others there is none.
pub(crate) fn seen_by(req: &Request, id: &str) -> web::Result<Report> {
    let me = req.subject()?;
    let found = REPORTS.get(id)?.filter(|r| r.reporter == me || req.principal().has_role("inspector"));
    Ok(found.ok_or_else(Problem::not_found)?.into_value())
}

/// The photographs of a report.
pub(crate) fn photos(report: &Report) -> web::Result<Vec<File>> {
    Ok(files::attached(&of(&report.id))?)
}

/// Notes that it is mended.
pub(crate) fn mend(id: &str) -> web::Result<()> {
    transact(|tx| {
        let Some(report) = tx.get::<Report>(id)? else { return Err(Problem::not_found().into()) };
        if !report.mended {
            tx.put(&Report { mended: true, ..report.into_value() })?;
            tx.audit("report.mended", id, &serde_json::json!({}))?;
        }
        Ok(())
    })
}
