//! Loans as they stand, pledges and the ledger.

use super::{ConsentItem, FrozenItem, PassageItem, ReceiptItem, SaleItem, api, maybe_time, time, unit, words};
use crate::domain::borrower::CreditCheck;
use crate::domain::ledger::Entry;
use crate::domain::loan::{Disbursement, Loan, MarginCall, MarginState, Repayment, State};
use crate::domain::pledge::{Pledge, State as PledgeState};
use crate::domain::quote::Valuation;
use crate::service::loans::Overview;
use serde::Serialize;
use std::collections::BTreeMap;
use yunlong_sdk::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

words! {
    loan_state: State::ALL;
    pledge_state: PledgeState::ALL;
}

fn margin_state(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["open", "cured", "lapsed"] })
}

api! {
    /// A loan.
    Serialize LoanItem {
        /// Its number.
        id: String,
        /// The bank.
        bank: String,
        /// The borrower.
        borrower: String,
        /// The borrower's name when it applied.
        borrower_name: String,
        /// What for.
        purpose: String,
        /// Fen: asked for, and once it is approved what is lent.
        principal: u64,
        /// What is agreed on.
        terms: TermsItem,
        /// Where it stands.
        #[schemars(schema_with = "loan_state")]
        state: String,
        /// The steps that this state allows.
        allowed: Vec<String>,
        /// What the credit record said.
        credit: Option<CreditItem>,
        /// What the goods were worth at approval.
        valuation: Option<ValuationItem>,
        /// When the company signed (RFC 3339).
        borrower_signed_at: Option<String>,
        /// When the bank signed (RFC 3339).
        bank_signed_at: Option<String>,
        /// The payment.
        disbursement: Option<DisbursementItem>,
        /// Fen that are owed now, interest included; 0 before it is paid out.
        owed: u64,
        /// The due day, `YYYY-MM-DD`.
        due: Option<String>,
        /// The last margin call.
        margin: Option<MarginItem>,
        /// What came back.
        repayments: Vec<RepaymentItem>,
        /// What goods brought.
        sales: Vec<SaleItem>,
        /// Sales that were entered and wait for another officer.
        pending_sales: Vec<SaleItem>,
        /// Why it is frozen.
        frozen: Option<FrozenItem>,
        /// Why it was refused or given up.
        rejection: Option<String>,
        /// When it was asked for (RFC 3339).
        created_at: String,
        /// Every state that it passed.
        history: Vec<PassageItem>,
    }
    /// What is agreed on.
    Serialize TermsItem {
        /// Interest a year in basis points.
        rate_bps: u64,
        /// `actual/360` or `actual/365`.
        day_count: String,
        /// Added to the rate when overdue, in basis points of it.
        overdue_bps: u64,
        /// Days from the payment to the due day.
        term_days: u32,
        /// The most that is lent, in basis points of the value.
        ltv_bps: u64,
        /// The margin line, in basis points of the value.
        margin_bps: u64,
    }
    /// What the credit record said: numbers alone.
    Serialize CreditItem {
        /// Points, 0 to 1,000.
        score: u32,
        /// `A`, `B` or `D`.
        grade: String,
        /// How many of each kind are in force.
        counts: BTreeMap<String, u32>,
        /// When (RFC 3339).
        at: String,
    }
    /// What goods are worth.
    Serialize ValuationItem {
        /// Fen.
        value: u64,
        /// Receipt by receipt.
        lines: Vec<ValuationLine>,
        /// When (RFC 3339).
        at: String,
    }
    /// One receipt's value.
    Serialize ValuationLine {
        /// The receipt.
        receipt: String,
        /// The goods.
        goods: String,
        /// How much.
        quantity: u64,
        /// Fen for a tonne, a cubic metre or a piece.
        price: u64,
        /// Fen.
        value: u64,
    }
    /// A payment.
    Serialize DisbursementItem {
        /// The number under which the bank is asked: it pays once under one number.
        reference: String,
        /// Fen.
        amount: u64,
        /// `asked`, `unknown`, `confirmed` or `refused`.
        state: String,
        /// How often the bank was asked.
        asked: u32,
        /// When it was asked last (RFC 3339).
        asked_at: String,
        /// The bank's own number.
        bank_reference: Option<String>,
        /// Why it was refused.
        reason: Option<String>,
    }
    /// A margin call.
    Serialize MarginItem {
        /// Where it stands.
        #[schemars(schema_with = "margin_state")]
        state: String,
        /// Fen that the goods were worth.
        value: u64,
        /// Fen of value that were missing.
        short: u64,
        /// When it was called (RFC 3339).
        called_at: String,
        /// The last day on which it can be met, `YYYY-MM-DD`.
        until: String,
    }
    /// Money that came back.
    Serialize RepaymentItem {
        /// The bank's own number.
        bank_reference: String,
        /// Fen.
        amount: u64,
        /// Fen of it that paid interest.
        interest: u64,
        /// Fen of it that paid principal.
        principal: u64,
        /// When (RFC 3339).
        at: String,
    }
    /// A loan with all that belongs to it.
    Serialize LoanOverview {
        /// The loan.
        loan: LoanItem,
        /// Its pledges, those that ended among them.
        pledges: Vec<PledgeItem>,
        /// The receipts of those that stand.
        receipts: Vec<ReceiptItem>,
        /// What the registered pledges are worth now; `null` without a price.
        value: Option<ValuationItem>,
        /// The company's consent.
        consent: Option<ConsentItem>,
    }
    /// An entry of the register of pledges.
    Serialize PledgeItem {
        /// The receipt.
        receipt: String,
        /// The bank.
        bank: String,
        /// The loan.
        loan: String,
        /// The lot.
        lot: String,
        /// The goods.
        goods: String,
        /// How much.
        quantity: u64,
        /// In what it is counted.
        #[schemars(schema_with = "unit")]
        unit: String,
        /// Where it stands.
        #[schemars(schema_with = "pledge_state")]
        state: String,
        /// When it was asked for (RFC 3339).
        requested_at: String,
        /// When it was registered (RFC 3339).
        registered_at: Option<String>,
        /// When it ended (RFC 3339).
        ended_at: Option<String>,
    }
    /// An entry of the ledger.
    Serialize EntryItem {
        /// What happened.
        kind: String,
        /// The number under which it happened.
        reference: String,
        /// The bank's own number, where its money moved: there is one entry of the bank for it.
        bank_reference: Option<String>,
        /// What it does to the accounts; it sums to 0.
        postings: Vec<PostingItem>,
        /// When (RFC 3339).
        at: String,
    }
    /// What an entry does to an account.
    Serialize PostingItem {
        /// The account.
        account: String,
        /// Fen.
        amount: i64,
    }
}

impl From<CreditCheck> for CreditItem {
    fn from(c: CreditCheck) -> Self {
        Self { score: c.score, grade: format!("{:?}", c.grade), counts: c.counts, at: time(c.at) }
    }
}

impl From<Valuation> for ValuationItem {
    fn from(v: Valuation) -> Self {
        let line = |l: crate::domain::quote::Line| ValuationLine {
            receipt: l.receipt,
            goods: l.goods,
            quantity: l.quantity,
            price: l.price,
            value: l.value,
        };
        Self { value: v.value, lines: v.lines.into_iter().map(line).collect(), at: time(v.at) }
    }
}

impl From<Disbursement> for DisbursementItem {
    fn from(d: Disbursement) -> Self {
        Self {
            reference: d.reference,
            amount: d.amount,
            state: d.state.code().to_owned(),
            asked: d.asked,
            asked_at: time(d.asked_at),
            bank_reference: d.bank_reference,
            reason: d.reason,
        }
    }
}

impl From<MarginCall> for MarginItem {
    fn from(m: MarginCall) -> Self {
        let state = match m.state {
            MarginState::Open => "open",
            MarginState::Cured => "cured",
            MarginState::Lapsed => "lapsed",
        };
        Self {
            state: state.to_owned(),
            value: m.value,
            short: m.short,
            called_at: time(m.called_at),
            until: m.until.to_string(),
        }
    }
}

impl From<Repayment> for RepaymentItem {
    fn from(r: Repayment) -> Self {
        Self {
            bank_reference: r.reference,
            amount: r.amount,
            interest: r.interest,
            principal: r.principal,
            at: time(r.at),
        }
    }
}

impl From<Loan> for LoanItem {
    fn from(l: Loan) -> Self {
        let passage =
            |p: &crate::domain::loan::Passage| PassageItem { state: p.state.code().to_owned(), at: time(p.at) };
        let terms = TermsItem {
            rate_bps: l.terms.rate.bps,
            day_count: l.terms.rate.day_count.code().to_owned(),
            overdue_bps: l.terms.rate.overdue_bps,
            term_days: l.terms.term_days,
            ltv_bps: l.terms.ltv_bps,
            margin_bps: l.terms.margin_bps,
        };
        Self {
            owed: l.owed_at(crate::service::now()),
            allowed: l.state.allows().iter().map(|s| s.code().to_owned()).collect(),
            history: l.history.iter().map(passage).collect(),
            id: l.id,
            bank: l.bank,
            borrower: l.borrower,
            borrower_name: l.borrower_name,
            purpose: l.purpose,
            principal: l.principal,
            terms,
            state: l.state.code().to_owned(),
            credit: l.credit.map(CreditItem::from),
            valuation: l.valuation.map(ValuationItem::from),
            borrower_signed_at: maybe_time(l.borrower_signed_at),
            bank_signed_at: maybe_time(l.bank_signed_at),
            disbursement: l.disbursement.map(DisbursementItem::from),
            due: l.due.map(|d| d.to_string()),
            margin: l.margin.map(MarginItem::from),
            repayments: l.repayments.into_iter().map(RepaymentItem::from).collect(),
            sales: l.sales.into_iter().map(SaleItem::from).collect(),
            pending_sales: l.pending_sales.into_iter().map(SaleItem::from).collect(),
            frozen: l.frozen.map(|f| FrozenItem { reason: f.reason, at: time(f.at) }),
            rejection: l.rejection,
            created_at: time(l.created_at),
        }
    }
}

impl From<Pledge> for PledgeItem {
    fn from(p: Pledge) -> Self {
        Self {
            receipt: p.receipt,
            bank: p.bank,
            loan: p.loan,
            lot: p.lot,
            goods: p.goods,
            quantity: p.quantity,
            unit: p.unit.code().to_owned(),
            state: p.state.code().to_owned(),
            requested_at: time(p.requested_at),
            registered_at: maybe_time(p.registered_at),
            ended_at: maybe_time(p.ended_at),
        }
    }
}

impl From<Overview> for LoanOverview {
    fn from(o: Overview) -> Self {
        Self {
            loan: o.loan.into(),
            pledges: o.pledges.into_iter().map(PledgeItem::from).collect(),
            receipts: o.receipts.into_iter().map(ReceiptItem::from).collect(),
            value: o.value.map(ValuationItem::from),
            consent: o.consent.map(ConsentItem::from),
        }
    }
}

impl From<Entry> for EntryItem {
    fn from(e: Entry) -> Self {
        let posting =
            |p: &crate::domain::ledger::Posting| PostingItem { account: p.account.to_string(), amount: p.amount };
        Self {
            kind: e.kind().code().to_owned(),
            reference: e.reference().to_owned(),
            bank_reference: e.number().map(str::to_owned),
            postings: e.postings().iter().map(posting).collect(),
            at: time(e.at()),
        }
    }
}
