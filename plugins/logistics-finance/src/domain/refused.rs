//! Why the rules refuse something: one list, each with what a person needs to know to go on. The words for people, in
//! both languages, stand in `service::refusal`.

use super::actor::Role;
use super::flow::Disagreement;
use super::sensor::SensorError;
use super::time::Date;
use super::warehouse::Unit;
use serde::{Deserialize, Serialize};

/// What has a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// A warehouse receipt.
    Receipt,
    /// A pledge.
    Pledge,
    /// A loan.
    Loan,
    /// A disbursement of a loan.
    Disbursement,
    /// A waybill.
    Waybill,
    /// A parcel of a waybill.
    Parcel,
    /// A flow link.
    Flow,
    /// A margin call.
    Margin,
}

/// A step that the state of a thing does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {thing:?} is {state}, which does not allow `{step}`; allowed: {}", list(.allowed))]
pub struct WrongState {
    /// What.
    pub thing: Thing,
    /// Its number.
    pub id: String,
    /// Where it stands, as the API writes it.
    pub state: &'static str,
    /// What was asked.
    pub step: &'static str,
    /// What is allowed instead.
    pub allowed: Vec<&'static str>,
}

fn list(steps: &[&str]) -> String {
    if steps.is_empty() { "nothing".to_owned() } else { steps.join(", ") }
}

/// Why something is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The person holds no such role.
    #[error("the role `{}` is needed", .role.code())]
    Role {
        /// The role.
        role: Role,
    },
    /// It belongs to another organization. Told to people as if there were no such thing.
    #[error("it belongs to another organization")]
    NotYours,
    /// The state does not allow it.
    #[error(transparent)]
    State(#[from] WrongState),
    /// Receipts would promise more than lies in the lot.
    #[error("the lot {lot} has {free} free, {asked} were asked for")]
    LotShort {
        /// The lot.
        lot: String,
        /// What no receipt promises yet.
        free: u64,
        /// What was asked for.
        asked: u64,
        /// The unit of both.
        unit: Unit,
    },
    /// The goods that receipts of the lot promise are not all there.
    #[error("the lot {lot} is short of {short}")]
    LotMissing {
        /// The lot.
        lot: String,
        /// How much is missing, or promised over what a count found.
        short: u64,
        /// The unit of it.
        unit: Unit,
    },
    /// A count of more than the books ever held.
    #[error("{counted} were counted in the lot {lot}, at most {most} can lie there")]
    OverBooks {
        /// The lot.
        lot: String,
        /// What was counted.
        counted: u64,
        /// What can lie there at the most.
        most: u64,
    },
    /// A quantity or an amount of nothing.
    #[error("`{0}` is nothing: it must be more than 0")]
    Nothing(&'static str),
    /// The parts of a split do not sum to the receipt, or are too many.
    #[error("the parts sum to {sum}, the receipt is of {quantity}")]
    Parts {
        /// What the parts sum to.
        sum: u64,
        /// What the receipt is of.
        quantity: u64,
    },
    /// Receipts that cannot become one: another lot, holder or state.
    #[error("the receipts {0} and {1} are not of one lot and holder")]
    NotAlike(String, String),
    /// The receipt is pledged, or about to be.
    #[error("the receipt {receipt} is pledged to {bank}")]
    Pledged {
        /// The receipt.
        receipt: String,
        /// The bank that was first.
        bank: String,
    },
    /// The receipt is frozen.
    #[error("the receipt {receipt} is frozen: {reason}")]
    ReceiptFrozen {
        /// The receipt.
        receipt: String,
        /// Why.
        reason: String,
    },
    /// The warehouse belongs to the borrower, or both to one owner.
    #[error("the warehouse {warehouse} is an affiliate of the borrower {borrower}")]
    Affiliate {
        /// The warehouse.
        warehouse: String,
        /// The borrower's USCC.
        borrower: String,
    },
    /// More than may be lent on the goods.
    #[error("{principal} fen are over {most} fen, {ltv_bps} basis points of {value} fen")]
    OverLtv {
        /// What was asked for, in fen.
        principal: u64,
        /// The most that may be lent, in fen.
        most: u64,
        /// What the goods are worth, in fen.
        value: u64,
        /// The limit.
        ltv_bps: u64,
    },
    /// Nobody has quoted a price for the goods, or the last one is too old.
    #[error("there is no price for `{goods}` that is young enough")]
    NoQuote {
        /// The goods.
        goods: String,
    },
    /// Whoever made it may not check it.
    #[error("`{step}` is for somebody who did not do `{first}`")]
    SameHands {
        /// What was asked.
        step: &'static str,
        /// What the same person did before.
        first: &'static str,
    },
    /// The company has not agreed that the bank looks at its credit record, or has taken it back.
    #[error("{borrower} has no standing consent for {bank}")]
    NoConsent {
        /// The company's USCC.
        borrower: String,
        /// The bank.
        bank: String,
        /// Whether there was one.
        withdrawn: bool,
    },
    /// The credit record forbids it: the reasons by their codes.
    #[error("the credit check forbids it: {}", .0.join(", "))]
    Credit(Vec<&'static str>),
    /// A receipt of the loan has no registered pledge.
    #[error("the pledge of the receipt {receipt} is not registered")]
    NotRegistered {
        /// The receipt.
        receipt: String,
    },
    /// A side has not signed the contract.
    #[error("the contract is not signed by both sides")]
    NotSigned,
    /// The loan is frozen.
    #[error("the loan is frozen: {reason}")]
    LoanFrozen {
        /// Why, by its code.
        reason: String,
    },
    /// A number that stands for one thing was used for another.
    #[error("`{reference}` was used with other values")]
    ReferenceReused {
        /// The number.
        reference: String,
    },
    /// An answer about another payment of the loan than the last.
    #[error("`{reference}` is not the payment that was asked for last, `{last}`")]
    OtherPayment {
        /// The number in the answer.
        reference: String,
        /// The number of the last payment.
        last: String,
    },
    /// More money than is owed.
    #[error("{paid} fen are over the {owed} fen that are owed")]
    OverOwed {
        /// What is owed, in fen.
        owed: u64,
        /// What was paid, in fen.
        paid: u64,
    },
    /// What would remain pledged is worth too little for what is owed.
    #[error("{left} fen would stay pledged, {needed} fen must")]
    LeavesOverLtv {
        /// What would remain pledged, in fen.
        left: u64,
        /// What must remain pledged, in fen.
        needed: u64,
    },
    /// The time for it has not come, or is over.
    #[error("`{step}` is possible from {from}")]
    TooEarly {
        /// What was asked.
        step: &'static str,
        /// From when.
        from: Date,
    },
    /// The three flows do not agree.
    #[error("the flows disagree in {} points", .0.len())]
    Disagree(Vec<Disagreement>),
    /// A reading that is not believed.
    #[error(transparent)]
    Sensor(#[from] SensorError),
    /// A parcel that is not in the waybill.
    #[error("the waybill has no parcel `{0}`")]
    NoParcel(String),
    /// No sale of the loan waits under this number.
    #[error("the loan has no sale `{0}` that waits")]
    NoSale(String),
    /// The proof of delivery is missing.
    #[error("there is no proof of delivery")]
    NoProof,
}
