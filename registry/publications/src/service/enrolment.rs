//! Vendors' keys: enrolled by the city, replaced by the vendor or the city, revoked by either.

use super::{Publications, ids_of, trust_of};
use crate::accounts::{Duty, Person};
use crate::error::PublicationError;
use crate::events::Act;
use crate::release::Release;
use crate::submission::check_remark;
use crate::{catalogue, keys};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_model::{AppName, Text};
use yunlong_registry::trust::Side;
use yunlong_registry::{Endorsement, KeyId, PublicKey, Reason, Revocation, TrustStore, TrustedKey};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, StoreError, Txn, transact};

/// The most versions that one key may have signed and that are looked at when it ends: what one commit holds.
const MAX_RELEASES: usize = 3_000;

impl Publications {
    /// Enrolls a key for a vendor. Doing it twice changes nothing. A vendor's name belongs to one organization.
    ///
    /// # Errors
    /// [`PublicationError::Trust`] says why not; an account that does not govern; when the store fails.
    pub async fn enroll(
        &self,
        vendor: &str,
        organization: &str,
        public_key: &PublicKey,
        by: &str,
    ) -> Result<KeyId, PublicationError> {
        let inner = &self.inner;
        let person = inner.person_with(by, Duty::Govern).await?;
        let organization = organization.trim();
        if organization.is_empty() {
            return Err(PublicationError::Invalid {
                field: "organization",
                problem: Text {
                    zh: "请填写开发商的统一社会信用代码".into(),
                    en: "give the vendor's unified social credit code".into(),
                },
            });
        }
        let id = public_key.id();
        transact!(&inner.store, |txn| {
            let mut trust = vendors(txn, vendor, [id]).await?;
            let before = trust.key(&id).cloned();
            trust.enroll(vendor, Some(organization), public_key.clone(), &person.account, inner.clock.now())?;
            let Some(after) = trust.key(&id) else { return Err(lost(&id)) };
            if before.as_ref() != Some(after) {
                save_key(txn, &id, after);
                let detail = key_detail(after, public_key)?;
                let event = inner.event_number(txn).await?;
                let act = Act { action: "registry.key-enrolled", target: id.to_string(), by: Some(&person), detail };
                inner.stage(txn, event, act).await?;
            }
            Ok(id)
        })
    }

    /// Puts a new key in the place of an old one; what the old one signed stands. The new key signs
    /// [`yunlong_registry::Rotation`]'s statement (`possession`), and so does the old one unless the city
    /// answers for the change.
    ///
    /// # Errors
    /// [`PublicationError::Trust`] says why not; an account of another organization; when the store fails.
    pub async fn rotate(
        &self,
        old: &KeyId,
        new: &PublicKey,
        possession: &[u8],
        endorsement: &Endorsement,
        by: &str,
    ) -> Result<KeyId, PublicationError> {
        let inner = &self.inner;
        let known = self.key(old).await?;
        let (person, side) = self.of_key(&known, by).await?;
        if *endorsement == Endorsement::City && side != Side::City {
            return Err(PublicationError::NotYourDuty { account: person.account, duty: Duty::Govern });
        }
        let id = new.id();
        transact!(&inner.store, |txn| {
            let mut trust = vendors(txn, &known.vendor, [*old, id]).await?;
            trust.rotate(old, new.clone(), possession, endorsement, &person.account, inner.clock.now())?;
            let (Some(former), Some(next)) = (trust.key(old), trust.key(&id)) else { return Err(lost(&id)) };
            save_key(txn, old, former);
            save_key(txn, &id, next);
            let mut detail = key_detail(next, new)?;
            detail["replaces"] = old.to_string().into();
            detail["endorsedBy"] = if *endorsement == Endorsement::City { "city".into() } else { "old-key".into() };
            let event = inner.event_number(txn).await?;
            let act = Act { action: "registry.key-rotated", target: id.to_string(), by: Some(&person), detail };
            inner.stage(txn, event, act).await?;
            Ok(id)
        })
    }

    /// Revokes a key, by its vendor or by the city. Unless another key takes its place, every version that it
    /// signed is in doubt from then on, until [`Publications::keep`] or a yank. Answers how many are.
    ///
    /// # Errors
    /// [`PublicationError::Trust`], [`PublicationError::Review`] without a reason; an account of another
    /// organization; when the store fails.
    pub async fn revoke(&self, id: &KeyId, reason: Reason, remark: &str, by: &str) -> Result<u64, PublicationError> {
        let inner = &self.inner;
        check_remark(remark, true)?;
        let known = self.key(id).await?;
        let (person, side) = self.of_key(&known, by).await?;
        transact!(&inner.store, |txn| {
            let mut trust = trust_of(txn, [*id]).await?;
            let before = trust.key(id).cloned();
            let because = Revocation { side, reason, remark: remark.trim().to_owned() };
            trust.revoke_because(id, because, &person.account, inner.clock.now())?;
            let Some(after) = trust.key(id) else { return Err(lost(id)) };
            if before.as_ref() == Some(after) {
                return Ok(0);
            }
            save_key(txn, id, after);
            let in_doubt = doubt(txn, id, after).await?;
            let detail = json!({
                "key": id, "vendor": after.vendor, "vendorOrganization": after.organization, "side": side,
                "reason": reason, "revokedAt": after.revoked_at, "remark": remark.trim(), "inDoubt": in_doubt,
            });
            let event = inner.event_number(txn).await?;
            let act = Act { action: "registry.key-revoked", target: id.to_string(), by: Some(&person), detail };
            inner.stage(txn, event, act).await?;
            Ok(in_doubt)
        })
    }

    /// An enrolled key, revoked ones among them.
    ///
    /// # Errors
    /// [`PublicationError::Trust`] when there is none; when the store fails.
    pub async fn key(&self, id: &KeyId) -> Result<TrustedKey, PublicationError> {
        let key = keys::key(id);
        let found = self.inner.store.get(&key).await?.ok_or(yunlong_registry::TrustError::Unknown(*id))?;
        Ok(from_json(&key, &found.value)?)
    }

    async fn of_key(&self, key: &TrustedKey, by: &str) -> Result<(Person, Side), PublicationError> {
        self.inner.of_organization_or_city(by, key.organization.as_deref().unwrap_or_default()).await
    }
}

fn lost(id: &KeyId) -> PublicationError {
    StoreError::Corrupt(format!("the key {id} is gone from its own change")).into()
}

/// A vendor's keys, and some others: what the rules of enrolment look at.
async fn vendors(
    txn: &mut Txn,
    vendor: &str,
    more: impl IntoIterator<Item = KeyId>,
) -> Result<TrustStore, PublicationError> {
    let mut ids: BTreeSet<KeyId> = ids_of(txn, vendor).await?.into_iter().collect();
    ids.extend(more);
    trust_of(txn, ids).await
}

fn save_key(txn: &mut Txn, id: &KeyId, key: &TrustedKey) {
    txn.put_as(keys::key(id), key);
    txn.put_as(keys::keys_of(&key.vendor).text(&id.to_string()), &());
}

fn key_detail(key: &TrustedKey, public: &PublicKey) -> Result<serde_json::Value, PublicationError> {
    let pem = public.to_pem().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(json!({
        "key": public.id(), "algorithm": public.algorithm(), "publicKey": pem,
        "vendor": key.vendor, "vendorOrganization": key.organization,
    }))
}

/// Writes anew what may be said of the versions that a key signed; answers how many are in doubt.
async fn doubt(txn: &mut Txn, id: &KeyId, key: &TrustedKey) -> Result<u64, PublicationError> {
    let rows = txn.scan(&keys::releases_of(id).children(), Direction::Ascending, MAX_RELEASES + 1).await?;
    if rows.len() > MAX_RELEASES {
        let many = format!("the key {id} signed more than {MAX_RELEASES} versions");
        return Err(yunlong_store::CommitError::TooLarge(many).into());
    }
    let mut apps: BTreeSet<AppName> = BTreeSet::new();
    let mut in_doubt = 0;
    for (row, _) in rows {
        let Some(digest) = row.last_text().and_then(|d| d.parse().ok()) else { continue };
        let release: Release = super::release(txn, &digest).await?;
        in_doubt += u64::from(release.status(Some(key)) == crate::release::Status::InDoubt);
        super::save_status(txn, &release, Some(key)).await?;
        apps.insert(release.app);
    }
    for app in apps {
        catalogue::refresh(txn, &app).await?;
    }
    Ok(in_doubt)
}
