//! What the app does, for pages and API alike: read, decide in the domain, stage, commit.
//!
//! Every function takes who asks (`&Principal`) where it matters, and checks role and ownership
//! itself; somebody else's thing is [`Refusal::NotFound`]. A [`Refusal`] becomes a page or a problem
//! document by [`Refusal::into_error`].
//!
//! | module | for whom | functions |
//! |---|---|---|
//! | [`farmers`] | citizens; managers | `register`, `mine`; `list`, `by_document`, `decide` (approve, refuse, suspend) |
//! | [`stores`] | farmers; everybody | `open_or_edit`, `mine`, `set_open`; `get`, `in_village`; products: `put_product`, `product`, `products` |
//! | [`pictures`] | farmers; everybody | `put`, `remove`; `file`, `of_listings` |
//! | [`batches`] | farmers; inspectors; managers | `register`, `mine`, `get`; `every`, `record_test`; `recall` |
//! | [`listings`] | farmers; managers; everybody | `draft`, `set_stock`, `submit`, `withdraw`, `of_store`; `waiting`, `publish`, `send_back`; `offer`, `search` |
//! | [`cart`] | buyers | `get` (with prices and what is wrong), `set`, `clear` |
//! | [`coupons`] | farmers; buyers | `put`, `of_store`; `quote` |
//! | [`groups`] | farmers; everybody | `open`, `of_listing`; `get`, `list_open` |
//! | [`checkout`] | buyers | `place`: everything or nothing, one order a store |
//! | [`orders`] | buyers, sellers, keepers, managers | `get`, `own`, `list`, `of_store`, `of_station`, `every`, `with_claims`; `pay`, `cancel`, `confirm`; `accept`, `give_back`, `retry_refunds`; `decide_claim` |
//! | [`shipping`] | sellers | `ship`, `brought` |
//! | [`returns`] | buyers; sellers; arbiters | `ask`, `withdraw`, `send`, `appeal`, `mine`; `approve`, `reject`, `inspect`, `refund`, `of_store`; `disputed`, `arbitrate`; `get` |
//! | [`stations`] | managers; keepers; everybody | `put`, `set_commission`, `set_active`; `mine`, `sell`, `sync`, `receipt`, `record_visit`; `list` |
//! | [`statistics`] | everybody; managers | `drill`, `coverage`, `uncovered`; `change_division`, `changes` |
//! | [`trace`] | everybody | `by_code` |
//!
//! [`consumer`] and [`jobs`] are called by the host; [`install`] loads the sample data.

pub mod access;
pub mod batches;
pub mod cart;
pub mod checkout;
pub mod consumer;
pub mod coupons;
pub(crate) mod escrow;
pub mod farmers;
pub mod groups;
pub mod install;
pub mod jobs;
pub mod listings;
pub mod orders;
pub mod pictures;
pub mod refusal;
pub mod returns;
pub mod shipping;
pub mod stations;
pub mod statistics;
pub mod stores;
mod sweeps;
pub mod trace;
mod wanted;

pub use refusal::Refusal;
pub use wanted::Wanted;

use crate::domain::keys::Keys;
use yunlong_sdk::{clock, context};

/// Now: milliseconds of UTC.
#[must_use]
pub fn now() -> i64 {
    i64::try_from(clock::now()).unwrap_or(i64::MAX)
}

/// The installation's keys.
#[must_use]
pub fn keys() -> Keys {
    Keys(context::derive_key::<32>)
}
