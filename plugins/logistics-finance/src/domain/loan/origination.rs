//! From the application to the signed contract.

use super::super::borrower::{Borrower, Consent, CreditCheck};
use super::super::money::part_down;
use super::super::pledge::Pledge;
use super::super::quote::Prices;
use super::super::receipt::{PledgedTo, Receipt};
use super::super::refused::Refused;
use super::super::time::DAY;
use super::super::warehouse::Warehouse;
use super::{Balance, Deal, Hands, Loan, Passage, State, Step, Terms};

/// What a company asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The loan's number.
    pub id: String,
    /// What for.
    pub purpose: String,
    /// Fen.
    pub principal: u64,
    /// What the bank offers.
    pub terms: Terms,
    /// Who asks for the company.
    pub by: String,
    /// A digest of what was asked for.
    pub request: String,
}

/// By what a bank approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A price that is older values nothing, in days.
    pub price_days: u32,
    /// A look at the credit record that is older counts as none, in days.
    pub credit_days: u32,
}

/// What a bank's checker approves.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    /// Fen: at most what was asked for.
    pub principal: u64,
    /// The checker's subject.
    pub by: &'a str,
    /// The company's consent, as it stands now.
    pub consent: Option<&'a Consent>,
    /// The latest prices.
    pub prices: &'a Prices,
    /// By what.
    pub limits: Limits,
}

impl Deal {
    /// A company applies, with receipts that it holds. They wait for the bank from now on, and for no other.
    ///
    /// # Errors
    /// [`Refused`]: of a receipt that is not the company's, is pledged or frozen, or lies at an affiliate.
    pub fn apply(
        file: &Borrower,
        application: Application,
        receipts: Vec<Receipt>,
        warehouses: &[Warehouse],
        now: i64,
    ) -> Result<Self, Refused> {
        if application.principal == 0 {
            return Err(Refused::Nothing("principal"));
        }
        if receipts.is_empty() {
            return Err(Refused::Nothing("receipts"));
        }
        let loan = Loan {
            id: application.id,
            bank: file.bank.clone(),
            borrower: file.uscc.clone(),
            borrower_name: file.name.clone(),
            purpose: application.purpose,
            principal: application.principal,
            terms: application.terms,
            state: State::Applied,
            hands: Hands { opened_file: file.opened_by.clone(), applied: application.by, ..Hands::default() },
            credit: None,
            valuation: None,
            borrower_signed_at: None,
            bank_signed_at: None,
            disbursement: None,
            balance: Balance::default(),
            due: None,
            margin: None,
            repayments: Vec::new(),
            sales: Vec::new(),
            pending_sales: Vec::new(),
            sales_entered: 0,
            frozen: None,
            held_since: None,
            rejection: None,
            created_at: now,
            request: application.request,
            history: vec![Passage { state: State::Applied, at: now }],
        };
        let mut deal = Self { loan, pledges: Vec::new(), receipts: Vec::new() };
        deal.take_in_pledge(receipts, warehouses, now)?;
        Ok(deal)
    }

    /// The company offers more receipts: for a margin call, or before the bank decides.
    ///
    /// # Errors
    /// As [`Deal::apply`]; a state in which nothing is added.
    pub fn add_collateral(
        &mut self,
        receipts: Vec<Receipt>,
        warehouses: &[Warehouse],
        now: i64,
    ) -> Result<(), Refused> {
        self.loan.check(Step::AddCollateral)?;
        if receipts.is_empty() {
            return Err(Refused::Nothing("receipts"));
        }
        self.take_in_pledge(receipts, warehouses, now)
    }

    fn take_in_pledge(&mut self, receipts: Vec<Receipt>, warehouses: &[Warehouse], now: i64) -> Result<(), Refused> {
        let loan = &self.loan;
        for mut receipt in receipts {
            if receipt.holder != loan.borrower {
                return Err(Refused::NotYours);
            }
            let warehouse = warehouses.iter().find(|w| w.id == receipt.warehouse).ok_or(Refused::NotYours)?;
            warehouse.is_independent_of(&loan.borrower)?;
            let pledge = Pledge::request(&receipt, &loan.bank, &loan.id, now);
            receipt.request_pledge(PledgedTo { bank: loan.bank.clone(), loan: loan.id.clone() }, now)?;
            self.pledges.push(pledge);
            self.receipts.push(receipt);
        }
        Ok(())
    }

    /// The bank has looked at the credit record, with the company's consent.
    ///
    /// # Errors
    /// [`Refused::NoConsent`], a wrong state.
    pub fn credit_checked(&mut self, check: CreditCheck, consent: Option<&Consent>, now: i64) -> Result<(), Refused> {
        self.loan.check(Step::CheckCredit)?;
        Consent::needed(consent, &self.loan.borrower, &self.loan.bank, now)?;
        self.loan.hands.checked = Some(check.by.clone());
        self.loan.credit = Some(check);
        self.loan.pass(State::CreditChecked, now);
        Ok(())
    }

    /// The bank will lend. Whoever opened the company's file, applied or looked at the credit record does not decide.
    ///
    /// # Errors
    /// [`Refused::SameHands`], [`Refused::OverLtv`], [`Refused::Credit`], [`Refused::NoConsent`] when it was taken back
    /// meanwhile, [`Refused::NoQuote`], a wrong state.
    pub fn approve(&mut self, approval: &Approval<'_>, now: i64) -> Result<(), Refused> {
        let loan = &self.loan;
        loan.check(Step::Approve)?;
        Loan::other_hands(
            "approve",
            approval.by,
            &[
                ("open-file", Some(&loan.hands.opened_file)),
                ("apply", Some(&loan.hands.applied)),
                ("check-credit", loan.hands.checked.as_deref()),
            ],
        )?;
        Consent::needed(approval.consent, &loan.borrower, &loan.bank, now)?;
        let credit = loan.credit.as_ref().ok_or(Refused::Credit(vec!["no-check"]))?;
        if now - credit.at > i64::from(approval.limits.credit_days) * DAY {
            return Err(Refused::Credit(vec!["check-too-old"]));
        }
        credit.passes()?;
        if approval.principal == 0 {
            return Err(Refused::Nothing("principal"));
        }
        if let Some(frozen) = self.receipts.iter().find_map(|r| r.frozen.as_ref().map(|f| (r, f))) {
            let (receipt, freeze) = (frozen.0.id.clone(), frozen.1.reason.clone());
            return Err(Refused::ReceiptFrozen { receipt, reason: freeze });
        }
        let valuation = self.value(approval.prices, approval.limits.price_days, now)?;
        let most = part_down(valuation.value, loan.terms.ltv_bps).min(loan.principal);
        if approval.principal > most {
            return Err(Refused::OverLtv {
                principal: approval.principal,
                most,
                value: valuation.value,
                ltv_bps: loan.terms.ltv_bps,
            });
        }
        let loan = &mut self.loan;
        loan.principal = approval.principal;
        loan.valuation = Some(valuation);
        loan.hands.approved = Some(approval.by.to_owned());
        loan.pass(State::Approved, now);
        Ok(())
    }

    /// The bank refuses, or the company gives up: its receipts are free again. Not once the money may be on its way.
    ///
    /// # Errors
    /// A wrong state, of the loan or of its payment.
    pub fn reject(&mut self, reason: &str, now: i64) -> Result<(), Refused> {
        self.loan.check(Step::Reject)?;
        if let Some(payment) = self.loan.disbursement.as_ref().filter(|d| d.is_open()) {
            return Err(payment.wrong("reject").into());
        }
        self.drop_requests(now)?;
        self.release_all(now)?;
        self.loan.rejection = Some(reason.to_owned());
        self.loan.pass(State::Rejected, now);
        self.note_held(now);
        Ok(())
    }

    /// A side signs. The contract stands once both have. Signing twice changes nothing.
    ///
    /// # Errors
    /// [`Refused::SameHands`] when one person would sign for both, a wrong state, a frozen loan.
    pub fn sign(&mut self, for_bank: bool, by: &str, now: i64) -> Result<(), Refused> {
        let loan = &mut self.loan;
        loan.check(Step::Sign)?;
        let (mine, other) = if for_bank {
            (&mut loan.hands.signed_bank, loan.hands.signed_borrower.as_deref())
        } else {
            (&mut loan.hands.signed_borrower, loan.hands.signed_bank.as_deref())
        };
        if other == Some(by) {
            return Err(Refused::SameHands { step: "sign", first: "sign" });
        }
        if mine.is_none() {
            *mine = Some(by.to_owned());
            let at = if for_bank { &mut loan.bank_signed_at } else { &mut loan.borrower_signed_at };
            *at = Some(now);
        }
        if loan.bank_signed_at.is_some() && loan.borrower_signed_at.is_some() {
            loan.pass(State::Signed, now);
        }
        Ok(())
    }

    /// The bank registers the pledges that were asked for.
    ///
    /// # Errors
    /// A frozen receipt or loan, a wrong state.
    pub fn register_pledges(&mut self, now: i64) -> Result<(), Refused> {
        self.loan.check(Step::RegisterPledges)?;
        for pledge in &mut self.pledges {
            if pledge.state != super::super::pledge::State::Requested {
                continue;
            }
            let receipt = self.receipts.iter_mut().find(|r| r.id == pledge.receipt);
            receipt.ok_or_else(|| Refused::NotRegistered { receipt: pledge.receipt.clone() })?.register_pledge(now)?;
            pledge.register(now)?;
        }
        Ok(())
    }
}
