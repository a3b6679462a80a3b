//! The economy as time series: figures by indicator, division and period.
//!
//! A figure is a JSON number. It is computed with as the decimal number that was written (its shortest
//! text, up to 28 digits), so sums and differences are exact. Rates are rounded once, at the end, half
//! away from zero (四舍五入), to two places of a percent.
//!
//! What is published as growth "at comparable prices" cannot be computed from figures at the prices of
//! their time; growth here is of the figures as they stand.

mod period;

pub use period::{Frequency, Period, PeriodError, PeriodRange};

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use yunlong_formats::{DivisionCode, Explain, Level};

/// The most indicators, and the most divisions by their codes, of a question.
pub const MAX_NAMED: usize = 50;
/// The most periods of a question: fifty years of months.
pub const MAX_PERIODS: u64 = 600;

/// Why a question about series is refused, or figures cannot be computed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// None, or too many.
    #[error("{found} {what} are asked for: name 1 to {MAX_NAMED}")]
    Count {
        /// Of what: `indicators` or `divisions`.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// The ends are not of one frequency.
    #[error("from {from} to {to} are not periods of one frequency: name two years, two quarters or two months")]
    Frequencies {
        /// The first period.
        from: Period,
        /// The last period.
        to: Period,
    },
    /// The end lies before the beginning.
    #[error("{to} lies before {from}")]
    Backwards {
        /// The first period.
        from: Period,
        /// The last period.
        to: Period,
    },
    /// Too long.
    #[error("{0} periods are asked for, {MAX_PERIODS} are possible")]
    Long(u64),
    /// A figure without something that it needs.
    #[error("a figure needs `{0}`: it is not on record, or not granted, or masked")]
    Lacks(&'static str),
    /// A number that is too large, or too fine, to compute with.
    #[error("{0} is no number to compute with: at most 28 digits")]
    Number(String),
    /// Figures of different units.
    #[error("figures in {0} and in {1} cannot be compared")]
    Units(String, String),
}

impl Explain for SeriesError {
    fn zh(&self) -> String {
        match self {
            Self::Count { what, found } => {
                let what = if *what == "indicators" { "指标" } else { "行政区划" };
                format!("查询了 {found} 个{what}：应为 1 至 {MAX_NAMED} 个")
            }
            Self::Frequencies { from, to } => format!("{from} 和 {to} 的频率不同：请都按年、都按季度或都按月填写"),
            Self::Backwards { from, to } => format!("结束时期 {to} 早于开始时期 {from}"),
            Self::Long(n) => format!("查询了 {n} 个时期：最多 {MAX_PERIODS} 个"),
            Self::Lacks(item) => format!("数据缺少“{item}”：没有记录、没有授权或已脱敏"),
            Self::Number(number) => format!("{number} 无法计算：最多 28 位数字"),
            Self::Units(a, b) => format!("单位不同（{a}、{b}），不能比较"),
        }
    }

    fn en(&self) -> String {
        self.to_string()
    }
}

/// Which divisions are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divisions {
    /// These.
    Codes(Vec<DivisionCode>),
    /// All of a level within a division, such as the counties of a city.
    Level {
        /// The division around them.
        within: DivisionCode,
        /// Their level.
        level: Level,
    },
}

impl Divisions {
    /// Whether a division is among them.
    #[must_use]
    pub fn has(&self, code: &DivisionCode) -> bool {
        match self {
            Self::Codes(codes) => codes.contains(code),
            Self::Level { within, level } => within.contains(code) && code.level() == *level,
        }
    }
}

/// A question: which series, from when to when. It was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesQuery {
    /// Codes of indicators.
    indicators: Vec<String>,
    divisions: Divisions,
    from: Period,
    to: Period,
}

impl SeriesQuery {
    /// A question about the periods from `from` to `to`, both included; their frequency is the series'.
    ///
    /// # Errors
    /// [`SeriesError`] when there is nothing or too much to ask for.
    pub fn new(indicators: Vec<String>, divisions: Divisions, from: Period, to: Period) -> Result<Self, SeriesError> {
        let count = |what, found| {
            if (1..=MAX_NAMED).contains(&found) { Ok(()) } else { Err(SeriesError::Count { what, found }) }
        };
        count("indicators", indicators.len())?;
        if let Divisions::Codes(codes) = &divisions {
            count("divisions", codes.len())?;
        }
        if from.frequency() != to.frequency() {
            return Err(SeriesError::Frequencies { from, to });
        }
        if to < from {
            return Err(SeriesError::Backwards { from, to });
        }
        let periods = PeriodRange::new(from, to).count() as u64;
        if periods > MAX_PERIODS {
            return Err(SeriesError::Long(periods));
        }
        Ok(Self { indicators, divisions, from, to })
    }

    /// The indicators.
    #[must_use]
    pub fn indicators(&self) -> &[String] {
        &self.indicators
    }

    /// The divisions.
    #[must_use]
    pub fn divisions(&self) -> &Divisions {
        &self.divisions
    }

    /// The periods.
    #[must_use]
    pub fn periods(&self) -> PeriodRange {
        PeriodRange::new(self.from, self.to)
    }

    /// The first and the last period.
    #[must_use]
    pub fn ends(&self) -> (Period, Period) {
        (self.from, self.to)
    }

    /// Whether a figure is asked for.
    #[must_use]
    pub fn asks_for(&self, figure: &Figure) -> bool {
        self.indicators.contains(&figure.indicator)
            && self.divisions.has(&figure.division)
            && figure.period.frequency() == self.from.frequency()
            && (self.from..=self.to).contains(&figure.period)
    }
}

/// How final a figure is. A later state takes the place of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// 初步.
    Preliminary,
    /// 修订.
    Revised,
    /// 最终.
    Final,
}

impl State {
    /// From the dataset's code; `None` for a code that it does not have.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "preliminary" => Some(Self::Preliminary),
            "revised" => Some(Self::Revised),
            "final" => Some(Self::Final),
            _ => None,
        }
    }

    /// The dataset's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Preliminary => "preliminary",
            Self::Revised => "revised",
            Self::Final => "final",
        }
    }
}

/// A record of `economy.observation`, as far as series need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The indicator's code.
    pub indicator: String,
    /// The division.
    pub division: DivisionCode,
    /// The period.
    pub period: Period,
    /// The value, in its unit.
    pub value: Decimal,
    /// The unit.
    pub unit: String,
    /// How final it is, when that is known.
    pub state: Option<State>,
}

impl Figure {
    /// From the fields of a record.
    ///
    /// # Errors
    /// [`SeriesError::Lacks`] names the first field that is absent or masked, [`SeriesError::Number`].
    pub fn from_body(body: &Map<String, Value>) -> Result<Self, SeriesError> {
        let text = |item: &'static str| body.get(item).and_then(Value::as_str).ok_or(SeriesError::Lacks(item));
        let number = body.get("value").and_then(Value::as_number).ok_or(SeriesError::Lacks("value"))?;
        Ok(Self {
            indicator: text("indicator")?.to_owned(),
            division: DivisionCode::parse(text("division")?).map_err(|_| SeriesError::Lacks("division"))?,
            period: text("period")?.parse().map_err(|_| SeriesError::Lacks("period"))?,
            value: decimal(number)?,
            unit: text("unit")?.to_owned(),
            state: text("state").ok().and_then(State::from_code),
        })
    }
}

/// The number that was written.
fn decimal(number: &serde_json::Number) -> Result<Decimal, SeriesError> {
    let text = number.to_string();
    let parsed =
        if text.contains(['e', 'E']) { Decimal::from_scientific(&text) } else { Decimal::from_str_exact(&text) };
    parsed.map_err(|_| SeriesError::Number(text))
}

/// The number as JSON has it: of a figure, the one that was read.
#[must_use]
pub fn to_number(decimal: Decimal) -> f64 {
    // The text of a decimal is the text of a float.
    f64::from_str(&decimal.to_string()).unwrap_or(f64::NAN)
}

/// The figures of one indicator, division and unit, by period.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The indicator's code.
    pub indicator: String,
    /// The division.
    pub division: DivisionCode,
    /// The unit of all figures.
    pub unit: String,
    /// The figures, the earliest first, one a period.
    pub points: Vec<Point>,
}

/// A figure of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The period.
    pub period: Period,
    /// The value.
    pub value: Decimal,
    /// How final it is.
    pub state: Option<State>,
}

/// Puts figures into series: by indicator, division and unit, in this order. Figures that the question
/// does not ask for are left out; of two for one period the more final one stays.
#[must_use]
pub fn assemble(query: &SeriesQuery, figures: impl IntoIterator<Item = Figure>) -> Vec<Series> {
    let mut all: BTreeMap<(String, DivisionCode, String), BTreeMap<Period, Point>> = BTreeMap::new();
    for f in figures.into_iter().filter(|f| query.asks_for(f)) {
        let point = Point { period: f.period, value: f.value, state: f.state };
        let points = all.entry((f.indicator, f.division, f.unit)).or_default();
        let kept = points.entry(f.period).or_insert(point);
        if kept.state < point.state {
            *kept = point;
        }
    }
    let series = |((indicator, division, unit), points): (_, BTreeMap<Period, Point>)| Series {
        indicator,
        division,
        unit,
        points: points.into_values().collect(),
    };
    all.into_iter().map(series).collect()
}

/// A rate in percent, of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The period.
    pub period: Period,
    /// Percent, to two places; `None` where there is nothing to compare with, or that is not above zero.
    pub percent: Option<Decimal>,
}

impl Series {
    /// The figure of a period.
    #[must_use]
    pub fn at(&self, period: Period) -> Option<&Point> {
        self.points.binary_search_by_key(&period, |p| p.period).ok().map(|i| &self.points[i])
    }

    /// Growth against the same period of the year before, for each figure.
    #[must_use]
    pub fn growth(&self) -> Vec<Rate> {
        let rate = |p: &Point| {
            let before = p.period.year_before().and_then(|b| self.at(b));
            let percent = before.and_then(|b| percent(p.value.checked_sub(b.value)?, b.value));
            Rate { period: p.period, percent }
        };
        self.points.iter().map(rate).collect()
    }

    /// Its share of another series (a district's of the city's, an industry's of the product), for each figure.
    ///
    /// # Errors
    /// [`SeriesError::Units`].
    pub fn share_of(&self, whole: &Self) -> Result<Vec<Rate>, SeriesError> {
        if self.unit != whole.unit {
            return Err(SeriesError::Units(self.unit.clone(), whole.unit.clone()));
        }
        let rate =
            |p: &Point| Rate { period: p.period, percent: whole.at(p.period).and_then(|w| percent(p.value, w.value)) };
        Ok(self.points.iter().map(rate).collect())
    }

    /// How many places its figures have. A figure that ends in zeros loses them as a number, so the one
    /// with the most places speaks for all.
    fn places(&self) -> u32 {
        self.points.iter().map(|p| p.value.normalize().scale()).max().unwrap_or(0)
    }
}

fn percent(part: Decimal, whole: Decimal) -> Option<Decimal> {
    if whole <= Decimal::ZERO {
        return None;
    }
    let percent = part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(whole)?;
    let mut percent = percent.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    percent.rescale(2);
    Some(percent)
}

/// Whether the parts' figures add up to the whole's: a mean, such as income a head, does not.
#[must_use]
pub fn is_additive(indicator: &str) -> bool {
    matches!(
        indicator,
        "gdp"
            | "primary-industry"
            | "secondary-industry"
            | "tertiary-industry"
            | "retail-sales"
            | "budget-revenue"
            | "population"
    )
}

/// How the parts of a whole add up in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct SumCheck {
    /// The period.
    pub period: Period,
    /// The figure of the whole.
    pub whole: Decimal,
    /// The sum of the parts that have one.
    pub sum: Decimal,
    /// What rounding of each figure to its places can explain.
    pub tolerance: Decimal,
    /// Parts without a figure.
    pub missing: Vec<DivisionCode>,
}

impl SumCheck {
    /// The sum less the whole.
    #[must_use]
    pub fn difference(&self) -> Decimal {
        self.sum - self.whole
    }

    /// Whether every part has a figure and the sum is the whole, but for rounding.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.missing.is_empty() && self.difference().abs() <= self.tolerance
    }
}

/// Compares a whole (a city) with the sum of its parts (its counties) in each period of the whole.
/// `expected` are the parts that there have to be.
///
/// # Errors
/// [`SeriesError::Units`]; [`SeriesError::Number`] when a sum has too many digits.
pub fn check_sums(whole: &Series, parts: &[Series], expected: &[DivisionCode]) -> Result<Vec<SumCheck>, SeriesError> {
    if let Some(other) = parts.iter().find(|p| p.unit != whole.unit) {
        return Err(SeriesError::Units(other.unit.clone(), whole.unit.clone()));
    }
    let half = |places: u32| Decimal::new(5, places + 1);
    let tolerance = parts.iter().map(|p| half(p.places().min(20))).sum::<Decimal>() + half(whole.places().min(20));
    let check = |p: &Point| {
        let mut missing: BTreeSet<&DivisionCode> = expected.iter().collect();
        let mut sum = Decimal::ZERO;
        for part in parts {
            let Some(point) = part.at(p.period) else { continue };
            missing.remove(&part.division);
            sum = sum.checked_add(point.value).ok_or_else(|| SeriesError::Number(point.value.to_string()))?;
        }
        let missing = missing.into_iter().cloned().collect();
        Ok(SumCheck { period: p.period, whole: p.value, sum, tolerance, missing })
    };
    whole.points.iter().map(check).collect()
}
