//! A whole export, line by line, twice: first for the leaves that excuse payloads which are gone and for
//! leaves that may be doubled, then for everything. Memory grows by eight bytes a leaf, and with the
//! number of erasures.

use crate::fault::{Fault, What};
use crate::leaf::{Excuse, Leaf, sha256_hex};
use crate::note::{Checkpoint, Note, VKey, distinct};
use crate::time;
use crate::tree::{Hash, Tree, leaf_hash};
use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _, Seek, SeekFrom};

/// A payload of 4 MiB in base64, and its leaf.
const LONGEST_LINE: u64 = 12 << 20;

/// What the log is held against.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The log's key.
    pub key: VKey,
    /// Witnesses that are trusted.
    pub witnesses: Vec<VKey>,
    /// How many of them must have cosigned one checkpoint. One that is named twice counts once.
    pub quorum: usize,
    /// How many leaves may stand behind the newest checkpoint that a quorum cosigned; any number of
    /// them when it is `None`.
    pub within: Option<u64>,
    /// How many minutes later than the cosignatures under that checkpoint a leaf may say that it was
    /// written.
    pub within_minutes: u64,
    /// The shortest time, in days, after which payloads may have expired.
    pub retention_days: u32,
    /// Checkpoints that were kept elsewhere, signed by the log.
    pub checkpoints: Vec<Checkpoint>,
}

impl Expectations {
    /// Nothing but the key: no witness, no checkpoint, a retention of three years.
    #[must_use]
    pub fn of(key: VKey) -> Self {
        let (witnesses, checkpoints) = (Vec::new(), Vec::new());
        Self { key, witnesses, quorum: 0, within: None, within_minutes: 60, retention_days: 1_096, checkpoints }
    }
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;

/// What an export without fault shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Leaves.
    pub leaves: u64,
    /// Checkpoints that are signed.
    pub checkpoints: u64,
    /// How many leaves the newest checkpoint covers that a quorum of witnesses cosigned. 0 without a quorum.
    pub witnessed: u64,
    /// When it was cosigned, in POSIX seconds.
    pub witnessed_at: Option<u64>,
    /// Payloads that are gone, and excused.
    pub gone: u64,
    /// Leaves that an order hid from their persons.
    pub hidden: u64,
    /// The root.
    pub root: Hash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    log: String,
    v: u8,
    origin: String,
    key: String,
    witnesses: Vec<String>,
    size: u64,
    hidden: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafLine {
    index: u64,
    at: (u64, u64),
    leaf: Option<String>,
    hash: Option<String>,
    sealed: Option<String>,
    gone: Option<u64>,
    #[serde(default)]
    unreadable: bool,
    opened: Option<Opened>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    salt: String,
    record: String,
}

/// The lines that are no leaves: one field names the kind.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Other {
    Tile(TileLine),
    Checkpoint(CheckpointLine),
    Damage(DamageLine),
    End(EndLine),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TileLine {
    level: u8,
    n: u64,
    hashes: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointLine {
    size: u64,
    previous: u64,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DamageLine {
    key: String,
    what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    lines: u64,
    sha256: String,
}

/// Reads an export and answers what it shows, or its first fault.
///
/// # Errors
/// The first [`Fault`].
pub fn verify(export: &mut (impl BufRead + Seek), expected: &Expectations) -> Result<Report, Fault> {
    let first = first_reading(export)?;
    export.seek(SeekFrom::Start(0)).map_err(|e| at(1, What::Io(e.to_string())))?;
    Verifier::new(expected, first).run(export)
}

fn at(line: u64, what: What) -> Fault {
    Fault { line, index: None, what }
}

/// The next line with its end; empty at the end of the file.
fn next_line(export: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<(), What> {
    buffer.clear();
    let mut limited = export.take(LONGEST_LINE);
    limited.read_until(b'\n', buffer).map_err(|e| What::Io(e.to_string()))?;
    if buffer.len() as u64 == LONGEST_LINE {
        return Err(What::Line("too long".into()));
    }
    Ok(())
}

/// What the first reading finds. Whether its leaves are in the tree, the second one shows.
#[derive(Default)]
struct First {
    /// The leaves that tell erasures and expiries, by their indexes.
    excuses: BTreeMap<u64, Excuse>,
    /// The beginnings of commitments that stand in more than one leaf.
    doubled: BTreeSet<u64>,
}

/// The beginning of a commitment.
fn beginning(leaf: &Leaf) -> u64 {
    leaf.commitment().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}

fn first_reading(export: &mut impl BufRead) -> Result<First, Fault> {
    let (mut out, mut buffer, mut line) = (First::default(), Vec::new(), 0);
    let mut beginnings = Vec::new();
    loop {
        line += 1;
        next_line(export, &mut buffer).map_err(|what| at(line, what))?;
        if buffer.is_empty() {
            break;
        }
        let Ok(read) = serde_json::from_slice::<LeafLine>(&buffer) else { continue };
        let leaf = read.leaf.and_then(|l| BASE64.decode(l.as_bytes()).ok()).and_then(|l| Leaf::parse(&l));
        let Some(leaf) = leaf else { continue };
        beginnings.push(beginning(&leaf));
        if let Some(excuse) = leaf.excuse() {
            out.excuses.insert(read.index, excuse);
        }
    }
    beginnings.sort_unstable();
    out.doubled = beginnings.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
    Ok(out)
}

struct Verifier<'a> {
    expected: &'a Expectations,
    first: First,
    /// Leaves whose commitment another one may have, by it.
    seen: BTreeMap<String, u64>,
    /// The trusted witnesses, each once.
    witnesses: Vec<VKey>,
    /// The latest time of a leaf behind the newest checkpoint that a quorum cosigned.
    behind: i64,
    tree: Tree,
    report: Report,
    /// Witnesses that the header names: their cosignatures must hold, and prove nothing.
    named: Vec<VKey>,
    header: Option<Header>,
    position: Option<(u64, u64)>,
    /// The last checkpoint's size.
    checkpoint: u64,
    /// The most cosignatures of trusted witnesses under one checkpoint.
    cosigned: usize,
    /// Tiles that must come next: levels.
    due: Vec<u8>,
    /// Incomplete tiles at the end that came.
    partial: u8,
    /// A payload that is gone, and the leaf that does not excuse it: if that leaf was changed, it is the
    /// one to be named.
    unexcused: Option<(Fault, u64)>,
}

impl<'a> Verifier<'a> {
    fn new(expected: &'a Expectations, first: First) -> Self {
        Self {
            expected,
            first,
            seen: BTreeMap::new(),
            witnesses: distinct(&expected.witnesses),
            behind: i64::MIN,
            tree: Tree::default(),
            report: Report::default(),
            named: Vec::new(),
            header: None,
            position: None,
            checkpoint: 0,
            cosigned: 0,
            due: Vec::new(),
            partial: 0,
            unexcused: None,
        }
    }

    fn run(mut self, export: &mut impl BufRead) -> Result<Report, Fault> {
        let (mut buffer, mut number, mut digest) = (Vec::new(), 0, Sha256::new());
        loop {
            number += 1;
            next_line(export, &mut buffer).map_err(|what| at(number, what))?;
            if buffer.last() != Some(&b'\n') {
                return Err(at(number, What::Cut));
            }
            let index = buffer.starts_with(b"{\"index\"").then_some(self.tree.size());
            let end = self.line(number, &buffer).map_err(|what| Fault { line: number, index, what });
            if let Some((fault, excusing)) = self.unexcused.take() {
                match &end {
                    Err(found) if found.index == Some(excusing) => {}
                    Ok(None) if self.tree.size() <= excusing => self.unexcused = Some((fault, excusing)),
                    _ => return Err(fault),
                }
            }
            let end = end?;
            if let Some(end) = end {
                let state = HEXLOWER.encode(&digest.finalize());
                let expected = format!("{{\"end\":{{\"lines\":{},\"sha256\":\"{state}\"}}}}\n", number - 1);
                if end.lines != number - 1 || end.sha256 != state || buffer != expected.as_bytes() {
                    return Err(at(number, What::Digest));
                }
                next_line(export, &mut buffer).map_err(|what| at(number + 1, what))?;
                if !buffer.is_empty() {
                    return Err(at(number + 1, What::Line("behind the end".into())));
                }
                return self.end().map_err(|what| at(number, what));
            }
            digest.update(&buffer);
        }
    }

    /// One line; answers the end when it is that.
    fn line(&mut self, number: u64, line: &[u8]) -> Result<Option<EndLine>, What> {
        if number == 1 {
            return self.header(parse(line)?).map(|()| None);
        }
        if line.starts_with(b"{\"index\"") {
            return self.leaf(number, parse(line)?).map(|()| None);
        }
        match parse(line)? {
            Other::Tile(tile) => self.tile(&tile)?,
            Other::Checkpoint(checkpoint) => self.checkpoint(&checkpoint)?,
            Other::Damage(damage) => return Err(What::Damage { key: damage.key, what: damage.what }),
            Other::End(end) => return Ok(Some(end)),
        }
        Ok(None)
    }

    fn header(&mut self, header: Header) -> Result<(), What> {
        if header.log != "yunlong-audit" || header.v != 1 {
            return Err(What::Line(format!("{} {}", header.log, header.v)));
        }
        if header.origin != self.expected.key.name || header.key != self.expected.key.text() {
            return Err(What::OtherLog(header.origin));
        }
        let named: Result<Vec<_>, _> = header.witnesses.iter().map(|w| VKey::parse(w)).collect();
        self.named = named.map_err(|e| What::Line(e.to_string()))?;
        self.header = Some(header);
        Ok(())
    }

    fn leaf(&mut self, number: u64, line: LeafLine) -> Result<(), What> {
        self.no_tile_due()?;
        let index = self.tree.size();
        if line.index != index {
            return Err(What::Order(index));
        }
        let bytes = decode(line.leaf.as_deref())?.ok_or(What::NoLeaf)?;
        let hash = leaf_hash(&bytes);
        if decode(line.hash.as_deref())?.as_deref() != Some(&hash[..]) {
            return Err(What::Hash);
        }
        if self.position.replace(line.at).is_some_and(|before| before >= line.at) {
            return Err(What::Position);
        }
        let leaf = Leaf::parse(&bytes).ok_or(What::Form)?;
        if self.first.doubled.contains(&beginning(&leaf))
            && let Some(first) = self.seen.insert(leaf.commitment().to_owned(), index)
        {
            return Err(What::Duplicate(first));
        }
        self.payload(number, index, &leaf, &line)?;
        if let Some(opened) = &line.opened {
            let salt = HEXLOWER.decode(opened.salt.as_bytes()).map_err(|_| What::Payload)?;
            let record = decode(Some(&opened.record))?.unwrap_or_default();
            if !leaf.commits_to(&salt, &record) {
                return Err(What::Payload);
            }
        }
        if leaf.expired.as_ref().is_some_and(|e| e.from >= e.to || e.to > index || e.before > leaf.at) {
            return Err(What::Expiry);
        }
        let kept = DAY * i64::from(self.expected.retention_days);
        if leaf.expired.as_ref().is_some_and(|e| leaf.at.saturating_sub(e.before) < kept) {
            return Err(What::TooYoung(self.expected.retention_days));
        }
        self.behind = self.behind.max(leaf.at);
        self.report.hidden += u64::from(leaf.hidden);
        // The tiles of level 0 are the leaves' hashes themselves, so that one is not written again.
        self.due = (1..self.tree.push(hash)).collect();
        self.given_checkpoints()
    }

    /// The payload behind a leaf.
    fn payload(&mut self, number: u64, index: u64, leaf: &Leaf, line: &LeafLine) -> Result<(), What> {
        if let Some(excusing) = line.gone {
            let excused = self.first.excuses.get(&excusing).is_some_and(|e| leaf.is_excused(index, e));
            if !excused && excusing <= index {
                return Err(What::Excuse(excusing));
            }
            if !excused && self.unexcused.is_none() {
                let fault = Fault { line: number, index: Some(index), what: What::Excuse(excusing) };
                self.unexcused = Some((fault, excusing));
            }
        }
        let Some(sealed) = decode(line.sealed.as_deref())? else {
            self.report.gone += 1;
            return if line.gone.is_some() { Ok(()) } else { Err(What::Missing) };
        };
        if leaf.sealed != sha256_hex(&sealed) {
            return Err(What::Payload);
        }
        match (line.unreadable, line.gone) {
            (true, None) => Err(What::Unreadable),
            (false, Some(_)) => Err(What::NotErased),
            _ => Ok(()),
        }
    }

    fn tile(&mut self, line: &TileLine) -> Result<(), What> {
        let wrong = || What::Tile { level: line.level, n: line.n };
        let tile = if self.due.is_empty() {
            // Behind the last leaf: the incomplete ones, from level 1 up.
            let next = (self.partial + 1..8).find(|level| self.tree.partial_tile(*level).is_some());
            self.partial = next.filter(|level| *level == line.level).ok_or_else(wrong)?;
            self.tree.partial_tile(line.level)
        } else {
            if self.due.remove(0) != line.level {
                return Err(wrong());
            }
            self.tree.complete_tile(line.level)
        };
        let (n, hashes) = tile.ok_or_else(wrong)?;
        let given = BASE64.decode(line.hashes.as_bytes()).map_err(|_| wrong())?;
        if n != line.n || given != hashes.concat() {
            return Err(wrong());
        }
        Ok(())
    }

    /// Complete tiles stand behind their last leaf, incomplete ones behind everything.
    fn no_tile_due(&self) -> Result<(), What> {
        if self.partial > 0 {
            return Err(What::Line("behind the incomplete tiles".into()));
        }
        match self.due.first() {
            Some(level) => {
                let n = self.tree.complete_tile(*level).map_or(0, |(n, _)| n);
                Err(What::Tile { level: *level, n })
            }
            None => Ok(()),
        }
    }

    fn checkpoint(&mut self, line: &CheckpointLine) -> Result<(), What> {
        self.no_tile_due()?;
        let size = self.tree.size();
        if line.size != size {
            return Err(What::CheckpointPlace { expected: size, found: line.size });
        }
        if line.previous != self.checkpoint || (size == self.checkpoint && size > 0) {
            return Err(What::CheckpointMissing { stated: line.previous, found: self.checkpoint });
        }
        let note = Note::parse(&line.note).map_err(What::Checkpoint)?;
        let checkpoint = note.checkpoint(&self.expected.key).map_err(What::Checkpoint)?;
        if checkpoint.size != size {
            return Err(What::CheckpointPlace { expected: size, found: checkpoint.size });
        }
        if checkpoint.root != self.tree.root() {
            return Err(What::Root { size, since: self.checkpoint });
        }
        for witness in &self.named {
            note.signed_by(witness).map_err(What::Checkpoint)?;
        }
        let times = note.cosignatures(&self.witnesses).map_err(What::Checkpoint)?;
        self.cosigned = self.cosigned.max(times.len());
        // As many witnesses as are wanted have cosigned it then, or later.
        if let Some(time) = self.expected.quorum.checked_sub(1).and_then(|n| times.get(n)) {
            (self.report.witnessed, self.report.witnessed_at) = (size, Some(*time));
            self.behind = i64::MIN;
        }
        self.checkpoint = size;
        self.report.checkpoints += 1;
        Ok(())
    }

    /// What was kept elsewhere of a tree of this size.
    fn given_checkpoints(&self) -> Result<(), What> {
        let size = self.tree.size();
        let mut given = self.expected.checkpoints.iter().filter(|c| c.size == size).peekable();
        // The root is worked out when somebody asks for it.
        if given.peek().is_some() {
            let root = self.tree.root();
            if given.any(|c| c.root != root) {
                return Err(What::Rewritten(size));
            }
        }
        Ok(())
    }

    /// That the newest checkpoint with a quorum covers the log, but for what may stand behind it.
    fn is_witnessed(&self, size: u64) -> Result<(), What> {
        let Expectations { quorum, within, within_minutes, .. } = self.expected;
        if *quorum == 0 {
            return Ok(());
        }
        let Some(time) = self.report.witnessed_at.filter(|_| self.cosigned >= *quorum) else {
            return Err(What::Quorum { wanted: *quorum, found: self.cosigned });
        };
        let covered = self.report.witnessed;
        let minutes = MINUTE.saturating_mul(i64::try_from(*within_minutes).unwrap_or(i64::MAX));
        let latest = i64::try_from(time).unwrap_or(i64::MAX).saturating_mul(1_000).saturating_add(minutes);
        if within.is_some_and(|within| size - covered > within) || self.behind > latest {
            return Err(What::Unwitnessed { covered, size, at: time::text(time) });
        }
        Ok(())
    }

    fn end(mut self) -> Result<Report, What> {
        if self.partial == 0 {
            self.no_tile_due()?;
        }
        let size = self.tree.size();
        let Some(header) = &self.header else { return Err(What::Cut) };
        if let Some(level) = (self.partial + 1..8).find(|level| self.tree.partial_tile(*level).is_some()) {
            return Err(What::Tile { level, n: self.tree.partial_tile(level).map_or(0, |(n, _)| n) });
        }
        if header.size != size {
            return Err(What::Count("记录 / leaves"));
        }
        if header.hidden != self.report.hidden {
            return Err(What::Count("隐藏记录 / hidden leaves"));
        }
        if let Some(given) = self.expected.checkpoints.iter().map(|c| c.size).max().filter(|given| *given > size) {
            return Err(What::Shorter { given, size });
        }
        if self.checkpoint != size {
            return Err(What::Unsigned(self.checkpoint));
        }
        self.is_witnessed(size)?;
        self.report.leaves = size;
        self.report.root = self.tree.root();
        Ok(self.report)
    }
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, What> {
    serde_json::from_slice(line).map_err(|e| What::Line(e.to_string()))
}

fn decode(text: Option<&str>) -> Result<Option<Vec<u8>>, What> {
    let decoded = text.map(|t| BASE64.decode(t.as_bytes())).transpose();
    decoded.map_err(|e| What::Line(e.to_string()))
}
