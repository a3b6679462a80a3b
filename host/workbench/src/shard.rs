//! One part of the plays with faults, so that several machines can share them.

use std::str::FromStr;

/// The `index`-th of `of` parts, from 1: written `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Whether the `n`-th play, from 0, is in this part. Neighbours are in different ones, so that each part has some of
    /// every step.
    #[must_use]
    pub fn has(&self, n: usize) -> bool {
        n % self.of == self.index - 1
    }
}

/// No shard is written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part: write 2/5 for the second of five")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err(ShardError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_play_is_in_one_part() {
        let all: Vec<Shard> = ["1/3", "2/3", "3/3"].iter().map(|s| s.parse().unwrap()).collect();
        for n in 0..100 {
            assert_eq!(all.iter().filter(|s| s.has(n)).count(), 1, "{n}");
            assert!(Shard::WHOLE.has(n));
        }
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/3/5", "1 / 3"] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError(text.to_owned())));
        }
    }
}
