"""N1: quiet hours across changes of the clock: they end, when it was said, and not later."""

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kacang.messages.restraint.quiet import QuietHours

# With an hour that is missing or twice: at two, at midnight, by half an hour; and with neither.
ZONES = [
    "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe",
    "America/St_Johns", "Asia/Beirut", "UTC",
]  # fmt: skip
MOMENTS = some.integers(1_704_067_200, 1_924_905_600).map(partial(datetime.fromtimestamp, tz=UTC))
HOURS = some.integers(0, 23)


@given(HOURS, HOURS, some.sampled_from(ZONES), MOMENTS)
def test_what_is_held_is_sent_when_it_is_not_quiet_and_within_a_day(start, end, zone, at):
    hours = QuietHours(start, end, zone)

    until = hours.until(at)

    if not hours.is_quiet(at):
        assert until is None
        return
    assert until is not None
    assert not hours.is_quiet(until)
    # A day and the hour by which clocks change; past a missing end, to the next one.
    assert timedelta(0) < until - at <= timedelta(hours=25) or start == (end + 1) % 24
    here = until.astimezone(ZoneInfo(zone))
    missing = here.hour - end in (1, -23)
    assert (here.hour == end and here.minute == 0) or missing or here.minute == 30


@given(HOURS, HOURS, some.sampled_from(ZONES), MOMENTS)
def test_it_is_quiet_all_the_time_until_then(start, end, zone, at):
    hours = QuietHours(start, end, zone)
    until = hours.until(at)
    if until is None or start == (end + 1) % 24:
        return

    between = [at + (until - at) * share / 7 for share in range(7)]

    assert all(hours.is_quiet(one) for one in between if until - one > timedelta(minutes=61))


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        ("Asia/Shanghai", "2026-11-26T15:00", "2026-11-27T00:00"),
        ("Asia/Shanghai", "2026-11-26T23:59", "2026-11-27T00:00"),
        ("Asia/Shanghai", "2026-11-27T00:00", None),
        ("Asia/Shanghai", "2026-11-26T13:59", None),
        # The night in which clocks go forward is an hour shorter, the other an hour longer.
        ("Europe/Berlin", "2026-03-28T21:00", "2026-03-29T06:00"),
        ("Europe/Berlin", "2026-10-24T20:00", "2026-10-25T07:00"),
    ],
)
def test_from_ten_to_eight(zone, at, until):
    found = QuietHours(22, 8, zone).until(datetime.fromisoformat(at).replace(tzinfo=UTC))

    assert found == (until and datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_an_end_that_the_clock_jumps_over_is_when_it_jumps():
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half past one in Berlin; two does not come

    assert QuietHours(22, 2, "Europe/Berlin").until(at) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_equal_hours_are_no_quiet():
    assert QuietHours(8, 8, "UTC").until(datetime(2026, 1, 1, 8, tzinfo=UTC)) is None


def test_an_end_that_falls_into_the_next_quiet_is_the_one_of_the_day_after():
    """Quiet from three to two: when two is jumped over, three is quiet again."""
    at = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert QuietHours(3, 2, "Europe/Berlin").until(at) == datetime(2026, 3, 30, tzinfo=UTC)
