"""How large a share of deadlines was met, by stage and week (O8).

Only what comes near its deadline leaves a mark, so what was met is counted from what was over: the
sums of stages (O7), requests and reviews that were decided. What is late and not over counts as
missed in the week in which it fell due.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.rules import Stage
from kacang.orders.stages.summing import stage_report
from kacang.orders.statements import rows

WEEKS = 12
FULL_BP = 10_000
_WEEK = timedelta(days=7)
# The stages of O7 that end where a deadline is kept.
MEASURED = {
    Stage.DELIVERY: "delivery",
    Stage.COLLECTION: "sending",
    Stage.REFUND_ANSWER: "refund_answer",
    Stage.REFUND_PAYMENT: "refund_payment",
}
_MISSED = """
select m.stage,
       date_trunc('week', coalesce(m.ended_at, m.due_at) at time zone %(zone)s::text)::date,
       count(*)::int, count(*) filter (where m.ended_at is null)::int
from deadline_mark m
where m.merchant_id = %(merchant)s::bigint and m.breached_at is not null
  and m.due_at >= %(since)s::timestamptz - interval '92 days' and m.due_at < %(until)s::timestamptz
  and coalesce(m.ended_at, m.due_at) >= %(since)s::timestamptz
  and coalesce(m.ended_at, m.due_at) < %(until)s::timestamptz
group by 1, 2
"""
_DECIDED = """
select 'address', date_trunc('week', c.decided_at at time zone %(zone)s::text)::date, count(*)::int
from change_request c
where c.merchant_id = %(merchant)s::bigint and c.decided_at >= %(since)s::timestamptz
  and c.decided_at < %(until)s::timestamptz
group by 2
union all
select 'review', date_trunc('week', x.closed_at at time zone %(zone)s::text)::date, count(*)::int
from order_exception x
where x.merchant_id = %(merchant)s::bigint and x.kind = 5
  and x.closed_at >= %(since)s::timestamptz and x.closed_at < %(until)s::timestamptz
group by 2
"""


@dataclass(frozen=True, slots=True)
class WeekShare:
    """How many stages of a kind were due or over in a week, and how many of them in time.

    `week` is its Monday, in the merchant's zone.
    """

    week: date
    stage: Stage
    total: int
    met: int

    @property
    def met_bp(self) -> int:
        """The share that was met, in basis points, rounded down: 100 % means all of them."""
        return self.met * FULL_BP // self.total


def met_shares(*, merchant_id: int, today: date, zone: ZoneInfo) -> list[WeekShare]:
    """Return the shares of the last WEEKS weeks, this one included, the oldest first.

    A week in which nothing of a stage was due or over is left out.
    """
    first = today - timedelta(days=today.weekday()) - (WEEKS - 1) * _WEEK
    over = _over(merchant_id, first, today, zone)
    asked = {
        "merchant": merchant_id,
        "zone": zone.key,
        "since": datetime.combine(first, time.min, tzinfo=zone),
        "until": datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone),
    }
    missed: Counter[tuple[Stage, date]] = Counter()
    with acting_as(merchant_id):
        for stage, week, count in rows(_DECIDED, asked):
            over[Stage(stage), week] += count
        for stage, week, count, waiting in rows(_MISSED, asked):
            missed[Stage(stage), week] += count
            over[Stage(stage), week] += waiting
    return _shares(over, missed)


def _over(
    merchant_id: int, first: date, today: date, zone: ZoneInfo
) -> Counter[tuple[Stage, date]]:
    report = stage_report(merchant_id=merchant_id, first=first, last=today, zone=zone)
    stages = {name: stage for stage, name in MEASURED.items()}
    over: Counter[tuple[Stage, date]] = Counter()
    for (name, day), figures in report.days.items():
        if name in stages:
            over[stages[name], day - timedelta(days=day.weekday())] += figures.orders
    return over


def _shares(
    over: Mapping[tuple[Stage, date], int], missed: Mapping[tuple[Stage, date], int]
) -> list[WeekShare]:
    """Return the shares; what was missed is always among what was due. Pure."""
    found = []
    order = list(Stage)
    for stage, week in sorted({*over, *missed}, key=lambda key: (key[1], order.index(key[0]))):
        late = missed.get((stage, week), 0)
        total = max(over.get((stage, week), 0), late)
        if total:
            found.append(WeekShare(week, stage, total, total - late))
    return found
