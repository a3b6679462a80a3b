//! Money as a whole number of fen, and its division without a remainder.

/// A division that cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// There is nobody to give to.
    #[error("the weights are empty or all zero")]
    NoWeight,
    /// The weights are too large to multiply exactly.
    #[error("the weights are too large")]
    TooLarge,
}

/// Divides `amount` fen in the proportion of `weights` by the largest remainder; ties go to the
/// earlier weight. The parts sum to `amount` exactly.
///
/// # Errors
/// [`SplitError`] when no weight is positive or the weights overflow.
pub fn split(amount: u64, weights: &[u64]) -> Result<Vec<u64>, SplitError> {
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    if total == 0 {
        return Err(SplitError::NoWeight);
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (i, w) in weights.iter().enumerate() {
        let product = u128::from(amount) * u128::from(*w);
        parts.push(u64::try_from(product / total).map_err(|_| SplitError::TooLarge)?);
        remainders.push((product % total, i));
    }
    let given: u64 = parts.iter().sum();
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, i) in remainders.into_iter().take(usize::try_from(amount - given).unwrap_or(0)) {
        parts[i] += 1;
    }
    Ok(parts)
}

/// `128.00` for 12800 fen.
#[must_use]
pub fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joint_ticket_of_the_two_han_sites() {
        assert_eq!(split(12_800, &[60, 80]).unwrap(), [5_486, 7_314]);
    }

    #[test]
    fn a_tie_goes_to_the_earlier() {
        assert_eq!(split(1, &[1, 1]).unwrap(), [1, 0]);
        assert_eq!(split(100, &[1, 1, 1]).unwrap(), [34, 33, 33]);
    }

    #[test]
    fn parts_always_sum_to_the_amount() {
        for amount in [0, 1, 99, 12_345, u64::from(u32::MAX)] {
            for weights in [&[1, 2, 3][..], &[7], &[0, 5], &[999, 1, 1, 1]] {
                assert_eq!(split(amount, weights).unwrap().iter().sum::<u64>(), amount);
            }
        }
        assert_eq!(split(5, &[0, 0]), Err(SplitError::NoWeight));
    }
}
