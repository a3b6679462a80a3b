//! The service coverage of villages.
//!
//! Formula: villages with at least one active station, or a service visit in the month, divided by
//! the villages in force at the month's end. The colour follows from whole numbers; what is shown is
//! rounded to a hundredth of a per cent, but never up to a target that is not reached.

use super::division::{Row, Table};
use super::time::Month;
use serde::Serialize;
use std::collections::BTreeSet;
use yunlong_sdk::{Text, t};

/// Green or red.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// The target is reached.
    Green,
    /// It is not.
    Red,
}

/// The coverage of a division in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Villages that are served.
    pub served: u64,
    /// Villages in force.
    pub villages: u64,
    /// The target, in per cent.
    pub target: u64,
}

impl Coverage {
    /// Counts the villages of a division that are among the served.
    #[must_use]
    pub fn of(table: &Table, division: &str, month: Month, served: &BTreeSet<String>, target: u64) -> Self {
        let mut out = Self { served: 0, villages: 0, target };
        for Row { code, .. } in table.villages(division, month) {
            out.villages += 1;
            out.served += u64::from(served.contains(code));
        }
        out
    }

    /// Whether the target is reached, exactly.
    #[must_use]
    pub fn light(&self) -> Light {
        let reached = self.villages > 0 && self.served * 100 >= self.target * self.villages;
        if reached { Light::Green } else { Light::Red }
    }

    /// Hundredths of a per cent: to the nearest, but never up to the target or to 100 % when these
    /// are not reached.
    #[must_use]
    pub fn hundredths(&self) -> u64 {
        if self.villages == 0 {
            return 0;
        }
        let exact = self.served * 10_000;
        let down = exact / self.villages;
        let near = (exact * 2 + self.villages) / (self.villages * 2);
        let short = self.light() == Light::Red && near >= self.target * 100;
        if short || (self.served < self.villages && near >= 10_000) { down } else { near }
    }

    /// `97.97`.
    #[must_use]
    pub fn percent(&self) -> String {
        format!("{}.{:02}", self.hundredths() / 100, self.hundredths() % 100)
    }

    /// The formula with its numbers, as the page shows it.
    #[must_use]
    pub fn formula(&self) -> Text {
        let (s, v, p) = (self.served, self.villages, self.percent());
        Text::new(
            format!("当月有运营站点或上门服务的村 {s} ÷ 月末在册的村 {v} = {p}%"),
            format!(
                "villages with an active station or a visit in the month, {s} ÷ villages in force at its end, {v} = {p} %"
            ),
        )
    }

    /// The colour in words, since a colour alone tells nothing to who does not see it.
    #[must_use]
    pub fn verdict(&self) -> Text {
        match self.light() {
            Light::Green => t("达标", "target reached"),
            Light::Red => t("未达标", "below the target"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Acceptance line 7.
    #[test]
    fn of_2812_villages_2755_are_red_and_2756_green() {
        let of = |served| Coverage { served, villages: 2_812, target: 98 };
        assert_eq!((of(2_755).percent().as_str(), of(2_755).light()), ("97.97", Light::Red));
        assert_eq!((of(2_756).percent().as_str(), of(2_756).light()), ("98.01", Light::Green));
        let close = Coverage { served: 979_999, villages: 1_000_000, target: 98 };
        assert_eq!((close.percent().as_str(), close.light()), ("97.99", Light::Red), "not rounded up to the target");
        let all_but_one = Coverage { served: 999_999, villages: 1_000_000, target: 98 };
        assert_eq!(all_but_one.percent(), "99.99");
        assert_eq!(Coverage { served: 0, villages: 0, target: 98 }.light(), Light::Red);
    }

    proptest! {
        #[test]
        fn what_is_shown_agrees_with_the_colour(villages in 1_u64..5_000, part in 0_u64..=5_000, target in 1_u64..=100) {
            let c = Coverage { served: part.min(villages), villages, target };
            prop_assert_eq!(c.hundredths() >= target * 100, c.light() == Light::Green);
            prop_assert_eq!(c.hundredths() == 10_000, c.served == c.villages);
        }
    }
}
