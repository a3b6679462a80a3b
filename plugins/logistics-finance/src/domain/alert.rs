//! What a bank must know at once.

use serde::{Deserialize, Serialize};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A gate saw pledged goods leave without an order.
    GoodsMissing,
    /// Readings of a device are missing, or one came long after it was taken.
    SensorGap,
    /// A receipt was frozen by hand.
    ReceiptFrozen,
    /// What is owed is too much for what the goods are worth.
    MarginCall,
    /// The margin call was met.
    MarginCured,
    /// The margin call was not met in time.
    MarginLapsed,
    /// The due day has passed.
    Overdue,
    /// The borrower's registration changed.
    BorrowerChanged,
    /// A company took back its consent.
    ConsentWithdrawn,
    /// The bank has not said what became of a payment.
    DisbursementUnknown,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::GoodsMissing,
        Self::SensorGap,
        Self::ReceiptFrozen,
        Self::MarginCall,
        Self::MarginCured,
        Self::MarginLapsed,
        Self::Overdue,
        Self::BorrowerChanged,
        Self::ConsentWithdrawn,
        Self::DisbursementUnknown,
    ];

    /// As documents, messages and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::GoodsMissing => "goods-missing",
            Self::SensorGap => "sensor-gap",
            Self::ReceiptFrozen => "receipt-frozen",
            Self::MarginCall => "margin-call",
            Self::MarginCured => "margin-cured",
            Self::MarginLapsed => "margin-lapsed",
            Self::Overdue => "overdue",
            Self::BorrowerChanged => "borrower-changed",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::DisbursementUnknown => "disbursement-unknown",
        }
    }
}

/// An alert to a bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The loan or lot, what has happened and by what it is one: the same occurrence is one alert.
    pub id: String,
    /// The bank's organization.
    pub bank: String,
    /// The loan.
    pub loan: String,
    /// The receipt, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// What has happened.
    pub kind: Kind,
    /// A number that belongs to it: kilograms that are missing, fen that are short, days that are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// More of it by a code or a day, without a person's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Milliseconds of UTC.
    pub at: i64,
    /// The bank again while nobody there has seen it: what the list of those is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
    /// Who of the bank has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<String>,
}

impl Alert {
    /// An alert about a loan; `occurrence` tells it from others of its kind.
    #[must_use]
    pub fn new(loan: &super::loan::Loan, kind: Kind, occurrence: &str, now: i64) -> Self {
        Self {
            id: format!("{}/{}/{occurrence}", loan.id, kind.code()),
            bank: loan.bank.clone(),
            loan: loan.id.clone(),
            receipt: None,
            kind,
            amount: None,
            detail: None,
            at: now,
            unseen: Some(loan.bank.clone()),
            seen_by: None,
        }
    }

    /// Somebody of the bank has seen it.
    pub fn see(&mut self, by: &str) {
        self.unseen = None;
        self.seen_by = Some(by.to_owned());
    }

    /// With a number.
    #[must_use]
    pub fn amount(mut self, amount: u64) -> Self {
        self.amount = Some(amount);
        self
    }

    /// With a receipt.
    #[must_use]
    pub fn receipt(mut self, receipt: &str) -> Self {
        self.receipt = Some(receipt.to_owned());
        self
    }

    /// With more of it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
