//! Single proofs, as the platform serves them in JSON.

use crate::leaf::Leaf;
use crate::note::{Checkpoint, Note, NoteError, VKey, distinct};
use crate::tree::{Hash, continues, empty_root, includes, leaf_hash};
use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;

/// Why a proof does not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not written as proofs are.
    #[error("不是证明文件：{0} / this is no proof: {0}")]
    Form(String),
    /// It names no checkpoint, and none was given.
    #[error(
        "缺少 {0} 条记录的检查点：请用 --checkpoint 提供 / the checkpoint of {0} leaves is missing: give it with --checkpoint"
    )]
    NoCheckpoint(u64),
    /// A checkpoint is not valid.
    #[error("检查点无效：{0} / the checkpoint is not valid: {0}")]
    Checkpoint(#[from] NoteError),
    /// A checkpoint that was kept is not shown to belong to the same log.
    #[error(
        "未证明与所保存的 {kept} 条检查点属于同一日志（证明为 {size} 条）：请在下载地址后加 ?checkpoint={kept} 重新下载 / it is not shown that this proof, of {size} leaves, and the kept checkpoint of {kept} are of one log: download it again with ?checkpoint={kept} behind its address"
    )]
    Unconnected {
        /// The kept checkpoint's size.
        kept: u64,
        /// The proof's.
        size: u64,
    },
    /// The root is not that of a checkpoint that was kept.
    #[error(
        "与所保存的 {0} 条检查点不符：日志被改写 / it does not fit the kept checkpoint of {0} leaves: the log was rewritten"
    )]
    Rewritten(u64),
    /// Not enough witnesses.
    #[error(
        "见证人不足：需要 {wanted} 个共同签名，只有 {found} 个 / too few witnesses: {wanted} cosignatures are wanted, and the checkpoint has {found}"
    )]
    Quorum {
        /// What was wanted.
        wanted: usize,
        /// What there is.
        found: usize,
    },
    /// The hashes do not lead to the root.
    #[error("证明不成立 / the proof does not hold")]
    False,
    /// What was opened is not what the leaf commits to.
    #[error("所披露的内容不是该记录所承诺的 / what was disclosed is not what the leaf commits to")]
    Opened,
}

/// What a proof is held against.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The log's key.
    pub key: VKey,
    /// Witnesses that are trusted.
    pub witnesses: Vec<VKey>,
    /// How many of them must have cosigned the proof's checkpoint. One that is named twice counts once.
    pub quorum: usize,
    /// Checkpoints that were kept elsewhere, signed by the log: the proof must be of their log.
    pub checkpoints: Vec<Checkpoint>,
}

impl Trust {
    /// The key alone: then whoever has it can show anything.
    #[must_use]
    pub fn of(key: VKey) -> Self {
        Self { key, witnesses: Vec::new(), quorum: 0, checkpoints: Vec::new() }
    }

    /// The checkpoint of `size` in a proof: signed, cosigned by the quorum. One that was kept stands in
    /// for it where the proof has none, if no witness is wanted.
    pub(crate) fn checkpoint(&self, size: u64, own: Option<&str>) -> Result<Checkpoint, ProofError> {
        let kept = self.checkpoints.iter().find(|c| c.size == size);
        let Some(own) = own else {
            return match kept {
                Some(kept) if self.quorum == 0 => Ok(kept.clone()),
                _ => Err(ProofError::NoCheckpoint(size)),
            };
        };
        let note = Note::parse(own)?;
        let own = note.checkpoint(&self.key)?;
        if own.size != size {
            return Err(ProofError::NoCheckpoint(size));
        }
        let found = note.cosignatures(&distinct(&self.witnesses))?.len();
        if found < self.quorum {
            return Err(ProofError::Quorum { wanted: self.quorum, found });
        }
        if kept.is_some_and(|kept| kept.root != own.root) { Err(ProofError::Rewritten(size)) } else { Ok(own) }
    }

    /// That every checkpoint that was kept is of the log that has this head.
    pub(crate) fn connected(&self, head: &Checkpoint, consistency: Option<&Consistency>) -> Result<(), ProofError> {
        for kept in self.checkpoints.iter().filter(|kept| kept.size != head.size) {
            let unconnected = || ProofError::Unconnected { kept: kept.size, size: head.size };
            let (old, new) = if kept.size < head.size { (kept, head) } else { (head, kept) };
            let shown = consistency.filter(|c| (c.from, c.to) == (old.size, new.size)).ok_or_else(unconnected)?;
            if !continues((old.size, &old.root), (new.size, &new.root), &hashes(&shown.proof)?) {
                return Err(ProofError::Rewritten(kept.size));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Inclusion {
    index: u64,
    size: u64,
    leaf: String,
    proof: Vec<String>,
    checkpoint: Option<String>,
    opened: Option<Opened>,
    consistency: Option<Consistency>,
}

#[derive(Deserialize)]
struct Opened {
    salt: String,
    record: String,
}

#[derive(Deserialize)]
pub(crate) struct Consistency {
    from: u64,
    to: u64,
    proof: Vec<String>,
    checkpoints: (Option<String>, Option<String>),
}

/// A leaf that is in the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Included {
    /// Its place.
    pub index: u64,
    /// The tree that it was shown to be in.
    pub size: u64,
    /// The leaf.
    pub leaf: String,
    /// The record, when it was disclosed.
    pub record: Option<String>,
}

fn form(e: impl std::fmt::Display) -> ProofError {
    ProofError::Form(e.to_string())
}

fn bytes(text: &str) -> Result<Vec<u8>, ProofError> {
    BASE64.decode(text.as_bytes()).map_err(form)
}

fn hashes(proof: &[String]) -> Result<Vec<Hash>, ProofError> {
    proof.iter().map(|h| bytes(h)?.try_into().map_err(|_| form("a hash has 32 bytes"))).collect()
}

/// Checks a proof of inclusion in JSON, and the record that it discloses, if it does.
///
/// # Errors
/// [`ProofError`].
pub fn inclusion(json: &[u8], trust: &Trust) -> Result<Included, ProofError> {
    let proof: Inclusion = serde_json::from_slice(json).map_err(form)?;
    let head = trust.checkpoint(proof.size, proof.checkpoint.as_deref())?;
    trust.connected(&head, proof.consistency.as_ref())?;
    let leaf = bytes(&proof.leaf)?;
    if !includes(&leaf_hash(&leaf), proof.index, proof.size, &hashes(&proof.proof)?, &head.root) {
        return Err(ProofError::False);
    }
    let mut record = None;
    if let Some(opened) = proof.opened {
        let salt = HEXLOWER.decode(opened.salt.as_bytes()).map_err(form)?;
        let plain = bytes(&opened.record)?;
        let holds = Leaf::parse(&leaf).is_some_and(|l| l.commits_to(&salt, &plain));
        if !holds {
            return Err(ProofError::Opened);
        }
        record = Some(String::from_utf8(plain).map_err(form)?);
    }
    let leaf = String::from_utf8(leaf).map_err(form)?;
    Ok(Included { index: proof.index, size: proof.size, leaf, record })
}

/// Checks a proof of consistency in JSON; answers the two sizes.
///
/// # Errors
/// [`ProofError`].
pub fn consistency(json: &[u8], trust: &Trust) -> Result<(u64, u64), ProofError> {
    let proof: Consistency = serde_json::from_slice(json).map_err(form)?;
    if let Some(kept) = trust.checkpoints.iter().find(|c| c.size != proof.from && c.size != proof.to) {
        return Err(ProofError::Unconnected { kept: kept.size, size: proof.to });
    }
    // The older one may be from before the witnesses.
    let older = Trust { quorum: 0, ..trust.clone() };
    let old = match proof.from {
        0 => empty_root(),
        size => older.checkpoint(size, proof.checkpoints.0.as_deref())?.root,
    };
    let new = trust.checkpoint(proof.to, proof.checkpoints.1.as_deref())?.root;
    if continues((proof.from, &old), (proof.to, &new), &hashes(&proof.proof)?) {
        Ok((proof.from, proof.to))
    } else {
        Err(ProofError::False)
    }
}
