"""Orders that fit a filter: page by page, counted, summed up, or all of them (O2, O4, rule 16)."""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.finding.building import (
    Found,
    Key,
    after_of,
    find,
    place_of,
)
from kacang.orders.finding.filters import OrderFilter, Sort
from kacang.orders.models import OrderState
from kacang.orders.statements import rows
from kacang.orders.types import OrderPage, OrderRow
from kacang.shared.contacts import Contact
from kacang.shared.errors import Invalid
from kacang.shared.money import Money

PAGE_MAX = 200
WALK_MAX = 2_000
# Up to so many orders that fit a filter are counted and summed up; beyond, pages say "10,000+".
COUNT_MOST = 10_000

_COUNT = "select count(*)::int from ({found}) few"
_TOTALS = """
select o.currency, count(*)::int, sum(o.payable_minor)::bigint, sum(n.units)::bigint
from ({found}) o
cross join lateral (
    select sum(x.quantity) as units from order_line x
    where x.merchant_id = o.merchant_id and x.order_id = o.id
) n
group by o.currency order by o.currency
"""
_LAST = """
select o.id from sale_order o where o.merchant_id = %(merchant)s::bigint
order by o.id desc limit 1
"""


class BadCursor(Invalid):
    """The cursor did not come from this list."""

    code = "request.bad_cursor"


@dataclass(frozen=True, slots=True)
class Match:
    """One order that fits a filter."""

    id: int
    number: str
    state: OrderState


@dataclass(frozen=True, slots=True)
class Matches:
    """The next orders of a walk. `after` goes on behind them; empty at the end."""

    orders: tuple[Match, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many fit. `is_more`: there are more than `count`, which are not looked at."""

    count: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What the orders of a filter come to. `amounts` has one sum for each currency."""

    count: int
    is_more: bool
    amounts: tuple[Money, ...]
    units: int


def orders_page(
    *,
    merchant_id: int,
    where: OrderFilter,
    sort: Sort | None = None,
    cursor: str = "",
    limit: int = 50,
) -> OrderPage:
    """Return one page of orders; without `sort` as the filter's index has them, newest first.

    Raises:
        BadCursor: `cursor` did not come from here.
    """
    limit = max(1, min(limit, PAGE_MAX))
    with acting_as(merchant_id):
        found = _after(find(merchant_id, where, sort), cursor)
        text = sql.LIST.replace("{found}", found.text()).replace("{order}", found.order)
        read = rows(text, {**found.given, "limit": limit + 1})
    more = len(read) > limit
    shown = tuple(_row(row) for row in read[:limit])
    first = _cursor_of(found.key, read[0]) if read else ""
    return OrderPage(shown, _cursor_of(found.key, read[limit - 1]) if more else "", first)


def rows_of(*, merchant_id: int, numbers: Collection[str]) -> tuple[OrderRow, ...]:
    """Return some orders as the list shows them, the newest first; unknown numbers are left out."""
    where = OrderFilter(numbers=tuple(numbers))
    return orders_page(merchant_id=merchant_id, where=where, limit=PAGE_MAX).rows


def frozen(*, merchant_id: int, where: OrderFilter, now: datetime, zone: ZoneInfo) -> OrderFilter:
    """Return a filter as it is at this moment: its days as instants, and no order that comes later.

    What a job that runs over "all that match" keeps: `OrderFilter.stored`.
    """
    with acting_as(merchant_id):
        last = rows(_LAST, {"merchant": merchant_id})
    return replace(where.at(now, zone), last_id=last[0][0] if last else 0)


def matching(*, merchant_id: int, where: OrderFilter, after: str = "", most: int = 500) -> Matches:
    """Return the next orders that fit, the oldest first, with where to go on: for jobs.

    An order whose state a job changes is met once all the same: the walk goes by arrival (or by
    time, or by amount), never by state. A filter that is not `frozen` also meets what comes
    meanwhile.

    Raises:
        BadCursor: `after` did not come from here.
    """
    most = max(1, min(most, WALK_MAX))
    with acting_as(merchant_id):
        found = _after(_oldest_first(merchant_id, where), after)
        columns = "o.id, o.number, o.state, o.created_at, o.payable_minor, o.priority"
        read = rows(found.text(columns), {**found.given, "limit": most + 1})
    orders = tuple(Match(row[0], row[1], OrderState(row[2])) for row in read[:most])
    if len(read) <= most:
        return Matches(orders, "")
    last = read[most - 1]
    place = place_of(found.key, last[3], last[4], last[0], last[5])
    return Matches(orders, make_cursor(*place))


def count_up_to(*, merchant_id: int, where: OrderFilter, most: int = COUNT_MOST) -> Counted:
    """Return how many orders fit, at a cost that a long history does not raise."""
    with acting_as(merchant_id):
        found = find(merchant_id, where)
        text = _COUNT.replace("{found}", found.text("o.id, o.created_at, o.payable_minor"))
        ((count,),) = rows(text, {**found.given, "limit": most + 1})
    return Counted(min(count, most), count > most)


def count_newer(*, merchant_id: int, where: OrderFilter, than: str, most: int = 99) -> Counted:
    """Return how many orders that fit came after the one that a page begins with; "" counts all.

    Raises:
        BadCursor: `than` is not the `first` of a page that begins with the newest.
    """
    with acting_as(merchant_id):
        found = _after(find(merchant_id, where, Sort.OLDEST), than)
        text = _COUNT.replace("{found}", found.text("o.id, o.created_at, o.payable_minor"))
        ((count,),) = rows(text, {**found.given, "limit": most + 1})
    return Counted(min(count, most), count > most)


def totals(*, merchant_id: int, where: OrderFilter, most: int = COUNT_MOST) -> Totals:
    """Return what the orders that fit come to: of the first `most` where there are more."""
    with acting_as(merchant_id):
        counted = count_up_to(merchant_id=merchant_id, where=where, most=most)
        found = find(merchant_id, where)
        text = _TOTALS.replace("{found}", found.text())
        sums = rows(text, {**found.given, "limit": most})
    return Totals(
        count=counted.count,
        is_more=counted.is_more,
        amounts=tuple(Money(minor, currency) for currency, _, minor, _ in sums),
        units=sum(units for *_, units in sums),
    )


def make_cursor(*place: int) -> str:
    """Return an opaque cursor: what it says is nobody's business, so it is not sealed either."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int = 1) -> list[int]:
    """Undo `make_cursor`.

    Raises:
        BadCursor: It was not made by it, or for another order of the list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise BadCursor from None
    if not isinstance(place, list) or len(place) != length:
        raise BadCursor
    if any(type(part) is not int or not 0 <= part < 2**62 for part in place):
        raise BadCursor
    return place


def _after(found: Found, cursor: str) -> Found:
    if not cursor:
        return found
    place = read_cursor(cursor, len(found.key.value))
    try:
        return replace(found, after=after_of(found.key, place))
    except OverflowError:
        raise BadCursor from None


def _oldest_first(merchant_id: int, where: OrderFilter) -> Found:
    found = find(merchant_id, where)
    return replace(found, falling=False)


def _cursor_of(key: Key, row: tuple[Any, ...]) -> str:
    place = place_of(key, at=row[9], minor=row[4], order_id=row[0], priority=row[20])
    return make_cursor(*place)


def _row(row: tuple[Any, ...]) -> OrderRow:
    (
        order_id, number, state, hold_reason, payable, currency, email, phone, channel, created_at,
        paid_at, pay_by, is_overdue, title, sku_title, cover, units, lines, has_codes,
        provider, has_note, external_number, priority, store,
    ) = row  # fmt: skip
    return OrderRow(
        id=order_id,
        number=number,
        state=OrderState.CANCELLED if is_overdue else OrderState(state),
        hold_reason=hold_reason,
        payable=Money(payable, currency),
        contact=Contact(email, phone),
        channel=channel,
        provider=provider,
        title=json.loads(title),
        sku_title=json.loads(sku_title),
        cover=cover,
        quantity=units,
        line_count=lines,
        has_codes=has_codes,
        has_note=has_note,
        external_number=external_number,
        store=store,
        priority=priority,
        created_at=created_at,
        paid_at=paid_at,
        pay_by=pay_by,
    )
