//! The adapter between the domain and the installation's own data: which type is which collection,
//! and how the effects of a step are staged in a transaction.

mod staging;

pub use staging::{StageError, count, stage};

use crate::domain::batch::Batch;
use crate::domain::cart::Cart;
use crate::domain::coupon::Coupon;
use crate::domain::division::{self, Change};
use crate::domain::farmer::Farmer;
use crate::domain::group::GroupBuy;
use crate::domain::listing::Listing;
use crate::domain::order::Order;
use crate::domain::product::Product;
use crate::domain::returns::Return;
use crate::domain::station::{Consent, Station, Visit};
use crate::domain::store::Store;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Collection, DataError, Document, Index, Page, Query, Stored, Tx};

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
    /// A store's batches by where they stand.
    BATCHES_BY_STORE_STATE: Batch = "by-store-state";
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
    /// A buyer's orders by where they stand.
    ORDERS_BY_OWNER_STATE: Order = "by-owner-state";
    /// Every order.
    ORDERS_BY_PLACED: Order = "by-placed";
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
