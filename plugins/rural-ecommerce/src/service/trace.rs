//! The public trace of a batch: where food comes from, and what its tests found. No person stands in it.

use super::access::known;
use super::{Refusal, statistics, stores};
use crate::domain::batch::{self, State};
use crate::domain::time::Date;
use crate::store::BATCHES;
use yunlong_sdk::Text;

/// A test, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicTest {
    /// What was tested for.
    pub item: Text,
    /// The laboratory.
    pub laboratory: String,
    /// The laboratory's number of the report.
    pub report: String,
    /// The day of the sample.
    pub day: Date,
    /// Whether it was good.
    pub passed: bool,
}

/// What everybody sees of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace code.
    pub code: String,
    /// What it is.
    pub goods: Text,
    /// The store: its id and name.
    pub store: Option<(String, Text)>,
    /// Where it grew: the village's code, and the names from the city down.
    pub origin: (String, String),
    /// The day of the harvest.
    pub harvest: Date,
    /// The last day on which it is sold.
    pub best_before: Option<Date>,
    /// Where it stands.
    pub state: State,
    /// Why it failed or was called back.
    pub reason: Option<Text>,
    /// Its tests, the oldest first.
    pub tests: Vec<PublicTest>,
}

/// The trace of a code as it is printed or typed.
///
/// # Errors
/// [`Refusal::NotFound`], also for a code that is none.
pub fn by_code(typed: &str) -> Result<Trace, Refusal> {
    let code = batch::trace_code(typed).ok_or(Refusal::NotFound)?;
    let b = known(BATCHES.get(&code))?.ok_or(Refusal::NotFound)?.into_value();
    let store = match stores::get(&b.store) {
        Ok(s) => Some((s.id, s.name)),
        Err(Refusal::NotFound) => None,
        Err(e) => return Err(e),
    };
    let tests = b.tests.into_iter().map(|t| PublicTest {
        item: t.item,
        laboratory: t.laboratory,
        report: t.report,
        day: t.day,
        passed: t.passed,
    });
    let address = statistics::divisions()?.address(&b.origin);
    Ok(Trace {
        code: b.id,
        goods: b.goods,
        store,
        origin: (b.origin, address),
        harvest: b.harvest,
        best_before: b.best_before,
        state: b.state,
        reason: b.reason,
        tests: tests.collect(),
    })
}
