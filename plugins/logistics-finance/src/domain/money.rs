//! Money as whole fen, and rates as whole basis points. No binary fractions anywhere.

/// Basis points that make a whole.
pub const WHOLE: u64 = 10_000;

/// Basis points as a percentage: `70.00 %` for 7,000.
#[must_use]
pub fn percent(bps: u64) -> String {
    format!("{}.{:02} %", bps / 100, bps % 100)
}

/// That part of an amount, rounded down to the fen: what may be lent never rounds in the borrower's favour.
#[must_use]
pub fn part_down(amount: u64, bps: u64) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(bps) / u128::from(WHOLE)).unwrap_or(u64::MAX)
}

/// The least amount of which `bps` is at least `part`: the value that must stay pledged. `u64::MAX` when nothing
/// may be lent at all and something is owed.
#[must_use]
pub fn whole_up(part: u64, bps: u64) -> u64 {
    if part == 0 {
        return 0;
    }
    if bps == 0 {
        return u64::MAX;
    }
    u64::try_from((u128::from(part) * u128::from(WHOLE)).div_ceil(u128::from(bps))).unwrap_or(u64::MAX)
}

/// What one amount is of another in basis points, rounded up: a loan a fen over its limit is over it. `u64::MAX` when
/// something is owed on nothing.
#[must_use]
pub fn ratio_up(part: u64, whole: u64) -> u64 {
    if part == 0 {
        return 0;
    }
    if whole == 0 {
        return u64::MAX;
    }
    u64::try_from((u128::from(part) * u128::from(WHOLE)).div_ceil(u128::from(whole))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seventy_percent_of_a_million_is_seven_hundred_thousand_and_not_a_fen_more() {
        assert_eq!(part_down(100_000_000, 7_000), 70_000_000);
        assert_eq!(ratio_up(70_000_000, 100_000_000), 7_000);
        assert_eq!(ratio_up(70_000_001, 100_000_000), 7_001);
        assert_eq!(percent(7_001), "70.01 %");
    }

    #[test]
    fn nothing_secures_nothing() {
        assert_eq!((ratio_up(0, 0), ratio_up(1, 0), whole_up(0, 0), whole_up(1, 0)), (0, u64::MAX, 0, u64::MAX));
    }

    proptest! {
        #[test]
        fn the_value_that_must_stay_is_the_least_that_does(owed in 1_u64..1_000_000_000_000, bps in 1_u64..10_001) {
            let least = whole_up(owed, bps);
            prop_assert!(part_down(least, bps) >= owed);
            prop_assert!(part_down(least - 1, bps) < owed);
        }
    }
}
