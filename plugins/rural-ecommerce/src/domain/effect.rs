//! What a step of an order asks of the store, the ledger and the messages. All effects of one step are
//! staged in one transaction.

use super::order::{Due, Refund, Release};
use super::statistics::{Figures, Place};

/// One thing that must be committed together with the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Take units from the stock, which cannot go below zero.
    Reserve {
        /// `listing/sku`.
        key: String,
        /// Units.
        units: u32,
    },
    /// Put units back.
    Restock {
        /// `listing/sku`.
        key: String,
        /// Units.
        units: u32,
    },
    /// Count one more order that its buyer holds unpaid.
    OpenHold,
    /// Count one less.
    CloseHold,
    /// Open the payment into escrow.
    OpenPayment,
    /// Give up the payment.
    CancelPayment,
    /// Give back the coupon's use and the place in the group.
    FreeClaims,
    /// One who had paid leaves the group buy.
    LeaveGroup,
    /// Come back to the order at an instant.
    Remind(Due, i64),
    /// Ask for money to be returned to the buyer.
    Refund(Refund),
    /// Pay held money out.
    Release(Release),
    /// Ask the city's carrier for the shipment of this request.
    Request(String),
    /// Change the figures of a place.
    Count(Place, Figures),
    /// Tell somebody.
    Notify(To, Note),
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// The managers who let its goods on sale: the department's, as far as the app knows any.
    Managers,
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An order is paid and waits for the seller.
    Paid,
    /// The seller has accepted it.
    Accepted,
    /// Goods are on their way.
    Shipped,
    /// Every parcel has arrived.
    Delivered,
    /// Money is on its way back, and why.
    Refunding {
        /// Fen.
        amount: u64,
        /// A code of the reason.
        reason: String,
    },
    /// Money is back.
    Refunded {
        /// Fen.
        amount: u64,
    },
    /// The provider refused to return money.
    RefundFailed,
    /// A parcel is lost, damaged or overdue: the money is held.
    Claim,
    /// A batch of which the buyer has goods is bad.
    Recalled {
        /// Its trace code.
        batch: String,
    },
    /// The clock took a step of a return.
    Return(super::returns::State),
    /// The price was paid out.
    Settled {
        /// Fen for the seller.
        amount: u64,
    },
    /// The carrier does not take a shipment.
    CarrierRefused,
}
