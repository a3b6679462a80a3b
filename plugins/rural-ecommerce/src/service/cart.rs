//! Carts: what buyers mean to buy.

use super::access;
use super::{Refusal, listings, now};
use crate::domain::cart::{Cart, CartLine, MAX_LINES};
use crate::domain::product::Sku;
use crate::store::CARTS;
use yunlong_sdk::{Principal, Text, t, transact};

/// A line of a cart, as it stands now.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The line.
    pub line: CartLine,
    /// The product's name; absent where it is no more.
    pub title: Option<Text>,
    /// The store and its name.
    pub store: Option<(String, Text)>,
    /// The variant.
    pub sku: Option<Sku>,
    /// Units that are left.
    pub left: i64,
    /// Why it cannot be bought now, if it cannot.
    pub refused: Option<Text>,
}

impl Shown {
    /// Fen of the line.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.sku.as_ref().map_or(0, |s| s.price * u64::from(self.line.quantity))
    }
}

/// The cart of whoever asks, with prices and stock as they are now.
///
/// # Errors
/// Nobody is signed in, or an error of the data service.
pub fn get(who: &Principal) -> Result<Vec<Shown>, Refusal> {
    let me = access::subject(who)?;
    let cart = CARTS.get(me)?.map_or_else(|| Cart::of(me), |c| c.value);
    cart.lines.into_iter().map(|line| show(who, line)).collect()
}

fn show(who: &Principal, line: CartLine) -> Result<Shown, Refusal> {
    let gone = Some(t("商品已不存在", "It is no more"));
    let offer = match listings::offer(who, &line.listing) {
        Err(Refusal::NotFound) => {
            return Ok(Shown { line, title: None, store: None, sku: None, left: 0, refused: gone });
        }
        other => other?,
    };
    let sku = offer.skus.iter().find(|(s, _)| s.id == line.sku).cloned();
    let left = sku.as_ref().map_or(0, |(_, n)| *n);
    let short = (left < i64::from(line.quantity))
        .then(|| Text::new(format!("仅剩 {} 件", left.max(0)), format!("only {} left", left.max(0))));
    let refused = if sku.is_none() { gone } else { offer.refused.or(short) };
    Ok(Shown {
        line,
        title: Some(offer.product.title),
        store: Some((offer.store.id, offer.store.name)),
        sku: sku.map(|(s, _)| s),
        left,
        refused,
    })
}

/// Sets how many units of a variant are in the cart of whoever asks; 0 takes it out.
///
/// # Errors
/// [`Refusal::NotFound`] for what is not on sale, [`Refusal::Fields`] when the cart is full.
pub fn set(who: &Principal, line: &CartLine) -> Result<(), Refusal> {
    let me = access::subject(who)?;
    if line.quantity > 0 {
        let offer = listings::offer(who, &line.listing)?;
        if !offer.skus.iter().any(|(s, _)| s.id == line.sku) {
            return Err(Refusal::NotFound);
        }
    }
    let now = now();
    transact(|tx| {
        let mut cart = tx.get::<Cart>(me)?.map_or_else(|| Cart::of(me), |c| c.value);
        if !cart.set(line.clone()) {
            let text = Text::new(
                format!("购物车最多 {MAX_LINES} 种商品，请先结算或删除一些"),
                format!("A cart has at most {MAX_LINES} lines: order or remove some"),
            );
            return Err(Refusal::field("/listing", text));
        }
        cart.changed_at = now;
        Ok(tx.put(&cart)?)
    })
}

/// Empties the cart of whoever asks.
///
/// # Errors
/// Nobody is signed in, or an error of the data service.
pub fn clear(who: &Principal) -> Result<(), Refusal> {
    let me = access::subject(who)?;
    transact(|tx| Ok(tx.delete::<Cart>(me)?))
}
