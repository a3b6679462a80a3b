//! The cart, and placing orders.

use super::order_types::{OrderBody, Orders};
use super::types::*;
use super::{answer, key, own};
use crate::domain::cart::CartLine;
use crate::service::checkout::{self, Item, Purchase};
use crate::service::{Refusal, cart, coupons};
use yunlong_sdk::{Input, Operation, Request, Router, StatusCode, Text};

api! {
    /// The cart, with prices and stock as they are now.
    Serialize CartBody {
        /// Its lines.
        lines: Vec<CartItem>,
        /// Fen of what can be bought.
        total: u64,
    }
    /// A line of a cart.
    Serialize CartItem {
        /// The listing.
        listing: String,
        /// The variant.
        sku: String,
        /// Units.
        quantity: u32,
        /// The product's name; `null` where it is no more.
        title: Option<Text>,
        /// Fen of the line.
        amount: u64,
        /// Units that are left.
        left: i64,
        /// Why it cannot be bought now; `null` when it can.
        refused: Option<Text>,
    }
    /// What somebody wants to buy.
    Deserialize PurchaseInput {
        /// The goods, at most 30 lines.
        items: Vec<ItemInput>,
        /// Where they go.
        recipient: RecipientBody,
        /// A coupon, for the order of its store.
        coupon: Option<String>,
        /// A group buy to join.
        group: Option<String>,
        /// Fen that the buyer saw: another price is refused.
        expected_total: Option<u64>,
    }
    /// What a coupon is asked for.
    Deserialize QuoteInput {
        /// Its code.
        coupon: String,
        /// The store.
        store: String,
        /// Fen of each line.
        lines: Vec<u64>,
    }
    /// What a coupon would take off.
    Serialize QuoteBody {
        /// Fen off each line.
        lines: Vec<u64>,
        /// Fen in all.
        total: u64,
    }
}

pub(super) fn routes(router: Router) -> Router {
    router
        .operation(own(Operation::get("/api/cart", "getCart").tag("buying").summary("The buyer's cart")), |r, _: Input| answer(r, shown(r)))
        .operation(
            own(Operation::put("/api/cart", "setCartLine").tag("buying").summary("Set how many units of a variant are in the cart; 0 takes it out").body::<ItemInput>()),
            |r, i: Input<(), (), ItemInput>| {
                let line = CartLine { listing: i.body.listing, sku: i.body.sku, quantity: i.body.quantity };
                answer(r, cart::set(r.principal(), &line).and_then(|()| shown(r)))
            },
        )
        .operation(own(Operation::delete("/api/cart", "clearCart").tag("buying").summary("Empty the cart")), |r, _: Input| {
            answer(r, cart::clear(r.principal()))
        })
        .operation(
            own(Operation::post("/api/quotes", "quoteCoupon").tag("buying").summary("What a coupon would take off now, without using it").body::<QuoteInput>()),
            |r, i: Input<(), (), QuoteInput>| answer(r, quote(r, &i.body)),
        )
        .operation(
            own(Operation::post("/api/orders", "placeOrders").tag("orders").summary("Place the orders of a purchase, one for each store: everything or nothing").description("With an `Idempotency-Key` the same request answers the same orders, however often it is sent. The goods are kept until `pay_until`.").header("Idempotency-Key", "At most 200 characters, the buyer's own for this purchase.").body::<PurchaseInput>().status(StatusCode::CREATED)),
            |r, i: Input<(), (), PurchaseInput>| answer(r, place(r, i.body)),
        )
}

fn shown(request: &Request) -> Result<CartBody, Refusal> {
    let lines = cart::get(request.principal())?;
    let total = lines.iter().filter(|l| l.refused.is_none()).map(cart::Shown::amount).sum();
    let item = |l: cart::Shown| CartItem {
        amount: l.amount(),
        listing: l.line.listing,
        sku: l.line.sku,
        quantity: l.line.quantity,
        title: l.title,
        left: l.left,
        refused: l.refused,
    };
    Ok(CartBody { lines: lines.into_iter().map(item).collect(), total })
}

fn quote(request: &Request, body: &QuoteInput) -> Result<QuoteBody, Refusal> {
    let most = crate::domain::edit::HIGHEST_PRICE * 1_000;
    if body.lines.len() > 30 || body.lines.iter().any(|n| *n > most) {
        return Err(super::wrong(
            "/lines",
            yunlong_sdk::t("最多 30 行，每行金额不超过一亿元", "At most 30 lines of at most a hundred million yuan"),
        ));
    }
    let lines = coupons::quote(request.principal(), &body.coupon, &body.store, &body.lines)?;
    Ok(QuoteBody { total: lines.iter().sum(), lines })
}

impl From<PurchaseInput> for Purchase {
    fn from(p: PurchaseInput) -> Self {
        let item = |i: ItemInput| Item { listing: i.listing, sku: i.sku, quantity: i.quantity };
        let some = |v: Option<String>| v.filter(|v| !v.trim().is_empty());
        Self {
            items: p.items.into_iter().map(item).collect(),
            recipient: p.recipient.into(),
            coupon: some(p.coupon),
            group: some(p.group),
            expected_total: p.expected_total,
        }
    }
}

fn place(request: &Request, body: PurchaseInput) -> Result<Orders, Refusal> {
    let placed = checkout::place(request.principal(), key(request)?.as_deref(), &body.into())?;
    Ok(Orders { orders: placed.into_iter().map(OrderBody::from).collect(), next: None })
}
