//! Sessions: looked up at each request, so from memory; ended at once.

use crate::error::IdentityError;
use crate::secret::TokenHash;
use crate::types::{Device, NewSession, Session, SessionOrigin};
use crate::{Identity, Inner, accounts, detached, keys};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use yunlong_model::Timestamp;
use yunlong_store::transact;
use yunlong_store::txn::from_json;
use yunlong_store::{CommitError, Direction, Key, KeyRange, Txn};

/// The time of last use is written at most this often: a crash shortens an idle session by as much.
const REFRESH_MILLIS: i64 = 10 * 60 * 1000;

/// What is stored of a session.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) account: String,
    /// The account's generation when the session began.
    pub(crate) generation: u64,
    pub(crate) origin: SessionOrigin,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// The session whose code this one began with: it ends with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<TokenHash>,
    #[serde(default)]
    pub(crate) started_at: Timestamp,
    #[serde(default)]
    pub(crate) device: Device,
    /// When the second factor was last shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) strong_at: Option<Timestamp>,
    /// It waits for the second factor and signs nobody in.
    #[serde(default)]
    pub(crate) pending: bool,
    /// The mandate under which the person acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mandate: Option<String>,
}

/// A session in memory.
pub(crate) struct Live {
    record: Record,
    last_seen: AtomicI64,
    /// The time of last use that is stored.
    stored_seen: AtomicI64,
}

/// What a session starts from.
pub(crate) struct Start<'a> {
    pub(crate) account: &'a crate::Account,
    pub(crate) origin: &'a SessionOrigin,
    pub(crate) parent: Option<(&'a TokenHash, &'a Record)>,
    pub(crate) device: Device,
    pub(crate) strong_at: Option<Timestamp>,
    pub(crate) pending: bool,
}

impl<'a> Start<'a> {
    /// From nothing but an account.
    pub(crate) fn at(account: &'a crate::Account, origin: &'a SessionOrigin) -> Self {
        Self { account, origin, parent: None, device: Device::default(), strong_at: None, pending: false }
    }

    /// From a session at another origin: what was shown there holds here.
    pub(crate) fn below(
        account: &'a crate::Account,
        origin: &'a SessionOrigin,
        id: &'a TokenHash,
        parent: &'a Record,
    ) -> Self {
        let mut start = Self::at(account, origin);
        (start.device, start.strong_at) = (parent.device.clone(), parent.strong_at);
        start.parent = Some((id, parent));
        start
    }
}

/// How long somebody may take from the password to the second factor.
const PENDING_MILLIS: i64 = 5 * 60 * 1000;

impl Record {
    pub(crate) fn is_over(&self, now: Timestamp, last_seen: Timestamp, idle_millis: i64) -> bool {
        now >= self.expires_at || (self.origin != SessionOrigin::Bearer && now >= last_seen.plus_millis(idle_millis))
    }
}

impl Identity {
    /// Who has this token at this origin; `None` when nobody does: unknown, ended, expired,
    /// disabled, or another origin's. A cookie's token is good at its own origin alone, the token
    /// of a program ([`SessionOrigin::Bearer`]) where it is sent as one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authenticate(&self, token: &str, origin: &SessionOrigin) -> Result<Option<Session>, IdentityError> {
        let Some(id) = TokenHash::of(token) else { return Ok(None) };
        let Some(live) = self.inner.live(&id).await? else { return Ok(None) };
        let (now, record) = (self.inner.now(), &live.record);
        let seen = Timestamp(live.last_seen.load(Ordering::Relaxed));
        if record.pending || record.origin != *origin || record.is_over(now, seen, self.inner.idle_millis()) {
            return Ok(None);
        }
        let Some(person) = self.person(&record.account).await? else { return Ok(None) };
        let account = &person.account;
        if account.disabled || account.generation != record.generation {
            return Ok(None);
        }
        // The policy may have come after the session.
        let must_enroll = self.must_enroll(account);
        if must_enroll && *origin != SessionOrigin::Portal {
            return Ok(None);
        }
        self.seen(&id, &live, now);
        Ok(Some(Session {
            account: account.name.clone(),
            kind: account.kind,
            organization: account.organization.clone(),
            platform_roles: account.platform_roles.clone(),
            origin: record.origin.clone(),
            expires_at: record.expires_at,
            strong_at: record.strong_at,
            second_factor: account.second_factor,
            must_enroll,
            mandate: record.mandate.clone(),
            id,
        }))
    }

    /// Ends the session of this token and all that began with a code from it. An unknown token is
    /// no error: its session is over.
    ///
    /// # Errors
    /// When the store fails; then the session may go on.
    pub async fn sign_out(&self, token: &str) -> Result<(), IdentityError> {
        match TokenHash::of(token) {
            Some(id) => self.end_now(id).await,
            None => Ok(()),
        }
    }

    /// Ends a session and those below it.
    pub(crate) async fn end_now(&self, id: TokenHash) -> Result<(), IdentityError> {
        let me = self.clone();
        detached(async move {
            let ended = transact!(&me.inner.store, |txn| { end(txn, &id).await });
            match &ended {
                Ok(ids) => ids.iter().for_each(|id| me.inner.sessions.invalidate(id)),
                // Whether the commit took place is unknown: ask the store again for all of them.
                Err(_) => me.inner.sessions.invalidate_all(),
            }
            ended.map(|_| ())
        })
        .await
    }

    /// Throws away what has expired: sessions and codes. To be called now and then; nothing else
    /// depends on it. Answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge_expired(&self) -> Result<usize, IdentityError> {
        let start = keys::expiries();
        let end = keys::expiries().u64(self.inner.now().as_u64().saturating_add(1));
        let range = KeyRange { start, end };
        let mut purged = 0;
        loop {
            // Nothing is read back into use: an expired row is dead whatever happens meanwhile.
            let rows = self.inner.store.scan(&range, Direction::Ascending, 500).await?;
            if rows.is_empty() {
                return Ok(purged);
            }
            let mut txn = Txn::new(self.inner.store.clone());
            for row in &rows {
                for key in from_json::<Vec<Key>>(&row.key, &row.value)? {
                    txn.delete(key);
                }
                txn.delete(row.key.clone());
            }
            txn.commit().await?;
            purged += rows.len();
        }
    }

    fn seen(&self, id: &TokenHash, live: &Live, now: Timestamp) {
        live.last_seen.fetch_max(now.0, Ordering::Relaxed);
        let stored = live.stored_seen.load(Ordering::Relaxed);
        let due = now.0 - stored >= REFRESH_MILLIS;
        // Whoever wins the exchange writes; the others need not.
        if due && live.stored_seen.compare_exchange(stored, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let (inner, id) = (self.inner.clone(), id.clone());
            tokio::spawn(async move {
                if let Err(error) = inner.write_seen(&id, now).await {
                    tracing::warn!(%error, "the time of last use of a session was not written");
                }
            });
        }
    }
}

impl Inner {
    pub(crate) fn idle_millis(&self) -> i64 {
        millis(self.config.session_idle)
    }

    async fn live(&self, id: &TokenHash) -> Result<Option<Arc<Live>>, IdentityError> {
        if let Some(live) = self.sessions.get(id) {
            return Ok(Some(live));
        }
        let epoch = self.sessions.epoch();
        let key = keys::session(id);
        let Some(found) = self.store.get(&key).await? else { return Ok(None) };
        let record: Record = from_json(&key, &found.value)?;
        let seen = record.last_seen.0;
        let live = Arc::new(Live { record, last_seen: AtomicI64::new(seen), stored_seen: AtomicI64::new(seen) });
        self.sessions.insert(epoch, id.clone(), live.clone());
        Ok(Some(live))
    }

    async fn write_seen(&self, id: &TokenHash, now: Timestamp) -> Result<(), CommitError> {
        let mut txn = Txn::new(self.store.clone());
        let key = keys::session(id);
        // Read, so that a session that ends meanwhile does not come back: a conflict, and no harm.
        let Some(mut record) = txn.get_as::<Record>(&key).await? else { return Ok(()) };
        record.last_seen = record.last_seen.max(now);
        txn.put_as(key, &record);
        match txn.commit().await {
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Stages a new session. It ends with its parent at the latest.
    pub(crate) fn start(&self, txn: &mut Txn, start: &Start<'_>) -> Result<NewSession, IdentityError> {
        let token = accounts::random_token()?;
        let id =
            TokenHash::of(token.as_str()).ok_or_else(|| IdentityError::Crypto("a token of the wrong shape".into()))?;
        let now = self.now();
        let full = now.plus_millis(if start.pending { PENDING_MILLIS } else { millis(self.config.session_lifetime) });
        let expires_at = start.parent.map_or(full, |(_, p)| p.expires_at.min(full));
        let record = Record {
            account: start.account.name.clone(),
            generation: start.account.generation,
            origin: start.origin.clone(),
            expires_at,
            last_seen: now,
            parent: start.parent.map(|(id, _)| id.clone()),
            started_at: now,
            device: start.device.clone(),
            strong_at: start.strong_at,
            pending: start.pending,
            mandate: start.parent.and_then(|(_, p)| p.mandate.clone()),
        };
        let mut rows = vec![keys::session(&id)];
        if start.parent.is_none() && !start.pending {
            let listed = keys::session_of(&record.account, &id);
            txn.put_as(listed.clone(), &());
            rows.push(listed);
        }
        if let Some((parent, _)) = start.parent {
            let child = keys::child(parent, &id);
            txn.put_as(child.clone(), &());
            rows.push(child);
        }
        txn.put_as(keys::session(&id), &record);
        txn.put_as(keys::expiry(expires_at, "session", &id), &rows);
        Ok(NewSession { token, expires_at, waits_for_second_factor: start.pending })
    }

    /// The session behind `id`, if it is alive, for a transaction that depends on it.
    pub(crate) async fn alive(&self, txn: &mut Txn, id: &TokenHash) -> Result<Option<Record>, IdentityError> {
        let record: Option<Record> = txn.get_as(&keys::session(id)).await?;
        let seen = |r: &Record| self.last_seen(id, r);
        Ok(record.filter(|r| !r.pending && !r.is_over(self.now(), seen(r), self.idle_millis())))
    }

    /// When a session was last used, as far as is known here.
    pub(crate) fn last_seen(&self, id: &TokenHash, record: &Record) -> Timestamp {
        self.sessions.get(id).map_or(record.last_seen, |l| Timestamp(l.last_seen.load(Ordering::Relaxed)))
    }
}

/// Stages the end of a session and of those below it; answers their ids.
pub(crate) async fn end(txn: &mut Txn, id: &TokenHash) -> Result<Vec<TokenHash>, IdentityError> {
    let mut ids = vec![id.clone()];
    let mut done = 0;
    while let Some(id) = ids.get(done).cloned() {
        done += 1;
        for (key, _) in txn.scan(&keys::children(&id).children(), Direction::Ascending, usize::MAX).await? {
            ids.extend(key.last_text().map(TokenHash::from_hex));
            txn.delete(key);
        }
        let key = keys::session(&id);
        if let Some(record) = txn.get_as::<Record>(&key).await? {
            txn.delete(keys::expiry(record.expires_at, "session", &id));
            match &record.parent {
                Some(parent) => txn.delete(keys::child(parent, &id)),
                None => txn.delete(keys::session_of(&record.account, &id)),
            }
            txn.delete(key);
        }
    }
    Ok(ids)
}

pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
