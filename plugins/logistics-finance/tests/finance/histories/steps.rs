//! What people, banks, gates and clocks do.

use super::papers::file_of;
use super::trade::{self, Move};
use super::*;
use crate::sensors::{device, reading};
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::actor::Actor;
use logistics_finance::domain::loan::{Loan, Outcome, State};
use logistics_finance::domain::warehouse::Unit;
use logistics_finance::service::Refusal;
use logistics_finance::service::borrowers;
use logistics_finance::service::loans::{self, Freed, NewLoan, NewSale};
use logistics_finance::service::quotes::{self, NewQuote};
use logistics_finance::service::receipts::{self, NewReceipt};
use logistics_finance::service::sensors::{self, Registered};

pub(super) const BANKS: [&str; 2] = [BANK_A, BANK_B];
/// Any of them does any step, for any side.
pub(super) const PEOPLE: [&str; 3] = ["one", "two", "three"];

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The custodian issues a receipt of so many tonnes.
    Issue(u64, u32),
    Split(usize, u64, u32),
    Merge(usize, usize, u32),
    Transfer(usize, bool),
    Withdraw(usize),
    Freeze(usize, usize),
    Unfreeze(usize, usize),
    /// So many tonnes pass the gate: out, or in.
    Gate(i64),
    /// Somebody counts what lies there, and all that is missing has come back when it says so.
    Count(bool),
    Apply {
        receipts: Vec<usize>,
        principal: u64,
        bank: usize,
        by: usize,
        key: u32,
    },
    /// Somebody's step with a loan.
    Loan(usize, Of, usize),
    /// The next step of a loan's way, by somebody who may take it.
    Next(usize),
    /// What belongs to files at banks, carriage and trades.
    Trade(Move),
    Price(u64),
    Wait(u64),
    Deliver,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Agree,
    Check,
    Approve(u64),
    SignForBank,
    SignForCompany,
    Register,
    Ask,
    Answer(bool, u8),
    Repay(u64, u8),
    Release(usize, Option<u64>),
    Add(usize),
    Revalue,
    Dispose,
    EnterSale(u64, u8),
    ConfirmSale(bool),
    WriteOff,
    Reject,
}

fn of() -> impl Strategy<Value = Of> {
    use Of::*;
    prop_oneof![
        1 => Just(Check),
        1 => (1_u64..80_000_000).prop_map(Approve),
        1 => prop::sample::select(vec![SignForBank, SignForCompany, Register, Revalue, WriteOff, Reject]),
        1 => Just(Ask),
        1 => (any::<bool>(), 0_u8..3).prop_map(|(paid, n)| Answer(paid, n)),
        3 => (1_u64..60_000_000, 0_u8..4).prop_map(|(fen, n)| Repay(fen, n)),
        3 => (0_usize..3, prop::option::of(1_u64..200)).prop_map(|(r, tonnes)| Release(r, tonnes)),
        1 => (0_usize..6).prop_map(Add),
        1 => Just(Dispose),
        2 => (1_u64..40_000_000, 0_u8..3).prop_map(|(fen, n)| EnterSale(fen, n)),
        2 => any::<bool>().prop_map(ConfirmSale),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let receipt = || 0_usize..6;
    let person = || 0..PEOPLE.len();
    let key = any::<u32>;
    prop_oneof![
        4 => (1_u64..500, key()).prop_map(|(tonnes, key)| Step::Issue(tonnes, key)),
        1 => (receipt(), 1_u64..300, key()).prop_map(|(r, tonnes, key)| Step::Split(r, tonnes, key)),
        1 => (receipt(), receipt(), key()).prop_map(|(a, b, key)| Step::Merge(a, b, key)),
        1 => (receipt(), any::<bool>()).prop_map(|(r, back)| Step::Transfer(r, back)),
        1 => receipt().prop_map(Step::Withdraw),
        1 => (receipt(), person()).prop_map(|(r, by)| Step::Freeze(r, by)),
        2 => (receipt(), person()).prop_map(|(r, by)| Step::Unfreeze(r, by)),
        1 => (-60_i64..60).prop_map(Step::Gate),
        1 => any::<bool>().prop_map(Step::Count),
        4 => (prop::collection::vec(receipt(), 1..3), 1_u64..40_000_000, 0_usize..2, person(), key())
            .prop_map(|(receipts, principal, bank, by, key)| Step::Apply { receipts, principal, bank, by, key }),
        10 => (0_usize..3, of(), person()).prop_map(|(loan, of, by)| Step::Loan(loan, of, by)),
        18 => (0_usize..2).prop_map(Step::Next),
        1 => (500_u64..1_300).prop_map(Step::Price),
        1 => (1_u64..45).prop_map(Step::Wait),
        2 => Just(Step::Deliver),
    ]
}

/// What somebody asks the services for.
pub(super) type Act = Box<dyn Fn(&Xuzhou) -> Result<(), Refusal>>;

pub(super) fn act<T>(f: impl Fn(&Xuzhou) -> Result<T, Refusal> + 'static) -> Option<Act> {
    Some(Box::new(move |x| f(x).map(drop)))
}

pub(super) fn pick<T>(all: &BTreeMap<String, T>, n: usize) -> Option<&T> {
    all.values().nth(n % all.len().max(1))
}

/// One natural person, for whichever side they stand.
pub(super) fn subject(by: usize) -> String {
    format!("{BANK_A}-{}", PEOPLE[by])
}

fn regulator(x: &Xuzhou, by: usize) -> Actor {
    x.official(&subject(by), "320300", "regulator")
}

fn officer(x: &Xuzhou, loan: &Loan, by: usize) -> Actor {
    x.official(&subject(by), &loan.bank, "bank")
}

impl Step {
    /// Whether asking for it again has no effect. Asking for the money again counts how often it was asked for.
    pub(super) fn once(&self) -> bool {
        !matches!(self, Self::Loan(_, Of::Ask, _) | Self::Next(_) | Self::Wait(_) | Self::Price(_) | Self::Deliver)
    }

    /// Whether a bank lets go of goods by it.
    pub(super) fn lets_go(&self) -> bool {
        matches!(self, Self::Loan(_, Of::Release(..), _))
    }
}

pub(super) struct Run {
    pub(super) x: Xuzhou,
    pub(super) lot: String,
    gate: Registered,
}

impl Run {
    /// A thousand tonnes of coal with a gate, and a company with a file at these banks.
    pub(super) fn new(banks: &[&str]) -> Self {
        let x = Xuzhou::new();
        x.price(1_000);
        let lot = x.coal(1_000);
        banks.iter().for_each(|bank| x.file(bank));
        let gate = device(&x, &lot.warehouse);
        Self { x, lot: lot.id, gate }
    }

    pub(super) fn papers(&self) -> Papers {
        Papers::read(&self.x, &self.lot)
    }

    /// What a step comes to as things stand; nothing when there is nothing to do it to.
    pub(super) fn plan(&self, now: &Papers, step: &Step) -> Option<Act> {
        let receipt = |n: &usize| pick(&now.receipts, *n).cloned();
        let lot = self.lot.clone();
        match step.clone() {
            Step::Issue(tonnes, key) => act(move |x| {
                let new = NewReceipt { lot: lot.clone(), quantity: tonnes * TONNE, holder: None };
                receipts::issue_new(&x.clerk(), Some(&format!("issue-{key}")), &new)
            }),
            Step::Split(r, tonnes, key) => {
                let (r, key) = (receipt(&r)?, format!("split-{key}"));
                let parts = [tonnes * TONNE, r.quantity.saturating_sub(tonnes * TONNE)];
                act(move |x| receipts::split(&x.company(&r.holder), Some(&key), &r.id, &parts))
            }
            Step::Merge(a, b, key) => {
                let (a, b) = (receipt(&a)?, receipt(&b)?);
                let (ids, key) = ([a.id, b.id], format!("merge-{key}"));
                act(move |x| receipts::merge(&x.company(&a.holder), Some(&key), &ids))
            }
            Step::Transfer(r, back) => {
                let (r, to) = (receipt(&r)?, if back { A } else { C });
                act(move |x| receipts::transfer(&x.company(&r.holder), &r.id, to))
            }
            Step::Withdraw(r) => {
                let r = receipt(&r)?;
                act(move |x| receipts::withdraw(&x.company(&r.holder), &r.id))
            }
            Step::Freeze(r, by) => {
                let r = receipt(&r)?;
                act(move |x| receipts::freeze(&regulator(x, by), &r.id, "核查"))
            }
            Step::Unfreeze(r, by) => {
                let r = receipt(&r)?;
                act(move |x| receipts::unfreeze(&regulator(x, by), &r.id, "无误"))
            }
            Step::Gate(tonnes) => self.gate(now, tonnes),
            Step::Count(made_good) => {
                let there = now.there() + if made_good { now.lot.missing + now.lot.written_off } else { 0 };
                act(move |x| sensors::clear_missing(&x.regulator(), &lot, there, "盘点"))
            }
            Step::Apply { receipts, principal, bank, by, key } => {
                let mut ids: Vec<String> = receipts.iter().filter_map(|r| receipt(r).map(|r| r.id)).collect();
                ids.sort();
                ids.dedup();
                act(move |x| {
                    let (bank, purpose, receipts) = (BANKS[bank].into(), "采购".into(), ids.clone());
                    let new = NewLoan { bank, purpose, principal, term_days: 30, receipts };
                    loans::apply(&x.acting(&subject(by), A), Some(&format!("apply-{key}")), &new)
                })
            }
            Step::Loan(n, of, by) => with_loan(now, pick(&now.loans, n)?, of, by),
            Step::Next(n) => {
                let loan = pick(&now.loans, n)?;
                let (of, by) = next(now, loan)?;
                with_loan(now, loan, of, by)
            }
            Step::Trade(step) => trade::plan(now, &self.lot, step),
            Step::Price(yuan) => act(move |x| {
                let new = NewQuote {
                    goods: "coal-5500".into(),
                    name: "动力煤".into(),
                    unit: Unit::Kilogram,
                    price: yuan * 100,
                    source: "市场监测".into(),
                    ..NewQuote::default()
                };
                quotes::publish(&x.regulator(), &new)
            }),
            Step::Wait(days) => act(move |x| {
                x.advance(days * DAY);
                Ok(())
            }),
            Step::Deliver => act(|x| {
                let done = x.deliver::<LogisticsFinance>();
                assert_eq!(done.dead, 0, "{:?}", x.dead_letters());
                Ok(())
            }),
        }
    }

    /// No more goes out than lies there, and no more comes back than is missing.
    fn gate(&self, now: &Papers, tonnes: i64) -> Option<Act> {
        let kilograms = |n: u64| i64::try_from(n / TONNE).unwrap();
        let tonnes = tonnes.clamp(-kilograms(now.there()), kilograms(now.lot.missing));
        if tonnes == 0 {
            return None;
        }
        let r = reading(&self.gate, now.events.len() as u64 + 1, &self.lot, tonnes);
        act(move |x| {
            x.sign_out();
            sensors::take(&r)
        })
    }
}

/// Who takes which step next so that a loan goes well.
fn next(now: &Papers, loan: &Loan) -> Option<(Of, usize)> {
    let applied = PEOPLE.iter().position(|p| loan.hands.applied.ends_with(p)).unwrap_or(0);
    let opened = now.files.get(&file_of(loan)).and_then(|f| PEOPLE.iter().position(|p| f.opened_by.ends_with(p)));
    let other = (1..PEOPLE.len()).map(|n| (applied + n) % PEOPLE.len()).find(|n| Some(*n) != opened)?;
    let time = i64::try_from(yunlong_sdk::now()).ok()?;
    let agreed = now.consents.get(&file_of(loan)).is_some_and(|c| c.stands(time));
    let asked = loan.disbursement.as_ref().filter(|d| d.is_open());
    let requested = now.pledges.values().any(|p| p.loan == loan.id && p.state.stands() && p.registered_at.is_none());
    Some(match loan.state {
        State::Applied | State::CreditChecked if !agreed => (Of::Agree, applied),
        State::Applied => (Of::Check, applied),
        State::CreditChecked => (Of::Approve(loan.principal), other),
        State::Approved if loan.borrower_signed_at.is_none() => (Of::SignForCompany, applied),
        State::Approved => (Of::SignForBank, other),
        State::Signed if requested => (Of::Register, applied),
        State::Signed if asked.is_none() => (Of::Ask, applied),
        State::Signed => (Of::Answer(true, 1), other),
        State::Disbursed => (Of::Repay(loan.principal / 2 + 1, 2), applied),
        State::Repaying | State::Overdue => (Of::Repay(loan.owed_at(time), 3), applied),
        State::Settled => (Of::Release(0, None), other),
        State::Disposal if loan.pending_sales.is_empty() => (Of::EnterSale(30_000_000, 2), applied),
        State::Disposal => (Of::ConfirmSale(true), other),
        State::Rejected | State::WrittenOff => return None,
    })
}

fn with_loan(now: &Papers, loan: &Loan, of: Of, by: usize) -> Option<Act> {
    let (loan, id, own) = (loan.clone(), loan.id.clone(), loan.id.clone());
    // A number of the bank that is the loan's own, or one that other loans use, too.
    let number = move |kind: &str, n: u8| if n == 0 { format!("{kind}-0") } else { format!("{kind}-{own}-{n}") };
    let standing = now.pledges.values().filter(|p| p.loan == id && p.state.stands());
    let standing: Vec<String> = standing.map(|p| p.receipt.clone()).collect();
    match of {
        Of::Agree => act(move |x| borrowers::consent(&x.acting(&subject(by), A), &loan.bank)),
        Of::Check => act(move |x| loans::check_credit(&officer(x, &loan, by), &id)),
        Of::Approve(fen) => act(move |x| loans::approve(&officer(x, &loan, by), &id, Some(fen))),
        Of::SignForBank => act(move |x| loans::sign(&officer(x, &loan, by), &id)),
        Of::SignForCompany => act(move |x| loans::sign(&x.acting(&subject(by), A), &id)),
        Of::Register => act(move |x| loans::register_pledges(&officer(x, &loan, by), &id)),
        Of::Ask => act(move |x| loans::ask_disbursement(&officer(x, &loan, by), &id)),
        Of::Answer(paid, n) => {
            let reference = loan.disbursement.as_ref()?.reference.clone();
            let outcome = if paid {
                Outcome::Paid { bank_reference: number("BK", n) }
            } else {
                Outcome::Refused { reason: "额度不足".into() }
            };
            act(move |x| loans::confirm_disbursement(&officer(x, &loan, by), &id, Some(&reference), &outcome))
        }
        Of::Repay(fen, n) => act(move |x| loans::repay(&officer(x, &loan, by), &id, &number("RP", n), fen)),
        Of::Release(n, tonnes) => {
            let receipt = standing.get(n % standing.len().max(1))?.clone();
            let freed = [Freed { receipt, quantity: tonnes.map(|t| t * TONNE) }];
            act(move |x| loans::release(&officer(x, &loan, by), &id, &freed))
        }
        Of::Add(n) => {
            let more = [pick(&now.receipts, n)?.id.clone()];
            act(move |x| loans::add_collateral(&x.acting(&subject(by), A), &id, &more))
        }
        Of::Revalue => act(move |x| loans::revalue(&officer(x, &loan, by), &id)),
        Of::Dispose => act(move |x| loans::dispose(&officer(x, &loan, by), &id)),
        Of::EnterSale(fen, n) => {
            let receipt = standing.first()?.clone();
            let sale = NewSale { receipt, buyer: C.into(), proceeds: fen, bank_reference: number("S", n) };
            act(move |x| loans::enter_sale(&officer(x, &loan, by), &id, &sale))
        }
        Of::ConfirmSale(agreed) => {
            let sale = loan.pending_sales.first()?.number.clone();
            act(move |x| loans::confirm_sale(&officer(x, &loan, by), &id, &sale, agreed))
        }
        Of::WriteOff => act(move |x| loans::write_off(&officer(x, &loan, by), &id, "无法收回")),
        Of::Reject => act(move |x| loans::reject(&officer(x, &loan, by), &id, "不同意")),
    }
}
