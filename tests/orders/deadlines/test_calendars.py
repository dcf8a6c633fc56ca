"""O8: working time is arithmetic; hypothesis tries it, in zones whose clocks jump too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.orders.deadlines.calendars import ALL_DAY, DAY_MINUTES, WEEK, Calendar
from kacang.orders.deadlines.rules import DEFAULTS, Rule, RuleBook, Stage, with_defaults

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
# Jumps at midnight; jumps by half an hour; has neither.
ZONES = [SHANGHAI, BERLIN, ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")]
OFFICE = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
WEEKDAYS = (OFFICE,) * 5 + ((), ())


@st.composite
def spans(draw):
    """The working hours of a day: in order, none over another, perhaps none."""
    ends = sorted(draw(st.lists(st.integers(0, DAY_MINUTES), max_size=6, unique=True)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


@st.composite
def calendars(draw):
    weekly = tuple(draw(st.lists(spans(), min_size=WEEK, max_size=WEEK)))
    if not any(weekly):
        weekly = (OFFICE, *weekly[1:])
    days = draw(st.dictionaries(st.dates(date(2026, 3, 20), date(2026, 4, 20)), spans()))
    return Calendar(draw(st.sampled_from(ZONES)), weekly, days)


# Around the nights in which clocks of both halves of the world jump.
FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
moments = st.timedeltas(timedelta(), LAST - FIRST).map(lambda passed: FIRST + passed)
works = st.timedeltas(timedelta(), timedelta(hours=60))


@given(calendars(), moments, works, works)
def test_time_adds_up(calendar, start, one, other):
    assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)


@given(calendars(), moments, moments, works)
def test_who_begins_later_is_not_done_earlier(calendar, one, other, work):
    early, late = sorted((one, other))
    assert calendar.add(early, work) <= calendar.add(late, work)


@given(calendars(), moments, works)
def test_so_much_work_lies_between(calendar, start, work):
    end = calendar.add(start, work)
    assert end >= start + work
    assert calendar.between(start, end) == work


@given(calendars(), moments, works)
def test_the_latest_start_is_the_last_that_is_in_time(calendar, end, work):
    start = calendar.latest_start(end, work)
    assert calendar.add(start, work) <= end
    assert calendar.add(start + timedelta(microseconds=1), work) > end


@given(calendars(), moments, moments, moments)
def test_what_lies_between_is_the_sum_of_its_parts(calendar, one, other, third):
    a, b, c = sorted((one, other, third))
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)


@given(st.sampled_from(ZONES), moments, works)
def test_who_always_works_goes_by_the_clock(zone, start, work):
    assert Calendar(zone).add(start, work) == start + work


class TestOffice:
    calendar = Calendar(
        SHANGHAI,
        WEEKDAYS,
        {date(2026, 10, 1): (), date(2026, 10, 2): (), date(2026, 10, 10): OFFICE},
    )

    @pytest.mark.parametrize(
        ("start", "hours", "end"),
        [
            ("2026-11-26T10:00", 1, "2026-11-26T11:00"),
            ("2026-11-26T11:30", 1, "2026-11-26T13:30"),
            ("2026-11-27T17:00", 2, "2026-11-30T10:00"),  # over a weekend
            ("2026-09-30T17:30", 1, "2026-10-05T09:30"),  # over a holiday
            ("2026-10-09T17:30", 1, "2026-10-10T09:30"),  # into a day that is made up for
            ("2026-11-28T03:00", 8, "2026-11-30T18:00"),
        ],
    )
    def test_counts_its_hours(self, start, hours, end):
        begun = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
        done = datetime.fromisoformat(end).replace(tzinfo=SHANGHAI)
        assert self.calendar.add(begun, timedelta(hours=hours)) == done

    def test_a_night_with_an_hour_less_is_that_much_shorter(self):
        night = Calendar(BERLIN, (ALL_DAY,) * WEEK)
        before = datetime(2026, 3, 28, 22, tzinfo=BERLIN)
        assert night.add(before, timedelta(hours=8)) == datetime(2026, 3, 29, 7, tzinfo=BERLIN)

    def test_hours_that_the_clock_skips_are_none(self):
        early = Calendar(BERLIN, (((2 * 60, 3 * 60),),) * WEEK)
        start, end = datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)
        assert early.between(start, end) == timedelta()

    def test_a_week_without_work_is_refused(self):
        with pytest.raises(AssertionError):
            Calendar(SHANGHAI, ((),) * WEEK)


DAY = timedelta(days=1)
NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)


@st.composite
def books(draw):
    rules = draw(
        st.lists(
            st.builds(
                Rule,
                st.just(Stage.DELIVERY),
                st.sampled_from(["", "code", "pickup_card"]),
                st.none() | st.integers(1, 3000),
                st.integers(0, 300),
                st.booleans(),
                st.timedeltas(-6 * DAY, 2 * DAY).map(lambda ago: NOW + ago),
            ),
            max_size=5,
        )
    )
    return RuleBook(draw(calendars()), with_defaults(rules))


class TestRules:
    @given(books(), st.timedeltas(timedelta(), 12 * DAY), st.sampled_from(["code", "pickup_card"]))
    def test_what_is_late_is_what_is_due_before_now(self, book, ago, kind):
        start = NOW - ago
        due = book.due(Stage.DELIVERY, kind, start)

        late = [
            cut
            for cut in book.cuts(Stage.DELIVERY, NOW)
            if cut.kind == kind and cut.since <= start < cut.until and start <= cut.late_until
        ]

        assert bool(late) == (due is not None and due <= NOW)
        assert all(cut.warn_until >= cut.late_until for cut in late)

    def test_what_began_before_a_rule_keeps_the_one_before(self):
        strict = Rule(Stage.DELIVERY, "", 10, valid_from=NOW)
        book = RuleBook(Calendar(SHANGHAI), with_defaults([strict]))

        assert book.due(Stage.DELIVERY, "code", NOW - DAY) == NOW - DAY + timedelta(hours=2)
        assert book.due(Stage.DELIVERY, "code", NOW) == NOW + timedelta(minutes=10)

    def test_a_kind_with_a_rule_of_its_own_follows_it(self):
        own = Rule(Stage.DELIVERY, "pickup_card", 10, valid_from=NOW)
        book = RuleBook(Calendar(SHANGHAI), with_defaults([own]))

        assert book.due(Stage.DELIVERY, "code", NOW) == NOW + timedelta(hours=2)
        assert book.due(Stage.DELIVERY, "pickup_card", NOW) == NOW + timedelta(minutes=10)

    def test_every_stage_has_a_rule_from_the_first_day(self):
        assert {rule.stage for rule in DEFAULTS} == set(Stage)
