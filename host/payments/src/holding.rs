//! Holding money, releasing it and sending it back: what an app stages, and what is held for it.

use crate::escrow::{Escrow, EscrowState, HeldRefund, NewEscrow, NewRelease};
use crate::intent::{Intent, NewIntent};
use crate::ledger::{Entry, escrow_account, returning_account};
use crate::service::book;
use crate::worker::Command;
use crate::{PaymentError, Payments, keys};
use yunlong_model::InstallationName;
use yunlong_store::{StoreError, Txn};

/// What is held for the payers of an installation, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Held, to be released or refunded.
    pub held: u64,
    /// On its way back to payers.
    pub refunding: u64,
}

impl Held {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Payments {
    /// Stages an intent whose money is held once it is captured. The same reference and amount answer the first.
    ///
    /// # Errors
    /// As [`Payments::create`].
    pub async fn create_escrow(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        payer: Option<&str>,
        new: NewEscrow,
    ) -> Result<Intent, PaymentError> {
        new.check()?;
        let NewEscrow { reference, description, amount, expires_at, return_path } = new;
        let new = NewIntent { reference, description, amount, lines: Vec::new(), expires_at, return_path };
        self.begin(txn, installation, payer, new, Some(Escrow::default())).await
    }

    /// Pays a part of what is held to payees, in `txn`. The same reference with the same lines is the same release.
    ///
    /// # Errors
    /// [`PaymentError::OverHeld`], [`PaymentError::WrongKind`], wrong states, [`PaymentError::Invalid`].
    pub async fn release(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: &str,
        new: NewRelease,
    ) -> Result<(), PaymentError> {
        let mut intent = self.own(txn, installation, id).await?;
        let (reference, lines, now) = (new.reference.clone(), new.lines.clone(), self.clock.now());
        if intent.release(new, now)? {
            book(txn, Entry::release(&intent, &reference, &lines, now)).map_err(unbookable)?;
            txn.put_as(keys::intent(id), &intent);
        }
        Ok(())
    }

    /// Stages the return of a part of what is held. The same reference with the same amount is the same refund.
    ///
    /// # Errors
    /// As [`Payments::release`].
    pub async fn refund_held(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: &str,
        new: HeldRefund,
    ) -> Result<(), PaymentError> {
        let mut intent = self.own(txn, installation, id).await?;
        if self.send_back(txn, &mut intent, new)? {
            txn.put_as(keys::intent(id), &intent);
        }
        Ok(())
    }

    /// Stages a refund of held money, its entry and its order; the intent is written by the caller. Answers
    /// whether it is new.
    pub(crate) fn send_back(&self, txn: &mut Txn, intent: &mut Intent, new: HeldRefund) -> Result<bool, PaymentError> {
        let (reference, amount, now) = (new.reference.clone(), new.amount, self.clock.now());
        if !intent.refund_held(new)? {
            return Ok(false);
        }
        book(txn, Entry::set_out(intent, &reference, amount, now)).map_err(unbookable)?;
        txn.append_as(keys::commands_due(now), &Command::refund(intent, &reference));
        Ok(true)
    }

    /// Where the money of an escrow is.
    ///
    /// # Errors
    /// [`PaymentError::UnknownIntent`]; [`PaymentError::WrongKind`] for an intent that is no escrow.
    pub async fn escrow(&self, installation: &InstallationName, id: &str) -> Result<EscrowState, PaymentError> {
        self.get(installation, id).await?.held_for("tell what is held", "use `get`")
    }

    /// What is held for the payers of an installation, by the ledger.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn held(&self, installation: &InstallationName) -> Result<Held, StoreError> {
        let name = installation.as_str();
        let (held, refunding) = (
            self.store.counter(&keys::balance(&escrow_account(name))).await?,
            self.store.counter(&keys::balance(&returning_account(name))).await?,
        );
        // Debts of the platform are credits.
        Ok(Held { held: held.min(0).unsigned_abs(), refunding: refunding.min(0).unsigned_abs() })
    }

    /// Has the commit of `txn` fail unless nothing is held for an installation when it is applied, whatever
    /// commits before it.
    pub(crate) fn while_nothing_is_held(&self, txn: &mut Txn, installation: &InstallationName) {
        for account in [escrow_account(installation.as_str()), returning_account(installation.as_str())] {
            txn.adjust(keys::balance(&account), 0, 0, 0);
        }
    }
}

fn unbookable(e: crate::LedgerError) -> PaymentError {
    PaymentError::Invalid(e.to_string())
}
