//! Numbers that look drawn and are the same everywhere.
//!
//! SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), written out here
//! since libraries of random numbers do not promise the same stream in their next release.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of the thing `index` of a kind `of`, in the city of a seed.
    pub(crate) fn new(seed: u64, of: &str, index: u64) -> Self {
        let of = of.bytes().fold(seed, |h, b| mix(h ^ u64::from(b)));
        Self(mix(of ^ index))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// From 0 to below `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high bits of the product: the bias is below one in 2^32 for the bounds that are asked for.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// From `low` to `high`, both among them.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1).unsigned_abs()) as i64
    }

    /// Whether a thing happens that happens `in_thousand` times in a thousand.
    pub(crate) fn chance(&mut self, in_thousand: u64) -> bool {
        self.below(1000) < in_thousand
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// One of a list, each as often as its weight says.
    pub(crate) fn weighted<'a, T>(&mut self, list: &'a [(T, u64)]) -> &'a T {
        let mut at = self.below(list.iter().map(|(_, w)| w).sum());
        for (value, weight) in list {
            match at.checked_sub(*weight) {
                None => return value,
                Some(rest) => at = rest,
            }
        }
        &list[list.len() - 1].0
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // The first numbers of SplitMix64 from the state 1234567.
        let mut random = Random(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut random = Random::new(1, "x", 2);
        let drawn: Vec<i64> = (0..10_000).map(|_| random.between(-3, 3)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-3), Some(&3)));
        assert_eq!(random.below(0), 0);
        let heads = (0..10_000).filter(|_| *random.weighted(&[(true, 1), (false, 3)])).count();
        assert!((2_200..2_800).contains(&heads), "{heads}");
    }
}
