//! The export: the whole log as JSON Lines, for `yunlong-verify`.
//!
//! In this order: a header; each leaf with its hash and its payload, if that is still there; behind the
//! leaves that complete them, the tiles above level 0 and the checkpoints; the tiles that are incomplete;
//! an end with the digest of all lines before. The exporter hides nothing and repairs nothing: what it cannot
//! find, it leaves out, and the verifier names it.
//!
//! A row that does not fit the rest, or cannot be followed (the state, a pointer, a tag that is another's), is
//! a line of its own wherever it is met, `{"damage":{"key":…,"what":…}}`: its key in hexadecimal, and why. The
//! export goes on behind it with what there is. To the verifier each such line is a fault.

use crate::error::AuditError;
use crate::export_checks::Sources;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer, row_parts, who};
use crate::serve::{Opened, checkpoint_parts};
use crate::state::Expiry;
use crate::tree::{Edge, TILE};
use crate::{Audit, Inner, SALT, keys, payload_key, payload_place};
use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use yunlong_store::{Direction, Key};

/// What an export holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportOptions {
    /// Also the records themselves, opened: for those who may read them all. Without it an export holds
    /// commitments and sealed payloads, and nothing that anybody can read.
    pub opened: bool,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Leaves.
    pub leaves: u64,
    /// Lines.
    pub lines: u64,
    /// What in the store does not fit together, and is named in the export.
    pub damages: u64,
}

/// A leaf's line.
#[derive(Serialize)]
struct Line {
    index: u64,
    /// Commit and place, which rise from leaf to leaf.
    at: (u64, u64),
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    /// The leaf of the erasure or expiry that excuses a payload which is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<u64>,
    /// The payload is there, and its person's key does not open it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<Opened>,
}

/// Writes lines and counts what it writes.
pub(crate) struct Lines<'a> {
    out: &'a mut (dyn Write + Send),
    digest: Sha256,
    count: u64,
    damages: u64,
}

impl Lines<'_> {
    fn line<T: Serialize>(&mut self, value: &T) -> Result<(), AuditError> {
        let failed = |e: String| AuditError::Write(e);
        let mut text = serde_json::to_vec(value).map_err(|e| failed(e.to_string()))?;
        text.push(b'\n');
        self.digest.update(&text);
        self.count += 1;
        self.out.write_all(&text).map_err(|e| failed(e.to_string()))
    }

    /// Something in the store that does not fit the rest.
    pub(crate) fn damage(&mut self, key: &Key, what: &str) -> Result<(), AuditError> {
        self.damages += 1;
        self.line(&json!({ "damage": { "key": HEXLOWER.encode(key.as_bytes()), "what": what } }))
    }

    fn end(self) -> Result<Exported, AuditError> {
        let Self { out, digest, count, damages } = self;
        let end: Value = json!({ "end": { "lines": count, "sha256": HEXLOWER.encode(&digest.finalize()) } });
        writeln!(out, "{end}").and_then(|()| out.flush()).map_err(|e| AuditError::Write(e.to_string()))?;
        Ok(Exported { leaves: 0, lines: count + 1, damages })
    }
}

impl Audit {
    /// Writes the log, as it stands now, as JSON Lines. Where the store was tampered with, the export
    /// goes on and shows it: even without a state, from the newest checkpoint.
    ///
    /// # Errors
    /// When the store fails, or what is written is not taken.
    pub async fn export(&self, out: &mut (dyn Write + Send), options: ExportOptions) -> Result<Exported, AuditError> {
        let inner = &*self.inner;
        let _quiet = inner.exporting.read().await;
        // An erasure whose leaf is not in the tree yet would look like a payload that is missing.
        let stuck = match self.sequence_once().await {
            Ok(_) => None,
            Err(AuditError::Damaged(why)) => Some(why),
            Err(e) => return Err(e),
        };
        let (state, lost) = inner.state_or_rest().await?;
        let mut lines = Lines { out, digest: Sha256::new(), count: 0, damages: 0 };
        lines.line(&json!({
            "log": "yunlong-audit", "v": 1, "origin": self.origin(), "key": self.vkey(),
            "witnesses": inner.config.vkeys, "size": state.size, "hidden": state.hidden,
        }))?;
        if let Some(why) = &lost {
            lines.damage(&keys::state(), &format!("it is not told where the log stands: {why}"))?;
        }
        let expired = match inner.expired().await {
            Err(AuditError::Damaged(why)) => {
                lines.damage(&keys::expired(), &why)?;
                // What each expiry says is looked at all the same.
                u64::MAX
            }
            other => other?,
        };
        let mut sources = Sources::new(&state);
        let mut checkpoints = Checkpoints::default();
        checkpoints.emit(inner, &mut lines, 0).await?;
        for n in 0..state.size.div_ceil(TILE as u64) {
            let first = n * TILE as u64;
            let wanted = (state.size - first).min(TILE as u64) as usize;
            let hashes = inner.store.get(&keys::tile(0, n)).await?.map(|v| v.value).unwrap_or_default();
            let pointers = inner.store.get(&keys::pointers(n)).await?.map(|v| v.value).unwrap_or_default();
            let pointers = Pointer::read_each(&pointers);
            if pointers.contains(&None) {
                lines.damage(&keys::pointers(n), "not all in this row leads to leaves")?;
            }
            for i in 0..wanted {
                let index = first + i as u64;
                let hash = hashes.get(i * 32..(i + 1) * 32).map(|h| BASE64.encode(h));
                let mut line = match pointers.get(i).and_then(Option::as_ref) {
                    Some(pointer) => {
                        inner.leaf_line(index, pointer, &mut sources, expired, options, &mut lines).await?
                    }
                    None => Line::missing(index, Position::default()),
                };
                line.hash = hash;
                lines.line(&line)?;
                inner.complete_tiles(index + 1, &mut lines).await?;
                checkpoints.emit(inner, &mut lines, index + 1).await?;
            }
        }
        inner.partial_tiles(state.size, &mut lines).await?;
        sources.finish(inner, &mut lines).await?;
        inner.check_rest(&state, &mut lines).await?;
        if !inner.keeps_retention().await? {
            lines.damage(&keys::retention(), "the row of the retention is gone, or was changed")?;
        }
        if let (Some(why), None) = (&stuck, &lost) {
            lines.damage(&keys::state(), &format!("the log does not grow: {why}"))?;
        }
        checkpoints.finish(inner, &mut lines, state.size).await?;
        Ok(Exported { leaves: state.size, ..lines.end()? })
    }
}

impl Line {
    fn missing(index: u64, at: Position) -> Self {
        Self {
            index,
            at: (at.seq, at.place),
            leaf: None,
            hash: None,
            sealed: None,
            gone: None,
            unreadable: false,
            opened: None,
        }
    }
}

impl Inner {
    async fn expired(&self) -> Result<u64, AuditError> {
        match self.store.get(&keys::expired()).await? {
            Some(found) => Ok(self.read_under_hash::<Expiry>(&keys::expired(), &found.value)?.to),
            None => Ok(0),
        }
    }

    async fn leaf_line(
        &self,
        index: u64,
        pointer: &Pointer,
        sources: &mut Sources,
        expired: u64,
        options: ExportOptions,
        lines: &mut Lines<'_>,
    ) -> Result<Line, AuditError> {
        let mut line = Line::missing(index, pointer.position);
        let Some((row, value)) = sources.take(self, pointer, lines).await? else { return Ok(line) };
        let Some(parts) = row_parts(self.secrets.rows.as_slice(), pointer.book, &value) else {
            lines.damage(&row, "this is no leaf's row")?;
            return Ok(line);
        };
        if !parts.ours {
            lines.damage(&row, "the leaf's row was changed: its keyed hash is not the log's")?;
        }
        let (tag, leaf) = (parts.tag, parts.leaf);
        line.leaf = Some(BASE64.encode(leaf));
        let parsed = Leaf::parse(leaf);
        let commitment = parsed.as_ref().and_then(Leaf::commitment);
        if let (Some(parsed), Some(commitment)) = (&parsed, &commitment)
            && parsed.who != who(&tag, commitment)
        {
            lines.damage(&row, "the tag before the leaf is not the one of whom it is about")?;
        }
        if let Some(what) = self.untold(line.index, parsed.as_ref(), expired).await? {
            lines.damage(&row, what)?;
        }
        let tag = HEXLOWER.encode(&tag);
        let erased = self.store.get(&keys::erased(&tag)).await?;
        let erased = erased.and_then(|v| v.value.as_ref().try_into().ok().map(u64::from_be_bytes));
        let sealed = self.store.get(&payload_key(&tag, *pointer)).await?.map(|v| v.value);
        line.gone = match erased {
            Some(leaf) => Some(leaf),
            None if sealed.is_none() && line.index < expired => self.excuse(line.index).await?,
            None => None,
        };
        if let Some(sealed) = &sealed {
            line.sealed = Some(BASE64.encode(sealed));
            let plain = match (self.people.stored_under(&tag).await, commitment) {
                (Ok(Some((person, _))), Some(commitment)) => {
                    person.keys.open(&payload_place(&tag, &commitment), sealed).ok()
                }
                _ => None,
            };
            line.unreadable = plain.is_none();
            if let (true, Some((salt, record))) =
                (options.opened, plain.as_ref().and_then(|p| p.split_at_checked(SALT)))
            {
                line.opened = Some(Opened { salt: HEXLOWER.encode(salt), record: BASE64.encode(record) });
            }
        }
        Ok(line)
    }

    /// What an erasure or expiry tells must be found where the host looks for it.
    async fn untold(&self, index: u64, leaf: Option<&Leaf>, expired: u64) -> Result<Option<&'static str>, AuditError> {
        let Some(leaf) = leaf else { return Ok(None) };
        let row = match (&leaf.erased, &leaf.expired) {
            (Some(tag), _) => keys::erased(tag),
            (None, Some(range)) if range.to > expired => return Ok(Some("the row of what has expired is gone")),
            (None, Some(range)) => keys::expiry(range.to),
            (None, None) => return Ok(None),
        };
        let found = self.store.get(&row).await?.map(|v| v.value);
        let told = found.is_some_and(|v| v.as_ref() == index.to_be_bytes());
        Ok((!told).then_some("the row that leads to this erasure or expiry is gone"))
    }

    /// The tiles above level 0 that are complete with the leaf before `size`.
    async fn complete_tiles(&self, size: u64, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        let mut unit = (TILE * TILE) as u64;
        for level in 1.. {
            if size == 0 || !size.is_multiple_of(unit) {
                return Ok(());
            }
            self.tile_line(level, size / unit - 1, TILE, lines).await?;
            let Some(next) = unit.checked_mul(TILE as u64) else { return Ok(()) };
            unit = next;
        }
        Ok(())
    }

    async fn partial_tiles(&self, size: u64, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        for (level, n, width) in Edge::shape(size).skip(1).filter(|(_, _, width)| *width > 0) {
            self.tile_line(level, n, width, lines).await?;
        }
        Ok(())
    }

    async fn tile_line(&self, level: u8, n: u64, width: usize, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        let found = self.store.get(&keys::tile(level, n)).await?.map(|v| v.value).unwrap_or_default();
        // While the export runs, an incomplete tile may have grown.
        let hashes = found.get(..(width * 32).min(found.len())).unwrap_or_default();
        lines.line(&json!({ "tile": { "level": level, "n": n, "hashes": BASE64.encode(hashes) } }))
    }
}

/// The stored checkpoints, in order.
#[derive(Default)]
struct Checkpoints {
    next: u64,
    waiting: std::collections::VecDeque<(u64, u64, String)>,
    done: bool,
}

impl Checkpoints {
    async fn fill(&mut self, inner: &Inner, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        while self.waiting.is_empty() && !self.done {
            let mut range = keys::checkpoints().children();
            if self.next > 0 {
                range.start = keys::checkpoint(self.next);
            }
            let rows = inner.store.scan(&range, Direction::Ascending, 200).await?;
            self.done = rows.is_empty();
            for row in rows {
                let Some(size) = keys::checkpoint_size(&row.key) else {
                    lines.damage(&row.key, "this is no checkpoint's place")?;
                    self.done = true;
                    continue;
                };
                self.next = size.saturating_add(1);
                if inner.read_checkpoint(size, &row.value).is_err() {
                    lines.damage(&row.key, "the checkpoint was changed")?;
                }
                // It is exported all the same: what it says may be good evidence.
                if let Some((previous, _, note)) = checkpoint_parts(&row.value) {
                    self.waiting.push_back((size, previous, note.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// The checkpoints of trees up to `size`.
    async fn emit(&mut self, inner: &Inner, lines: &mut Lines<'_>, size: u64) -> Result<(), AuditError> {
        self.fill(inner, lines).await?;
        while self.waiting.front().is_some_and(|(at, _, _)| *at <= size) {
            if let Some((at, previous, note)) = self.waiting.pop_front() {
                lines.line(&json!({ "checkpoint": { "size": at, "previous": previous, "note": note } }))?;
            }
            self.fill(inner, lines).await?;
        }
        Ok(())
    }

    /// Those of larger trees than there is: not those that were signed while the export ran.
    async fn finish(&mut self, inner: &Inner, lines: &mut Lines<'_>, size: u64) -> Result<(), AuditError> {
        loop {
            self.fill(inner, lines).await?;
            let Some((at, previous, note)) = self.waiting.pop_front() else { return Ok(()) };
            if at <= size || at > inner.state_or_rest().await?.0.size {
                lines.line(&json!({ "checkpoint": { "size": at, "previous": previous, "note": note } }))?;
            }
        }
    }
}

impl Inner {
    /// The leaf of the expiry that names this one.
    async fn excuse(&self, index: u64) -> Result<Option<u64>, AuditError> {
        let mut range = keys::expiries().children();
        range.start = keys::expiry(index.saturating_add(1));
        let found = self.store.scan(&range, Direction::Ascending, 1).await?;
        Ok(found.first().and_then(|e| e.value.as_ref().try_into().ok().map(u64::from_be_bytes)))
    }
}
