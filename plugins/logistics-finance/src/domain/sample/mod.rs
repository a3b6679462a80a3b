//! The sample that a new installation may begin with: warehouses in real towns of Xuzhou with their gates, and stories of
//! receipts and loans in every state, over a year. Each story is told by the rules themselves, at days that have passed, so that nothing in it
//! could not have happened. Companies' codes and names are synthetic; people are numbers.

mod story;
mod trade;
mod watch;

pub use story::{Setting, Story, story};
pub use trade::{Trade, stored, trade};
pub use watch::{Watch, watches};

use super::borrower::{Borrower, Consent};
use super::quote::Quote;
use super::time::DAY;
use super::warehouse::{Unit, Warehouse};
use yunlong_sdk::Text;

/// How many stories of receipts and loans there are: seventeen of each end.
pub const STORIES: u64 = 221;
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

/// The goods whose price fell by a fifth.
const FALLEN: Goods = GOODS[4];

/// What goods cost before they lost a fifth of it.
fn before_fall(price: u64) -> u64 {
    price / 4 * 5
}

fn nth<T: Copy>(of: &[T], n: u64) -> T {
    of[usize::try_from(n).unwrap_or(0) % of.len()]
}

fn warehouse_id(n: u64) -> String {
    format!("WH-S{:02}", n % 12)
}

/// The gate that saw goods leave there.
fn gate(n: u64) -> String {
    format!("DV-R{:02}", n % 12)
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

/// What everybody of the sample is called, by their codes.
pub fn parties() -> impl Iterator<Item = (&'static str, &'static str)> {
    let banks = BANKS.into_iter().zip(["徐州示例银行一号", "徐州示例银行二号"]);
    banks.chain([(CARRIER, "徐州示例物流一号有限公司")]).chain(CUSTODIANS).chain(COMPANIES)
}

/// The latest prices, and how they came about: a price a month for a year.
#[must_use]
pub fn quotes(now: i64) -> Vec<Quote> {
    let mut quotes = Vec::new();
    for (g, (code, zh, en, _, unit, price)) in GOODS.into_iter().enumerate() {
        for month in 0_u64..12 {
            // A swing of up to 6 %, which ends at the price of today.
            let swing = (month * 7 + g as u64 * 5) % 13 * u64::from(month < 11);
            let fell = code == FALLEN.0 && month < 11;
            let price = if fell { before_fall(price) } else { price };
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
            let at = now - 400 * DAY;
            let file = Borrower {
                id: id.clone(),
                bank: bank.to_owned(),
                uscc: uscc.to_owned(),
                name: name.to_owned(),
                version: 0,
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

#[cfg(test)]
mod tests {
    use super::story::End;
    use super::*;
    use crate::domain::alert::Kind;
    use crate::domain::calendar::Calendar;
    use crate::domain::effect::Effect;
    use crate::domain::ledger::Account;
    use crate::domain::loan::State;
    use crate::domain::loan::tests::{LIMITS, START, terms};
    use std::collections::{BTreeMap, BTreeSet};
    use yunlong_formats::{DivisionCode, Uscc};

    fn setting(calendar: &Calendar) -> Setting<'_> {
        Setting { terms: terms(), limits: LIMITS, margin_days: 5, calendar, now: START }
    }

    #[test]
    fn the_stories_reach_every_state_and_keep_the_rules() {
        let calendar = Calendar::default();
        let mut ends = BTreeSet::new();
        let mut loans = 0;
        for n in 0..STORIES {
            let story = story(n, &setting(&calendar)).unwrap_or_else(|e| panic!("story {n}: {e}"));
            let end = ended(&story);
            assert_eq!(end, story::end(n), "story {n}");
            ends.insert(format!("{end:?}"));
            assert!(story.lot.receipted <= story.lot.quantity);
            if let Some(deal) = &story.deal {
                loans += 1;
                let principal = Account::Principal(deal.loan.id.clone());
                let entries = story.effects.iter().filter_map(|e| if let Effect::Book(e) = e { Some(e) } else { None });
                let postings = entries.flat_map(|e| e.postings().to_vec());
                let sum: i64 = postings.filter(|p| p.account == principal).map(|p| p.amount).sum();
                assert_eq!(u64::try_from(sum), Ok(deal.loan.balance.principal), "story {n}");
            }
        }
        assert_eq!((ends.len(), loans), (11 + 3 + 5, 204));
    }

    /// Where a story has come to, by what is in it.
    fn ended(story: &Story) -> End {
        let Some(deal) = &story.deal else { return End::Free(story.receipt.as_ref().unwrap().state) };
        let loan = &deal.loan;
        match (&loan.frozen, &loan.margin, story.lot.missing) {
            (Some(_), None, 0) => End::LoanFrozen,
            (None, Some(call), 0) if call.is_open() => End::MarginCalled,
            (None, None, 1..) if deal.receipts[0].frozen.is_some() => End::GoodsMissing,
            _ => End::Loan(loan.state),
        }
    }

    #[test]
    fn what_happens_to_a_loan_is_told_to_its_bank() {
        let calendar = Calendar::default();
        for n in 0..STORIES {
            let story = story(n, &setting(&calendar)).unwrap();
            let kind = match story::end(n) {
                End::LoanFrozen => Some(Kind::BorrowerChanged),
                End::MarginCalled => Some(Kind::MarginCall),
                End::GoodsMissing => Some(Kind::GoodsMissing),
                End::Loan(State::Overdue | State::Disposal | State::WrittenOff) => Some(Kind::Overdue),
                End::Loan(_) | End::Free(_) => None,
            };
            assert_eq!(story.alerts.iter().map(|a| a.kind).collect::<Vec<_>>(), Vec::from_iter(kind), "story {n}");
            let bank = story.deal.as_ref().map(|d| &d.loan.bank);
            assert!(story.alerts.iter().all(|a| Some(&a.bank) == bank && a.at <= START));
        }
    }

    #[test]
    fn what_is_missing_of_a_lot_a_gate_of_its_warehouse_has_seen() {
        let calendar = Calendar::default();
        let watches = watches(START);
        let seen: BTreeMap<_, _> = watches
            .iter()
            .flat_map(|w| &w.events)
            .filter_map(|e| Some((e.lot.clone()?, (e.unexplained, e.warehouse.clone(), e.reading.device.clone()))))
            .collect();
        let mut missing = 0;
        for n in 0..STORIES {
            let Story { lot, deal, .. } = story(n, &setting(&calendar)).unwrap();
            let known = seen.get(&lot.id).map(|(gone, warehouse, _)| (*gone, warehouse.clone()));
            assert_eq!(known, (lot.missing > 0).then(|| (lot.missing, lot.warehouse.clone())), "story {n}");
            if let Some((_, _, device)) = seen.get(&lot.id) {
                let frozen = deal.and_then(|d| d.receipts[0].frozen.clone()).unwrap();
                assert_eq!(frozen.by, format!("sensor {device}"));
                missing += 1;
            }
        }
        assert_eq!((missing, watches.len()), (5, 12 + 4));
        let heard = |w: &Watch| w.device.last_sequence == w.events.len() as u64 && w.device.gaps.is_empty();
        assert!(watches.iter().all(|w| heard(w) && (w.events.is_empty() || !w.device.active)));
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
