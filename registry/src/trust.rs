//! Whose signatures count: vendors' enrolled keys, their change and their end.
//!
//! The rules are here and nowhere else, as plain data: whoever keeps keys (a file, the store) keeps
//! [`TrustedKey`]s and asks a [`TrustStore`] made of them.
//!
//! **What a revocation means.** Nothing that a revoked key signed is taken in from then on, whenever it was
//! signed: a signature proves no time. What the registry took in before is told apart by its own log. A key
//! that was *replaced* leaves it valid; a key that was lost, stolen or revoked for another reason leaves it
//! in doubt, and each version waits for the city to decide whether it may go on ([`Known::Published`]).

use crate::{KeyId, KeyPair, Package, PublicKey, Signature, VerifyError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::{Text, Timestamp};

/// An enrolled key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// Whose it is: the `vendor` of `app.toml`.
    pub vendor: String,
    /// The vendor's organization (USCC): its people may publish what the key signed. When absent,
    /// administrators alone may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The key.
    pub public_key: PublicKey,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// By which account.
    pub enrolled_by: String,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// By which account. Keys that were revoked before this was written down have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    /// Why. Absent for keys that were revoked before this was written down: then nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// The key that this one replaced, when it was not enrolled afresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<KeyId>,
}

impl TrustedKey {
    /// Whether a signature by this key counts for a package of which this is known.
    #[must_use]
    pub fn counts(&self, known: Known) -> bool {
        let Some(revoked_at) = self.revoked_at else { return true };
        match known {
            Known::New => false,
            // In the same millisecond nobody can tell which came first: it does not count.
            Known::Published { at, kept } => {
                let replaced = self.revocation.as_ref().is_some_and(|r| r.reason == Reason::Replaced);
                at < revoked_at && (replaced || kept)
            }
        }
    }
}

/// Why a key was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Who asked for it.
    pub side: Side,
    /// The reason.
    pub reason: Reason,
    /// In words, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

/// Who ends a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The vendor whose key it is.
    Vendor,
    /// The city.
    City,
}

/// Why a key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Another key takes its place; nobody else ever had it. What it signed stands.
    Replaced,
    /// Somebody else may have it. What it signed waits for the city's decision.
    Compromised,
    /// Anything else, the end of a contract for instance. What it signed waits for the city's decision.
    Ended,
}

/// What the registry knows of a package when its signature is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is to be taken in now.
    New,
    /// It was taken in before.
    Published {
        /// When, by the registry's own log.
        at: Timestamp,
        /// Whether the city decided that this version stands although its key does not any more.
        kept: bool,
    },
}

/// A change of keys that somebody signs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The vendor.
    pub vendor: String,
    /// The key that ends.
    pub old: KeyId,
    /// The key that takes its place.
    pub new: KeyId,
}

impl Rotation {
    /// What is signed. No package's payload has this form, so that a signature over one is never one over
    /// the other.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        // The vendor's name last: what is not enrolled yet may hold anything but a line break.
        let vendor = self.vendor.replace(['\n', '\r'], " ");
        format!("yunlong key rotation v1\nold {}\nnew {}\nvendor {vendor}\n", self.old, self.new).into_bytes()
    }

    /// Signs the statement.
    #[must_use]
    pub fn sign(&self, key: &KeyPair) -> Vec<u8> {
        key.sign(&self.statement())
    }
}

/// Who signs for a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endorsement {
    /// The old key: its signature over [`Rotation::statement`].
    OldKey(Vec<u8>),
    /// The city, when the old key is lost.
    City,
}

/// The enrolled keys: plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrustStore {
    keys: BTreeMap<KeyId, TrustedKey>,
}

/// A key cannot be enrolled or revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// A key has one owner.
    #[error("the key {key} is enrolled for the vendor `{owner}` already: a key has one owner")]
    OtherOwner {
        /// The key.
        key: KeyId,
        /// Its owner.
        owner: String,
    },
    /// A revoked key does not come back.
    #[error("the key {0} was revoked: enroll a new key")]
    Revoked(KeyId),
    /// No such key.
    #[error("no key {0} is enrolled")]
    Unknown(KeyId),
    /// A vendor's name that is no name.
    #[error(
        "the vendor's name names its repositories too: use at most 100 lower-case letters and digits, with `-`, `_` or `.` between them"
    )]
    Vendor,
    /// A vendor's name belongs to one organization.
    #[error("the vendor `{vendor}` is the organization {organization}: choose another name for the vendor")]
    OtherOrganization {
        /// The vendor.
        vendor: String,
        /// Whose it is.
        organization: String,
    },
    /// The old key did not sign for the new one.
    #[error(
        "the old key {0} did not sign for the new one: sign the statement of the rotation with it, or ask the city"
    )]
    NotEndorsed(KeyId),
    /// The new key did not sign: whoever enrolls it does not have it.
    #[error("the new key {0} did not sign for itself: sign the statement of the rotation with it, too")]
    NotPossessed(KeyId),
    /// A key does not replace itself.
    #[error("the new key is the old one")]
    SameKey,
    /// The vendor has too many keys.
    #[error("the vendor `{0}` has {MAX_KEYS} keys: no more are enrolled")]
    TooMany(String),
}

/// The most keys of one vendor, former ones among them. Who has more is not changing keys.
pub const MAX_KEYS: usize = 100;

/// Who signed a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSigner {
    /// The key.
    pub key: KeyId,
    /// Its owner.
    pub vendor: String,
    /// The owner's organization, as enrolled.
    pub organization: Option<String>,
}

impl TrustStore {
    /// Enrolls a key for a vendor; doing it twice changes nothing, but that an organization is
    /// written down where none was.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn enroll(
        &mut self,
        vendor: &str,
        organization: Option<&str>,
        public_key: PublicKey,
        by: &str,
        now: Timestamp,
    ) -> Result<KeyId, TrustError> {
        if !yunlong_model::is_vendor_name(vendor) {
            return Err(TrustError::Vendor);
        }
        let id = public_key.id();
        if !self.keys.contains_key(&id) {
            self.may_have_another(vendor, organization)?;
        }
        match self.keys.get_mut(&id) {
            Some(k) if k.vendor != vendor => Err(TrustError::OtherOwner { key: id, owner: k.vendor.clone() }),
            Some(k) if k.revoked_at.is_some() => Err(TrustError::Revoked(id)),
            Some(k) => match (&k.organization, organization) {
                (Some(known), Some(given)) if known != given => {
                    Err(TrustError::OtherOwner { key: id, owner: known.clone() })
                }
                (None, Some(given)) => {
                    k.organization = Some(given.to_owned());
                    Ok(id)
                }
                _ => Ok(id),
            },
            None => {
                let key = TrustedKey {
                    vendor: vendor.to_owned(),
                    organization: organization.map(str::to_owned),
                    public_key,
                    enrolled_at: now,
                    enrolled_by: by.to_owned(),
                    revoked_at: None,
                    revoked_by: None,
                    revocation: None,
                    replaces: None,
                };
                self.keys.insert(id, key);
                Ok(id)
            }
        }
    }

    fn may_have_another(&self, vendor: &str, organization: Option<&str>) -> Result<(), TrustError> {
        let theirs = || self.keys.values().filter(|k| k.vendor == vendor);
        if let Some(given) = organization
            && let Some(known) = theirs().find_map(|k| k.organization.as_deref().filter(|known| *known != given))
        {
            return Err(TrustError::OtherOrganization { vendor: vendor.to_owned(), organization: known.to_owned() });
        }
        if theirs().count() >= MAX_KEYS { Err(TrustError::TooMany(vendor.to_owned())) } else { Ok(()) }
    }

    /// Puts a new key in the place of an old one, which ends as [`Reason::Replaced`]: what it signed stands.
    /// `possession` is the new key's own signature over [`Rotation::statement`].
    ///
    /// # Errors
    /// [`TrustError`]; then nothing has changed.
    pub fn rotate(
        &mut self,
        old: &KeyId,
        new: PublicKey,
        possession: &[u8],
        endorsement: &Endorsement,
        by: &str,
        now: Timestamp,
    ) -> Result<KeyId, TrustError> {
        let former = self.keys.get(old).cloned().ok_or(TrustError::Unknown(*old))?;
        if former.revoked_at.is_some() {
            return Err(TrustError::Revoked(*old));
        }
        let id = new.id();
        if id == *old {
            return Err(TrustError::SameKey);
        }
        let statement = Rotation { vendor: former.vendor.clone(), old: *old, new: id }.statement();
        if !new.verifies(&statement, possession) {
            return Err(TrustError::NotPossessed(id));
        }
        let side = match endorsement {
            Endorsement::OldKey(signature) if former.public_key.verifies(&statement, signature) => Side::Vendor,
            Endorsement::OldKey(_) => return Err(TrustError::NotEndorsed(*old)),
            Endorsement::City => Side::City,
        };
        self.enroll(&former.vendor, former.organization.as_deref(), new, by, now)?;
        if let Some(key) = self.keys.get_mut(&id) {
            key.replaces = Some(*old);
        }
        let because = Revocation { side, reason: Reason::Replaced, remark: String::new() };
        self.revoke_because(old, because, by, now)?;
        Ok(id)
    }

    /// Revokes a key for good; doing it twice changes nothing. As [`TrustStore::revoke_because`], by the city
    /// and for no reason that would let what it signed stand.
    ///
    /// # Errors
    /// [`TrustError::Unknown`].
    pub fn revoke(&mut self, id: &KeyId, by: &str, now: Timestamp) -> Result<(), TrustError> {
        let because = Revocation { side: Side::City, reason: Reason::Ended, remark: String::new() };
        self.revoke_because(id, because, by, now)
    }

    /// Revokes a key for good. Doing it again changes the time never, and the reason only for the worse: a
    /// key that was replaced may turn out to be stolen.
    ///
    /// # Errors
    /// [`TrustError::Unknown`].
    pub fn revoke_because(
        &mut self,
        id: &KeyId,
        because: Revocation,
        by: &str,
        now: Timestamp,
    ) -> Result<(), TrustError> {
        let key = self.keys.get_mut(id).ok_or(TrustError::Unknown(*id))?;
        let replaced = key.revocation.as_ref().is_some_and(|r| r.reason == Reason::Replaced);
        if key.revoked_at.is_none() {
            key.revoked_at = Some(now);
            key.revoked_by = Some(by.to_owned());
            key.revocation = Some(because);
        } else if replaced && because.reason != Reason::Replaced {
            key.revocation = Some(because);
        }
        Ok(())
    }

    /// An enrolled key, revoked ones among them.
    #[must_use]
    pub fn key(&self, id: &KeyId) -> Option<&TrustedKey> {
        self.keys.get(id)
    }

    /// All keys, in the order of their ids.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &TrustedKey)> {
        self.keys.iter()
    }

    /// Takes in keys that were kept elsewhere, as they are.
    pub fn extend(&mut self, keys: impl IntoIterator<Item = TrustedKey>) {
        self.keys.extend(keys.into_iter().map(|k| (k.public_key.id(), k)));
    }

    /// Who signed `package`: a key in force of the vendor that `app.toml` names.
    ///
    /// A signature that names no key is tried with all keys of that vendor. Signatures by keys that
    /// do not count are passed over when another one counts, but a forged one refuses the package.
    ///
    /// # Errors
    /// [`VerifyError`] says why no signature counts.
    pub fn verify(&self, package: &Package) -> Result<VerifiedSigner, VerifyError> {
        self.verify_known(package, Known::New)
    }

    /// As [`TrustStore::verify`], for a package of which something is known: see [`TrustedKey::counts`].
    ///
    /// # Errors
    /// [`VerifyError`] says why no signature counts.
    pub fn verify_known(&self, package: &Package, known: Known) -> Result<VerifiedSigner, VerifyError> {
        let mut first_reason = None;
        let mut found = None;
        for signature in &package.signatures {
            match self.verify_one(package, signature, known) {
                Ok(signer) => _ = found.get_or_insert(signer),
                Err(e @ VerifyError::BadSignature(_)) => return Err(e),
                Err(e) => _ = first_reason.get_or_insert(e),
            }
        }
        found.ok_or(first_reason.unwrap_or(VerifyError::Unsigned))
    }

    fn verify_one(
        &self,
        package: &Package,
        signature: &Signature,
        known: Known,
    ) -> Result<VerifiedSigner, VerifyError> {
        let signed = signature.signed_digest().map_err(VerifyError::BadSignature)?;
        if signed != package.digest {
            let this = package.digest;
            return Err(VerifyError::BadSignature(Text {
                zh: format!("签的是 {signed}，不是这个安装包（{this}）"),
                en: format!("it is over {signed}, not over this package ({this})"),
            }));
        }
        let vendor = &package.manifest.vendor;
        let (id, key) = match &signature.key {
            Some(id) => (*id, self.keys.get(id).ok_or(VerifyError::UnknownSigner(*id))?),
            None => self
                .keys
                .iter()
                .find(|(_, k)| &k.vendor == vendor && signature.is_by(&k.public_key))
                .map(|(id, k)| (*id, k))
                .ok_or_else(|| {
                    VerifyError::BadSignature(Text {
                        zh: "不是开发商任何一把已登记的密钥所签".into(),
                        en: "no enrolled key of the vendor made it".into(),
                    })
                })?,
        };
        if !signature.is_by(&key.public_key) {
            return Err(VerifyError::BadSignature(Text {
                zh: format!("它写明的密钥是 {id}，却不是这把密钥所签"),
                en: format!("it is not by the key {id} that it names"),
            }));
        }
        if !key.counts(known) {
            return Err(VerifyError::RevokedSigner(id));
        }
        if &key.vendor != vendor {
            return Err(VerifyError::WrongVendor { key: id, owner: key.vendor.clone(), vendor: vendor.clone() });
        }
        Ok(VerifiedSigner { key: id, vendor: key.vendor.clone(), organization: key.organization.clone() })
    }
}
