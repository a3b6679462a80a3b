//! The escrow account of one order: what was taken is released, refunded or held, always.

use super::explain::Explain;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_sdk::money::yuan;
use yunlong_sdk::{Text, t};

/// What an entry did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The buyer's money came in.
    In,
    /// Held money goes back to the buyer.
    Refund,
    /// The provider refused to return it: it is held again.
    Restored,
    /// Held money was paid to the receivers.
    Release,
}

/// A line of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it did.
    pub kind: Kind,
    /// Fen.
    pub amount: u64,
    /// The order's own number for it.
    pub reference: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// The account. Its fields change together, by its methods alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escrow {
    captured: u64,
    released: u64,
    refunded: u64,
    held: u64,
    #[serde(default)]
    entries: Vec<Entry>,
}

/// More is to leave the account than it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked} fen are asked of an escrow account that holds {held}")]
pub struct OverHeld {
    /// Fen that were asked for.
    pub asked: u64,
    /// Fen that it holds.
    pub held: u64,
}

impl Explain for OverHeld {
    fn kind(&self) -> &'static str {
        "over-held"
    }

    fn title(&self) -> Text {
        t("金额超过担保账户余额", "More than the escrow account holds")
    }

    fn detail(&self) -> Text {
        let (asked, held) = (yuan(self.asked), yuan(self.held));
        Text::new(
            format!("担保账户现有 {held} 元，要求退 {asked} 元。请填写不超过 {held} 元的金额。"),
            format!("The account holds {held} yuan, {asked} yuan were asked for. Enter at most {held} yuan."),
        )
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        vec![("asked", json!(self.asked)), ("held", json!(self.held))]
    }
}

impl Escrow {
    /// Fen that came in.
    #[must_use]
    pub fn captured(&self) -> u64 {
        self.captured
    }

    /// Fen paid to the receivers.
    #[must_use]
    pub fn released(&self) -> u64 {
        self.released
    }

    /// Fen that went back to the buyer or are on their way.
    #[must_use]
    pub fn refunded(&self) -> u64 {
        self.refunded
    }

    /// Fen that are held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The account's lines, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn book(&mut self, kind: Kind, amount: u64, reference: &str, at: i64) {
        self.entries.push(Entry { kind, amount, reference: reference.to_owned(), at });
    }

    /// Takes the buyer's money in.
    pub fn take_in(&mut self, amount: u64, reference: &str, at: i64) {
        self.captured += amount;
        self.held += amount;
        self.book(Kind::In, amount, reference, at);
    }

    fn leave(&mut self, amount: u64) -> Result<(), OverHeld> {
        self.held = self.held.checked_sub(amount).ok_or(OverHeld { asked: amount, held: self.held })?;
        Ok(())
    }

    /// Sends held money back to the buyer.
    ///
    /// # Errors
    /// [`OverHeld`]; nothing changes.
    pub fn refund(&mut self, amount: u64, reference: &str, at: i64) -> Result<(), OverHeld> {
        self.leave(amount)?;
        self.refunded += amount;
        self.book(Kind::Refund, amount, reference, at);
        Ok(())
    }

    /// Holds again what the provider refused to return.
    pub fn restore(&mut self, amount: u64, reference: &str, at: i64) {
        let amount = amount.min(self.refunded);
        self.refunded -= amount;
        self.held += amount;
        self.book(Kind::Restored, amount, reference, at);
    }

    /// Pays held money out to the receivers.
    ///
    /// # Errors
    /// [`OverHeld`]; nothing changes.
    pub fn release(&mut self, amount: u64, reference: &str, at: i64) -> Result<(), OverHeld> {
        self.leave(amount)?;
        self.released += amount;
        self.book(Kind::Release, amount, reference, at);
        Ok(())
    }

    /// Whether the account is whole: what came in is released, refunded or held, and so say its lines.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let sum = |k: Kind| -> u64 { self.entries.iter().filter(|e| e.kind == k).map(|e| e.amount).sum() };
        self.captured == self.released + self.refunded + self.held
            && self.captured == sum(Kind::In)
            && self.released == sum(Kind::Release)
            && self.refunded + sum(Kind::Restored) == sum(Kind::Refund)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_came_in_is_released_refunded_or_held(ops in prop::collection::vec((0_u8..4, 0_u64..500), 0..60)) {
            let mut e = Escrow::default();
            for (op, amount) in ops {
                let before = e.clone();
                let refused = match op {
                    0 => { e.take_in(amount, "in", 0); false }
                    1 => e.refund(amount, "r", 0).is_err(),
                    2 => { e.restore(amount, "r", 0); false }
                    _ => e.release(amount, "s", 0).is_err(),
                };
                prop_assert!(e.is_whole());
                if refused { prop_assert_eq!(&e, &before); }
            }
        }
    }
}
