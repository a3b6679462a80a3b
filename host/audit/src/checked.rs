//! A disclosed record, checked as its reader could: for people who run no program of their own.

use crate::error::AuditError;
use crate::leaf::{Leaf, sha256};
use crate::note::head;
use crate::tree::{leaf_hash, root_by};
use crate::{Audit, Disclosure};
use data_encoding::{BASE64, HEXLOWER};

/// What the check of a disclosed record found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Whether the record is what its leaf commits to.
    pub unchanged: bool,
    /// Whether the leaf is under the root of the checkpoint, and this log signed that; `None` as long as no
    /// checkpoint covers it.
    pub sealed: Option<bool>,
    /// The witnesses whose cosignatures on a tree with this record hold.
    pub witnesses: Vec<String>,
}

impl Audit {
    /// Checks a disclosed record: the commitment, the path to the root, the checkpoint's signature, and
    /// whose cosignatures hold. It is the platform's own word; `yunlong-verify` says the same without it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check(&self, disclosed: &Disclosure) -> Result<Checked, AuditError> {
        let proof = &disclosed.proof;
        let decoded = |text: &str| BASE64.decode(text.as_bytes()).unwrap_or_default();
        let leaf = decoded(&proof.leaf);
        let salt = HEXLOWER.decode(disclosed.opened.salt.as_bytes()).unwrap_or_default();
        let committed = Leaf::parse(&leaf).and_then(|l| l.commitment());
        let unchanged = committed == Some(sha256(&[&salt, &decoded(&disclosed.opened.record)]));
        let sealed = proof.checkpoint.as_deref().map(|note| {
            let path: Option<Vec<_>> = proof.proof.iter().map(|h| decoded(h).try_into().ok()).collect();
            let root = path.and_then(|path| root_by(leaf_hash(&leaf), proof.index, proof.size, &path));
            self.inner.key.signed(note) && root.is_some_and(|root| head(note) == Some((proof.size, root)))
        });
        Ok(Checked { unchanged, sealed, witnesses: self.cosigners(proof.index).await? })
    }

    /// The witnesses who cosigned a tree with the leaf `index`: by the signatures under the newest
    /// checkpoint, and by what they have answered since this process started.
    async fn cosigners(&self, index: u64) -> Result<Vec<String>, AuditError> {
        let newest = self.latest_checkpoint().await?.unwrap_or_default();
        let covers = head(&newest).is_some_and(|(size, _)| size > index);
        let told = self.witnesses();
        let cosigned = self.inner.witnesses.iter().filter(|(key, _)| {
            let under = covers && key.cosignature(&newest, &newest).is_some();
            under || told.iter().any(|t| t.name == key.name && t.cosigned > index)
        });
        Ok(cosigned.map(|(key, _)| key.name.clone()).collect())
    }
}
