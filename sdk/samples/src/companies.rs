//! Companies, sole traders and the like, and what is on record about their conduct.

use crate::check::{ALPHABET, uscc};
use crate::divisions::{CITY_NAME, SPREAD, VILLAGES, name};
use crate::random::Random;
use crate::{Row, TODAY, names, row};
use yunlong_formats::Date;

/// A block of organization codes that this province was not allotted: no entity here has one.
const BLOCK: &str = "MA000";

/// Kind, the head of its code, the end of its name, and its share in hundredths.
const KINDS: [((&str, &str, &str), u64); 5] = [
    (("company", "91", "有限公司"), 34),
    (("sole-trader", "92", "经营部"), 50),
    (("farmers-cooperative", "93", "专业合作社"), 8),
    (("institution", "12", "服务中心"), 5),
    (("association", "51", "协会"), 3),
];

/// Section of GB/T 4754, what it is called in a name, and its share in hundredths.
const INDUSTRIES: [((&str, &str), u64); 12] = [
    (("A", "农业"), 9),
    (("C", "机械"), 16),
    (("E", "建筑"), 8),
    (("F", "商贸"), 30),
    (("G", "物流"), 7),
    (("H", "餐饮"), 8),
    (("I", "信息"), 4),
    (("K", "置业"), 3),
    (("L", "商务"), 5),
    (("M", "科技"), 5),
    (("O", "家政"), 3),
    (("R", "文化"), 2),
];

/// The code of the entity `n`.
fn code(head: &str, area: &str, rank: u64) -> String {
    // Without T and Y, with which the codes of examples and of the demo begin.
    const FIRST: &[u8] = b"0123456789ABCDEFGHJKLMNPQRUWX";
    let digit = |of: &[u8], n: u64| char::from(of[(n % of.len() as u64) as usize]);
    let body = format!("{BLOCK}{}{}{}", digit(FIRST, rank / 961), digit(ALPHABET, rank / 31), digit(ALPHABET, rank));
    uscc(head, area, &body).map(|c| c.to_string()).unwrap_or_default()
}

/// The rows of the first `count` entities.
pub(crate) fn entities(seed: u64, count: u64) -> impl Iterator<Item = Row> + Send {
    (0..count).map(move |n| entity(seed, n))
}

/// What the code of an entity needs; drawn first, so that events find it again.
fn head_of(random: &mut Random, n: u64) -> (String, &'static str, &'static str, &'static str) {
    let (county, rank) = SPREAD.at(n);
    let (kind, head, ending) = *random.weighted(&KINDS);
    (code(head, county.numbers_of, rank), county.code, kind, ending)
}

fn entity(seed: u64, n: u64) -> Row {
    let mut random = Random::new(seed, "entity", n);
    let (uscc, county, kind, ending) = head_of(&mut random, n);
    let village = random.pick(&VILLAGES[county]);
    let (industry, word) = match kind {
        "farmers-cooperative" => ("A", "种植"),
        "institution" | "association" => ("S", "公共事务"),
        _ => *random.weighted(&INDUSTRIES),
    };
    let place = if kind == "company" { CITY_NAME } else { name(county) };
    let founded = founded(&mut random);
    // Whole multiples of 10,000 yuan, in fen.
    let capital = match kind {
        "company" => Some(random.pick(&[50, 100, 200, 500, 1_000, 2_000, 5_000]) * 1_000_000_i64),
        "farmers-cooperative" => Some(random.between(5, 300) * 1_000_000),
        _ => None,
    };
    row! {
        "uscc": uscc,
        "name": format!("{place}{}{word}{ending}（示例）", names::firm(&mut random)),
        "kind": kind,
        "representative": format!("{}{}", names::surname(&mut random), { let man = random.chance(600); names::given(&mut random, man) }),
        "industry": industry,
        "division": village.code,
        "address": format!("{}{}", village.address, names::street(&mut random)),
        "capital": capital,
        "founded": founded,
        "status": *random.weighted(&[("active", 91), ("cancelled", 7), ("revoked", 2)]),
    }
}

fn founded(random: &mut Random) -> Date {
    date(random, 1995, TODAY.0 - 1)
}

fn date(random: &mut Random, first: u16, last: u16) -> Date {
    let year = random.between(first.into(), last.into()) as u16;
    let (month, day) = (random.between(1, 12) as u8, random.between(1, 28) as u8);
    Date::new(year, month, day).unwrap_or_else(|_| unreachable!("every month has 28 days"))
}

/// Kind, content, who decided, and its share in hundredths.
const EVENTS: [((&str, &str, &str), u64); 9] = [
    (("licence", "食品经营许可（合成示例）", "市场监督管理局（示例）"), 24),
    (("licence", "道路货物运输经营许可（合成示例）", "交通运输局（示例）"), 14),
    (("licence", "建筑施工安全生产许可（合成示例）", "住房和城乡建设局（示例）"), 10),
    (("penalty", "未按规定公示年度报告（合成示例）", "市场监督管理局（示例）"), 12),
    (("penalty", "未按规定处置固体废物（合成示例）", "生态环境局（示例）"), 5),
    (("honour", "守合同重信用单位（合成示例）", "市场监督管理局（示例）"), 10),
    (("honour", "纳税信用等级较高（合成示例）", "税务部门（示例）"), 10),
    (("performance", "政府采购合同履约（合成示例）", "财政局（示例）"), 11),
    (("breach", "逾期未履行付款义务（合成示例）", "发展和改革委员会（示例）"), 4),
];

/// How many events an entity has.
fn event_count_of(seed: u64, n: u64) -> u64 {
    *Random::new(seed, "events", n).weighted(&[(0, 45), (1, 30), (2, 15), (3, 7), (6, 3)])
}

/// How many events there are.
pub(crate) fn event_count(seed: u64, entities: u64) -> u64 {
    (0..entities).map(|n| event_count_of(seed, n)).sum()
}

/// The rows of the events of the first `entities` entities.
pub(crate) fn events(seed: u64, entities: u64) -> impl Iterator<Item = Row> + Send {
    (0..entities).flat_map(move |n| {
        let (uscc, county, ..) = head_of(&mut Random::new(seed, "entity", n), n);
        (0..event_count_of(seed, n)).map(move |i| event(seed, n, i, &uscc, county))
    })
}

fn event(seed: u64, n: u64, i: u64, uscc: &str, county: &'static str) -> Row {
    let mut random = Random::new(seed, "event", n * 16 + i);
    let (kind, content, authority) = *random.weighted(&EVENTS);
    let decided = date(&mut random, 2018, TODAY.0);
    let (years, amount) = match kind {
        "licence" => (Some(5), None),
        "penalty" => (Some(3), Some(random.between(1, 200) * 50_000)),
        "performance" => (None, Some(random.between(10, 5_000) * 100_000)),
        "breach" => (Some(5), Some(random.between(5, 900) * 100_000)),
        _ => (Some(2), None),
    };
    let until = years.and_then(|y| Date::new(decided.year() + y, decided.month(), decided.day()).ok());
    row! {
        "event": format!("XZ{n:07}{i:02}"),
        "uscc": uscc,
        "kind": kind,
        "date": decided,
        "until": until,
        "authority": format!("{CITY_NAME}{authority}"),
        "content": content,
        "amount": amount,
        "division": county,
    }
}
