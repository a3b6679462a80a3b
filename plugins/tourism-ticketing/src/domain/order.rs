//! Orders: what state one is in, which steps that allows, and what each step does.
//!
//! A step changes the order and answers the [`Effect`]s that must be committed with it, all or
//! nothing. Nothing here touches a store: the adapter stages the effects in the transaction
//! that writes the order, and the property tests apply them to a model.
//!
//! ```text
//! draft ─Hold→ held ─Pay→ paid ─Issue→ issued ─Admit→ part-used ─Admit→ used
//!               └Expire→ expired ─Pay→ paid     │ issued, part-used ─Refund→ part-refunded
//!                                               │ nothing left to use ─Refund→ refunding ─Settle→ refunded
//! ```
//! `expired ─Pay→ paid` is money that arrives too late: issued if the places can be had as things
//! stand now, else refunded; an order that its buyer gave up is always refunded.
//!
//! Tickets are given back one by one: each refund names the tickets (a visitor at an attraction)
//! that it is for. So once an order is issued, where it stands follows from its tickets.

mod giving_back;

use super::catalogue::Product;
use super::entitlement::{self, Entitlement};
use super::mandate::Acting;
use super::pricing::{self, Line};
use super::refund::{self, RefundTier, Ticket};
use super::slot::Slot;
use super::time::MINUTE;
use super::visitor::Visitor;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

pub use super::effect::{Effect, Note};
pub use super::refund::{Refund, RefundState};
pub use super::state::{State, Step, WrongState};

/// One attraction of an order, with all that is needed later, so that no step reads the
/// catalogue again and a later change of it leaves sold tickets as they were sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The attraction's name.
    pub name: Text,
    /// The operator's USCC.
    pub operator: String,
    /// The slot.
    pub slot: Slot,
}

/// A state with the time at which it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The state.
    pub state: State,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// The payment's intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The platform's id.
    pub id: String,
    /// Where the payer goes.
    pub cashier_url: String,
}

/// An order: tickets for its visitors at its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Twelve characters of Crockford's base 32; also the document's id.
    pub id: String,
    /// The buyer's subject in this installation.
    pub owner: String,
    /// The product.
    pub product: String,
    /// The product's name when it was sold.
    pub product_name: Text,
    /// Whether one ID may hold only one ticket for a slot.
    pub one_id: bool,
    /// Where it stands.
    pub state: State,
    /// The attractions.
    pub parts: Vec<Part>,
    /// Who goes.
    pub visitors: Vec<Visitor>,
    /// Fen to pay.
    pub total: u64,
    /// Fen taken.
    #[serde(default)]
    pub captured: u64,
    /// Fen returned.
    #[serde(default)]
    pub refunded: u64,
    /// The tickets that opened a gate.
    #[serde(default)]
    pub used: Vec<Ticket>,
    /// What returns at which time before the slot, as it was when the order was made.
    #[serde(default = "refund::until_the_start")]
    pub tiers: Vec<RefundTier>,
    /// Whether the buyer gave it up: money that arrives after that goes back.
    #[serde(default)]
    pub given_up: bool,
    /// Whether the buyer declared to be the guardian of the children in it.
    #[serde(default)]
    pub guardian: bool,
    /// For whom it was made, if not for the buyer themself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<Acting>,
    /// When it was made: milliseconds of UTC.
    pub created_at: i64,
    /// When the hold ends: milliseconds of UTC.
    pub hold_until: i64,
    /// The payment, unless there is nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The refunds, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// A keyed digest of what was asked for, to know a repeated request from another.
    pub request: String,
    /// Every state that it passed.
    pub history: Vec<Passage>,
}

/// What a new order needs.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Its number.
    pub id: String,
    /// The buyer's subject.
    pub owner: String,
    /// Digest of the request.
    pub request: String,
    /// The attractions with their slots, in the product's order.
    pub parts: Vec<Part>,
    /// Who goes, priced.
    pub visitors: Vec<Visitor>,
    /// Whether the buyer declared to be the guardian of the children in it.
    pub guardian: bool,
    /// For whom it is made, if not for the buyer themself.
    pub acting: Option<Acting>,
}

/// Whether the places of an order that expired can be had again, as things stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every place is free: the slots of the parts, in their order, with the caps in force.
    Free(Vec<Slot>),
    /// A place is gone, a day is closed, a slot is over, or a visitor has another ticket for it.
    Gone,
}

impl Order {
    /// A draft: it holds nothing.
    #[must_use]
    pub fn draft(new: NewOrder, product: &Product, now: i64) -> Self {
        let total = new.visitors.iter().map(|v| v.price).sum();
        Self {
            id: new.id,
            owner: new.owner,
            product: product.id.clone(),
            product_name: product.name.clone(),
            one_id: product.one_id,
            state: State::Draft,
            parts: new.parts,
            visitors: new.visitors,
            total,
            captured: 0,
            refunded: 0,
            used: Vec::new(),
            tiers: product.refund_tiers.clone(),
            given_up: false,
            guardian: new.guardian,
            acting: new.acting,
            created_at: now,
            hold_until: now,
            intent: None,
            refunds: Vec::new(),
            request: new.request,
            history: vec![Passage { state: State::Draft, at: now }],
        }
    }

    fn step(&mut self, step: Step, to: State, now: i64) -> Result<(), WrongState> {
        self.check(step)?;
        self.state = to;
        self.history.push(Passage { state: to, at: now });
        Ok(())
    }

    /// Whether the state allows a step.
    ///
    /// # Errors
    /// [`WrongState`] says what it allows instead.
    pub fn check(&self, step: Step) -> Result<(), WrongState> {
        if self.state.allows().contains(&step) { Ok(()) } else { Err(WrongState { state: self.state, step }) }
    }

    /// People in the order.
    #[must_use]
    pub fn people(&self) -> u32 {
        u32::try_from(self.visitors.len()).unwrap_or(u32::MAX)
    }

    /// Every ticket: visitors × attractions.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> + '_ {
        (0..self.visitors.len()).flat_map(|visitor| (0..self.parts.len()).map(move |part| Ticket { visitor, part }))
    }

    /// Every entitlement as it was sold.
    pub fn entitlements(&self) -> impl Iterator<Item = Entitlement> + '_ {
        self.tickets().filter_map(|t| entitlement::of(self, t.visitor, t.part))
    }

    /// The price of one ticket.
    #[must_use]
    pub fn share(&self, t: Ticket) -> u64 {
        self.visitors.get(t.visitor).and_then(|v| v.shares.get(t.part)).copied().unwrap_or(0)
    }

    /// Whether a ticket is given back, or is on its way back.
    #[must_use]
    pub fn returned(&self, t: Ticket) -> bool {
        self.refunds.iter().any(|r| r.items.iter().any(|i| i.ticket == t))
    }

    /// The tickets that are neither used nor given back.
    #[must_use]
    pub fn unused(&self) -> Vec<Ticket> {
        self.tickets().filter(|t| !self.used.contains(t) && !self.returned(*t)).collect()
    }

    /// How the order's money is divided among the operators; sums to the total.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        pricing::lines(self.visitors.iter().flat_map(|v| {
            self.parts.iter().zip(&v.shares).map(|(p, share)| (p.operator.as_str(), &*p.name.zh, *share))
        }))
    }

    /// Keeps the places. Where there is nothing to pay the tickets are issued at once.
    ///
    /// # Errors
    /// [`WrongState`] when it is no draft.
    pub fn hold(&mut self, hold_minutes: u32, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.step(Step::Hold, State::Held, now)?;
        let mut effects = self.reserve();
        if self.total == 0 {
            self.step(Step::Pay, State::Paid, now)?;
            effects.extend(self.issue(now)?);
        } else {
            self.hold_until = now + i64::from(hold_minutes) * MINUTE;
            effects.push(Effect::OpenHold);
            effects.push(Effect::OpenIntent);
            effects.push(Effect::ExpireAt(self.hold_until));
        }
        Ok(effects)
    }

    fn reserve(&self) -> Vec<Effect> {
        let claims = self.entitlements().map(Effect::Claim);
        let people = self.people();
        claims.chain(self.parts.iter().map(|p| Effect::Take { slot: p.slot.clone(), people })).collect()
    }

    fn release(&self) -> impl Iterator<Item = Effect> + '_ {
        let people = self.people();
        self.parts.iter().map(move |p| Effect::Release { slot: p.slot.id.clone(), people })
    }

    fn issue(&mut self, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.step(Step::Issue, State::Issued, now)?;
        let part = |(i, p): (usize, &Part)| {
            let fen: u64 = self.visitors.iter().filter_map(|v| v.shares.get(i)).sum();
            Effect::Sold { slot: p.slot.clone(), people: self.people(), revenue: fen }
        };
        let mut effects: Vec<Effect> = self.parts.iter().enumerate().map(part).collect();
        effects.push(Effect::Notify(Note::Issued));
        effects.push(Effect::Announce("order.issued"));
        Ok(effects)
    }

    /// Ends the hold: it ran out, or its day was closed. The places and the visitors' claims are
    /// free again.
    ///
    /// # Errors
    /// [`WrongState`] when it is not held.
    pub fn expire(&mut self, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.step(Step::Expire, State::Expired, now)?;
        let mut effects: Vec<Effect> = self.entitlements().map(|e| Effect::Remove(e.id)).collect();
        effects.extend(self.release());
        effects.push(Effect::CloseHold);
        effects.push(Effect::CancelIntent);
        Ok(effects)
    }

    /// The buyer gives up a held order. Should its money arrive all the same, it goes back.
    ///
    /// # Errors
    /// [`WrongState`] when it is not held.
    pub fn give_up(&mut self, now: i64) -> Result<Vec<Effect>, WrongState> {
        let effects = self.expire(now)?;
        self.given_up = true;
        Ok(effects)
    }

    /// The hold's end as the clock brings it. Delivered late, twice or after the payment, it
    /// does nothing.
    #[must_use]
    pub fn hold_ended(&mut self, now: i64) -> Vec<Effect> {
        if self.state != State::Held || now < self.hold_until {
            return Vec::new();
        }
        self.expire(now).unwrap_or_default()
    }

    /// The order's total was taken. A held order is issued. An expired one is issued with the
    /// slots of `standing` where its places can be had again; else, or if it was given up,
    /// everything goes back. In any other state the event is a repetition and does nothing.
    ///
    /// # Errors
    /// [`WrongState`] never for an order that was built by these steps.
    pub fn captured(&mut self, standing: Standing, now: i64) -> Result<Vec<Effect>, WrongState> {
        let late = match self.state {
            State::Held => false,
            State::Expired => true,
            _ => return Ok(Vec::new()),
        };
        self.step(Step::Pay, State::Paid, now)?;
        self.captured = self.total;
        if !late {
            let mut effects = self.issue(now)?;
            effects.push(Effect::CloseHold);
            return Ok(effects);
        }
        match standing {
            Standing::Free(slots) if !self.given_up && slots.len() == self.parts.len() => {
                for (part, slot) in self.parts.iter_mut().zip(slots) {
                    part.slot = slot;
                }
                let mut effects = self.reserve();
                effects.extend(self.issue(now)?);
                Ok(effects)
            }
            _ => {
                let reason = if self.given_up { "paid-after-giving-up" } else { "late-payment" };
                self.start_refund(self.in_full(), reason, now)
            }
        }
    }

    /// Whether the tickets stand in the figures and hold places: they were issued.
    #[must_use]
    pub fn was_issued(&self) -> bool {
        self.history.iter().any(|p| p.state == State::Issued)
    }

    /// Counts one admission.
    ///
    /// # Errors
    /// [`WrongState`] when the tickets are not valid.
    pub fn count_admission(&mut self, ticket: Ticket, now: i64) -> Result<(), WrongState> {
        self.check(Step::Admit)?;
        self.used.push(ticket);
        self.follow(now);
        Ok(())
    }

    /// Where an issued order stands, from its tickets.
    fn follow(&mut self, now: i64) {
        let back = self.refunds.iter().filter(|r| r.state == RefundState::Settled).flat_map(|r| &r.items).count();
        let on_its_way = self.refunds.iter().any(|r| r.state != RefundState::Settled);
        let all = self.tickets().count();
        let next = if back == all {
            State::Refunded
        } else if self.unused().is_empty() && on_its_way {
            State::Refunding
        } else if back > 0 {
            State::PartRefunded
        } else if self.used.len() == all {
            State::Used
        } else if self.used.is_empty() {
            State::Issued
        } else {
            State::PartUsed
        };
        if next != self.state {
            self.state = next;
            self.history.push(Passage { state: next, at: now });
        }
    }

    /// What each operator keeps of the order's money: its lines less what was returned.
    #[must_use]
    pub fn settlement(&self) -> Vec<Line> {
        let back = |t: Ticket| -> u64 {
            let settled = self.refunds.iter().filter(|r| r.state == RefundState::Settled);
            settled.flat_map(|r| &r.items).filter(|i| i.ticket == t).map(|i| i.amount).sum()
        };
        pricing::lines(self.tickets().filter_map(|t| {
            let p = self.parts.get(t.part)?;
            Some((p.operator.as_str(), &*p.name.zh, self.share(t).saturating_sub(back(t))))
        }))
    }
}
