//! Paying out: a maker of the bank asks under a number that never changes, the bank's checker says what became of it.
//!
//! There is no bank behind this: what the checker says, with the bank's own number, is the outcome. One that does not
//! come is *unknown*: it is asked for again under the same number, so that a bank which has paid already pays no more.

use super::super::ledger::{Account, Entry, Head, Kind, fen, post};
use super::super::money::part_down;
use super::super::pledge;
use super::super::quote::Prices;
use super::super::refused::{Refused, Thing, WrongState};
use super::super::time::{Date, MINUTE};
use super::super::{alert, calendar::Calendar, effect::Wake};
use super::{Balance, Deal, Effect, Loan, State, Step};
use serde::{Deserialize, Serialize};

/// How long the bank's answer is waited for before it counts as unknown, and before it is asked for again.
pub const ANSWER_WITHIN: i64 = 30 * MINUTE;

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisbursementState {
    /// The bank was asked.
    Asked,
    /// Nobody knows whether it has paid.
    Unknown,
    /// It has paid.
    Confirmed,
    /// It has not paid, and will not under this number.
    Refused,
}

impl DisbursementState {
    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Unknown => "unknown",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

/// The payment of a loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disbursement {
    /// The number under which the bank is asked: it pays once under one number.
    pub reference: String,
    /// Fen.
    pub amount: u64,
    /// Where it stands.
    pub state: DisbursementState,
    /// How often the bank was asked under this number.
    pub asked: u32,
    /// The number of this payment of the loan: 1, and one more after each refusal.
    pub attempt: u32,
    /// Who asked first.
    pub asked_by: String,
    /// Who else has asked since: none of them says what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_again_by: Vec<String>,
    /// When the bank was asked last: milliseconds of UTC.
    pub asked_at: i64,
    /// The bank's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// Who said what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bank has paid, under its own number.
    Paid {
        /// The bank's number.
        bank_reference: String,
    },
    /// The bank has not paid and will not under this number.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Disbursement {
    /// Whether the money may be on its way.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, DisbursementState::Asked | DisbursementState::Unknown)
    }

    /// Everybody who asked.
    pub fn askers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.asked_by).chain(&self.asked_again_by).map(String::as_str)
    }

    pub(crate) fn wrong(&self, step: &'static str) -> WrongState {
        let allowed = if self.is_open() { vec!["confirm", "refuse"] } else { Vec::new() };
        WrongState { thing: Thing::Disbursement, id: self.reference.clone(), state: self.state.code(), step, allowed }
    }
}

impl Deal {
    /// The bank's maker asks for the payment. Asked again, it is the same payment under the same number, whatever became
    /// of the first call.
    ///
    /// # Errors
    /// [`Refused::NotSigned`], [`Refused::NotRegistered`], [`Refused::ReceiptFrozen`], [`Refused::OverLtv`] when the
    /// price fell since the approval, a frozen loan, a wrong state.
    pub fn ask_disbursement(
        &mut self,
        by: &str,
        prices: &Prices,
        price_days: u32,
        now: i64,
    ) -> Result<Vec<Effect>, Refused> {
        if self.loan.disbursement.as_ref().is_some_and(|d| d.state == DisbursementState::Confirmed) {
            // The first call has arrived after all.
            return Ok(Vec::new());
        }
        self.may_pay(prices, price_days, now)?;
        let wake = Effect::Wake { loan: self.loan.id.clone(), what: Wake::Disbursement, at: now + ANSWER_WITHIN };
        let loan = &mut self.loan;
        match loan.disbursement.as_mut().filter(|d| d.is_open()) {
            Some(open) => {
                open.asked += 1;
                open.asked_at = now;
                if open.askers().all(|who| who != by) {
                    open.asked_again_by.push(by.to_owned());
                }
                Ok(Vec::new())
            }
            None => {
                let attempt = loan.disbursement.as_ref().map_or(1, |d| d.attempt + 1);
                loan.disbursement = Some(Disbursement {
                    reference: format!("{}-D{attempt}", loan.id),
                    amount: loan.principal,
                    state: DisbursementState::Asked,
                    asked: 1,
                    attempt,
                    asked_by: by.to_owned(),
                    asked_again_by: Vec::new(),
                    asked_at: now,
                    bank_reference: None,
                    answered_by: None,
                    reason: None,
                });
                Ok(vec![wake])
            }
        }
    }

    /// Whether all that must be there before money goes out is there.
    fn may_pay(&self, prices: &Prices, price_days: u32, now: i64) -> Result<(), Refused> {
        let loan = &self.loan;
        if loan.state == State::Approved {
            return Err(Refused::NotSigned);
        }
        loan.check(Step::Disburse)?;
        if let Some(open) = self.standing().find(|p| p.state != pledge::State::Registered) {
            return Err(Refused::NotRegistered { receipt: open.receipt.clone() });
        }
        if self.standing().next().is_none() {
            return Err(Refused::NotRegistered { receipt: String::new() });
        }
        if let Some((receipt, freeze)) = self.receipts.iter().find_map(|r| r.frozen.as_ref().map(|f| (r, f))) {
            return Err(Refused::ReceiptFrozen { receipt: receipt.id.clone(), reason: freeze.reason.clone() });
        }
        let value = self.secured(prices, price_days, now)?.value;
        let most = part_down(value, loan.terms.ltv_bps);
        if loan.principal > most {
            return Err(Refused::OverLtv { principal: loan.principal, most, value, ltv_bps: loan.terms.ltv_bps });
        }
        Ok(())
    }

    /// The bank's checker says what became of the payment with this number; without one it can only be the loan's first.
    /// Said again, it changes nothing; another answer is refused.
    ///
    /// # Errors
    /// [`Refused::OtherPayment`] for a number that is not the last payment's, [`Refused::Nothing`] for none after a
    /// payment was refused, [`Refused::SameHands`] for whoever asked, [`Refused::ReferenceReused`] for another answer, a
    /// wrong state.
    pub fn disbursed(
        &mut self,
        reference: Option<&str>,
        outcome: &Outcome,
        by: &str,
        calendar: &Calendar,
        now: i64,
    ) -> Result<Vec<Effect>, Refused> {
        let loan = &mut self.loan;
        let Some(payment) = loan.disbursement.as_mut() else { return Err(loan.wrong(Step::Disburse).into()) };
        payment.is_meant(reference)?;
        if !payment.is_open() {
            return payment.answered(outcome).map(|()| Vec::new());
        }
        let askers: Vec<_> = payment.askers().map(|who| ("ask-disbursement", Some(who))).collect();
        Loan::other_hands("confirm-disbursement", by, &askers)?;
        payment.answered_by = Some(by.to_owned());
        match outcome {
            Outcome::Refused { reason } => {
                payment.state = DisbursementState::Refused;
                payment.reason = Some(reason.clone());
                Ok(Vec::new())
            }
            Outcome::Paid { bank_reference } => {
                if bank_reference.is_empty() {
                    return Err(Refused::Nothing("bank_reference"));
                }
                payment.state = DisbursementState::Confirmed;
                payment.bank_reference = Some(bank_reference.clone());
                let payment = payment.clone();
                Ok(loan.paid_out(&payment, bank_reference, calendar, now))
            }
        }
    }

    /// The answer has not come in time: the payment is unknown, and the bank is asked again under the same number.
    pub fn ask_again(&mut self, now: i64) -> Vec<Effect> {
        let loan = &mut self.loan;
        let Some(payment) = loan.disbursement.as_mut().filter(|d| d.is_open()) else { return Vec::new() };
        if now - payment.asked_at < ANSWER_WITHIN {
            // Somebody asked again meanwhile: its time is not over.
            let at = payment.asked_at + ANSWER_WITHIN;
            return vec![Effect::Wake { loan: loan.id.clone(), what: Wake::Disbursement, at }];
        }
        payment.state = DisbursementState::Unknown;
        payment.asked += 1;
        payment.asked_at = now;
        let (asked, reference) = (payment.asked, payment.reference.clone());
        let alert = alert::Alert::new(loan, alert::Kind::DisbursementUnknown, &format!("{reference}-{asked}"), now)
            .amount(loan.principal)
            .detail(reference);
        let wake = Effect::Wake { loan: loan.id.clone(), what: Wake::Disbursement, at: now + ANSWER_WITHIN };
        vec![Effect::Alert(alert), wake]
    }
}

impl Disbursement {
    /// Whether an answer is about this payment: one that comes late must not be taken for the answer to the next.
    fn is_meant(&self, reference: Option<&str>) -> Result<(), Refused> {
        match reference {
            Some(r) if r == self.reference => Ok(()),
            Some(r) => Err(Refused::OtherPayment { reference: r.to_owned(), last: self.reference.clone() }),
            None if self.attempt == 1 => Ok(()),
            None => Err(Refused::Nothing("reference")),
        }
    }

    /// An answer after the answer.
    fn answered(&self, outcome: &Outcome) -> Result<(), Refused> {
        let same = match (self.state, outcome) {
            (DisbursementState::Confirmed, Outcome::Paid { bank_reference }) => {
                self.bank_reference.as_ref() == Some(bank_reference)
            }
            (DisbursementState::Refused, Outcome::Refused { .. }) => true,
            _ => false,
        };
        if same { Ok(()) } else { Err(Refused::ReferenceReused { reference: self.reference.clone() }) }
    }
}

impl Loan {
    /// The money is out: from today on interest runs, and the due day is known.
    fn paid_out(&mut self, payment: &Disbursement, number: &str, calendar: &Calendar, now: i64) -> Vec<Effect> {
        let (amount, reference) = (payment.amount, payment.reference.as_str());
        let today = Date::at(now);
        let due = calendar.following(today.plus(i64::from(self.terms.term_days)));
        self.balance = Balance { principal: amount, interest: 0, rest: 0, until: Some(today) };
        self.due = Some(due);
        self.pass(State::Disbursed, now);
        let head = Head { loan: &self.id, bank: &self.bank, at: now };
        let postings = vec![
            post(Account::Principal(self.id.clone()), fen(amount)),
            post(Account::Cash(self.bank.clone()), -fen(amount)),
        ];
        let mut effects = Vec::new();
        // Two postings of one amount balance; an entry of nothing is none.
        let entry = Entry::new(&head, Kind::Disbursement, reference, postings).ok();
        effects.extend(entry.map(|e| Effect::Book(e.numbered(number))));
        effects.push(Effect::Wake { loan: self.id.clone(), what: Wake::Due, at: due.plus(1).start() });
        effects
    }
}
