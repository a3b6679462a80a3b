//! Returns: asked for, approved, sent back, looked at, refunded; or rejected and arbitrated.

use super::explain::Explain;
use super::machine::{Machine, WrongState, machine};
use super::order::{Back, Due, Effect, Note, Order, OrderError, Step as OrderStep, To};
use super::shipment::Units;
use super::time::DAY;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Text, t};

machine! {
    of "退货" "return";
    /// Where a return stands.
    states State {
        /// The buyer asked.
        Asked "asked" "待商家处理" "asked for" => [Approve, Reject, Withdraw];
        /// The seller agreed.
        Approved "approved" "已同意，待寄回" "approved" => [Send, Withdraw];
        /// The goods are on their way back.
        Sent "sent" "已寄回" "sent back" => [Inspect];
        /// The seller has looked at them.
        Inspected "inspected" "已验收" "inspected" => [Refund, Reject];
        /// The money goes back.
        Refunded "refunded" "已退款" "refunded" => [];
        /// The seller said no.
        Rejected "rejected" "商家已拒绝" "rejected" => [Appeal];
        /// An arbiter decides.
        Disputed "disputed" "仲裁中" "disputed" => [Arbitrate];
        /// An arbiter has decided. That is final.
        Arbitrated "arbitrated" "已仲裁" "arbitrated" => [];
        /// The buyer took it back.
        Withdrawn "withdrawn" "已撤回" "withdrawn" => [];
    }
    /// What can happen to a return.
    steps Step {
        /// The seller agrees.
        Approve "approve" "同意" "approve";
        /// The seller says no.
        Reject "reject" "拒绝" "reject";
        /// The buyer takes it back.
        Withdraw "withdraw" "撤回" "withdraw";
        /// The buyer sends the goods.
        Send "send" "寄回" "send back";
        /// The seller looks at them.
        Inspect "inspect" "验收" "inspect";
        /// The money goes back.
        Refund "refund" "退款" "refund";
        /// The buyer goes to the arbiter.
        Appeal "appeal" "申请仲裁" "ask for arbitration";
        /// The arbiter decides.
        Arbitrate "arbitrate" "裁决" "arbitrate";
    }
}

/// Why goods come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Without a reason, within some days of the delivery.
    NoReason,
    /// They arrived damaged.
    Damaged,
    /// They are not what was ordered.
    Wrong,
    /// They are not as good as they should be.
    Quality,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::NoReason, Self::Damaged, Self::Wrong, Self::Quality];

    /// As documents write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoReason => "no-reason",
            Self::Damaged => "damaged",
            Self::Wrong => "wrong",
            Self::Quality => "quality",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::NoReason => t("无理由退货", "without a reason"),
            Self::Damaged => t("收到时已损坏", "arrived damaged"),
            Self::Wrong => t("与所订商品不符", "not what was ordered"),
            Self::Quality => t("质量问题", "poor quality"),
        }
    }
}

/// A return of units of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The order's id, a dot and its number.
    pub id: String,
    /// The order.
    pub order: String,
    /// The buyer's subject; absent where a station ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whoever placed the order, and speaks for its buyer.
    pub placed_by: String,
    /// The store.
    pub store: String,
    /// The seller's subject.
    pub seller: String,
    /// Which units.
    pub units: Vec<Units>,
    /// Why.
    pub reason: Reason,
    /// What the buyer says.
    pub text: String,
    /// Fen that the units are worth, as they were when it was asked for.
    pub amount: u64,
    /// Where it stands.
    pub state: State,
    /// What the seller says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The carrier and number by which the goods come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// What the arbiter says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Fen that were refunded for it.
    #[serde(default)]
    pub refunded: u64,
    /// Milliseconds of UTC.
    pub asked_at: i64,
    /// When it came to stand there: milliseconds of UTC.
    pub changed_at: i64,
    /// Days for each of its steps, as configured when it was asked for.
    #[serde(default = "step_days")]
    pub step_days: u32,
    /// Until when somebody must take the next step, before the clock does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
}

/// What a return has that was asked for before there were such days.
fn step_days() -> u32 {
    7
}

/// The rules of returns, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days after the delivery in which no reason is needed.
    pub days: u32,
    /// Whether fresh food may be returned without one, too.
    pub fresh: bool,
    /// Days for each step of a return.
    pub step_days: u32,
}

/// Why a return is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// Its state does not allow it.
    #[error(transparent)]
    WrongState(#[from] WrongState<State>),
    /// The order does not allow it.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// Fresh food is not returned without a reason.
    #[error("fresh food is not returned without a reason")]
    Fresh,
    /// The days are over.
    #[error("the {0} days are over")]
    TooLate(u32),
    /// Another return of the order is open.
    #[error("the return {0} is open")]
    OneOpen(String),
    /// An arbiter has a part in the matter.
    #[error("an arbiter has no part in what they decide")]
    Partial,
}

impl Explain for ReturnError {
    fn kind(&self) -> &'static str {
        match self {
            Self::WrongState(e) => e.kind(),
            Self::Order(e) => e.kind(),
            Self::Fresh => "fresh-food",
            Self::TooLate(_) => "return-too-late",
            Self::OneOpen(_) => "return-open",
            Self::Partial => "partial-arbiter",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::WrongState(e) => e.title(),
            Self::Order(e) => e.title(),
            Self::Fresh => t("生鲜食品不适用无理由退货", "Fresh food is not returned without a reason"),
            Self::TooLate(_) => t("已过无理由退货期限", "The days for a return without a reason are over"),
            Self::OneOpen(_) => t("已有一笔退货在处理", "A return of this order is open"),
            Self::Partial => t("您与这笔交易有关，不能裁决", "You have a part in this trade and cannot decide it"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::WrongState(e) => e.detail(),
            Self::Order(e) => e.detail(),
            Self::Fresh => t(
                "如收到时已损坏、不符或有质量问题，请选择相应的原因。",
                "If it was damaged, wrong or of poor quality, choose that reason.",
            ),
            Self::TooLate(days) => Text::new(
                format!("送达后 {days} 天内可以无理由退货。如有质量问题，请选择相应的原因。"),
                format!(
                    "It is {days} days from the delivery. If something is wrong with the goods, choose that reason."
                ),
            ),
            Self::OneOpen(id) => Text::new(
                format!("请等待退货 {id} 处理完，或先撤回它。"),
                format!("Wait until the return {id} is decided, or withdraw it first."),
            ),
            Self::Partial => t("请由另一位仲裁员裁决。", "Another arbiter must decide."),
        }
    }

    fn members(&self) -> Vec<(&'static str, serde_json::Value)> {
        match self {
            Self::WrongState(e) => e.members(),
            Self::Order(e) => e.members(),
            _ => Vec::new(),
        }
    }
}

/// What a buyer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which units.
    pub units: Vec<Units>,
    /// Why.
    pub reason: Reason,
    /// In their words.
    pub text: String,
}

impl Return {
    /// Asks to return units of an order, whose money is held from now on.
    ///
    /// # Errors
    /// [`ReturnError`]; nothing changes.
    pub fn ask(order: &mut Order, id: String, asked: Asked, rules: Rules, now: i64) -> Result<Self, ReturnError> {
        order.check(OrderStep::Return)?;
        if let Some(open) = &order.open_return {
            return Err(ReturnError::OneOpen(open.clone()));
        }
        let units: Vec<Units> = asked.units.into_iter().filter(|u| u.units > 0).collect();
        if units.is_empty() {
            return Err(OrderError::Nothing.into());
        }
        let mut amount = 0;
        for (i, u) in units.iter().enumerate() {
            let (left, line) = (order.returnable(u.line), order.lines.get(u.line));
            let twice = units.iter().take(i).any(|k| k.line == u.line);
            match line {
                Some(l) if !twice && u.units <= left => {
                    if asked.reason == Reason::NoReason && l.category.perishes() && !rules.fresh {
                        return Err(ReturnError::Fresh);
                    }
                    amount += l.value(u.units);
                }
                _ => return Err(OrderError::Units { line: u.line, left: if twice { 0 } else { left } }.into()),
            }
        }
        let since = order.delivered_at.unwrap_or(now);
        if asked.reason == Reason::NoReason && now >= since + i64::from(rules.days) * DAY {
            return Err(ReturnError::TooLate(rules.days));
        }
        order.open_return(&id);
        Ok(Self {
            id,
            order: order.id.clone(),
            owner: order.owner.clone(),
            placed_by: order.placed_by.clone(),
            store: order.store.clone(),
            seller: order.seller.clone(),
            units,
            reason: asked.reason,
            text: asked.text,
            amount,
            state: State::Asked,
            answer: None,
            tracking: None,
            decision: None,
            refunded: 0,
            asked_at: now,
            changed_at: now,
            step_days: rules.step_days,
            due_at: None,
        })
    }

    /// Takes a step that moves no money.
    ///
    /// # Errors
    /// [`ReturnError::WrongState`].
    pub fn step(&mut self, step: Step, now: i64) -> Result<(), ReturnError> {
        self.state.check(step)?;
        self.state = match step {
            Step::Approve => State::Approved,
            Step::Reject => State::Rejected,
            Step::Withdraw => State::Withdrawn,
            Step::Send => State::Sent,
            Step::Inspect => State::Inspected,
            Step::Refund => State::Refunded,
            Step::Appeal => State::Disputed,
            Step::Arbitrate => State::Arbitrated,
        };
        self.changed_at = now;
        self.due_at = None;
        Ok(())
    }

    /// Gives whoever is next their days, where one party could otherwise hold the money for ever. An
    /// arbiter has none: theirs is the decision.
    #[must_use]
    pub fn hurry(&mut self, now: i64) -> Vec<Effect> {
        if !matches!(self.state, State::Asked | State::Approved | State::Sent | State::Inspected) {
            return Vec::new();
        }
        let at = now + i64::from(self.step_days) * DAY;
        self.due_at = Some(at);
        vec![Effect::Remind(Due::Return, at)]
    }

    /// The days of the next step are over. A seller who did not answer has agreed, a buyer who did not
    /// send has taken it back, and of goods that came back and were not refunded an arbiter decides. Early
    /// or twice it does nothing.
    pub fn overdue(&mut self, order: &mut Order, now: i64) -> Vec<Effect> {
        if self.due_at.is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.state = match self.state {
            State::Asked => State::Approved,
            State::Approved => State::Withdrawn,
            State::Sent | State::Inspected => State::Disputed,
            _ => return Vec::new(),
        };
        self.changed_at = now;
        self.due_at = None;
        let mut effects = self.hurry(now);
        if self.state == State::Withdrawn {
            effects.extend(order.close_return(now));
        }
        effects.extend([To::Buyer, To::Seller].map(|to| Effect::Notify(to, Note::Return(self.state))));
        effects
    }

    /// What its units are worth now, in fen.
    #[must_use]
    pub fn worth(&self, order: &Order) -> Vec<u64> {
        self.units.iter().map(|u| order.lines.get(u.line).map_or(0, |l| l.value(u.units))).collect()
    }

    /// What goes back for it: the units at their worth. With an `amount` below that the goods stay, and
    /// so many fen are taken off, divided over its lines by the largest remainder.
    #[must_use]
    pub fn backs(&self, order: &Order, amount: Option<u64>) -> Vec<Back> {
        let worth = self.worth(order);
        let whole = |u: &Units| Back { line: u.line, units: u.units, shipped: true, amount: None };
        match amount {
            Some(fen) if fen < worth.iter().sum::<u64>() => {
                let parts = yunlong_sdk::money::split(fen, &worth).unwrap_or_else(|_| vec![0; worth.len()]);
                let less = |(u, fen): (&Units, u64)| Back { line: u.line, units: 0, shipped: true, amount: Some(fen) };
                self.units.iter().zip(parts).map(less).collect()
            }
            _ => self.units.iter().map(whole).collect(),
        }
    }

    /// Whether an arbiter may decide it: neither buyer nor seller nor whoever placed the order.
    ///
    /// # Errors
    /// [`ReturnError::Partial`].
    pub fn impartial(&self, arbiter: &str) -> Result<(), ReturnError> {
        let parties = [self.owner.as_deref(), Some(self.placed_by.as_str()), Some(self.seller.as_str())];
        if parties.contains(&Some(arbiter)) { Err(ReturnError::Partial) } else { Ok(()) }
    }
}
