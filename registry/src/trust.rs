//! Whose signatures count: vendors' enrolled keys.

use crate::{KeyId, Package, PublicKey, Signature, VerifyError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::Timestamp;

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
    #[error("the vendor's name is empty or longer than 100 characters")]
    Vendor,
}

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
        if vendor.trim().is_empty() || vendor.chars().count() > 100 {
            return Err(TrustError::Vendor);
        }
        let id = public_key.id();
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
                };
                self.keys.insert(id, key);
                Ok(id)
            }
        }
    }

    /// Revokes a key for good; doing it twice changes nothing.
    ///
    /// # Errors
    /// [`TrustError::Unknown`].
    pub fn revoke(&mut self, id: &KeyId, by: &str, now: Timestamp) -> Result<(), TrustError> {
        let key = self.keys.get_mut(id).ok_or(TrustError::Unknown(*id))?;
        if key.revoked_at.is_none() {
            key.revoked_at = Some(now);
            key.revoked_by = Some(by.to_owned());
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

    /// Who signed `package`: a key in force of the vendor that `app.toml` names.
    ///
    /// A signature that names no key is tried with all keys of that vendor. Signatures by keys that
    /// do not count are passed over when another one counts, but a forged one refuses the package.
    ///
    /// # Errors
    /// [`VerifyError`] says why no signature counts.
    pub fn verify(&self, package: &Package) -> Result<VerifiedSigner, VerifyError> {
        let mut first_reason = None;
        let mut found = None;
        for signature in &package.signatures {
            match self.verify_one(package, signature) {
                Ok(signer) => _ = found.get_or_insert(signer),
                Err(e @ VerifyError::BadSignature(_)) => return Err(e),
                Err(e) => _ = first_reason.get_or_insert(e),
            }
        }
        found.ok_or(first_reason.unwrap_or(VerifyError::Unsigned))
    }

    fn verify_one(&self, package: &Package, signature: &Signature) -> Result<VerifiedSigner, VerifyError> {
        let signed = signature.signed_digest().map_err(VerifyError::BadSignature)?;
        if signed != package.digest {
            return Err(VerifyError::BadSignature(format!(
                "it is over {signed}, not over this package ({})",
                package.digest
            )));
        }
        let vendor = &package.manifest.vendor;
        let (id, key) = match &signature.key {
            Some(id) => (*id, self.keys.get(id).ok_or(VerifyError::UnknownSigner(*id))?),
            None => self
                .keys
                .iter()
                .find(|(_, k)| &k.vendor == vendor && k.public_key.verifies(&signature.payload, &signature.signature))
                .map(|(id, k)| (*id, k))
                .ok_or_else(|| VerifyError::BadSignature("no enrolled key of the vendor made it".into()))?,
        };
        if !key.public_key.verifies(&signature.payload, &signature.signature) {
            return Err(VerifyError::BadSignature(format!("it is not by the key {id} that it names")));
        }
        if key.revoked_at.is_some() {
            return Err(VerifyError::RevokedSigner(id));
        }
        if &key.vendor != vendor {
            return Err(VerifyError::WrongVendor { key: id, owner: key.vendor.clone(), vendor: vendor.clone() });
        }
        Ok(VerifiedSigner { key: id, vendor: key.vendor.clone(), organization: key.organization.clone() })
    }
}
