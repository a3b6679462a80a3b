//! Parts of amounts, and amounts as counters hold them. What divides a whole among several is the SDK's.

/// `amount × numerator ÷ denominator`, rounded down; 0 for a denominator of 0.
#[must_use]
pub fn part(amount: u64, numerator: u64, denominator: u64) -> u64 {
    if denominator == 0 {
        return 0;
    }
    u64::try_from(u128::from(amount) * u128::from(numerator) / u128::from(denominator)).unwrap_or(u64::MAX)
}

/// Fen as a counter holds them.
#[must_use]
pub fn signed(fen: u64) -> i64 {
    i64::try_from(fen).unwrap_or(i64::MAX)
}
