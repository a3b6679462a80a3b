//! Denials: the first of its kind is in the log before it is answered; more of the same within a minute
//! are counted, and their number is written when the minute is over. A denied call must not be a cheap
//! way to fill the log.
//!
//! The same are denials of one caller, about one person, record and set of fields: what was tried stands in
//! the log whole, and nobody is denied something about a person without an entry about that person. One
//! that repeats another is answered when that one's entry is on stable storage, not before.
//!
//! What is lost when the platform is killed is at most the number of repetitions of the last minute.

use crate::Hub;
use parking_lot::Mutex;
use std::collections::HashMap;
use tokio::sync::watch;
use yunlong_audit::{Entry, Outcome};
use yunlong_model::{InstallationName, PersonId, Timestamp};

/// How long denials share an entry.
const WINDOW_MILLIS: i64 = 60_000;
/// Different denials of one installation in a minute whose repetitions are counted. Of further ones, those
/// about somebody are written one by one, as reads are, and those about nobody share entries.
const DISTINCT: usize = 2_000;

/// How the entry that counts repetitions ends; before it stands their number.
const MORE: &str = " more of the same within a minute";

/// The denials of the last minute.
#[derive(Default)]
pub(crate) struct Denials(Mutex<State>);

#[derive(Default)]
struct State {
    /// By installation, then by what makes a denial the same.
    of: HashMap<String, HashMap<String, Window>>,
    /// Counts that were due and could not be written.
    left: Vec<Entry>,
}

struct Window {
    since: Timestamp,
    /// How many came after the first.
    more: u64,
    entry: Entry,
    /// Whether the first is on stable storage.
    written: watch::Receiver<bool>,
}

/// What becomes of a denial.
pub(crate) enum Met {
    /// It is to be written.
    First(First),
    /// It repeats another.
    Repeated(Written),
}

/// A denial that is to be written, with the counts that are due. Dropped without [`First::settle`], it
/// was not: then the next of its kind is the first one.
pub(crate) struct First {
    pub(crate) due: Vec<Entry>,
    written: watch::Sender<bool>,
}

/// A denial that may still be on its way to the log.
pub(crate) struct Written(watch::Receiver<bool>);

impl First {
    pub(crate) fn settle(self) {
        self.written.send_replace(true);
    }
}

impl Written {
    /// Answers when it is written; `false` when it will not be.
    pub(crate) async fn written(mut self) -> bool {
        self.0.wait_for(|written| *written).await.is_ok()
    }
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.since.plus_millis(WINDOW_MILLIS) || now < self.since
    }

    /// Whether its first denial was not written, and will not be.
    fn is_void(&self) -> bool {
        !*self.written.borrow() && self.written.has_changed().is_err()
    }

    /// The entry that tells how many there were after the first one.
    fn rest(self) -> Option<Entry> {
        // Those who repeated what was not written try again themselves.
        let more = if self.is_void() { 0 } else { self.more };
        (more > 0).then(|| {
            let detail = format!("{}; {more}{MORE}", self.entry.detail);
            Entry { detail, ..self.entry }
        })
    }
}

impl Denials {
    /// What is to be done about this denial.
    pub(crate) fn meet(&self, entry: Entry, now: Timestamp) -> Met {
        let installation = entry.installation.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut state = self.0.lock();
        let windows = state.of.entry(installation).or_default();
        let mut due = Vec::new();
        if windows.len() >= DISTINCT {
            due.extend(close(windows, now));
        }
        let (mut same, mut entry) = (kind(&entry), entry);
        let (sender, written) = watch::channel(false);
        if windows.len() >= DISTINCT && !windows.contains_key(&same) {
            if entry.about.is_some() {
                due.push(entry);
                return Met::First(First { due, written: sender });
            }
            // Too many different ones: from here on by their outcome alone.
            entry = Entry { target: String::new(), fields: Vec::new(), ..entry };
            entry.detail.push_str("; one of many");
            same = format!("many\n{}", outcome(&entry));
        }
        match windows.get_mut(&same) {
            Some(window) if !window.is_over(now) && !window.is_void() => {
                window.more += 1;
                Met::Repeated(Written(window.written.clone()))
            }
            _ => {
                let window = Window { since: now, more: 0, entry: entry.clone(), written };
                due.extend(windows.insert(same, window).and_then(Window::rest));
                due.push(entry);
                Met::First(First { due, written: sender })
            }
        }
    }

    /// The counts of those whose minute is over.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Entry> {
        let mut state = self.0.lock();
        let mut due = std::mem::take(&mut state.left);
        due.extend(state.of.values_mut().flat_map(|windows| close(windows, now)));
        state.of.retain(|_, windows| !windows.is_empty());
        due
    }

    /// Ends the minute of an installation's denials, of those about these persons where some are named.
    /// Answers the counts that are due by that.
    fn anew(&self, installation: &InstallationName, about: Option<&[PersonId]>) -> Vec<Entry> {
        let mut state = self.0.lock();
        let Some(windows) = state.of.get_mut(installation.as_str()) else { return Vec::new() };
        let is_one = |w: &Window| about.is_none_or(|all| w.entry.about.as_ref().is_some_and(|p| all.contains(p)));
        windows.extract_if(|_, w| is_one(w)).filter_map(|(_, w)| w.rest()).collect()
    }

    /// Takes counts back that could not be written.
    pub(crate) fn keep(&self, counts: Vec<Entry>) {
        self.0.lock().left.extend(counts);
    }
}

impl Hub {
    /// What denials of an installation rest on was taken back: by these persons, or, where none are named, by
    /// those who gave it. The next denial of each kind has an entry of its own, however lately there was one
    /// like it. What was counted until now is written down first; where that fails, with the next counts.
    pub async fn denies_anew(&self, installation: &InstallationName, about: Option<&[PersonId]>) {
        let denials = &self.inner.sharing.denials;
        let due = denials.anew(installation, about);
        if !due.is_empty() && self.inner.audit.record(due.clone()).await.is_err() {
            denials.keep(due);
        }
    }

    /// How many more of the same an entry stands for; `None` for one that stands for itself.
    #[must_use]
    pub fn repetitions(entry: &Entry) -> Option<u64> {
        entry.detail.strip_suffix(MORE)?.rsplit("; ").next()?.parse().ok()
    }
}

fn close(windows: &mut HashMap<String, Window>, now: Timestamp) -> Vec<Entry> {
    let over: Vec<String> = windows.iter().filter(|(_, w)| w.is_over(now)).map(|(k, _)| k.clone()).collect();
    over.iter().filter_map(|k| windows.remove(k)).filter_map(Window::rest).collect()
}

fn outcome(entry: &Entry) -> &str {
    match &entry.outcome {
        Outcome::Denied(code) => code,
        Outcome::Answered => "",
    }
}

/// What makes two denials the same.
fn kind(entry: &Entry) -> String {
    let about = entry.about.as_ref().map_or("", |p| p.as_str());
    let (dataset, purpose) = (entry.dataset.as_deref().unwrap_or(""), entry.purpose.as_deref().unwrap_or(""));
    let fields = entry.fields.join(",");
    let mut out = String::new();
    for part in [dataset, purpose, outcome(entry), &entry.actor, about, &entry.target, &fields, &entry.detail] {
        out.push_str(part);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Kind;

    fn denial(about: &str) -> Entry {
        Entry {
            installation: Some("tickets".parse().unwrap()),
            about: (!about.is_empty()).then(|| PersonId::new(about)),
            outcome: Outcome::Denied("row-not-granted".into()),
            ..Entry::new("data.denied", "wang", Kind::Citizen)
        }
    }

    /// What is written at once, successfully.
    fn met(denials: &Denials, entry: Entry, at: i64) -> Vec<Entry> {
        match denials.meet(entry, Timestamp(at)) {
            Met::First(first) => {
                let due = first.due.clone();
                first.settle();
                due
            }
            Met::Repeated(_) => Vec::new(),
        }
    }

    #[test]
    fn repetitions_within_a_minute_are_one_entry_and_then_their_number() {
        let denials = Denials::default();
        assert_eq!(met(&denials, denial("a"), 0), [denial("a")]);
        for at in 1..=7 {
            assert_eq!(met(&denials, denial("a"), at), []);
        }
        assert_eq!(met(&denials, denial("b"), 8), [denial("b")], "about somebody else");
        assert_eq!(denials.due(Timestamp(59_999)), []);
        let counted = denials.due(Timestamp(60_008));
        assert_eq!(counted.len(), 1, "b had no repetition");
        assert_eq!(counted[0].detail, "; 7 more of the same within a minute");
        assert_eq!((Hub::repetitions(&counted[0]), Hub::repetitions(&denial("a"))), (Some(7), None));
        assert_eq!(counted[0].about, Some(PersonId::new("a")));
        assert_eq!(met(&denials, denial("a"), 60_009), [denial("a")], "a new minute");
    }

    #[test]
    fn what_was_tried_stands_in_the_log_whole() {
        let denials = Denials::default();
        let name = Entry { fields: vec!["name".into()], ..denial("a") };
        let mobile = Entry { fields: vec!["mobile".into()], ..denial("a") };
        let other = Entry { target: "r-2".into(), ..name.clone() };
        for entry in [name, mobile, other] {
            assert_eq!(met(&denials, entry.clone(), 1), [entry], "another field or record is another denial");
        }
    }

    #[test]
    fn what_is_denied_after_something_was_taken_back_repeats_nothing_from_before() {
        let (denials, tickets) = (Denials::default(), "tickets".parse().unwrap());
        let (a, b) = (PersonId::new("a"), PersonId::new("b"));
        for at in 0..3 {
            met(&denials, denial("a"), at);
            met(&denials, denial("b"), at);
        }
        assert!(denials.anew(&"parks".parse().unwrap(), None).is_empty(), "another app's");
        let counted = denials.anew(&tickets, Some(std::slice::from_ref(&a)));
        assert_eq!(counted.iter().map(Hub::repetitions).collect::<Vec<_>>(), [Some(2)]);
        assert_eq!(counted[0].about, Some(a));
        assert_eq!(met(&denials, denial("a"), 4), [denial("a")], "an entry of its own, within the minute");
        assert_eq!(met(&denials, denial("b"), 4), [], "of somebody else nothing was taken back");
        let counted = denials.anew(&tickets, None);
        assert_eq!(counted.iter().map(|e| e.about.clone()).collect::<Vec<_>>(), [Some(b)], "of all");
        assert_eq!(met(&denials, denial("b"), 5), [denial("b")]);
    }

    #[test]
    fn the_number_is_not_lost_when_the_next_one_comes_before_the_clock_or_the_log_fails() {
        let denials = Denials::default();
        met(&denials, denial("a"), 0);
        met(&denials, denial("a"), 1);
        let due = met(&denials, denial("a"), 70_000);
        assert_eq!(due.len(), 2);
        assert!(due[0].detail.contains("1 more"), "{due:?}");
        met(&denials, denial("a"), 70_001);
        let due = denials.due(Timestamp(140_000));
        denials.keep(due.clone());
        assert_eq!(denials.due(Timestamp(140_001)), due);
        assert_eq!(denials.due(Timestamp(140_002)), []);
    }

    #[tokio::test]
    async fn a_repetition_waits_for_the_first_and_takes_its_place_when_that_fails() {
        let denials = Denials::default();
        let Met::First(first) = denials.meet(denial("a"), Timestamp(0)) else { panic!("the first") };
        let Met::Repeated(second) = denials.meet(denial("a"), Timestamp(1)) else { panic!("a repetition") };
        let waits = tokio::spawn(second.written());
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "the first is not on stable storage yet");
        first.settle();
        assert!(waits.await.unwrap());
        let Met::First(fails) = denials.meet(denial("b"), Timestamp(2)) else { panic!("the first") };
        let Met::Repeated(after) = denials.meet(denial("b"), Timestamp(3)) else { panic!("a repetition") };
        drop(fails);
        assert!(!after.written().await);
        let Met::First(again) = denials.meet(denial("b"), Timestamp(4)) else { panic!("takes its place") };
        assert_eq!(again.due, [denial("b")]);
    }

    #[test]
    fn whoever_probes_many_persons_is_seen_by_each_of_them_and_fills_no_memory() {
        let denials = Denials::default();
        let many = DISTINCT + 3_000;
        let written: Vec<Entry> = (0..many).flat_map(|i| met(&denials, denial(&i.to_string()), 1)).collect();
        assert_eq!(written.len(), many);
        assert!(written.iter().enumerate().all(|(i, e)| e.about == Some(PersonId::new(i.to_string()))));
        // What is about nobody tells nobody anything, and is counted by its outcome.
        let nobody = |i: usize| Entry { detail: format!("get {i}"), ..denial("") };
        let written: usize = (0..5_000).map(|i| met(&denials, nobody(i), 2).len()).sum();
        assert_eq!(written, 1);
        assert_eq!(denials.0.lock().of.values().map(HashMap::len).sum::<usize>(), DISTINCT + 1);
        let counted = denials.due(Timestamp(70_000));
        assert_eq!(counted.len(), 1);
        assert!(counted[0].detail.contains("4999 more"), "{}", counted[0].detail);
    }
}
