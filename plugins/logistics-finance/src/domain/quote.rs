//! What goods are worth: quotes by goods, and the value of what is pledged.

use super::pledge::Pledge;
use super::refused::Refused;
use super::time::DAY;
use super::warehouse::Unit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// The latest price of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The goods by their code; of an entry of the history the code, a slash and the time.
    pub id: String,
    /// The goods by their code.
    pub goods: String,
    /// What they are called.
    pub name: Text,
    /// In what they are counted.
    pub unit: Unit,
    /// Fen for [`Unit::priced_by`] of it: a tonne, a cubic metre or a piece.
    pub price: u64,
    /// Where the price comes from, in words.
    pub source: String,
    /// Who published it.
    pub by: String,
    /// Since when it holds: milliseconds of UTC.
    pub at: i64,
}

impl Quote {
    /// What a quantity is worth in fen, rounded down.
    #[must_use]
    pub fn value(&self, quantity: u64) -> u64 {
        let value = u128::from(quantity) * u128::from(self.price) / u128::from(self.unit.priced_by());
        u64::try_from(value).unwrap_or(u64::MAX)
    }

    /// The entry of the history.
    #[must_use]
    pub fn entry(&self) -> Self {
        Self { id: format!("{}/{:015}", self.goods, self.at), ..self.clone() }
    }
}

/// Prices by goods.
pub type Prices = BTreeMap<String, Quote>;

/// One receipt in a valuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The receipt.
    pub receipt: String,
    /// The goods.
    pub goods: String,
    /// How much.
    pub quantity: u64,
    /// Fen for [`Unit::priced_by`].
    pub price: u64,
    /// Fen.
    pub value: u64,
}

/// What is pledged for a loan was worth at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Valuation {
    /// Fen.
    pub value: u64,
    /// Receipt by receipt.
    pub lines: Vec<Line>,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// What pledges are worth at the latest prices.
///
/// # Errors
/// [`Refused::NoQuote`] where goods have no price, or none that is young enough.
pub fn valuation(pledges: &[Pledge], prices: &Prices, oldest_days: u32, now: i64) -> Result<Valuation, Refused> {
    let mut lines = Vec::with_capacity(pledges.len());
    for pledge in pledges.iter().filter(|p| p.state.stands()) {
        let quote = prices
            .get(&pledge.goods)
            .filter(|q| q.unit == pledge.unit && now - q.at <= i64::from(oldest_days) * DAY)
            .ok_or_else(|| Refused::NoQuote { goods: pledge.goods.clone() })?;
        lines.push(Line {
            receipt: pledge.receipt.clone(),
            goods: pledge.goods.clone(),
            quantity: pledge.quantity,
            price: quote.price,
            value: quote.value(pledge.quantity),
        });
    }
    Ok(Valuation { value: lines.iter().fold(0, |sum, l| sum.saturating_add(l.value)), lines, at: now })
}

#[cfg(test)]
pub(crate) fn coal_at(price: u64, at: i64) -> Quote {
    Quote {
        id: "coal-5500".into(),
        goods: "coal-5500".into(),
        name: yunlong_sdk::t("动力煤", "Steam coal"),
        unit: Unit::Kilogram,
        price,
        source: "市场监测".into(),
        by: "p-regulator".into(),
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::receipt::Receipt;
    use crate::domain::warehouse::coal;

    #[test]
    fn a_thousand_tonnes_at_a_thousand_yuan_are_a_million() {
        assert_eq!(coal_at(100_000, 0).value(1_000_000), 100_000_000);
        assert_eq!(coal_at(100_000, 0).value(1), 100, "a kilogram is a yuan");
        assert_eq!(coal_at(333, 0).value(1), 0, "rounded down");
    }

    #[test]
    fn an_old_price_and_no_price_value_nothing() {
        let receipt = Receipt::draft("WR1".into(), &coal(10), 10, "A", "p", 0).unwrap();
        let pledges = [Pledge::request(&receipt, "B", "LN1", 0)];
        let prices = Prices::from([("coal-5500".to_owned(), coal_at(100_000, 0))]);
        assert_eq!(valuation(&pledges, &prices, 30, 30 * DAY).unwrap().value, 1_000);
        let none = Err(Refused::NoQuote { goods: "coal-5500".into() });
        assert_eq!(valuation(&pledges, &prices, 30, 30 * DAY + 1), none);
        assert_eq!(valuation(&pledges, &Prices::new(), 30, 0), none);
    }
}
