//! Group buys.

use super::access::{self, known, need};
use super::{Refusal, listings, now, stores};
use crate::domain::edit;
use crate::domain::group::{GroupBuy, State};
use crate::domain::listing::Listing;
use crate::domain::machine::Machine;
use crate::domain::product::Product;
use crate::policy;
use crate::store::{GROUP_DUE, GROUPS, GROUPS_BY_LISTING, GROUPS_BY_STATE};
use serde_json::json;
use yunlong_sdk::{Outgoing, Page, Principal, random, t, transact};

/// A new group buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// The listing.
    pub listing: String,
    /// The variant.
    pub sku: String,
    /// Fen for one unit.
    pub price: u64,
    /// So many people must have paid.
    pub minimum: u32,
    /// Payments count before this instant: milliseconds of UTC.
    pub deadline: i64,
}

/// Opens a group buy of a listing of the store of whoever asks.
///
/// # Errors
/// [`Refusal::NotFound`] for another store's, [`Refusal::Fields`], what keeps it from being bought.
pub fn open(who: &Principal, new: &NewGroup) -> Result<GroupBuy, Refusal> {
    let me = access::subject(who)?;
    let (now, id, grace) = (now(), random::code(10), policy::group_grace()?);
    transact(|tx| {
        let store = stores::selling(tx, me)?;
        let listing: Listing = need(tx, &new.listing)?;
        if listing.store != store.id {
            return Err(Refusal::NotFound);
        }
        let product: Product = need(tx, &listing.product)?;
        listing.buyable(&product, listings::batch_of(tx, &listing)?.as_ref(), now)?;
        let unknown = || Refusal::field("/sku", t("没有这个规格", "There is no such variant"));
        let single = product.sku(&new.sku).ok_or_else(unknown)?.price;
        let group = GroupBuy {
            id: id.clone(),
            listing: listing.id,
            store: store.id,
            sku: new.sku.clone(),
            title: product.title.clone(),
            price: new.price,
            minimum: new.minimum,
            deadline: new.deadline,
            state: State::Open,
            paid: 0,
            created_at: now,
        };
        edit::group(&group, single, now)?;
        tx.insert(&group)?;
        let data = json!({"group": group.id, "at": group.deadline});
        // The outcome of a payment in the last moment is on its way then.
        let at = u64::try_from(group.deadline + grace).unwrap_or(0);
        tx.publish(&Outgoing::new(GROUP_DUE, &data).subject(&group.id).key(&group.id).not_before(at))
            .map_err(crate::store::StageError::from)?;
        tx.audit("group.open", &group.id, &json!({"minimum": group.minimum, "price": group.price}))?;
        Ok(group)
    })
}

/// A group buy, for everybody.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(id: &str) -> Result<GroupBuy, Refusal> {
    Ok(known(GROUPS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// Open group buys whose deadline is to come, the first deadline first.
///
/// # Errors
/// An error of the data service.
pub fn list_open(limit: u32, after: Option<String>) -> Result<Page<GroupBuy>, Refusal> {
    let open = GROUPS_BY_STATE.equals(State::Open.code()).above(now());
    Ok(GROUPS.find(open.limit(limit).after(after))?)
}

/// A listing's group buys that can be joined, the first deadline first.
///
/// # Errors
/// An error of the data service.
pub fn of_listing(listing: &str) -> Result<Vec<GroupBuy>, Refusal> {
    let now = now();
    let mut all = Vec::new();
    for state in [State::Open, State::Formed] {
        let query = GROUPS_BY_LISTING.equals(listing).equals(state.code()).above(now);
        all.extend(GROUPS.find(query.limit(50))?.into_iter().map(|g| g.value));
    }
    all.sort_by_key(|g| g.deadline);
    Ok(all)
}
