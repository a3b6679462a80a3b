//! The adapter between the domain and the installation's own data: which type is which collection,
//! and how the effects of a step are staged in a transaction.

use crate::domain::batch::Batch;
use crate::domain::cart::Cart;
use crate::domain::coupon::Coupon;
use crate::domain::division::{self, Change};
use crate::domain::effect::{Effect, Note, To};
use crate::domain::farmer::Farmer;
use crate::domain::group::{self, GroupBuy};
use crate::domain::listing::Listing;
use crate::domain::order::{Due, Order};
use crate::domain::product::Product;
use crate::domain::returns::Return;
use crate::domain::station::{Consent, Station, Visit};
use crate::domain::statistics::{Figure, Figures, Place};
use crate::domain::store::Store;
use crate::service::{escrow, keys};
use crate::{notes, policy};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::payments::PaymentError;
use yunlong_sdk::{Collection, DataError, Document, Error, Failure, Index, Outgoing, Page, Query, Stored, Tx};

/// Units for sale, by `listing/sku`.
pub const STOCK: &str = "stock";
/// Orders that one buyer holds unpaid.
pub const OPEN_ORDERS: &str = "open-orders";
/// Orders that one station holds unpaid.
pub const STATION_ORDERS: &str = "station-orders";
/// Villages that a station's keeper recorded as visited: day/station.
pub const VISITS_RECORDED: &str = "visits";
/// Uses of a coupon.
pub const COUPON_USED: &str = "coupon-used";

/// The topic by which the app comes back to an order.
pub const ORDER_DUE: &str = "order.due";
/// The topic by which it ends a group buy.
pub const GROUP_DUE: &str = "group.due";
/// The topic by which it goes on refunding a group's orders.
pub const GROUP_SWEEP: &str = "group.sweep";
/// The topic by which it goes on with a bad batch.
pub const BATCH_SWEEP: &str = "batch.sweep";
/// The topic by which it goes on loading sample data.
pub const SAMPLE_LOAD: &str = "sample.load";
/// The topic that tells every department of a bad batch.
pub const BATCH_FAILED: &str = "batch.failed";
/// The topic that asks the carrier.
pub const SHIPMENT_REQUESTED: &str = "shipment.requested";
/// The carrier's answer.
pub const SHIPMENT_ANSWERED: &str = "shipment.answered";
/// Where a waybill is.
pub const WAYBILL_CHANGED: &str = "waybill.changed";

/// Farmers.
pub const FARMERS: Collection<Farmer> = Collection::new();
/// Stores.
pub const STORES: Collection<Store> = Collection::new();
/// Products.
pub const PRODUCTS: Collection<Product> = Collection::new();
/// Listings.
pub const LISTINGS: Collection<Listing> = Collection::new();
/// Batches.
pub const BATCHES: Collection<Batch> = Collection::new();
/// Carts.
pub const CARTS: Collection<Cart> = Collection::new();
/// Group buys.
pub const GROUPS: Collection<GroupBuy> = Collection::new();
/// Orders.
pub const ORDERS: Collection<Order> = Collection::new();
/// Which orders hold goods of a batch.
pub const BATCH_ORDERS: Collection<BatchOrder> = Collection::new();
/// Returns.
pub const RETURNS: Collection<Return> = Collection::new();
/// Stations.
pub const STATIONS: Collection<Station> = Collection::new();
/// Service visits.
pub const VISITS: Collection<Visit> = Collection::new();
/// Consents.
pub const CONSENTS: Collection<Consent> = Collection::new();
/// Coupons.
pub const COUPONS: Collection<Coupon> = Collection::new();
/// Changes of divisions.
pub const CHANGES: Collection<Change> = Collection::new();
/// What was loaded of the sample data.
pub const LOADS: Collection<Load> = Collection::new();

macro_rules! indexes {
    ($($(#[$d:meta])* $name:ident: $t:ty = $index:literal;)*) => {
        $($(#[$d])* pub const $name: Index<$t> = Index::new($index);)*
    };
}

indexes! {
    /// A person's registration.
    FARMERS_BY_OWNER: Farmer = "by-owner";
    /// The registration of a document.
    FARMERS_BY_DOCUMENT: Farmer = "by-document";
    /// Registrations by where they stand.
    FARMERS_BY_STATUS: Farmer = "by-status";
    /// A person's stores.
    STORES_BY_OWNER: Store = "by-owner";
    /// A village's stores.
    STORES_BY_VILLAGE: Store = "by-village";
    /// A store's products.
    PRODUCTS_BY_STORE: Product = "by-store";
    /// Listings by where they stand.
    LISTINGS_BY_STATE: Listing = "by-state";
    /// The same, by category.
    LISTINGS_BY_CATEGORY: Listing = "by-category";
    /// A store's listings.
    LISTINGS_BY_STORE: Listing = "by-store";
    /// The listings of a batch.
    LISTINGS_BY_BATCH: Listing = "by-batch";
    /// A store's batches.
    BATCHES_BY_STORE: Batch = "by-store";
    /// Batches by where they stand.
    BATCHES_BY_STATE: Batch = "by-state";
    /// Batches by where they stand and their last day.
    BATCHES_BY_LAST_DAY: Batch = "by-last-day";
    /// Group buys by where they stand, the first deadline first.
    GROUPS_BY_STATE: GroupBuy = "by-state";
    /// A listing's group buys by where they stand, the first deadline first.
    GROUPS_BY_LISTING: GroupBuy = "by-listing";
    /// A buyer's orders.
    ORDERS_BY_OWNER: Order = "by-owner";
    /// A store's orders.
    ORDERS_BY_STORE: Order = "by-store";
    /// A store's orders by where they stand.
    ORDERS_BY_STORE_STATE: Order = "by-store-state";
    /// Orders by where they stand.
    ORDERS_BY_STATE: Order = "by-state";
    /// A station's orders.
    ORDERS_BY_STATION: Order = "by-station";
    /// Orders with an open claim, by when the oldest was opened.
    ORDERS_BY_OPEN_CLAIM: Order = "by-open-claim";
    /// A group's orders.
    ORDERS_BY_GROUP: Order = "by-group";
    /// A buyer's returns.
    RETURNS_BY_OWNER: Return = "by-owner";
    /// An order's returns.
    RETURNS_BY_ORDER: Return = "by-order";
    /// A store's returns.
    RETURNS_BY_STORE: Return = "by-store";
    /// Returns by where they stand.
    RETURNS_BY_STATE: Return = "by-state";
    /// A keeper's stations.
    STATIONS_BY_KEEPER: Station = "by-keeper";
    /// A village's stations.
    STATIONS_BY_VILLAGE: Station = "by-village";
    /// A store's coupons.
    COUPONS_BY_STORE: Coupon = "by-store";
}

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
    Farmer => "farmers";
    Store => "stores";
    Product => "products";
    Listing => "listings";
    Batch => "batches";
    Cart => "carts";
    GroupBuy => "groups";
    Claimed => "claims";
    Order => "orders";
    BatchOrder => "batch-orders";
    ShipmentRequest => "shipment-requests";
    Return => "returns";
    Station => "stations";
    Visit => "visits";
    Consent => "consents";
    Coupon => "coupons";
    Change => "division-changes";
    Load => "loads";
}

/// That somebody joined a group or used a coupon: the id says who, under a keyed hash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claimed {
    /// The group or coupon, and the person's hash.
    pub id: String,
    /// By which order.
    pub order: String,
}

/// That an order holds goods of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchOrder {
    /// `trace code/order`.
    pub id: String,
    /// The order.
    pub order: String,
}

/// To which order a request to the carrier belongs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentRequest {
    /// The request.
    pub id: String,
    /// The order.
    pub order: String,
}

/// How far the sample data is loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Load {
    /// `sample`.
    pub id: String,
    /// Parts that are loaded.
    pub done: u32,
    /// Parts that there are.
    pub of: u32,
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
            // A document came in between: the next attempt sees it.
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
    if insert {
        if effects.contains(&Effect::OpenPayment) {
            order.intent = Some(escrow::open(tx, order)?);
        }
        // First of all, so that a repeated request meets its first order and nothing else.
        tx.insert(order)?;
        for code in order.batches() {
            tx.insert(&BatchOrder { id: format!("{code}/{}", order.id), order: order.id.clone() })?;
        }
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
        Effect::Reserve { key, units } => tx.adjust(STOCK, &key, -i64::from(units), 0..=i64::MAX)?,
        Effect::Restock { key, units } => tx.adjust(STOCK, &key, i64::from(units), 0..=i64::MAX)?,
        Effect::OpenHold => {
            let bound = if order.station.is_some() { policy::max_station_orders() } else { policy::max_open_orders() };
            let bound = bound.map_err(|e| DataError::Other(e.to_string()))?;
            let (counter, key) = holds(order);
            tx.adjust(counter, key, 1, i64::MIN..=bound)?;
        }
        Effect::CloseHold => {
            let (counter, key) = holds(order);
            // Orders that a station placed before they were counted take away what was never added.
            let least = if order.station.is_some() { i64::MIN } else { 0 };
            tx.adjust(counter, key, -1, least..=i64::MAX)?;
        }
        Effect::OpenPayment => {}
        Effect::CancelPayment => escrow::give_up(tx, order)?,
        Effect::FreeClaims => free_claims(tx, order)?,
        Effect::LeaveGroup => leave_group(tx, order)?,
        Effect::Remind(what, at) => remind(tx, order, what, at)?,
        Effect::Refund(refund) => escrow::refund(tx, order, &refund)?,
        Effect::Release(release) => escrow::release(tx, order, &release)?,
        Effect::Request(request) => ask_carrier(tx, order, &request, now)?,
        Effect::Count(place, figures) => count(tx, &place, &figures)?,
        Effect::Notify(to, note) => notify(tx, order, to, &note)?,
    }
    Ok(())
}

/// Where an unpaid order is counted: at its buyer, or at the station that ordered for somebody.
fn holds(order: &Order) -> (&'static str, &str) {
    match &order.station {
        Some(s) => (STATION_ORDERS, &s.station),
        None => (OPEN_ORDERS, &order.placed_by),
    }
}

fn free_claims(tx: &Tx<'_>, order: &Order) -> Result<(), StageError> {
    for id in &order.claims_held {
        // The person may have ordered again since; that claim is the other order's.
        if tx.get::<Claimed>(id)?.is_some_and(|c| c.order == order.id) {
            tx.delete::<Claimed>(id)?;
        }
    }
    if let Some(code) = &order.coupon {
        tx.adjust(COUPON_USED, code, -1, 0..=i64::MAX)?;
    }
    Ok(())
}

fn leave_group(tx: &Tx<'_>, order: &Order) -> Result<(), StageError> {
    let Some(id) = &order.group else { return Ok(()) };
    if let Some(mut g) = tx.get::<GroupBuy>(id)?.filter(|g| g.state == group::State::Open).map(|g| g.value) {
        g.leave();
        tx.put(&g)?;
    }
    Ok(())
}

fn remind(tx: &Tx<'_>, order: &Order, what: Due, at: i64) -> Result<(), MessagingError> {
    let data = json!({"order": order.id, "what": what, "at": at});
    let event = Outgoing::new(ORDER_DUE, &data).subject(&order.id).key(&order.id);
    tx.publish(&event.not_before(u64::try_from(at).unwrap_or(0)))?;
    Ok(())
}

/// Asks the city's carrier. The order goes under a reference that leads nobody to it, and the receiver
/// has an address and no name.
fn ask_carrier(tx: &Tx<'_>, order: &Order, request: &str, now: i64) -> Result<(), StageError> {
    let Some(s) = order.shipments.iter().find(|s| s.request == request) else { return Ok(()) };
    let parcels: Vec<_> =
        s.parcels.iter().map(|p| json!({"parcel": p.id, "goods": p.goods, "grams": p.grams})).collect();
    let hours = i64::from(order.terms.carrier_hours) * crate::domain::time::HOUR;
    let data = json!({
        "request": request,
        "order": keys().reference(&order.id),
        "parcels": parcels,
        "from": {"division": order.village, "address": order.address},
        "to": {"division": order.recipient.division, "address": order.recipient.address},
        "value": order.value_of(s),
        "not_after": now + hours,
    });
    tx.insert(&ShipmentRequest { id: request.to_owned(), order: order.id.clone() })?;
    tx.publish(&Outgoing::new(SHIPMENT_REQUESTED, &data).subject(request).key(request).once(request))?;
    Ok(())
}

/// Changes the figures of a place on all levels.
///
/// # Errors
/// [`DataError`].
pub fn count(tx: &Tx<'_>, place: &Place, figures: &Figures) -> Result<(), DataError> {
    for f in Figure::ALL.into_iter().filter(|f| figures.get(*f) != 0) {
        for key in place.keys() {
            tx.adjust(f.counter(), &key, figures.get(f), i64::MIN..=i64::MAX)?;
        }
    }
    Ok(())
}

fn notify(tx: &Tx<'_>, order: &Order, to: To, note: &Note) -> Result<(), StageError> {
    for recipient in recipients(tx, order, to)? {
        match tx.notify(&notes::note(order, to, note, &recipient)) {
            // A person whom the platform knows no more gets no note; their money still moves.
            Ok(()) | Err(MessagingError::UnknownRecipient) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Nobody can be told by their role alone: the managers of an order are those who let its goods on sale.
fn recipients(tx: &Tx<'_>, order: &Order, to: To) -> Result<BTreeSet<String>, DataError> {
    let mut out = BTreeSet::new();
    match to {
        To::Buyer => out.extend([order.owner.as_ref().unwrap_or(&order.placed_by).clone()]),
        To::Seller => out.extend([order.seller.clone()]),
        To::Managers => {
            for line in &order.lines {
                out.extend(tx.get::<Listing>(&line.listing)?.and_then(|l| l.value.reviewer));
            }
        }
    }
    Ok(out)
}

/// The table of divisions with the changes that were recorded.
///
/// # Errors
/// [`DataError`].
pub fn table(tx: &Tx<'_>) -> Result<division::Table, DataError> {
    Ok(division::Table::with(&every(|q| tx.find::<Change>(q), &Query::by_id())?))
}

/// Every document of a query, page after page.
///
/// # Errors
/// [`DataError`].
pub fn every<T: Document>(
    find: impl Fn(Query<T>) -> Result<Page<T>, DataError>,
    query: &Query<T>,
) -> Result<Vec<T>, DataError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = find(query.clone().limit(500).after(after))?;
        all.extend(page.items.into_iter().map(Stored::into_value));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}
