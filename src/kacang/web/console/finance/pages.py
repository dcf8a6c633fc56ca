"""Money at a glance: what came and went, how often payments succeed, what is not settled (F1, F4).

Every number is a sum of ledger entries or payments, and leads to them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from kacang.ledger.accounts import Account
from kacang.ledger.sums import DayFlow, by_day, standings
from kacang.payments import reporting
from kacang.payments.reporting import Tries
from kacang.reconciliation import queries as reconciliation
from kacang.reconciliation.figures import MEASURES, Measure
from kacang.reconciliation.report import Span
from kacang.shared.clock import utc_now
from kacang.shared.money import Money, exponent
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.ledger.words import account_word
from kacang.web.console.orders.words import provider_word
from kacang.web.design.parts import Chart, Figure, Series, Tab
from kacang.web.requests import ConsoleRequest

WINDOWS = (7, 30)
PERCENT = 100
# What is somebody's money still, or on its way, and on which side the account grows.
UNSETTLED = (
    (Account.CASH_AT_PROVIDER, 1),
    (Account.ADVANCE_FROM_BUYER, -1),
    (Account.DEFERRED_REVENUE, -1),
    (Account.REFUNDS_DUE, -1),
    (Account.SUSPENSE, -1),
    (Account.WALLET, -1),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A sum, and where its entries are."""

    amount: Money
    url: str


@dataclass(frozen=True, slots=True)
class Book:
    """One currency's figures, chart and days."""

    currency: str
    figures: list[Figure]
    chart: Chart
    days: list[tuple[date, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Success:
    """How often payments of an account succeeded; `account` "" is all of them.

    `query` is how the list of payments is narrowed to them.
    """

    account: str
    provider: str
    uid: str
    begun: int
    paid: int
    query: str

    @property
    def percent(self) -> str:
        """Paid of begun, in percent with one digit."""
        return f"{self.paid * PERCENT / self.begun:.1f}%" if self.begun else "—"


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Money that is not where it belongs yet."""

    name: str
    amounts: list[Money]
    url: str


@needs("ledger.view")
def overview(request: ConsoleRequest) -> HttpResponse:
    """Show what came and went in the last 7 or 30 days, and what is not settled now."""
    desk = desk_of(request)
    days = days_of(request.GET)
    today = utc_now().astimezone(desk.zone).date()
    span = Span(today - timedelta(days=days - 1), today)
    before = Span(span.first - timedelta(days=days), span.first - timedelta(days=1))
    flows = by_day(merchant_id=desk.merchant_id, first=before.first, last=span.last)
    currencies = {flow.amount.currency for flow in flows if flow.day >= span.first}
    others = sorted(currencies - {desk.currency})
    since, until = span.bounds(desk.zone)
    tries = reporting.tries(
        merchant_id=desk.merchant_id, since=since, until=until, zone=desk.zone.key
    )  # fmt: skip
    context = {
        "books": [_book(flows, currency, span) for currency in [desk.currency, *others]],
        "measures": MEASURES,
        "success": _success(tries, span),
        "unsettled": _unsettled(desk),
        "open": reconciliation.open_count(merchant_id=desk.merchant_id),
        "tabs": [
            Tab(_("Last %(days)s days") % {"days": one}, f"?days={one}", on=one == days)
            for one in WINDOWS
        ],
        "span": span,
        "can_see_payments": "payments.view" in desk.permissions,
        "can_see_bills": "reconciliation.view" in desk.permissions,
    }
    return render(request, "console/finance/overview.html", context)


def days_of(query: QueryDict) -> int:
    """Return of how many days, today with them, an address asks for figures."""
    return next((one for one in WINDOWS if str(one) == query.get("days")), WINDOWS[0])


def _book(flows: Sequence[DayFlow], currency: str, span: Span) -> Book:
    days = [span.first + timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    sums: dict[tuple[str, date], int] = defaultdict(int)
    own = [flow for flow in flows if flow.amount.currency == currency]
    for flow in own:
        for measure in MEASURES:
            sums[measure.name, flow.day] += measure.adds(flow)
    rows = [
        (day, [Cell(Money(sums[one.name, day], currency), _url(one, day, day)) for one in MEASURES])
        for day in reversed(days)
        if any(sums[one.name, day] for one in MEASURES)
    ]
    figures = [_figure(measure, sums, days, currency) for measure in MEASURES]
    return Book(currency, figures, _chart(sums, days, currency), rows)


def _figure(
    measure: Measure, sums: dict[tuple[str, date], int], days: Sequence[date], currency: str
) -> Figure:
    course = [sums[measure.name, day] for day in days]
    earlier = [day - timedelta(days=len(days)) for day in days]
    now, then = sum(course), sum(sums[measure.name, day] for day in earlier)
    change = f"{abs(now - then) * PERCENT / abs(then):.1f}%" if then and now != then else ""
    return Figure(
        label=measure.word,
        value=str(Money(now, currency)),
        before=_("before that %(value)s") % {"value": Money(then, currency)},
        change=change,
        rises=now >= then,
        course=[float(minor) for minor in course],
        url=_url(measure, days[0], days[-1]),
    )


def _url(measure: Measure, first: date, last: date) -> str:
    query = {"first": first.isoformat(), "last": last.isoformat()}
    if measure.kinds:
        query["kind"] = ",".join(kind.name.lower() for kind in measure.kinds)
    page = reverse("console_ledger_account", args=[int(measure.account)])
    return f"{page}?{urlencode(query)}"


def _chart(sums: dict[tuple[str, date], int], days: Sequence[date], currency: str) -> Chart:
    unit = 10 ** exponent(currency)

    def course(name: str) -> list[float | None]:
        return [sums[name, day] / unit for day in days]

    return Chart(
        name=f"money-{currency.lower()}",
        title=_("Money by day"),
        labels=[f"{day:%m-%d}" for day in days],
        series=[
            Series(str(one.word), course(one.name), "line" if place else "area")
            for place, one in enumerate(MEASURES)
        ],
        unit=currency,
    )


def _success(tries: Iterable[Tries], span: Span) -> list[Success]:
    found: dict[tuple[str, str, str], list[int]] = {}
    for one in tries:
        numbers = found.setdefault(
            (one.account_name, provider_word(one.provider), one.account_uid), [0, 0]
        )
        numbers[0] += one.begun
        numbers[1] += one.paid
    days = {"since": span.first.isoformat(), "until": span.last.isoformat()}
    rows = [
        Success(name, company, uid, begun, paid, urlencode({"account": uid, **days}))
        for (name, company, uid), (begun, paid) in found.items()
    ]
    rows.sort(key=lambda row: -row.begun)
    begun, paid = sum(row.begun for row in rows), sum(row.paid for row in rows)
    whole = Success("", "", "", begun, paid, urlencode(days))
    return [whole, *rows] if rows else []


def _unsettled(desk: Desk) -> list[Unsettled]:
    stands: dict[Account, dict[str, int]] = {account: {} for account, _sign in UNSETTLED}
    for line in standings(merchant_id=desk.merchant_id):
        if line.account in stands:
            stands[line.account][line.amount.currency] = line.amount.minor
    return [
        Unsettled(
            account_word(account),
            [Money(sign * minor, name) for name, minor in sorted(stands[account].items()) if minor],
            _place(desk, account),
        )
        for account, sign in UNSETTLED
    ]


def _place(desk: Desk, account: Account) -> str:
    """Return the rows of what stands on an account: where somebody acts on them, if there is."""
    if account is Account.SUSPENSE and "payments.view" in desk.permissions:
        return reverse("console_suspense")
    if account is Account.REFUNDS_DUE and "refunds.view" in desk.permissions:
        return reverse("console_refunds")
    if account is Account.ADVANCE_FROM_BUYER and "orders.view" in desk.permissions:
        return f"{reverse('console_orders')}?state=on_hold"
    return reverse("console_ledger_account", args=[int(account)])
