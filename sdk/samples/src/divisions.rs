//! The real divisions, and how the city's people are spread over its counties.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The one copy that there is of them.
const CSV: &str = include_str!("../../../host/identity/data/xuzhou-divisions.csv");

/// The city's code.
pub(crate) const CITY: &str = "320300";
/// The city's name.
pub(crate) const CITY_NAME: &str = "徐州市";

/// A county, or what counts as one, and its share of the people in hundredths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct County {
    pub(crate) code: &'static str,
    pub(crate) share: u64,
    /// Whose codes the numbers of its residents carry. No number has 320371: it is statistical.
    pub(crate) numbers_of: &'static str,
}

/// Round shares: the real ones are in the census.
pub(crate) const COUNTIES: [County; 11] = [
    County { code: "320302", share: 8, numbers_of: "320302" },
    County { code: "320303", share: 5, numbers_of: "320303" },
    County { code: "320305", share: 5, numbers_of: "320305" },
    County { code: "320311", share: 7, numbers_of: "320311" },
    County { code: "320312", share: 13, numbers_of: "320312" },
    County { code: "320321", share: 10, numbers_of: "320321" },
    County { code: "320322", share: 12, numbers_of: "320322" },
    County { code: "320324", share: 12, numbers_of: "320324" },
    County { code: "320371", share: 3, numbers_of: "320303" },
    County { code: "320381", share: 10, numbers_of: "320381" },
    County { code: "320382", share: 15, numbers_of: "320382" },
];

/// A village or a residents' committee.
#[derive(Debug)]
pub(crate) struct Village {
    pub(crate) code: &'static str,
    /// County, town and village, as an address begins.
    pub(crate) address: String,
}

/// The villages of each county.
pub(crate) static VILLAGES: LazyLock<BTreeMap<&'static str, Vec<Village>>> = LazyLock::new(|| {
    let lines = || CSV.lines().skip(1).filter_map(|l| l.split(',').collect::<Vec<_>>().try_into().ok());
    let names: BTreeMap<&str, &str> = lines().map(|[code, _, name, _]: [&str; 4]| (code, name)).collect();
    let mut villages: BTreeMap<&str, Vec<Village>> = BTreeMap::new();
    for [code, level, name, town] in lines() {
        let county = &code[..6];
        if level == "village" {
            let at = |code: &str| names.get(code).copied().unwrap_or("");
            // 荆山村委会 is 荆山村 in an address, and 矿机社区居委会 is 矿机社区.
            let place = name.strip_suffix("居委会").or_else(|| name.strip_suffix("委会")).unwrap_or(name);
            let address = format!("{CITY_NAME}{}{}{place}", at(county), at(town));
            villages.entry(county).or_default().push(Village { code, address });
        }
    }
    villages
});

/// A division's name.
pub(crate) fn name(code: &str) -> &'static str {
    CSV.lines()
        .filter_map(|l| l.split_once(','))
        .find(|(c, _)| *c == code)
        .and_then(|(_, rest)| rest.split(',').nth(1))
        .unwrap_or("")
}

/// Spreads a sequence over the counties by their shares: which county the element `n` belongs to, and
/// how many of those before it carry the same numbers ([`County::numbers_of`]).
#[derive(Debug)]
pub(crate) struct Spread {
    /// The county of each of a hundred elements, and the rank among those of the same numbers.
    turn: Vec<(usize, u64)>,
    /// How many of a hundred carry the numbers of a county's.
    each: [u64; COUNTIES.len()],
}

impl Spread {
    /// The county of an element, and its rank.
    pub(crate) fn at(&self, n: u64) -> (&'static County, u64) {
        let (county, rank) = self.turn[(n % 100) as usize];
        (&COUNTIES[county], n / 100 * self.each[county] + rank)
    }
}

/// Each county as early and as evenly as its share allows, so that a small city has all of them.
pub(crate) static SPREAD: LazyLock<Spread> = LazyLock::new(|| {
    let mut given = [0_u64; COUNTIES.len()];
    let mut turn = Vec::new();
    for n in 0..100_u64 {
        let due = |i: &usize| (COUNTIES[*i].share * (n + 1)).cast_signed() - (given[*i] * 100).cast_signed();
        let next = (0..COUNTIES.len()).max_by_key(|i| (due(i), std::cmp::Reverse(*i))).unwrap_or(0);
        let same = (0..COUNTIES.len()).filter(|i| COUNTIES[*i].numbers_of == COUNTIES[next].numbers_of);
        turn.push((next, same.map(|i| given[i]).sum()));
        given[next] += 1;
    }
    let each = COUNTIES.map(|c| COUNTIES.iter().filter(|o| o.numbers_of == c.numbers_of).map(|o| o.share).sum());
    Spread { turn, each }
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_counties_are_whole_and_have_villages() {
        assert_eq!(COUNTIES.iter().map(|c| c.share).sum::<u64>(), 100);
        assert_eq!(VILLAGES.values().map(Vec::len).sum::<usize>(), 2812);
        for county in COUNTIES {
            assert!(VILLAGES[county.code].len() > 50, "{}", county.code);
            assert!(!name(county.code).is_empty());
        }
        let village = &VILLAGES["320324"].iter().find(|v| v.code == "320324107208").unwrap();
        assert_eq!(village.address, "徐州市睢宁县官山镇荆山村");
    }

    #[test]
    fn ranks_count_what_shares_numbers() {
        let mut ranks = BTreeSet::new();
        let mut counts = BTreeMap::new();
        for n in 0..1_000 {
            let (county, rank) = SPREAD.at(n);
            assert!(ranks.insert((county.numbers_of, rank)), "{n}");
            *counts.entry(county.code).or_insert(0) += 1;
        }
        for county in COUNTIES {
            assert_eq!(counts[county.code], county.share * 10);
        }
        assert!((0..20).map(|n| SPREAD.at(n).0.code).collect::<BTreeSet<_>>().len() >= 9);
    }
}
