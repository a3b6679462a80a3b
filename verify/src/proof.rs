//! Single proofs, as the platform serves them in JSON.

use crate::leaf::Leaf;
use crate::note::{Checkpoint, Note, NoteError, VKey};
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
    /// The hashes do not lead to the root.
    #[error("证明不成立 / the proof does not hold")]
    False,
    /// What was opened is not what the leaf commits to.
    #[error("所披露的内容不是该记录所承诺的 / what was disclosed is not what the leaf commits to")]
    Opened,
}

#[derive(Deserialize)]
struct Inclusion {
    index: u64,
    size: u64,
    leaf: String,
    proof: Vec<String>,
    checkpoint: Option<String>,
    opened: Option<Opened>,
}

#[derive(Deserialize)]
struct Opened {
    salt: String,
    record: String,
}

#[derive(Deserialize)]
struct Consistency {
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

/// The checkpoint of `size`: a given one first, since that was kept elsewhere.
fn checkpoint(key: &VKey, size: u64, given: &[Checkpoint], own: Option<&str>) -> Result<Checkpoint, ProofError> {
    if let Some(found) = given.iter().find(|c| c.size == size) {
        return Ok(found.clone());
    }
    let own = Note::parse(own.ok_or(ProofError::NoCheckpoint(size))?)?.checkpoint(key)?;
    if own.size == size { Ok(own) } else { Err(ProofError::NoCheckpoint(size)) }
}

/// Checks a proof of inclusion in JSON, and the record that it discloses, if it does.
///
/// # Errors
/// [`ProofError`].
pub fn inclusion(json: &[u8], key: &VKey, given: &[Checkpoint]) -> Result<Included, ProofError> {
    let proof: Inclusion = serde_json::from_slice(json).map_err(form)?;
    let head = checkpoint(key, proof.size, given, proof.checkpoint.as_deref())?;
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
pub fn consistency(json: &[u8], key: &VKey, given: &[Checkpoint]) -> Result<(u64, u64), ProofError> {
    let proof: Consistency = serde_json::from_slice(json).map_err(form)?;
    let old = match proof.from {
        0 => empty_root(),
        size => checkpoint(key, size, given, proof.checkpoints.0.as_deref())?.root,
    };
    let new = checkpoint(key, proof.to, given, proof.checkpoints.1.as_deref())?.root;
    if continues((proof.from, &old), (proof.to, &new), &hashes(&proof.proof)?) {
        Ok((proof.from, proof.to))
    } else {
        Err(ProofError::False)
    }
}
