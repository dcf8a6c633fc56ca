"""Sums of days that are over, so that a report of a quarter costs what it shows (O7).

A sum keeps how many orders took how many seconds: medians and percentiles of any span of days
are exact from it, as they would be from the rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.stages.measuring import MEASURED, parameters
from kacang.orders.statements import rows

DAYS_MAX = 92
# What was begun before midnight may commit after it.
SETTLED = timedelta(minutes=10)
_ONE = timedelta(days=1)
_DUE = """
select d.day::date from generate_series(%(first)s::date, %(last)s::date, interval '1 day') as d(day)
where not exists (
    select from stage_day s where s.merchant_id = %(merchant)s::bigint and s.day = d.day::date)
order by 1
"""
_BEGAN = """
select min(created_at) from sale_order
where merchant_id = %(merchant)s::bigint
  and id = (select min(id) from sale_order where merchant_id = %(merchant)s::bigint)
"""
_CLAIM = """
insert into stage_day (merchant_id, day) values (%(merchant)s::bigint, %(day)s::date)
on conflict do nothing returning day
"""
_SUM = f"""
{MEASURED}
insert into stage_time (merchant_id, day, stage, person, seconds, orders)
select %(merchant)s::bigint, %(day)s::date, stage, left(person, 131), seconds, count(*)
from measured group by 3, 4, 5
returning orders
"""  # noqa: S608 - our own text
_STORED = """
select {group}, seconds, sum(orders)::int from stage_time
where merchant_id = %(merchant)s::bigint and day >= %(first)s::date and day <= %(last)s::date
group by {numbers}
"""
_LIVE = f"""
{MEASURED}
select {{group}}, seconds, count(*)::int from measured group by {{numbers}}
"""  # noqa: S608 - our own text
Counts = dict[int, int]
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class StageFigures:
    """How many orders ended a stage, and within what time half and nearly all of them did."""

    orders: int
    median_seconds: int
    most_seconds: int


@dataclass(frozen=True, slots=True)
class StageReport:
    """Figures of a span of days: by stage, by stage and person, by stage and day."""

    stages: Mapping[str, StageFigures]
    people: Mapping[tuple[str, str], StageFigures]
    days: Mapping[tuple[str, date], StageFigures]


def figures(counts: Mapping[int, int]) -> StageFigures:
    """Return the figures of orders by how many seconds they took. Pure."""
    total = sum(counts.values())
    return StageFigures(total, percentile(counts, 50), percentile(counts, 95))


def percentile(counts: Mapping[int, int], percent: int) -> int:
    """Return the least number of seconds within which `percent` of the orders were done."""
    total = sum(counts.values())
    done = 0
    for seconds in sorted(counts):
        done += counts[seconds]
        if done * 100 >= total * percent:
            return seconds
    return 0


@retry_conflicts
def sum_day(*, merchant_id: int, day: date, zone: ZoneInfo) -> int | None:
    """Sum up a day that is over; return how many stages it had, None: it was summed up before."""
    since, until = _bounds(day, day, zone)
    with acting_as(merchant_id):
        if not rows(_CLAIM, {"merchant": merchant_id, "day": day}):
            return None
        found = rows(_SUM, {**parameters(merchant_id, since, until), "day": day})
    return sum(int(row[0]) for row in found)


def sum_stages(*, merchant_id: int, now: datetime) -> int:
    """Sum up all days of the last quarter that are over; return how many were new.

    A day is summed up once, in one transaction: after a crash it is done anew, whole.
    """
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    due = _due(merchant_id, (now - SETTLED).astimezone(zone).date() - _ONE, zone)
    return sum(sum_day(merchant_id=merchant_id, day=day, zone=zone) is not None for day in due)


def stage_report(*, merchant_id: int, first: date, last: date, zone: ZoneInfo) -> StageReport:
    """Return the figures of days, the last one included: from sums, and of today from the rows."""
    open_days = _open_days(merchant_id, first, last)
    by_stage = _counts(merchant_id, (first, last), open_days, zone, "stage")
    by_person = _counts(merchant_id, (first, last), open_days, zone, "stage, person")
    days: dict[Key, Counts] = {
        (stage, day): counts
        for (day, stage), counts in _stored(merchant_id, first, last, "day, stage").items()
    }
    for day in open_days:
        for (stage,), counts in _live(merchant_id, day, day, zone, "stage").items():
            days[stage, day] = counts
    return StageReport(
        {str(stage): figures(counts) for (stage,), counts in by_stage.items()},
        {(str(stage), str(who)): figures(counts) for (stage, who), counts in by_person.items()},
        {
            (str(stage), day): figures(counts)
            for (stage, day), counts in days.items()
            if isinstance(day, date)
        },
    )


def _counts(
    merchant_id: int,
    span: tuple[date, date],
    open_days: Sequence[date],
    zone: ZoneInfo,
    group: str,
) -> dict[Key, Counts]:
    total = _stored(merchant_id, *span, group)
    for day in open_days:
        for key, counts in _live(merchant_id, day, day, zone, group).items():
            known = total.setdefault(key, {})
            for seconds, orders in counts.items():
                known[seconds] = known.get(seconds, 0) + orders
    return total


def _stored(merchant_id: int, first: date, last: date, group: str) -> dict[Key, Counts]:
    asked = {"merchant": merchant_id, "first": first, "last": last}
    with acting_as(merchant_id):
        return _gathered(rows(_grouped(_STORED, group), asked))


def _live(
    merchant_id: int, first: date, last: date, zone: ZoneInfo, group: str
) -> dict[Key, Counts]:
    since, until = _bounds(first, last, zone)
    with acting_as(merchant_id):
        found = rows(_grouped(_LIVE, group), parameters(merchant_id, since, until))
    return _gathered(found)


def _grouped(text: str, group: str) -> str:
    numbers = ", ".join(str(place + 1) for place in range(group.count(",") + 2))
    return text.replace("{group}", group).replace("{numbers}", numbers)


def _gathered(found: Iterable[tuple[object, ...]]) -> dict[Key, Counts]:
    gathered: dict[Key, Counts] = defaultdict(dict)
    for *key, seconds, orders in found:
        assert isinstance(seconds, int)
        assert isinstance(orders, int)
        gathered[tuple(key)][seconds] = orders
    return dict(gathered)


def _open_days(merchant_id: int, first: date, last: date) -> list[date]:
    asked = {"merchant": merchant_id, "first": first, "last": last}
    with acting_as(merchant_id):
        return [row[0] for row in rows(_DUE, asked)]


def _due(merchant_id: int, last: date, zone: ZoneInfo) -> list[date]:
    with acting_as(merchant_id):
        ((began,),) = rows(_BEGAN, {"merchant": merchant_id})
    if began is None:
        return []
    first = max(began.astimezone(zone).date(), last - (DAYS_MAX - 1) * _ONE)
    return _open_days(merchant_id, first, last) if first <= last else []


def _bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    since = datetime.combine(first, time.min, tzinfo=zone)
    return since, datetime.combine(last + _ONE, time.min, tzinfo=zone)
