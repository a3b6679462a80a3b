//! Why a payment call failed. The variants mirror `city:payments`.

use crate::Status;
use yunlong_store::{CommitError, StoreError};

/// Why a payment call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The installation has no such intent.
    #[error("there is no payment intent `{0}` here")]
    UnknownIntent(String),
    /// The status does not allow it.
    #[error("the payment is {}, which does not allow to {step}; {step} is possible when it is {}", .status.code(), .allowed.iter().map(|s| s.code()).collect::<Vec<_>>().join(" or "))]
    WrongStatus {
        /// Where the intent stands.
        status: Status,
        /// What was asked, as a verb.
        step: &'static str,
        /// Where it would be possible.
        allowed: &'static [Status],
    },
    /// An escrow was asked for what a plain intent does, or the reverse.
    #[error("the payment is {is}, which does not allow to {step}: {instead}")]
    WrongKind {
        /// What it is.
        is: &'static str,
        /// What was asked, as a verb.
        step: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// More than is held.
    #[error("{held} fen of this payment are held and {asked} cannot be {step}; {refunding} are on their way back")]
    OverHeld {
        /// Fen asked for.
        asked: u64,
        /// Fen held.
        held: u64,
        /// Fen on their way back to the payer, which are held again if that fails.
        refunding: u64,
        /// What was asked, as a participle.
        step: &'static str,
    },
    /// Money is held for an installation that is to be removed.
    #[error(
        "{held} fen are held in escrow for payers of this app and {refunding} fen are on their way back: settle or return them in the app first, then remove it"
    )]
    StillHeld {
        /// Fen held.
        held: u64,
        /// Fen on their way back to payers.
        refunding: u64,
    },
    /// The time to pay is over.
    #[error("the time to pay is over: place the order again")]
    Expired,
    /// Somebody else is to pay.
    #[error("this payment belongs to another account: sign in as the one who placed the order")]
    NotThePayer,
    /// The installation was removed.
    #[error("the app was removed and takes no payments: nothing was taken, and what is still on its way goes back")]
    Closed,
    /// The provider wants the payer on its own page.
    #[error("the provider `{0}` takes no money without its page: send the payer to the cashier")]
    NoDirectConfirmation(String),
    /// Lines, amounts, codes or references that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The outcome could not be sent.
    #[error("the outcome cannot be sent: {0}")]
    Messaging(String),
}
