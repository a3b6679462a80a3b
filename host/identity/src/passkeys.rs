//! Passkeys (WebAuthn level 3): a second factor that cannot be typed into a false page.
//!
//! What a browser has to answer is made here as JSON and checked here; the state between the two is
//! kept in memory for some minutes, bound to the session that asks. A restart loses it, and the page
//! is loaded again.

use crate::attempts::Place;
use crate::error::FactorError;
use crate::second_factor::{Factors, Outcome, PasskeyEntry};
use crate::secret::{Code, TokenHash};
use crate::types::{NewSession, Session, SessionOrigin};
use crate::{Identity, IdentityConfig, IdentityError, detached, keys};
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};
use yunlong_model::Timestamp;
use yunlong_store::{Txn, transact};

/// How long a browser may take.
const CEREMONY_MILLIS: i64 = 5 * 60 * 1000;
/// Ceremonies at once; whoever would be one more is told to try again.
const CEREMONIES: usize = 10_000;
/// Passkeys of one account.
const MOST: usize = 20;

/// A passkey, as it is stored: nothing of it is secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredPasskey {
    name: String,
    added_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used: Option<Timestamp>,
    key: Passkey,
}

impl StoredPasskey {
    fn id(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.key.cred_id().as_slice())[..16])
    }

    pub(crate) fn entry(&self) -> PasskeyEntry {
        PasskeyEntry { id: self.id(), name: self.name.clone(), added_at: self.added_at, last_used: self.last_used }
    }
}

enum Ceremony {
    Registration(PasskeyRegistration),
    Authentication(PasskeyAuthentication),
}

/// The relying party and what is under way.
pub(crate) struct Passkeys {
    webauthn: Option<Webauthn>,
    ceremonies: Mutex<HashMap<TokenHash, (Timestamp, Ceremony)>>,
}

impl Passkeys {
    pub(crate) fn new(config: &IdentityConfig) -> Result<Self, IdentityError> {
        let broken = |e: String| IdentityError::Crypto(format!("passkeys: {e}"));
        let webauthn = match &config.relying_party {
            None => None,
            Some(party) => {
                let origin = Url::parse(&party.origin).map_err(|e| broken(e.to_string()))?;
                let builder = WebauthnBuilder::new(&party.domain, &origin).map_err(|e| broken(e.to_string()))?;
                Some(builder.rp_name("Yunlong").build().map_err(|e| broken(e.to_string()))?)
            }
        };
        Ok(Self { webauthn, ceremonies: Mutex::default() })
    }

    fn relying_party(&self) -> Result<&Webauthn, FactorError> {
        self.webauthn.as_ref().ok_or(FactorError::NotEnrolled)
    }

    fn begin(&self, id: &TokenHash, now: Timestamp, ceremony: Ceremony) -> Result<(), FactorError> {
        let mut all = self.ceremonies.lock();
        if all.len() >= CEREMONIES {
            all.retain(|_, (until, _)| now < *until);
        }
        if all.len() >= CEREMONIES {
            return Err(FactorError::Busy);
        }
        all.insert(id.clone(), (now.plus_millis(CEREMONY_MILLIS), ceremony));
        Ok(())
    }

    /// A ceremony is answered once.
    fn take(&self, id: &TokenHash, now: Timestamp) -> Option<Ceremony> {
        let (until, ceremony) = self.ceremonies.lock().remove(id)?;
        (now < until).then_some(ceremony)
    }
}

/// What a browser answered, as JSON.
fn read<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, FactorError> {
    serde_json::from_str(answer).map_err(|_| FactorError::Wrong)
}

fn written<T: Serialize>(options: &T) -> Result<String, FactorError> {
    serde_json::to_string(options).map_err(|e| FactorError::Identity(IdentityError::Crypto(e.to_string())))
}

impl Identity {
    /// What a browser needs to make a passkey for this account: JSON for
    /// `navigator.credentials.create`.
    ///
    /// # Errors
    /// [`FactorError::TooMany`]; when the store fails.
    pub async fn start_passkey(&self, session: &Session) -> Result<String, FactorError> {
        let webauthn = self.inner.passkeys.relying_party()?;
        let factors = self.stored_factors(&session.account).await?;
        if factors.passkeys.len() >= MOST {
            return Err(FactorError::TooMany);
        }
        // The same for all keys of an account, and no name of it.
        let handle = self.inner.secrets.derive("passkey-user", &[&session.account]);
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&handle[..16]);
        let known = factors.passkeys.iter().map(|p| p.key.cred_id().clone()).collect();
        let (options, state) = webauthn
            .start_passkey_registration(Uuid::from_bytes(bytes), &session.account, &session.account, Some(known))
            .map_err(refused)?;
        self.inner.passkeys.begin(&session.id, self.inner.now(), Ceremony::Registration(state))?;
        written(&options)
    }

    /// Enrolls the passkey that the browser made. Answers new recovery codes when the account had
    /// none.
    ///
    /// # Errors
    /// [`FactorError::Wrong`] for an answer to another question, or none.
    pub async fn finish_passkey(
        &self,
        session: &Session,
        name: &str,
        answer: &str,
    ) -> Result<Option<Vec<Code>>, FactorError> {
        let webauthn = self.inner.passkeys.relying_party()?;
        let now = self.inner.now();
        let Some(Ceremony::Registration(state)) = self.inner.passkeys.take(&session.id, now) else {
            return Err(FactorError::Wrong);
        };
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let key = webauthn.finish_passkey_registration(&answer, &state).map_err(refused)?;
        let name: String = name.trim().chars().take(40).collect();
        let stored = StoredPasskey { name, added_at: now, last_used: None, key };
        self.enroll(session, "second-factor.passkey-enrolled", move |factors| factors.passkeys.push(stored.clone()))
            .await
    }

    /// Takes a passkey away.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_passkey(&self, session: &Session, id: &str) -> Result<(), FactorError> {
        let id = id.to_owned();
        self.change_factors(session, "second-factor.passkey-removed", move |f| f.passkeys.retain(|p| p.id() != id))
            .await
    }

    /// What a browser needs to show a passkey in the second step of signing in: JSON for
    /// `navigator.credentials.get`; `None` when the account has no passkey.
    ///
    /// # Errors
    /// [`FactorError::SessionEnded`] when the token no longer waits.
    pub async fn second_step_challenge(
        &self,
        token: &str,
        origin: &SessionOrigin,
    ) -> Result<Option<String>, FactorError> {
        let id = TokenHash::of(token).ok_or(FactorError::SessionEnded)?;
        let mut txn = Txn::new(self.inner.store.clone());
        let waiting = self.waiting(&mut txn, &id, origin).await?;
        let (_, account) = waiting.ok_or(FactorError::SessionEnded)?;
        self.challenge(&id, &account.name).await
    }

    /// As [`Identity::second_step_challenge`], for stepping up in a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn step_up_challenge(&self, session: &Session) -> Result<Option<String>, FactorError> {
        self.challenge(&session.id, &session.account).await
    }

    async fn challenge(&self, id: &TokenHash, account: &str) -> Result<Option<String>, FactorError> {
        let factors = self.stored_factors(account).await?;
        if factors.passkeys.is_empty() {
            return Ok(None);
        }
        let webauthn = self.inner.passkeys.relying_party()?;
        let keys: Vec<Passkey> = factors.passkeys.into_iter().map(|p| p.key).collect();
        let (options, state) = webauthn.start_passkey_authentication(&keys).map_err(refused)?;
        self.inner.passkeys.begin(id, self.inner.now(), Ceremony::Authentication(state))?;
        written(&options).map(Some)
    }

    /// The second step of signing in, with a passkey.
    ///
    /// # Errors
    /// As [`Identity::second_step`].
    pub async fn second_step_passkey(
        &self,
        token: &str,
        origin: &SessionOrigin,
        answer: &str,
    ) -> Result<NewSession, FactorError> {
        let id = TokenHash::of(token).ok_or(FactorError::SessionEnded)?;
        let shown = self.verified(&id, answer);
        let (me, origin) = (self.clone(), origin.clone());
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let Some((record, account)) = me.waiting(txn, &id, &origin).await? else {
                    return Ok(Outcome::Ended);
                };
                match me.settle_passkey(txn, &account.name, shown.as_ref()).await? {
                    Outcome::Done(()) => Ok(Outcome::Done(me.complete(txn, &id, &record, &account).await?)),
                    Outcome::Locked(until) => Ok(Outcome::Locked(until)),
                    _ => Ok::<_, FactorError>(Outcome::Wrong),
                }
            })
        })
        .await?
        .result()
    }

    /// Shows a passkey again in a session of the portal.
    ///
    /// # Errors
    /// As [`Identity::step_up`].
    pub async fn step_up_passkey(&self, session: &Session, answer: &str) -> Result<(), FactorError> {
        let shown = self.verified(&session.id, answer);
        let (me, id) = (self.clone(), session.id.clone());
        detached(async move {
            let outcome = transact!(&me.inner.store, |txn| {
                let Some(record) = me.inner.alive(txn, &id).await? else { return Ok(Outcome::Ended) };
                match me.settle_passkey(txn, &record.account, shown.as_ref()).await? {
                    Outcome::Done(()) => {
                        me.strengthen(txn, &id, record).await?;
                        Ok(Outcome::Done(()))
                    }
                    Outcome::Locked(until) => Ok(Outcome::Locked(until)),
                    _ => Ok::<_, FactorError>(Outcome::Wrong),
                }
            });
            me.inner.sessions.invalidate(&id);
            outcome
        })
        .await?
        .result()
    }

    /// The answer of a browser, if it is one to the question that was put to this session.
    fn verified(&self, id: &TokenHash, answer: &str) -> Option<AuthenticationResult> {
        let webauthn = self.inner.passkeys.relying_party().ok()?;
        let Some(Ceremony::Authentication(state)) = self.inner.passkeys.take(id, self.inner.now()) else {
            return None;
        };
        let answer: PublicKeyCredential = read(answer).ok()?;
        // Requires that the authenticator verified its user: a PIN, a finger, a face.
        webauthn.finish_passkey_authentication(&answer, &state).ok().filter(AuthenticationResult::user_verified)
    }

    /// Stages that a passkey was used, or the failure.
    async fn settle_passkey(
        &self,
        txn: &mut Txn,
        account: &str,
        shown: Option<&AuthenticationResult>,
    ) -> Result<Outcome<()>, FactorError> {
        let place = Place::of_second_factor(&self.inner.secrets, account);
        if let Some(until) = place.locked(txn, self.inner.now()).await? {
            return Ok(Outcome::Locked(until));
        }
        let key = keys::factors(account);
        let mut factors = txn.get_as::<Factors>(&key).await?.unwrap_or_default();
        // A key that was taken away since the question was put is none.
        let used = shown.and_then(|s| factors.passkeys.iter_mut().find(|p| p.key.cred_id() == s.cred_id()).zip(shown));
        let Some((passkey, shown)) = used else { return self.wrong(txn, &place, account).await };
        passkey.key.update_credential(shown);
        passkey.last_used = Some(self.inner.now());
        place.forgive(txn).await?;
        txn.put_as(key, &factors);
        Ok(Outcome::Done(()))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn refused(error: webauthn_rs::prelude::WebauthnError) -> FactorError {
    tracing::debug!(%error, "a passkey's answer is refused");
    FactorError::Wrong
}
