//! First data of an installation: loaded a part at a time by messages of its own, so that no call
//! meets its limits. A part that is delivered twice is loaded once.

use super::{Refusal, keys, now};
use crate::domain::edit::MOST_STOCK;
use crate::domain::listing::Listing;
use crate::domain::sample::{self, Frame, MONTHS, STORES, Shop};
use crate::domain::statistics::{Figure, Figures};
use crate::domain::time::Month;
use crate::policy;
use crate::store::{LISTINGS, LOADS, Load, SAMPLE_LOAD, STOCK, StageError, table};
use serde_json::json;
use std::collections::BTreeMap;
use yunlong_sdk::{Failure, Outgoing, Query, Tx};

/// The one row that tells how far it is.
const LOAD: &str = "sample";
/// Stores of one part.
const SHOPS_EACH: usize = 6;
/// Parts with stores; each of the others is a month of figures.
const SHOP_PARTS: usize = STORES.div_ceil(SHOPS_EACH);
/// All parts.
const PARTS: usize = SHOP_PARTS + MONTHS;

/// Begins to load the sample.
///
/// # Errors
/// A text for the operator.
pub fn install(tx: &Tx<'_>) -> Result<(), String> {
    let of = u32::try_from(PARTS).unwrap_or(u32::MAX);
    tx.put(&Load { id: LOAD.to_owned(), done: 0, of }).map_err(|e| e.to_string())?;
    next(tx, 0).map_err(|e| e.to_string())
}

fn next(tx: &Tx<'_>, part: u32) -> Result<(), StageError> {
    let data = json!({"part": part});
    tx.publish(&Outgoing::new(SAMPLE_LOAD, &data).key(LOAD).once(format!("{LOAD}-{part}")))?;
    Ok(())
}

/// How far the sample is loaded: parts done, and all that there are.
///
/// # Errors
/// An error of the data service.
pub fn progress() -> Result<(u32, u32), Refusal> {
    Ok(LOADS.get(LOAD)?.map_or((0, 0), |l| (l.done, l.of)))
}

/// Loads one part.
pub(super) fn load(part: u32, tx: &Tx<'_>) -> Result<(), Failure> {
    let Some(mut load) = tx.get::<Load>(LOAD)?.map(|l| l.value) else { return Ok(()) };
    if part != load.done || load.done >= load.of {
        return Ok(());
    }
    let now = now();
    let n = usize::try_from(part).unwrap_or(usize::MAX);
    let table = table(tx)?;
    let villages = sample::villages(&table);
    if n < SHOP_PARTS {
        let agent = policy::collecting_agent().map_err(|e| Failure::Retry(e.to_string()))?;
        let frame = Frame { table: &table, keys: keys(), agent: &agent, now };
        for (i, village) in villages.iter().enumerate().skip(n * SHOPS_EACH).take(SHOPS_EACH) {
            put(tx, &sample::shop(i, village, &frame))?;
        }
    } else {
        let back = MONTHS - (n - SHOP_PARTS);
        figures(tx, &villages, (0..back).fold(Month::at(now), |m, _| m.before()))?;
    }
    load.done += 1;
    tx.put(&load)?;
    if load.done < load.of {
        next(tx, load.done)?;
    }
    Ok(())
}

fn put(tx: &Tx<'_>, shop: &Shop) -> Result<(), Failure> {
    tx.put(&shop.farmer)?;
    tx.put(&shop.store)?;
    tx.put(&shop.station)?;
    if let Some(c) = &shop.coupon {
        tx.put(c)?;
    }
    for (product, listing, batch, units) in &shop.goods {
        tx.put(product)?;
        tx.put(listing)?;
        if let Some(b) = batch {
            tx.put(b)?;
        }
        for sku in &product.skus {
            let key = Listing::stock_key(&listing.id, &sku.id);
            tx.adjust(STOCK, &key, i64::from(*units), 0..=MOST_STOCK)?;
        }
    }
    Ok(())
}

/// The figures of a month, summed by counter first: the levels above have many villages each.
fn figures(tx: &Tx<'_>, villages: &[String], month: Month) -> Result<(), Failure> {
    let mut sums: BTreeMap<String, Figures> = BTreeMap::new();
    for village in villages {
        let (place, figures) = sample::figures(village, month);
        for key in place.keys() {
            *sums.entry(key).or_default() += figures;
        }
    }
    for (key, sum) in sums {
        for f in Figure::ALL.into_iter().filter(|f| sum.get(*f) != 0) {
            tx.adjust(f.counter(), &key, sum.get(f), i64::MIN..=i64::MAX)?;
        }
    }
    Ok(())
}

/// The goods can be read.
///
/// # Errors
/// A text for the operator.
pub fn health() -> Result<(), String> {
    LISTINGS.find(Query::by_id().limit(1)).map(|_| ()).map_err(|e| e.to_string())
}
