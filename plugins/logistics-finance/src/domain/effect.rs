//! What must be committed together with a step, beside the things that it changed.

use super::alert::Alert;
use super::ledger::Entry;

/// When the app wants to be woken, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wake {
    /// Whether the margin call was met.
    Margin,
    /// Whether the loan was paid back.
    Due,
    /// Whether the bank's answer came.
    Disbursement,
}

/// An effect of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An entry of the ledger, which must be new.
    Book(Entry),
    /// A bank is told.
    Alert(Alert),
    /// The app wakes itself for a loan.
    Wake {
        /// The loan.
        loan: String,
        /// What for.
        what: Wake,
        /// When: milliseconds of UTC.
        at: i64,
    },
}
