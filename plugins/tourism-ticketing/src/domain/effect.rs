//! What a step of an order asks of the store, the ledger and the messages. All effects of one
//! step are staged in one transaction.

use super::entitlement::Entitlement;
use super::pricing::Line;
use super::slot::{Slot, SlotId};
use serde::{Deserialize, Serialize};

/// One thing that must be committed together with the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Add an entitlement; the unique index refuses a second one for the ID and slot.
    Claim(Entitlement),
    /// Remove an entitlement that never became valid.
    Remove(String),
    /// Keep an entitlement without its claim on ID and slot.
    Void(Entitlement),
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
        /// Tickets; negative when taken back.
        people: i64,
        /// Fen; negative when taken back.
        revenue: i64,
    },
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
}

/// What the buyer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The tickets are valid.
    Issued,
    /// The money is back.
    Refunded,
    /// The provider refused to return the money.
    RefundFailed,
}

/// A refund of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The number that the ledger knows it by.
    pub reference: String,
    /// 1, and one more each time it is asked for again.
    pub attempt: u32,
    /// Fen.
    pub amount: u64,
    /// Why.
    pub reason: String,
    /// Why the provider refused, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}
