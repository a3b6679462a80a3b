//! The adapter between the domain and the installation's own data: which type is which
//! collection, and how the effects of a step are staged in a transaction.

use crate::domain::alert::Level;
use crate::domain::batch::{self, Judged, Scan};
use crate::domain::catalogue::{Attraction, DayPlan, Product};
use crate::domain::effect::{Effect, Note};
use crate::domain::entitlement::Entitlement;
use crate::domain::order::{Intent, Order, Part};
use crate::domain::pricing::Line;
use crate::domain::site::{self, SITE_COUNTER};
use crate::domain::slot::{DAY_COUNTER, SLOT_COUNTER, SlotId};
use crate::domain::time::Date;
use crate::service::keys;
use crate::{notes, policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::payments::{self, NewIntent, NewRefund, PaymentError};
use yunlong_sdk::{Collection, DataError, Document, Error, Failure, Index, Outgoing, Text, Tx};

/// Tickets sold in a slot.
pub const SOLD_COUNTER: &str = "slot-sold";
/// Fen earned in a slot.
pub const REVENUE_COUNTER: &str = "slot-revenue";
/// Visitors admitted in a slot.
pub const ADMITTED_COUNTER: &str = "slot-admitted";
/// Fen returned for tickets of a slot.
pub const RETURNED_COUNTER: &str = "slot-returned";
/// Orders that one buyer holds unpaid.
pub const OPEN_COUNTER: &str = "open-orders";
/// Fen of a closure's refunds that are back.
pub const CLOSURE_RETURNED: &str = "closure-returned";
/// Fen of a closure's refunds that the provider refused.
pub const CLOSURE_FAILED: &str = "closure-failed";
/// Uses of an entitlement.
pub const USES_COUNTER: &str = "entitlement-uses";

/// The topic by which the app tells itself that a hold's time is over.
pub const HOLD_EXPIRED: &str = "hold.expired";
/// The topic by which the app goes on with a closure.
pub const SWEEP: &str = "tickets.sweep";
/// The topic by which the app goes on with a gate's batch.
pub const GATE_BATCH: &str = "gate.batch";
/// The topic that tells of tickets whose money is back.
pub const ORDER_REFUNDED: &str = "order.refunded";
/// The topic that tells how full a day is.
pub const CAPACITY_ALERT: &str = "capacity.alert";

/// Attractions.
pub const ATTRACTIONS: Collection<Attraction> = Collection::new();
/// Products.
pub const PRODUCTS: Collection<Product> = Collection::new();
/// Days that are different.
pub const DAY_PLANS: Collection<DayPlan> = Collection::new();
/// Orders.
pub const ORDERS: Collection<Order> = Collection::new();
/// Entitlements.
pub const ENTITLEMENTS: Collection<Entitlement> = Collection::new();

/// Closures.
pub const CLOSURES: Collection<Closure> = Collection::new();

/// Batches of gates without a network.
pub const BATCHES: Collection<Batch> = Collection::new();
/// Batches by the time of their upload.
pub const BATCHES_BY_TIME: Index<Batch> = Index::new("by-time");
/// Alerts by the day that they are about.
pub const ALERTS_BY_DATE: Index<Alert> = Index::new("by-date");

/// Entitlements by the attraction and the day.
pub const ENTITLEMENTS_BY_DAY: Index<Entitlement> = Index::new("by-day");
/// A document's tickets at an attraction, by the day.
pub const ENTITLEMENTS_BY_DOCUMENT: Index<Entitlement> = Index::new("by-document");
/// The one-ID rule's unique index.
pub const ONE_ID: Index<Entitlement> = Index::new("one-id");

/// A buyer's orders by the time they were made.
pub const ORDERS_BY_OWNER: Index<Order> = Index::new("by-owner");
/// The orders that were made for somebody, by the time they were made.
pub const ORDERS_BY_GRANTOR: Index<Order> = Index::new("by-grantor");
/// The orders that were made under a mandate, by the time they were made.
pub const ORDERS_BY_MANDATE: Index<Order> = Index::new("by-mandate");

macro_rules! documents {
    ($($t:ty => $collection:literal;)*) => {
        $(impl Document for $t {
            const COLLECTION: &'static str = $collection;
            fn id(&self) -> &str {
                &self.id
            }
        })*
    };
}

documents! {
    Attraction => "attractions";
    Product => "products";
    DayPlan => "day-plans";
    Order => "orders";
    Entitlement => "entitlements";
    Verification => "verifications";
    Alert => "alerts";
    Closure => "closures";
    Batch => "gate-batches";
}

/// An admission, as the gate's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verification {
    /// `entitlement.use`.
    pub id: String,
    /// The entitlement.
    pub entitlement: String,
    /// The attraction.
    pub attraction: String,
    /// The gate's name.
    pub gate: String,
    /// The gate officer's subject.
    pub officer: String,
    /// The scanner or tablet, as it names itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Whether the officer let somebody in though the site was full.
    #[serde(default, skip_serializing_if = "is_false")]
    pub over_cap: bool,
    /// Milliseconds of UTC.
    pub at: i64,
    /// The batch of a gate without a network, if it came by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(b: &bool) -> bool {
    !*b
}

/// What a gate scanned without a network, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// A keyed hash of officer and number.
    pub id: String,
    /// The gate's own number for it.
    pub number: String,
    /// The attraction.
    pub attraction: String,
    /// The gate's name.
    pub gate: String,
    /// The officer's subject.
    pub officer: String,
    /// The tablet, as it names itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Milliseconds of UTC.
    pub uploaded_at: i64,
    /// A keyed digest of what was uploaded, to know a repetition from another batch.
    pub digest: String,
    /// How far the gate's clock was ahead of the codes, in milliseconds, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_off: Option<i64>,
    /// The scans.
    pub scans: Vec<Scan>,
    /// What became of the first of them, in their order.
    #[serde(default)]
    pub judged: Vec<Judged>,
    /// Where it stands.
    pub state: batch::State,
}

/// An alert that was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// `attraction/date/level`.
    pub id: String,
    /// The attraction.
    pub attraction: String,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// The level.
    pub level: Level,
    /// People with a hold or a ticket at that time.
    pub taken: i64,
    /// The day's cap.
    pub cap: u32,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// A change of the timetable that left tickets without their slot, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closure {
    /// The time in milliseconds with leading zeros, a dot and the attraction: in the order of time.
    pub id: String,
    /// The attraction.
    pub attraction: String,
    /// The attraction's name.
    pub name: Text,
    /// The first day that it concerns.
    pub from: Date,
    /// The last day; absent for all days to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Why, as visitors read it.
    pub reason: Text,
    /// The manager's subject.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
    /// Orders that it met.
    #[serde(default)]
    pub orders: u32,
    /// Tickets that were given back.
    #[serde(default)]
    pub tickets: u32,
    /// Fen that were asked back for them. What became of them is counted.
    #[serde(default)]
    pub amount: u64,
    /// Whether every ticket was looked at.
    #[serde(default)]
    pub done: bool,
}

/// Why effects could not be staged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StageError {
    /// The data service refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Messaging refused.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
    /// Payments refused.
    #[error(transparent)]
    Payment(#[from] PaymentError),
}

impl From<StageError> for Failure {
    fn from(e: StageError) -> Self {
        match e {
            // The claim is taken or a document came in between: the next attempt sees it.
            StageError::Data(e @ (DataError::UniqueViolation { .. } | DataError::AlreadyExists(_))) => {
                Self::Retry(e.to_string())
            }
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
            StageError::Payment(e) => e.into(),
        }
    }
}

impl From<StageError> for Error {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
            StageError::Payment(e) => e.into(),
        }
    }
}

/// Stages the effects of one step, then the order: with `insert` as a new one.
///
/// # Errors
/// [`StageError`]; the caller's transaction is then rolled back.
pub fn stage(tx: &Tx<'_>, order: &mut Order, effects: Vec<Effect>, insert: bool, now: i64) -> Result<(), StageError> {
    if insert && effects.contains(&Effect::OpenIntent) {
        order.intent = Some(open_intent(tx, order)?);
    }
    if insert {
        // First of all, so that a repeated request meets its first order and nothing else.
        tx.insert(order)?;
    } else {
        tx.put(order)?;
    }
    for effect in effects {
        apply(tx, order, effect, now)?;
    }
    Ok(())
}

fn apply(tx: &Tx<'_>, order: &Order, effect: Effect, now: i64) -> Result<(), StageError> {
    match effect {
        Effect::Claim(e) => tx.insert(&e)?,
        Effect::Put(e) => tx.put(&e)?,
        Effect::Remove(id) => tx.delete::<Entitlement>(&id)?,
        Effect::Take { slot, people } => {
            tx.adjust(SLOT_COUNTER, &slot.id.to_string(), i64::from(people), 0..=i64::from(slot.cap))?;
            tx.adjust(DAY_COUNTER, &slot.id.day_key(), i64::from(people), 0..=i64::from(slot.daily_cap))?;
        }
        Effect::Release { slot, people } => {
            // No upper bound: a cap may have been lowered below what is sold meanwhile.
            tx.adjust(SLOT_COUNTER, &slot.to_string(), -i64::from(people), 0..=i64::MAX)?;
            tx.adjust(DAY_COUNTER, &slot.day_key(), -i64::from(people), 0..=i64::MAX)?;
        }
        Effect::Sold { slot, people, revenue } => {
            let key = slot.id.to_string();
            tx.adjust(SOLD_COUNTER, &key, i64::from(people), 0..=i64::MAX)?;
            tx.adjust(REVENUE_COUNTER, &key, fen(revenue), 0..=i64::MAX)?;
            let name = order.parts.iter().find(|p| p.slot.id == slot.id).map(|p| p.name.clone()).unwrap_or_default();
            alert(tx, &name, &slot.id, slot.daily_cap, now)?;
        }
        Effect::Unsold { slot, people, amount } => {
            let key = slot.to_string();
            tx.adjust(SOLD_COUNTER, &key, -i64::from(people), 0..=i64::MAX)?;
            tx.adjust(REVENUE_COUNTER, &key, -fen(amount), 0..=i64::MAX)?;
            tx.adjust(RETURNED_COUNTER, &key, fen(amount), 0..=i64::MAX)?;
        }
        Effect::OpenHold => {
            let bound = policy::max_open_orders().map_err(|e| DataError::Other(e.to_string()))?;
            tx.adjust(OPEN_COUNTER, &order.owner, 1, 0..=bound)?;
        }
        Effect::CloseHold => tx.adjust(OPEN_COUNTER, &order.owner, -1, 0..=i64::MAX)?,
        Effect::OpenIntent => {}
        Effect::CancelIntent => cancel_intent(tx, order)?,
        Effect::Refund { refund, lines } => {
            let refund = NewRefund { reference: refund.reference, lines: payable(lines), reason: refund.reason };
            let intent = order.intent.as_ref().map_or("", |i| i.id.as_str());
            tx.refund(intent, &refund)?;
        }
        Effect::ExpireAt(at) => {
            let data = json!({"order": order.id, "hold_until": at});
            tx.publish(
                &Outgoing::new(HOLD_EXPIRED, &data)
                    .subject(&order.id)
                    .key(&order.id)
                    .not_before(u64::try_from(at).unwrap_or(0)),
            )?;
        }
        Effect::Notify(note) => notify(tx, order, note)?,
        Effect::Announce(topic) => {
            let visit = |p: &Part| json!({"attraction": p.slot.id.attraction, "date": p.slot.id.date, "start": p.slot.id.start});
            let visits: Vec<_> = order.parts.iter().map(visit).collect();
            let (people, amount) = (order.people(), order.total);
            tell_the_city(tx, topic, order, json!({"people": people, "amount": amount, "visits": visits}))?;
        }
        Effect::Returned { tickets, amount } => {
            tell_the_city(tx, ORDER_REFUNDED, order, json!({"tickets": tickets, "amount": amount}))?;
        }
        Effect::Closure { id, returned, failed } => {
            if returned > 0 {
                tx.adjust(CLOSURE_RETURNED, &id, fen(returned), 0..=i64::MAX)?;
            }
            if failed != 0 {
                tx.adjust(CLOSURE_FAILED, &id, failed, 0..=i64::MAX)?;
            }
        }
    }
    Ok(())
}

/// Publishes what happened to an order, for every department that may hear it. The order goes under
/// a reference that leads nobody to it, in the event's subject and key as well.
fn tell_the_city(tx: &Tx<'_>, topic: &str, order: &Order, mut data: Value) -> Result<(), MessagingError> {
    let reference = keys().reference(&order.id);
    data["reference"] = json!(reference);
    data["product"] = json!(order.product);
    tx.publish(&Outgoing::new(topic, &data).subject(&reference).key(&reference))?;
    Ok(())
}

/// Counts an admission: in the slot's figures, and among those who are on site.
///
/// # Errors
/// [`DataError`].
pub fn count_admission(tx: &Tx<'_>, slot: &SlotId, at: i64) -> Result<(), DataError> {
    tx.adjust(ADMITTED_COUNTER, &slot.to_string(), 1, 0..=i64::MAX)?;
    tx.adjust(SITE_COUNTER, &site::key(&slot.attraction, at), 1, 0..=i64::MAX)
}

/// Fen as a counter holds them.
fn fen(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

fn payable(lines: Vec<Line>) -> Vec<payments::Line> {
    lines.into_iter().map(|l| payments::Line { payee: l.payee, amount: l.amount, description: l.description }).collect()
}

fn open_intent(tx: &Tx<'_>, order: &Order) -> Result<Intent, PaymentError> {
    let intent = tx.create_intent(&NewIntent {
        reference: order.id.clone(),
        description: Text::new(
            format!("{} × {}", order.product_name.zh, order.people()),
            format!("{} × {}", order.product_name.en, order.people()),
        ),
        lines: payable(order.lines()),
        expires_at: u64::try_from(order.hold_until).unwrap_or(0),
        return_path: format!("/orders/{}", order.id),
    })?;
    Ok(Intent { id: intent.id, cashier_url: intent.cashier_url })
}

/// Gives up the intent. Where the money is on its way or there already, its event follows and
/// the order knows what to do with it.
fn cancel_intent(tx: &Tx<'_>, order: &Order) -> Result<(), PaymentError> {
    let Some(intent) = &order.intent else { return Ok(()) };
    match tx.cancel_intent(&intent.id) {
        Err(PaymentError::WrongStatus(_)) => Ok(()),
        other => other,
    }
}

fn notify(tx: &Tx<'_>, order: &Order, note: Note) -> Result<(), MessagingError> {
    match tx.notify(&notes::note(order, note)) {
        // A person whom the platform knows no more gets no note; their money still moves.
        Err(MessagingError::UnknownRecipient) => Ok(()),
        other => other,
    }
}

/// Gives the alert that is due for the day of a slot, once for each level. It is looked for
/// when tickets are issued, for then every place that counts is committed, and when a cap changes.
///
/// # Errors
/// [`StageError`].
pub fn alert(tx: &Tx<'_>, name: &Text, slot: &SlotId, cap: u32, now: i64) -> Result<(), StageError> {
    let key = slot.day_key();
    let taken = tx.counter(DAY_COUNTER, &key)?;
    let Some(level) = Level::of(taken, cap) else { return Ok(()) };
    let id = format!("{key}/{}", level.code());
    if tx.get::<Alert>(&id)?.is_some() {
        return Ok(());
    }
    let (attraction, date) = (slot.attraction.clone(), slot.date.to_string());
    let data = json!({"attraction": attraction, "name": {"zh": name.zh, "en": name.en}, "date": date, "level": level, "taken": taken, "cap": cap, "percent": level.percent()});
    tx.publish(&Outgoing::new(CAPACITY_ALERT, &data).subject(&key).key(&key).once(&id))?;
    tx.insert(&Alert { id, attraction, date, level, taken, cap, at: now })?;
    Ok(())
}
