"""Which account and days a page is about: read from the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict

from kacang.payments import reporting
from kacang.payments.reporting import AccountName
from kacang.reconciliation.report import STEPS, Span
from kacang.shared.clock import utc_now
from kacang.web.console.desk import Desk
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

YEARS = range(2000, 2100)
# How far back a report looks unless told, and at most, in days.
USUAL_DAYS = {"day": 7, "week": 56, "month": 365}
DAYS_MAX = {"day": 92, "week": 371, "month": 1_100}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `account` None: every account; `span` has an end in any case."""

    accounts: Sequence[AccountName]
    account: AccountName | None
    first: date | None
    last: date | None
    span: Span

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.account or self.first or self.last)

    @property
    def account_ids(self) -> list[int]:
        """The accounts that are meant."""
        return [self.account.id] if self.account else [one.id for one in self.accounts]


def asked_of(request: ConsoleRequest, desk: Desk, *, by: str = "") -> Asked:
    """Read account, period and step. What makes no sense is left out."""
    given = request.GET
    accounts = reporting.account_names(merchant_id=desk.merchant_id)
    account = next((one for one in accounts if one.uid == given.get("account")), None)
    first, last = day_of(given, "first"), day_of(given, "last")
    step = by or given.get("by", "")
    step = step if step in STEPS else "day"
    return Asked(accounts, account, first, last, _span(desk, first, last, step))


def day_of(given: QueryDict, name: str) -> date | None:
    """Return a day that an address or a form names; None when it is none."""
    try:
        day = date.fromisoformat(given.get(name, "")[:10])
    except ValueError:
        return None
    return day if day.year in YEARS else None


def with_changes(request: ConsoleRequest, **changes: str) -> str:
    """Return this page's query with some parts changed; "" takes one away, and pages begin anew."""
    query = request.GET.copy()
    for name in ("page", "cursor", "format"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
        if not value:
            del query[name]
    return f"?{query.urlencode()}"


def pages_of_more(request: ConsoleRequest, number: int, *, has_more: bool) -> Pages:
    """Return where a numbered list goes on when nobody has counted it."""
    query = request.GET.copy()

    def address(page: int) -> str:
        query["page"] = str(page)
        return f"?{query.urlencode()}"

    return Pages(
        next_url=address(number + 1) if has_more else "",
        previous_url=address(number - 1) if number else "",
    )


def _span(desk: Desk, first: date | None, last: date | None, step: str) -> Span:
    end = last or utc_now().astimezone(desk.zone).date()
    start = first or end - timedelta(days=USUAL_DAYS[step] - 1)
    start = max(min(start, end), end - timedelta(days=DAYS_MAX[step] - 1))
    if first is None and step == "month":
        start = start.replace(day=1)
    elif first is None and step == "week":
        start -= timedelta(days=start.weekday())
    return Span(start, end, step)
