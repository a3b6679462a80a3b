//! Prices of goods.

use super::fields::Check;
use super::{Refusal, known, now};
use crate::domain::actor::{Actor, Role};
use crate::domain::pledge::Pledge;
use crate::domain::quote::{Prices, Quote};
use crate::domain::warehouse::Unit;
use crate::store::{PastQuote, QUOTE_HISTORY, QUOTES, REVALUE, by};
use serde::Serialize;
use serde_json::json;
use yunlong_sdk::{Outgoing, Page, Query, Stored, Text, Tx, transact};

/// A price that is to be published.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewQuote {
    /// The goods by their code.
    pub goods: String,
    /// What they are called.
    pub name: String,
    /// What they are called in English.
    pub name_en: String,
    /// In what they are counted.
    pub unit: Unit,
    /// Fen for a tonne, a cubic metre or a piece.
    pub price: u64,
    /// Where the price comes from.
    pub source: String,
}

/// Publishes a price: for regulators. Loans on these goods are looked at again.
///
/// # Errors
/// [`Refusal`].
pub fn publish(actor: &Actor, new: &NewQuote) -> Result<Quote, Refusal> {
    actor.needs(Role::Regulator)?;
    let mut check = Check::new();
    let goods = check.code("/goods", &new.goods);
    let name = check.text("/name", &new.name, 40);
    let name_en = if new.name_en.trim().is_empty() { name.clone() } else { check.text("/name_en", &new.name_en, 60) };
    let price = check.fen("/price", new.price);
    let source = check.text("/source", &new.source, 60);
    check.done()?;
    transact(|tx| {
        let now = now();
        let quote = Quote {
            id: goods.clone(),
            goods: goods.clone(),
            name: Text::new(name.clone(), name_en.clone()),
            unit: new.unit,
            price,
            source: source.clone(),
            by: actor.subject.clone(),
            at: now,
        };
        tx.put(&quote)?;
        tx.put(&PastQuote(quote.entry()))?;
        let data = json!({"goods": goods, "at": now, "after": null});
        tx.publish(&Outgoing::new(REVALUE, &data).key(&goods))?;
        tx.audit("quote.publish", &goods, &json!({"price": price}))?;
        Ok(quote)
    })
}

/// The latest prices: for everybody who is signed in.
///
/// # Errors
/// An error of the data service.
pub fn list(_: &Actor, limit: u32, after: Option<String>) -> Result<Page<Quote>, Refusal> {
    Ok(QUOTES.find(Query::by_id().limit(limit).after(after))?)
}

/// The latest price of goods.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(_: &Actor, goods: &str) -> Result<Quote, Refusal> {
    known(QUOTES.get(goods))
}

/// Every price of goods, the latest first.
///
/// # Errors
/// An error of the data service.
pub fn history(_: &Actor, goods: &str, limit: u32, after: Option<String>) -> Result<Page<PastQuote>, Refusal> {
    Ok(QUOTE_HISTORY.find(by::QUOTE_GOODS.equals(goods).descending().limit(limit).after(after))?)
}

/// The latest prices of what pledges are about.
///
/// # Errors
/// An error of the data service.
pub(crate) fn of_pledges(tx: &Tx<'_>, pledges: &[Pledge]) -> Result<Prices, Refusal> {
    let mut prices = Prices::new();
    for pledge in pledges {
        if !prices.contains_key(&pledge.goods)
            && let Some(quote) = tx.get::<Quote>(&pledge.goods)?.map(Stored::into_value)
        {
            prices.insert(pledge.goods.clone(), quote);
        }
    }
    Ok(prices)
}
