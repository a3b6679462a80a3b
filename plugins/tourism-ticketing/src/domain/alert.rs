//! Alerts as a day fills up.

use serde::{Deserialize, Serialize};

/// How full a day is. Sales stop by themselves at the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// From 80 % of the cap.
    Yellow,
    /// From 90 %.
    Orange,
    /// From 95 %.
    Red,
}

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 3] = [Self::Yellow, Self::Orange, Self::Red];

    /// The level at which so many of a cap are taken.
    #[must_use]
    pub fn of(taken: i64, cap: u32) -> Option<Self> {
        let (taken, cap) = (i128::from(taken) * 100, i128::from(cap));
        [(95, Self::Red), (90, Self::Orange), (80, Self::Yellow)]
            .into_iter()
            .find(|(percent, _)| cap > 0 && taken >= cap * percent)
            .map(|(_, l)| l)
    }

    /// As documents and messages write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// Per cent of the cap from which it holds.
    #[must_use]
    pub fn percent(self) -> u8 {
        match self {
            Self::Yellow => 80,
            Self::Orange => 90,
            Self::Red => 95,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_exactly_at_80_90_and_95_per_cent() {
        for (taken, want) in [
            (799, None),
            (800, Some(Level::Yellow)),
            (899, Some(Level::Yellow)),
            (900, Some(Level::Orange)),
            (949, Some(Level::Orange)),
            (950, Some(Level::Red)),
            (1_000, Some(Level::Red)),
        ] {
            assert_eq!(Level::of(taken, 1_000), want, "{taken}");
        }
        assert_eq!(Level::of(1, 0), None);
    }
}
