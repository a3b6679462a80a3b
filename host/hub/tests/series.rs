//! The economy as time series: periods, figures, growth, shares and sums.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use yunlong_formats::{DivisionCode, Explain, Level};
use yunlong_hub::series::{
    Divisions, Figure, Frequency, Period, PeriodRange, Rate, Series, SeriesError, SeriesQuery, State, assemble,
    check_sums, is_additive, to_number,
};

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

fn division(code: &str) -> DivisionCode {
    DivisionCode::parse(code).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn figure(division: &str, period: &str, value: Value) -> Figure {
    let body = json!({
        "indicator": "gdp", "division": division, "period": period, "value": value, "unit": "亿元", "state": "final",
    });
    Figure::from_body(body.as_object().unwrap()).unwrap()
}

fn gdp(divisions: &[&str], from: &str, to: &str) -> SeriesQuery {
    let divisions = Divisions::Codes(divisions.iter().map(|d| division(d)).collect());
    SeriesQuery::new(vec!["gdp".into()], divisions, period(from), period(to)).unwrap()
}

/// The one series of a division.
fn series(code: &str, figures: &[(&str, Value)]) -> Series {
    let frequency = |p: &str| (period(p).frequency(), p.to_owned());
    let (_, first) = frequency(figures.first().unwrap().0);
    let query = gdp(&[code], &first, figures.last().unwrap().0);
    let all = assemble(&query, figures.iter().map(|(p, v)| figure(code, p, v.clone())));
    let [one] = all.try_into().unwrap();
    one
}

fn rates(rates: &[Rate]) -> Vec<(String, Option<String>)> {
    rates.iter().map(|r| (r.period.to_string(), r.percent.map(|p| p.to_string()))).collect()
}

// ——— Periods ———

#[test]
fn periods_are_years_quarters_and_months() {
    assert_eq!(period("2025"), Period::year(2025).unwrap());
    assert_eq!(period("2025-Q3"), Period::quarter(2025, 3).unwrap());
    assert_eq!(period("2025-07"), Period::month(2025, 7).unwrap());
    assert_eq!((period("2025-Q3").in_year(), period("2025-Q3").part()), (2025, 3));
    assert_eq!(period("2025-07").frequency(), Frequency::Month);
}

#[test]
fn what_is_no_period_is_refused() {
    for text in [
        "",
        "25",
        "0000",
        "2025-",
        "2025-0",
        "2025-00",
        "2025-13",
        "2025-Q0",
        "2025-Q5",
        "2025-q3",
        "2025Q3",
        "+025",
        "2025-+7",
        "二〇二五",
        "2025-07-01",
        " 2025",
    ] {
        let error = text.parse::<Period>().unwrap_err();
        assert!(error.zh().contains("2025-Q3") && error.en().contains("2025-Q3"), "{text}");
    }
    assert_eq!(Period::quarter(2025, 5), None);
    assert_eq!(Period::year(0), None);
    assert_eq!(Period::month(10_000, 1), None);
}

#[test]
fn a_range_goes_over_the_turn_of_the_year() {
    let texts: Vec<_> = PeriodRange::new(period("2024-Q3"), period("2025-Q2")).map(|p| p.to_string()).collect();
    assert_eq!(texts, ["2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2"]);
    assert_eq!(PeriodRange::new(period("2025"), period("2024")).count(), 0);
    assert_eq!(PeriodRange::new(period("2025"), period("2025-Q4")).count(), 0);
    assert_eq!(PeriodRange::new(period("9999-12"), period("9999-12")).count(), 1);
}

#[test]
fn of_periods_that_begin_together_the_shorter_comes_first() {
    assert!(period("2024") < period("2025-01"));
    assert!(period("2025-01") < period("2025-Q1"));
    assert!(period("2025-Q1") < period("2025"));
    assert!(period("2025") < period("2025-02"));
}

fn any_period() -> impl Strategy<Value = Period> {
    let frequency = prop_oneof![Just(Frequency::Year), Just(Frequency::Quarter), Just(Frequency::Month)];
    (frequency, 1..=9_999_u16, 0..12_u8).prop_map(|(frequency, year, part)| match frequency {
        Frequency::Year => Period::year(year).unwrap(),
        Frequency::Quarter => Period::quarter(year, part % 4 + 1).unwrap(),
        Frequency::Month => Period::month(year, part + 1).unwrap(),
    })
}

proptest! {
    #[test]
    fn a_period_is_read_as_it_is_written(p in any_period()) {
        prop_assert_eq!(p.to_string().parse(), Ok(p));
    }

    #[test]
    fn whatever_is_taken_as_a_period_is_one_in_its_normal_form(text in "[0-9]{3,4}(-?Q?[0-9]{0,2})?") {
        if let Ok(p) = text.parse::<Period>() {
            prop_assert_eq!(p.to_string(), text);
        }
    }

    #[test]
    fn periods_of_a_frequency_are_ordered_as_their_texts(a in any_period(), b in any_period()) {
        prop_assume!(a.frequency() == b.frequency());
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.next().is_some_and(|n| n <= a), false);
    }

    #[test]
    fn a_year_before_is_as_many_periods_back_as_a_year_has(p in any_period()) {
        match p.year_before() {
            Some(before) => {
                let steps = PeriodRange::new(before, p).count() as u32 - 1;
                prop_assert_eq!(steps, p.frequency().in_a_year());
                prop_assert_eq!(before.part(), p.part());
            }
            None => prop_assert_eq!(p.in_year(), 1),
        }
    }

    #[test]
    fn a_range_holds_each_period_once_in_order(a in any_period(), n in 0..60_usize) {
        let all: Vec<_> = std::iter::successors(Some(a), |p| p.next()).take(n + 1).collect();
        let last = *all.last().unwrap();
        prop_assert_eq!(PeriodRange::new(a, last).collect::<Vec<_>>(), all);
    }
}

// ——— Questions ———

#[test]
fn questions_that_cannot_be_answered_are_refused() {
    let ask = |indicators: usize, codes: usize, from: &str, to: &str| {
        let codes = (0..codes).map(|_| division("320302")).collect();
        SeriesQuery::new(vec!["gdp".into(); indicators], Divisions::Codes(codes), period(from), period(to)).unwrap_err()
    };
    assert_eq!(ask(0, 1, "2020", "2025"), SeriesError::Count { what: "indicators", found: 0 });
    assert_eq!(ask(51, 1, "2020", "2025"), SeriesError::Count { what: "indicators", found: 51 });
    assert_eq!(ask(1, 0, "2020", "2025"), SeriesError::Count { what: "divisions", found: 0 });
    let mixed = SeriesError::Frequencies { from: period("2020"), to: period("2025-Q1") };
    assert_eq!(ask(1, 1, "2020", "2025-Q1"), mixed);
    assert!(mixed.zh().contains("频率不同"));
    assert_eq!(ask(1, 1, "2025", "2020"), SeriesError::Backwards { from: period("2025"), to: period("2020") });
    assert_eq!(ask(1, 1, "1900-01", "2000-01"), SeriesError::Long(1_201));
}

#[test]
fn a_level_is_asked_for_within_a_division() {
    let counties = Divisions::Level { within: division("320300"), level: Level::County };
    assert!(counties.has(&division("320302")));
    assert!(!counties.has(&division("320300")), "the city is no county");
    assert!(!counties.has(&division("320324109")), "a town is no county");
    assert!(!counties.has(&division("320102")), "of another city");
}

#[test]
fn series_are_in_the_order_of_periods_with_the_most_final_figure_of_each() {
    let mut preliminary = figure("320302", "2024", json!(900));
    preliminary.state = Some(State::Preliminary);
    let mut tons = figure("320302", "2024", json!(1));
    tons.unit = "万吨".into();
    let figures = [
        figure("320302", "2025", json!(1_000)),
        preliminary.clone(),
        figure("320302", "2024", json!(950)),
        preliminary,
        figure("320302", "2024-Q4", json!(240)),
        figure("320302", "2019", json!(1)),
        figure("320303", "2024", json!(2)),
        tons,
    ];
    let all = assemble(&gdp(&["320302"], "2020", "2025"), figures);
    assert_eq!(all.iter().map(|s| s.unit.as_str()).collect::<Vec<_>>(), ["万吨", "亿元"]);
    let values: Vec<_> = all[1].points.iter().map(|p| (p.period.to_string(), p.value.to_string())).collect();
    assert_eq!(values, [("2024".into(), "950".into()), ("2025".to_owned(), "1000".to_owned())]);
}

#[test]
fn a_figure_that_lacks_something_says_what() {
    let whole = json!({ "indicator": "gdp", "division": "320302", "period": "2025", "value": 1.5, "unit": "亿元" });
    assert_eq!(Figure::from_body(whole.as_object().unwrap()).unwrap().state, None);
    for item in ["indicator", "division", "period", "value", "unit"] {
        let mut body = whole.as_object().unwrap().clone();
        body.remove(item);
        assert_eq!(Figure::from_body(&body), Err(SeriesError::Lacks(item)));
        body.insert(item.into(), json!(true));
        assert_eq!(Figure::from_body(&body), Err(SeriesError::Lacks(item)), "masked to presence");
    }
    let mut body = whole.as_object().unwrap().clone();
    body.insert("value".into(), json!(1e300));
    assert!(matches!(Figure::from_body(&body), Err(SeriesError::Number(_))));
}

// ——— Figures ———

#[test]
fn growth_is_against_the_same_period_of_the_year_before() {
    let quarters = series(
        "320302",
        &[
            ("2024-Q1", json!(200)),
            ("2024-Q2", json!(210.5)),
            ("2025-Q1", json!(211)),
            ("2025-Q2", json!(210.5)),
            ("2025-Q3", json!(9)),
        ],
    );
    let some = |p: &str, r: &str| (p.to_owned(), Some(r.to_owned()));
    let none = |p: &str| (p.to_owned(), None);
    assert_eq!(
        rates(&quarters.growth()),
        [none("2024-Q1"), none("2024-Q2"), some("2025-Q1", "5.50"), some("2025-Q2", "0.00"), none("2025-Q3")]
    );
}

#[test]
fn rates_are_rounded_once_half_away_from_zero() {
    // 100.125 against 100 is 0.125 %; in binary fractions it would be 0.12 or 0.13 by chance.
    let up = series("320302", &[("2024", json!(100)), ("2025", json!(100.125))]);
    assert_eq!(up.growth()[1].percent, Some(decimal("0.13")));
    let down = series("320302", &[("2024", json!(100)), ("2025", json!(99.875))]);
    assert_eq!(down.growth()[1].percent, Some(decimal("-0.13")));
}

#[test]
fn growth_from_nothing_or_from_a_loss_is_no_rate() {
    for base in [json!(0), json!(-5)] {
        let s = series("320302", &[("2024", base), ("2025", json!(10))]);
        assert_eq!(s.growth()[1].percent, None);
    }
}

#[test]
fn a_share_needs_one_unit() {
    let county = series("320302", &[("2024", json!(25.5)), ("2025", json!(30))]);
    let city = series("320300", &[("2025", json!(90))]);
    assert_eq!(
        rates(&county.share_of(&city).unwrap()),
        [("2024".to_owned(), None), ("2025".to_owned(), Some("33.33".to_owned()))]
    );
    let other = Series { unit: "万元".into(), ..city };
    assert_eq!(county.share_of(&other), Err(SeriesError::Units("亿元".into(), "万元".into())));
}

#[test]
fn counties_add_up_to_the_city_but_for_rounding() {
    let city = series("320300", &[("2024", json!(100.0)), ("2025", json!(110.5))]);
    let a = series("320302", &[("2024", json!(60.04)), ("2025", json!(66.3))]);
    let b = series("320303", &[("2024", json!(40.01)), ("2025", json!(43.1))]);
    let expected = [division("320302"), division("320303")];
    let checks = check_sums(&city, &[a.clone(), b], &expected).unwrap();
    // 0.05 for the city's one place, 0.005 for each county's two.
    assert_eq!(checks[0].tolerance, decimal("0.06"));
    assert_eq!((checks[0].difference(), checks[0].holds()), (decimal("0.05"), true));
    assert_eq!((checks[1].difference(), checks[1].holds()), (decimal("-1.1"), false));
    let partial = check_sums(&city, &[a], &expected).unwrap();
    assert_eq!(partial[0].missing, [division("320303")]);
    assert!(!partial[0].holds());
    assert!(is_additive("gdp") && !is_additive("urban-income"));
}

proptest! {
    #[test]
    fn a_number_is_read_and_given_as_it_was_written(hundredths in -1_000_000_000_000_i64..1_000_000_000_000) {
        let text = Decimal::new(hundredths, 2).to_string();
        let number: f64 = text.parse().unwrap();
        let read = figure("320302", "2025", json!(number));
        prop_assert_eq!(read.value, decimal(&text));
        prop_assert_eq!(to_number(read.value).to_bits(), number.to_bits());
    }

    /// Tenths have no exact binary fraction; their sums are exact all the same.
    #[test]
    fn sums_are_exact(tenths in prop::collection::vec(-1_000_000_i64..1_000_000, 1..20)) {
        let of = |n: i64| serde_json::from_str::<Value>(&format!("{}", Decimal::new(n, 1))).unwrap();
        let city = series("320300", &[("2025", of(tenths.iter().sum()))]);
        let parts: Vec<_> = tenths.iter().enumerate().map(|(i, n)| series(&format!("3203{:02}", i + 1), &[("2025", of(*n))])).collect();
        let checks = check_sums(&city, &parts, &[]).unwrap();
        prop_assert_eq!(checks[0].difference(), Decimal::ZERO);
    }
}
