//! What somebody sees of their own sessions, and how they end them.

use crate::error::IdentityError;
use crate::secret::TokenHash;
use crate::sessions::Record;
use crate::types::{Session, SessionEntry};
use crate::{Identity, keys};
use yunlong_store::Direction;
use yunlong_store::txn::from_json;

/// Sessions of one account that are looked at: whoever has more has a program that forgets to sign out.
const MOST: usize = 500;

impl Identity {
    /// The sessions of whoever asks that began by signing in, the last used first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions_of(&self, session: &Session) -> Result<Vec<SessionEntry>, IdentityError> {
        let Some(person) = self.person(&session.account).await? else { return Ok(Vec::new()) };
        let range = keys::sessions_of(&session.account).children();
        let now = self.inner.now();
        let mut found = Vec::new();
        for row in self.inner.store.scan(&range, Direction::Ascending, MOST).await? {
            let Some(id) = row.key.last_text().map(TokenHash::from_hex) else { continue };
            let Some(record) = self.session_record(&id).await? else { continue };
            let last_seen = self.inner.last_seen(&id, &record);
            let over = record.is_over(now, last_seen, self.inner.idle_millis());
            if over || record.generation != person.account.generation {
                continue;
            }
            found.push(SessionEntry {
                signed_on: self.signed_on(&id).await?,
                current: id == session.id || self.is_below(session, &id).await?,
                handle: id.as_str().to_owned(),
                origin: record.origin,
                device: record.device,
                started_at: record.started_at,
                last_seen,
                strong: record.strong_at.is_some(),
            });
        }
        found.sort_by_key(|s| std::cmp::Reverse((s.current, s.last_seen)));
        Ok(found)
    }

    /// Ends one of one's own sessions, with those that began from it. One that is over, or another
    /// person's, is passed over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, session: &Session, handle: &str) -> Result<(), IdentityError> {
        let id = TokenHash::from_hex(handle.to_owned());
        match self.session_record(&id).await? {
            Some(record) if record.account == session.account => self.end_now(id).await,
            _ => Ok(()),
        }
    }

    /// Ends every session of an account, at every origin, programs' tokens among them.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchAccount`].
    pub async fn sign_out_everywhere(&self, account: &str, by: &str) -> Result<(), IdentityError> {
        self.change_account(account, by, "sessions.ended", |_, account| account.generation += 1).await
    }

    async fn session_record(&self, id: &TokenHash) -> Result<Option<Record>, IdentityError> {
        let key = keys::session(id);
        Ok(self.inner.store.get(&key).await?.map(|r| from_json(&key, &r.value)).transpose()?)
    }

    async fn signed_on(&self, id: &TokenHash) -> Result<Vec<crate::SessionOrigin>, IdentityError> {
        let mut origins = Vec::new();
        for row in self.inner.store.scan(&keys::children(id).children(), Direction::Ascending, MOST).await? {
            let Some(child) = row.key.last_text().map(TokenHash::from_hex) else { continue };
            if let Some(record) = self.session_record(&child).await?
                && !origins.contains(&record.origin)
            {
                origins.push(record.origin);
            }
        }
        Ok(origins)
    }

    async fn is_below(&self, session: &Session, id: &TokenHash) -> Result<bool, IdentityError> {
        Ok(self.session_record(&session.id).await?.is_some_and(|r| r.parent.as_ref() == Some(id)))
    }
}
