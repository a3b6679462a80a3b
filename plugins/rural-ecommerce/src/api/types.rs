//! What passes through the API and is used by several of its parts. The OpenAPI document is made of these types.

use crate::domain::batch::{self, Batch};
use crate::domain::group::{self, GroupBuy};
use crate::domain::listing::{self, Listing};
use crate::domain::machine::Machine;
use crate::domain::product::Category;
use crate::domain::station::{Service, Station};
use crate::domain::time::Date;
use crate::domain::{farmer, order, returns};
use crate::service::now;
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use yunlong_sdk::{Text, clock};

/// The schemas of words: each lists what the domain's own type can be.
macro_rules! words {
    ($($name:ident: $all:expr;)*) => { $(
        pub(crate) fn $name(_: &mut SchemaGenerator) -> Schema {
            let words: Vec<&str> = $all.iter().map(|w| w.code()).collect();
            json_schema!({ "type": "string", "enum": words })
        }
    )* };
}

words! {
    category: Category::ALL;
    listing_state: listing::State::ALL;
    batch_state: batch::State::ALL;
    group_state: group::State::ALL;
    order_state: order::State::ALL;
    return_state: returns::State::ALL;
    reason: returns::Reason::ALL;
    farmer_status: farmer::Status::ALL;
    service: Service::ALL;
}

/// The steps of things, which name what is done rather than what becomes of it, with their schemas.
macro_rules! steps {
    ($($list:ident, $schema:ident: [$($word:literal),*];)*) => { $(
        pub(crate) const $list: &[&str] = &[$($word),*];
        pub(crate) fn $schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "string", "enum": $list })
        }
    )* };
}

steps! {
    FARMER_STEPS, farmer_step: ["approve", "refuse", "suspend"];
    LISTING_STEPS, listing_step: ["submit", "withdraw"];
    REVIEW_STEPS, review_step: ["publish", "send-back", "withdraw"];
    RETURN_STEPS, return_step: ["withdraw", "send", "appeal", "approve", "reject", "inspect", "refund", "arbitrate"];
}

/// How somebody agreed at a station.
pub(crate) fn consent_by(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["signature", "fingerprint", "witness", null] })
}

pub(crate) fn services(generator: &mut SchemaGenerator) -> Schema {
    let items = service(generator);
    json_schema!({ "type": "array", "items": items })
}

macro_rules! api {
    ($($(#[$doc:meta])* $derive:ident $name:ident { $($(#[$fdoc:meta])* $field:ident: $t:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, serde::$derive, yunlong_sdk::schemars::JsonSchema)]
        #[schemars(crate = "yunlong_sdk::schemars")]
        pub(crate) struct $name { $($(#[$fdoc])* pub(crate) $field: $t,)* }
    )* };
}
pub(crate) use api;

/// RFC 3339, with China's offset.
pub(crate) fn time(millis: i64) -> String {
    clock::rfc3339(u64::try_from(millis).unwrap_or(0))
}

/// Units of a variant: what is bought, and what lies in a cart.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
#[schemars(crate = "yunlong_sdk::schemars")]
pub(crate) struct ItemInput {
    /// The listing.
    pub(crate) listing: String,
    /// The variant.
    pub(crate) sku: String,
    /// Units.
    pub(crate) quantity: u32,
}

/// Where goods go.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
#[schemars(crate = "yunlong_sdk::schemars")]
pub(crate) struct RecipientBody {
    /// The name.
    pub(crate) name: String,
    /// The mobile number; empty for who has none.
    #[serde(default)]
    pub(crate) phone: String,
    /// The village's code (GB/T 2260 and 6 digits more).
    pub(crate) division: String,
    /// The address in the village, without a name.
    pub(crate) address: String,
}

impl From<RecipientBody> for order::Recipient {
    fn from(r: RecipientBody) -> Self {
        Self { name: r.name, phone: r.phone, division: r.division, address: r.address }
    }
}

impl From<order::Recipient> for RecipientBody {
    fn from(r: order::Recipient) -> Self {
        Self { name: r.name, phone: r.phone, division: r.division, address: r.address }
    }
}

/// Units of one line of an order.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
#[schemars(crate = "yunlong_sdk::schemars")]
pub(crate) struct UnitsBody {
    /// The line's place, from 0.
    pub(crate) line: u32,
    /// How many.
    pub(crate) units: u32,
}

impl From<UnitsBody> for crate::domain::shipment::Units {
    fn from(u: UnitsBody) -> Self {
        Self { line: u.line as usize, units: u.units }
    }
}

impl From<crate::domain::shipment::Units> for UnitsBody {
    fn from(u: crate::domain::shipment::Units) -> Self {
        Self { line: u32::try_from(u.line).unwrap_or(u32::MAX), units: u.units }
    }
}

api! {
    /// Where a list goes on.
    Deserialize PageQuery {
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A listing.
    Serialize ListingItem {
        /// Its id.
        id: String,
        /// The product's id.
        product: String,
        /// The store's id.
        store: String,
        /// The product's name.
        title: Text,
        /// What kind of goods.
        #[schemars(schema_with = "category")]
        category: String,
        /// The lowest price, in fen.
        price_from: u64,
        /// The store's village.
        village: String,
        /// The trace code, for what is traced.
        batch: Option<String>,
        /// Where it stands.
        #[schemars(schema_with = "listing_state")]
        state: String,
        /// What the reviewer said, or why it went off sale.
        reason: Option<Text>,
        /// When it came to stand there, RFC 3339.
        changed_at: String,
    }
    /// Listings.
    Serialize Listings {
        /// The listings.
        listings: Vec<ListingItem>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// A batch, without any person.
    Serialize BatchItem {
        /// The trace code.
        code: String,
        /// The store's id.
        store: String,
        /// What it is.
        goods: Text,
        /// The village where it grew.
        origin: String,
        /// The day of the harvest, `YYYY-MM-DD`.
        harvest: String,
        /// The last day on which it is sold.
        best_before: Option<String>,
        /// How much there is.
        kilograms: u32,
        /// Where it stands.
        #[schemars(schema_with = "batch_state")]
        state: String,
        /// Why it failed or was called back.
        reason: Option<Text>,
        /// Its tests, the oldest first.
        tests: Vec<TestItem>,
    }
    /// A test of a batch.
    Serialize TestItem {
        /// The laboratory's number of the report.
        report: String,
        /// What was tested for.
        item: Text,
        /// The laboratory.
        laboratory: String,
        /// The day of the sample.
        day: String,
        /// Whether it was good.
        passed: bool,
    }
    /// Batches.
    Serialize Batches {
        /// The batches.
        batches: Vec<BatchItem>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// A group buy.
    Serialize GroupItem {
        /// Its id.
        id: String,
        /// The listing.
        listing: String,
        /// The variant.
        sku: String,
        /// The product's name.
        title: Text,
        /// Fen for one unit.
        price: u64,
        /// So many people must have paid.
        minimum: u32,
        /// People who have paid.
        paid: u32,
        /// Payments count before this instant, RFC 3339.
        deadline: String,
        /// Where it stands.
        #[schemars(schema_with = "group_state")]
        state: String,
    }
    /// A station.
    Serialize StationItem {
        /// Its id.
        id: String,
        /// Its name.
        name: Text,
        /// The village's code.
        village: String,
        /// The address in the village.
        address: String,
        /// What it does.
        #[schemars(schema_with = "services")]
        services: Vec<String>,
        /// Its commission on what it orders for others, in basis points.
        commission_bps: u16,
        /// Whether it is active today.
        active: bool,
    }
}

impl From<Listing> for ListingItem {
    fn from(l: Listing) -> Self {
        Self {
            id: l.id,
            product: l.product,
            store: l.store,
            title: l.title,
            category: l.category.code().to_owned(),
            price_from: l.price_from,
            village: l.village,
            batch: l.batch,
            state: l.state.code().to_owned(),
            reason: l.reason,
            changed_at: time(l.changed_at),
        }
    }
}

impl From<yunlong_sdk::Page<Listing>> for Listings {
    fn from(page: yunlong_sdk::Page<Listing>) -> Self {
        Self { listings: page.items.into_iter().map(|l| l.value.into()).collect(), next: page.next }
    }
}

impl From<Batch> for BatchItem {
    fn from(b: Batch) -> Self {
        let test = |x: batch::Test| TestItem {
            report: x.report,
            item: x.item,
            laboratory: x.laboratory,
            day: x.day.to_string(),
            passed: x.passed,
        };
        Self {
            code: b.id,
            store: b.store,
            goods: b.goods,
            origin: b.origin,
            harvest: b.harvest.to_string(),
            best_before: b.best_before.map(|d| d.to_string()),
            kilograms: b.kilograms,
            state: b.state.code().to_owned(),
            reason: b.reason,
            tests: b.tests.into_iter().map(test).collect(),
        }
    }
}

impl From<yunlong_sdk::Page<Batch>> for Batches {
    fn from(page: yunlong_sdk::Page<Batch>) -> Self {
        Self { batches: page.items.into_iter().map(|b| b.value.into()).collect(), next: page.next }
    }
}

impl From<GroupBuy> for GroupItem {
    fn from(g: GroupBuy) -> Self {
        Self {
            id: g.id,
            listing: g.listing,
            sku: g.sku,
            title: g.title,
            price: g.price,
            minimum: g.minimum,
            paid: g.paid,
            deadline: time(g.deadline),
            state: g.state.code().to_owned(),
        }
    }
}

impl From<Station> for StationItem {
    fn from(s: Station) -> Self {
        let active = s.on(Date::at(now()));
        Self {
            id: s.id,
            name: s.name,
            village: s.village,
            address: s.address,
            services: s.services.iter().map(|x| x.code().to_owned()).collect(),
            commission_bps: s.commission_bps,
            active,
        }
    }
}
