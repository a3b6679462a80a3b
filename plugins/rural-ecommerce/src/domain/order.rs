//! Orders: what state one is in, which steps that allows, and what each step does.
//!
//! A step changes the order and answers the [`Effect`]s that must be committed with it, all or
//! nothing. Nothing here touches a store: the adapter stages the effects in the transaction that
//! writes the order, and the property tests apply them to a model.
//!
//! ```text
//! placed ─Pay→ paid ─Accept→ accepted ─Ship→ part-shipped ─Ship→ shipped ─→ delivered ─Confirm→ confirmed ─Settle→ settled
//!   └Cancel→ cancelled   │ as long as it is not settled, units or money are given back ─Refund→
//!                        └ nothing is left of it: refunding ─→ refunded
//! ```
//! Once an order is accepted, where it stands follows from its shipments and refunds. Money that
//! arrives for a cancelled order, or too late for its group, goes back by itself.

mod ending;
mod parts;
mod paying;
mod refunding;
mod refusal;
mod shipping;

use super::commission::Rates;
use super::escrow::Escrow;
use super::machine::{Machine, WrongState, machine};
use super::shipment::{Claim, ClaimState, Shipment};
use super::station::StationSale;
use super::statistics::Place;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

pub use super::effect::{Effect, Note, To};
pub use parts::{Due, Intent, Line, Passage, Recipient, Release, Terms, Times};
pub use paying::NewOrder;
pub use refunding::{Back, Refund, RefundItem, RefundState};
pub use refusal::{Block, OrderError};
pub use shipping::NewShipment;

machine! {
    of "订单" "order";
    /// Where an order stands.
    states State {
        /// Its goods are kept until the time to pay is over.
        Placed "placed" "待付款" "waiting for payment" => [Pay, Cancel];
        /// It was given up, or the time to pay is over.
        Cancelled "cancelled" "已取消" "cancelled" => [];
        /// The money is in escrow.
        Paid "paid" "已付款，待接单" "paid" => [Accept, Refund];
        /// The store has accepted it.
        Accepted "accepted" "已接单，待发货" "accepted" => [Ship, Refund];
        /// Some of it is on its way.
        PartShipped "part-shipped" "部分发货" "shipped in part" => [Ship, Refund];
        /// All of it is on its way.
        Shipped "shipped" "已发货" "shipped" => [Confirm, Refund];
        /// All of it has arrived.
        Delivered "delivered" "已送达" "delivered" => [Confirm, Return, Refund];
        /// The buyer has it, by their word or since the time is over.
        Confirmed "confirmed" "已确认收货" "confirmed" => [Return, Refund, Settle];
        /// The store is paid.
        Settled "settled" "已结算" "settled" => [];
        /// Nothing is left of it, and money is on its way back.
        Refunding "refunding" "退款中" "being refunded" => [];
        /// Everything is back.
        Refunded "refunded" "已退款" "refunded" => [];
    }
    /// What can happen to an order.
    steps Step {
        /// Take the money.
        Pay "pay" "付款" "pay";
        /// Give it up unpaid.
        Cancel "cancel" "取消" "cancel";
        /// The store takes it on.
        Accept "accept" "接单" "accept";
        /// Send units of it.
        Ship "ship" "发货" "ship";
        /// The buyer has it.
        Confirm "confirm" "确认收货" "confirm";
        /// Ask to return units.
        Return "return" "申请退货" "ask for a return";
        /// Give money back.
        Refund "refund" "退款" "refund";
        /// Pay the store.
        Settle "settle" "结算" "settle";
    }
}

/// An order of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Twelve characters of Crockford's base 32; also the document's id.
    pub id: String,
    /// The buyer's subject; absent where a station ordered for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whoever placed it: the buyer or the station's keeper, who also pays.
    pub placed_by: String,
    /// A keyed digest of what was asked for, to know a repeated request from another.
    pub request: String,
    /// The store.
    pub store: String,
    /// Its name.
    pub store_name: Text,
    /// The seller's subject.
    pub seller: String,
    /// The USCC that is paid.
    pub payee: String,
    /// The USCC that keeps the commission.
    pub commission_payee: String,
    /// The store's village, as it was registered.
    pub village: String,
    /// The store's address there.
    pub address: String,
    /// Where it stands.
    pub state: State,
    /// What is bought.
    pub lines: Vec<Line>,
    /// Fen to pay.
    pub total: u64,
    /// The coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    /// The group buy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Ids of its claims on the coupon and the group.
    #[serde(default)]
    pub claims_held: Vec<String>,
    /// The station that ordered for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationSale>,
    /// Where it goes.
    pub recipient: Recipient,
    /// The commission.
    pub rates: Rates,
    /// Milliseconds of UTC.
    pub placed_at: i64,
    /// The time to pay ends: milliseconds of UTC.
    pub pay_until: i64,
    /// The store's time to accept ends.
    #[serde(default)]
    pub accept_by: i64,
    /// The store's time to send it ends, once it is accepted.
    #[serde(default)]
    pub ship_by: i64,
    /// How long everything else takes.
    #[serde(default)]
    pub terms: Terms,
    /// Days from the delivery until it is confirmed by itself, as configured when it was placed.
    pub confirm_days: u32,
    /// Days from there to the settlement.
    pub settle_days: u32,
    /// Every parcel has arrived since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<i64>,
    /// It is confirmed by itself at this instant, once it is delivered.
    #[serde(default)]
    pub confirm_at: i64,
    /// It was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<i64>,
    /// It is settled at this instant, once it is confirmed.
    #[serde(default)]
    pub settle_at: i64,
    /// The payment, unless there is nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Whether its unshipped units are taken from the stock.
    pub reserved: bool,
    /// The escrow account.
    pub escrow: Escrow,
    /// The refunds, the first first.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// The shipments, the first first.
    #[serde(default)]
    pub shipments: Vec<Shipment>,
    /// The claims for parcels that are lost, damaged, or should have arrived.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// When the oldest of them was opened on which nobody has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_claim: Option<i64>,
    /// The bad batches of which the buyer has goods, and was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recalled: Vec<String>,
    /// The return that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_return: Option<String>,
    /// Where it stands in the statistics, once it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Place>,
    /// What was paid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Every state that it passed.
    pub history: Vec<Passage>,
}

impl Order {
    fn pass(&mut self, to: State, now: i64) {
        if self.state != to {
            self.state = to;
            self.history.push(Passage { state: to, at: now });
        }
    }

    /// Units of a line that are on their way or were delivered.
    #[must_use]
    pub fn shipped(&self, line: usize) -> u32 {
        self.shipments.iter().map(|s| s.of_line(line)).sum()
    }

    /// Units of a line that are still to be shipped.
    #[must_use]
    pub fn to_ship(&self, line: usize) -> u32 {
        let Some(l) = self.lines.get(line) else { return 0 };
        l.quantity.saturating_sub(l.cancelled).saturating_sub(self.shipped(line))
    }

    /// Units of a line that were shipped and not given back.
    #[must_use]
    pub fn returnable(&self, line: usize) -> u32 {
        let Some(l) = self.lines.get(line) else { return 0 };
        self.shipped(line).saturating_sub(l.returned)
    }

    /// What keeps the money from being paid out.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        if let Some(id) = &self.open_return {
            return Some(Block::Return(id.clone()));
        }
        if let Some(c) = self.claims.iter().find(|c| c.state == ClaimState::Open) {
            return Some(Block::Claim(c.id.clone()));
        }
        self.refunds.iter().any(|r| r.state == RefundState::Failed).then_some(Block::FailedRefund)
    }

    fn unblocked(&self) -> Result<(), OrderError> {
        self.block().map_or(Ok(()), |b| Err(OrderError::Blocked(b)))
    }

    /// Whether it holds goods of a batch.
    #[must_use]
    pub fn has_batch(&self, trace_code: &str) -> bool {
        self.lines.iter().any(|l| l.batch.as_deref() == Some(trace_code))
    }

    /// The batches of its lines, each once.
    #[must_use]
    pub fn batches(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.lines.iter().filter_map(|l| l.batch.as_deref()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether somebody is a party of it: its buyer, whoever placed it, its seller.
    #[must_use]
    pub fn is_party(&self, subject: &str) -> bool {
        self.owner.as_deref() == Some(subject) || self.placed_by == subject || self.seller == subject
    }

    /// Whether the store has accepted it.
    #[must_use]
    pub fn was_accepted(&self) -> bool {
        self.counted.is_some()
    }

    /// Where it stands, from its shipments and refunds.
    fn follow(&mut self, now: i64) {
        let units: u32 = self.lines.iter().map(Line::units_left).sum();
        if units == 0 && !self.refunds.is_empty() {
            let all_back = self.refunds.iter().all(|r| r.state == RefundState::Settled);
            self.pass(if all_back { State::Refunded } else { State::Refunding }, now);
            return;
        }
        if !self.was_accepted() || matches!(self.state, State::Confirmed | State::Settled) {
            return;
        }
        let lines = 0..self.lines.len();
        let to_ship: u32 = lines.clone().map(|i| self.to_ship(i)).sum();
        let under_way: u32 = lines.map(|i| self.shipped(i)).sum();
        let next = match (to_ship, under_way) {
            (_, 0) => State::Accepted,
            (0, _) if self.all_arrived() => State::Delivered,
            (0, _) => State::Shipped,
            _ => State::PartShipped,
        };
        self.pass(next, now);
    }

    /// Checks a step against the state.
    ///
    /// # Errors
    /// [`OrderError::WrongState`].
    pub fn check(&self, step: Step) -> Result<(), OrderError> {
        Ok(self.state.check(step)?)
    }
}
