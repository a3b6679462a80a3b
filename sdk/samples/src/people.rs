//! People and the households that they live in.
//!
//! # How numbers are unique
//! People come in blocks of [`BLOCK`], a block in one county; the elements of [`SPREAD`] are blocks. So a
//! person has a rank among all whose numbers carry the same county's codes, from the block's rank
//! and the place in the block. Men have the even ranks and women the odd ones. Half the rank, multiplied
//! by a number without common factors, is a slot: a day of the year and an order number. Two people of the same
//! sex and county never have the same slot below [`SLOTS`], whatever their years of birth.

use crate::divisions::{SPREAD, VILLAGES, Village};
use crate::random::Random;
use crate::{Row, TODAY, check, names, row};
use yunlong_formats::Date;

/// People of a block: a household never crosses its end.
const BLOCK: u64 = 40;
/// Order numbers of a day that are given, for each sex.
const ORDERS: u64 = 499;
/// Days of a year that people are born on: not on 29 February.
const DAYS: u64 = 365;
/// The slots of each sex and county.
const SLOTS: u64 = ORDERS * DAYS;
/// Without common factors with [`SLOTS`] = 499 × 5 × 73, and near its golden section: neighbours are far apart.
const STRIDE: u64 = 112_567;

/// Somebody, before it is known what of them is written where.
struct Person {
    resident_id: String,
    surname: &'static str,
    name: String,
    man: bool,
    birth: Date,
    ethnicity: &'static str,
    relation: &'static str,
    mobile: Option<String>,
    status: &'static str,
}

/// A household with its members, the head first.
struct Household {
    number: String,
    village: &'static Village,
    address: String,
    members: Vec<Person>,
}

/// The rows of the first `people` people.
pub(crate) fn people(seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    all(seed, people).flat_map(|h| {
        let Household { number, village, address, members } = h;
        members.into_iter().map(move |p| {
            row! {
                "resident_id": p.resident_id,
                "name": p.name,
                "sex": if p.man { "1" } else { "2" },
                "birth_date": p.birth,
                "ethnicity": p.ethnicity,
                "division": village.code,
                "address": address.clone(),
                "household": number.clone(),
                "relation": p.relation,
                "mobile": p.mobile,
                "status": p.status,
            }
        })
    })
}

/// The rows of their households.
pub(crate) fn households(seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    all(seed, people).map(|h| {
        row! {
            "household": h.number,
            "head": h.members[0].resident_id.as_str(),
            "division": h.village.code,
            "address": h.address,
            "size": h.members.len() as i64,
        }
    })
}

/// How many households they are.
pub(crate) fn household_count(seed: u64, people: u64) -> u64 {
    let last = people % BLOCK;
    let whole: u64 = (0..people / BLOCK).map(|b| kinds(seed, b).len() as u64).sum();
    let mut left = last.cast_signed();
    let rest = kinds(seed, people / BLOCK).into_iter().take_while(|k| {
        let begun = left > 0;
        left -= k.size() as i64;
        begun
    });
    whole + if last == 0 { 0 } else { rest.count() as u64 }
}

/// All households; of the last one those members that are among the people.
fn all(seed: u64, people: u64) -> impl Iterator<Item = Household> + Send {
    (0..people.div_ceil(BLOCK)).flat_map(move |block| {
        let mut left = (people - block * BLOCK).min(BLOCK) as usize;
        let mut households = Vec::new();
        let mut first = 0;
        for (i, kind) in kinds(seed, block).into_iter().enumerate() {
            if left == 0 {
                break;
            }
            let mut household = household(seed, block, i as u64, first, kind);
            household.members.truncate(left);
            left -= household.members.len();
            first += kind.size();
            households.push(household);
        }
        households
    })
}

/// Who lives together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Single,
    OldSingle,
    Couple,
    OldCouple,
    /// A couple with so many children.
    Family(usize),
    /// A couple, a child and a parent of the head.
    ThreeGenerations,
    /// One parent with a child.
    OneParent,
}

/// In thousandths of the households: nearly as many people of each age as the country has.
const KINDS: [(Kind, u64); 8] = [
    (Kind::Single, 100),
    (Kind::OldSingle, 80),
    (Kind::Couple, 120),
    (Kind::OldCouple, 130),
    (Kind::Family(1), 250),
    (Kind::Family(2), 170),
    (Kind::ThreeGenerations, 100),
    (Kind::OneParent, 50),
];

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Single | Self::OldSingle => 1,
            Self::Couple | Self::OldCouple | Self::OneParent => 2,
            Self::Family(children) => 2 + children,
            Self::ThreeGenerations => 4,
        }
    }
}

/// The households of a block: as they are drawn, and at its end whatever still fits.
fn kinds(seed: u64, block: u64) -> Vec<Kind> {
    let mut random = Random::new(seed, "block", block);
    let mut left = BLOCK as usize;
    let mut kinds = Vec::new();
    while left > 0 {
        let drawn = *random.weighted(&KINDS);
        let kind = match left {
            n if drawn.size() <= n => drawn,
            1 => Kind::Single,
            2 => Kind::Couple,
            _ => Kind::Family(1),
        };
        left -= kind.size();
        kinds.push(kind);
    }
    kinds
}

fn household(seed: u64, block: u64, index: u64, first: usize, kind: Kind) -> Household {
    let (county, rank) = SPREAD.at(block);
    let mut random = Random::new(seed, "household", block * BLOCK + index);
    let village = random.pick(&VILLAGES[county.code]);
    let address = format!("{}{}", village.address, names::street(&mut random));
    let ages = ages(&mut random, kind);
    let mut members: Vec<Person> = Vec::with_capacity(ages.len());
    // The father's and the mother's, whoever of them is the head.
    let surnames = [names::surname(&mut random), names::surname(&mut random)];
    for (place, (relation, age)) in ages.into_iter().enumerate() {
        let rank = rank * BLOCK + (first + place) as u64;
        let man = rank.is_multiple_of(2);
        let surname = match relation {
            Relation::Head | Relation::Spouse => surnames[usize::from(!man)],
            Relation::Child => surnames[0],
            Relation::Parent if man => members[0].surname,
            Relation::Parent => names::surname(&mut random),
        };
        members.push(person(&mut random, seed, county.numbers_of, rank, relation, age, surname));
    }
    Household { number: format!("{}{block:06}{index:02}", county.code), village, address, members }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Head,
    Spouse,
    Child,
    Parent,
}

/// How old the members are.
fn ages(random: &mut Random, kind: Kind) -> Vec<(Relation, i64)> {
    use Relation::{Child, Head, Parent, Spouse};
    let (low, high) = match kind {
        Kind::Single => (20, 59),
        Kind::OldSingle => (60, 94),
        Kind::Couple => (23, 59),
        Kind::OldCouple => (60, 90),
        Kind::Family(_) | Kind::ThreeGenerations => (26, 54),
        Kind::OneParent => (26, 50),
    };
    let head = random.between(low, high);
    let mut ages = vec![(Head, head)];
    if !matches!(kind, Kind::Single | Kind::OldSingle | Kind::OneParent) {
        ages.push((Spouse, (head + random.between(-4, 4)).max(22)));
    }
    let younger = ages.iter().map(|(_, age)| *age).min().unwrap_or(head);
    let children = match kind {
        Kind::Family(children) => children,
        Kind::ThreeGenerations | Kind::OneParent => 1,
        _ => 0,
    };
    // The oldest child was born when the younger of the parents was 21 to 33.
    let mut child = (younger - random.between(21, 33)).clamp(0, 26);
    for _ in 0..children {
        ages.push((Child, child));
        child = (child - random.between(1, 6)).max(0);
    }
    if kind == Kind::ThreeGenerations {
        ages.push((Parent, head + random.between(21, 34)));
    }
    ages
}

fn person(
    random: &mut Random,
    seed: u64,
    numbers_of: &str,
    rank: u64,
    relation: Relation,
    age: i64,
    surname: &'static str,
) -> Person {
    let man = rank.is_multiple_of(2);
    let slot = (rank / 2 * STRIDE + seed % SLOTS) % SLOTS;
    let birth = birth(age, slot / ORDERS);
    let order = slot % ORDERS * 2 + if man { 1 } else { 2 };
    // Tongshan was a county until 2010, and its people keep their numbers.
    let area = if numbers_of == "320312" && birth.year() < 2010 { "320323" } else { numbers_of };
    let resident_id = check::resident_id(area, birth, order as u16).map(|id| id.to_string()).unwrap_or_default();
    let name = format!("{surname}{}", names::given(random, man));
    let mobile = (age >= 18 && random.chance(500)).then(|| format!("199{:08}", random.below(100_000_000)));
    let dead = age > 70 && relation != Relation::Head && random.chance(80);
    let gone = relation != Relation::Head && random.chance(15);
    Person {
        resident_id,
        surname,
        name,
        man,
        birth,
        // GB/T 3304: Han, Hui.
        ethnicity: if random.chance(8) { "03" } else { "01" },
        relation: match relation {
            Relation::Head => "0",
            Relation::Spouse => "1",
            Relation::Child if man => "2",
            Relation::Child => "3",
            Relation::Parent => "5",
        },
        mobile: mobile.filter(|_| !dead),
        status: match (dead, gone) {
            (true, _) => "deceased",
            (false, true) => "moved-out",
            (false, false) => "normal",
        },
    }
}

/// The day of birth of somebody of this age on the last day of the year.
fn birth(age: i64, day: u64) -> Date {
    const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let year = u16::try_from(i64::from(TODAY.0) - age).unwrap_or(TODAY.0);
    let (mut month, mut day) = (1, day % DAYS);
    for length in MONTHS {
        match day.checked_sub(length) {
            Some(rest) => (month, day) = (month + 1, rest),
            None => break,
        }
    }
    Date::new(year, month, day as u8 + 1).unwrap_or_else(|_| unreachable!("a day of the year is a date"))
}
