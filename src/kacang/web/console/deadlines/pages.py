"""Deadlines at the desk: what is due soon, what is late, what was missed, and how often (O8)."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rustpy_xlsxwriter import write_worksheet

from kacang.orders.deadlines import queries
from kacang.orders.deadlines.queries import LATE, MISSED, SOON, MarkFilter, MarkRow, Stage
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.deadlines.shares import shares_context
from kacang.web.console.deadlines.words import STAGES
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.goods.purchasing import XLSX
from kacang.web.design.parts import Chart, Series, Tab
from kacang.web.design.states import look_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
DAYS = 30
FILE_MOST = 5_000
STAGE_NAMES = {stage.value: stage for stage in Stage}


@dataclass(frozen=True, slots=True)
class Row:
    """One mark, with its words."""

    mark: MarkRow
    stage: Promise
    is_open: bool
    is_late: bool
    minutes: int


@dataclass(frozen=True, slots=True)
class Missed:
    """How often a stage missed its deadline in the period, and where these are."""

    stage: Promise
    count: int
    open: int
    longest_day: date
    minutes: int
    url: str


@needs("orders.view")
def deadline_list(request: ConsoleRequest) -> HttpResponse:
    """Show what is late or due soon; or what was missed in the last days, with figures."""
    desk = desk_of(request)
    show = request.GET.get("show", LATE)
    show = show if show in (LATE, SOON, MISSED) else LATE
    where = _filter(request, desk, show)
    if request.GET.get("format") == "xlsx" and show == MISSED:
        return _xlsx(_all(desk, where))
    page = queries.marks_page(
        merchant_id=desk.merchant_id,
        where=where,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    context = {
        "rows": [_row(mark) for mark in page.rows],
        "tabs": _tabs(desk, show),
        "show": show,
        "is_narrowed": where.stage is not None,
        "stage": STAGES[where.stage] if where.stage else "",
        "pages": pages_of(request, page.next_cursor),
        "can_see_rules": "settings.view" in desk.permissions,
        "xlsx_url": f"?{urlencode({'show': MISSED, 'format': 'xlsx'})}",
    }
    if show == MISSED:
        context |= {**_report(desk), **shares_context(desk)}
    return render(request, "console/deadlines/list.html", context)


def _filter(request: ConsoleRequest, desk: Desk, show: str) -> MarkFilter:
    stage = STAGE_NAMES.get(request.GET.get("stage", ""))
    if show != MISSED:
        return MarkFilter(show=show, stage=stage)
    day = request.GET.get("day", "")
    since, until = _span(desk)
    try:
        since = datetime.combine(date.fromisoformat(day), time.min, tzinfo=desk.zone)
        until = since + timedelta(days=1)
    except ValueError:
        # All days of the report.
        return MarkFilter(show, stage, since, until)
    return MarkFilter(show, stage, since, until)


def _span(desk: Desk) -> tuple[datetime, datetime]:
    today = timezone.now().astimezone(desk.zone).date()
    start = datetime.combine(today - timedelta(days=DAYS - 1), time.min, tzinfo=desk.zone)
    return start, datetime.combine(today + timedelta(days=1), time.min, tzinfo=desk.zone)


def _row(mark: MarkRow) -> Row:
    end = mark.ended_at or timezone.now()
    return Row(
        mark=mark,
        stage=STAGES[mark.stage],
        is_open=mark.ended_at is None,
        is_late=mark.is_missed,
        minutes=max(1, round(abs((end - mark.due_at).total_seconds()) / 60)),
    )


def _tabs(desk: Desk, chosen: str) -> list[Tab]:
    address = reverse("console_deadlines")
    words = ((LATE, _("Late")), (SOON, _("Due soon")), (MISSED, _("Missed")))
    return [
        Tab(
            word,
            f"{address}?show={show}",
            None
            if show == MISSED
            else queries.count_marks(merchant_id=desk.merchant_id, show=show),
            show == chosen,
        )
        for show, word in words
    ]


def _report(desk: Desk) -> dict[str, object]:
    since, until = _span(desk)
    found = queries.missed_days(
        merchant_id=desk.merchant_id, since=since, until=until, zone=desk.zone.key
    )
    first = since.date()
    days = [first + timedelta(days=number) for number in range(DAYS)]
    stages = [stage for stage in queries.WATCHED if any(day.stage is stage for day in found)]
    counts = {(day.day, day.stage): day.missed for day in found}
    chart = Chart(
        name="missed",
        title=_("Missed deadlines by day"),
        labels=[f"{day:%m-%d}" for day in days],
        series=[
            Series(str(STAGES[stage]), [float(counts.get((day, stage), 0)) for day in days], "bar")
            for stage in stages
        ],
    )
    address = reverse("console_deadlines")
    totals = []
    for stage in stages:
        own = [day for day in found if day.stage is stage]
        worst = max(own, key=lambda day: day.median_seconds)
        totals.append(
            Missed(
                stage=STAGES[stage],
                count=sum(day.missed for day in own),
                open=sum(day.open for day in own),
                longest_day=worst.day,
                minutes=max(1, worst.median_seconds // 60),
                url=f"{address}?{urlencode({'show': MISSED, 'stage': stage.value})}",
            )
        )
    return {"chart": chart if stages else None, "totals": totals, "days": DAYS}


def _all(desk: Desk, where: MarkFilter) -> Iterator[MarkRow]:
    cursor, count = "", 0
    while count < FILE_MOST:
        page = queries.marks_page(
            merchant_id=desk.merchant_id, where=where, cursor=cursor, limit=200
        )
        yield from page.rows
        count += len(page.rows)
        cursor = page.next_cursor
        if not cursor:
            return


def _lines(found: Sequence[MarkRow]) -> Iterator[dict[str, str | int | float | None]]:
    language = translation.get_language() or "zh-hans"
    for mark in found:
        row = _row(mark)
        yield {
            _("Order"): mark.number,
            _("Product"): pick(mark.title, language),
            _("Stage"): str(STAGES[mark.stage]),
            _("Began"): timezone.localtime(mark.started_at).isoformat(timespec="seconds"),
            _("Deadline"): timezone.localtime(mark.due_at).isoformat(timespec="seconds"),
            _("Over"): timezone.localtime(mark.ended_at).isoformat(timespec="seconds")
            if mark.ended_at
            else "",
            _("Late by, minutes"): row.minutes,
            _("State"): str(look_of("order", mark.order_state).word),
        }


def _xlsx(found: Iterator[MarkRow]) -> HttpResponse:
    body = io.BytesIO()
    # Every text is a text cell: nothing in it is taken for a formula.
    write_worksheet(
        _lines(list(found)), body, sheet_name=_("Missed")[:31],
        freeze_row=1, bold_headers=True, autofit=True,
    )  # fmt: skip
    response = HttpResponse(body.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="missed-deadlines.xlsx"'
    return response
