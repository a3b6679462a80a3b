//! What is asked of a bank and told it: companies' files, consents, and each step with a loan.

use super::{api, maybe_time, time};
use crate::domain::borrower::{Borrower, Consent};
use crate::domain::loan::{Sale, State};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

fn maybe_loan_state(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<Option<&str>> = State::ALL.iter().map(|s| Some(s.code())).chain([None]).collect();
    json_schema!({ "type": ["string", "null"], "enum": words })
}

fn outcome(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["paid", "refused"] })
}

api! {
    /// A loan by its number.
    Deserialize LoanPath {
        /// Its number.
        loan: String,
    }
    /// Which loans are wanted.
    Deserialize LoansQuery {
        /// Of one state alone: for banks.
        #[schemars(schema_with = "maybe_loan_state")]
        #[serde(default)]
        state: Option<State>,
        /// How many at most, 1 to 100; 20 when not said.
        limit: Option<u32>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A company's file at a bank.
    Serialize BorrowerItem {
        /// The bank.
        bank: String,
        /// The company's unified social credit code.
        uscc: String,
        /// Its registered name when the file was opened.
        name: String,
        /// When (RFC 3339).
        opened_at: String,
    }
    /// A company.
    Deserialize CompanyBody {
        /// Its unified social credit code.
        uscc: String,
    }
    /// A bank.
    Deserialize BankBody {
        /// Its organization.
        bank: String,
    }
    /// A company's consent.
    Serialize ConsentItem {
        /// The bank.
        bank: String,
        /// The company.
        borrower: String,
        /// By which mandate it was given.
        mandate: String,
        /// When (RFC 3339).
        given_at: String,
        /// Until when it holds (RFC 3339).
        until: String,
        /// When it was taken back (RFC 3339).
        withdrawn_at: Option<String>,
    }
    /// What a company asks for.
    Deserialize NewLoanBody {
        /// The bank's organization.
        bank: String,
        /// What for.
        purpose: String,
        /// Fen.
        principal: u64,
        /// For how many days: 1 to 1,080.
        term_days: u32,
        /// The receipts that secure it.
        receipts: Vec<String>,
    }
    /// Receipts that are pledged too.
    Deserialize CollateralBody {
        /// The receipts.
        receipts: Vec<String>,
    }
    /// How much is approved.
    Deserialize ApproveBody {
        /// Fen, at most what was asked for; all of it when it is not said.
        principal: Option<u64>,
    }
    /// What became of a payment.
    Deserialize OutcomeBody {
        /// The payment by its number, as the loan has it: another than the last is refused. It may be left out while the
        /// loan has had one payment.
        reference: Option<String>,
        /// Whether it was paid.
        #[schemars(schema_with = "outcome")]
        outcome: String,
        /// The bank's own number: of what was paid.
        bank_reference: Option<String>,
        /// Why not: of what was refused.
        reason: Option<String>,
    }
    /// Money that came back.
    Deserialize RepayBody {
        /// The bank's own number.
        bank_reference: String,
        /// Fen.
        amount: u64,
    }
    /// What comes free.
    Deserialize ReleaseBody {
        /// The receipts, or parts of them.
        receipts: Vec<FreedBody>,
    }
    /// A receipt that comes free.
    Deserialize FreedBody {
        /// The receipt.
        receipt: String,
        /// How much of it; all of it when it is not said.
        quantity: Option<u64>,
    }
    /// What the goods of a receipt bring.
    Deserialize SaleBody {
        /// The receipt.
        receipt: String,
        /// The buyer's unified social credit code.
        buyer: String,
        /// Fen.
        proceeds: u64,
        /// The bank's own number.
        bank_reference: String,
    }
    /// What another officer says of a sale that was entered.
    Deserialize ConfirmSaleBody {
        /// The sale by its number, as the loan has it.
        sale: String,
        /// Whether it is booked; it is dropped otherwise.
        confirmed: bool,
    }
    /// Goods that are sold for a loan.
    Serialize SaleItem {
        /// The loan's number of it, which a confirmation names; `null` where it was booked before sales had numbers.
        number: Option<String>,
        /// The receipt.
        receipt: String,
        /// The buyer.
        buyer: String,
        /// Fen.
        proceeds: u64,
        /// Fen over what was owed: the borrower's.
        surplus: u64,
        /// The bank's own number.
        bank_reference: String,
        /// When it was entered, or once it is confirmed, when that was (RFC 3339).
        at: String,
    }
}

impl From<Borrower> for BorrowerItem {
    fn from(b: Borrower) -> Self {
        Self { bank: b.bank, uscc: b.uscc, name: b.name, opened_at: time(b.opened_at) }
    }
}

impl From<Consent> for ConsentItem {
    fn from(c: Consent) -> Self {
        Self {
            bank: c.bank,
            borrower: c.borrower,
            mandate: c.mandate,
            given_at: time(c.given_at),
            until: time(c.until),
            withdrawn_at: maybe_time(c.withdrawn_at),
        }
    }
}

impl From<Sale> for SaleItem {
    fn from(s: Sale) -> Self {
        Self {
            number: Some(s.number).filter(|n| !n.is_empty()),
            receipt: s.receipt,
            buyer: s.buyer,
            proceeds: s.proceeds,
            surplus: s.surplus,
            bank_reference: s.reference,
            at: time(s.at),
        }
    }
}
