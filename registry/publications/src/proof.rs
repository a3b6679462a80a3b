//! The proof of publication: that a package was published by a key, approved by a reviewer of another
//! organization, and not yanked, as of a checkpoint of the log. `yunlong-verify publication` checks it with no
//! code of the platform.
//!
//! It holds three entries of the log with their proofs of inclusion: the publication, the approval, and the
//! log's last word about all versions, whose tree of states the package's own state is shown to be in. *Not
//! yanked* therefore holds up to that entry, whose time the verifier tells; [`Publications::attest`] keeps it
//! fresh.

use crate::error::PublicationError;
use crate::events::{Event, Leaf};
use crate::keys;
use crate::release::{KeptSignature, Release};
use crate::service::Publications;
use crate::state_tree;
use data_encoding::BASE64;
use serde::Serialize;
use yunlong_audit::{AuditError, ConsistencyProof};
use yunlong_model::Digest;
use yunlong_registry::TrustedKey;
use yunlong_store::{CommitError, Txn};

/// How often a proof is begun again when something changes under it.
const ATTEMPTS: usize = 8;

/// The proof, as `yunlong-verify publication` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicationProof {
    /// 1.
    pub v: u8,
    /// The package.
    pub digest: Digest,
    /// The checkpoint that all entries are under, signed by the log and whoever cosigned it.
    pub checkpoint: String,
    /// That its tree continues the one of a checkpoint that the reader kept, or the other way round; only when
    /// they asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyProof>,
    /// The entry of the publication.
    pub published: Shown,
    /// The entry of the approval.
    pub approved: Shown,
    /// The log's last entry about versions and keys.
    pub state: Shown,
    /// What it said of this version.
    pub status: StatusProof,
    /// The signature, to be checked against the key that the entries name.
    pub signature: KeptSignature,
}

/// An entry of the log, opened, with its proof of inclusion: as `yunlong-verify inclusion` takes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The leaf's place.
    pub index: u64,
    /// The tree's size.
    pub size: u64,
    /// The leaf, in base64.
    pub leaf: String,
    /// The path, in base64.
    pub proof: Vec<String>,
    /// What the leaf commits to.
    pub opened: Opened,
}

/// What a leaf commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// In lower-case hexadecimal.
    pub salt: String,
    /// In base64.
    pub record: String,
}

/// A version's state in the tree of all versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusProof {
    /// Its place.
    pub slot: u64,
    /// The tree's size.
    pub size: u64,
    /// The state, in base64 of JSON.
    pub record: String,
    /// The path, in base64.
    pub proof: Vec<String>,
}

impl Publications {
    /// Proves that a package was published and approved, under the log's newest checkpoint that the witnesses
    /// have cosigned. Of a version that was yanked meanwhile the proof itself says so. Who has `kept` a
    /// checkpoint of some size gets the proof that the two trees belong to one log.
    ///
    /// # Errors
    /// [`PublicationError::NotApproved`]; [`PublicationError::NotYetInTheLog`] within the second after a change;
    /// when the store or the log fails.
    pub async fn prove(&self, digest: &Digest, kept: Option<u64>) -> Result<PublicationProof, PublicationError> {
        let inner = &self.inner;
        inner.settle().await?;
        for _ in 0..ATTEMPTS {
            let mut txn = Txn::new(inner.store.clone());
            let gathered = self.gather(&mut txn, digest).await?;
            match txn.validate().await {
                Ok(_) => {}
                Err(CommitError::Conflict) => continue,
                Err(e) => return Err(e.into()),
            }
            let Gathered { published, approved, state, status, signature } = gathered;
            // The newest of the three: what its checkpoint is over, the others are under as well.
            let newest = match inner.audit.disclose(state.index, kept).await {
                Err(AuditError::NotFound(_)) => return Err(PublicationError::NotYetInTheLog),
                newest => newest?,
            };
            let size = newest.proof.size;
            let checkpoint = newest.proof.checkpoint.ok_or(PublicationError::NotYetInTheLog)?;
            return Ok(PublicationProof {
                v: 1,
                digest: *digest,
                published: self.shown(&published, size).await?,
                approved: self.shown(&approved, size).await?,
                state: self.shown(&state, size).await?,
                checkpoint,
                consistency: newest.consistency,
                status,
                signature,
            });
        }
        Err(PublicationError::NotYetInTheLog)
    }

    /// What of the proof is in the store, in one state of it.
    async fn gather(&self, txn: &mut Txn, digest: &Digest) -> Result<Gathered, PublicationError> {
        let release: Release =
            txn.get_as(&keys::release(digest)).await?.ok_or(PublicationError::NoSuchPackage(*digest))?;
        let approval = release.approval.as_ref().ok_or(PublicationError::NotApproved(*digest))?;
        let newest = self.inner.newest_event(txn).await?;
        let published = event(txn, release.published_event).await?;
        let approved = event(txn, approval.event).await?;
        let state = event(txn, newest).await?;
        let key: Option<TrustedKey> = txn.get_as(&keys::key(&release.key)).await?;
        let record = release.status_record(key.as_ref()).bytes();
        let status = StatusProof {
            slot: release.slot,
            size: state_tree::root(txn).await?.size,
            record: BASE64.encode(&record),
            proof: state_tree::path(txn, release.slot).await?.iter().map(|h| BASE64.encode(h)).collect(),
        };
        let signature = txn.get_as(&keys::signature(digest)).await?;
        let signature = signature.ok_or(PublicationError::NoSuchPackage(*digest))?;
        Ok(Gathered { published, approved, state, status, signature })
    }

    async fn shown(&self, leaf: &Leaf, size: u64) -> Result<Shown, PublicationError> {
        if leaf.index >= size {
            return Err(PublicationError::NotYetInTheLog);
        }
        let proof = self.inner.audit.inclusion_proof(leaf.index, size).await?;
        let opened = Opened { salt: leaf.salt.clone(), record: leaf.record.clone() };
        Ok(Shown { index: proof.index, size: proof.size, leaf: proof.leaf, proof: proof.proof, opened })
    }
}

struct Gathered {
    published: Leaf,
    approved: Leaf,
    state: Leaf,
    status: StatusProof,
    signature: KeptSignature,
}

async fn event(txn: &mut Txn, number: u64) -> Result<Leaf, PublicationError> {
    let event: Option<Event> = txn.get_as(&keys::event(number)).await?;
    event.and_then(|e| e.leaf).ok_or(PublicationError::NotYetInTheLog)
}
