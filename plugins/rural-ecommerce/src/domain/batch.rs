//! Batches: where food comes from, when it was harvested, and what its tests found.

use super::machine::machine;
use super::time::Date;
use serde::{Deserialize, Serialize};
use yunlong_sdk::Text;

machine! {
    of "批次" "batch";
    /// Where a batch stands.
    states State {
        /// It is written down and not tested.
        Registered "registered" "待检测" "registered" => [Pass, Fail, Recall];
        /// Its test found it good: what is made of it can be sold.
        Passed "passed" "检测合格" "passed" => [Pass, Fail, Recall, Expire];
        /// A test found it bad. That is for ever.
        Failed "failed" "检测不合格" "failed" => [];
        /// It was called back.
        Recalled "recalled" "已召回" "recalled" => [];
        /// Its last day is over.
        Expired "expired" "已过期" "expired" => [Fail, Recall];
    }
    /// What can happen to a batch.
    steps Step {
        /// A test finds it good.
        Pass "pass" "登记合格检测" "record a good test";
        /// A test finds it bad.
        Fail "fail" "登记不合格检测" "record a bad test";
        /// It is called back.
        Recall "recall" "召回" "recall";
        /// Its last day is over.
        Expire "expire" "过期" "expire";
    }
}

/// A test of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The laboratory's number of the report.
    pub report: String,
    /// What was tested for, such as residues of pesticides.
    pub item: Text,
    /// The laboratory.
    pub laboratory: String,
    /// The day of the sample.
    pub day: Date,
    /// Whether it was good.
    pub passed: bool,
    /// The inspector's subject.
    pub by: String,
    /// When it was recorded: milliseconds of UTC.
    pub at: i64,
}

/// A batch of goods of one origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The trace code: thirteen characters, unique in the city.
    pub id: String,
    /// The store that registered it.
    pub store: String,
    /// What it is, such as `红富士苹果`.
    pub goods: Text,
    /// The village where it grew.
    pub origin: String,
    /// The day of the harvest, or of the making.
    pub harvest: Date,
    /// The last day on which it is sold; absent for what keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_before: Option<Date>,
    /// How much there is, in kilograms.
    pub kilograms: u32,
    /// Where it stands.
    pub state: State,
    /// Its tests, the oldest first.
    #[serde(default)]
    pub tests: Vec<Test>,
    /// Why it failed or was called back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// When it failed or was called back: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<i64>,
    /// Milliseconds of UTC.
    pub created_at: i64,
}

/// The length of a trace code.
pub const TRACE_CODE: usize = 13;

impl Batch {
    /// Whether food of it may be sold on a day: its test was good, and its last day is not over.
    #[must_use]
    pub fn is_live(&self, day: Date) -> bool {
        self.state == State::Passed && self.best_before.is_none_or(|last| day <= last)
    }

    /// Whether it is bad for good: what is made of it goes off sale, and paid orders are refunded.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self.state, State::Failed | State::Recalled)
    }
}

/// A trace code as somebody typed it, in its normal form; `None` when it is none.
#[must_use]
pub fn trace_code(typed: &str) -> Option<String> {
    yunlong_sdk::base32::typed(typed).filter(|c| c.len() == TRACE_CODE)
}

#[cfg(test)]
pub(crate) fn sample(id: &str, state: State) -> Batch {
    Batch {
        id: id.into(),
        store: "s".into(),
        goods: Text::new("大蒜", "garlic"),
        origin: "320382106201".into(),
        harvest: "2026-05-20".parse().unwrap(),
        best_before: None,
        kilograms: 500,
        state,
        tests: Vec::new(),
        reason: None,
        failed_at: None,
        created_at: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::machine::Machine;

    #[test]
    fn only_a_passed_batch_within_its_days_is_live() {
        let day = |d: &str| d.parse::<Date>().unwrap();
        for state in State::ALL {
            assert_eq!(sample("a", *state).is_live(day("2026-06-01")), *state == State::Passed, "{state:?}");
        }
        let b = Batch { best_before: Some(day("2026-06-30")), ..sample("a", State::Passed) };
        assert!(b.is_live(day("2026-06-30")) && !b.is_live(day("2026-07-01")));
    }

    #[test]
    fn nothing_makes_a_failed_or_recalled_batch_good_again() {
        for state in [State::Failed, State::Recalled] {
            assert!(state.allows().is_empty());
        }
    }

    #[test]
    fn a_trace_code_is_read_as_it_is_printed() {
        assert_eq!(trace_code(" 0123-4567 89abc").as_deref(), Some("0123456789ABC"));
        assert_eq!(trace_code("0123"), None);
        assert_eq!(trace_code("0123456789AB!"), None);
    }
}
