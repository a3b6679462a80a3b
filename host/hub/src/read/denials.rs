//! Denials: the first of its kind is in the log before it is answered; more of the same within a minute
//! are counted, and their number is written when the minute is over. A denied call must not be a cheap
//! way to fill the log.
//!
//! What is lost when the platform is killed is at most the number of repetitions of the last minute.

use parking_lot::Mutex;
use std::collections::HashMap;
use yunlong_audit::{Entry, Outcome};
use yunlong_model::Timestamp;

/// How long denials share an entry.
const WINDOW_MILLIS: i64 = 60_000;
/// Different denials of one installation in a minute; further ones share entries about nobody.
const DISTINCT: usize = 300;

/// The denials of the last minute.
#[derive(Default)]
pub(crate) struct Denials(Mutex<State>);

#[derive(Default)]
struct State {
    /// By installation, then by what makes a denial the same.
    of: HashMap<String, HashMap<String, Window>>,
}

struct Window {
    since: Timestamp,
    /// How many came after the first.
    more: u64,
    entry: Entry,
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.since.plus_millis(WINDOW_MILLIS) || now < self.since
    }

    /// The entry that tells how many there were after the first one.
    fn rest(self) -> Option<Entry> {
        let more = self.more;
        (more > 0).then(|| {
            let detail = format!("{}; {more} more of the same within a minute", self.entry.detail);
            Entry { detail, ..self.entry }
        })
    }
}

impl Denials {
    /// What is to be written down now that this denial was met: nothing when it is a repetition.
    pub(crate) fn meet(&self, entry: Entry, now: Timestamp) -> Vec<Entry> {
        let installation = entry.installation.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut state = self.0.lock();
        let windows = state.of.entry(installation).or_default();
        let mut due = Vec::new();
        if windows.len() >= DISTINCT {
            due.extend(close(windows, now));
        }
        let (mut entry, mut same) = (entry, String::new());
        kind(&entry, &mut same);
        if windows.len() >= DISTINCT && !windows.contains_key(&same) {
            // Too many different ones: from here on by their kind alone.
            entry = Entry { about: None, hidden: None, target: String::new(), fields: Vec::new(), ..entry };
            entry.detail.push_str("; one of many");
            same = format!("many\n{}", outcome(&entry));
        }
        match windows.get_mut(&same) {
            Some(window) if !window.is_over(now) => window.more += 1,
            _ => {
                let before = windows.insert(same, Window { since: now, more: 0, entry: entry.clone() });
                due.extend(before.and_then(Window::rest));
                due.push(entry);
            }
        }
        due
    }

    /// The counts of those whose minute is over.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Entry> {
        let mut state = self.0.lock();
        let due = state.of.values_mut().flat_map(|windows| close(windows, now)).collect();
        state.of.retain(|_, windows| !windows.is_empty());
        due
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
fn kind(entry: &Entry, out: &mut String) {
    let about = entry.about.as_ref().map_or("", |p| p.as_str());
    let (dataset, purpose) = (entry.dataset.as_deref().unwrap_or(""), entry.purpose.as_deref().unwrap_or(""));
    for part in [dataset, purpose, outcome(entry), &entry.actor, about, &entry.detail] {
        out.push_str(part);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::{Kind, PersonId};

    fn denial(about: &str) -> Entry {
        Entry {
            installation: Some("tickets".parse().unwrap()),
            about: Some(PersonId::new(about)),
            outcome: Outcome::Denied("row-not-granted".into()),
            ..Entry::new("data.denied", "wang", Kind::Citizen)
        }
    }

    #[test]
    fn repetitions_within_a_minute_are_one_entry_and_then_their_number() {
        let denials = Denials::default();
        assert_eq!(denials.meet(denial("a"), Timestamp(0)), [denial("a")]);
        for at in 1..=7 {
            assert_eq!(denials.meet(denial("a"), Timestamp(at)), []);
        }
        assert_eq!(denials.meet(denial("b"), Timestamp(8)), [denial("b")], "about somebody else");
        assert_eq!(denials.due(Timestamp(59_999)), []);
        let counted = denials.due(Timestamp(60_008));
        assert_eq!(counted.len(), 1, "b had no repetition");
        assert_eq!(counted[0].detail, "; 7 more of the same within a minute");
        assert_eq!(counted[0].about, Some(PersonId::new("a")));
        assert_eq!(denials.meet(denial("a"), Timestamp(60_009)), [denial("a")], "a new minute");
    }

    #[test]
    fn the_number_is_not_lost_when_the_next_one_comes_before_the_clock() {
        let denials = Denials::default();
        denials.meet(denial("a"), Timestamp(0));
        denials.meet(denial("a"), Timestamp(1));
        let due = denials.meet(denial("a"), Timestamp(70_000));
        assert_eq!(due.len(), 2);
        assert!(due[0].detail.contains("1 more"), "{due:?}");
    }

    #[test]
    fn whoever_probes_many_persons_fills_neither_the_log_nor_the_memory() {
        let denials = Denials::default();
        let written: usize = (0..5_000).map(|i| denials.meet(denial(&i.to_string()), Timestamp(i)).len()).sum();
        assert_eq!(written, DISTINCT + 1);
        let counted = denials.due(Timestamp(70_000));
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].about, None);
        assert!(counted[0].detail.contains(&format!("{} more", 5_000 - DISTINCT - 1)), "{}", counted[0].detail);
    }
}
