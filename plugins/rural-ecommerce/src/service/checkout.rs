//! Buying: from what was asked to placed orders, one for each store, or a refusal that says why.

use super::access::{self, need};
use super::{Refusal, coupons, keys, listings, now};
use crate::domain::cart::{Cart, MAX_LINES, MAX_UNITS};
use crate::domain::commission::Rates;
use crate::domain::coupon::CouponError;
use crate::domain::edit;
use crate::domain::group::{GroupBuy, GroupError};
use crate::domain::listing::Listing;
use crate::domain::order::{Line, NewOrder, Order, Recipient, Times};
use crate::domain::product::Product;
use crate::domain::station::{Consent, StationSale};
use crate::domain::store::Store;
use crate::domain::time::Date;
use crate::policy;
use crate::store::{COUPON_USED, Claimed, OPEN_ORDERS, ORDERS, STATION_ORDERS, STOCK, stage, table};
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::{DataError, Principal, Text, Tx, random, t, transact};

/// Units of one variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The listing.
    pub listing: String,
    /// The variant.
    pub sku: String,
    /// Units.
    pub quantity: u32,
}

/// What somebody wants to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The goods.
    pub items: Vec<Item>,
    /// Where they go.
    pub recipient: Recipient,
    /// A coupon, for the order of its store.
    #[serde(default)]
    pub coupon: Option<String>,
    /// A group buy to join.
    #[serde(default)]
    pub group: Option<String>,
    /// Fen that the buyer saw; absent when they saw none.
    #[serde(default)]
    pub expected_total: Option<u64>,
}

/// For whom orders are placed.
pub(super) struct Buyer {
    /// The buyer's subject; none where a station orders for somebody.
    pub(super) owner: Option<String>,
    /// Whoever places it.
    pub(super) placed_by: String,
    /// Whom numbers and claims are of: the buyer, or the station.
    pub(super) scope: String,
    /// The station, its commission in basis points, and the person's consent.
    pub(super) station: Option<(StationSale, u16, Consent)>,
}

/// Places the orders of a purchase for whoever asks: everything or nothing. The same idempotency key
/// answers the same orders. What was bought leaves the cart.
///
/// # Errors
/// [`Refusal`] says what is wrong; nothing was taken.
pub fn place(who: &Principal, idempotency_key: Option<&str>, purchase: &Purchase) -> Result<Vec<Order>, Refusal> {
    let me = access::subject(who)?.to_owned();
    let buyer = Buyer { owner: Some(me.clone()), placed_by: me.clone(), scope: me, station: None };
    edit::recipient(&purchase.recipient, true)?;
    place_for(&buyer, idempotency_key, purchase)
}

pub(super) fn place_for(buyer: &Buyer, key: Option<&str>, purchase: &Purchase) -> Result<Vec<Order>, Refusal> {
    check_items(&purchase.items)?;
    let request = keys().request_digest(&serde_json::to_string(purchase).unwrap_or_default());
    let fresh = random::code(16);
    let number = |n| keys().order_number(&buyer.scope, key.unwrap_or(&fresh), n);
    // A repetition gets its first answer, whatever has changed since.
    if key.is_some()
        && let Some(first) = repeated(number, buyer, &request)?
    {
        return Ok(first);
    }
    let made = reserve(buyer, number, &request, purchase);
    if key.is_some()
        && made.is_err()
        && let Some(first) = repeated(number, buyer, &request)?
    {
        // The same request at the same time was first, and may have taken the last unit.
        return Ok(first);
    }
    made.map_err(explain)
}

/// The orders that the same key made before.
fn repeated(number: impl Fn(usize) -> String, buyer: &Buyer, request: &str) -> Result<Option<Vec<Order>>, Refusal> {
    let mut orders = Vec::new();
    while let Some(order) = ORDERS.get(&number(orders.len()))? {
        orders.push(order.into_value());
    }
    match orders.first() {
        None => Ok(None),
        Some(first) if first.request == request && first.placed_by == buyer.placed_by => Ok(Some(orders)),
        Some(first) => Err(Refusal::KeyReused { order: first.id.clone() }),
    }
}

/// A counter that met its bound says what is short.
fn explain(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Data(DataError::OutOfBounds { counter, key, value, .. }) => match counter.as_str() {
            STOCK => Refusal::SoldOut { key, left: u32::try_from(value).unwrap_or(0) },
            OPEN_ORDERS | STATION_ORDERS => Refusal::TooManyOpen,
            COUPON_USED => CouponError::UsedUp.into(),
            _ => Refusal::Data(DataError::Other(format!("the counter {counter} is at its bound"))),
        },
        other => other,
    }
}

fn check_items(items: &[Item]) -> Result<(), Refusal> {
    let mut c = edit::Check::default();
    let number = Text::new(format!("一次可买 1 至 {MAX_LINES} 种商品"), format!("1 to {MAX_LINES} lines at once"));
    c.that((1..=MAX_LINES).contains(&items.len()), "/items", number);
    for (i, item) in items.iter().enumerate() {
        let units = Text::new(format!("数量为 1 至 {MAX_UNITS}"), format!("1 to {MAX_UNITS} units"));
        c.that((1..=MAX_UNITS).contains(&item.quantity), format!("/items/{i}/quantity"), units);
        let twice = items.iter().take(i).any(|o| o.listing == item.listing && o.sku == item.sku);
        c.that(!twice, format!("/items/{i}"), t("商品重复，请合并数量", "This stands twice: add the units up"));
    }
    Ok(c.end()?)
}

/// What the configuration says of new orders.
struct Terms {
    times: Times,
    rate: u16,
    payee: String,
}

fn reserve(
    buyer: &Buyer,
    number: impl Fn(usize) -> String,
    request: &str,
    purchase: &Purchase,
) -> Result<Vec<Order>, Refusal> {
    let now = now();
    let terms = Terms { times: policy::times()?, rate: policy::commission()?, payee: policy::commission_payee()? };
    transact(|tx| {
        let village = table(tx)?.village(&purchase.recipient.division, Date::at(now)).map(|v| v.code.clone());
        let recipient = Recipient { division: village?, ..purchase.recipient.clone() };
        let group = match &purchase.group {
            Some(id) => Some(need::<GroupBuy>(tx, id)?),
            None => None,
        };
        let mut baskets = baskets(tx, purchase, group.as_ref(), now)?;
        if purchase.coupon.is_some() && group.is_some() {
            return Err(GroupError::OtherGoods.into());
        }
        let coupon = take_coupon(tx, purchase, &mut baskets, &buyer.scope, now)?;
        let total: u64 = baskets.iter().flat_map(|b| &b.lines).map(Line::paid).sum();
        if let Some(expected) = purchase.expected_total.filter(|e| *e != total) {
            return Err(Refusal::PriceChanged { expected, total });
        }
        let mut orders = Vec::with_capacity(baskets.len());
        for (n, basket) in baskets.into_iter().enumerate() {
            let new = new_order(buyer, (number(n), request), basket, (&recipient, group.as_ref(), &coupon), &terms);
            orders.push(stage_one(tx, buyer, new, group.as_ref(), terms.times, now)?);
        }
        clear_cart(tx, buyer, purchase, now)?;
        Ok(orders)
    })
}

/// What is bought of one store.
struct Basket {
    store: Store,
    lines: Vec<Line>,
}

/// The goods by store, in the order in which the stores appear; each on sale at this moment.
fn baskets(tx: &Tx<'_>, purchase: &Purchase, group: Option<&GroupBuy>, now: i64) -> Result<Vec<Basket>, Refusal> {
    let mut baskets: Vec<Basket> = Vec::new();
    for item in &purchase.items {
        let listing: Listing = need(tx, &item.listing)?;
        let product: Product = need(tx, &listing.product)?;
        listing.buyable(&product, listings::batch_of(tx, &listing)?.as_ref(), now)?;
        let sku = product.sku(&item.sku).ok_or(Refusal::NotFound)?;
        let price = match group {
            Some(g) if purchase.items.len() > 1 || g.listing != listing.id || g.sku != sku.id => {
                return Err(GroupError::OtherGoods.into());
            }
            Some(g) => {
                g.joinable(now)?;
                g.price
            }
            None => sku.price,
        };
        let line = Line {
            listing: listing.id.clone(),
            product: product.id.clone(),
            sku: sku.id.clone(),
            title: product.title.clone(),
            sku_name: sku.name.clone(),
            category: product.category,
            batch: listing.batch.clone(),
            price,
            quantity: item.quantity,
            discount: 0,
            grams: sku.grams,
            parcels: sku.parcels,
            cancelled: 0,
            returned: 0,
            given_back: 0,
        };
        match baskets.iter_mut().find(|b| b.store.id == listing.store) {
            Some(b) => b.lines.push(line),
            None => {
                let store: Store = need(tx, &listing.store)?;
                if !store.open {
                    return Err(Refusal::NotSelling);
                }
                baskets.push(Basket { store, lines: vec![line] });
            }
        }
    }
    Ok(baskets)
}

/// A coupon that is used: its code, its store, and the claim by which the person has used it.
type Used = Option<(String, String, String)>;

fn take_coupon(
    tx: &Tx<'_>,
    purchase: &Purchase,
    baskets: &mut [Basket],
    person: &str,
    now: i64,
) -> Result<Used, Refusal> {
    let Some(code) = purchase.coupon.as_deref().filter(|c| !c.is_empty()) else { return Ok(None) };
    let store = access::known(tx.get::<crate::domain::coupon::Coupon>(code))?.map(|c| c.store.clone());
    let basket = baskets.iter_mut().find(|b| Some(&b.store.id) == store.as_ref()).ok_or(CouponError::Unknown)?;
    let prices: Vec<u64> = basket.lines.iter().map(Line::gross).collect();
    let (coupon, off, claim) = coupons::check(tx, code, &basket.store.id, &prices, person, now)?;
    for (line, fen) in basket.lines.iter_mut().zip(off) {
        line.discount = fen;
    }
    tx.adjust(COUPON_USED, code, 1, 0..=i64::from(coupon.uses))?;
    Ok(Some((coupon.id, coupon.store, claim)))
}

fn new_order(
    buyer: &Buyer,
    (id, request): (String, &str),
    basket: Basket,
    (recipient, group, coupon): (&Recipient, Option<&GroupBuy>, &Used),
    terms: &Terms,
) -> (NewOrder, Store) {
    let mut claims_held = Vec::new();
    let coupon = coupon.as_ref().filter(|(_, store, _)| *store == basket.store.id);
    claims_held.extend(coupon.map(|(_, _, claim)| claim.clone()));
    claims_held.extend(group.map(|g| keys().claim(&format!("group-{}", g.id), &buyer.scope)));
    let station = buyer.station.as_ref();
    let new = NewOrder {
        id,
        owner: buyer.owner.clone(),
        placed_by: buyer.placed_by.clone(),
        request: request.to_owned(),
        lines: basket.lines,
        coupon: coupon.map(|(code, ..)| code.clone()),
        group: group.map(|g| g.id.clone()),
        claims_held,
        station: station.map(|(sale, ..)| sale.clone()),
        recipient: recipient.clone(),
        rates: Rates { platform: terms.rate, station: station.map_or(0, |(_, bps, _)| *bps) },
        commission_payee: terms.payee.clone(),
    };
    (new, basket.store)
}

fn stage_one(
    tx: &Tx<'_>,
    buyer: &Buyer,
    (new, store): (NewOrder, Store),
    group: Option<&GroupBuy>,
    times: Times,
    now: i64,
) -> Result<Order, Refusal> {
    let (mut order, mut effects) = Order::place(new, &store, times, now);
    if let Some(g) = group {
        order.pay_before(g.deadline, &mut effects);
    }
    for id in &order.claims_held {
        if tx.get::<Claimed>(id)?.is_some() {
            return Err(GroupError::JoinedAlready.into());
        }
        tx.insert(&Claimed { id: id.clone(), order: order.id.clone() })?;
    }
    stage(tx, &mut order, effects, true, now)?;
    if let Some((sale, _, consent)) = &buyer.station {
        tx.insert(&Consent { id: order.id.clone(), ..consent.clone() })?;
        tx.audit("station.order", &order.id, &json!({"station": sale.station, "consent": consent.by}))?;
    }
    Ok(order)
}

fn clear_cart(tx: &Tx<'_>, buyer: &Buyer, purchase: &Purchase, now: i64) -> Result<(), DataError> {
    let Some(owner) = &buyer.owner else { return Ok(()) };
    let Some(mut cart) = tx.get::<Cart>(owner)?.map(|c| c.value) else { return Ok(()) };
    let before = cart.lines.len();
    cart.lines.retain(|l| !purchase.items.iter().any(|i| i.listing == l.listing && i.sku == l.sku));
    if cart.lines.len() == before {
        return Ok(());
    }
    cart.changed_at = now;
    tx.put(&cart)
}
