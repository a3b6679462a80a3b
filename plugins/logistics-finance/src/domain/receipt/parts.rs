//! Splitting and merging: the parts sum to the whole exactly.

use super::{Passage, Receipt, State, Step};
use crate::domain::refused::Refused;

/// The most parts that a receipt is split into at once.
pub const MAX_PARTS: usize = 50;

impl Receipt {
    /// Divides it: the parts sum to it exactly, and take its place.
    ///
    /// # Errors
    /// As [`Receipt::check`]; [`Refused::Parts`], [`Refused::Nothing`].
    pub fn split(&mut self, parts: &[(String, u64)], now: i64) -> Result<Vec<Self>, Refused> {
        self.check(Step::Split)?;
        self.divide(parts, now)
    }

    /// As [`Receipt::split`], whatever its state: for the part of a pledged receipt that a bank releases.
    pub(crate) fn divide(&mut self, parts: &[(String, u64)], now: i64) -> Result<Vec<Self>, Refused> {
        let sum = parts.iter().fold(0_u64, |sum, (_, q)| sum.saturating_add(*q));
        if sum != self.quantity || !(2..=MAX_PARTS).contains(&parts.len()) {
            return Err(Refused::Parts { sum, quantity: self.quantity });
        }
        if parts.iter().any(|(_, q)| *q == 0) {
            return Err(Refused::Nothing("quantity"));
        }
        let children = parts.iter().map(|(id, quantity)| self.successor(id, *quantity, vec![self.id.clone()], now));
        let children: Vec<Self> = children.collect();
        self.replaced_by(parts.iter().map(|(id, _)| id.clone()).collect(), now);
        Ok(children)
    }

    /// Makes one receipt of several of one lot and holder.
    ///
    /// # Errors
    /// As [`Receipt::check`]; [`Refused::NotAlike`], [`Refused::Parts`] for fewer than two.
    pub fn merge(receipts: &mut [Self], id: &str, now: i64) -> Result<Self, Refused> {
        let alike = |a: &Self, b: &Self| a.id != b.id && a.lot == b.lot && a.holder == b.holder;
        for (i, receipt) in receipts.iter().enumerate() {
            receipt.check(Step::Merge)?;
            if let Some(other) = receipts[..i].iter().find(|o| !alike(receipt, o)) {
                return Err(Refused::NotAlike(other.id.clone(), receipt.id.clone()));
            }
        }
        let quantity = receipts.iter().fold(0_u64, |sum, r| sum.saturating_add(r.quantity));
        if !(2..=MAX_PARTS).contains(&receipts.len()) {
            return Err(Refused::Parts { sum: quantity, quantity });
        }
        let parents = receipts.iter().map(|r| r.id.clone()).collect();
        let merged = receipts[0].successor(id, quantity, parents, now);
        for receipt in receipts {
            receipt.replaced_by(vec![id.to_owned()], now);
        }
        Ok(merged)
    }

    fn successor(&self, id: &str, quantity: u64, parents: Vec<String>, now: i64) -> Self {
        Self {
            id: id.to_owned(),
            quantity,
            parents,
            children: Vec::new(),
            revision: 1,
            signature: None,
            issued_at: Some(now),
            created_at: now,
            history: vec![Passage { state: self.state, at: now }],
            ..self.clone()
        }
    }

    fn replaced_by(&mut self, children: Vec<String>, now: i64) {
        self.children = children;
        self.pledged_to = None;
        self.revise();
        self.pass(State::Cancelled, now);
    }
}
