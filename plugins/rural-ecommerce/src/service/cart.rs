//! Carts: what buyers mean to buy.

use super::access::{self, known};
use super::{Refusal, listings, now, stores};
use crate::domain::batch::Batch;
use crate::domain::cart::{Cart, CartLine, MAX_LINES};
use crate::domain::listing::Listing;
use crate::domain::product::{Product, Sku};
use crate::domain::store::Store;
use crate::store::{BATCHES, CARTS, LISTINGS, STOCK};
use std::collections::BTreeMap;
use yunlong_sdk::{Principal, Stored, Text, data, t, transact};

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
    let mut shelf = Shelf::default();
    cart.lines.into_iter().map(|line| shelf.show(who, line)).collect()
}

/// How many units of a variant are in the cart of whoever asks.
///
/// # Errors
/// As [`get`].
pub fn units(who: &Principal, listing: &str, sku: &str) -> Result<u32, Refusal> {
    let lines = CARTS.get(access::subject(who)?)?.map_or_else(Vec::new, |c| c.value.lines);
    Ok(lines.iter().find(|l| l.listing == listing && l.sku == sku).map_or(0, |l| l.quantity))
}

/// What the lines of a cart have in common, each read once.
#[derive(Default)]
struct Shelf {
    stores: BTreeMap<String, Store>,
    products: BTreeMap<String, Product>,
    batches: BTreeMap<String, Option<Batch>>,
}

impl Shelf {
    fn show(&mut self, who: &Principal, line: CartLine) -> Result<Shown, Refusal> {
        let gone = || Some(t("商品已不存在", "It is no more"));
        let Some(listing) = known(LISTINGS.get(&line.listing))?.map(Stored::into_value) else {
            return Ok(Shown { line, title: None, store: None, sku: None, left: 0, refused: gone() });
        };
        let store = read(&mut self.stores, &listing.store, stores::get)?.clone();
        if !listings::shown_to(who, &listing, &store) {
            return Ok(Shown { line, title: None, store: None, sku: None, left: 0, refused: gone() });
        }
        let product = read(&mut self.products, &listing.product, stores::product)?.clone();
        let batch = match &listing.batch {
            Some(code) => read(&mut self.batches, code, |c| Ok(BATCHES.get(c)?.map(Stored::into_value)))?.as_ref(),
            None => None,
        };
        let sku = product.sku(&line.sku).cloned();
        let left = match &sku {
            Some(s) => data::counter(STOCK, &Listing::stock_key(&listing.id, &s.id))?,
            None => 0,
        };
        let short = (left < i64::from(line.quantity))
            .then(|| Text::new(format!("仅剩 {} 件", left.max(0)), format!("only {} left", left.max(0))));
        let refused =
            if sku.is_none() { gone() } else { listings::refused(&listing, &product, batch, &store).or(short) };
        let (title, store) = (Some(product.title), Some((store.id, store.name)));
        Ok(Shown { line, title, store, sku, left, refused })
    }
}

fn read<'a, T>(
    seen: &'a mut BTreeMap<String, T>,
    id: &str,
    find: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<&'a T, Refusal> {
    use std::collections::btree_map::Entry;
    match seen.entry(id.to_owned()) {
        Entry::Occupied(e) => Ok(e.into_mut()),
        Entry::Vacant(e) => Ok(e.insert(find(id)?)),
    }
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
