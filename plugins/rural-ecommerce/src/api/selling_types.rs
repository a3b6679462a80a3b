//! The farmer's store, as the API shows and takes it.

use super::order_types::BackInput;
use super::types::*;
use super::{chosen, unlisted};
use crate::domain::farmer::Farmer;
use crate::domain::machine::Machine;
use crate::domain::order::State;
use crate::domain::product::Product;
use crate::domain::shipment::Carrier;
use crate::service::orders::Wanted;
use crate::service::shipping::Shipping;
use crate::service::{self, Refusal};
use yunlong_sdk::Text;

api! {
    /// A registration.
    Deserialize FarmerInput {
        /// A resident ID (GB 11643) or a unified social credit code (GB 32100).
        document: String,
        /// The name, or the business's.
        name: String,
        /// The mobile number.
        phone: String,
        /// The village's code.
        village: String,
    }
    /// One's own registration, or one that a manager looks at. The document's middle is hidden.
    Serialize FarmerBody {
        /// Its id.
        id: String,
        /// The name.
        name: String,
        /// The document, its middle hidden.
        document: String,
        /// The village's code.
        village: String,
        /// The code that is paid.
        payee: String,
        /// Where it stands.
        #[schemars(schema_with = "farmer_status")]
        status: String,
        /// Why it was refused or suspended.
        reason: Option<String>,
    }
    /// What a store says of itself.
    Deserialize StoreInput {
        /// Its name.
        name: Text,
        /// What it says of itself.
        intro: Text,
        /// Where parcels are fetched: in the village, without a name.
        address: String,
    }
    /// Whether a store sells.
    Deserialize OpenInput {
        /// Whether it sells.
        open: bool,
    }
    /// Which product.
    Deserialize ProductPath {
        /// Its id.
        product: String,
    }
    /// A product.
    Deserialize ProductInput {
        /// Its name.
        title: Text,
        /// What it is.
        description: Text,
        /// What kind of goods; it does not change later.
        #[schemars(schema_with = "category")]
        category: String,
        /// Its variants, 1 to 20.
        skus: Vec<SkuInput>,
        /// The seller's licences for it.
        #[serde(default)]
        licences: Vec<LicenceInput>,
    }
    /// A variant.
    Deserialize SkuInput {
        /// Its code within the product.
        id: String,
        /// Its name.
        name: Text,
        /// Fen.
        price: u64,
        /// The weight of one unit, packed.
        grams: u32,
        /// Parcels of one unit.
        parcels: u8,
    }
    /// A licence.
    Deserialize LicenceInput {
        /// Which, such as `food-business`.
        kind: String,
        /// Its number.
        number: String,
        /// The last day, `YYYY-MM-DD`.
        until: String,
    }
    /// A product.
    Serialize ProductBody {
        /// Its id.
        id: String,
        /// Its name.
        title: Text,
        /// What kind of goods.
        #[schemars(schema_with = "category")]
        category: String,
        /// The lowest price, in fen.
        price_from: u64,
        /// The codes of its variants.
        skus: Vec<String>,
    }
    /// Products.
    Serialize Products {
        /// The products.
        products: Vec<ProductBody>,
        /// The cursor of the next page.
        next: Option<String>,
    }
    /// A draft of a listing.
    Deserialize DraftInput {
        /// The product.
        product: String,
        /// The trace code, for food.
        batch: Option<String>,
        /// Units of each variant.
        stock: Vec<StockInput>,
    }
    /// Units of a variant.
    Deserialize StockInput {
        /// The variant.
        sku: String,
        /// Units; for a change of the stock below zero to take away.
        units: i64,
    }
    /// What is left.
    Serialize StockBody {
        /// Units.
        left: i64,
    }
    /// A step of a listing.
    Deserialize ListingStep {
        /// What to do.
        #[schemars(schema_with = "listing_step")]
        step: String,
    }
    /// A batch.
    Deserialize BatchInput {
        /// A trace code that the goods bear already.
        trace_code: Option<String>,
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
    }
    /// A group buy.
    Deserialize GroupInput {
        /// The listing.
        listing: String,
        /// The variant.
        sku: String,
        /// Fen for one unit.
        price: u64,
        /// So many people must have paid.
        minimum: u32,
        /// Payments count before this instant: milliseconds of UTC.
        deadline: i64,
    }
    /// A coupon: `fen` or `bps`.
    Deserialize CouponInput {
        /// What it is called.
        title: Text,
        /// Fen that it takes off.
        fen: Option<u64>,
        /// Basis points that it takes off.
        bps: Option<u16>,
        /// For orders from so many fen on.
        #[serde(default)]
        from_amount: u64,
        /// The first day.
        from: String,
        /// The last day.
        until: String,
        /// How often it can be used.
        uses: u32,
        /// Whether it is still given.
        active: bool,
    }
    /// Which of them.
    Deserialize StateQuery {
        /// Those alone that stand there.
        state: Option<String>,
        /// `newest` or `oldest` first.
        order: Option<String>,
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Which orders.
    Deserialize OrdersQuery {
        /// Those alone that stand there.
        state: Option<String>,
        /// `newest` first, when absent, or `oldest` first.
        order: Option<String>,
        /// 1 to 100; 20 when absent.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A shipment.
    Deserialize ShipInput {
        /// Which units.
        units: Vec<UnitsBody>,
        /// The parcels; made from the units when empty.
        #[serde(default)]
        parcels: Vec<ParcelInput>,
        /// Another carrier; without it, and without `brings`, the city's is asked.
        carrier: Option<CarrierInput>,
        /// The store brings it itself.
        #[serde(default)]
        brings: bool,
        /// The store's own number for it: the same number is the same shipment, once.
        key: Option<String>,
    }
    /// A parcel.
    Deserialize ParcelInput {
        /// What is in it, without a person's name.
        goods: String,
        /// Its weight.
        grams: u32,
    }
    /// Another carrier.
    Deserialize CarrierInput {
        /// Its name.
        name: String,
        /// Its number for the shipment.
        number: String,
    }
    /// Which shipment arrived.
    Deserialize BroughtInput {
        /// Its request.
        request: String,
    }
    /// What is given back.
    Deserialize RefundInput {
        /// Of which lines.
        backs: Vec<BackInput>,
        /// Why, 1 to 200 characters.
        reason: String,
    }
}

impl From<Farmer> for FarmerBody {
    fn from(f: Farmer) -> Self {
        let document = f.masked();
        Self {
            id: f.id,
            name: f.name,
            document,
            village: f.village,
            payee: f.payee,
            status: f.status.code().to_owned(),
            reason: f.reason,
        }
    }
}

impl From<Product> for ProductBody {
    fn from(p: Product) -> Self {
        let price_from = p.price_from();
        Self {
            id: p.id,
            title: p.title,
            category: p.category.code().to_owned(),
            price_from,
            skus: p.skus.into_iter().map(|s| s.id).collect(),
        }
    }
}

impl From<ShipInput> for Shipping {
    fn from(s: ShipInput) -> Self {
        let carrier = match s.carrier {
            Some(c) => Carrier::Own { name: c.name, number: c.number },
            None if s.brings => Carrier::Store,
            None => Carrier::City,
        };
        Self {
            units: s.units.into_iter().map(Into::into).collect(),
            parcels: s.parcels.into_iter().map(|p| (p.goods, p.grams)).collect(),
            carrier,
            key: s.key.filter(|k| !k.is_empty()),
        }
    }
}

impl OrdersQuery {
    /// The orders that it asks for; `state` stands in place of one that it does not name.
    pub(super) fn wanted(&self, state: Option<State>) -> Result<Wanted, Refusal> {
        wanted((self.state.as_deref(), State::ALL, state), self.order.as_deref(), false)
    }
}

impl StateQuery {
    /// What it asks for: of `all` states, and with what stands in place of a state and an order that it does not name.
    pub(super) fn wanted<S: Machine>(
        &self,
        all: &[S],
        state: Option<S>,
        oldest_first: bool,
    ) -> Result<service::Wanted<S>, Refusal> {
        wanted((self.state.as_deref(), all, state), self.order.as_deref(), oldest_first)
    }
}

/// What a query asks for: a state of `all`, or the one that stands in its place, and an order.
fn wanted<S: Machine>(
    (state, all, otherwise): (Option<&str>, &[S], Option<S>),
    order: Option<&str>,
    oldest_first: bool,
) -> Result<service::Wanted<S>, Refusal> {
    let named = state.map(|s| chosen(all, S::code, s, "/state")).transpose()?;
    let oldest_first = oldest(order, oldest_first)?;
    Ok(service::Wanted { state: named.or(otherwise), number: None, oldest_first })
}

/// Whether an order asks for the oldest first.
pub(super) fn oldest(order: Option<&str>, otherwise: bool) -> Result<bool, Refusal> {
    match order {
        None => Ok(otherwise),
        Some("newest") => Ok(false),
        Some("oldest") => Ok(true),
        Some(_) => Err(unlisted("/order", &["newest", "oldest"])),
    }
}
