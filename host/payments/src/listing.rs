//! Lists of intents: those of a payer, and those of an installation.

use crate::{Intent, PaymentError, Payments, keys};
use yunlong_model::InstallationName;
use yunlong_store::{Direction, Entry as Row, Key, StoreError};

/// A page of intents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentPage {
    /// Newest first.
    pub intents: Vec<Intent>,
    /// Give this as `cursor` for the next page.
    pub next: Option<String>,
}

impl Payments {
    /// The intents that an account is to pay or has paid, newest first; `limit` of 1 to 100.
    ///
    /// # Errors
    /// When the store fails; [`PaymentError::Invalid`] for a cursor that is not from here.
    pub async fn intents_of(
        &self,
        account: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<IntentPage, PaymentError> {
        let id = |row: &Row| row.key.last_text().ok_or_else(|| corrupt(row));
        self.page(&keys::payer(account), cursor, limit, id).await
    }

    /// The intents of an installation, by its own numbers; `limit` of 1 to 100.
    ///
    /// # Errors
    /// As [`Payments::intents_of`].
    pub async fn intents_for(
        &self,
        installation: &InstallationName,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<IntentPage, PaymentError> {
        let id = |row: &Row| yunlong_store::txn::from_json::<String>(&row.key, &row.value);
        self.page(&keys::references(installation.as_str()), cursor, limit, id).await
    }

    async fn page(
        &self,
        rows: &Key,
        cursor: Option<&str>,
        limit: usize,
        id: impl Fn(&Row) -> Result<String, StoreError>,
    ) -> Result<IntentPage, PaymentError> {
        let limit = limit.clamp(1, 100);
        let mut range = rows.children();
        if let Some(cursor) = cursor {
            let stranger = || PaymentError::Invalid("the cursor is not from this list".into());
            let bytes = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| stranger())?;
            let after = Key::from_bytes(bytes);
            if !range.contains(&after) {
                return Err(stranger());
            }
            range.start = after.next();
        }
        let rows = self.store.scan(&range, Direction::Ascending, limit + 1).await?;
        let more = rows.len() > limit;
        let mut intents = Vec::with_capacity(limit);
        let mut next = None;
        for row in rows.into_iter().take(limit) {
            intents.push(self.intent_by_id(&id(&row)?).await?);
            next = more.then(|| data_encoding::BASE64URL_NOPAD.encode(row.key.as_bytes()));
        }
        Ok(IntentPage { intents, next })
    }
}

fn corrupt(row: &Row) -> StoreError {
    StoreError::Corrupt(format!("{:?} names no intent", row.key))
}
