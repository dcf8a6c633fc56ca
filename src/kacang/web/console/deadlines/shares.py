"""The share of deadlines that were met, week by week, as the report shows it (O8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kacang.orders.deadlines import queries
from kacang.orders.deadlines.queries import FULL_BP, WEEKS, Stage, WeekShare
from kacang.web.console.deadlines.words import STAGES
from kacang.web.console.desk import Desk
from kacang.web.design.parts import Chart, Series


@dataclass(frozen=True, slots=True)
class ShareLine:
    """One stage: how many were due or over in all weeks, how many of them in time, this week."""

    stage: Promise
    total: int
    met: int
    percent: float
    this_week: float | None


def shares_context(desk: Desk) -> dict[str, object]:
    """Return the chart and the table of shares; none where nothing was due."""
    today = timezone.now().astimezone(desk.zone).date()
    found = queries.met_shares(merchant_id=desk.merchant_id, today=today, zone=desk.zone)
    if not found:
        return {}
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - timedelta(days=7 * back) for back in range(WEEKS - 1, -1, -1)]
    stages = [stage for stage in queries.WATCHED if any(one.stage is stage for one in found)]
    chart = Chart(
        name="met",
        title=_("Deadlines met by week"),
        labels=[f"{week:%m-%d}" for week in weeks],
        # Bars: a line through a single week would not be seen.
        series=[
            Series(str(STAGES[stage]), _by_week(found, stage, weeks), "bar") for stage in stages
        ],
        unit="%",
    )
    return {
        "met_chart": chart,
        "met_lines": [_line(found, stage, monday) for stage in stages],
        "weeks": WEEKS,
    }


def _by_week(found: Sequence[WeekShare], stage: Stage, weeks: Sequence[date]) -> list[float | None]:
    shares = {one.week: _percent(one.met, one.total) for one in found if one.stage is stage}
    return [shares.get(week) for week in weeks]


def _line(found: Sequence[WeekShare], stage: Stage, monday: date) -> ShareLine:
    own = [one for one in found if one.stage is stage]
    total, met = sum(one.total for one in own), sum(one.met for one in own)
    now = next((_percent(one.met, one.total) for one in own if one.week == monday), None)
    return ShareLine(STAGES[stage], total, met, _percent(met, total), now)


def _percent(met: int, total: int) -> float:
    """Return per cent to one place, rounded down: 100 means all of them."""
    return met * FULL_BP // total // 10 / 10
