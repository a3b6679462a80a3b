//! Money that goes back: for units that were not sent, for units that came back, or as a reduction.

use super::paying::restock;
use super::{Effect, Note, Order, OrderError, State, Step, To};
use crate::domain::money;
use crate::domain::statistics::Figures;
use serde::{Deserialize, Serialize};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundState {
    /// The provider was asked.
    Asked,
    /// The money is back.
    Settled,
    /// The provider refused; the money is held again, and can be asked for again.
    Failed,
}

/// What of one line is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundItem {
    /// The line's place, from 0.
    pub line: usize,
    /// Units that were not shipped.
    #[serde(default)]
    pub cancelled: u32,
    /// Units that were shipped.
    #[serde(default)]
    pub returned: u32,
    /// Fen.
    pub amount: u64,
}

/// A refund of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The number that the ledger knows it by, another one each time it is asked for again.
    pub reference: String,
    /// 1, and one more each time it is asked for again.
    pub attempt: u32,
    /// For what.
    pub items: Vec<RefundItem>,
    /// Fen: the sum of the items'.
    pub amount: u64,
    /// A code of the reason, such as `batch-failed`.
    pub reason: String,
    /// Whether the order was in the statistics when it was asked for.
    pub counted: bool,
    /// When the provider was asked last: milliseconds of UTC.
    pub asked_at: i64,
    /// Where it stands.
    pub state: RefundState,
    /// Why the provider refused, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What is to be given back of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// The line's place, from 0.
    pub line: usize,
    /// Units; 0 for a reduction of the price.
    pub units: u32,
    /// Whether the units were shipped: they came back, or are lost.
    #[serde(default)]
    pub shipped: bool,
    /// Fen of a reduction; units go back at their worth.
    #[serde(default)]
    pub amount: Option<u64>,
}

/// The number of an order's refund at the ledger.
fn reference(order: &str, number: usize, attempt: u32) -> String {
    if attempt == 1 { format!("{order}-r{number}") } else { format!("{order}-r{number}-{attempt}") }
}

impl Order {
    /// Gives units or money back. Units that were not shipped return to the stock.
    ///
    /// # Errors
    /// [`OrderError`]: more units than there are, more money than a line or the account has. Nothing
    /// changes then.
    pub fn give_back(&mut self, backs: &[Back], reason: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        self.check(Step::Refund)?;
        let waited = self.state == State::Paid;
        let mut effects = self.refund(backs, reason, now)?;
        if waited && self.lines.iter().all(|l| l.units_left() == 0) {
            effects.extend(self.let_go());
        }
        Ok(effects)
    }

    /// An order that ends before it is accepted leaves its group, and its coupon can be used again.
    fn let_go(&self) -> Vec<Effect> {
        let leaves = self.group.is_some().then_some(Effect::LeaveGroup);
        [Effect::FreeClaims].into_iter().chain(leaves).collect()
    }

    /// Everything that was not shipped goes back: a paid order that is not accepted, money that came too
    /// late, an order of a bad batch.
    ///
    /// # Errors
    /// Never for an order that was built by these steps.
    pub(crate) fn refund_all(&mut self, reason: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        let backs: Vec<Back> = (0..self.lines.len())
            .map(|line| Back { line, units: self.to_ship(line), shipped: false, amount: None })
            .filter(|b| b.units > 0)
            .collect();
        self.refund(&backs, reason, now)
    }

    /// The buyer changes their mind before the store has accepted, or the store gives the order back:
    /// it leaves its group and its coupon can be used again.
    ///
    /// # Errors
    /// [`OrderError::WrongState`] once it is accepted.
    pub fn withdraw(&mut self, reason: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        if self.state != State::Paid {
            return Err(super::WrongState { state: self.state, step: Step::Cancel }.into());
        }
        let mut effects = self.refund_all(reason, now)?;
        effects.extend(self.let_go());
        Ok(effects)
    }

    /// Whether its buyer may give it up now.
    #[must_use]
    pub fn may_be_given_up(&self, now: i64) -> bool {
        match self.state {
            State::Placed | State::Paid => true,
            State::Accepted | State::PartShipped => now >= self.ship_by,
            _ => false,
        }
    }

    /// The buyer gives the order up: unpaid, paid and not accepted, or not sent in the store's time. What
    /// was paid for what is not sent goes back.
    ///
    /// # Errors
    /// [`OrderError::WrongState`] while the store is in time, and once all of it is on its way.
    pub fn give_up(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        match self.state {
            State::Placed => self.cancel(now),
            State::Accepted | State::PartShipped if self.may_be_given_up(now) => self.refund_all("not-shipped", now),
            _ => self.withdraw("given-up", now),
        }
    }

    /// What a bad batch means for this order: its lines of the batch that were not shipped go back in
    /// full, and a buyer who has goods of it is told. A repetition finds nothing more.
    ///
    /// # Errors
    /// Never for an order that was built by these steps.
    pub fn batch_failed(&mut self, trace_code: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        match self.state {
            State::Placed => return if self.has_batch(trace_code) { self.cancel(now) } else { Ok(Vec::new()) },
            State::Paid | State::Accepted | State::PartShipped => {}
            _ => return Ok(self.tell_of_recall(trace_code)),
        }
        let told = self.tell_of_recall(trace_code);
        let of_batch = |i: &usize| self.lines.get(*i).is_some_and(|l| l.batch.as_deref() == Some(trace_code));
        let backs: Vec<Back> = (0..self.lines.len())
            .filter(of_batch)
            .map(|line| Back { line, units: self.to_ship(line), shipped: false, amount: None })
            .filter(|b| b.units > 0)
            .collect();
        if backs.is_empty() {
            return Ok(told);
        }
        let waited = self.state == State::Paid;
        let mut effects = self.refund(&backs, "batch-failed", now)?;
        if waited && self.lines.iter().all(|l| l.units_left() == 0) {
            effects.extend(self.let_go());
        }
        effects.extend(told);
        Ok(effects)
    }

    /// A buyer who has goods of a bad batch, or will have them, is told: once.
    fn tell_of_recall(&mut self, trace_code: &str) -> Vec<Effect> {
        let has = |(i, l): (usize, &super::Line)| l.batch.as_deref() == Some(trace_code) && self.returnable(i) > 0;
        if !self.lines.iter().enumerate().any(has) || self.recalled.iter().any(|c| c == trace_code) {
            return Vec::new();
        }
        self.recalled.push(trace_code.to_owned());
        vec![Effect::Notify(To::Buyer, Note::Recalled { batch: trace_code.to_owned() })]
    }

    /// Its group buy has failed: the money goes back, or is not asked for any more. A repetition does
    /// nothing.
    ///
    /// # Errors
    /// Never for an order that was built by these steps.
    pub fn group_failed(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        match self.state {
            State::Placed => self.cancel(now),
            State::Paid => {
                let mut effects = self.refund_all("group-failed", now)?;
                effects.push(Effect::FreeClaims);
                Ok(effects)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn items(&self, backs: &[Back]) -> Result<Vec<RefundItem>, OrderError> {
        let mut items: Vec<RefundItem> = Vec::with_capacity(backs.len());
        // Two wishes for one line count together, so each is checked against what the first left.
        let mut lines = self.lines.clone();
        for b in backs {
            let left = if b.shipped { self.returnable(b.line) } else { self.to_ship(b.line) };
            let taken: u32 = items
                .iter()
                .filter(|i| i.line == b.line)
                .map(|i| if b.shipped { i.returned } else { i.cancelled })
                .sum();
            let Some(line) = lines.get_mut(b.line) else {
                return Err(OrderError::Units { line: b.line, left: 0 });
            };
            if b.units > left.saturating_sub(taken) {
                return Err(OrderError::Units { line: b.line, left: left.saturating_sub(taken) });
            }
            // Units go back at their worth; another amount is a reduction, for which no unit moves. So
            // no money is left behind where no unit is.
            let amount = if b.units > 0 { line.value(b.units) } else { b.amount.unwrap_or(0) };
            if amount > line.left() {
                return Err(OrderError::OverLine { line: b.line, left: line.left() });
            }
            let (cancelled, returned) = if b.shipped { (0, b.units) } else { (b.units, 0) };
            line.cancelled += cancelled;
            line.returned += returned;
            line.given_back += amount;
            if b.units > 0 || amount > 0 {
                items.push(RefundItem { line: b.line, cancelled, returned, amount });
            }
        }
        if items.is_empty() { Err(OrderError::Nothing) } else { Ok(items) }
    }

    fn refund(&mut self, backs: &[Back], reason: &str, now: i64) -> Result<Vec<Effect>, OrderError> {
        let items = self.items(backs)?;
        let amount: u64 = items.iter().map(|i| i.amount).sum();
        let number = self.refunds.len() + 1;
        let refund = Refund {
            reference: reference(&self.id, number, 1),
            attempt: 1,
            amount,
            reason: reason.to_owned(),
            counted: self.was_accepted(),
            asked_at: now,
            state: RefundState::Asked,
            failed: None,
            items,
        };
        self.escrow.refund(amount, &refund.reference, now)?;
        let mut effects = Vec::new();
        for i in &refund.items {
            let Some(line) = self.lines.get_mut(i.line) else { continue };
            line.cancelled += i.cancelled;
            line.returned += i.returned;
            line.given_back += i.amount;
            if i.cancelled > 0 && self.reserved {
                effects.push(restock(line, i.cancelled));
            }
        }
        effects.push(Effect::Notify(To::Buyer, Note::Refunding { amount, reason: reason.to_owned() }));
        self.refunds.push(refund.clone());
        if amount == 0 {
            // There is no money to wait for.
            effects.extend(self.settled(number - 1, now));
        } else {
            effects.push(Effect::Refund(refund));
        }
        self.follow(now);
        effects.extend(self.arrived(now));
        Ok(effects)
    }

    /// The money of a refund is back. A repetition does nothing.
    pub fn refund_settled(&mut self, reference: &str, now: i64) -> Vec<Effect> {
        let waits = |r: &super::Refund| r.reference == reference && r.state == RefundState::Asked;
        let Some(i) = self.refunds.iter().position(waits) else { return Vec::new() };
        let mut effects = self.settled(i, now);
        self.follow(now);
        effects.extend(self.arrived(now));
        effects
    }

    fn settled(&mut self, index: usize, _now: i64) -> Vec<Effect> {
        let Some(r) = self.refunds.get_mut(index) else { return Vec::new() };
        r.state = RefundState::Settled;
        let amount = r.amount;
        let mut effects = Vec::new();
        if let Some(place) = self.counted.clone().filter(|_| r.counted && amount > 0) {
            effects.push(Effect::Count(place, Figures { refunded: money::signed(amount), ..Figures::default() }));
        }
        effects.push(Effect::Notify(To::Buyer, Note::Refunded { amount }));
        effects
    }

    /// The provider refused a refund: its money is held again until somebody asks again.
    pub fn refund_failed(&mut self, reference: &str, why: &str, now: i64) -> Vec<Effect> {
        let waits = |r: &&mut Refund| r.reference == reference && r.state == RefundState::Asked;
        let Some(r) = self.refunds.iter_mut().find(waits) else { return Vec::new() };
        r.state = RefundState::Failed;
        r.failed = Some(why.to_owned());
        let amount = r.amount;
        self.escrow.restore(amount, reference, now);
        vec![Effect::Notify(To::Buyer, Note::RefundFailed)]
    }

    /// Asks again for the refunds that the provider refused.
    ///
    /// # Errors
    /// [`OrderError::Nothing`] when none was refused.
    pub fn retry_refunds(&mut self, now: i64) -> Result<Vec<Effect>, OrderError> {
        let mut effects = Vec::new();
        for (i, r) in self.refunds.iter_mut().enumerate().filter(|(_, r)| r.state == RefundState::Failed) {
            let next = reference(&self.id, i + 1, r.attempt + 1);
            self.escrow.refund(r.amount, &next, now)?;
            r.attempt += 1;
            r.reference = next;
            r.state = RefundState::Asked;
            r.failed = None;
            r.asked_at = now;
            effects.push(Effect::Refund(r.clone()));
        }
        if effects.is_empty() {
            return Err(OrderError::Nothing);
        }
        effects.extend(self.rearm(now));
        Ok(effects)
    }
}
