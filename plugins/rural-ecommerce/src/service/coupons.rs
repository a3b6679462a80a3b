//! Coupons of stores.

use super::access;
use super::{Refusal, keys, now, stores};
use crate::domain::coupon::{Coupon, CouponError};
use crate::domain::edit;
use crate::domain::time::Date;
use crate::store::{COUPON_USED, COUPONS, COUPONS_BY_STORE, Claimed};
use serde_json::json;
use yunlong_sdk::{DataError, Principal, Tx, data, t, transact};

/// Adds or changes a coupon of the store of whoever asks.
///
/// # Errors
/// [`Refusal::NotSelling`], [`Refusal::Fields`], also for a code that another store has.
pub fn put(who: &Principal, coupon: &Coupon) -> Result<Coupon, Refusal> {
    let me = access::subject(who)?;
    transact(|tx| {
        let store = stores::selling(tx, me)?;
        let coupon = Coupon { store: store.id, ..coupon.clone() };
        edit::coupon(&coupon)?;
        if tx.get::<Coupon>(&coupon.id)?.is_some_and(|c| c.store != coupon.store) {
            return Err(Refusal::field("/id", t("券码已被使用，请换一个", "The code is taken: choose another")));
        }
        tx.put(&coupon)?;
        tx.audit("coupon.put", &coupon.id, &json!({"uses": coupon.uses, "active": coupon.active}))?;
        Ok(coupon)
    })
}

/// A store's coupons, with how often each was used.
///
/// # Errors
/// An error of the data service.
pub fn of_store(store: &str) -> Result<Vec<(Coupon, i64)>, Refusal> {
    let all = COUPONS.find(COUPONS_BY_STORE.equals(store).limit(100))?;
    let used = |c: Coupon| Ok((data::counter(COUPON_USED, &c.id)?, c));
    let counted: Result<Vec<(i64, Coupon)>, DataError> = all.into_iter().map(|c| used(c.value)).collect();
    Ok(counted?.into_iter().map(|(n, c)| (c, n)).collect())
}

/// What a coupon would take off these lines of a store now, without using it.
///
/// # Errors
/// [`CouponError`].
pub fn quote(who: &Principal, code: &str, store: &str, lines: &[u64]) -> Result<Vec<u64>, Refusal> {
    let me = access::subject(who)?;
    transact(|tx| Ok(check(tx, code, store, lines, me, now())?.1))
}

/// Looks at a coupon within a purchase: it, what it takes off each line, and the claim by which the
/// person has used it.
pub(super) fn check(
    tx: &Tx<'_>,
    code: &str,
    store: &str,
    lines: &[u64],
    person: &str,
    now: i64,
) -> Result<(Coupon, Vec<u64>, String), Refusal> {
    let found = super::access::known(tx.get::<Coupon>(code))?.filter(|c| c.store == store);
    let coupon = found.ok_or(CouponError::Unknown)?.into_value();
    let off = coupon.discount(lines, Date::at(now))?;
    let claim = keys().claim(&format!("coupon-{code}"), person);
    if tx.get::<Claimed>(&claim)?.is_some() {
        return Err(CouponError::UsedAlready.into());
    }
    if tx.counter(COUPON_USED, code)? >= i64::from(coupon.uses) {
        return Err(CouponError::UsedUp.into());
    }
    Ok((coupon, off, claim))
}
