"""Where orders wait longest: how long stages take, by stage, person and day (O7)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rustpy_xlsxwriter import write_worksheet

from kacang.orders.stages import queries
from kacang.orders.stages.queries import NAMES, StageFigures, StageFilter, StageReport
from kacang.shared.sheets import harmless
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.goods.purchasing import XLSX
from kacang.web.console.orders.words import actor_of
from kacang.web.design.parts import Chart, Series, Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
SPANS = {"7": 7, "30": 30, "90": 90}
USUAL = "30"
SECONDS_MOST = 9
Cells = dict[str, str | int | float | None]
STAGES: dict[str, Promise] = {
    "payment": gettext_lazy("Order to payment"),
    "delivery": gettext_lazy("Payment to codes"),
    "stock": gettext_lazy("Waiting for stock"),
    "sending": gettext_lazy("Payment to sending goods"),
    "parcel": gettext_lazy("Parcel on its way"),
    "completion": gettext_lazy("Arrival to completion"),
    "refund_answer": gettext_lazy("Refund request to answer"),
    "refund_payment": gettext_lazy("Approved refund to money back"),
    "exception": gettext_lazy("Exception open"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is of: the last days, and one stage in full."""

    days: int
    first: date
    last: date
    stage: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of figures, and where its orders are: all of them, and the slow ones."""

    name: Promise | str
    figures: StageFigures
    url: str
    slow_url: str
    on: bool = False


@needs("orders.view", "dashboard.view")
def stage_page(request: ConsoleRequest) -> HttpResponse:
    """Show the report; with `format=xlsx` or `csv`, download it."""
    desk = desk_of(request)
    asked = _asked(request, desk)
    report = queries.stage_report(
        merchant_id=desk.merchant_id, first=asked.first, last=asked.last, zone=desk.zone
    )
    if request.GET.get("format") in ("xlsx", "csv"):
        return _file(report, request.GET["format"])
    context = {
        "asked": asked,
        "stage": STAGES[asked.stage],
        "lines": _stages(report, asked),
        "people": _people(report, asked),
        "day_lines": _days(report, asked),
        "chart": _chart(report, asked),
        "tabs": [
            Tab(
                _("%(days)s days") % {"days": days},
                f"?{urlencode({'days': days, 'stage': asked.stage})}",
                on=days == asked.days,
            )
            for days in SPANS.values()
        ],
        "xlsx_url": f"?{urlencode({'days': asked.days, 'format': 'xlsx'})}",
        "csv_url": f"?{urlencode({'days': asked.days, 'format': 'csv'})}",
    }
    return render(request, "console/stages/report.html", context)


@needs("orders.view", "dashboard.view")
def stage_orders(request: ConsoleRequest) -> HttpResponse:
    """Show the orders that a figure counts, the latest first."""
    desk = desk_of(request)
    asked = _asked(request, desk)
    person = request.GET.get("person", "")[:131]
    least = request.GET.get("least", "")
    is_number = least.isascii() and least.isdigit() and len(least) <= SECONDS_MOST
    where = StageFilter(
        stage=asked.stage,
        since=_midnight(_day(request, "first") or asked.first, desk),
        until=_midnight((_day(request, "last") or asked.last) + timedelta(days=1), desk),
        person=person,
        least_seconds=int(least) if is_number else 0,
    )
    page = queries.stage_orders(
        merchant_id=desk.merchant_id,
        where=where,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    context = {
        "stage": STAGES[asked.stage],
        "rows": [(row, _person(row.person)) for row in page.rows],
        "person": _person(person) if person else "",
        "least": where.least_seconds,
        "first": where.since.date(),
        "last": (where.until - timedelta(days=1)).date(),
        "back_url": f"{reverse('console_stages')}?{urlencode({'stage': asked.stage})}",
        "pages": pages_of(request, page.next_cursor),
    }
    return render(request, "console/stages/orders.html", context)


def _asked(request: ConsoleRequest, desk: Desk) -> Asked:
    days = SPANS.get(request.GET.get("days", USUAL), SPANS[USUAL])
    stage = request.GET.get("stage", "")
    today = timezone.now().astimezone(desk.zone).date()
    first = today - timedelta(days=days - 1)
    return Asked(days, first, today, stage if stage in NAMES else "delivery")


def _day(request: ConsoleRequest, name: str) -> date | None:
    try:
        found = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return found if 2000 < found.year < 2200 else None  # noqa: PLR2004 - near enough


def _midnight(day: date, desk: Desk) -> datetime:
    return datetime.combine(day, time.min, tzinfo=desk.zone)


def _url(asked: Asked, stage: str, **more: object) -> str:
    first, last = more.pop("first", asked.first), more.pop("last", asked.last)
    query = {"stage": stage, "first": first, "last": last, **more}
    return f"{reverse('console_stage_orders')}?{urlencode(query)}"


def _line(
    asked: Asked, stage: str, name: Promise | str, figures: StageFigures, **more: object
) -> Line:
    return Line(
        name=name,
        figures=figures,
        url=_url(asked, stage, **more),
        slow_url=_url(asked, stage, least=figures.most_seconds, **more),
    )


def _stages(report: StageReport, asked: Asked) -> list[tuple[Line, str, bool]]:
    lines = []
    for stage, word in STAGES.items():
        if stage in report.stages:
            address = f"?{urlencode({'days': asked.days, 'stage': stage})}"
            line = _line(asked, stage, word, report.stages[stage])
            lines.append((line, address, stage == asked.stage))
    return lines


def _people(report: StageReport, asked: Asked) -> list[Line]:
    own = [
        (who, figures) for (stage, who), figures in report.people.items() if stage == asked.stage
    ]
    own.sort(key=lambda pair: -pair[1].median_seconds)
    return [_line(asked, asked.stage, _person(who), one, person=who) for who, one in own]


def _days(report: StageReport, asked: Asked) -> list[Line]:
    own = sorted(
        (day, figures) for (stage, day), figures in report.days.items() if stage == asked.stage
    )
    return [
        _line(asked, asked.stage, day.isoformat(), one, first=day, last=day)
        for day, one in reversed(own)
    ]


def _person(person: str) -> str:
    kind, _space, label = person.partition(" ")
    return actor_of(kind, label)


def _chart(report: StageReport, asked: Asked) -> Chart:
    days = [asked.first + timedelta(days=number) for number in range(asked.days)]
    found = [report.days.get((asked.stage, day)) for day in days]

    def minutes(seconds: int | None) -> float | None:
        return None if seconds is None else round(seconds / 60, 1)

    return Chart(
        name="stage",
        title=_("%(stage)s, by day") % {"stage": STAGES[asked.stage]},
        labels=[f"{day:%m-%d}" for day in days],
        series=[
            Series(_("Orders"), [float(one.orders) if one else 0 for one in found], "bar",
                   second_axis=True),
            Series(_("Median"), [minutes(one.median_seconds if one else None) for one in found]),
            Series(
                _("95 of 100 within"),
                [minutes(one.most_seconds if one else None) for one in found],
                "dashed",
            ),
        ],
        unit=_("minutes"),
    )  # fmt: skip


def _rows(report: StageReport) -> Iterator[Cells]:
    def row(
        stage: str, day: str, person: str, one: StageFigures
    ) -> dict[str, str | int | float | None]:
        return {
            _("Stage"): str(STAGES[stage]),
            _("Day"): day,
            _("Person"): person,
            _("Orders"): one.orders,
            _("Median, seconds"): one.median_seconds,
            _("95 of 100 within, seconds"): one.most_seconds,
        }

    for stage, one in report.stages.items():
        yield row(stage, "", "", one)
    for (stage, who), one in sorted(report.people.items()):
        yield row(stage, "", _person(who), one)
    for (stage, day), one in sorted(report.days.items()):
        yield row(stage, day.isoformat(), "", one)


def _file(report: StageReport, kind: str) -> HttpResponse:
    lines = list(_rows(report))
    if kind == "xlsx":
        body = io.BytesIO()
        # Every text is a text cell: nothing in it is taken for a formula.
        write_worksheet(
            iter(lines), body, sheet_name=_("Stages")[:31],
            freeze_row=1, bold_headers=True, autofit=True,
        )  # fmt: skip
        response = HttpResponse(body.getvalue(), content_type=XLSX)
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(lines[0]) if lines else [_("Stage")])
        writer.writeheader()
        writer.writerows({name: _safe(value) for name, value in line.items()} for line in lines)
        # The mark at the beginning tells Excel that it is UTF-8.
        response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="stages.{kind}"'
    return response


def _safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return harmless(value) if isinstance(value, str) else value
