//! Serializable transactions that try again after a conflict.

use super::{DataError, Document, Page, Query, Stored, decode, encode};
use crate::backend::{Active, Backend};
use crate::files::{File, FileError};
use crate::messaging::{MessagingError, Notification, Outgoing};
use crate::payments::{HeldRefund, Intent, NewEscrow, NewIntent, NewRefund, PaymentError, Release};
use serde::Serialize;
use std::cell::Cell;
use std::ops::RangeInclusive;

type RawTx = <Active as Backend>::Transaction;

/// How often a transaction is tried. With the pauses below, the last attempt starts after about
/// a second; then the request is better told to come again than kept waiting.
const ATTEMPTS: u32 = 24;

/// The longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE: u32 = 64;

/// A transaction. Its own reads see its writes; nothing is locked and nothing is written until
/// the commit, which applies everything or nothing.
pub struct Tx<'a> {
    raw: &'a RawTx,
    conflict: Cell<bool>,
}

/// Runs `f` in a transaction and commits it. After a conflict it runs again with fresh reads, up
/// to 24 times with growing, random pauses: `f` must not have effects of its own besides those
/// through `tx`. When `f` fails, nothing is written.
///
/// ```no_run
/// # use yunlong_sdk::{transact, DataError};
/// # fn f() -> Result<(), DataError> {
/// transact(|tx| tx.adjust("seats", "slot-1", 1, 0..=200))
/// # }
/// ```
///
/// # Errors
/// What `f` answers; what the commit finds, such as [`DataError::OutOfBounds`] or
/// [`DataError::UniqueViolation`]; [`DataError::Conflict`] after the last attempt.
pub fn transact<T, E: From<DataError>>(mut f: impl FnMut(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
    for attempt in 0..ATTEMPTS {
        let raw = Active::begin()?;
        let tx = Tx::of(&raw);
        let result = f(&tx);
        if tx.conflict.get() {
            Active::rollback(&raw);
        } else {
            match result {
                Err(e) => {
                    Active::rollback(&raw);
                    return Err(e);
                }
                Ok(value) => match Active::commit(&raw) {
                    Ok(_) => return Ok(value),
                    Err(DataError::Conflict) => {}
                    Err(e) => return Err(e.into()),
                },
            }
        }
        if attempt + 1 < ATTEMPTS {
            Active::pause(pause_after(attempt));
        }
    }
    Err(DataError::Conflict.into())
}

/// A random pause in milliseconds ("full jitter"): those who met once do not meet again in step.
fn pause_after(attempt: u32) -> u32 {
    let ceiling = 1u32.checked_shl(attempt.min(6) + 1).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
    let mut bytes = [0; 4];
    Active::random(&mut bytes);
    u32::from_le_bytes(bytes) % (ceiling + 1)
}

impl<'a> Tx<'a> {
    pub(crate) fn of(raw: &'a RawTx) -> Self {
        Self { raw, conflict: Cell::new(false) }
    }

    /// A host may find a conflict before the commit; `transact` must know, whatever error type
    /// the closure turns it into.
    fn note<T>(&self, result: Result<T, DataError>) -> Result<T, DataError> {
        if matches!(result, Err(DataError::Conflict)) {
            self.conflict.set(true);
        }
        result
    }

    /// Reads one document.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn get<T: Document>(&self, id: &str) -> Result<Option<Stored<T>>, DataError> {
        self.note(Active::tx_get(self.raw, T::COLLECTION, id))?.map(decode).transpose()
    }

    /// Reads one page. An insertion by somebody else into what was read is a conflict.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn find<T: Document>(&self, query: Query<T>) -> Result<Page<T>, DataError> {
        Page::decode(self.note(Active::tx_find(self.raw, T::COLLECTION, &query.raw))?)
    }

    /// Adds a document whose id must be new.
    ///
    /// # Errors
    /// [`DataError::AlreadyExists`] and the others.
    pub fn insert<T: Document>(&self, document: &T) -> Result<(), DataError> {
        self.note(Active::tx_insert(self.raw, T::COLLECTION, document.id(), &encode(document)?))
    }

    /// Adds or replaces a document.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn put<T: Document>(&self, document: &T) -> Result<(), DataError> {
        self.note(Active::tx_put(self.raw, T::COLLECTION, document.id(), &encode(document)?))
    }

    /// Removes a document; one that is absent is no error.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn delete<T: Document>(&self, id: &str) -> Result<(), DataError> {
        self.note(Active::tx_delete(self.raw, T::COLLECTION, id))
    }

    /// Adds `delta` to a counter at the commit, which is refused with
    /// [`DataError::OutOfBounds`] when the sum would leave `bounds`. Two transactions that adjust
    /// one counter do not conflict: use it for stock, seats and caps.
    ///
    /// # Errors
    /// [`DataError::Undeclared`] and the others; the bounds are checked by the commit.
    pub fn adjust(&self, counter: &str, key: &str, delta: i64, bounds: RangeInclusive<i64>) -> Result<(), DataError> {
        self.note(Active::tx_adjust(self.raw, counter, key, delta, *bounds.start(), *bounds.end()))
    }

    /// What a counter stands at, with this transaction's own adjustments. The read is not
    /// remembered: to rely on a bound, `adjust` with it.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn counter(&self, counter: &str, key: &str) -> Result<i64, DataError> {
        self.note(Active::tx_counter(self.raw, counter, key))
    }

    /// Adds a row to the installation's audit trail: a verb such as `order.refund`, what it was
    /// done to, and details without personal data. Who did it is written by the host.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn audit(&self, action: &str, target: &str, detail: &impl Serialize) -> Result<(), DataError> {
        self.note(Active::tx_audit(self.raw, action, target, &encode(detail)?))
    }

    /// Publishes an event with the commit and answers its id.
    ///
    /// # Errors
    /// [`MessagingError`].
    pub fn publish(&self, event: &Outgoing) -> Result<String, MessagingError> {
        Active::publish(self.raw, event)
    }

    /// Puts a note into a person's inbox with the commit.
    ///
    /// # Errors
    /// [`MessagingError`].
    pub fn notify(&self, note: &Notification) -> Result<(), MessagingError> {
        Active::notify(self.raw, note)
    }

    /// Stages a payment intent. Its cashier page answers once the transaction is committed.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn create_intent(&self, intent: &NewIntent) -> Result<Intent, PaymentError> {
        Active::create_intent(self.raw, intent)
    }

    /// Asks the provider to take the money now, without the cashier's page, where it allows that. What
    /// a person is to pay is confirmed in a call of that person alone: never in a consumer or a job.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn confirm_intent(&self, id: &str) -> Result<(), PaymentError> {
        Active::confirm_intent(self.raw, id)
    }

    /// Gives up an intent that is not captured.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn cancel_intent(&self, id: &str) -> Result<(), PaymentError> {
        Active::cancel_intent(self.raw, id)
    }

    /// Stages a refund of a captured intent.
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn refund(&self, intent: &str, refund: &NewRefund) -> Result<(), PaymentError> {
        Active::refund(self.raw, intent, refund)
    }

    /// Stages an intent whose money is held for this installation once it is captured: see
    /// [`payments::create_escrow`](crate::payments::create_escrow).
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn create_escrow(&self, escrow: &NewEscrow) -> Result<Intent, PaymentError> {
        Active::create_escrow(self.raw, escrow)
    }

    /// Pays a part of what is held to payees, with the commit: see
    /// [`payments::release`](crate::payments::release()).
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn release(&self, intent: &str, release: &Release) -> Result<(), PaymentError> {
        Active::release(self.raw, intent, release)
    }

    /// Stages the return of a part of what is held to the payer: see
    /// [`payments::refund_held`](crate::payments::refund_held).
    ///
    /// # Errors
    /// [`PaymentError`].
    pub fn refund_held(&self, intent: &str, refund: &HeldRefund) -> Result<(), PaymentError> {
        Active::refund_held(self.raw, intent, refund)
    }

    /// Binds a file to a document with the commit: from then on it stays until it is deleted. `to` is the app's own
    /// word for the document, such as `reports/01J9`, without personal data.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn attach(&self, id: &str, to: &str) -> Result<File, FileError> {
        Active::attach_file(self.raw, id, to)
    }

    /// Deletes a file with the commit; deleting one that is absent is no error.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn delete_file(&self, id: &str) -> Result<(), FileError> {
        Active::delete_file(self.raw, id)
    }
}
