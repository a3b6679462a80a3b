//! Orders: what state one is in, which steps that allows, and what each step does.
//!
//! A step changes the order and answers the [`Effect`]s that must be committed with it, all or
//! nothing. Nothing here touches a store: the adapter stages the effects in the transaction
//! that writes the order, and the property tests apply them to a model.
//!
//! ```text
//! draft ─Hold→ held ─Pay→ paid ─Issue→ issued ─Admit→ part-used ─Admit→ used
//!               └Expire→ expired ─Pay→ paid     │ issued, paid ─Refund→ refunding ─Settle→ refunded
//! ```
//! `expired ─Pay→ paid` is money that arrives too late: issued if places are left, else refunded.

use super::catalogue::Product;
use super::entitlement::{self, Entitlement};
use super::pricing::{self, Line};
use super::slot::Slot;
use super::time::MINUTE;
use super::visitor::Visitor;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

pub use super::effect::{Effect, Note, Refund};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Written down, holding nothing.
    Draft,
    /// Its places are kept until the hold ends.
    Held,
    /// The hold ended unpaid, or was given up.
    Expired,
    /// The money is taken.
    Paid,
    /// The tickets are valid.
    Issued,
    /// Some admissions have happened.
    PartUsed,
    /// Every admission has happened.
    Used,
    /// The money is on its way back; the tickets are void.
    Refunding,
    /// The money is back.
    Refunded,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Keep places.
    Hold,
    /// End the hold.
    Expire,
    /// Take the money.
    Pay,
    /// Make the tickets valid.
    Issue,
    /// Let a visitor in.
    Admit,
    /// Return the money.
    Refund,
    /// The money is back.
    Settle,
}

impl State {
    /// The steps that this state allows.
    #[must_use]
    pub fn allows(self) -> &'static [Step] {
        match self {
            Self::Draft => &[Step::Hold],
            Self::Held => &[Step::Pay, Step::Expire],
            Self::Expired => &[Step::Pay],
            Self::Paid => &[Step::Issue, Step::Refund],
            Self::Issued => &[Step::Admit, Step::Refund],
            Self::PartUsed => &[Step::Admit],
            Self::Refunding => &[Step::Settle],
            Self::Used | Self::Refunded => &[],
        }
    }

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Paid => "paid",
            Self::Issued => "issued",
            Self::PartUsed => "part-used",
            Self::Used => "used",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }
}

impl Step {
    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Expire => "expire",
            Self::Pay => "pay",
            Self::Issue => "issue",
            Self::Admit => "admit",
            Self::Refund => "refund",
            Self::Settle => "settle",
        }
    }
}

/// A step that an order's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order is {}, which does not allow `{}`; allowed: {}", .state.code(), .step.code(), codes(.state.allows()))]
pub struct WrongState {
    /// Where the order stands.
    pub state: State,
    /// What was asked.
    pub step: Step,
}

fn codes(steps: &[Step]) -> String {
    if steps.is_empty() { "nothing".to_owned() } else { steps.iter().map(|s| s.code()).collect::<Vec<_>>().join(", ") }
}

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
    /// Admissions so far.
    #[serde(default)]
    pub admitted: u32,
    /// When it was made: milliseconds of UTC.
    pub created_at: i64,
    /// When the hold ends: milliseconds of UTC.
    pub hold_until: i64,
    /// The payment, unless there is nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The refund, once one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Refund>,
    /// SHA-256 of what was asked for, to know a repeated request from another.
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
}

/// What became of money that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every place that the order needs is free.
    Free,
    /// A place is gone, or a visitor has another ticket for the slot by now.
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
            admitted: 0,
            created_at: now,
            hold_until: now,
            intent: None,
            refund: None,
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

    /// Admissions that the order gives in all.
    #[must_use]
    pub fn admissions(&self) -> u32 {
        self.people().saturating_mul(u32::try_from(self.parts.len()).unwrap_or(u32::MAX))
    }

    /// Every entitlement as it was sold: visitors × attractions.
    pub fn entitlements(&self) -> impl Iterator<Item = Entitlement> + '_ {
        (0..self.visitors.len())
            .flat_map(move |v| (0..self.parts.len()).filter_map(move |p| entitlement::of(self, v, p)))
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
        let mut effects = self.sold(1);
        effects.push(Effect::Notify(Note::Issued));
        effects.push(Effect::Announce("order.issued"));
        Ok(effects)
    }

    /// The sale counted (`1`) or taken back (`-1`) in each slot's figures.
    fn sold(&self, sign: i64) -> Vec<Effect> {
        let part = |i: usize, p: &Part| {
            let fen: u64 = self.visitors.iter().filter_map(|v| v.shares.get(i)).sum();
            Effect::Sold {
                slot: p.slot.clone(),
                people: sign * i64::from(self.people()),
                revenue: sign * i64::try_from(fen).unwrap_or(i64::MAX),
            }
        };
        self.parts.iter().enumerate().map(|(i, p)| part(i, p)).collect()
    }

    /// Ends the hold: it ran out, or the buyer gave it up. The places and the visitors' claims
    /// are free again.
    ///
    /// # Errors
    /// [`WrongState`] when it is not held.
    pub fn expire(&mut self, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.step(Step::Expire, State::Expired, now)?;
        let mut effects: Vec<Effect> = self.entitlements().map(|e| Effect::Remove(e.id)).collect();
        effects.extend(self.release());
        effects.push(Effect::CancelIntent);
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

    /// The order's total was taken. A held order is issued. For an expired one `standing` tells
    /// whether its places can be had again: then it is issued, else everything goes back. In
    /// any other state the event is a repetition and does nothing.
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
            return self.issue(now);
        }
        if standing == Standing::Gone {
            return self.start_refund("late-payment", now);
        }
        let mut effects = self.reserve();
        effects.extend(self.issue(now)?);
        Ok(effects)
    }

    /// Whether the tickets stand in the figures and hold places: they were issued.
    fn was_issued(&self) -> bool {
        self.history.iter().any(|p| p.state == State::Issued)
    }

    /// Returns the whole order's money; its tickets are void from now on. The places are free
    /// again once the money is back.
    ///
    /// # Errors
    /// [`WrongState`] when a ticket was used, nothing was paid, or a refund is on its way.
    pub fn start_refund(&mut self, reason: &str, now: i64) -> Result<Vec<Effect>, WrongState> {
        if self.state == State::Refunding && self.refund.as_ref().is_some_and(|r| r.failed.is_some()) {
            return Ok(self.ask_refund(reason));
        }
        self.step(Step::Refund, State::Refunding, now)?;
        if self.captured == 0 {
            return self.settle(now);
        }
        Ok(self.ask_refund(reason))
    }

    fn ask_refund(&mut self, reason: &str) -> Vec<Effect> {
        let attempt = self.refund.as_ref().map_or(1, |r| r.attempt + 1);
        let refund = Refund {
            reference: format!("{}-r{attempt}", self.id),
            attempt,
            amount: self.captured - self.refunded,
            reason: reason.to_owned(),
            failed: None,
        };
        self.refund = Some(refund.clone());
        vec![Effect::Refund { refund, lines: self.lines() }]
    }

    /// The money is back. A repetition does nothing.
    ///
    /// # Errors
    /// [`WrongState`] when no refund is on its way.
    pub fn refund_settled(&mut self, reference: &str, now: i64) -> Result<Vec<Effect>, WrongState> {
        if self.state == State::Refunded || self.refund.as_ref().is_none_or(|r| r.reference != reference) {
            return Ok(Vec::new());
        }
        self.settle(now)
    }

    fn settle(&mut self, now: i64) -> Result<Vec<Effect>, WrongState> {
        self.step(Step::Settle, State::Refunded, now)?;
        self.refunded = self.captured;
        if let Some(r) = &mut self.refund {
            r.failed = None;
        }
        let mut effects = Vec::new();
        if self.was_issued() {
            effects.extend(self.entitlements().map(|e| Effect::Void(e.refunded())));
            effects.extend(self.release());
            effects.extend(self.sold(-1));
        }
        effects.push(Effect::Notify(Note::Refunded));
        effects.push(Effect::Announce("order.refunded"));
        Ok(effects)
    }

    /// The provider refused the refund: it stays on its way, and can be asked for again.
    pub fn refund_failed(&mut self, reference: &str, why: &str) -> Vec<Effect> {
        match &mut self.refund {
            Some(r) if self.state == State::Refunding && r.reference == reference && r.failed.is_none() => {
                r.failed = Some(why.to_owned());
                vec![Effect::Notify(Note::RefundFailed)]
            }
            _ => Vec::new(),
        }
    }

    /// Counts one admission.
    ///
    /// # Errors
    /// [`WrongState`] when the tickets are not valid.
    pub fn count_admission(&mut self, now: i64) -> Result<(), WrongState> {
        self.check(Step::Admit)?;
        self.admitted += 1;
        let next = if self.admitted >= self.admissions() { State::Used } else { State::PartUsed };
        if self.state != next {
            self.step(Step::Admit, next, now)?;
        }
        Ok(())
    }
}
