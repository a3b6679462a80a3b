//! What the clients were told: the only thing that the checker holds the server to.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a client knows of an order for certain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The citizen, from 0.
    pub(crate) owner: usize,
    /// The visitor that it is for: the number of a name and of a resident ID.
    pub(crate) visitor: u32,
    /// It was shown as issued.
    pub(crate) issued: bool,
    /// Its refund was accepted, or may have been: the answer did not arrive.
    pub(crate) refund_asked: bool,
    pub(crate) refund_accepted: bool,
    /// Times that the gate said that it admits.
    pub(crate) admitted: u32,
    /// A gate's batch with its ticket was acknowledged.
    pub(crate) scanned: bool,
}

/// A ticket that a gate without a network lets in.
pub(crate) struct Scan {
    pub(crate) order: String,
    pub(crate) owner: usize,
    pub(crate) attraction: String,
    pub(crate) code: String,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

/// What was told so far.
#[derive(Default)]
pub(crate) struct Book {
    orders: Mutex<BTreeMap<String, Known>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    guestbook: Mutex<Vec<String>>,
    closed: Mutex<BTreeSet<(String, String)>>,
    scans: Mutex<Vec<Scan>>,
    batches: Mutex<BTreeSet<String>>,
    versions: Mutex<BTreeSet<String>>,
    breaches: Mutex<Vec<String>>,
    waits: Mutex<Vec<u64>>,
    shown: Mutex<BTreeMap<(&'static str, String), Vec<Value>>>,
    notes: Mutex<BTreeMap<&'static str, BTreeSet<String>>>,
    uses: Mutex<BTreeMap<String, Use>>,
    steady: AtomicBool,
}

/// What a run must have done of each app's work: a run in which nobody got through shows nothing.
const DONE: [&str; 23] = [
    "orders",
    "issued",
    "admissions",
    "refunds",
    "goods that were paid for",
    "goods that were confirmed",
    "returns that ended without an arbiter",
    "returns that an arbiter decided twice at once",
    "batches that were found bad while they were sold",
    "groups that formed",
    "groups that failed",
    "claims that were decided twice at once",
    "receipts",
    "loans that were settled",
    "pledges that a gate froze",
    "margin calls",
    "trades that were settled",
    "trades whose flows do not agree",
    "uses that were acknowledged",
    "children who were erased",
    "works that were published",
    "works that were withdrawn",
    "guest book entries",
];

/// A pupil's use of a resource, as their class's device sends it.
#[derive(Clone)]
pub(crate) struct Use {
    pub(crate) sent: Value,
    pub(crate) acknowledged: bool,
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// An order was acknowledged, or more is known of it.
    pub(crate) fn know(&self, order: &str, owner: usize, what: impl FnOnce(&mut Known)) {
        let mut orders = open(&self.orders);
        let known = orders.entry(order.to_owned()).or_insert_with(|| Known { owner, ..Known::default() });
        what(known);
    }

    pub(crate) fn orders(&self) -> BTreeMap<String, Known> {
        open(&self.orders).clone()
    }

    /// A client saw what may never be seen: the next check fails with it.
    pub(crate) fn breach(&self, what: String) {
        open(&self.breaches).push(what);
    }

    pub(crate) fn breaches(&self) -> Vec<String> {
        open(&self.breaches).clone()
    }

    /// A day of an attraction is to be closed: its tickets may be given back from now on.
    pub(crate) fn closes(&self, attraction: &str, date: &str) {
        open(&self.closed).insert((attraction.to_owned(), date.to_owned()));
    }

    pub(crate) fn was_closed(&self, attraction: &str, date: &str) -> bool {
        open(&self.closed).contains(&(attraction.to_owned(), date.to_owned()))
    }

    /// A gate without a network has let somebody in.
    pub(crate) fn scanned(&self, scan: Scan) {
        open(&self.scans).push(scan);
    }

    /// What a gate brings back: scans at one attraction, at most `most`.
    pub(crate) fn take_scans(&self, most: usize) -> Vec<Scan> {
        let mut scans = open(&self.scans);
        let Some(attraction) = scans.first().map(|s| s.attraction.clone()) else { return Vec::new() };
        let mut taken = 0;
        scans
            .extract_if(.., |s| {
                let takes = s.attraction == attraction && taken < most;
                taken += usize::from(takes);
                takes
            })
            .collect()
    }

    /// A gate's batch was acknowledged.
    pub(crate) fn uploaded(&self, batch: String) {
        open(&self.batches).insert(batch);
    }

    pub(crate) fn batches(&self) -> BTreeSet<String> {
        open(&self.batches).clone()
    }

    /// A batch was seen at rest: it need not be looked at again.
    pub(crate) fn settled(&self, batch: &str) {
        open(&self.batches).remove(batch);
    }

    /// The app may be of this version from now on; once that is acknowledged, of no other.
    pub(crate) fn changes_to(&self, version: &str, acknowledged: bool) {
        let mut versions = open(&self.versions);
        if acknowledged {
            versions.clear();
        }
        versions.insert(version.to_owned());
    }

    pub(crate) fn versions(&self) -> BTreeSet<String> {
        open(&self.versions).clone()
    }

    /// An entry in the guest book was acknowledged.
    pub(crate) fn wrote(&self, id: String) {
        open(&self.guestbook).push(id);
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        open(&self.guestbook).clone()
    }

    /// Something of this kind was shown with the states that it has passed: it has passed them for good.
    pub(crate) fn saw(&self, kind: &'static str, what: &Value) {
        let (Some(id), Some(history)) = (what["id"].as_str(), what["history"].as_array()) else {
            return self.breach(format!("a {kind} without an id or a history: {what}"));
        };
        let mut shown = open(&self.shown);
        let known = shown.entry((kind, id.to_owned())).or_default();
        // Answers overtake each other.
        if history.len() > known.len() {
            known.clone_from(history);
        }
    }

    /// What was shown of this kind: by id, the states that it has passed.
    pub(crate) fn shown(&self, kind: &'static str) -> BTreeMap<String, Vec<Value>> {
        let shown = open(&self.shown);
        shown.iter().filter(|((k, _), _)| *k == kind).map(|((_, id), passed)| (id.clone(), passed.clone())).collect()
    }

    /// Something of this kind was acknowledged.
    pub(crate) fn note(&self, kind: &'static str, what: String) {
        open(&self.notes).entry(kind).or_default().insert(what);
    }

    pub(crate) fn noted(&self, kind: &'static str) -> BTreeSet<String> {
        open(&self.notes).get(kind).cloned().unwrap_or_default()
    }

    /// A use is about to be sent.
    pub(crate) fn uses(&self, sent: &Value) {
        if let Some(id) = sent["id"].as_str() {
            open(&self.uses).insert(id.to_owned(), Use { sent: sent.clone(), acknowledged: false });
        }
    }

    /// A use was acknowledged.
    pub(crate) fn used(&self, id: &str) {
        if let Some(known) = open(&self.uses).get_mut(id) {
            known.acknowledged = true;
        }
    }

    pub(crate) fn all_uses(&self) -> BTreeMap<String, Use> {
        open(&self.uses).clone()
    }

    pub(crate) fn count(&self, what: &'static str) {
        *open(&self.counts).entry(what).or_default() += 1;
    }

    /// Whether from now on nothing is killed or upgraded, so that the platform has no reason to fail.
    pub(crate) fn is_steady(&self, steady: bool) {
        self.steady.store(steady, Ordering::Relaxed);
    }

    /// The platform failed to answer. 503 asks to come again, which whoever asked does.
    pub(crate) fn failed(&self, status: u16, text: &str) {
        self.count("answers of 5xx");
        if status != 503 && self.steady.load(Ordering::Relaxed) {
            self.breach(format!("{status} without a reason: {text}"));
        }
    }

    /// What should have been done in the run, and never was.
    pub(crate) fn undone(&self) -> Vec<&'static str> {
        let counts = open(&self.counts);
        DONE.into_iter().filter(|what| !counts.contains_key(what)).collect()
    }

    /// A request was answered after this long.
    pub(crate) fn answered(&self, after: Duration) {
        self.count("answers");
        open(&self.waits).push(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
    }

    /// One line for a round.
    pub(crate) fn line(&self) -> String {
        let counts = open(&self.counts);
        let of = |what: &str| counts.get(what).copied().unwrap_or(0);
        format!("{} answers, {} orders, {} issued so far", of("answers"), of("orders"), of("issued"))
    }

    /// The figures of the whole run.
    pub(crate) fn report(&self, took: Duration) -> String {
        let mut out = format!("after {:.1} minutes:\n", took.as_secs_f64() / 60.0);
        for (what, n) in &*open(&self.counts) {
            // Writing to a string does not fail.
            let _ = writeln!(out, "  {n:>9}  {what}");
        }
        let mut waits = open(&self.waits).clone();
        waits.sort_unstable();
        let at = |share: f64| {
            let place = (waits.len() as f64 * share) as usize;
            waits.get(place.min(waits.len().saturating_sub(1))).map_or(0.0, |us| *us as f64 / 1_000.0)
        };
        let _ = write!(
            out,
            "  answers in ms: median {:.1}, 95 % {:.1}, 99 % {:.1}, slowest {:.0}",
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0)
        );
        out
    }
}
