//! The sample that a new installation may begin with: warehouses in real towns of Xuzhou, and stories of receipts and
//! loans in every state. Each story is told by the rules themselves, at days that have passed, so that nothing in it
//! could not have happened. Companies' codes and names are synthetic; people are numbers.

use super::borrower::{Borrower, Consent, CreditCheck};
use super::calendar::Calendar;
use super::effect::Effect;
use super::flow::{self, Carried, Flow, Order, Paid, Stored};
use super::freight::{self, FreightOrder, Place, Proof, Reason, Waybill};
use super::loan::{Application, Approval, Deal, Limits, Outcome, Sale, State, Terms};
use super::money::part_down;
use super::quote::{Prices, Quote};
use super::receipt::Receipt;
use super::refused::Refused;
use super::time::DAY;
use super::warehouse::{Lot, Unit, Warehouse};
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// How many stories of receipts and loans there are.
pub const STORIES: u64 = 200;
/// How many stories of waybills and flow links there are.
pub const TRADES: u64 = 24;

/// The banks: two, so that neither sees the other's loans.
pub const BANKS: [&str; 2] = ["91320300MA000TXA86", "91320300MA000TXB61"];
/// The carrier.
pub const CARRIER: &str = "91320300MA000TXC4U";
/// Who keeps goods.
pub const CUSTODIANS: [(&str, &str); 3] = [
    ("91320300MA000TX9X6", "徐州示例仓储一号有限公司"),
    ("91320300MA000TXD2N", "徐州示例仓储二号有限公司"),
    ("91320300MA000TXE0H", "徐州示例仓储三号有限公司"),
];
/// Who owns goods and borrows; the last one is an affiliate of the first custodian and borrows at the others.
pub const COMPANIES: [(&str, &str); 6] = [
    ("91320300MA000TX14G", "徐州示例制造一号有限公司"),
    ("91320300MA000TXF9E", "徐州示例制造二号有限公司"),
    ("91320300MA000TXG79", "徐州示例制造三号有限公司"),
    ("91320300MA000TXH54", "徐州示例制造四号有限公司"),
    ("91320300MA000TXJ1Q", "徐州示例制造五号有限公司"),
    ("91320300MA000TXKXG", "徐州示例制造六号有限公司"),
];

/// Division, town and village.
const PLACES: [(&str, &str, &str); 12] = [
    ("320305004002", "贾汪区大吴街道", "湖里村社区"),
    ("320305102002", "贾汪区青山泉镇", "青山泉社区"),
    ("320324109002", "睢宁县沙集镇", "东风社区"),
    ("320322110002", "沛县敬安镇", "敬安二居"),
    ("320322002002", "沛县大屯街道", "小营居"),
    ("320321105202", "丰县欢口镇", "肖庄村"),
    ("320382115202", "邳州市铁富镇", "镇中村"),
    ("320382102201", "邳州市邳城镇", "邳城村"),
    ("320381108202", "新沂市棋盘镇", "毛林村"),
    ("320312105202", "铜山区郑集镇", "代楼村"),
    ("320312116202", "铜山区利国镇", "林头村"),
    ("320324107002", "睢宁县官山镇", "龙山社区"),
];

/// Code, names, specification, unit, and fen for a tonne or a piece.
type Goods = (&'static str, &'static str, &'static str, &'static str, Unit, u64);
const GOODS: [Goods; 5] = [
    ("coal-5500", "动力煤", "Steam coal", "Q5500", Unit::Kilogram, 78_000),
    ("rebar-hrb400", "螺纹钢", "Rebar", "HRB400 20 mm", Unit::Kilogram, 335_000),
    ("garlic-dry", "干大蒜", "Dried garlic", "5.5 cm", Unit::Kilogram, 620_000),
    ("plywood-18", "胶合板", "Plywood", "18 mm", Unit::Piece, 8_600),
    ("wheat-3", "小麦", "Wheat", "三等", Unit::Kilogram, 246_000),
];

/// Where a story ends; `None`: a receipt without a loan.
const ENDS: [Option<State>; 12] = [
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

fn nth<T: Copy>(of: &[T], n: u64) -> T {
    of[usize::try_from(n).unwrap_or(0) % of.len()]
}

fn warehouse_id(n: u64) -> String {
    format!("WH-S{:02}", n % 12)
}

/// The warehouses.
#[must_use]
pub fn warehouses(now: i64) -> Vec<Warehouse> {
    (0..12)
        .map(|n| {
            let (division, town, village) = nth(&PLACES, n);
            let (custodian, custodian_name) = nth(&CUSTODIANS, n);
            let affiliates = if n % 3 == 0 { vec![COMPANIES[5].0.to_owned()] } else { Vec::new() };
            Warehouse {
                id: warehouse_id(n),
                name: Text::new(format!("{town}{}号仓库", n + 1), format!("Warehouse {} ({town})", n + 1)),
                custodian: custodian.to_owned(),
                custodian_name: custodian_name.to_owned(),
                division: division.to_owned(),
                address: format!("{town}{village}"),
                affiliates,
                active: true,
                created_at: now - 400 * DAY + i64::try_from(n).unwrap_or(0),
                request: String::new(),
            }
        })
        .collect()
}

/// The latest prices, and how they came about: a price a month for a year.
#[must_use]
pub fn quotes(now: i64) -> Vec<Quote> {
    let mut quotes = Vec::new();
    for (g, (code, zh, en, _, unit, price)) in GOODS.into_iter().enumerate() {
        for month in 0_u64..12 {
            // A swing of up to 6 %, which ends at the price of today.
            let swing = (month * 7 + g as u64 * 5) % 13 * u64::from(month < 11);
            quotes.push(Quote {
                id: code.to_owned(),
                goods: code.to_owned(),
                name: Text::new(zh, en),
                unit,
                price: price + price / 200 * swing,
                source: "市场价格监测（示例）".into(),
                by: "sample:regulator-01".into(),
                at: now - i64::try_from(11 - month).unwrap_or(0) * 30 * DAY,
            });
        }
    }
    quotes
}

/// The files and consents of every company at both banks.
#[must_use]
pub fn files(now: i64) -> Vec<(Borrower, Consent)> {
    let pairs = BANKS.into_iter().flat_map(|bank| COMPANIES.into_iter().map(move |c| (bank, c)));
    pairs
        .map(|(bank, (uscc, name))| {
            let id = Borrower::key(bank, uscc);
            let at = now - 300 * DAY;
            let file = Borrower {
                id: id.clone(),
                bank: bank.to_owned(),
                uscc: uscc.to_owned(),
                name: name.to_owned(),
                opened_by: "sample:bank-officer-01".into(),
                opened_at: at,
            };
            let consent = Consent {
                id,
                bank: bank.to_owned(),
                borrower: uscc.to_owned(),
                given_by: "sample:representative-01".into(),
                mandate: "sample:mandate-01".into(),
                given_at: at,
                until: at + 1_000 * DAY,
                withdrawn_at: None,
            };
            (file, consent)
        })
        .collect()
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
    let company = if n % 3 == 0 { nth(&COMPANIES[..5], n / 2) } else { nth(&COMPANIES, n / 2) };
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
    let mut effects = deal.disbursed(&paid, &by("bank-officer-04"), s.calendar, at)?;
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
        State::Settled => deal.repay(&format!("RP-S{n:03}"), deal.loan.owed_at(later), teller, later),
        State::Overdue | State::Disposal | State::WrittenOff => {
            let mut effects = deal.fall_due(s.now - 20 * DAY);
            if end == State::Overdue {
                return Ok(effects);
            }
            effects.extend(deal.dispose("sample:bank-officer-02", s.now - 15 * DAY)?);
            if end == State::WrittenOff {
                let receipt = deal.loan.valuation.as_ref().map(|v| v.lines[0].receipt.clone()).unwrap_or_default();
                let sale = Sale {
                    receipt,
                    buyer: CUSTODIANS[1].0.to_owned(),
                    proceeds: cast.principal * 9 / 10 + 1,
                    reference: format!("SL-S{n:03}"),
                    surplus: 0,
                    by: teller.to_owned(),
                    at: s.now,
                };
                effects.extend(deal.sell(&sale, s.now - 10 * DAY)?);
                effects.extend(deal.write_off("sample:bank-officer-06", s.now - 5 * DAY)?);
            }
            Ok(effects)
        }
        _ => Ok(Vec::new()),
    }
}

/// A trade: its freight order, its waybill, and the link of its flows.
#[derive(Debug)]
pub struct Trade {
    /// The freight order.
    pub freight: FreightOrder,
    /// The waybill.
    pub waybill: Waybill,
    /// The link.
    pub flow: Flow,
}

/// The trade of a number: waybills in every state, and links from open to settled. The receipt of a link is one that a
/// story left free, where there is one.
///
/// # Errors
/// Never for these trades; a test holds that.
pub fn trade(n: u64, now: i64) -> Result<Trade, Refused> {
    let at = now - i64::try_from(n % 20).unwrap_or(0) * DAY - DAY;
    let (seller, buyer) = (nth(&COMPANIES, n).0.to_owned(), nth(&COMPANIES, n + 1).0.to_owned());
    let (goods, _, _, _, unit, price) = nth(&GOODS, n);
    let quantity = (10 + n) * if unit == Unit::Piece { 10 } else { 1_000 };
    let amount = quantity * price / unit.priced_by();
    let number = format!("SO-S{n:03}");
    let place = |n: u64| {
        let (division, town, village) = nth(&PLACES, n);
        Place { division: division.to_owned(), address: format!("{town}{village}") }
    };
    let mut freight = FreightOrder {
        id: format!("FO-S{n:03}"),
        shipper: seller.clone(),
        carrier: CARRIER.to_owned(),
        order: number.clone(),
        request: None,
        goods: goods.to_owned(),
        quantity,
        from: place(n),
        to: place(n + 5),
        value: amount,
        not_after: now + 7 * DAY,
        parcels: Vec::new(),
        waybill: None,
        created_at: at,
        digest: String::new(),
    };
    let mut waybill = freight.book(format!("WB-S{n:03}"), at)?;
    let end = nth(&freight::State::ALL, n);
    for to in [freight::State::Loaded, freight::State::InTransit, freight::State::Delivered] {
        if end == freight::State::Booked || waybill.state == end {
            break;
        }
        if end == freight::State::Exception && to == freight::State::Delivered {
            waybill.advance(end, Some(nth(&Reason::ALL, n / 6)), at)?;
            break;
        }
        waybill.advance(to, None, at)?;
        waybill.vehicle = format!("苏C·示例{n:02}");
        waybill.driver = format!("D-{:03}", n + 1);
    }
    if end == freight::State::Signed {
        let document = format!("POD-S{n:03}");
        waybill.sign(Proof { received_by: "收货岗".into(), document, quantity, at }, at)?;
    }
    let flow = link(n, now, &waybill, Order { number, buyer, seller, goods: goods.to_owned(), quantity, amount })?;
    Ok(Trade { freight, waybill, flow })
}

fn link(n: u64, now: i64, waybill: &Waybill, order: Order) -> Result<Flow, Refused> {
    let bank = nth(&BANKS, n).to_owned();
    let delivered = waybill.proof.as_ref().map(|p| p.quantity);
    let paid = (n % 4 != 0).then(|| Paid {
        reference: format!("PM-S{n:03}"),
        payer: order.buyer.clone(),
        payee: order.seller.clone(),
        amount: order.amount,
        bank: bank.clone(),
        by: "sample:bank-officer-05".into(),
        at: now - DAY,
    });
    let mut flow = Flow {
        id: format!("FL-S{n:03}"),
        buyer: order.buyer.clone(),
        seller: order.seller.clone(),
        bank,
        carried: Some(Carried {
            waybill: waybill.id.clone(),
            order: waybill.order.clone(),
            goods: waybill.goods.clone(),
            delivered,
        }),
        stored: Some(Stored {
            receipt: format!("WR-T{n:03}"),
            holder: order.seller.clone(),
            goods: order.goods.clone(),
            quantity: order.quantity,
            encumbered: false,
        }),
        paid,
        state: flow::State::Open,
        released_by: None,
        released_at: None,
        invoice: None,
        created_at: now - DAY,
        request: String::new(),
        order,
    };
    if flow.disagreements().is_empty() {
        flow.release("sample:bank-officer-03", now)?;
        if n > 12 {
            flow.settle(&format!("INV-S{n:03}"))?;
        }
    }
    Ok(flow)
}

/// The lot and the receipt of a trade, which its link names.
///
/// # Errors
/// Never for these trades.
pub fn stored(n: u64, trade: &Trade, now: i64) -> Result<(Lot, Receipt), Refused> {
    let (goods, zh, en, spec, unit, _) = nth(&GOODS, n);
    let (custodian, _) = nth(&CUSTODIANS, n % 12);
    let order = &trade.flow.order;
    let at = now - 2 * DAY;
    let mut lot = Lot {
        id: format!("LT-T{n:03}"),
        warehouse: warehouse_id(n),
        custodian: custodian.to_owned(),
        owner: order.seller.clone(),
        goods: goods.to_owned(),
        goods_name: Text::new(zh, en),
        spec: spec.to_owned(),
        unit,
        quantity: order.quantity,
        receipted: 0,
        leaving: 0,
        missing: 0,
        location: format!("T-{:02}", n + 1),
        created_at: at,
        request: String::new(),
    };
    let id = format!("WR-T{n:03}");
    let mut receipt = Receipt::draft(id, &lot, order.quantity, &order.seller, "sample:warehouse-clerk-01", at)?;
    receipt.issue(&mut lot, at)?;
    Ok((lot, receipt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loan::tests::{LIMITS, START, terms};
    use std::collections::BTreeSet;
    use yunlong_formats::{DivisionCode, Uscc};

    fn setting(calendar: &Calendar) -> Setting<'_> {
        Setting { terms: terms(), limits: LIMITS, calendar, now: START }
    }

    #[test]
    fn two_hundred_stories_reach_every_state_and_keep_the_rules() {
        let calendar = Calendar::default();
        let mut ends = BTreeSet::new();
        for n in 0..STORIES {
            let story = story(n, &setting(&calendar)).unwrap_or_else(|e| panic!("story {n}: {e}"));
            let end = story.deal.as_ref().map(|d| d.loan.state);
            assert_eq!(end, nth(&ENDS, n), "story {n}");
            ends.insert(end.map(State::code));
            assert!(story.lot.receipted <= story.lot.quantity);
            if let Some(deal) = &story.deal {
                let principal = super::super::ledger::Account::Principal(deal.loan.id.clone());
                let entries = story.effects.iter().filter_map(|e| if let Effect::Book(e) = e { Some(e) } else { None });
                let postings = entries.flat_map(|e| e.postings().to_vec());
                let sum: i64 = postings.filter(|p| p.account == principal).map(|p| p.amount).sum();
                assert_eq!(u64::try_from(sum), Ok(deal.loan.balance.principal), "story {n}");
            }
        }
        assert_eq!(ends.len(), 12);
    }

    #[test]
    fn trades_have_waybills_and_links_in_every_state() {
        let (mut waybills, mut links) = (BTreeSet::new(), BTreeSet::new());
        for n in 0..TRADES {
            let trade = trade(n, START).unwrap_or_else(|e| panic!("trade {n}: {e}"));
            let (lot, receipt) = stored(n, &trade, START).unwrap();
            assert_eq!((lot.quantity, &receipt.id), (receipt.quantity, &trade.flow.stored.as_ref().unwrap().receipt));
            waybills.insert(trade.waybill.state.code());
            links.insert(trade.flow.state.code());
        }
        assert_eq!((waybills.len(), links.len()), (6, 3));
    }

    #[test]
    fn codes_have_their_check_digits() {
        let codes = BANKS.into_iter().chain([CARRIER]).chain(CUSTODIANS.map(|c| c.0)).chain(COMPANIES.map(|c| c.0));
        let codes: Vec<&str> = codes.collect();
        assert!(codes.iter().all(|c| c.parse::<Uscc>().is_ok()));
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        assert!(PLACES.iter().all(|p| p.0.parse::<DivisionCode>().is_ok()));
    }
}
