"""Time. All times are milliseconds since 1970-01-01T00:00:00Z; people read them as the clock in Xuzhou shows them, which
is China Standard Time, UTC+8 without summer time."""

import datetime
import re

from . import _city

_OFFSET = 8 * 3_600_000
_CHINA = datetime.timezone(datetime.timedelta(hours=8))
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def now() -> int:
    """Now."""
    return _city.system.get().now()


def parse_date(text: str) -> datetime.date | None:
    """A date that exists, written ``YYYY-MM-DD``."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def date_at(ms: int) -> datetime.date:
    """The date in China at a time."""
    return _at(ms).date()


def start_of(date: datetime.date) -> int:
    """Midnight in China at the start of a day."""
    return (date.toordinal() - datetime.date(1970, 1, 1).toordinal()) * 86_400_000 - _OFFSET


def years_until(born: datetime.date, other: datetime.date) -> int:
    """Whole years from one date to another: an age. On 29 February the year is full on 1 March in common years."""
    return other.year - born.year - ((other.month, other.day) < (born.month, born.day))


def minute(ms: int) -> str:
    """A time in China to the minute, ``2026-11-23 14:05``."""
    return _at(ms).strftime("%Y-%m-%d %H:%M")


def time_of_day(ms: int) -> str:
    """The time of day in China, ``14:05``."""
    return _at(ms).strftime("%H:%M")


def rfc3339(ms: int) -> str:
    """A time as RFC 3339 with China's offset, to the second: ``2026-11-23T14:05:00+08:00``."""
    return _at(ms).isoformat(timespec="seconds")


def _at(ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms // 1000, _CHINA)


_city.provide(_city.system, "system")
