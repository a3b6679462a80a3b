//! Staging, reading, and the effects of callbacks.

use crate::callback::{Callback, CallbackError, CallbackEvent, Headers};
use crate::escrow::Escrow;
use crate::intent::{Arrival, Intent, NewIntent, NewRefund, Status};
use crate::ledger::{Entry, LedgerError};
use crate::provider::{Provider, charge_key, refund_key};
use crate::sandbox::{Behaviour, SandboxCashier, WINDOW_MILLIS};
use crate::worker::Command;
use crate::{PaymentError, keys};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use yunlong_messaging::{Messaging, Outgoing};
use yunlong_model::{Clock, InstallationName, topics};
use yunlong_store::{CommitError, Direction, SharedStore, StoreError, Txn, transact};

/// The payments service.
pub struct Payments {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) providers: Vec<Arc<dyn Provider>>,
    /// When orders without an outcome are gone through next, in milliseconds.
    pub(crate) next_look_up: AtomicI64,
}

impl Payments {
    /// A service; the first provider takes new intents.
    #[must_use]
    pub fn new(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        messaging: Arc<Messaging>,
        providers: Vec<Arc<dyn Provider>>,
    ) -> Self {
        Self { store, clock, messaging, providers, next_look_up: AtomicI64::new(0) }
    }

    /// Whether no provider but the sandbox is there: then no payment moves real money.
    #[must_use]
    pub fn only_sandbox(&self) -> bool {
        self.providers.iter().all(|p| p.name() == SandboxCashier::NAME)
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|p| p.name() == name)
    }

    /// Stages an intent. `payer` is the account that is to pay; anybody may when it is absent.
    /// The same reference and amount answer the first intent.
    ///
    /// # Errors
    /// [`PaymentError::Invalid`] names what cannot be; [`PaymentError::Closed`].
    pub async fn create(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        payer: Option<&str>,
        new: NewIntent,
    ) -> Result<Intent, PaymentError> {
        new.check()?;
        self.begin(txn, installation, payer, new, None).await
    }

    /// Stages an intent that was checked: an escrow when it has one.
    pub(crate) async fn begin(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        payer: Option<&str>,
        new: NewIntent,
        escrow: Option<Escrow>,
    ) -> Result<Intent, PaymentError> {
        if self.is_closed(txn, installation).await? {
            return Err(PaymentError::Closed);
        }
        let by_reference = keys::reference(installation.as_str(), &new.reference);
        if let Some(id) = txn.get_as::<String>(&by_reference).await? {
            let known: Intent = txn
                .get_as(&keys::intent(&id))
                .await?
                .ok_or_else(|| StoreError::Corrupt(format!("the intent {id} is missing")))?;
            return if known.escrow.is_some() != escrow.is_some() {
                let (is, wanted) =
                    if escrow.is_some() { ("a plain intent", "an escrow") } else { ("an escrow", "a plain intent") };
                Err(PaymentError::Invalid(format!(
                    "the reference `{}` has {is}: use a new reference for {wanted}",
                    new.reference
                )))
            } else if known.amount == new.amount {
                Ok(known)
            } else {
                Err(PaymentError::Invalid(format!(
                    "the reference `{}` has an intent over {} fen: use a new reference",
                    new.reference, known.amount
                )))
            };
        }
        let provider = self.providers.first().map_or(SandboxCashier::NAME, |p| p.name()).to_owned();
        let now = self.clock.now();
        let intent = Intent {
            id: format!("pi-{}", data_encoding::BASE32_NOPAD.encode(&rand::random::<[u8; 15]>()).to_lowercase()),
            installation: installation.clone(),
            reference: new.reference,
            payer: payer.map(str::to_owned),
            provider,
            description: new.description,
            amount: new.amount,
            lines: new.lines,
            escrow,
            status: Status::Pending,
            attempt: 0,
            captured: 0,
            arrived: Default::default(),
            failure: None,
            refunds: Default::default(),
            created_at: now,
            expires_at: new.expires_at,
            return_path: new.return_path,
            behaviour: Behaviour::Succeed,
        };
        txn.put_as(by_reference, &intent.id);
        if let Some(account) = payer {
            txn.put_as(keys::payer_intent(account, now, &intent.id), &());
        }
        txn.put_as(keys::intent(&intent.id), &intent);
        Ok(intent)
    }

    /// Stages an attempt to take the money now, without the cashier's page. `person` is the
    /// account of the person in whose call the app asks, absent in a call without one. What a payer
    /// is to pay is taken in a call of that payer and in no other, a job's included; an intent
    /// without a payer may be confirmed by anybody.
    ///
    /// # Errors
    /// [`PaymentError::NotThePayer`], [`PaymentError::NoDirectConfirmation`] where the provider
    /// does not allow it, [`PaymentError::Closed`], wrong states.
    pub async fn confirm(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        person: Option<&str>,
        id: &str,
    ) -> Result<(), PaymentError> {
        let mut intent = self.own(txn, installation, id).await?;
        if intent.payer.is_some() && intent.payer.as_deref() != person {
            return Err(PaymentError::NotThePayer);
        }
        if !self.provider(&intent.provider).is_some_and(|p| p.supports_direct_confirmation()) {
            return Err(PaymentError::NoDirectConfirmation(intent.provider));
        }
        self.attempt(txn, &mut intent, Behaviour::Succeed).await
    }

    /// Begins an attempt for the cashier's page, in a commit of its own.
    ///
    /// # Errors
    /// [`PaymentError::NotThePayer`], wrong states, [`PaymentError::Expired`], [`PaymentError::Closed`].
    pub async fn pay_at_cashier(&self, id: &str, account: &str, behaviour: Behaviour) -> Result<Intent, PaymentError> {
        transact!(&self.store, |txn| {
            let mut intent = find(txn, id).await?;
            if intent.payer.as_deref().is_some_and(|p| p != account) {
                return Err(PaymentError::NotThePayer);
            }
            self.attempt(txn, &mut intent, behaviour).await?;
            Ok(intent)
        })
    }

    async fn attempt(&self, txn: &mut Txn, intent: &mut Intent, behaviour: Behaviour) -> Result<(), PaymentError> {
        if self.is_closed(txn, &intent.installation).await? {
            return Err(PaymentError::Closed);
        }
        intent.begin(self.clock.now())?;
        intent.behaviour = behaviour;
        txn.append_as(keys::commands_due(self.clock.now()), &Command::charge(intent));
        txn.put_as(keys::intent(&intent.id), intent);
        Ok(())
    }

    /// Stages giving up.
    ///
    /// # Errors
    /// Wrong states.
    pub async fn cancel(&self, txn: &mut Txn, installation: &InstallationName, id: &str) -> Result<(), PaymentError> {
        let mut intent = self.own(txn, installation, id).await?;
        intent.cancel()?;
        txn.put_as(keys::intent(id), &intent);
        self.report(txn, &intent, "cancelled", intent.amount, None, None).await
    }

    /// Stages a refund. The same reference with the same lines is the same refund.
    ///
    /// # Errors
    /// Wrong states, [`PaymentError::Invalid`] when a payee has less left.
    pub async fn refund(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: &str,
        new: NewRefund,
    ) -> Result<(), PaymentError> {
        let mut intent = self.own(txn, installation, id).await?;
        let reference = new.reference.clone();
        if intent.refund(new)? {
            txn.append_as(keys::commands_due(self.clock.now()), &Command::refund(&intent, &reference));
            txn.put_as(keys::intent(id), &intent);
        }
        Ok(())
    }

    /// Reads an intent of an installation.
    ///
    /// # Errors
    /// [`PaymentError::UnknownIntent`].
    pub async fn get(&self, installation: &InstallationName, id: &str) -> Result<Intent, PaymentError> {
        let intent = self.intent_by_id(id).await?;
        if intent.installation == *installation { Ok(intent) } else { Err(PaymentError::UnknownIntent(id.to_owned())) }
    }

    /// Reads an intent with what `txn` staged.
    ///
    /// # Errors
    /// [`PaymentError::UnknownIntent`].
    pub async fn own(&self, txn: &mut Txn, installation: &InstallationName, id: &str) -> Result<Intent, PaymentError> {
        let intent = find(txn, id).await?;
        if intent.installation == *installation { Ok(intent) } else { Err(PaymentError::UnknownIntent(id.to_owned())) }
    }

    /// Reads any intent, for the cashier's page.
    ///
    /// # Errors
    /// [`PaymentError::UnknownIntent`].
    pub async fn intent_by_id(&self, id: &str) -> Result<Intent, PaymentError> {
        if id.is_empty() || id.len() > 64 {
            return Err(PaymentError::UnknownIntent(id.chars().take(64).collect()));
        }
        find(&mut Txn::new(self.store.clone()), id).await
    }

    /// Takes a provider's callback. One that is refused leaves no trace; one that repeats an
    /// outcome under a new nonce is accepted and changes nothing.
    ///
    /// # Errors
    /// [`CallbackError`].
    pub async fn handle_callback(&self, provider: &str, headers: &Headers, body: &[u8]) -> Result<(), CallbackError> {
        let known = self.provider(provider).ok_or_else(|| CallbackError::UnknownProvider(provider.to_owned()))?;
        let callback = known.verify(headers, body, self.clock.now())?;
        transact!(&self.store, |txn| {
            let nonce = keys::nonce(provider, callback.signed_at, &callback.nonce);
            if txn.get(&nonce).await?.is_some() {
                return Err(Refused(CallbackError::Replayed));
            }
            txn.put_as(nonce, &());
            self.apply(txn, provider, &callback).await
        })
        .map_err(|Refused(e)| e)
    }

    async fn apply(&self, txn: &mut Txn, provider: &str, callback: &Callback) -> Result<(), Refused> {
        match &callback.event {
            CallbackEvent::Charge { intent, attempt, amount, failure } => {
                let mut intent = self.of_provider(txn, provider, intent).await?;
                if *amount != intent.amount || *attempt == 0 || *attempt > intent.attempt {
                    return Err(invalid("amount or attempt are not those that were ordered"));
                }
                txn.delete(keys::open_order(&intent.id, &charge_key(*attempt)));
                self.charged(txn, &mut intent, *attempt, failure.as_deref()).await
            }
            CallbackEvent::Refund { intent, reference, amount, failure } => {
                let mut intent = self.of_provider(txn, provider, intent).await?;
                if intent.refunds.get(reference).is_none_or(|r| r.amount != *amount) {
                    return Err(invalid("no such refund was ordered"));
                }
                txn.delete(keys::open_order(&intent.id, &refund_key(reference)));
                self.returned(txn, &mut intent, reference, failure.as_deref()).await
            }
        }
    }

    async fn of_provider(&self, txn: &mut Txn, provider: &str, id: &str) -> Result<Intent, Refused> {
        let intent = find(txn, id).await.map_err(|e| match e {
            PaymentError::UnknownIntent(_) => invalid("no such intent"),
            other => Refused(CallbackError::Failed(other.to_string())),
        })?;
        if intent.provider == provider { Ok(intent) } else { Err(invalid("the intent belongs to another provider")) }
    }

    /// An attempt ended: state, ledger and the app's message, in `txn`. Money for an app that was
    /// removed goes back at once.
    pub(crate) async fn charged(
        &self,
        txn: &mut Txn,
        intent: &mut Intent,
        attempt: u32,
        failure: Option<&str>,
    ) -> Result<(), Refused> {
        let now = self.clock.now();
        match failure.map_or_else(|| Ok(intent.succeed(attempt)), Err) {
            Ok(Arrival::Paid) => {
                let entry = if intent.escrow.is_some() {
                    Entry::hold(intent, now)
                } else {
                    let installation = intent.installation.as_str();
                    Entry::capture(&intent.id, installation, &intent.provider, &intent.lines, now)
                };
                book(txn, entry)?;
                if self.is_closed(txn, &intent.installation).await? {
                    self.return_all(txn, intent)?;
                }
                txn.put_as(keys::intent(&intent.id), intent);
                self.report(txn, intent, "captured", intent.captured, None, None).await?;
            }
            Ok(Arrival::Surplus) => {
                // It stands in the ledger's account until the operator returns it by the provider's own means.
                tracing::error!(intent = intent.id, attempt, fen = intent.amount, "a payment arrived a second time");
                book(txn, Entry::surplus(intent, attempt, now))?;
                txn.put_as(keys::intent(&intent.id), intent);
            }
            Err(why) if intent.fail(attempt, why) => {
                txn.put_as(keys::intent(&intent.id), intent);
                self.report(txn, intent, "failed", intent.amount, None, Some(why)).await?;
            }
            Ok(Arrival::Known) | Err(_) => {}
        }
        Ok(())
    }

    /// A refund ended: state, ledger and the app's message, in `txn`.
    pub(crate) async fn returned(
        &self,
        txn: &mut Txn,
        intent: &mut Intent,
        reference: &str,
        failure: Option<&str>,
    ) -> Result<(), Refused> {
        let Some(refund) = intent.settle(reference, failure.is_none()) else { return Ok(()) };
        if intent.escrow.is_some() {
            book(txn, Entry::arrived(intent, reference, refund.amount, failure.is_none(), self.clock.now()))?;
        } else if failure.is_none() {
            let entry = Entry::refund(
                &intent.id,
                intent.installation.as_str(),
                &intent.provider,
                reference,
                &refund.lines,
                self.clock.now(),
            );
            book(txn, entry)?;
        }
        txn.put_as(keys::intent(&intent.id), intent);
        if let Some(why) = failure
            && self.is_closed(txn, &intent.installation).await?
        {
            // No app is left that would try again.
            tracing::error!(intent = intent.id, reference, why, "money of an app that was removed cannot be returned");
        }
        let outcome = if failure.is_none() { "refunded" } else { "refund-failed" };
        self.report(txn, intent, outcome, refund.amount, Some(reference), failure).await?;
        Ok(())
    }

    async fn report(
        &self,
        txn: &mut Txn,
        intent: &Intent,
        outcome: &str,
        amount: u64,
        refund: Option<&str>,
        reason: Option<&str>,
    ) -> Result<(), PaymentError> {
        let event = Outgoing {
            topic: topics::PAYMENTS.into(),
            subject: Some(intent.id.clone()),
            key: Some(intent.id.clone()),
            data: json!({
                "outcome": outcome, "intent": intent.id, "reference": intent.reference, "amount": amount,
                "refund": refund, "reason": reason,
            }),
            not_before: None,
            deduplication_key: None,
        };
        self.messaging
            .publish_platform(txn, &intent.installation, "payments", event)
            .await
            .map(|_| ())
            .map_err(|e| PaymentError::Messaging(e.to_string()))
    }

    /// Forgets nonces that no callback could repeat any more.
    pub(crate) async fn forget_nonces(&self) -> Result<(), CommitError> {
        let old = self.clock.now().plus_millis(-2 * WINDOW_MILLIS).as_u64();
        for provider in &self.providers {
            let all = keys::nonces(provider.name());
            let mut range = all.children();
            range.end = all.u64(old);
            let rows = self.store.scan(&range, Direction::Ascending, 5_000).await?;
            if !rows.is_empty() {
                let mut txn = Txn::new(self.store.clone());
                rows.into_iter().for_each(|r| txn.delete(r.key));
                txn.commit().await?;
            }
        }
        Ok(())
    }
}

/// A callback that is refused, as an error that a transaction can end with.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) CallbackError);

fn invalid(why: &str) -> Refused {
    Refused(CallbackError::Invalid(why.to_owned()))
}

impl From<CommitError> for Refused {
    fn from(e: CommitError) -> Self {
        Self(CallbackError::Failed(e.to_string()))
    }
}

impl From<StoreError> for Refused {
    fn from(e: StoreError) -> Self {
        Self(CallbackError::Failed(e.to_string()))
    }
}

impl From<PaymentError> for Refused {
    fn from(e: PaymentError) -> Self {
        Self(CallbackError::Failed(e.to_string()))
    }
}

async fn find(txn: &mut Txn, id: &str) -> Result<Intent, PaymentError> {
    txn.get_as(&keys::intent(id)).await?.ok_or_else(|| PaymentError::UnknownIntent(id.to_owned()))
}

impl From<LedgerError> for Refused {
    fn from(e: LedgerError) -> Self {
        invalid(&e.to_string())
    }
}

/// Stages an entry and the balances that it moves.
pub(crate) fn book(txn: &mut Txn, entry: Result<Entry, LedgerError>) -> Result<(), LedgerError> {
    let entry = entry?;
    for p in entry.postings() {
        txn.adjust(keys::balance(&p.account), p.amount, i64::MIN, crate::ledger::ceiling(&p.account));
    }
    txn.append_as(keys::ledger(), &entry);
    Ok(())
}
