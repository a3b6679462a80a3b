//! Which delivery may start next: order within a key, fairness between installations.
//!
//! Plain data without store or clock. A *lane* is what must stay in order: the events of one key,
//! one event without a key, or one job. Only the head of a lane can run.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::Key;

/// What must stay in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lane {
    /// Events of one key.
    Key(String),
    /// An event without a key: its row.
    Row(Key),
    /// A job.
    Job(String),
}

/// A row that waits in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) row: Key,
    /// Failed attempts so far.
    pub(crate) failures: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Runnable,
    Running,
    Backoff(Timestamp),
}

#[derive(Debug)]
struct Queued {
    items: VecDeque<Item>,
    state: State,
}

/// The lanes of one installation.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<Lane, Queued>,
    /// Lanes whose head may start, in the order in which they became so.
    runnable: VecDeque<Lane>,
    backoff: BTreeSet<(Timestamp, Lane)>,
    pending: usize,
    running: usize,
    parked: Option<Timestamp>,
}

impl Lanes {
    /// Adds a row behind those of its lane; `not_before` is when a head that has failed comes
    /// again.
    pub(crate) fn push(&mut self, lane: Lane, item: Item, not_before: Option<Timestamp>) {
        self.pending += 1;
        if let Some(queued) = self.lanes.get_mut(&lane) {
            queued.items.push_back(item);
            return;
        }
        let state = match not_before {
            Some(at) => {
                self.backoff.insert((at, lane.clone()));
                State::Backoff(at)
            }
            None => {
                self.runnable.push_back(lane.clone());
                State::Runnable
            }
        };
        self.lanes.insert(lane, Queued { items: VecDeque::from([item]), state });
    }

    /// Has a lane in backoff come again at `at`, if that is sooner; answers whether it is.
    pub(crate) fn sooner(&mut self, lane: &Lane, at: Timestamp) -> bool {
        let Some(queued) = self.lanes.get_mut(lane) else { return false };
        let State::Backoff(until) = queued.state else { return false };
        if at >= until {
            return false;
        }
        self.backoff.remove(&(until, lane.clone()));
        self.backoff.insert((at, lane.clone()));
        queued.state = State::Backoff(at);
        true
    }

    /// Whether a lane holds anything.
    pub(crate) fn holds(&self, lane: &Lane) -> bool {
        self.lanes.contains_key(lane)
    }

    /// Rows that are held, those under way included.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// Deliveries under way.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Lanes that could start now.
    pub(crate) fn runnable(&self) -> usize {
        self.runnable.len()
    }

    /// Whether the queue rests.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.is_some()
    }

    /// Lets the queue rest until `until`.
    pub(crate) fn park(&mut self, until: Timestamp) {
        self.parked = Some(until);
    }

    /// Ends the rest.
    pub(crate) fn unpark(&mut self) {
        self.parked = None;
    }

    /// Moves lanes whose time has come.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        if self.parked.is_some_and(|until| until <= now) {
            self.parked = None;
        }
        while self.backoff.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, lane)) = self.backoff.pop_first() {
                if let Some(queued) = self.lanes.get_mut(&lane) {
                    queued.state = State::Runnable;
                }
                self.runnable.push_back(lane);
            }
        }
    }

    /// When [`Lanes::advance`] next has something to do.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        match self.parked {
            // Whatever else falls due cannot start before.
            Some(until) => Some(until),
            None => self.backoff.first().map(|(at, _)| *at),
        }
    }

    /// Takes the head of the lane that has been runnable for longest.
    pub(crate) fn start(&mut self) -> Option<(Lane, Item)> {
        if self.parked.is_some() {
            return None;
        }
        let lane = self.runnable.pop_front()?;
        let queued = self.lanes.get_mut(&lane)?;
        queued.state = State::Running;
        let item = queued.items.front()?.clone();
        self.running += 1;
        Some((lane, item))
    }

    /// The head is gone: the next row of the lane becomes the head.
    pub(crate) fn finish(&mut self, lane: &Lane) {
        self.running = self.running.saturating_sub(1);
        self.pending = self.pending.saturating_sub(1);
        let Some(queued) = self.lanes.get_mut(lane) else { return };
        queued.items.pop_front();
        if queued.items.is_empty() {
            self.lanes.remove(lane);
        } else {
            queued.state = State::Runnable;
            self.runnable.push_back(lane.clone());
        }
    }

    /// The head stays and comes again at `until`; `failed` when that counts as an attempt.
    pub(crate) fn again(&mut self, lane: &Lane, until: Option<Timestamp>, failed: bool) {
        self.running = self.running.saturating_sub(1);
        let Some(queued) = self.lanes.get_mut(lane) else { return };
        if failed && let Some(head) = queued.items.front_mut() {
            head.failures = head.failures.saturating_add(1);
        }
        match until {
            Some(at) => {
                queued.state = State::Backoff(at);
                self.backoff.insert((at, lane.clone()));
            }
            None => {
                queued.state = State::Runnable;
                // It was the oldest and stays so.
                self.runnable.push_front(lane.clone());
            }
        }
    }
}

/// All installations, and whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) lanes: BTreeMap<InstallationName, Lanes>,
    turns: VecDeque<InstallationName>,
}

impl Turns {
    /// The lanes of an installation, which takes part from now on.
    pub(crate) fn of(&mut self, installation: &InstallationName) -> &mut Lanes {
        if !self.lanes.contains_key(installation) {
            self.turns.push_back(installation.clone());
        }
        self.lanes.entry(installation.clone()).or_default()
    }

    /// Starts the next delivery: round robin over the installations that have something runnable
    /// and fewer than `per_installation` deliveries under way.
    pub(crate) fn start(&mut self, per_installation: usize) -> Option<(InstallationName, Lane, Item)> {
        for _ in 0..self.turns.len() {
            let name = self.turns.pop_front()?;
            let started = self.lanes.get_mut(&name).filter(|l| l.running() < per_installation).and_then(Lanes::start);
            self.turns.push_back(name.clone());
            if let Some((lane, item)) = started {
                return Some((name, lane, item));
            }
        }
        None
    }

    /// Moves everything whose time has come.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        for lanes in self.lanes.values_mut() {
            lanes.advance(now);
        }
    }

    /// When [`Turns::advance`] next has something to do.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.lanes.values().filter_map(Lanes::next_time).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(s: &str) -> InstallationName {
        s.parse().unwrap()
    }

    fn item(n: u64) -> Item {
        Item { row: Key::space("q").u64(n), failures: 0 }
    }

    fn lane(s: &str) -> Lane {
        Lane::Key(s.into())
    }

    #[test]
    fn only_the_head_of_a_key_runs() {
        let mut lanes = Lanes::default();
        lanes.push(lane("a"), item(1), None);
        lanes.push(lane("a"), item(2), None);
        assert_eq!(lanes.start(), Some((lane("a"), item(1))));
        assert_eq!(lanes.start(), None);
        lanes.finish(&lane("a"));
        assert_eq!(lanes.start(), Some((lane("a"), item(2))));
        lanes.finish(&lane("a"));
        assert_eq!((lanes.pending(), lanes.running(), lanes.holds(&lane("a"))), (0, 0, false));
    }

    #[test]
    fn a_key_in_backoff_waits_and_other_keys_go_on() {
        let mut lanes = Lanes::default();
        lanes.push(lane("a"), item(1), None);
        lanes.push(lane("a"), item(2), None);
        lanes.push(lane("b"), item(3), None);
        lanes.start();
        lanes.again(&lane("a"), Some(Timestamp(100)), true);
        assert_eq!(lanes.start(), Some((lane("b"), item(3))));
        assert_eq!(lanes.start(), None);
        assert_eq!(lanes.next_time(), Some(Timestamp(100)));
        lanes.advance(Timestamp(99));
        assert_eq!(lanes.start(), None);
        lanes.advance(Timestamp(100));
        assert_eq!(lanes.start(), Some((lane("a"), Item { failures: 1, ..item(1) })));
    }

    #[test]
    fn a_lane_in_backoff_can_come_sooner_and_no_other() {
        let mut lanes = Lanes::default();
        lanes.push(lane("a"), item(1), None);
        assert!(!lanes.sooner(&lane("a"), Timestamp(1)), "it is runnable");
        lanes.start();
        assert!(!lanes.sooner(&lane("a"), Timestamp(1)), "it runs");
        lanes.again(&lane("a"), Some(Timestamp(100)), true);
        assert!(!lanes.sooner(&lane("a"), Timestamp(100)) && !lanes.sooner(&lane("b"), Timestamp(1)));
        assert!(lanes.sooner(&lane("a"), Timestamp(10)));
        assert_eq!(lanes.next_time(), Some(Timestamp(10)));
        lanes.advance(Timestamp(10));
        assert!(lanes.start().is_some());
        assert_eq!(lanes.next_time(), None);
    }

    #[test]
    fn a_parked_installation_starts_nothing_until_its_time() {
        let mut lanes = Lanes::default();
        lanes.push(lane("a"), item(1), None);
        lanes.park(Timestamp(50));
        assert_eq!(lanes.start(), None);
        assert_eq!(lanes.next_time(), Some(Timestamp(50)));
        lanes.advance(Timestamp(50));
        assert!(lanes.start().is_some());
    }

    #[test]
    fn a_flooded_installation_takes_no_more_than_its_turn() {
        let mut turns = Turns::default();
        for n in 0..1_000 {
            turns.of(&name("flooded")).push(Lane::Row(Key::space("q").u64(n)), item(n), None);
        }
        for n in 0..3 {
            turns.of(&name("quiet")).push(Lane::Row(Key::space("q").u64(n)), item(n), None);
        }
        let order: Vec<String> = (0..6).filter_map(|_| turns.start(100)).map(|(n, _, _)| n.to_string()).collect();
        assert_eq!(order, ["flooded", "quiet", "flooded", "quiet", "flooded", "quiet"]);
    }

    #[test]
    fn an_installation_has_at_most_its_share_under_way() {
        let mut turns = Turns::default();
        for n in 0..10 {
            turns.of(&name("a")).push(Lane::Row(Key::space("q").u64(n)), item(n), None);
        }
        assert!(turns.start(2).is_some());
        let (_, second, _) = turns.start(2).unwrap();
        assert_eq!(turns.start(2), None);
        turns.of(&name("a")).finish(&second);
        assert!(turns.start(2).is_some());
    }
}
