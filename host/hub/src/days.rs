//! Days as the city counts them: in Asia/Shanghai, and working days.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use yunlong_formats::Date;
use yunlong_model::Timestamp;

/// The day at this moment in Asia/Shanghai. China has kept UTC+8 without summer time since 1992.
#[must_use]
pub(crate) fn day(at: Timestamp) -> Date {
    let day = civil(at);
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or(1);
    // The calendar's own dates exist; the fallback is never met.
    Date::new(year, part(day.month()), part(day.day())).unwrap_or_else(|_| first_day())
}

fn first_day() -> Date {
    match Date::new(1970, 1, 1) {
        Ok(day) => day,
        Err(_) => unreachable!("1970-01-01 is a day"),
    }
}

fn civil(at: Timestamp) -> jiff::civil::Date {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.to_zoned_datetime(shanghai()).date()
}

fn shanghai() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// The end of the working day that is `days` working days after the one of `at`. Working days are
/// Monday to Friday; holidays are not known here.
#[must_use]
pub(crate) fn after_working_days(at: Timestamp, days: u32) -> Timestamp {
    let mut day = civil(at);
    let mut left = days;
    while left > 0 {
        day = day.tomorrow().unwrap_or(day);
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    let end = day.tomorrow().unwrap_or(day);
    shanghai().to_timestamp(end.at(0, 0, 0, 0)).map_or(at, |t| Timestamp(t.as_millisecond()))
}

/// Whole days from the day of `from` to the day of `to`; 0 when it is not later.
#[must_use]
pub(crate) fn days_between(from: Timestamp, to: Timestamp) -> u32 {
    let days = civil(from).until(civil(to)).map_or(0, |span| span.get_days());
    u32::try_from(days).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_day_is_that_of_shanghai() {
        assert_eq!(day(at("2026-03-01T15:59:59Z")).to_string(), "2026-03-01");
        assert_eq!(day(at("2026-03-01T16:00:00Z")).to_string(), "2026-03-02");
    }

    #[test]
    fn deadlines_skip_weekends_and_end_with_the_day() {
        // Friday morning in Shanghai: one working day later is Monday's end.
        assert_eq!(after_working_days(at("2026-11-27T01:00:00Z"), 1), at("2026-11-30T16:00:00Z"));
        // Saturday counts from Monday.
        assert_eq!(after_working_days(at("2026-11-28T01:00:00Z"), 1), at("2026-11-30T16:00:00Z"));
        assert_eq!(after_working_days(at("2026-11-26T01:00:00Z"), 10), at("2026-12-10T16:00:00Z"));
    }

    #[test]
    fn days_between_are_calendar_days() {
        assert_eq!(days_between(at("2026-11-26T15:00:00Z"), at("2026-11-26T17:00:00Z")), 1);
        assert_eq!(days_between(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), 365);
        assert_eq!(days_between(at("2026-11-26T17:00:00Z"), at("2026-11-20T17:00:00Z")), 0);
    }
}
