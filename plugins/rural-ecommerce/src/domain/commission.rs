//! What is kept of a released price, and for whom.

use serde::{Deserialize, Serialize};
use yunlong_sdk::money::{self, SplitError};

/// Ten thousand basis points are the whole.
const WHOLE: u64 = 10_000;
/// The most that the platform may keep.
pub const MAX_PLATFORM: u16 = 2_000;
/// The most that a station may be given.
pub const MAX_STATION: u16 = 1_000;

/// The rates of an order, in basis points of its price, as they were when it was placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// The platform's.
    pub platform: u16,
    /// The station's that ordered for somebody; 0 for other orders.
    #[serde(default)]
    pub station: u16,
}

/// How an amount is divided: the three sum to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Fen for the platform.
    pub platform: u64,
    /// Fen for the station.
    pub station: u64,
    /// Fen for the seller.
    pub seller: u64,
}

impl Rates {
    /// Whether they are within what may be kept.
    #[must_use]
    pub fn allowed(self) -> bool {
        self.platform <= MAX_PLATFORM && self.station <= MAX_STATION
    }

    /// Divides an amount by the largest remainder; on a tie the platform comes first.
    #[must_use]
    pub fn divide(self, amount: u64) -> Division {
        let kept = u64::from(self.platform.min(MAX_PLATFORM));
        let station = u64::from(self.station.min(MAX_STATION));
        match money::split(amount, &[kept, station, WHOLE - kept - station]).as_deref() {
            Ok([platform, station, seller]) => Division { platform: *platform, station: *station, seller: *seller },
            // Never: the third weight is at least 7,000.
            _ => Division { platform: 0, station: 0, seller: amount },
        }
    }
}

/// What of a commission falls on each line, by the largest remainder. A line never bears more than it
/// is worth.
///
/// # Errors
/// [`SplitError`] when every line is worth nothing.
pub fn by_line(commission: u64, lines: &[u64]) -> Result<Vec<u64>, SplitError> {
    money::split(commission, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Acceptance line 5.
    #[test]
    fn three_per_cent_of_1080_are_32_40_and_of_880_26_40() {
        let rates = Rates { platform: 300, station: 0 };
        assert_eq!(rates.divide(108_000), Division { platform: 3_240, station: 0, seller: 104_760 });
        assert_eq!(rates.divide(88_000), Division { platform: 2_640, station: 0, seller: 85_360 });
    }

    proptest! {
        #[test]
        fn a_division_is_whole_and_no_line_bears_more_than_it_is_worth(
            lines in prop::collection::vec(0_u64..1_000_000, 1..10), platform in 0_u16..=MAX_PLATFORM, station in 0_u16..=MAX_STATION,
        ) {
            let total: u64 = lines.iter().sum();
            let d = Rates { platform, station }.divide(total);
            prop_assert_eq!(d.platform + d.station + d.seller, total);
            let kept = d.platform + d.station;
            prop_assert!(kept <= total);
            if total > 0 {
                let parts = by_line(kept, &lines).unwrap();
                prop_assert_eq!(parts.iter().sum::<u64>(), kept);
                prop_assert!(parts.iter().zip(&lines).all(|(p, l)| p <= l));
            }
        }
    }
}
