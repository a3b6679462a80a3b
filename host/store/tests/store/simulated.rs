//! Files in memory that know what is durable, and what a power cut may leave of them.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use yunlong_store::sled_engine::files::{Files, LogFile};

/// One thing that was asked of the files, in the order of time.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create(usize, String),
    Append(usize, Vec<u8>),
    Sync(usize),
    Rename(String, String),
    Remove(String),
    SyncDir,
    /// A commit was acknowledged: the number that the test gave it.
    Acknowledged(u64),
}

/// A source of choices that can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to `n` - 1, by xorshift.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n.max(1)
    }
}

/// A write that the disk does not take apart.
const SECTOR: usize = 512;

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Clone, Default)]
struct Disk {
    contents: BTreeMap<usize, Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Changes of names since they were durable.
    pending: Vec<Op>,
}

impl Disk {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Append(id, bytes) => self.contents.entry(*id).or_default().bytes.extend_from_slice(bytes),
            Op::Sync(id) => {
                let content = self.contents.entry(*id).or_default();
                content.synced = content.bytes.len();
            }
            Op::SyncDir => {
                self.durable_names = self.names.clone();
                self.pending.clear();
            }
            Op::Acknowledged(_) => {}
            Op::Create(..) | Op::Rename(..) | Op::Remove(_) => {
                change_name(&mut self.names, op);
                self.pending.push(op.clone());
            }
        }
    }

    /// What is left when the power goes: of each change of a name and each unsynced sector, the dice
    /// say whether it reached the disk.
    fn after_power_cut(&self, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.durable_names.clone();
        for op in &self.pending {
            if dice.below(2) == 0 {
                change_name(&mut names, op);
            }
        }
        let mut torn = |content: &Content| {
            let unsynced = content.bytes.len() - content.synced;
            // None of it, all of it, or some; the length may be there without the bytes.
            let length = match dice.below(4) {
                0 => 0,
                1 => unsynced,
                _ => usize::try_from(dice.below(unsynced as u64 + 1)).unwrap(),
            };
            let mut bytes = content.bytes[..content.synced + length].to_vec();
            if dice.below(2) == 0 {
                for sector in bytes[content.synced..].chunks_mut(SECTOR) {
                    match dice.below(4) {
                        0 => sector.fill(0),
                        1 => sector.iter_mut().for_each(|b| *b = b.wrapping_mul(37).wrapping_add(11)),
                        _ => {}
                    }
                }
            }
            bytes
        };
        names.into_iter().map(|(name, id)| (name, torn(&self.contents.get(&id).cloned().unwrap_or_default()))).collect()
    }
}

fn change_name(names: &mut BTreeMap<String, usize>, op: &Op) {
    match op {
        Op::Create(id, name) => {
            names.insert(name.clone(), *id);
        }
        Op::Rename(from, to) => {
            if let Some(id) = names.remove(from) {
                names.insert(to.clone(), id);
            }
        }
        Op::Remove(name) => {
            names.remove(name);
        }
        _ => {}
    }
}

/// What a sync is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    Work,
    Fail,
}

struct State {
    disk: Disk,
    log: Vec<Op>,
    next: usize,
    syncs: Syncs,
}

/// Files in memory whose operations are recorded.
#[derive(Clone)]
pub(crate) struct Simulated(Arc<Mutex<State>>);

impl Simulated {
    /// Files with this content, all durable.
    pub(crate) fn new(content: BTreeMap<String, Vec<u8>>) -> Self {
        let mut disk = Disk::default();
        let mut log = Vec::new();
        for (id, (name, bytes)) in content.into_iter().enumerate() {
            for op in [Op::Create(id, name), Op::Append(id, bytes), Op::Sync(id)] {
                disk.apply(&op);
                log.push(op);
            }
        }
        disk.apply(&Op::SyncDir);
        log.push(Op::SyncDir);
        let next = disk.contents.len();
        Self(Arc::new(Mutex::new(State { disk, log, next, syncs: Syncs::Work })))
    }

    /// What was asked so far.
    pub(crate) fn log(&self) -> Vec<Op> {
        self.0.lock().log.clone()
    }

    pub(crate) fn acknowledged(&self, number: u64) {
        self.record(Op::Acknowledged(number));
    }

    pub(crate) fn set_syncs(&self, syncs: Syncs) {
        self.0.lock().syncs = syncs;
    }

    /// What a power cut now would leave.
    pub(crate) fn after_power_cut(&self, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        self.0.lock().disk.after_power_cut(dice)
    }

    /// The files as they were after these operations, nothing more durable than it was then: what a
    /// process that was killed there leaves to the next.
    pub(crate) fn replayed(ops: &[Op]) -> Self {
        let mut disk = Disk::default();
        for op in ops {
            disk.apply(op);
        }
        let next = disk.contents.keys().last().map_or(0, |id| id + 1);
        Self(Arc::new(Mutex::new(State { disk, log: ops.to_vec(), next, syncs: Syncs::Work })))
    }

    /// Changes the visible bytes of a file.
    pub(crate) fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let id = state.disk.names[name];
        change(&mut state.disk.contents.entry(id).or_default().bytes);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().disk.names.keys().cloned().collect()
    }

    fn record(&self, op: Op) {
        let mut state = self.0.lock();
        state.disk.apply(&op);
        state.log.push(op);
    }
}

struct SimulatedFile(Simulated, usize);

impl LogFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.record(Op::Append(self.1, bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.0.0.lock().syncs == Syncs::Fail {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.0.record(Op::Sync(self.1));
        Ok(())
    }
}

impl Files for Simulated {
    fn create(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let id = {
            let mut state = self.0.lock();
            state.next += 1;
            state.next
        };
        self.record(Op::Create(id, name.to_owned()));
        Ok(Box::new(SimulatedFile(self.clone(), id)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let state = self.0.lock();
        let id = state.disk.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(state.disk.contents.get(id).cloned().unwrap_or_default().bytes)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.record(Op::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.record(Op::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.record(Op::SyncDir);
        Ok(())
    }
}
