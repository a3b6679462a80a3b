"""Time, as people in Xuzhou read it."""

import datetime

import pytest

from yunlong import clock


def test_dates_are_those_of_the_calendar_in_china() -> None:
    assert str(clock.date_at(0)) == "1970-01-01"
    # 2026-11-22T16:00:00Z is midnight in China.
    assert clock.rfc3339(1_795_363_200_000) == "2026-11-23T00:00:00+08:00"
    assert clock.minute(1_795_363_199_999) == "2026-11-22 23:59"
    assert clock.time_of_day(1_795_363_199_999) == "23:59"
    assert clock.start_of(datetime.date(2026, 11, 23)) == 1_795_363_200_000


@pytest.mark.parametrize(
    "bad", ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "0000-01-01", "２026-01-01", "2026-01-01Z", "20260101"]
)
def test_dates_that_do_not_exist_are_refused(bad: str) -> None:
    assert clock.parse_date(bad) is None


def test_an_age_is_full_on_the_birthday() -> None:
    born = datetime.date(1966, 11, 23)
    assert clock.years_until(born, datetime.date(2026, 11, 22)) == 59
    assert clock.years_until(born, datetime.date(2026, 11, 23)) == 60
