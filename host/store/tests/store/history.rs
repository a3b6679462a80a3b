//! Random histories of concurrent transactions, run on sled, on the reference engine, and by a
//! plain map: the engines must agree in everything they answer, and each transaction that commits
//! must have read what it would have read alone at the moment of its commit. One that asks is told before whether
//! it read what was there at one moment.

use crate::{key, options, value};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use yunlong_store::memory::MemoryStore;
use yunlong_store::sled_engine::{SledOptions, SledStore};
use yunlong_store::{CommitError, Direction, Key, KeyRange, Seq, SharedStore, Txn};

/// Transactions that are open at once.
const SLOTS: usize = 3;
const KEYS: u8 = 8;

#[derive(Clone, Debug)]
enum Act {
    Get(u8),
    Scan {
        from: u8,
        to: u8,
        descending: bool,
        limit: usize,
    },
    Put(u8, u16),
    Delete(u8),
    Adjust {
        counter: u8,
        delta: i64,
        min: i64,
        max: i64,
    },
    Append(u8),
    /// Asks whether what was read was so at one moment.
    Moment,
    Commit,
}

#[derive(Clone, Debug)]
enum Step {
    Txn(usize, Act),
    /// Closes and opens the durable engine: in good order, or as after another boot.
    Reopen {
        rebooted: bool,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let k = || 0..KEYS;
    prop_oneof![
        3 => k().prop_map(Act::Get),
        3 => (k(), 0..=KEYS, any::<bool>(), 1_usize..6).prop_map(|(from, to, descending, limit)| Act::Scan { from, to, descending, limit }),
        4 => (k(), prop_oneof![4 => 0_u16..200, 1 => 200_u16..400]).prop_map(|(k, n)| Act::Put(k, n)),
        2 => k().prop_map(Act::Delete),
        2 => (0_u8..2, -4_i64..6, -3_i64..1, 1_i64..8).prop_map(|(counter, delta, min, max)| Act::Adjust { counter, delta, min, max }),
        1 => k().prop_map(Act::Append),
        3 => Just(Act::Moment),
        5 => Just(Act::Commit),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..SLOTS, act()).prop_map(|(slot, act)| Step::Txn(slot, act)),
        1 => any::<bool>().prop_map(|rebooted| Step::Reopen { rebooted }),
    ]
}

fn row(k: u8) -> Key {
    key("row").text(&((b'a' + k) as char).to_string())
}

/// Lengths from nothing over one row of sled to several chunks.
fn body(n: u16) -> Bytes {
    Bytes::from(vec![n as u8; if n < 200 { n.into() } else { usize::from(n) * 500 }])
}

fn range(from: u8, to: u8) -> KeyRange {
    // Also ranges of appended rows: their keys continue those of the rows.
    KeyRange { start: row(from), end: row(to) }
}

type Rows = BTreeMap<Key, Bytes>;

/// What a transaction has seen and written, to be judged at its commit.
#[derive(Default)]
struct Observed {
    acts: Vec<(Act, Vec<(Key, Bytes)>)>,
}

impl Observed {
    /// Whether alone, on `rows`, it would have seen the same.
    fn holds_on(&self, rows: &Rows) -> bool {
        let mut rows = rows.clone();
        self.acts.iter().all(|(act, seen)| match act {
            Act::Get(k) => {
                rows.get_key_value(&row(*k)).map(|(k, v)| (k.clone(), v.clone())).into_iter().collect::<Vec<_>>()
                    == *seen
            }
            Act::Scan { from, to, descending, limit } => {
                let range = range(*from, *to);
                let mut all: Vec<_> =
                    rows.iter().filter(|(k, _)| range.contains(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
                if *descending {
                    all.reverse();
                }
                all.truncate(*limit);
                all == *seen
            }
            other => {
                write(&mut rows, other);
                true
            }
        })
    }

    /// Writes what it wrote.
    fn apply(&self, rows: &mut Rows, counters: &mut BTreeMap<u8, i64>, seq: Seq) {
        let mut appended = 0;
        for (act, _) in &self.acts {
            write(rows, act);
            match act {
                Act::Adjust { counter, delta, .. } => *counters.entry(*counter).or_default() += delta,
                Act::Append(k) => {
                    rows.insert(row(*k).u64(seq.0).u64(appended), value("appended"));
                    appended += 1;
                }
                _ => {}
            }
        }
    }

    /// The first adjustment that leaves its bounds.
    fn is_within_bounds(&self, counters: &BTreeMap<u8, i64>) -> bool {
        let mut counters = counters.clone();
        self.acts.iter().all(|(act, _)| match act {
            Act::Adjust { counter, delta, min, max } => {
                let sum = counters.entry(*counter).or_default();
                *sum += delta;
                (*min..=*max).contains(sum)
            }
            _ => true,
        })
    }
}

fn write(rows: &mut Rows, act: &Act) {
    match act {
        Act::Put(k, n) => {
            rows.insert(row(*k), body(*n));
        }
        Act::Delete(k) => {
            rows.remove(&row(*k));
        }
        _ => {}
    }
}

/// The same store twice, and what must be in it.
struct World {
    sled: Option<SharedStore>,
    memory: SharedStore,
    boot: u32,
    rows: Rows,
    /// The rows before each commit.
    past: Vec<Rows>,
    counters: BTreeMap<u8, i64>,
}

impl World {
    fn sled_options(&self) -> SledOptions {
        SledOptions { boot_id: Some(self.boot.to_string()), ..options() }
    }

    fn open(&mut self, dir: &Path) {
        self.sled = Some(Arc::new(SledStore::open(dir, self.sled_options()).unwrap()));
    }

    fn slots(&self) -> Vec<Slot> {
        let sled = self.sled.clone().unwrap();
        (0..SLOTS).map(|_| Slot::new(&sled, &self.memory)).collect()
    }

    /// Everything that the two engines can be asked.
    async fn compare(&self) {
        let sled = self.sled.as_ref().unwrap();
        let all = Key::space("s").children();
        for dir in [Direction::Ascending, Direction::Descending] {
            let ours = sled.scan(&all, dir, usize::MAX).await.unwrap();
            assert_eq!(ours, self.memory.scan(&all, dir, usize::MAX).await.unwrap());
            let plain: Rows = ours.into_iter().map(|e| (e.key, e.value)).collect();
            assert!(plain == self.rows, "the plain map differs");
        }
        assert_eq!(sled.counters(&all, usize::MAX).await, self.memory.counters(&all, usize::MAX).await);
        assert_eq!(*sled.watch().borrow(), *self.memory.watch().borrow());
    }
}

struct Slot {
    sled: Txn,
    memory: Txn,
    observed: Observed,
}

impl Slot {
    fn new(sled: &SharedStore, memory: &SharedStore) -> Self {
        Self { sled: Txn::new(sled.clone()), memory: Txn::new(memory.clone()), observed: Observed::default() }
    }

    async fn act(&mut self, act: &Act) {
        let mut seen = Vec::new();
        match act {
            Act::Get(k) => {
                let got = self.sled.get(&row(*k)).await.unwrap();
                assert_eq!(got, self.memory.get(&row(*k)).await.unwrap());
                seen.extend(got.map(|v| (row(*k), v)));
            }
            Act::Scan { from, to, descending, limit } => {
                let dir = if *descending { Direction::Descending } else { Direction::Ascending };
                seen = self.sled.scan(&range(*from, *to), dir, *limit).await.unwrap();
                assert_eq!(seen, self.memory.scan(&range(*from, *to), dir, *limit).await.unwrap());
            }
            other => {
                for txn in [&mut self.sled, &mut self.memory] {
                    match other {
                        Act::Put(k, n) => txn.put(row(*k), body(*n)),
                        Act::Delete(k) => txn.delete(row(*k)),
                        Act::Adjust { counter, delta, min, max } => {
                            txn.adjust(key("count").u64((*counter).into()), *delta, *min, *max)
                        }
                        Act::Append(k) => txn.append(row(*k), value("appended")),
                        _ => {}
                    }
                }
            }
        }
        self.observed.acts.push((act.clone(), seen));
    }

    /// On a conflict it need not have read two states: a value may have been written again.
    async fn moment(&mut self, world: &World) {
        let told = self.sled.of_one_moment().await;
        assert_eq!(told, self.memory.of_one_moment().await);
        let once = world.past.iter().chain([&world.rows]).any(|rows| self.observed.holds_on(rows));
        match told {
            Ok(()) => assert!(once, "what it read never was there together"),
            Err(CommitError::Conflict) => assert_eq!(self.sled.validate().await, Err(CommitError::Conflict)),
            Err(e) => panic!("{e}"),
        }
    }

    async fn commit(self, world: &mut World) {
        let outcome = self.sled.commit().await;
        assert_eq!(outcome, self.memory.commit().await);
        let (serial, bounded) = (self.observed.holds_on(&world.rows), self.observed.is_within_bounds(&world.counters));
        match outcome {
            Ok(seq) => {
                assert!(serial, "a commit rests on what was not so any more");
                assert!(bounded, "a counter left its bounds");
                world.past.push(world.rows.clone());
                self.observed.apply(&mut world.rows, &mut world.counters, seq);
            }
            Err(CommitError::OutOfBounds { .. }) => assert!(!bounded),
            // A value that was written again is a conflict too, so `serial` may be true.
            Err(CommitError::Conflict) => {}
            Err(e) => panic!("{e}"),
        }
    }
}

async fn run(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let memory = Arc::new(MemoryStore::new());
    let mut world =
        World { sled: None, memory, boot: 0, rows: Rows::new(), past: Vec::new(), counters: BTreeMap::new() };
    world.open(dir.path());
    let mut slots = world.slots();
    for step in steps {
        match step {
            Step::Txn(slot, Act::Commit) => {
                let fresh = Slot::new(world.sled.as_ref().unwrap(), &world.memory);
                std::mem::replace(&mut slots[slot], fresh).commit(&mut world).await;
            }
            Step::Txn(slot, Act::Moment) => slots[slot].moment(&world).await,
            Step::Txn(slot, act) => slots[slot].act(&act).await,
            Step::Reopen { rebooted } => {
                slots.clear();
                world.sled = None;
                if rebooted {
                    std::fs::write(dir.path().join("state"), "open some other boot").unwrap();
                    world.boot += 1;
                }
                world.open(dir.path());
                world.compare().await;
                slots = world.slots();
            }
        }
    }
    world.compare().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree_and_histories_are_serial(steps in prop::collection::vec(step(), 20..140)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
