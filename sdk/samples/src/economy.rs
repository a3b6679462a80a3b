//! Economic series by county and for the city. **They are drawn**, and no publication of any office.

use crate::divisions::{CITY, COUNTIES};
use crate::random::Random;
use crate::{Row, row};

const FIRST_YEAR: u16 = 2015;
const LAST_YEAR: u16 = 2025;

/// How the city's figure comes from those of the counties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    /// Their sum.
    Sum,
    /// Their mean, weighted by the shares of the people.
    Mean,
}

/// A series that is drawn.
struct Series {
    indicator: &'static str,
    unit: &'static str,
    whole: Whole,
    /// The figure of a county with a hundredth of the people in the first year, in hundredths of the unit.
    start: i64,
    /// Growth a year in ten-thousandths, at least and at most.
    growth: (i64, i64),
    /// The parts of the four quarters in hundredths; `None` for figures of the year's end.
    quarters: Option<[i64; 4]>,
}

const SERIES: [Series; 8] = [
    Series {
        indicator: "primary-industry",
        unit: "亿元",
        whole: Whole::Sum,
        start: 480,
        growth: (150, 550),
        quarters: Some([12, 24, 30, 34]),
    },
    Series {
        indicator: "secondary-industry",
        unit: "亿元",
        whole: Whole::Sum,
        start: 2_100,
        growth: (300, 850),
        quarters: Some([22, 25, 25, 28]),
    },
    Series {
        indicator: "tertiary-industry",
        unit: "亿元",
        whole: Whole::Sum,
        start: 2_300,
        growth: (350, 950),
        quarters: Some([24, 24, 25, 27]),
    },
    Series {
        indicator: "retail-sales",
        unit: "亿元",
        whole: Whole::Sum,
        start: 2_000,
        growth: (200, 900),
        quarters: Some([25, 23, 24, 28]),
    },
    Series {
        indicator: "budget-revenue",
        unit: "亿元",
        whole: Whole::Sum,
        start: 400,
        growth: (-100, 700),
        quarters: Some([29, 27, 21, 23]),
    },
    Series {
        indicator: "population", unit: "万人", whole: Whole::Sum, start: 900, growth: (-60, 60), quarters: None
    },
    Series {
        indicator: "urban-income",
        unit: "元",
        whole: Whole::Mean,
        start: 2_500_000,
        growth: (400, 800),
        quarters: Some([28, 23, 24, 25]),
    },
    Series {
        indicator: "rural-income",
        unit: "元",
        whole: Whole::Mean,
        start: 1_400_000,
        growth: (500, 950),
        quarters: Some([29, 20, 24, 27]),
    },
];

/// All observations: for each indicator the counties and then the city, each year with its quarters.
pub(crate) fn observations(seed: u64) -> impl Iterator<Item = Row> + Send {
    let mut rows = Vec::new();
    let mut gdp: Vec<(String, String, i64)> = Vec::new();
    for series in &SERIES {
        let figures = figures(seed, series);
        if series.indicator.ends_with("-industry") {
            add(&mut gdp, &figures);
        }
        rows.extend(figures.iter().map(|f| observation(series.indicator, series.unit, f)));
    }
    rows.extend(gdp.iter().map(|f| observation("gdp", "亿元", f)));
    rows.into_iter()
}

/// The gross product is the sum of the three industries, of each division and period.
fn add(sum: &mut Vec<(String, String, i64)>, part: &[(String, String, i64)]) {
    if sum.is_empty() {
        sum.extend_from_slice(part);
    } else {
        sum.iter_mut().zip(part).for_each(|(s, p)| s.2 += p.2);
    }
}

/// Division, period and figure in hundredths of the unit.
fn figures(seed: u64, series: &Series) -> Vec<(String, String, i64)> {
    let mut figures = Vec::new();
    let mut city: Vec<(String, i64)> = Vec::new();
    for (place, county) in COUNTIES.iter().enumerate() {
        let share = county.share.cast_signed();
        let mut random = Random::new(seed, series.indicator, place as u64);
        let size = if series.whole == Whole::Sum { share } else { 1 };
        let mut year_figure = series.start * size * random.between(85, 115) / 100;
        let mut at = 0;
        for year in FIRST_YEAR..=LAST_YEAR {
            if year > FIRST_YEAR {
                year_figure += year_figure * random.between(series.growth.0, series.growth.1) / 10_000;
            }
            for (period, figure) in periods(year, year_figure, series.quarters) {
                let weight = if series.whole == Whole::Sum { 1 } else { share };
                match city.get_mut(at) {
                    Some((_, sum)) => *sum += figure * weight,
                    None => city.push((period.clone(), figure * weight)),
                }
                at += 1;
                figures.push((county.code.to_owned(), period, figure));
            }
        }
    }
    let divisor = if series.whole == Whole::Sum { 1 } else { 100 };
    figures.extend(city.into_iter().map(|(period, sum)| (CITY.to_owned(), period, sum / divisor)));
    figures
}

/// The year, and its quarters, which add up to it.
fn periods(year: u16, figure: i64, quarters: Option<[i64; 4]>) -> Vec<(String, i64)> {
    let mut periods = vec![(year.to_string(), figure)];
    if let Some(parts) = quarters {
        let mut left = figure;
        for (n, part) in parts.iter().enumerate() {
            let quarter = if n == 3 { left } else { figure * part / 100 };
            left -= quarter;
            periods.push((format!("{year}-Q{}", n + 1), quarter));
        }
    }
    periods
}

fn observation(indicator: &str, unit: &str, (division, period, hundredths): &(String, String, i64)) -> Row {
    row! {
        "observation": format!("{indicator}/{division}/{period}"),
        "indicator": indicator,
        "division": division.as_str(),
        "period": period.as_str(),
        "value": serde_json::Value::from(*hundredths as f64 / 100.0),
        "unit": unit,
    }
}
