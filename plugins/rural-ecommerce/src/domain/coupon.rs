//! Coupons: a discount that is divided over the lines to the fen.

use super::explain::Explain;
use super::money;
use super::time::Date;
use serde::{Deserialize, Serialize};
use yunlong_sdk::money::{split, yuan};
use yunlong_sdk::{Text, t};

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Off {
    /// So many fen.
    Amount {
        /// Fen.
        fen: u64,
    },
    /// So many basis points of the price, rounded down to the fen.
    Rate {
        /// Basis points: 1,000 is a tenth.
        bps: u16,
    },
}

/// A coupon. Its store bears it: what is taken off is not paid by anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// The code that buyers type.
    pub id: String,
    /// The store where it is used.
    pub store: String,
    /// What it is called.
    pub title: Text,
    /// What it takes off.
    pub off: Off,
    /// The order must come to so many fen.
    pub from_amount: u64,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// How often it can be used; each person once.
    pub uses: u32,
    /// Whether it is still given.
    pub active: bool,
}

/// Why a coupon is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CouponError {
    /// There is none, or it is another store's.
    #[error("no such coupon of this store")]
    Unknown,
    /// Not today.
    #[error("valid from {from} to {until}")]
    OtherDays {
        /// The first day.
        from: Date,
        /// The last.
        until: Date,
    },
    /// The order is too small.
    #[error("for orders from {0} fen on")]
    TooSmall(u64),
    /// Every use is taken.
    #[error("used up")]
    UsedUp,
    /// This person has used it.
    #[error("used already by this person")]
    UsedAlready,
}

impl Explain for CouponError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "coupon-unknown",
            Self::OtherDays { .. } => "coupon-other-days",
            Self::TooSmall(_) => "coupon-too-small",
            Self::UsedUp => "coupon-used-up",
            Self::UsedAlready => "coupon-used",
        }
    }

    fn title(&self) -> Text {
        t("优惠券不能使用", "The coupon cannot be used")
    }

    fn detail(&self) -> Text {
        match self {
            Self::Unknown => t("本店没有这张优惠券，请核对券码。", "The store has no such coupon. Check its code."),
            Self::OtherDays { from, until } => {
                Text::new(format!("有效期为 {from} 至 {until}。"), format!("It is valid from {from} to {until}."))
            }
            Self::TooSmall(fen) => Text::new(
                format!("订单满 {} 元才能使用。", yuan(*fen)),
                format!("It is for orders from {} yuan on.", yuan(*fen)),
            ),
            Self::UsedUp => t("已被领完。请不使用优惠券再下单。", "It is used up. Order without it."),
            Self::UsedAlready => t("每人限用一次，您已使用过。", "One use a person, and you had yours."),
        }
    }
}

impl Coupon {
    /// What it takes off each of these lines; the sum never passes their price.
    ///
    /// # Errors
    /// [`CouponError`].
    pub fn discount(&self, lines: &[u64], today: Date) -> Result<Vec<u64>, CouponError> {
        if !self.active {
            return Err(CouponError::Unknown);
        }
        if today < self.from || self.until < today {
            return Err(CouponError::OtherDays { from: self.from, until: self.until });
        }
        let total: u64 = lines.iter().sum();
        if total == 0 || total < self.from_amount {
            return Err(CouponError::TooSmall(self.from_amount));
        }
        let off = match self.off {
            Off::Amount { fen } => fen.min(total),
            Off::Rate { bps } => money::part(total, u64::from(bps.min(10_000)), 10_000),
        };
        split(off, lines).map_err(|_| CouponError::TooSmall(self.from_amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coupon(off: Off, from_amount: u64) -> Coupon {
        let day = |s: &str| s.parse().unwrap();
        Coupon {
            id: "SJ10".into(),
            store: "s".into(),
            title: Text::new("满减", "off"),
            off,
            from_amount,
            from: day("2026-11-01"),
            until: day("2026-11-30"),
            uses: 10,
            active: true,
        }
    }

    #[test]
    fn ten_yuan_off_three_equal_lines_leave_no_fen_behind() {
        let today = "2026-11-11".parse().unwrap();
        let c = coupon(Off::Amount { fen: 1_000 }, 3_000);
        assert_eq!(c.discount(&[1_000, 1_000, 1_000], today), Ok(vec![334, 333, 333]));
        assert_eq!(c.discount(&[2_999], today), Err(CouponError::TooSmall(3_000)));
        assert!(matches!(c.discount(&[5_000], "2026-12-01".parse().unwrap()), Err(CouponError::OtherDays { .. })));
        let rate = coupon(Off::Rate { bps: 333 }, 0);
        assert_eq!(rate.discount(&[999, 1], today), Ok(vec![33, 0]), "a part of a fen is not taken off");
    }

    proptest! {
        #[test]
        fn a_discount_is_divided_whole_and_no_line_goes_below_nothing(lines in prop::collection::vec(0_u64..100_000, 1..12), fen in 0_u64..500_000, bps in 0_u16..=10_000, rate: bool) {
            let c = coupon(if rate { Off::Rate { bps } } else { Off::Amount { fen } }, 0);
            let total: u64 = lines.iter().sum();
            match c.discount(&lines, "2026-11-11".parse().unwrap()) {
                Err(_) => prop_assert_eq!(total, 0),
                Ok(parts) => {
                    let want = if rate { money::part(total, u64::from(bps), 10_000) } else { fen.min(total) };
                    prop_assert_eq!(parts.iter().sum::<u64>(), want);
                    prop_assert!(parts.iter().zip(&lines).all(|(p, l)| p <= l));
                }
            }
        }
    }
}
