//! The adapter between the domain and the installation's own data: which type is which collection, and how a step is
//! staged in a transaction together with all that it does.

pub mod by;

use crate::domain::alert::Alert;
use crate::domain::borrower::{Borrower, Consent};
use crate::domain::effect::{Effect, Wake};
use crate::domain::flow::Flow;
use crate::domain::freight::{FreightOrder, Waybill};
use crate::domain::ledger::Entry;
use crate::domain::loan::{Deal, Loan};
use crate::domain::pledge::{self, Pledge};
use crate::domain::quote::Quote;
use crate::domain::receipt::Receipt;
use crate::domain::sensor::{Device, Event as SensorEvent};
use crate::domain::warehouse::{Lot, Warehouse};
use crate::notes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::{Collection, DataError, Document, Error, Failure, Index, Outgoing, Text, Tx};

/// The ledger's balances in fen, by account.
pub const LEDGER_BALANCE: &str = "ledger-balance";
/// Fen of all postings together: always 0.
pub const LEDGER_SUM: &str = "ledger-sum";
/// How many parts of the sample are loaded.
pub const SAMPLE_LOADED: &str = "sample-loaded";

/// The topic by which the app wakes itself for a loan.
pub const LOAN_WAKE: &str = "loan.wake";
/// The topic by which it goes through the loans whose goods have a new price.
pub const REVALUE: &str = "loans.revalue";
/// The topic by which it freezes the loans of a company.
pub const FREEZE: &str = "loans.freeze";
/// The topic by which it loads the sample, a part at a time.
pub const SAMPLE: &str = "sample.load";
/// The topic that tells banks of their collateral.
pub const COLLATERAL_ALERT: &str = "collateral.alert";
/// Another app's request for a waybill.
pub const SHIPMENT_REQUESTED: &str = "shipment.requested";
/// The answer to it.
pub const SHIPMENT_ANSWERED: &str = "shipment.answered";
/// The topic that tells what becomes of a waybill that another app asked for.
pub const WAYBILL_CHANGED: &str = "waybill.changed";

macro_rules! collections {
    ($($(#[$doc:meta])* $name:ident: $t:ty => $collection:literal;)*) => {
        $($(#[$doc])* pub const $name: Collection<$t> = Collection::new();
        impl Document for $t {
            const COLLECTION: &'static str = $collection;
            fn id(&self) -> &str {
                &self.id
            }
        })*
    };
}

collections! {
    /// Warehouses.
    WAREHOUSES: Warehouse => "warehouses";
    /// Lots.
    LOTS: Lot => "lots";
    /// Receipts.
    RECEIPTS: Receipt => "receipts";
    /// The register of pledges.
    PLEDGES: Pledge => "pledges";
    /// The latest price of goods, by their code.
    QUOTES: Quote => "quotes";
    /// Every price that there was.
    QUOTE_HISTORY: PastQuote => "quote-history";
    /// Companies' files at banks.
    BORROWERS: Borrower => "borrowers";
    /// Companies' consents.
    CONSENTS: Consent => "consents";
    /// Loans.
    LOANS: Loan => "loans";
    /// Alerts.
    ALERTS: Alert => "alerts";
    /// Freight orders.
    FREIGHT_ORDERS: FreightOrder => "freight-orders";
    /// Waybills.
    WAYBILLS: Waybill => "waybills";
    /// Flow links.
    FLOWS: Flow => "flows";
    /// Sensors.
    DEVICES: Device => "devices";
    /// Readings.
    SENSOR_EVENTS: SensorEvent => "sensor-events";
    /// What companies, banks and carriers are called.
    PARTIES: Party => "parties";
    /// Answers to other apps' requests.
    SHIPMENTS: Shipment => "shipments";
}

/// The ledger.
pub const ENTRIES: Collection<Entry> = Collection::new();
impl Document for Entry {
    const COLLECTION: &'static str = "entries";
    fn id(&self) -> &str {
        Entry::id(self)
    }
}

/// What a company, a bank or a carrier is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its USCC.
    pub id: String,
    /// Its name; none when the register did not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the register was asked: milliseconds of UTC.
    pub asked_at: i64,
}

/// A price that there was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PastQuote(pub Quote);

impl std::ops::Deref for PastQuote {
    type Target = Quote;
    fn deref(&self) -> &Quote {
        &self.0
    }
}

/// What another app asked for, and the answer that it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The source, a slash and the request.
    pub id: String,
    /// The request.
    pub request: String,
    /// The waybill, if it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waybill: Option<String>,
    /// Why not, if it was not: a code and its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<(String, Text)>,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// Why something could not be staged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StageError {
    /// The data service refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Messaging refused.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
}

impl From<StageError> for Failure {
    fn from(e: StageError) -> Self {
        match e {
            // Somebody came in between: the next attempt sees it.
            StageError::Data(e @ (DataError::UniqueViolation { .. } | DataError::AlreadyExists(_))) => {
                Self::Retry(e.to_string())
            }
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
        }
    }
}

impl From<StageError> for Error {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
        }
    }
}

/// Everything of an index, page after page: for what a step must know whole.
///
/// # Errors
/// [`DataError`].
pub fn all<T: Document>(tx: &Tx<'_>, query: &yunlong_sdk::Query<T>) -> Result<Vec<T>, DataError> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = tx.find(query.clone().limit(200).after(after))?;
        found.extend(page.items.into_iter().map(yunlong_sdk::Stored::into_value));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Loads a loan with its standing pledges and their receipts.
///
/// # Errors
/// [`DataError`].
pub fn load_deal(tx: &Tx<'_>, loan: &str) -> Result<Option<Deal>, DataError> {
    let Some(loan) = tx.get::<Loan>(loan)?.map(yunlong_sdk::Stored::into_value) else { return Ok(None) };
    let mut pledges = Vec::new();
    for state in [pledge::State::Requested, pledge::State::Registered] {
        pledges.extend(all(tx, &by::PLEDGE_LOAN.equals(loan.id.as_str()).equals(state.code()))?);
    }
    let mut receipts = Vec::with_capacity(pledges.len());
    for pledge in &pledges {
        receipts.extend(tx.get::<Receipt>(&pledge.receipt)?.map(yunlong_sdk::Stored::into_value));
    }
    Ok(Some(Deal { loan, pledges, receipts }))
}

/// Writes what has changed of a deal, and does what its step asks for. Receipts whose signature is void are signed by
/// `sign` first.
///
/// # Errors
/// [`StageError`]; the caller's transaction is then rolled back.
pub fn stage_deal<E: From<StageError>>(
    tx: &Tx<'_>,
    before: Option<&Deal>,
    deal: &mut Deal,
    effects: Vec<Effect>,
    sign: impl Fn(&mut Receipt) -> Result<(), E>,
) -> Result<(), E> {
    match before {
        // First of all, so that a repeated request meets its first loan and nothing else.
        None => tx.insert(&deal.loan).map_err(StageError::from)?,
        Some(b) if b.loan != deal.loan => tx.put(&deal.loan).map_err(StageError::from)?,
        Some(_) => {}
    }
    let known = |id: &str| before.and_then(|b| b.receipts.iter().find(|r| r.id == id));
    for receipt in &mut deal.receipts {
        let old = known(&receipt.id);
        if old == Some(&*receipt) {
            continue;
        }
        sign(receipt)?;
        let divided = |b: &Deal| receipt.parents.iter().any(|p| b.receipts.iter().any(|r| r.id == *p));
        if old.is_none() && before.is_some_and(divided) {
            // It took the place of another one in this very step: its number must be new.
            tx.insert(&*receipt).map_err(StageError::from)?;
        } else {
            tx.put(&*receipt).map_err(StageError::from)?;
        }
    }
    // Those that end leave the unique index before another takes their place.
    let is_new = |p: &Pledge| before.is_none_or(|b| b.pledges.iter().all(|o| o.id != p.id));
    for pledge in deal.pledges.iter().filter(|p| !is_new(p)) {
        if before.is_none_or(|b| b.pledges.iter().any(|o| o.id == pledge.id && o != pledge)) {
            tx.put(pledge).map_err(StageError::from)?;
        }
    }
    for pledge in deal.pledges.iter().filter(|p| is_new(p)) {
        // A receipt that the same loan had and let go of may come back: its entry is written over.
        tx.put(pledge).map_err(StageError::from)?;
    }
    let loan = &deal.loan;
    Ok(stage_effects(tx, Some(loan), effects)?)
}

/// Does what a step asks for.
///
/// # Errors
/// [`StageError`].
pub fn stage_effects(tx: &Tx<'_>, loan: Option<&Loan>, effects: Vec<Effect>) -> Result<(), StageError> {
    for effect in effects {
        match effect {
            Effect::Book(entry) => book(tx, &entry)?,
            Effect::Alert(alert) => {
                let officers = loan.map(Loan::bank_officers).unwrap_or_default();
                raise(tx, &alert, &officers)?;
            }
            Effect::Wake { loan, what, at } => wake(tx, &loan, what, at)?,
        }
    }
    Ok(())
}

/// Books an entry, which must be new, and moves the balances of its accounts.
fn book(tx: &Tx<'_>, entry: &Entry) -> Result<(), StageError> {
    tx.insert(entry)?;
    let mut sum = 0;
    for posting in entry.postings() {
        tx.adjust(LEDGER_BALANCE, &posting.account.to_string(), posting.amount, i64::MIN..=i64::MAX)?;
        sum += posting.amount;
    }
    // Bounded by 0 on both sides: no entry that does not balance is ever committed.
    tx.adjust(LEDGER_SUM, "all", sum, 0..=0)?;
    Ok(())
}

/// Tells a bank: its list, the people who worked on the loan, and its own app if it has one. The same occurrence is told
/// once.
///
/// # Errors
/// [`StageError`].
pub fn raise(tx: &Tx<'_>, alert: &Alert, officers: &[&str]) -> Result<(), StageError> {
    if tx.get::<Alert>(&alert.id)?.is_some() {
        return Ok(());
    }
    tx.insert(alert)?;
    let data = json!({
        "alert": alert.id, "bank": alert.bank, "loan": alert.loan, "receipt": alert.receipt,
        "kind": alert.kind.code(), "amount": alert.amount, "detail": alert.detail, "at": alert.at,
    });
    tx.publish(&Outgoing::new(COLLATERAL_ALERT, &data).subject(&alert.loan).key(&alert.loan).once(&alert.id))?;
    for officer in officers {
        match tx.notify(&notes::alert(officer, alert)) {
            // Somebody who works here no more; the bank's list has it all the same.
            Ok(()) | Err(MessagingError::UnknownRecipient) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Wakes the app for a loan at a time.
///
/// # Errors
/// [`StageError`].
pub fn wake(tx: &Tx<'_>, loan: &str, what: Wake, at: i64) -> Result<(), StageError> {
    let data = json!({"loan": loan, "what": what});
    let event = Outgoing::new(LOAN_WAKE, &data).subject(loan).key(loan);
    tx.publish(&event.not_before(u64::try_from(at).unwrap_or(0)))?;
    Ok(())
}
