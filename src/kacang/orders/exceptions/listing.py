"""The exception queue as lists: filtered, counted, page after page (rule 16)."""

import json
from collections.abc import Collection
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.cursors import make_cursor, read_cursor
from kacang.orders.exceptions.types import (
    ExceptionFilter,
    ExceptionPage,
    ExceptionRow,
    Kind,
    UnknownException,
)
from kacang.orders.models import OrderState
from kacang.orders.statements import rows
from kacang.shared.contacts import Contact
from kacang.shared.money import Money

PAGE_MAX = 200
# Up to so many of a kind are counted; beyond, the page says that there are more.
COUNT_MAX = 9_999
_OPEN, _CLOSED = "x.closed_at is null", "x.closed_at is not null"
_COLUMNS = """
select x.id, x.uid, o.number, x.kind, x.reason, x.subject, x.is_found, x.since, x.opened_at,
    x.due_at,
       x.level, x.owner_id, x.closed_at, x.ending, x.closed_by, o.state, o.payable_minor,
           o.currency,
       o.email, o.phone, l.title::text, l.sku_title::text, s.uid,
       coalesce((select t.detail ->> 'text' from timeline t
                 where t.merchant_id = x.merchant_id and t.order_id = x.order_id and t.event = 8
                 order by t.id desc limit 1), '')
from {source}
join sale_order o on o.merchant_id = x.merchant_id and o.id = x.order_id
join order_line l on l.merchant_id = x.merchant_id and l.order_id = x.order_id and l.line_no = 1
join sku s on s.merchant_id = l.merchant_id and s.id = l.sku_id
"""
_OF_PAGE = _COLUMNS.replace("{source}", "x")
# The page first, then what is told of its rows: never of those that are not shown.
PAGE = f"""
with x as materialized (
    select x.* from order_exception x
    where x.merchant_id = %(merchant)s::bigint {{where}}
    order by {{order}} limit %(limit)s::int
)
{_OF_PAGE}
order by {{order}}
"""  # noqa: S608 - our own text
COUNTS = """
select k.kind, (
    select count(*)::int from (
        select from order_exception x
        where x.merchant_id = %(merchant)s::bigint and x.kind = k.kind and x.closed_at is null
        limit %(most)s::int) few)
from generate_series(1, 6) as k(kind)
"""
OF_ORDERS = """
select o.number, x.kind from sale_order o
join order_exception x on x.merchant_id = o.merchant_id and x.order_id = o.id
    and x.closed_at is null
where o.merchant_id = %(merchant)s::bigint and o.number = any(%(numbers)s::text[])
order by o.number, x.kind
"""
MINE = """
select count(*)::int from (
    select from order_exception x
    where x.merchant_id = %(merchant)s::bigint and x.owner_id = %(owner)s::bigint
        and x.closed_at is null
    limit %(most)s::int) few
"""
LATE = """
select count(*)::int from (
    select from order_exception x
    where x.merchant_id = %(merchant)s::bigint and x.closed_at is null
      and x.due_at <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
    limit %(most)s::int) few
"""


def exceptions_page(
    *, merchant_id: int, where: ExceptionFilter, cursor: str = "", limit: int = 50
) -> ExceptionPage:
    """Return one page of the queue. A cursor that is none is taken as the start."""
    limit = max(1, min(limit, PAGE_MAX))
    conditions, asked = _where(where)
    at, sense = ("x.closed_at", "desc") if where.is_closed else ("x.due_at", "asc")
    if place := read_cursor(cursor):
        conditions.append(
            f"({at}, x.id) {'<' if where.is_closed else '>'}"
            " (%(after)s::timestamptz, %(after_id)s::bigint)"
        )
        asked |= {"after": place[0], "after_id": place[1]}
    text = PAGE.replace("{where}", "".join(f" and {condition}" for condition in conditions))
    text = text.replace("{order}", f"{at} {sense}, x.id {sense}")
    with acting_as(merchant_id):
        found = rows(text, {"merchant": merchant_id, "limit": limit + 1, **asked})
    shown = tuple(_row(row) for row in found[:limit])
    if len(found) <= limit:
        return ExceptionPage(shown, "")
    last = shown[-1]
    end = last.closed_at if where.is_closed else last.due_at
    assert end is not None
    return ExceptionPage(shown, make_cursor(end, found[limit - 1][0]))


def exception(*, merchant_id: int, uid: str) -> ExceptionRow:
    """Return one exception.

    Raises:
        UnknownException: There is none.
    """
    text = (
        _COLUMNS.replace("{source}", "order_exception x")
        + "where x.merchant_id = %(merchant)s::bigint and x.uid = %(uid)s::text"
    )
    with acting_as(merchant_id):
        found = rows(text, {"merchant": merchant_id, "uid": uid[:32]})
    if not found:
        raise UnknownException
    return _row(found[0])


def exceptions_of_order(*, merchant_id: int, order_id: int) -> list[ExceptionRow]:
    """Return an order's exceptions, the open ones first, then the newest."""
    text = (
        _COLUMNS.replace("{source}", "order_exception x")
        + """
where x.merchant_id = %(merchant)s::bigint and x.order_id = %(order)s::bigint
order by x.closed_at desc nulls first, x.id desc limit 50
"""
    )
    with acting_as(merchant_id):
        return [_row(row) for row in rows(text, {"merchant": merchant_id, "order": order_id})]


def open_kinds(*, merchant_id: int, numbers: Collection[str]) -> dict[str, list[Kind]]:
    """Return which exceptions these orders have open, for the marks of a list."""
    found: dict[str, list[Kind]] = {}
    with acting_as(merchant_id):
        asked = {"merchant": merchant_id, "numbers": list(numbers)}
        for number, kind in rows(OF_ORDERS, asked):
            found.setdefault(number, []).append(Kind(kind))
    return found


def counts_by_kind(*, merchant_id: int) -> dict[Kind, int]:
    """Count what is open of each kind, at most COUNT_MAX of each."""
    with acting_as(merchant_id):
        found = rows(COUNTS, {"merchant": merchant_id, "most": COUNT_MAX})
    return {Kind(kind): count for kind, count in found}


def count_mine(*, merchant_id: int, person_id: int) -> int:
    """Count what somebody looks after."""
    with acting_as(merchant_id):
        ((count,),) = rows(MINE, {"merchant": merchant_id, "owner": person_id, "most": COUNT_MAX})
    return int(count)


def count_late(*, merchant_id: int) -> int:
    """Count what is open past its deadline."""
    with acting_as(merchant_id):
        ((count,),) = rows(LATE, {"merchant": merchant_id, "most": COUNT_MAX})
    return int(count)


def _where(where: ExceptionFilter) -> tuple[list[str], dict[str, Any]]:
    conditions = [_CLOSED if where.is_closed else _OPEN]
    asked: dict[str, Any] = {}
    if where.kind is not None:
        conditions.append("x.kind = %(kind)s::smallint")
        asked["kind"] = int(where.kind)
    if where.owner_id == 0:
        conditions.append("x.owner_id is null")
    elif where.owner_id is not None:
        conditions.append("x.owner_id = %(owner)s::bigint")
        asked["owner"] = where.owner_id
    if where.is_late:
        conditions.append(
            "x.due_at <= clock_timestamp() + make_interval(secs => %(shift)s::float8)"
        )
    if where.number:
        conditions.append(
            "x.order_id in (select n.id from sale_order n"
            " where n.merchant_id = %(merchant)s::bigint and n.number = %(number)s::text)"
        )
        asked["number"] = where.number
    return conditions, asked


def _row(row: tuple[Any, ...]) -> ExceptionRow:
    (
        _, uid, number, kind, reason, subject, is_found, since, opened_at, due_at, level, owner_id,
        closed_at, ending, closed_by, state, minor, currency, email, phone, title, sku_title, sku,
        note,
    ) = row  # fmt: skip
    return ExceptionRow(
        uid=uid,
        number=number,
        kind=Kind(kind),
        reason=reason,
        subject=subject,
        is_found=is_found,
        since=since,
        opened_at=opened_at,
        due_at=due_at,
        level=level,
        owner_id=owner_id,
        closed_at=closed_at,
        ending=ending,
        closed_by=closed_by,
        order_state=OrderState(state),
        payable=Money(minor, currency),
        contact=Contact(email, phone),
        title=json.loads(title),
        sku_title=json.loads(sku_title),
        sku_uid=sku,
        note=note,
    )
