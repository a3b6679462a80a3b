//! Stories of receipts and loans, one for each number.

use super::super::alert::{Alert, Kind};
use super::super::borrower::CreditCheck;
use super::super::calendar::Calendar;
use super::super::effect::Effect;
use super::super::loan::{Application, Approval, Deal, Limits, Outcome, Part, Sale, State, Terms};
use super::super::money::part_down;
use super::super::pledge::Pledge;
use super::super::quote::{Prices, Quote};
use super::super::receipt::{self, Receipt};
use super::super::refused::Refused;
use super::super::time::{DAY, MINUTE};
use super::super::warehouse::{Lot, Unit};
use super::{
    BANKS, COMPANIES, CUSTODIANS, FALLEN, GOODS, Goods, before_fall, files, gate, nth, warehouse_id, warehouses,
};
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// Where a story ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a loan in this state.
    Loan(State),
    /// With a loan that is frozen, since the company has another representative.
    LoanFrozen,
    /// With a margin call that the company has time to meet.
    MarginCalled,
    /// With a loan, goods of which left without an order.
    GoodsMissing,
    /// With a receipt in this state, which no loan has.
    Free(receipt::State),
}

/// After how many stories the ends come again: a number that shares no factor with those of banks, goods and custodians,
/// so that each of them meets every end.
const TURN: u64 = 13;

/// The end of the story of a number.
pub(super) fn end(n: u64) -> End {
    use receipt::State::{Cancelled, Drafted, Frozen, Issued, Withdrawn};
    let round = n / TURN;
    match n % TURN {
        11 => nth(&[End::LoanFrozen, End::MarginCalled, End::GoodsMissing], round),
        12 => End::Free(nth(&[Issued, Drafted, Withdrawn, Cancelled, Frozen], round)),
        m => End::Loan(nth(&State::ALL, m)),
    }
}

/// A story: a lot with a receipt, and what became of it.
#[derive(Debug)]
pub struct Story {
    /// The lot.
    pub lot: Lot,
    /// The receipt, if no loan has it.
    pub receipt: Option<Receipt>,
    /// The loan with its pledge and receipt.
    pub deal: Option<Deal>,
    /// What was booked on the way, and what is still to come.
    pub effects: Vec<Effect>,
    /// Of what the bank was told.
    pub alerts: Vec<Alert>,
}

/// By what stories are told: as the installation's configuration has it.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What banks offer, for 90 days.
    pub terms: Terms,
    /// By what they approve.
    pub limits: Limits,
    /// Business days to meet a margin call.
    pub margin_days: u32,
    /// Which days they do business.
    pub calendar: &'a Calendar,
    /// Milliseconds of UTC.
    pub now: i64,
}

/// Days before today on which a story begins: what is over began in any month of a year, what is not as long ago as it
/// may have.
fn began(n: u64) -> i64 {
    let round = i64::try_from(n / TURN).unwrap_or(0);
    match end(n) {
        End::Loan(State::Disbursed) => round * 5,
        End::Loan(State::Repaying) => 31 + round * 3,
        End::Loan(State::Settled | State::Rejected) | End::Free(_) => 35 + round * 22,
        End::Loan(State::Overdue | State::Disposal) => 130 + round * 3,
        End::Loan(State::WrittenOff) => 130 + round * 13,
        End::Loan(_) => round % 12,
        End::LoanFrozen | End::MarginCalled | End::GoodsMissing => 40,
    }
}

/// The goods of a story. A margin call is about those that lost in price.
fn goods(n: u64) -> Goods {
    if end(n) == End::MarginCalled { FALLEN } else { nth(&GOODS, n) }
}

/// How much the receipt of a story promises.
fn quantity(n: u64) -> u64 {
    (200 + n * 37 % 800) * if goods(n).4 == Unit::Piece { 10 } else { 1_000 }
}

/// How much left without an order, in a story that ends so, and from which lot.
pub(super) fn missing(n: u64) -> Option<(String, u64)> {
    (end(n) == End::GoodsMissing).then(|| (lot_id(n), quantity(n) / 20))
}

fn lot_id(n: u64) -> String {
    format!("LT-S{n:03}")
}

/// The story of a number.
///
/// # Errors
/// Never for these stories; a test holds that. The rules could refuse others.
pub fn story(n: u64, s: &Setting<'_>) -> Result<Story, Refused> {
    let at = s.now - began(n) * DAY - i64::try_from(n % 97).unwrap_or(0) * MINUTE;
    // The affiliate of the first custodian stores elsewhere.
    let company = if n.is_multiple_of(3) { nth(&COMPANIES[..5], n / 2) } else { nth(&COMPANIES, n / 2) };
    let mut lot = lot(n, company.0, at);
    let clerk = "sample:warehouse-clerk-01";
    let mut receipt = Receipt::draft(format!("WR-S{n:03}"), &lot, quantity(n), company.0, clerk, at)?;
    if end(n) != End::Free(receipt::State::Drafted) {
        receipt.issue(&mut lot, at)?;
    }
    if let End::Free(state) = end(n) {
        leave(&mut receipt, &mut lot, state, at)?;
        return Ok(Story { lot, receipt: Some(receipt), deal: None, effects: Vec::new(), alerts: Vec::new() });
    }
    let called = end(n) == End::MarginCalled;
    let quote = price(n, at, called);
    // Where more will be called for, it was lent to the limit.
    let ltv_bps = if called { s.terms.ltv_bps } else { s.terms.ltv_bps * (80 + n % 15) / 100 };
    let most = part_down(quote.value(quantity(n)), ltv_bps);
    let principal = (most / 1_000_000 * 1_000_000).max(100);
    let cast = Cast { n, bank: nth(&BANKS, n), company, principal, at };
    let prices = Prices::from([(lot.goods.clone(), quote)]);
    let (mut deal, mut effects) = lend(&cast, receipt, &prices, s)?;
    effects.extend(trouble(n, &mut deal, &mut lot, s)?);
    let mut alerts = Vec::new();
    effects.retain(|e| match e {
        // What would have woken the app long ago has done so.
        Effect::Wake { at, .. } => *at > s.now,
        Effect::Alert(alert) => {
            alerts.push(alert.clone());
            false
        }
        Effect::Book(_) => true,
    });
    // Old ones have been seen.
    alerts.iter_mut().filter(|a| a.at < s.now - 30 * DAY).for_each(|a| a.see("sample:bank-officer-02"));
    Ok(Story { lot, receipt: None, deal: Some(deal), effects, alerts })
}

fn lot(n: u64, owner: &str, at: i64) -> Lot {
    let (goods, zh, en, spec, unit, _) = goods(n);
    Lot {
        id: lot_id(n),
        warehouse: warehouse_id(n),
        custodian: nth(&CUSTODIANS, n % 12).0.to_owned(),
        owner: owner.to_owned(),
        goods: goods.to_owned(),
        goods_name: Text::new(zh, en),
        spec: spec.to_owned(),
        unit,
        quantity: quantity(n) + quantity(n) / 4,
        receipted: 0,
        leaving: 0,
        missing: 0,
        written_off: 0,
        location: format!("{}-{:02}", nth(&["A", "B", "C"], n), n % 20 + 1),
        created_at: at,
        request: String::new(),
    }
}

/// The price of a story's goods: today's, or as it was before it fell.
fn price(n: u64, at: i64, before: bool) -> Quote {
    let (goods, zh, en, _, unit, price) = goods(n);
    Quote {
        id: goods.to_owned(),
        goods: goods.to_owned(),
        name: Text::new(zh, en),
        unit,
        price: if before { before_fall(price) } else { price },
        source: String::new(),
        by: String::new(),
        at,
    }
}

/// What becomes of a receipt that no loan has.
fn leave(receipt: &mut Receipt, lot: &mut Lot, state: receipt::State, at: i64) -> Result<(), Refused> {
    match state {
        receipt::State::Withdrawn => {
            receipt.withdraw(lot, at)?;
            lot.left(receipt.quantity);
            Ok(())
        }
        receipt::State::Cancelled => receipt.cancel(lot, at),
        receipt::State::Frozen => receipt.freeze("权属待核实（示例）", "sample:regulator-01", at),
        _ => Ok(()),
    }
}

/// Who is in a story of a loan, and when it begins.
struct Cast {
    n: u64,
    bank: &'static str,
    company: (&'static str, &'static str),
    principal: u64,
    at: i64,
}

fn lend(cast: &Cast, receipt: Receipt, prices: &Prices, s: &Setting<'_>) -> Result<(Deal, Vec<Effect>), Refused> {
    // Trouble comes to loans whose money is out.
    let end = if let End::Loan(state) = end(cast.n) { state } else { State::Disbursed };
    let (at, by) = (cast.at, |role: &str| format!("sample:{role}"));
    let files = files(s.now);
    let found = files.iter().find(|(f, _)| f.bank == cast.bank && f.uscc == cast.company.0);
    let (file, consent) = found.ok_or(Refused::NotYours)?;
    let application = Application {
        id: format!("LN-S{:03}", cast.n),
        purpose: "采购原材料（示例）".into(),
        principal: cast.principal,
        terms: s.terms,
        by: by("representative-01"),
        request: String::new(),
    };
    let mut deal = Deal::apply(file, application, vec![receipt], &warehouses(s.now), at)?;
    if end == State::Applied {
        return Ok((deal, Vec::new()));
    }
    let counts = BTreeMap::from([("honour".to_owned(), u32::try_from(cast.n % 3).unwrap_or(0))]);
    deal.credit_checked(CreditCheck::of(counts, &by("bank-officer-02"), at), Some(consent), at)?;
    if end == State::Rejected {
        deal.reject("资金用途说明不足（示例）", at)?;
    }
    if matches!(end, State::CreditChecked | State::Rejected) {
        return Ok((deal, Vec::new()));
    }
    let approver = by("bank-officer-03");
    let approval =
        Approval { principal: cast.principal, by: &approver, consent: Some(consent), prices, limits: s.limits };
    deal.approve(&approval, at)?;
    if end == State::Approved {
        return Ok((deal, Vec::new()));
    }
    deal.sign(false, &by("representative-01"), at)?;
    deal.sign(true, &approver, at)?;
    deal.register_pledges(at)?;
    if end == State::Signed {
        return Ok((deal, Vec::new()));
    }
    deal.ask_disbursement(&by("bank-officer-02"), prices, s.limits.price_days, at)?;
    let paid = Outcome::Paid { bank_reference: format!("BK-S{:03}", cast.n) };
    let mut effects = deal.disbursed(None, &paid, &by("bank-officer-04"), s.calendar, at)?;
    effects.extend(serve(&mut deal, end, cast)?);
    Ok((deal, effects))
}

/// After the money is out.
fn serve(deal: &mut Deal, end: State, cast: &Cast) -> Result<Vec<Effect>, Refused> {
    let (teller, n) = ("sample:bank-officer-05", cast.n);
    let later = cast.at + 30 * DAY;
    match end {
        State::Repaying => deal.repay(&format!("RP-S{n:03}"), cast.principal / 3 + 1, teller, later),
        State::Settled => {
            let effects = deal.repay(&format!("RP-S{n:03}"), deal.loan.owed_at(later), teller, later)?;
            let whole = |p: &Pledge| Part::whole(&p.receipt);
            let parts: Vec<Part> = deal.standing().map(whole).collect();
            deal.release("sample:bank-officer-03", &parts, &Prices::new(), 0, later)?;
            Ok(effects)
        }
        State::Overdue | State::Disposal | State::WrittenOff => {
            let mut effects = deal.fall_due(cast.at + 110 * DAY);
            if end == State::Overdue {
                return Ok(effects);
            }
            effects.extend(deal.dispose("sample:bank-officer-02", cast.at + 115 * DAY)?);
            if end == State::WrittenOff {
                let receipt = deal.loan.valuation.as_ref().map(|v| v.lines[0].receipt.clone()).unwrap_or_default();
                let sale = Sale {
                    number: String::new(),
                    receipt,
                    buyer: CUSTODIANS[1].0.to_owned(),
                    proceeds: cast.principal * 9 / 10 + 1,
                    reference: format!("SL-S{n:03}"),
                    surplus: 0,
                    by: teller.to_owned(),
                    confirmed_by: None,
                    at: cast.at,
                };
                deal.enter_sale(&sale, cast.at + 119 * DAY)?;
                let number = deal.loan.pending_sales[0].number.clone();
                effects.extend(deal.confirm_sale(&number, "sample:bank-officer-04", cast.at + 120 * DAY)?);
                effects.extend(deal.write_off("sample:bank-officer-06", cast.at + 125 * DAY)?);
            }
            Ok(effects)
        }
        _ => Ok(Vec::new()),
    }
}

/// What goes wrong with a loan whose money is out.
fn trouble(n: u64, deal: &mut Deal, lot: &mut Lot, s: &Setting<'_>) -> Result<Vec<Effect>, Refused> {
    let at = s.now - DAY;
    let told = |alert: Alert| Ok(vec![Effect::Alert(alert)]);
    match end(n) {
        End::LoanFrozen => {
            let reason = "representative-changed";
            deal.loan.freeze(reason, at);
            told(Alert::new(&deal.loan, Kind::BorrowerChanged, &at.to_string(), at).detail(reason))
        }
        End::MarginCalled => {
            let prices = Prices::from([(lot.goods.clone(), price(n, s.now, false))]);
            let secured = deal.secured(&prices, s.limits.price_days, s.now)?;
            Ok(deal.revalue(&secured, s.margin_days, s.calendar, s.now))
        }
        End::GoodsMissing => {
            let (_, gone) = missing(n).unwrap_or_default();
            let amount = lot.left(gone);
            let (receipt, reason) = (&mut deal.receipts[0], Kind::GoodsMissing.code());
            receipt.freeze(reason, &format!("sensor {}", gate(n)), at)?;
            let alert = Alert::new(&deal.loan, Kind::GoodsMissing, &receipt.id, at).amount(amount);
            told(alert.receipt(&receipt.id).detail(reason))
        }
        End::Loan(_) | End::Free(_) => Ok(Vec::new()),
    }
}
