//! `city:payments/intents`: money, staged within a transaction.

use super::bindings::city::payments::intents::{self as wit, Error};
use super::collections::Transaction;
use crate::Origins;
use crate::interceptor::Interface;
use crate::state::State;
use wasmtime::component::Resource;
use yunlong_installations::Capability;
use yunlong_model::{Text, Timestamp};
use yunlong_payments::{
    EscrowState, HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, NewRelease, PaymentError, Status,
};
use yunlong_store::Txn;

impl From<PaymentError> for Error {
    fn from(e: PaymentError) -> Self {
        match e {
            PaymentError::UnknownIntent(id) => Self::UnknownIntent(id),
            PaymentError::WrongStatus { .. } | PaymentError::WrongKind { .. } | PaymentError::Expired => {
                Self::WrongStatus(e.to_string())
            }
            PaymentError::Invalid(why) => Self::Invalid(why),
            PaymentError::OverHeld { .. } => Self::Invalid(e.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

fn lines(lines: Vec<wit::Line>) -> Vec<Line> {
    lines.into_iter().map(|l| Line { payee: l.payee, amount: l.amount, description: l.description }).collect()
}

fn new_intent(i: wit::NewIntent) -> NewIntent {
    NewIntent {
        reference: i.reference,
        description: Text { zh: i.description_zh, en: i.description_en },
        amount: i.amount,
        lines: lines(i.lines),
        expires_at: Timestamp(i64::try_from(i.expires_at).unwrap_or(i64::MAX)),
        return_path: i.return_path,
    }
}

fn new_escrow(e: wit::NewEscrow) -> NewEscrow {
    NewEscrow {
        reference: e.reference,
        description: Text { zh: e.description_zh, en: e.description_en },
        amount: e.amount,
        expires_at: Timestamp(i64::try_from(e.expires_at).unwrap_or(i64::MAX)),
        return_path: e.return_path,
    }
}

fn escrow_state(s: EscrowState) -> wit::EscrowState {
    wit::EscrowState {
        amount: s.amount,
        captured: s.captured,
        held: s.held,
        released: s.released,
        refunding: s.refunding,
        refunded: s.refunded,
    }
}

/// What lines weigh in a transaction.
fn size_of(lines: &[Line]) -> usize {
    lines.iter().map(|l| l.description.len() + 64).sum()
}

fn intent(i: Intent, origins: &Origins) -> wit::Intent {
    wit::Intent {
        refunded: i.refunded(),
        cashier_url: origins.cashier(&i.id),
        id: i.id,
        reference: i.reference,
        amount: i.amount,
        captured: i.captured,
        status: match i.status {
            Status::Pending => wit::Status::Pending,
            Status::Processing => wit::Status::Processing,
            Status::Captured => wit::Status::Captured,
            Status::Failed => wit::Status::Failed,
            Status::Cancelled => wit::Status::Cancelled,
            Status::Refunded => wit::Status::Refunded,
        },
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    /// Passes the interceptor and checks the grant.
    fn payments(&self, function: &'static str) -> Answer<()> {
        if let Err(why) = self.interceptor.fallible(Interface::Intents, function)? {
            return Ok(Err(Error::Other(why)));
        }
        let granted = self.interceptor.granted(|c| matches!(c, Capability::Payments));
        Ok(if granted { Ok(()) } else { Err(Error::NotGranted("payments".into())) })
    }

    /// The open transaction behind a handle, `bytes` being about to be staged in it.
    fn staging(&mut self, transaction: &Resource<Transaction>, bytes: usize) -> Answer<&mut Txn> {
        let t = self.table.get_mut(transaction)?;
        if let Err(e) = t.room_for(bytes) {
            return Ok(Err(Error::Invalid(e)));
        }
        Ok(t.txn().ok_or(Error::Closed))
    }
}

/// Unwraps the inner result, answering its error to the guest.
macro_rules! attempt {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Ok(Err(Error::from(e))),
        }
    };
}

impl wit::Host for State {
    async fn create(&mut self, transaction: Resource<Transaction>, new: wit::NewIntent) -> Answer<wit::Intent> {
        attempt!(self.payments("create")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let payer = self.invocation.principal.account.clone();
        let new = new_intent(new);
        let txn = attempt!(self.staging(&transaction, size_of(&new.lines))?);
        let created = attempt!(services.payments.create(txn, &name, payer.as_deref(), new).await);
        Ok(Ok(intent(created, &services.origins)))
    }

    async fn confirm(&mut self, transaction: Resource<Transaction>, id: String) -> Answer<()> {
        attempt!(self.payments("confirm")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let person = self.invocation.principal.account.clone();
        let txn = attempt!(self.staging(&transaction, 0)?);
        Ok(services.payments.confirm(txn, &name, person.as_deref(), &id).await.map_err(Into::into))
    }

    async fn cancel(&mut self, transaction: Resource<Transaction>, id: String) -> Answer<()> {
        attempt!(self.payments("cancel")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let txn = attempt!(self.staging(&transaction, 0)?);
        Ok(services.payments.cancel(txn, &name, &id).await.map_err(Into::into))
    }

    async fn refund(&mut self, transaction: Resource<Transaction>, id: String, refund: wit::NewRefund) -> Answer<()> {
        attempt!(self.payments("refund")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let new = NewRefund { reference: refund.reference, lines: lines(refund.lines), reason: refund.reason };
        let txn = attempt!(self.staging(&transaction, new.reason.len())?);
        Ok(services.payments.refund(txn, &name, &id, new).await.map_err(Into::into))
    }

    async fn get(&mut self, id: String) -> Answer<wit::Intent> {
        attempt!(self.payments("get")?);
        let found = attempt!(self.services.payments.get(&self.invocation.installation.name, &id).await);
        Ok(Ok(intent(found, &self.services.origins)))
    }

    async fn create_escrow(&mut self, transaction: Resource<Transaction>, new: wit::NewEscrow) -> Answer<wit::Intent> {
        attempt!(self.payments("create-escrow")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let payer = self.invocation.principal.account.clone();
        let new = new_escrow(new);
        let size = new.description.zh.len() + new.description.en.len();
        let txn = attempt!(self.staging(&transaction, size)?);
        let created = attempt!(services.payments.create_escrow(txn, &name, payer.as_deref(), new).await);
        Ok(Ok(intent(created, &services.origins)))
    }

    async fn release(&mut self, transaction: Resource<Transaction>, id: String, new: wit::HeldRelease) -> Answer<()> {
        attempt!(self.payments("release")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let new = NewRelease { reference: new.reference, lines: lines(new.lines), reason: new.reason };
        // Each line stands in the record and in the ledger.
        let txn = attempt!(self.staging(&transaction, new.reason.len() + 2 * size_of(&new.lines))?);
        Ok(services.payments.release(txn, &name, &id, new).await.map_err(Into::into))
    }

    async fn refund_held(&mut self, transaction: Resource<Transaction>, id: String, new: wit::HeldRefund) -> Answer<()> {
        attempt!(self.payments("refund-held")?);
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let new = HeldRefund { reference: new.reference, amount: new.amount, reason: new.reason };
        let txn = attempt!(self.staging(&transaction, new.reason.len())?);
        Ok(services.payments.refund_held(txn, &name, &id, new).await.map_err(Into::into))
    }

    async fn escrow(&mut self, id: String) -> Answer<wit::EscrowState> {
        attempt!(self.payments("escrow")?);
        let found = attempt!(self.services.payments.escrow(&self.invocation.installation.name, &id).await);
        Ok(Ok(escrow_state(found)))
    }
}
