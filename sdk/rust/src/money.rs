//! Money: whole fen, and never a binary fraction.

/// The weights cannot divide an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights are empty or all zero")]
pub struct SplitError;

/// Divides an amount in fen in the proportion of weights, by the largest remainder; of equal remainders the earlier
/// weight has the fen. The parts sum to the amount exactly, and a weight of zero has nothing.
///
/// ```
/// use yunlong_sdk::money::split;
///
/// assert_eq!(split(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
/// ```
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
        // At most the amount, since a weight is at most the total.
        parts.push(u64::try_from(product / total).unwrap_or(amount));
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

/// Fen in yuan, as a statement or a field has it: `1080.00` for 108,000. On pages [`crate::page::amount`] has the sign
/// and commas as well.
#[must_use]
pub fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
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
        assert_eq!(split(u64::MAX, &[u64::MAX, 0]), Ok(vec![u64::MAX, 0]), "no size is too large");
    }

    #[test]
    fn fen_have_two_places() {
        assert_eq!((yuan(104_760), yuan(5), yuan(0)), ("1047.60".into(), "0.05".into(), "0.00".into()));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_amount_and_stay_within_a_fen(amount in any::<u64>(), weights in prop::collection::vec(any::<u64>(), 1..8)) {
            match split(amount, &weights) {
                Err(SplitError) => prop_assert!(weights.iter().all(|w| *w == 0)),
                Ok(parts) => {
                    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
                    prop_assert_eq!(parts.iter().map(|p| u128::from(*p)).sum::<u128>(), u128::from(amount));
                    for (p, w) in parts.iter().zip(&weights) {
                        let floor = u128::from(amount) * u128::from(*w) / total;
                        prop_assert!(u128::from(*p) == floor || (u128::from(*p) == floor + 1 && *w > 0));
                    }
                }
            }
        }
    }
}
