//! Stories of receipts and loans, one for each number.

use super::super::borrower::CreditCheck;
use super::super::calendar::Calendar;
use super::super::effect::Effect;
use super::super::loan::{Application, Approval, Deal, Limits, Outcome, Part, Sale, State, Terms};
use super::super::money::part_down;
use super::super::pledge::Pledge;
use super::super::quote::{Prices, Quote};
use super::super::receipt::Receipt;
use super::super::refused::Refused;
use super::super::time::DAY;
use super::super::warehouse::{Lot, Unit};
use super::{BANKS, COMPANIES, CUSTODIANS, GOODS, files, nth, warehouse_id, warehouses};
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// Where a story ends; `None`: a receipt without a loan.
pub(super) const ENDS: [Option<State>; 12] = [
    Some(State::Applied),
    Some(State::CreditChecked),
    Some(State::Approved),
    Some(State::Signed),
    Some(State::Disbursed),
    Some(State::Repaying),
    Some(State::Settled),
    Some(State::Rejected),
    Some(State::Overdue),
    Some(State::Disposal),
    Some(State::WrittenOff),
    None,
];

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
}

/// By what stories are told: as the installation's configuration has it.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What banks offer, for 90 days.
    pub terms: Terms,
    /// By what they approve.
    pub limits: Limits,
    /// Which days they do business.
    pub calendar: &'a Calendar,
    /// Milliseconds of UTC.
    pub now: i64,
}

/// Days before today on which the story of a loan with this end begins.
fn began(end: Option<State>) -> i64 {
    match end {
        Some(State::Overdue | State::Disposal | State::WrittenOff) => 130,
        Some(State::Settled) => 80,
        Some(State::Disbursed | State::Repaying) => 40,
        _ => 3,
    }
}

/// The story of a number.
///
/// # Errors
/// Never for these stories; a test holds that. The rules could refuse others.
pub fn story(n: u64, s: &Setting<'_>) -> Result<Story, Refused> {
    let end = nth(&ENDS, n);
    let at = s.now - began(end) * DAY - i64::try_from(n % 97).unwrap_or(0) * 60_000;
    let (goods, zh, en, spec, unit, price) = nth(&GOODS, n);
    let (custodian, _) = nth(&CUSTODIANS, n % 12);
    // The affiliate of the first custodian stores elsewhere.
    let company = if n.is_multiple_of(3) { nth(&COMPANIES[..5], n / 2) } else { nth(&COMPANIES, n / 2) };
    let quantity = (200 + n * 37 % 800) * if unit == Unit::Piece { 10 } else { 1_000 };
    let mut lot = Lot {
        id: format!("LT-S{n:03}"),
        warehouse: warehouse_id(n),
        custodian: custodian.to_owned(),
        owner: company.0.to_owned(),
        goods: goods.to_owned(),
        goods_name: Text::new(zh, en),
        spec: spec.to_owned(),
        unit,
        quantity: quantity + quantity / 4,
        receipted: 0,
        leaving: 0,
        missing: 0,
        written_off: 0,
        location: format!("{}-{:02}", nth(&["A", "B", "C"], n), n % 20 + 1),
        created_at: at,
        request: String::new(),
    };
    let mut receipt =
        Receipt::draft(format!("WR-S{n:03}"), &lot, quantity, company.0, "sample:warehouse-clerk-01", at)?;
    // Some stay drafts, and some are free.
    if end.is_some() || n % 24 != 11 {
        receipt.issue(&mut lot, at)?;
    }
    let Some(end) = end else { return Ok(Story { lot, receipt: Some(receipt), deal: None, effects: Vec::new() }) };
    let quote = Quote {
        id: goods.to_owned(),
        goods: goods.to_owned(),
        name: Text::new(zh, en),
        unit,
        price,
        source: String::new(),
        by: String::new(),
        at,
    };
    let most = part_down(quote.value(quantity), s.terms.ltv_bps * (80 + n % 15) / 100);
    let principal = (most / 1_000_000 * 1_000_000).max(100);
    let cast = Cast { n, bank: nth(&BANKS, n), company, principal, at };
    let prices = Prices::from([(goods.to_owned(), quote)]);
    let (deal, effects) = lend(&cast, end, receipt, &prices, s)?;
    Ok(Story { lot, receipt: None, deal: Some(deal), effects })
}

/// Who is in a story of a loan, and when it begins.
struct Cast {
    n: u64,
    bank: &'static str,
    company: (&'static str, &'static str),
    principal: u64,
    at: i64,
}

fn lend(
    cast: &Cast,
    end: State,
    receipt: Receipt,
    prices: &Prices,
    s: &Setting<'_>,
) -> Result<(Deal, Vec<Effect>), Refused> {
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
    effects.extend(serve(&mut deal, end, cast, s)?);
    // What would have woken the app long ago has done so.
    effects.retain(|e| !matches!(e, Effect::Wake { at, .. } if *at <= s.now) && !matches!(e, Effect::Alert(_)));
    Ok((deal, effects))
}

/// After the money is out.
fn serve(deal: &mut Deal, end: State, cast: &Cast, s: &Setting<'_>) -> Result<Vec<Effect>, Refused> {
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
            let mut effects = deal.fall_due(s.now - 20 * DAY);
            if end == State::Overdue {
                return Ok(effects);
            }
            effects.extend(deal.dispose("sample:bank-officer-02", s.now - 15 * DAY)?);
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
                    at: s.now,
                };
                deal.enter_sale(&sale, s.now - 11 * DAY)?;
                let number = deal.loan.pending_sales[0].number.clone();
                effects.extend(deal.confirm_sale(&number, "sample:bank-officer-04", s.now - 10 * DAY)?);
                effects.extend(deal.write_off("sample:bank-officer-06", s.now - 5 * DAY)?);
            }
            Ok(effects)
        }
        _ => Ok(Vec::new()),
    }
}
