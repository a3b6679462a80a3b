//! What a step of an order asks of the store, the ledger and the messages. All effects of one
//! step are staged in one transaction.

use super::entitlement::Entitlement;
use super::pricing::Line;
use super::refund::Refund;
use super::slot::{Slot, SlotId};
use yunlong_sdk::Text;

/// One thing that must be committed together with the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Add an entitlement; the unique index refuses a second one for the ID and slot.
    Claim(Entitlement),
    /// Remove an entitlement that never became valid.
    Remove(String),
    /// Keep an entitlement as it became.
    Put(Entitlement),
    /// Take places, at most up to the slot's cap and the day's.
    Take {
        /// With its caps.
        slot: Slot,
        /// How many.
        people: u32,
    },
    /// Give places back.
    Release {
        /// Which.
        slot: SlotId,
        /// How many.
        people: u32,
    },
    /// Count tickets and money in the sales figures.
    Sold {
        /// Where; the caps tell whether an alert is due.
        slot: Slot,
        /// Tickets.
        people: u32,
        /// Fen.
        revenue: u64,
    },
    /// Take tickets and money out of the sales figures.
    Unsold {
        /// Where.
        slot: SlotId,
        /// Tickets.
        people: u32,
        /// Fen that returned.
        amount: u64,
    },
    /// Count one more order that its buyer holds unpaid, at most up to the bound.
    OpenHold,
    /// Count one less.
    CloseHold,
    /// Open the payment's intent for the order's total and lines.
    OpenIntent,
    /// Give up the intent.
    CancelIntent,
    /// Ask the provider to return money.
    Refund {
        /// Which refund.
        refund: Refund,
        /// Who gives back what.
        lines: Vec<Line>,
    },
    /// Send `hold.expired` at this time.
    ExpireAt(i64),
    /// Tell the buyer.
    Notify(Note),
    /// Publish a topic about the order.
    Announce(&'static str),
    /// Count what became of the money that a closure returns.
    Closure {
        /// Which closure.
        id: String,
        /// Fen that are back.
        returned: u64,
        /// Fen that the provider refused to return; less than zero when they are asked for again.
        failed: i64,
    },
    /// Publish `order.refunded`.
    Returned {
        /// Tickets that were given back.
        tickets: usize,
        /// Fen that returned.
        amount: u64,
    },
}

/// What the buyer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The tickets are valid.
    Issued,
    /// The money is back, or the booking of free tickets cancelled.
    Refunded {
        /// Fen.
        amount: u64,
    },
    /// The provider refused to return the money.
    RefundFailed,
    /// The department closed what the tickets are for.
    Closed {
        /// The attraction.
        name: Text,
        /// Why.
        reason: Text,
    },
}
