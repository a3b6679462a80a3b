//! Tickets that are given back, and what becomes of their money.

use super::{Effect, Note, Order, Refund, RefundState, Step, WrongState};
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::pricing::{self, Line};
use crate::domain::refund::{self, Returned, Ticket};

impl Order {
    /// The unused tickets at their full price: what the department returns for a day that it
    /// closes, or as it sees fit.
    #[must_use]
    pub fn in_full(&self) -> Vec<Returned> {
        self.unused().into_iter().map(|t| Returned { ticket: t, amount: self.share(t) }).collect()
    }

    /// The unused tickets that can be given back now, with what each returns by the tiers.
    #[must_use]
    pub fn returnable(&self, now: i64) -> Vec<Returned> {
        let dated = |t: Ticket| {
            let slot = &self.parts.get(t.part)?.slot;
            let percent = refund::percent(&self.tiers, slot.starts_at, now)?;
            Some((t, self.share(t), percent))
        };
        refund::quote(self.unused().into_iter().filter_map(dated))
    }

    /// Gives tickets back: they are void from now on, and their places are free once the money is
    /// back. Tickets that are used or given back already are left out.
    ///
    /// # Errors
    /// [`WrongState`] when nothing was paid or no ticket is left.
    pub fn start_refund(&mut self, items: Vec<Returned>, reason: &str, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.give_back(items, reason, None, now)
    }

    /// Gives the tickets back that a closure left without their slot.
    ///
    /// # Errors
    /// As [`Order::start_refund`].
    pub fn close(&mut self, items: Vec<Returned>, closure: &str, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.give_back(items, "closed", Some(closure), now)
    }

    fn give_back(
        &mut self,
        items: Vec<Returned>,
        reason: &str,
        closure: Option<&str>,
        now: i64,
    ) -> Result<Vec<Effect>, WrongState> {
        self.check(Step::Refund)?;
        let unused = self.unused();
        let items: Vec<Returned> = items.into_iter().filter(|i| unused.contains(&i.ticket)).collect();
        if items.is_empty() {
            return Err(WrongState { state: self.state, step: Step::Refund });
        }
        let number = self.refunds.len() + 1;
        let refund = Refund {
            reference: refund::reference(&self.id, number, 1),
            attempt: 1,
            amount: items.iter().map(|i| i.amount).sum(),
            items,
            reason: reason.to_owned(),
            closure: closure.map(ToOwned::to_owned),
            asked_at: now,
            state: RefundState::Asked,
            failed: None,
        };
        let mut effects = self.mark(&refund, Entitlement::suspended);
        let free = refund.amount == 0;
        effects.push(Effect::Refund { lines: self.refund_lines(&refund), refund: refund.clone() });
        self.refunds.push(refund);
        self.follow(now);
        if free {
            // There is no money to wait for.
            effects.pop();
            effects.extend(self.settle(number - 1, now));
        }
        Ok(effects)
    }

    /// Asks again for the refunds that the provider refused.
    pub fn retry_refunds(&mut self, now: i64) -> Vec<Effect> {
        self.ask_again(|_| true, now)
    }

    /// Asks again for those of a closure.
    pub fn retry_closure(&mut self, closure: &str, now: i64) -> Vec<Effect> {
        self.ask_again(|r| r.closure.as_deref() == Some(closure), now)
    }

    fn ask_again(&mut self, which: impl Fn(&Refund) -> bool, now: i64) -> Vec<Effect> {
        let id = self.id.clone();
        let mut asked = Vec::new();
        for (i, r) in self.refunds.iter_mut().enumerate() {
            if r.state == RefundState::Failed && which(r) {
                r.attempt += 1;
                r.reference = refund::reference(&id, i + 1, r.attempt);
                r.state = RefundState::Asked;
                r.failed = None;
                r.asked_at = now;
                asked.push(r.clone());
            }
        }
        let effects = asked.into_iter().flat_map(|r| {
            let counted = of_closure(&r, 0, -fen(r.amount));
            [Some(Effect::Refund { lines: self.refund_lines(&r), refund: r }), counted]
        });
        effects.flatten().collect()
    }

    /// Why a refund was refused by the provider, where one waits to be asked for again.
    #[must_use]
    pub fn refund_failure(&self) -> Option<&str> {
        self.refunds.iter().find(|r| r.state == RefundState::Failed).and_then(|r| r.failed.as_deref())
    }

    /// When the last refund that is still on its way was asked for.
    #[must_use]
    pub fn waiting_since(&self) -> Option<i64> {
        self.refunds.iter().filter(|r| r.state == RefundState::Asked).map(|r| r.asked_at).max()
    }

    fn refund_lines(&self, refund: &Refund) -> Vec<Line> {
        pricing::lines(refund.items.iter().filter_map(|i| {
            let p = self.parts.get(i.ticket.part)?;
            Some((p.operator.as_str(), &*p.name.zh, i.amount))
        }))
    }

    /// The entitlements of a refund, as they become.
    fn mark(&self, refund: &Refund, to: impl Fn(Entitlement) -> Entitlement) -> Vec<Effect> {
        if !self.was_issued() {
            return Vec::new();
        }
        let of = |i: &Returned| entitlement::of(self, i.ticket.visitor, i.ticket.part);
        refund.items.iter().filter_map(of).map(|e| Effect::Put(to(e))).collect()
    }

    /// The money of a refund is back. A repetition does nothing.
    pub fn refund_settled(&mut self, reference: &str, now: i64) -> Vec<Effect> {
        let waits = |r: &Refund| r.reference == reference && r.state == RefundState::Asked;
        match self.refunds.iter().position(waits) {
            Some(i) => self.settle(i, now),
            None => Vec::new(),
        }
    }

    fn settle(&mut self, index: usize, now: i64) -> Vec<Effect> {
        let Some(refund) = self.refunds.get_mut(index) else { return Vec::new() };
        refund.state = RefundState::Settled;
        let refund = refund.clone();
        self.refunded += refund.amount;
        let mut effects = self.mark(&refund, Entitlement::refunded);
        if self.was_issued() {
            for (i, p) in self.parts.iter().enumerate() {
                let of_part = || refund.items.iter().filter(|r| r.ticket.part == i);
                let people = u32::try_from(of_part().count()).unwrap_or(u32::MAX);
                if people > 0 {
                    effects.push(Effect::Release { slot: p.slot.id.clone(), people });
                    let amount = of_part().map(|r| r.amount).sum();
                    effects.push(Effect::Unsold { slot: p.slot.id.clone(), people, amount });
                }
            }
        }
        self.follow(now);
        effects.extend(of_closure(&refund, refund.amount, 0));
        effects.push(Effect::Notify(Note::Refunded { amount: refund.amount }));
        effects.push(Effect::Returned { tickets: refund.items.len(), amount: refund.amount });
        effects
    }

    /// The provider refused a refund: it stays on its way, and can be asked for again.
    pub fn refund_failed(&mut self, reference: &str, why: &str) -> Vec<Effect> {
        let waits = |r: &&mut Refund| r.reference == reference && r.state == RefundState::Asked;
        match self.refunds.iter_mut().find(waits) {
            Some(r) => {
                r.state = RefundState::Failed;
                r.failed = Some(why.to_owned());
                let counted = of_closure(r, 0, fen(r.amount));
                counted.into_iter().chain([Effect::Notify(Note::RefundFailed)]).collect()
            }
            None => Vec::new(),
        }
    }
}

/// Fen as a counter holds them.
fn fen(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

fn of_closure(refund: &Refund, returned: u64, failed: i64) -> Option<Effect> {
    let id = refund.closure.clone().filter(|_| refund.amount > 0)?;
    Some(Effect::Closure { id, returned, failed })
}
