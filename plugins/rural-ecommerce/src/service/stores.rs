//! Farmers' stores and their products.

use super::access::{self, known, need};
use super::{Refusal, now};
use crate::domain::edit;
use crate::domain::farmer::{Farmer, Status};
use crate::domain::product::Product;
use crate::domain::store::Store;
use crate::store::{
    FARMERS_BY_OWNER, LISTINGS_BY_STORE, PRODUCTS, PRODUCTS_BY_STORE, STORES, STORES_BY_OWNER, STORES_BY_VILLAGE, every,
};
use serde_json::json;
use yunlong_sdk::{DataError, Page, Principal, Query, Text, Tx, random, transact};

/// What a farmer says of their store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInput {
    /// Its name.
    pub name: Text,
    /// What it says of itself.
    pub intro: Text,
    /// The address in the village where parcels are fetched.
    pub address: String,
}

/// Opens the store of whoever asks, or changes what it says of itself.
///
/// # Errors
/// [`Refusal::NotSelling`] without an active registration, [`Refusal::Fields`].
pub fn open_or_edit(who: &Principal, input: &StoreInput) -> Result<Store, Refusal> {
    let me = access::subject(who)?;
    let now = now();
    transact(|tx| {
        let farmer = seller(tx, me)?;
        let before = tx.get::<Store>(&farmer.id)?.map(|s| s.value);
        let store = Store {
            id: farmer.id.clone(),
            owner: me.to_owned(),
            name: input.name.clone(),
            intro: input.intro.clone(),
            village: farmer.village.clone(),
            address: input.address.trim().to_owned(),
            payee: farmer.payee.clone(),
            open: before.as_ref().is_none_or(|s| s.open),
            created_at: before.map_or(now, |s| s.created_at),
        };
        edit::store(&store)?;
        tx.put(&store)?;
        tx.audit("store.put", &store.id, &json!({"open": store.open}))?;
        Ok(store)
    })
}

/// The active registration of somebody.
pub(super) fn seller(tx: &Tx<'_>, subject: &str) -> Result<Farmer, Refusal> {
    let found = tx.find(FARMERS_BY_OWNER.equals(subject).limit(1))?.into_iter().next().map(|f| f.value);
    found.filter(|f| f.status == Status::Active).ok_or(Refusal::NotSelling)
}

/// The store of whoever asks, in a transaction: it may sell.
pub(super) fn selling(tx: &Tx<'_>, subject: &str) -> Result<Store, Refusal> {
    let farmer = seller(tx, subject)?;
    Ok(tx.get::<Store>(&farmer.id)?.ok_or(Refusal::NotSelling)?.into_value())
}

/// The store of whoever asks.
///
/// # Errors
/// An error of the data service, or nobody is signed in.
pub fn mine(who: &Principal) -> Result<Option<Store>, Refusal> {
    let me = access::subject(who)?;
    Ok(STORES.find(STORES_BY_OWNER.equals(me).limit(1))?.into_iter().next().map(|s| s.value))
}

/// The store of whoever asks, which must be there.
///
/// # Errors
/// [`Refusal::NotSelling`].
pub fn my_store(who: &Principal) -> Result<Store, Refusal> {
    mine(who)?.ok_or(Refusal::NotSelling)
}

/// Opens or closes the store of whoever asks. A closed store's listings cannot be bought; its orders
/// go on.
///
/// # Errors
/// [`Refusal::NotSelling`].
pub fn set_open(who: &Principal, open: bool) -> Result<Store, Refusal> {
    let me = access::subject(who)?;
    transact(|tx| {
        let mut store = selling(tx, me)?;
        store.open = open;
        tx.put(&store)?;
        tx.audit("store.open", &store.id, &json!({"open": open}))?;
        Ok(store)
    })
}

/// A store, for everybody.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(id: &str) -> Result<Store, Refusal> {
    Ok(known(STORES.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// Stores in the order of their ids, or those of one village.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn list(village: Option<&str>, limit: u32, after: Option<String>) -> Result<Page<Store>, Refusal> {
    let query = village.map_or_else(Query::by_id, |v| STORES_BY_VILLAGE.equals(v));
    Ok(STORES.find(query.limit(limit).after(after))?)
}

/// Adds or changes a product of the store of whoever asks. Its listings on sale have a new price at once;
/// anything else is reviewed before it is sold again. Orders keep what was sold.
///
/// # Errors
/// [`Refusal::NotSelling`], [`Refusal::Fields`], [`Refusal::NotFound`] for another store's.
pub fn put_product(who: &Principal, id: Option<&str>, input: &Product) -> Result<Product, Refusal> {
    let me = access::subject(who)?;
    let (now, fresh) = (now(), random::code(10));
    transact(|tx| {
        let store = selling(tx, me)?;
        let before = match id {
            Some(id) => Some(need::<Product>(tx, id)?),
            None => None,
        };
        if before.as_ref().is_some_and(|p| p.store != store.id) {
            return Err(Refusal::NotFound);
        }
        let product = Product {
            id: before.as_ref().map_or_else(|| fresh.clone(), |p| p.id.clone()),
            store: store.id.clone(),
            // What it is decides on the rules that its listings passed, so that does not change.
            category: before.as_ref().map_or(input.category, |p| p.category),
            created_at: before.as_ref().map_or(now, |p| p.created_at),
            picture: before.as_ref().and_then(|p| p.picture.clone()),
            ..input.clone()
        };
        edit::product(&product)?;
        match &before {
            Some(before) => put_changed(tx, before, &product, now)?,
            None => tx.put(&product)?,
        }
        tx.audit("product.put", &product.id, &json!({"price_from": product.price_from()}))?;
        Ok(product)
    })
}

/// Writes a product that was another before, and its listings follow it.
pub(super) fn put_changed(tx: &Tx<'_>, before: &Product, product: &Product, now: i64) -> Result<(), DataError> {
    tx.put(product)?;
    let of_store = every(|q| tx.find(q), &LISTINGS_BY_STORE.equals(product.store.as_str()))?;
    for mut l in of_store.into_iter().filter(|l| l.product == product.id) {
        if l.follow(before, product, now) {
            tx.put(&l)?;
        }
    }
    Ok(())
}

/// A product, for everybody.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn product(id: &str) -> Result<Product, Refusal> {
    Ok(known(PRODUCTS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// A store's products, the newest first.
///
/// # Errors
/// An error of the data service.
pub fn products(store: &str, limit: u32, after: Option<String>) -> Result<Page<Product>, Refusal> {
    Ok(PRODUCTS.find(PRODUCTS_BY_STORE.equals(store).descending().limit(limit).after(after))?)
}
