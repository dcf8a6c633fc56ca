"""Lists of orders: filtered, counted, page after page (O2, rule 16)."""

import base64
import json
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.models import OrderState
from kacang.orders.statements import rows
from kacang.orders.types import OrderFilter, OrderPage, OrderRow
from kacang.shared.contacts import Contact
from kacang.shared.errors import Invalid
from kacang.shared.money import Money

PAGE_MAX = 200
NUMBERS_MAX = 500
# Up to so many orders of a state are counted; beyond, lists say "9,999+".
COUNT_MAX = 9_999

_CONDITIONS = {
    "state": "o.state = %(state)s::smallint",
    "numbers": "o.number = any(%(numbers)s::text[])",
    "email": "o.email = %(email)s::text and o.email <> ''",
    "phone": "o.phone = %(phone)s::text and o.phone <> ''",
    "phone_tail": "o.phone_tail = %(phone_tail)s::text",
    "external_number": "o.external_number = %(external_number)s::text",
    "since": "o.created_at >= %(since)s::timestamptz",
    "until": "o.created_at < %(until)s::timestamptz",
    "amount_min_minor": "o.payable_minor >= %(amount_min_minor)s::bigint",
    "amount_max_minor": "o.payable_minor <= %(amount_max_minor)s::bigint",
    "channel": "o.channel = %(channel)s::text",
}
# Unpaid past their time: the job has not come by yet, but they read as cancelled (rule 1).
_OVERDUE = "o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)"
_PENDING = f"o.state = 0 and not ({_OVERDUE})"
_CANCELLED = f"o.state in (0, 6) and (o.state = 6 or {_OVERDUE})"

COUNTS = """
select s.state, (
    select count(*) from (
        select from sale_order o
        where o.merchant_id = %(merchant)s::bigint and o.state = s.state limit %(most)s::int
    ) few)
from generate_series(0, 9) as s(state)
"""
OVERDUE_COUNT = f"""
select count(*) from (
    select from sale_order o
    where o.merchant_id = %(merchant)s::bigint and o.state = 0 and {_OVERDUE}
    limit %(most)s::int) few
"""  # noqa: S608 - our own text


class BadCursor(Invalid):
    """The cursor did not come from this list."""

    code = "request.bad_cursor"


def orders_page(
    *, merchant_id: int, where: OrderFilter, cursor: str = "", limit: int = 50
) -> OrderPage:
    """Return one page of orders, newest first.

    Raises:
        BadCursor: `cursor` did not come from here.
    """
    limit = max(1, min(limit, PAGE_MAX))
    conditions, parameters = _where(where)
    if cursor:
        conditions.append("o.id < %(before)s::bigint")
        parameters["before"] = read_cursor(cursor)
    text = sql.LIST.replace(
        "{where}", "".join(f" and {condition}" for condition in conditions)
    ).replace("{order}", "o.id desc")
    with acting_as(merchant_id):
        found = rows(text, {"merchant": merchant_id, "limit": limit + 1, **parameters})
    more = len(found) > limit
    found = found[:limit]
    return OrderPage(tuple(_row(row) for row in found), make_cursor(found[-1][0]) if more else "")


def counts_by_state(*, merchant_id: int) -> dict[OrderState, int]:
    """Count the orders of each state, at most COUNT_MAX of each: the cost has a limit too."""
    asked = {"merchant": merchant_id, "most": COUNT_MAX}
    with acting_as(merchant_id):
        counts = {OrderState(state): count for state, count in rows(COUNTS, asked)}
        ((overdue,),) = rows(OVERDUE_COUNT, asked)
    counts[OrderState.PENDING] -= min(overdue, counts[OrderState.PENDING])
    counts[OrderState.CANCELLED] = min(counts[OrderState.CANCELLED] + overdue, COUNT_MAX)
    return counts


def make_cursor(order_id: int) -> str:
    """Return an opaque cursor: what it says is nobody's business, so it is not sealed either."""
    return base64.urlsafe_b64encode(json.dumps([order_id]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """Undo `make_cursor`.

    Raises:
        BadCursor: It was not made by it.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        (order_id,) = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise BadCursor from None
    if isinstance(order_id, bool) or not isinstance(order_id, int) or not 0 <= order_id < 2**62:
        raise BadCursor
    return order_id


def _where(where: OrderFilter) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(where, name)
        if value in (None, "", ()):
            continue
        parameters[name] = list(value)[:NUMBERS_MAX] if isinstance(value, tuple) else value
        conditions.append(condition)
    if where.state == OrderState.PENDING:
        conditions.append(_PENDING)
    elif where.state == OrderState.CANCELLED:
        conditions.remove(_CONDITIONS["state"])
        parameters.pop("state")
        conditions.append(_CANCELLED)
    return conditions, parameters


def _row(row: tuple[Any, ...]) -> OrderRow:
    (
        _, number, state, hold_reason, payable, currency, email, phone, channel, created_at,
        paid_at, pay_by, is_overdue, title, sku_title, cover, units, lines, has_codes,
        provider,
    ) = row  # fmt: skip
    return OrderRow(
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
        created_at=created_at,
        paid_at=paid_at,
        pay_by=pay_by,
    )
