"""Dates of expiry as people write them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"(\d{4})\s*(?:[-/.年])?\s*(\d{1,2})\s*(?:[-/.月])?\s*(\d{1,2})\s*日?"
    r"(?:[ T]*(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)


def read_time(text: str, time_zone: str) -> datetime | None:
    """Return the instant at which a card expires, in UTC, or None when `text` is no date.

    A day alone is valid to its end. Without a zone of its own it is in `time_zone`.
    """
    found = _DATE.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    zone = ZoneInfo(time_zone)
    try:
        when = datetime(int(year), int(month), int(day), tzinfo=zone)
        if hour is None:
            # 9999-12-31 is what other systems write for "never": its end is not in the calendar.
            ends = timedelta(days=1) if (when.year, when.month) < (9999, 12) else timedelta()
            return (when + ends).astimezone(UTC)
        when = when.replace(hour=int(hour), minute=int(minute), second=int(second or 0))
        if offset:
            stated = datetime.strptime(offset.replace("Z", "+0000"), "%z").tzinfo
            when = when.replace(tzinfo=stated)
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
