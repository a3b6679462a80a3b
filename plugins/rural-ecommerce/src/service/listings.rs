//! Listings: drafted by farmers, reviewed by managers, seen by everybody.

use super::access::{self, MANAGER, known, need};
use super::{Refusal, now, stores};
use crate::domain::batch::{self, Batch};
use crate::domain::division;
use crate::domain::edit::{self, Check};
use crate::domain::listing::{Listing, State};
use crate::domain::machine::Machine;
use crate::domain::product::{Category, Product, Sku};
use crate::domain::store::Store;
use crate::store::{BATCHES, LISTINGS, LISTINGS_BY_CATEGORY, LISTINGS_BY_STATE, LISTINGS_BY_STORE, PRODUCTS, STOCK};
use serde_json::json;
use yunlong_sdk::{DataError, Page, Principal, Stored, Text, Tx, data, random, t, transact};

/// Pages of the index that a search goes through.
const SEARCH_PAGES: usize = 8;
/// How often a store's listings are looked up for one page of those on sale, and for all of them.
const LOOKS: usize = 10;

/// Drafts a listing of a product of the store of whoever asks, with the stock of each variant.
///
/// # Errors
/// [`Refusal::NotSelling`], [`Refusal::NotFound`], [`Refusal::Fields`].
pub fn draft(who: &Principal, product: &str, batch: Option<&str>, stock: &[(String, i64)]) -> Result<Listing, Refusal> {
    let me = access::subject(who)?;
    let (now, id) = (now(), random::code(10));
    let batch = match batch.filter(|b| !b.trim().is_empty()) {
        None => None,
        Some(code) => Some(batch::trace_code(code).ok_or_else(|| {
            Refusal::field("/batch", t("追溯码为 13 位字母和数字", "A trace code has 13 letters and digits"))
        })?),
    };
    transact(|tx| {
        let store = stores::selling(tx, me)?;
        let p: Product = need(tx, product)?;
        if p.store != store.id {
            return Err(Refusal::NotFound);
        }
        if let Some(code) = &batch {
            let known = tx.get::<Batch>(code)?.is_some_and(|b| b.store == store.id);
            let text = t("本店没有登记这个批次", "Your store has not registered this batch");
            if !known {
                return Err(Refusal::field("/batch", text));
            }
        }
        let listing = Listing {
            id: id.clone(),
            product: p.id.clone(),
            store: store.id,
            title: p.title.clone(),
            category: p.category,
            price_from: p.price_from(),
            village: store.village,
            batch: batch.clone(),
            state: State::Draft,
            reason: None,
            reviewer: None,
            created_at: now,
            changed_at: now,
        };
        tx.insert(&listing)?;
        for (i, (sku, units)) in stock.iter().enumerate() {
            check_stock(&p, sku, *units, &format!("/stock/{i}"))?;
            tx.adjust(STOCK, &Listing::stock_key(&id, sku), *units, 0..=edit::MOST_STOCK)?;
        }
        tx.audit("listing.draft", &id, &json!({"product": p.id, "batch": batch}))?;
        Ok(listing)
    })
}

fn check_stock(p: &Product, sku: &str, units: i64, at: &str) -> Result<(), Refusal> {
    let mut c = Check::default();
    c.that(p.sku(sku).is_some(), format!("{at}/sku"), t("没有这个规格", "There is no such variant"));
    let range = t("库存为 0 至 1000000", "The stock is 0 to 1,000,000");
    c.that((0..=edit::MOST_STOCK).contains(&units), format!("{at}/units"), range);
    Ok(c.end()?)
}

/// Adds units to the stock of a variant, or with a number below zero takes them away; never below none.
///
/// # Errors
/// [`Refusal::NotFound`] for another store's listing, [`Refusal::SoldOut`] when fewer are left.
pub fn add_stock(who: &Principal, id: &str, sku: &str, units: i64) -> Result<i64, Refusal> {
    let me = access::subject(who)?;
    let key = Listing::stock_key(id, sku);
    let done = transact(|tx| {
        let (listing, product) = own(tx, me, id)?;
        check_stock(&product, sku, units.abs(), "")?;
        tx.adjust(STOCK, &key, units, 0..=edit::MOST_STOCK)?;
        tx.audit("listing.stock", &listing.id, &json!({"sku": sku, "units": units}))?;
        Ok(())
    });
    match done {
        Err(Refusal::Data(DataError::OutOfBounds { value, .. })) => {
            Err(Refusal::SoldOut { key, left: u32::try_from(value).unwrap_or(0) })
        }
        Err(e) => Err(e),
        Ok(()) => Ok(data::counter(STOCK, &key)?),
    }
}

/// A listing of the store of somebody, with its product.
fn own(tx: &Tx<'_>, subject: &str, id: &str) -> Result<(Listing, Product), Refusal> {
    let store = stores::selling(tx, subject)?;
    let listing: Listing = need(tx, id)?;
    if listing.store != store.id {
        return Err(Refusal::NotFound);
    }
    let product = need(tx, &listing.product)?;
    Ok((listing, product))
}

/// The batch of a listing, where it has one.
pub(super) fn batch_of(tx: &Tx<'_>, listing: &Listing) -> Result<Option<Batch>, DataError> {
    match &listing.batch {
        Some(code) => Ok(tx.get::<Batch>(code)?.map(|b| b.value)),
        None => Ok(None),
    }
}

/// Asks for the review of a draft.
///
/// # Errors
/// The rule that it breaks, such as food without a batch; [`Refusal::NotFound`] for another store's.
pub fn submit(who: &Principal, id: &str) -> Result<Listing, Refusal> {
    let me = access::subject(who)?;
    let now = now();
    transact(|tx| {
        let (mut listing, product) = own(tx, me, id)?;
        let batch = batch_of(tx, &listing)?;
        listing.submit(&product, batch.as_ref(), now)?;
        tx.put(&listing)?;
        tx.audit("listing.submit", id, &json!({}))?;
        Ok(listing)
    })
}

/// Takes a listing off sale: its seller, or a manager with a reason.
///
/// # Errors
/// What the state does not allow; [`Refusal::NotFound`] for another store's.
pub fn withdraw(who: &Principal, id: &str, reason: Option<&Text>) -> Result<Listing, Refusal> {
    let me = access::subject(who)?;
    let now = now();
    transact(|tx| {
        let mut listing = if who.has_role(MANAGER) { need::<Listing>(tx, id)? } else { own(tx, me, id)?.0 };
        listing.withdraw(reason.cloned(), now)?;
        tx.put(&listing)?;
        tx.audit("listing.withdraw", id, &json!({"reason": reason.map(|r| &*r.zh)}))?;
        Ok(listing)
    })
}

/// Lets a listing on sale: for managers, who name the version of its product that they have looked at.
///
/// # Errors
/// [`Refusal::RoleRequired`], the rule that it breaks, what the state does not allow; [`Refusal::ChangedSinceSeen`] when
/// the product is another by now.
pub fn publish(who: &Principal, id: &str, seen: &str) -> Result<Listing, Refusal> {
    let me = access::role(who, MANAGER)?;
    let now = now();
    transact(|tx| {
        let mut listing: Listing = need(tx, id)?;
        let product = tx.get::<Product>(&listing.product)?.ok_or(Refusal::NotFound)?;
        let store: Store = need(tx, &listing.store)?;
        let batch = batch_of(tx, &listing)?;
        listing.publish(&product, batch.as_ref(), (me, &store.owner), now)?;
        if version(&product) != seen {
            return Err(Refusal::ChangedSinceSeen);
        }
        tx.put(&listing)?;
        tx.audit("listing.publish", id, &json!({"batch": listing.batch}))?;
        Ok(listing)
    })
}

/// Sends a listing back to its seller, with the reason: for managers.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::Fields`], what the state does not allow.
pub fn send_back(who: &Principal, id: &str, reason: &Text) -> Result<Listing, Refusal> {
    let me = access::role(who, MANAGER)?;
    let mut c = Check::default();
    c.both(reason, 200, "/reason");
    c.end()?;
    let now = now();
    transact(|tx| {
        let mut listing: Listing = need(tx, id)?;
        listing.send_back(me, reason.clone(), now)?;
        tx.put(&listing)?;
        tx.audit("listing.send-back", id, &json!({"reason": reason.zh}))?;
        Ok(listing)
    })
}

/// Listings that wait for their review, the oldest first: for managers.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn waiting(who: &Principal, limit: u32, after: Option<String>) -> Result<Page<Listing>, Refusal> {
    access::role(who, MANAGER)?;
    Ok(LISTINGS.find(LISTINGS_BY_STATE.equals(State::Review.code()).limit(limit).after(after))?)
}

/// A store's listings, the newest first: all for its seller and managers, those on sale for everybody.
///
/// # Errors
/// An error of the data service.
pub fn of_store(who: &Principal, store: &str, limit: u32, after: Option<String>) -> Result<Page<Listing>, Refusal> {
    let all = who.has_role(MANAGER) || (who.subject.is_some() && stores::mine(who)?.is_some_and(|s| s.id == store));
    let query = |limit, after| LISTINGS_BY_STORE.equals(store).descending().limit(limit).after(after);
    let mut page = LISTINGS.find(query(limit, after))?;
    if all {
        return Ok(page);
    }
    page.items.retain(|l| l.state == State::OnSale);
    // What is withdrawn leaves no empty page with more behind it.
    for _ in 0..LOOKS {
        let left = limit.saturating_sub(u32::try_from(page.items.len()).unwrap_or(limit));
        if left == 0 || page.next.is_none() {
            break;
        }
        let more = LISTINGS.find(query(left, page.next))?;
        page.items.extend(more.items.into_iter().filter(|l| l.state == State::OnSale));
        page.next = more.next;
    }
    Ok(page)
}

/// All that a store has on sale, up to a thousand: for its seller, who opens group buys of it.
///
/// # Errors
/// An error of the data service.
pub fn on_sale(who: &Principal, store: &str) -> Result<Vec<Listing>, Refusal> {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..LOOKS {
        let page = of_store(who, store, 100, after)?;
        all.extend(page.items.into_iter().map(Stored::into_value).filter(|l| l.state == State::OnSale));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(all)
}

/// A listing with all that its page shows.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The listing.
    pub listing: Listing,
    /// The product.
    pub product: Product,
    /// The version of the product, which whoever reviews the listing names.
    pub version: String,
    /// The store.
    pub store: Store,
    /// Its variants, with the units that are left.
    pub skus: Vec<(Sku, i64)>,
    /// The batch.
    pub batch: Option<Batch>,
    /// Why it cannot be bought now, if it cannot.
    pub refused: Option<Text>,
}

/// A listing with its product, store, batch and stock: on sale or recalled for everybody, the others
/// for their seller and managers.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn offer(who: &Principal, id: &str) -> Result<Offer, Refusal> {
    let listing = known(LISTINGS.get(id))?.ok_or(Refusal::NotFound)?.into_value();
    let store = stores::get(&listing.store)?;
    if !shown_to(who, &listing, &store) {
        return Err(Refusal::NotFound);
    }
    let product = known(PRODUCTS.get(&listing.product))?.ok_or(Refusal::NotFound)?;
    let (version, product) = (version(&product), product.into_value());
    let batch = match &listing.batch {
        Some(code) => BATCHES.get(code)?.map(|b| b.value),
        None => None,
    };
    let left = |s: &Sku| Ok((s.clone(), data::counter(STOCK, &Listing::stock_key(id, &s.id))?));
    let skus = product.skus.iter().map(left).collect::<Result<_, DataError>>()?;
    let refused = refused(&listing, &product, batch.as_ref(), &store);
    Ok(Offer { listing, product, version, store, skus, batch, refused })
}

/// What a reviewer saw, in a word: every change of a product makes another.
fn version(product: &Stored<Product>) -> String {
    product.version.to_string()
}

/// Whether somebody sees a listing: on sale or recalled everybody does.
pub(super) fn shown_to(who: &Principal, listing: &Listing, store: &Store) -> bool {
    let own = who.subject.as_deref() == Some(store.owner.as_str());
    matches!(listing.state, State::OnSale | State::Recalled) || own || who.has_role(MANAGER)
}

/// Why a listing cannot be bought now, if it cannot.
pub(super) fn refused(listing: &Listing, product: &Product, batch: Option<&Batch>, store: &Store) -> Option<Text> {
    match listing.buyable(product, batch, now()) {
        Err(e) => Some(crate::domain::explain::Explain::title(&e)),
        Ok(()) if !store.open => Some(t("店铺暂停营业", "The store is closed for now")),
        Ok(()) => None,
    }
}

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A category.
    pub category: Option<Category>,
    /// The beginning of a division's code: a county, town or village.
    pub division: Option<String>,
    /// Words in the product's name.
    pub words: String,
}

/// Listings on sale, the newest first. A page may have fewer than `limit` although more follow: go on
/// with its cursor.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn search(filter: &Filter, limit: u32, after: Option<String>) -> Result<Page<Listing>, Refusal> {
    let on_sale = State::OnSale.code();
    let query = match filter.category {
        Some(c) => LISTINGS_BY_CATEGORY.equals(on_sale).equals(c.code()),
        None => LISTINGS_BY_STATE.equals(on_sale),
    };
    let words: Vec<String> = filter.words.split_whitespace().map(str::to_lowercase).collect();
    let within = filter.division.as_deref().map(|d| if d == division::CITY { "3203" } else { d });
    let fits = |l: &Listing| {
        let text = format!("{} {}", l.title.zh, l.title.en).to_lowercase();
        words.iter().all(|w| text.contains(w)) && within.is_none_or(|d| l.village.starts_with(d))
    };
    let mut page = Page { items: Vec::new(), next: after };
    for _ in 0..SEARCH_PAGES {
        let left = limit.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
        let found = LISTINGS.find(query.clone().descending().limit(left.max(1)).after(page.next.clone()))?;
        page.items.extend(found.items.into_iter().filter(|l| fits(l)));
        page.next = found.next;
        if page.next.is_none() || page.items.len() >= limit as usize {
            break;
        }
    }
    Ok(page)
}
