//! Commits as bytes. All values are absolute, so that a journal can be replayed from any point
//! before the state that it meets.

use crate::commit::Commit;
use crate::{Key, Seq, StoreError};
use bytes::Bytes;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const COUNTER: u8 = 3;
/// Written by versions that kept a feed of changes; there is nothing to do for it any more.
const TRIM: u8 = 4;

/// Encodes the commits of one group.
pub(super) fn encode(commits: &[Commit]) -> Vec<u8> {
    let mut out = Vec::new();
    for commit in commits {
        out.extend_from_slice(&commit.seq.0.to_be_bytes());
        put_length(&mut out, commit.rows.len() + commit.counters.len());
        for (key, value) in &commit.rows {
            out.push(if value.is_some() { PUT } else { DELETE });
            put_bytes(&mut out, key.as_bytes());
            if let Some(value) = value {
                put_bytes(&mut out, value);
            }
        }
        for (key, value) in &commit.counters {
            out.push(COUNTER);
            put_bytes(&mut out, key.as_bytes());
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
    out
}

/// The commits of one group.
pub(super) fn decode(payload: &[u8]) -> Result<Vec<Commit>, StoreError> {
    // The CRC was right, so this can only be a format that this program does not know.
    commits(payload).ok_or_else(|| StoreError::Corrupt("a commit in the journal has an unknown form".into()))
}

fn commits(payload: &[u8]) -> Option<Vec<Commit>> {
    let mut input = Input(payload);
    let mut commits = Vec::new();
    while !input.is_empty() {
        let mut commit = Commit { seq: Seq(input.number()?), rows: Vec::new(), counters: Vec::new() };
        for _ in 0..input.length()? {
            match input.byte()? {
                PUT => commit.rows.push((input.key()?, Some(Bytes::copy_from_slice(input.bytes()?)))),
                DELETE => commit.rows.push((input.key()?, None)),
                COUNTER => commit.counters.push((input.key()?, input.number()?.cast_signed())),
                TRIM => drop(input.number()?),
                _ => return None,
            }
        }
        commits.push(commit);
    }
    Some(commits)
}

pub(super) fn put_length(out: &mut Vec<u8>, n: usize) {
    // Batches and values have limits far below 4 GiB.
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Bytes that are being parsed.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }

    pub(super) fn key(&mut self) -> Option<Key> {
        Some(Key::from_bytes(self.bytes()?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_come_back() {
        let key = |s: &str| Key::space("s").text(s);
        let commits = vec![
            Commit {
                seq: Seq(7),
                rows: vec![(key("a"), Some(Bytes::from_static(b"value"))), (key("b"), None)],
                counters: vec![(key("c"), -5)],
            },
            Commit { seq: Seq(8), rows: vec![], counters: vec![] },
        ];
        let bytes = encode(&commits);
        assert_eq!(decode(&bytes), Ok(commits));
        assert!(decode(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_journal_of_a_version_that_kept_a_feed_is_still_read() {
        let trim = [&7_u64.to_be_bytes()[..], &1_u32.to_be_bytes(), &[TRIM], &3_u64.to_be_bytes()].concat();
        assert_eq!(decode(&trim), Ok(vec![Commit { seq: Seq(7), rows: vec![], counters: vec![] }]));
    }
}
