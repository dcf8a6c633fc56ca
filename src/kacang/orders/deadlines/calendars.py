"""Working time: when a merchant is at work, and what comes after so much of it. Pure.

Hours are hours of the clock on the merchant's wall; everything is reckoned in the time that really
passes, so that a night with an hour twice, or one less, counts as what it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
WEEK = 7
# Minutes of a day from midnight, the second one not included; 1440 is the midnight after it.
Span = tuple[int, int]
ALL_DAY: tuple[Span, ...] = ((0, DAY_MINUTES),)
_ONE = timedelta(days=1)
_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works. Spans of a day are in order and do not overlap.

    Args:
        zone: Whose clock.
        weekly: The spans of Monday to Sunday; at least one day has some.
        days: Days that are otherwise: none on a holiday, some on a day that is made up for.
    """

    zone: ZoneInfo
    weekly: Sequence[Sequence[Span]] = field(default=(ALL_DAY,) * WEEK)
    days: Mapping[date, Sequence[Span]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold that there is an end to waiting: days that are otherwise are so many, weeks not."""
        assert any(begin < end for spans in self.weekly for begin, end in spans)

    def add(self, start: datetime, work: timedelta) -> datetime:
        """Return the first moment by which so much working time has passed since `start`."""
        if work <= _NONE:
            return start
        left = work
        for begin, end in self._after(start):
            begins = max(begin, start)
            if end - begins >= left:
                return begins + left
            left -= end - begins
        raise AssertionError("a week has working time")

    def latest_start(self, end: datetime, work: timedelta) -> datetime:
        """Return the last moment from which so much working time has passed by `end`.

        `add(start, work) <= end` for every start up to it, and for none after it.
        """
        if work <= _NONE:
            return end
        left = work
        for begin, stop in self._before(end):
            stops = min(stop, end)
            if stops - begin >= left:
                return stops - left
            left -= stops - begin
        raise AssertionError("a week has working time")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much working time lies between two moments."""
        total = _NONE
        for begin, stop in self._after(start):
            if begin >= end:
                break
            total += min(stop, end) - max(begin, start)
        return total

    def spans_of(self, day: date) -> Sequence[Span]:
        """Return the working hours of one day."""
        return self.days.get(day, self.weekly[day.weekday()])

    def _after(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Return the working times that end after `start`, the first first; without end."""
        day = start.astimezone(self.zone).date() - _ONE
        while True:
            for begin, end in self._of(day):
                if end > start:
                    yield begin, end
            day += _ONE

    def _before(self, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Return the working times that begin before `end`, the last first; without end."""
        day = end.astimezone(self.zone).date() + _ONE
        while True:
            for begin, stop in reversed(self._of(day)):
                if begin < end:
                    yield begin, stop
            day -= _ONE

    def _of(self, day: date) -> list[tuple[datetime, datetime]]:
        found = ((self._at(day, begin), self._at(day, end)) for begin, end in self.spans_of(day))
        return [(begin, end) for begin, end in found if begin < end]

    def _at(self, day: date, minutes: int) -> datetime:
        days, rest = divmod(minutes, DAY_MINUTES)
        wall = datetime.combine(day + days * _ONE, time(rest // 60, rest % 60))
        moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == wall:
            return moment
        return self._skip(moment - timedelta(hours=3), moment)

    def _skip(self, early: datetime, late: datetime) -> datetime:
        """Return when the clock jumped over an hour that never was: what was in it is then."""
        offset = late.astimezone(self.zone).utcoffset()
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) / 2
            middle = middle.replace(second=0, microsecond=0)
            if middle.astimezone(self.zone).utcoffset() == offset:
                late = middle
            else:
                early = middle
        return late
