//! The proof of publication: a package was published by a key, approved by somebody of another organization,
//! and not yanked, as of a checkpoint.
//!
//! What is checked, and against what:
//! - three entries of the log are in the tree of one checkpoint that the log signed;
//! - the first two tell the publication and the approval of this very digest, in this order, and that whoever
//!   approved it is not of the vendor's organization;
//! - the third is the log's word about all versions at its time: the root of their tree, to which this
//!   version's state leads, and that state is `approved`;
//! - the signature over the digest is by the key that the entries name.
//!
//! That the log's word is no older than its reader allows is [`Publication::fresh`]'s question.

use crate::leaf::Leaf;
use crate::note::Checkpoint;
use crate::proof::{Consistency, ProofError, Trust};
use crate::signer::{self, SignerError};
use crate::time;
use crate::tree::{Hash, includes, leaf_hash};
use data_encoding::{BASE64, HEXLOWER};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The largest proof that is read: three entries, a manifest, paths.
const LONGEST: usize = 4 * 1024 * 1024;

/// Why a proof does not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicationFault {
    /// It is not written as such proofs are.
    #[error("不是发布证明：{0} / this is no proof of publication: {0}")]
    Form(String),
    /// Its checkpoint does not stand: it is forged, too few witnesses cosigned it, or it is of another log
    /// than a checkpoint that was kept.
    #[error(transparent)]
    Head(#[from] ProofError),
    /// An entry is not in the log.
    #[error("“{0}”这条记录不在日志中 / the entry `{0}` is not in the log")]
    NotIncluded(&'static str),
    /// What was opened is not what the leaf commits to.
    #[error("“{0}”所披露的内容不是该记录所承诺的 / what `{0}` discloses is not what its leaf commits to")]
    Opened(&'static str),
    /// An entry tells something else.
    #[error(
        "“{entry}”这条记录的 {field} 是“{found}”，应为“{wanted}” / {field} of the entry `{entry}` is `{found}`, not `{wanted}`"
    )]
    Differs {
        /// The entry.
        entry: &'static str,
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        wanted: String,
    },
    /// The entries stand in an order that cannot be.
    #[error("记录的先后次序不对：{0} / the entries are in a wrong order: {0}")]
    Order(&'static str),
    /// The reviewer belongs to the vendor.
    #[error("审核人与开发商同属一个单位（{0}）/ the reviewer belongs to the vendor's organization ({0})")]
    OwnWork(String),
    /// The version's state does not lead to the root that the log names.
    #[error("版本状态不在日志所述的状态树中 / the version's state is not in the tree that the log names")]
    State,
    /// The version is in another state.
    #[error("该版本当前状态为“{0}”，不是 approved / the version is in the state `{0}`, not approved")]
    Status(String),
    /// It is a proof, of another package: who answers with another one's proof is not believed.
    #[error(
        "这份证明说的是 {found}，不是 {wanted}：请下载所问安装包的证明 / this is the proof of {found}, not of {wanted}: download the proof of the package that you ask about"
    )]
    OtherPackage {
        /// Whose proof it is.
        found: String,
        /// Whose was asked for.
        wanted: String,
    },
    /// The log's last word about the version is old: what was yanked since would not show.
    #[error(
        "证明只说到 {at}，此后可能已下架：请重新下载证明，或用 --max-age 放宽 / the proof tells nothing after {at}, and it may have been yanked since: download it anew, or allow more by --max-age"
    )]
    Stale {
        /// Up to when it tells.
        at: String,
    },
    /// The log's word is from a time that has not come.
    #[error(
        "日志记录的时间 {at} 尚未到来：请核对本机时间 / the log's word is of {at}, which has not come: check this machine's clock"
    )]
    Early {
        /// Its time.
        at: String,
    },
    /// The signature does not hold.
    #[error("签名不成立：{0} / the signature does not hold: {0}")]
    Signature(#[from] SignerError),
}

use PublicationFault as Fault;

#[derive(Deserialize)]
struct Proof {
    v: u8,
    digest: String,
    checkpoint: String,
    consistency: Option<Consistency>,
    published: Shown,
    approved: Shown,
    state: Shown,
    status: Status,
    signature: signer::Signature,
}

#[derive(Deserialize)]
struct Shown {
    index: u64,
    size: u64,
    leaf: String,
    proof: Vec<String>,
    opened: Opened,
}

#[derive(Deserialize)]
struct Opened {
    salt: String,
    record: String,
}

#[derive(Deserialize)]
struct Status {
    slot: u64,
    size: u64,
    record: String,
    proof: Vec<String>,
}

#[derive(Deserialize)]
struct Record {
    at: i64,
    entry: Entry,
}

/// Of an entry of the log, what is looked at.
#[derive(Deserialize)]
struct Entry {
    action: String,
    actor: String,
    organization: Option<String>,
    #[serde(default)]
    target: String,
    outcome: serde_json::Value,
    #[serde(default)]
    detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    digest: String,
    app: String,
    version: String,
    vendor: String,
    vendor_organization: String,
    key: String,
}

#[derive(Deserialize)]
struct WithState {
    state: Root,
}

#[derive(Deserialize)]
struct Root {
    size: u64,
    root: String,
}

#[derive(Deserialize)]
struct StatusRecord {
    v: u8,
    digest: String,
    app: String,
    version: String,
    vendor: String,
    key: String,
    status: String,
    reviewer: Option<String>,
}

/// What a proof shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Publication {
    /// The package.
    pub digest: String,
    /// The app.
    pub app: String,
    /// Its version.
    pub version: String,
    /// The vendor.
    pub vendor: String,
    /// The vendor's organization.
    pub vendor_organization: String,
    /// The key that signed it.
    pub key: String,
    /// When it was published: POSIX milliseconds, by the log.
    pub published_at: i64,
    /// Who approved it.
    pub reviewer: String,
    /// The reviewer's organization.
    pub reviewer_organization: String,
    /// When.
    pub approved_at: i64,
    /// Up to when it was not yanked: the time of the log's word about all versions.
    pub standing_at: i64,
    /// The leaves of the checkpoint.
    pub size: u64,
}

/// How far the log's clock may be ahead of the reader's.
const AHEAD_MS: i64 = 600_000;

impl Publication {
    /// Whether this is about the package `digest` (`sha256:` and 64 hexadecimal digits, as installations name it).
    ///
    /// # Errors
    /// [`PublicationFault::OtherPackage`].
    pub fn about(&self, digest: &str) -> Result<(), PublicationFault> {
        if self.digest == digest {
            return Ok(());
        }
        let wanted = digest.chars().filter(|c| !c.is_control()).take(120).collect();
        Err(Fault::OtherPackage { found: self.digest.clone(), wanted })
    }

    /// Whether the log's last word about the version is no older than `max_age_ms` at `now`, in POSIX milliseconds.
    /// A proof that somebody kept holds for ever, and says nothing of a yank that came after it.
    ///
    /// # Errors
    /// [`PublicationFault::Stale`]; [`PublicationFault::Early`] where a later date would have it look fresh.
    pub fn fresh(&self, now: i64, max_age_ms: i64) -> Result<(), PublicationFault> {
        let at = || time::text(self.standing_at.unsigned_abs() / 1_000);
        if self.standing_at > now.saturating_add(AHEAD_MS) {
            return Err(Fault::Early { at: at() });
        }
        if now.saturating_sub(self.standing_at) > max_age_ms {
            return Err(Fault::Stale { at: at() });
        }
        Ok(())
    }
}

fn form(e: impl std::fmt::Display) -> Fault {
    Fault::Form(e.to_string())
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    BASE64.decode(text.as_bytes()).map_err(form)
}

fn hashes(proof: &[String]) -> Result<Vec<Hash>, Fault> {
    proof.iter().map(|h| bytes(h)?.try_into().map_err(|_| form("a hash has 32 bytes"))).collect()
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(json).map_err(form)
}

/// Checks a proof against the log's key, the witnesses, and checkpoints that were kept elsewhere: it must be of
/// their log.
///
/// # Errors
/// The first [`PublicationFault`].
pub fn publication(json: &[u8], trust: &Trust) -> Result<Publication, PublicationFault> {
    if json.len() > LONGEST {
        return Err(form(format!("more than {LONGEST} bytes")));
    }
    let proof: Proof = read(json)?;
    if proof.v != 1 {
        return Err(form(format!("version {}", proof.v)));
    }
    let head = trust.checkpoint(proof.state.size, Some(&proof.checkpoint))?;
    trust.connected(&head, proof.consistency.as_ref())?;
    let published = entry("published", &proof.published, &head)?;
    let approved = entry("approved", &proof.approved, &head)?;
    let state = entry("state", &proof.state, &head)?;
    for (name, record, action) in
        [("published", &published, "registry.published"), ("approved", &approved, "registry.approved")]
    {
        same(name, "action", &record.entry.action, action)?;
        same(name, "target", &record.entry.target, &proof.digest)?;
    }
    if !state.entry.action.starts_with("registry.") {
        return Err(differs("state", "action", &state.entry.action, "registry.…"));
    }
    if proof.published.index >= proof.approved.index {
        return Err(Fault::Order("approved before it was published"));
    }
    if proof.state.index < proof.approved.index {
        return Err(Fault::Order("the state is older than the approval"));
    }
    let about = agree(&proof.digest, &published, &approved)?;
    let reviewer_organization = approved.entry.organization.clone().unwrap_or_default();
    if reviewer_organization.is_empty() || reviewer_organization == about.vendor_organization {
        return Err(Fault::OwnWork(reviewer_organization));
    }
    standing(&proof.status, &state, &about, &approved.entry.actor)?;
    proof.signature.check(&proof.digest, &about.key)?;
    Ok(Publication {
        digest: proof.digest,
        app: about.app,
        version: about.version,
        vendor: about.vendor,
        vendor_organization: about.vendor_organization,
        key: about.key,
        published_at: published.at,
        reviewer: approved.entry.actor,
        reviewer_organization,
        approved_at: approved.at,
        standing_at: state.at,
        size: head.size,
    })
}

/// An entry that is in the log under this checkpoint, opened.
fn entry(name: &'static str, shown: &Shown, head: &Checkpoint) -> Result<Record, Fault> {
    let leaf = bytes(&shown.leaf)?;
    let included = includes(&leaf_hash(&leaf), shown.index, head.size, &hashes(&shown.proof)?, &head.root);
    if shown.size != head.size || !included {
        return Err(Fault::NotIncluded(name));
    }
    let salt = HEXLOWER.decode(shown.opened.salt.as_bytes()).map_err(form)?;
    let record = bytes(&shown.opened.record)?;
    if !Leaf::parse(&leaf).is_some_and(|l| l.commits_to(&salt, &record)) {
        return Err(Fault::Opened(name));
    }
    let record: Record = read(&record)?;
    if record.entry.outcome != "answered" {
        return Err(differs(name, "outcome", &record.entry.outcome.to_string(), "answered"));
    }
    Ok(record)
}

/// What the publication and the approval both say.
fn agree(digest: &str, published: &Record, approved: &Record) -> Result<About, Fault> {
    let first: About = read(published.entry.detail.as_bytes())?;
    let second: About = read(approved.entry.detail.as_bytes())?;
    same("published", "digest", &first.digest, digest)?;
    for (field, found, wanted) in [
        ("digest", &second.digest, digest),
        ("app", &second.app, &first.app),
        ("version", &second.version, &first.version),
        ("vendor", &second.vendor, &first.vendor),
        ("vendorOrganization", &second.vendor_organization, &first.vendor_organization),
        ("key", &second.key, &first.key),
    ] {
        same("approved", field, found, wanted)?;
    }
    Ok(first)
}

/// The version's state, in the tree that the log names.
fn standing(status: &Status, state: &Record, about: &About, reviewer: &str) -> Result<(), Fault> {
    let WithState { state: Root { size, root } } = read(state.entry.detail.as_bytes())?;
    let root: Hash =
        HEXLOWER.decode(root.as_bytes()).map_err(form)?.try_into().map_err(|_| form("a root has 32 bytes"))?;
    let record = bytes(&status.record)?;
    if status.size != size || !includes(&leaf_hash(&record), status.slot, size, &hashes(&status.proof)?, &root) {
        return Err(Fault::State);
    }
    let record: StatusRecord = read(&record)?;
    if record.v != 1 {
        return Err(form(format!("a state of version {}", record.v)));
    }
    for (field, found, wanted) in [
        ("digest", &record.digest, &about.digest),
        ("app", &record.app, &about.app),
        ("version", &record.version, &about.version),
        ("vendor", &record.vendor, &about.vendor),
        ("key", &record.key, &about.key),
    ] {
        same("status", field, found, wanted)?;
    }
    if record.status != "approved" {
        return Err(Fault::Status(record.status));
    }
    same("status", "reviewer", record.reviewer.as_deref().unwrap_or_default(), reviewer)
}

fn same(entry: &'static str, field: &'static str, found: &str, wanted: &str) -> Result<(), Fault> {
    if found == wanted { Ok(()) } else { Err(differs(entry, field, found, wanted)) }
}

fn differs(entry: &'static str, field: &'static str, found: &str, wanted: &str) -> Fault {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(120).collect();
    Fault::Differs { entry, field, found: short(found), wanted: short(wanted) }
}
