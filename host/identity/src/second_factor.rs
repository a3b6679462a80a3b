//! The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day
//! on which the phone is gone. Passkeys are in [`crate::passkeys`].
//!
//! The secret of TOTP is not stored: it is derived from the platform's key and a random number, and
//! only the number stands in the store. A code is good once: the step that it was accepted for is
//! remembered, and no older one is accepted again (RFC 6238, 5.2). Wrong codes are counted and lock
//! like wrong passwords, apart from them.

use crate::attempts::Place;
use crate::error::{FactorError, IdentityError};
use crate::passkeys::StoredPasskey;
use crate::secret::{Code, Secrets, TokenHash};
use crate::sessions::{Record, Start, end};
use crate::sign_in::origin_text;
use crate::types::{Account, NewSession, Session, SessionOrigin};
use crate::{Identity, detached, keys};
use data_encoding::HEXLOWER;
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use std::fmt;
use totp_rs::{Builder, Totp};
use yunlong_model::Timestamp;
use yunlong_store::txn::from_json;
use yunlong_store::{Txn, transact};

/// How many recovery codes somebody gets.
const RECOVERY_CODES: usize = 10;
/// An offer that is not confirmed by then is void.
const OFFER_MILLIS: i64 = 15 * 60 * 1000;
/// Steps of 30 s by which the phone's clock may be wrong, to either side (RFC 6238, 5.2: "at most
/// one time step is allowed as the network delay").
const SKEW: u16 = 1;

/// What is stored of an account's second factors.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Factors {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totp: Option<Authenticator>,
    /// Keyed hashes of the recovery codes that are left.
    #[serde(default)]
    recovery: Vec<String>,
    #[serde(default)]
    pub(crate) passkeys: Vec<StoredPasskey>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Authenticator {
    nonce: String,
    added_at: Timestamp,
    /// The newest step that was accepted.
    last_step: u64,
}

impl Factors {
    pub(crate) fn is_empty(&self) -> bool {
        self.totp.is_none() && self.passkeys.is_empty()
    }
}

#[derive(Serialize, Deserialize)]
struct Offer {
    nonce: String,
    expires_at: Timestamp,
}

/// A secret that is offered to somebody's authenticator app. `Debug` does not show it.
pub struct TotpOffer {
    /// The secret in base32, to type.
    pub secret: String,
    /// The `otpauth://` address, to scan.
    pub address: String,
}

impl fmt::Debug for TotpOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpOffer(…)")
    }
}

/// The second factors of an account, as their owner sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactorList {
    /// Since when an authenticator app is enrolled.
    pub totp_since: Option<Timestamp>,
    /// The passkeys: id, name, since when, last used.
    pub passkeys: Vec<PasskeyEntry>,
    /// How many recovery codes are left.
    pub recovery_left: usize,
}

/// A passkey in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyEntry {
    /// What removes it.
    pub id: String,
    /// The name that its owner gave.
    pub name: String,
    /// Since when.
    pub added_at: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// How a check ended. Not a `Result`: a failure must be committed as well.
pub(crate) enum Outcome<T> {
    Done(T),
    Wrong,
    Used,
    Locked(Timestamp),
    Ended,
    NotEnrolled,
}

impl<T> Outcome<T> {
    pub(crate) fn result(self) -> Result<T, FactorError> {
        match self {
            Self::Done(done) => Ok(done),
            Self::Wrong => Err(FactorError::Wrong),
            Self::Used => Err(FactorError::Used),
            Self::Locked(until) => Err(FactorError::LockedUntil(until)),
            Self::Ended => Err(FactorError::SessionEnded),
            Self::NotEnrolled => Err(FactorError::NotEnrolled),
        }
    }

    fn failed<U>(self) -> Result<T, Outcome<U>> {
        match self {
            Self::Done(done) => Ok(done),
            Self::Wrong => Err(Outcome::Wrong),
            Self::Used => Err(Outcome::Used),
            Self::Locked(until) => Err(Outcome::Locked(until)),
            Self::Ended => Err(Outcome::Ended),
            Self::NotEnrolled => Err(Outcome::NotEnrolled),
        }
    }
}

fn totp(secrets: &Secrets, account: &str, nonce: &str) -> Result<Totp, IdentityError> {
    let secret = secrets.derive("totp", &[account, nonce]);
    let mut bytes = [0_u8; 20];
    bytes.copy_from_slice(&secret[..20]);
    // SHA-1, six digits, 30 s: what every authenticator app can do.
    Builder::new().with_secret(bytes).with_skew(SKEW).build().map_err(|e| IdentityError::Crypto(e.to_string()))
}

fn seconds(now: Timestamp) -> u64 {
    now.as_u64() / 1000
}

impl Identity {
    /// The second factors of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn factors(&self, account: &str) -> Result<FactorList, IdentityError> {
        let factors = self.stored_factors(account).await?;
        Ok(FactorList {
            totp_since: factors.totp.map(|t| t.added_at),
            passkeys: factors.passkeys.iter().map(StoredPasskey::entry).collect(),
            recovery_left: factors.recovery.len(),
        })
    }

    /// Offers a secret for an authenticator app. Nothing changes until [`Identity::confirm_totp`];
    /// asked again, it offers another one.
    ///
    /// # Errors
    /// When the machine has no random bytes, or the store fails.
    pub async fn offer_totp(&self, account: &str) -> Result<TotpOffer, IdentityError> {
        let mut bytes = [0_u8; 16];
        SysRng.try_fill_bytes(&mut bytes).map_err(|e| IdentityError::Crypto(e.to_string()))?;
        let nonce = HEXLOWER.encode(&bytes);
        let offer = Offer { nonce, expires_at: self.inner.now().plus_millis(OFFER_MILLIS) };
        let mut txn = Txn::new(self.inner.store.clone());
        txn.put_as(keys::totp_offer(account), &offer);
        txn.commit().await?;
        self.shown(account, &offer)
    }

    /// The offer that stands, for showing it again beside a code that was wrong.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn totp_offer(&self, account: &str) -> Result<Option<TotpOffer>, IdentityError> {
        let key = keys::totp_offer(account);
        let Some(found) = self.inner.store.get(&key).await? else { return Ok(None) };
        let offer: Offer = from_json(&key, &found.value)?;
        if self.inner.now() < offer.expires_at { self.shown(account, &offer).map(Some) } else { Ok(None) }
    }

    fn shown(&self, account: &str, offer: &Offer) -> Result<TotpOffer, IdentityError> {
        let secret = totp(&self.inner.secrets, account, &offer.nonce)?.secret().to_base32();
        // An account's name holds no sign that an address would have to escape.
        let address = format!("otpauth://totp/Yunlong:{account}?secret={secret}&issuer=Yunlong");
        Ok(TotpOffer { secret, address })
    }

    /// Enrolls the authenticator app that shows the code, in the place of one before it. The session
    /// counts as strong from then. Answers new recovery codes when the account had none.
    ///
    /// # Errors
    /// [`FactorError::Wrong`], [`FactorError::NotEnrolled`] when nothing was offered or the offer is
    /// void.
    pub async fn confirm_totp(&self, session: &Session, code: &str) -> Result<Option<Vec<Code>>, FactorError> {
        let key = keys::totp_offer(&session.account);
        let found = self.inner.store.get(&key).await?;
        let offer: Offer = match found {
            Some(found) => from_json(&key, &found.value)?,
            None => return Err(FactorError::NotEnrolled),
        };
        let now = self.inner.now();
        if now >= offer.expires_at {
            return Err(FactorError::NotEnrolled);
        }
        let account = &session.account;
        let step = totp(&self.inner.secrets, account, &offer.nonce)?.check(&digits(code), seconds(now));
        let step = step.ok_or(FactorError::Wrong)?;
        let authenticator = Authenticator { nonce: offer.nonce, added_at: now, last_step: step };
        self.enroll(session, "second-factor.totp-enrolled", move |factors| factors.totp = Some(authenticator.clone()))
            .await
    }

    /// Takes the authenticator app away.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_totp(&self, session: &Session) -> Result<(), FactorError> {
        self.change_factors(session, "second-factor.totp-removed", |factors| factors.totp = None).await
    }

    /// Makes new recovery codes; the ones before them are void.
    ///
    /// # Errors
    /// [`FactorError::NotEnrolled`] without a second factor.
    pub async fn new_recovery_codes(&self, session: &Session) -> Result<Vec<Code>, FactorError> {
        if !session.second_factor {
            return Err(FactorError::NotEnrolled);
        }
        let codes = self.recovery_codes()?;
        let tags = self.recovery_tags(&codes);
        self.change_factors(session, "second-factor.recovery-renewed", move |f| f.recovery.clone_from(&tags)).await?;
        Ok(codes)
    }

    /// The second step of signing in: a code of the app or a recovery code, for the token that waits
    /// for it.
    ///
    /// # Errors
    /// [`FactorError`]. After [`FactorError::SessionEnded`] the password is asked for again.
    pub async fn second_step(
        &self,
        token: &str,
        origin: &SessionOrigin,
        code: &str,
    ) -> Result<NewSession, FactorError> {
        let id = TokenHash::of(token).ok_or(FactorError::SessionEnded)?;
        let (origin, code) = (origin.clone(), code.to_owned());
        let me = self.clone();
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let Some((record, account)) = me.waiting(txn, &id, &origin).await? else {
                    return Ok(Outcome::Ended);
                };
                match me.check_code(txn, &account.name, &code).await?.failed() {
                    Ok(()) => Ok(Outcome::Done(me.complete(txn, &id, &record, &account).await?)),
                    Err(failed) => Ok::<_, FactorError>(failed),
                }
            })
        })
        .await?
        .result()
    }

    /// Shows the second factor again in a session of the portal, before something dangerous.
    ///
    /// # Errors
    /// [`FactorError`].
    pub async fn step_up(&self, session: &Session, code: &str) -> Result<(), FactorError> {
        let (me, id, code) = (self.clone(), session.id.clone(), code.to_owned());
        detached(async move {
            let outcome = transact!(&me.inner.store, |txn| {
                let Some(record) = me.inner.alive(txn, &id).await? else { return Ok(Outcome::Ended) };
                match me.check_code(txn, &record.account, &code).await?.failed() {
                    Ok(()) => {
                        me.strengthen(txn, &id, record).await?;
                        Ok(Outcome::Done(()))
                    }
                    Err(failed) => Ok::<_, FactorError>(failed),
                }
            });
            me.inner.sessions.invalidate(&id);
            outcome
        })
        .await?
        .result()
    }

    /// Whose password was right and whose second factor is awaited.
    pub(crate) async fn waiting(
        &self,
        txn: &mut Txn,
        id: &TokenHash,
        origin: &SessionOrigin,
    ) -> Result<Option<(Record, Account)>, IdentityError> {
        let Some(record) = txn.get_as::<Record>(&keys::session(id)).await? else { return Ok(None) };
        if !record.pending || record.origin != *origin || self.inner.now() >= record.expires_at {
            return Ok(None);
        }
        let account: Option<Account> = txn.get_as(&keys::account(&record.account)).await?;
        let account = account.filter(|a| !a.disabled && a.generation == record.generation);
        Ok(account.map(|a| (record, a)))
    }

    /// Stages the session that a waiting token becomes; the token itself is used up.
    pub(crate) async fn complete(
        &self,
        txn: &mut Txn,
        id: &TokenHash,
        record: &Record,
        account: &Account,
    ) -> Result<NewSession, IdentityError> {
        end(txn, id).await?;
        let mut start = Start::at(account, &record.origin);
        (start.device, start.strong_at) = (record.device.clone(), Some(self.inner.now()));
        let (name, origin) = (&account.name, origin_text(&record.origin));
        self.inner.audit_of(name, txn, name, "sign-in.succeeded", name, &origin).await?;
        self.inner.start(txn, &start)
    }

    pub(crate) async fn strengthen(&self, txn: &mut Txn, id: &TokenHash, record: Record) -> Result<(), IdentityError> {
        let name = &record.account;
        self.inner.audit_of(name, txn, name, "session.stepped-up", name, "").await?;
        txn.put_as(keys::session(id), &Record { strong_at: Some(self.inner.now()), ..record });
        Ok(())
    }

    /// Checks a code of the app, or a recovery code, and stages that it is used, or the failure.
    async fn check_code(&self, txn: &mut Txn, account: &str, code: &str) -> Result<Outcome<()>, FactorError> {
        let now = self.inner.now();
        let place = Place::of_second_factor(&self.inner.secrets, account);
        if let Some(until) = place.locked(txn, now).await? {
            return Ok(Outcome::Locked(until));
        }
        let key = keys::factors(account);
        let Some(mut factors) = txn.get_as::<Factors>(&key).await? else { return Ok(Outcome::NotEnrolled) };
        let typed = digits(code);
        let is_totp = typed.len() == 6 && typed.bytes().all(|b| b.is_ascii_digit());
        let accepted = if is_totp {
            let Some(app) = &mut factors.totp else { return self.wrong(txn, &place, account).await };
            match totp(&self.inner.secrets, account, &app.nonce)?.check(&typed, seconds(now)) {
                // The code was seen by somebody who looked over a shoulder, or sent twice.
                Some(step) if step <= app.last_step => {
                    place.fail(txn, &self.inner).await?;
                    return Ok(Outcome::Used);
                }
                Some(step) => {
                    app.last_step = step;
                    true
                }
                None => false,
            }
        } else {
            let tag = Code::tag(&self.inner.secrets, "recovery", code);
            let before = factors.recovery.len();
            factors.recovery.retain(|r| *r != tag);
            if factors.recovery.len() < before {
                let left = factors.recovery.len().to_string();
                self.inner.audit_of(account, txn, account, "second-factor.recovery-used", account, &left).await?;
            }
            factors.recovery.len() < before
        };
        if !accepted {
            return self.wrong(txn, &place, account).await;
        }
        place.forgive(txn).await?;
        txn.put_as(key, &factors);
        Ok(Outcome::Done(()))
    }

    pub(crate) async fn wrong<T>(
        &self,
        txn: &mut Txn,
        place: &Place,
        account: &str,
    ) -> Result<Outcome<T>, FactorError> {
        let locked = place.fail(txn, &self.inner).await?;
        self.inner.audit_of(account, txn, "-", "second-factor.failed", account, "").await?;
        Ok(locked.map_or(Outcome::Wrong, Outcome::Locked))
    }

    pub(crate) async fn stored_factors(&self, account: &str) -> Result<Factors, IdentityError> {
        let key = keys::factors(account);
        Ok(self.inner.store.get(&key).await?.map(|f| from_json(&key, &f.value)).transpose()?.unwrap_or_default())
    }

    /// Adds a factor. Whoever had none gets recovery codes, and the session counts as strong.
    pub(crate) async fn enroll(
        &self,
        session: &Session,
        action: &'static str,
        add: impl Fn(&mut Factors) + Send + Sync + 'static,
    ) -> Result<Option<Vec<Code>>, FactorError> {
        let codes = self.recovery_codes()?;
        let tags = self.recovery_tags(&codes);
        let (me, id, name) = (self.clone(), session.id.clone(), session.account.clone());
        let new = detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let Some(record) = me.inner.alive(txn, &id).await? else { return Err(FactorError::SessionEnded) };
                let mut factors = txn.get_as::<Factors>(&keys::factors(&name)).await?.unwrap_or_default();
                add(&mut factors);
                let new = factors.recovery.is_empty();
                if new {
                    factors.recovery.clone_from(&tags);
                }
                me.write_factors(txn, &name, action, &factors).await?;
                txn.delete(keys::totp_offer(&name));
                txn.put_as(keys::session(&id), &Record { strong_at: Some(me.inner.now()), ..record });
                Ok(new)
            });
            me.inner.sessions.invalidate(&id);
            me.inner.people.invalidate(&name);
            done
        })
        .await?;
        Ok(new.then_some(codes))
    }

    /// Changes what is enrolled; the last factor that goes takes the recovery codes along.
    pub(crate) async fn change_factors(
        &self,
        session: &Session,
        action: &'static str,
        change: impl Fn(&mut Factors) + Send + Sync + 'static,
    ) -> Result<(), FactorError> {
        let (me, name) = (self.clone(), session.account.clone());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let mut factors = txn.get_as::<Factors>(&keys::factors(&name)).await?.unwrap_or_default();
                change(&mut factors);
                me.write_factors(txn, &name, action, &factors).await
            });
            me.inner.people.invalidate(&name);
            done
        })
        .await
    }

    async fn write_factors(
        &self,
        txn: &mut Txn,
        name: &str,
        action: &str,
        factors: &Factors,
    ) -> Result<(), FactorError> {
        let key = keys::account(name);
        let account: Option<Account> = txn.get_as(&key).await?;
        let account = account.ok_or_else(|| IdentityError::NoSuchAccount(name.to_owned()))?;
        if factors.is_empty() {
            txn.delete(keys::factors(name));
        } else {
            txn.put_as(keys::factors(name), factors);
        }
        txn.put_as(key, &Account { second_factor: !factors.is_empty(), ..account });
        self.inner.audit_of(name, txn, name, action, name, "").await?;
        Ok(())
    }

    fn recovery_codes(&self) -> Result<Vec<Code>, IdentityError> {
        (0..RECOVERY_CODES).map(|_| Code::random(2)).collect()
    }

    fn recovery_tags(&self, codes: &[Code]) -> Vec<String> {
        codes.iter().map(|c| Code::tag(&self.inner.secrets, "recovery", c.as_str())).collect()
    }
}

/// A code without the spaces that people and apps write into it.
fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of its eight digits.
        let totp = Builder::new().with_secret(*b"12345678901234567890").with_skew(0).build().unwrap();
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(totp.check(code, time), Some(time / 30), "{time}");
        }
    }

    #[test]
    fn every_account_and_offer_has_a_secret_of_its_own() {
        let s = Secrets::new([1; 32]);
        let of = |account: &str, nonce: &str| totp(&s, account, nonce).unwrap().secret().to_base32();
        assert_eq!(of("a", "1"), of("a", "1"));
        assert_ne!(of("a", "1"), of("b", "1"));
        assert_ne!(of("a", "1"), of("a", "2"));
        assert_eq!(of("a", "1").len(), 32);
    }
}
