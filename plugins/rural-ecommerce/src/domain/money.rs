//! Dividing fen so that nothing is lost.

/// The weights cannot divide an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights are empty, all zero or too large")]
pub struct SplitError;

/// Divides `amount` fen in the proportion of `weights` by the largest remainder; a tie goes to the
/// earlier weight. The parts sum to `amount` exactly, and a weight of zero has nothing.
///
/// # Errors
/// [`SplitError`] when no weight is positive.
pub fn split(amount: u64, weights: &[u64]) -> Result<Vec<u64>, SplitError> {
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    if total == 0 {
        return Err(SplitError);
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (i, w) in weights.iter().enumerate() {
        let product = u128::from(amount) * u128::from(*w);
        parts.push(u64::try_from(product / total).map_err(|_| SplitError)?);
        remainders.push((product % total, i));
    }
    let left = amount - parts.iter().sum::<u64>();
    // A stable sort: among equal remainders the earlier weight stays first.
    remainders.sort_by_key(|(r, _)| std::cmp::Reverse(*r));
    for (_, i) in remainders.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[i] += 1;
    }
    Ok(parts)
}

/// `amount × numerator ÷ denominator`, rounded down; 0 for a denominator of 0.
#[must_use]
pub fn part(amount: u64, numerator: u64, denominator: u64) -> u64 {
    if denominator == 0 {
        return 0;
    }
    u64::try_from(u128::from(amount) * u128::from(numerator) / u128::from(denominator)).unwrap_or(u64::MAX)
}

/// `1080.00` for 108,000 fen.
#[must_use]
pub fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// Fen as a counter holds them.
#[must_use]
pub fn signed(fen: u64) -> i64 {
    i64::try_from(fen).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fen_that_is_left_goes_to_the_largest_remainder_and_a_tie_to_the_first() {
        assert_eq!(split(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
        assert_eq!(split(5, &[1, 3]), Ok(vec![1, 4]));
        assert_eq!(split(1, &[0, 1]), Ok(vec![0, 1]));
        assert_eq!(split(0, &[2, 3]), Ok(vec![0, 0]));
        assert_eq!(split(7, &[0, 0]), Err(SplitError));
        assert_eq!(split(7, &[]), Err(SplitError));
        assert_eq!(yuan(104_760), "1047.60");
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_amount_and_stay_within_a_fen(amount in 0_u64..10_000_000_000, weights in prop::collection::vec(0_u64..1_000_000, 1..8)) {
            match split(amount, &weights) {
                Err(SplitError) => prop_assert!(weights.iter().all(|w| *w == 0)),
                Ok(parts) => {
                    prop_assert_eq!(parts.iter().sum::<u64>(), amount);
                    let total: u64 = weights.iter().sum();
                    for (p, w) in parts.iter().zip(&weights) {
                        let floor = part(amount, *w, total);
                        prop_assert!(*p == floor || (*p == floor + 1 && *w > 0));
                    }
                }
            }
        }
    }
}
