//! What becomes of the payments of an installation that is removed.

use crate::escrow::HeldRefund;
use crate::holding::Held;
use crate::intent::{Intent, NewRefund, Status};
use crate::worker::Command;
use crate::{PaymentError, Payments, keys};
use yunlong_model::InstallationName;
use yunlong_store::{CommitError, Direction, Key, StoreError, Txn, transact};

/// Intents that are looked at in one commit.
const BATCH: usize = 200;
/// The number of the refund of what arrives for an installation that is closed.
const REFUND: &str = "closed";
const REASON: &str = "服务已下线，款项自动退回 / The service was removed: returned by itself";

impl Payments {
    /// Closes the payments of an installation that is removed: from here on nobody begins to pay it,
    /// what was not paid is cancelled, and money that was on its way goes back by itself when it
    /// arrives. Sales that were paid before stay as they are. Closing twice is closing once.
    ///
    /// # Errors
    /// [`PaymentError::StillHeld`] while money is held in escrow or on its way back: nothing was closed then.
    /// [`PaymentError::Store`], [`PaymentError::Commit`]; it can be called again then.
    pub async fn close(&self, installation: &InstallationName) -> Result<(), PaymentError> {
        let closed = transact!(&self.store, |txn| {
            let marker = keys::closed(installation.as_str());
            // Read, so that closing again writes nothing.
            if txn.get(&marker).await?.is_none() {
                txn.put_as(marker, &self.clock.now());
                self.while_nothing_is_held(txn, installation);
            }
            Ok::<_, PaymentError>(())
        });
        if let Err(PaymentError::Commit(CommitError::OutOfBounds { .. })) = closed {
            let Held { held, refunding } = self.held(installation).await?;
            return Err(PaymentError::StillHeld { held, refunding });
        }
        closed?;
        // Behind the marker none is added, and none of them begins an attempt.
        let mut range = keys::references(installation.as_str()).children();
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, BATCH).await?;
            let Some(last) = rows.last().map(|r| r.key.clone()) else { return Ok(()) };
            let ids: Vec<String> =
                rows.iter().map(|r| yunlong_store::txn::from_json(&r.key, &r.value)).collect::<Result<_, _>>()?;
            transact!(&self.store, |txn| { cancel_open(txn, &ids).await })?;
            range.start = last.next();
        }
    }

    /// Whether the payments of an installation were closed: its removal was begun.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn was_closed(&self, installation: &InstallationName) -> Result<bool, StoreError> {
        Ok(self.store.get(&keys::closed(installation.as_str())).await?.is_some())
    }

    /// Whether an installation was closed. The transaction commits only if that is still so.
    pub(crate) async fn is_closed(&self, txn: &mut Txn, installation: &InstallationName) -> Result<bool, StoreError> {
        Ok(txn.get(&keys::closed(installation.as_str())).await?.is_some())
    }

    /// Stages the return of all that was just taken.
    pub(crate) fn return_all(&self, txn: &mut Txn, intent: &mut Intent) -> Result<(), PaymentError> {
        let (reference, reason) = (REFUND.to_owned(), REASON.to_owned());
        if intent.escrow.is_some() {
            return self.send_back(txn, intent, HeldRefund { reference, amount: intent.captured, reason }).map(drop);
        }
        if intent.refund(NewRefund { reference, lines: intent.lines.clone(), reason })? {
            txn.append_as(keys::commands_due(self.clock.now()), &Command::refund(intent, REFUND));
        }
        Ok(())
    }
}

async fn cancel_open(txn: &mut Txn, ids: &[String]) -> Result<(), PaymentError> {
    for id in ids {
        let key: Key = keys::intent(id);
        let Some(mut intent) = txn.get_as::<Intent>(&key).await? else { continue };
        if matches!(intent.status, Status::Pending | Status::Processing | Status::Failed) {
            intent.cancel()?;
            txn.put_as(key, &intent);
        }
    }
    Ok(())
}
