"""The statement that finds the orders of a filter: which table leads, and in which order (rule 16).

An index serves each filter alone, and each order that is offered. Which index leads decides the
order in which orders can be read: by id, which is the order of their arrival; by the time they were
placed where a period leads; by amount where only amounts narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from kacang.orders import sql
from kacang.orders.finding.filters import NUMBERS_MAX, OrderFilter, Sort
from kacang.orders.finding.reaching import of_channel, reached
from kacang.orders.finding.related import key_ids, related
from kacang.orders.models import Channel, OrderState
from kacang.shared.clock import utc_now

SHORT = timedelta(days=31)
ANY_EXCEPTION = "any"
# Unpaid past their time: the job has not come by yet, but they read as cancelled (rule 1).
OVERDUE = "o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)"
# What is worked on: few, whatever the history.
OPEN = frozenset(
    {
        OrderState.PENDING, OrderState.PAID, OrderState.FULFILLING, OrderState.SHIPPED,
        OrderState.REFUNDING, OrderState.ON_HOLD,
    }
)  # fmt: skip
# Of these, an index has those with a priority in its order.
WORKED_ON = frozenset({OrderState.PAID, OrderState.FULFILLING, OrderState.ON_HOLD})
_IN_TURN = "o.state in (1, 2, 9)"
_PLAIN = {
    "numbers": "o.number = any(%(numbers)s::text[])",
    "email": "o.email = %(email)s::text and o.email <> ''",
    "phone": "o.phone = %(phone)s::text and o.phone <> ''",
    "phone_tail": "o.phone_tail = %(phone_tail)s::text and o.phone_tail <> ''",
    "since": "o.created_at >= %(since)s::timestamptz",
    "until": "o.created_at < %(until)s::timestamptz",
    "amount_min_minor": "o.payable_minor >= %(amount_min_minor)s::bigint",
    "amount_max_minor": "o.payable_minor <= %(amount_max_minor)s::bigint",
    "last_id": "o.id <= %(last_id)s::bigint",
}
_CANCELLED = f"o.state in (0, 6) and (o.state = 6 or {OVERDUE})"
# The first line that sells it stands for an order. `offset 0`: asked of each line by index as it
# is read in order, never joined with all lines of the SKU, which would be sorted first.
_LEAD_LINE = """order_line l
join sale_order o on o.merchant_id = l.merchant_id and o.id = l.order_id
where l.merchant_id = %(merchant)s::bigint and l.sku_id = {value}
  and not exists (
    select from order_line e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = l.order_id
      and e.sku_id = any(%(skus)s::bigint[]) and e.line_no < l.line_no offset 0)"""
_LEAD_RULE = """review_hit h
join sale_order o on o.merchant_id = h.merchant_id and o.id = h.order_id
where h.merchant_id = %(merchant)s::bigint and h.rule_id = {value}"""
_LEAD_TAG = """order_tag t join sale_order o on o.merchant_id = t.merchant_id and o.id = t.order_id
where t.merchant_id = %(merchant)s::bigint and t.tag_id = {value}"""
# The first mark stands for an order that missed several deadlines.
_LEAD_MISSED = """deadline_mark m
join sale_order o on o.merchant_id = m.merchant_id and o.id = m.order_id
where m.merchant_id = %(merchant)s::bigint and m.breached_at is not null
  and not exists (
    select from deadline_mark e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = m.order_id
      and e.breached_at is not null and e.id < m.id offset 0)"""
_LEAD_CUSTOMER = """order_customer c
join sale_order o on o.merchant_id = c.merchant_id and o.id = c.order_id
where c.merchant_id = %(merchant)s::bigint and c.customer_id = {value}"""
_LEAD_KEY = """sale_order o
where o.merchant_id = %(merchant)s::bigint and o.api_key_id = {value} and o.api_key_id <> 0"""
_LEAD_STORE = """sale_order o
where o.merchant_id = %(merchant)s::bigint and o.store_id = {value}"""
_LEAD_ORDER = "sale_order o where o.merchant_id = %(merchant)s::bigint"
_LEAD_CANCELLED = f"""sale_order o
where o.merchant_id = %(merchant)s::bigint and o.state = {{value}}
  and ({{value}} = 6 or {OVERDUE})"""

# The condition that leads, from where, its id of an order, and the values of its column.
Lead = tuple[str, str, str, Sequence[int] | None]
_ALONE: Lead = ("", _LEAD_ORDER, "o.id", None)
_MISSED: Lead = ("missed", _LEAD_MISSED, "m.order_id", None)
# By the name of their values.
_LEADS = {
    "skus": ("skus", _LEAD_LINE, "l.order_id"),
    "accounts": ("accounts", sql.LEAD_PAYMENT, "p.order_id"),
    "level_customers": ("level", _LEAD_CUSTOMER, "c.order_id"),
    "stores": ("store", _LEAD_STORE, "o.id"),
    "reach_stores": ("reach", _LEAD_STORE, "o.id"),
}


class Key(Enum):
    """By what a list is ordered: columns of the order, the last one its id."""

    ID = ("id",)
    TIME = ("created_at", "id")
    AMOUNT = ("payable_minor", "id")
    # Falling priority is rising turn: so both columns go the same way.
    TURN = ("turn", "id")


_EXPRESSIONS = {"turn": "(- o.priority)"}


def _said(column: str) -> str:
    return _EXPRESSIONS.get(column, f"o.{column}")


@dataclass(frozen=True, slots=True)
class Found:
    """How the orders of a filter are found.

    Args:
        source: From where, with `{value}` for one value of the leading column.
        id_column: The leading table's id of an order.
        values: Those values; empty where the source names none.
        conditions: What else must hold.
        parameters: Of all that.
        key: What the order is by.
        falling: Whether the greatest comes first.
    """

    source: str
    id_column: str
    values: Sequence[int] | None
    conditions: Sequence[str]
    parameters: dict[str, Any]
    key: Key
    falling: bool = True
    after: tuple[Any, ...] = field(default=())

    @property
    def order(self) -> str:
        """Return by which columns of the orders found the whole list is sorted."""
        return self._sorted([_said(column) for column in self.key.value])

    def text(self, columns: str = "o.*") -> str:
        """Return the statement: at most `%(limit)s` orders, in order."""
        one = self._one(columns)
        if self.values is None or len(self.values) == 1:
            return one.replace("{value}", "%(value)s::bigint")
        each = one.replace("{value}", "v.value")
        return (
            "select o.* from unnest(%(values)s::bigint[]) as v(value)"  # noqa: S608 - our own text
            f" cross join lateral ({each}) o order by {self.order} limit %(limit)s::int"
        )

    @property
    def given(self) -> dict[str, Any]:
        """Return the parameters, with the place to go on from."""
        values = self.values or ()
        places = {f"after_{at}": value for at, value in enumerate(self.after)}
        lead = {"values": list(values), "value": next(iter(values), 0)}
        return {**self.parameters, **lead, **places}

    def _one(self, columns: str) -> str:
        names = [*map(_said, self.key.value[:-1]), self.id_column]
        conditions = list(self.conditions)
        if self.after:
            kinds = {"created_at": "timestamptz"}
            places = ", ".join(
                f"%(after_{at})s::{kinds.get(column, 'bigint')}"
                for at, column in enumerate(self.key.value)
            )
            sign = "<" if self.falling else ">"
            conditions.append(f"({', '.join(names)}) {sign} ({places})")
        narrowed = "".join(f" and {condition}" for condition in conditions)
        return (
            f"select {columns} from {self.source}{narrowed}"  # noqa: S608 - our own text
            f" order by {self._sorted(names)} limit %(limit)s::int"
        )

    def _sorted(self, names: Sequence[str]) -> str:
        return ", ".join(f"{name} {'desc' if self.falling else 'asc'}" for name in names)


def sorts_of(where: OrderFilter) -> tuple[Sort, ...]:
    """Return how the orders of a filter can be sorted by an index; unasked, the first is taken."""
    if _key_of(where) is Key.AMOUNT:
        return Sort.LARGEST, Sort.SMALLEST
    if where.is_empty:
        return tuple(sort for sort in Sort if sort is not Sort.FIRST)
    if where.is_first and where.state in WORKED_ON:
        return (Sort.FIRST,)
    return Sort.NEWEST, Sort.OLDEST


def find(merchant_id: int, where: OrderFilter, sort: Sort | None = None) -> Found:
    """Return how to find the orders of a filter, whose moving days are put in already.

    Must run within `acting_as`. A `sort` that no index serves is done all the same, by walking.
    """
    assert where.period is None, "put in by OrderFilter.at"
    sort = sort or sorts_of(where)[0]
    key = Key.AMOUNT if sort in (Sort.LARGEST, Sort.SMALLEST) else _key_of(where)
    if key is Key.AMOUNT and sort in (Sort.NEWEST, Sort.OLDEST):
        key = Key.ID
    if sort is Sort.FIRST:
        key = Key.TURN
    conditions, parameters = _conditions(merchant_id, where)
    if key is Key.TURN and where.state in WORKED_ON:
        # True anyway: said so that the index is seen to fit.
        conditions["turn"] = _IN_TURN
    lead, source, id_column, values = _lead(where, key, parameters)
    return Found(
        source=source,
        id_column=id_column,
        values=values,
        conditions=[text for name, text in conditions.items() if name != lead],
        parameters={"merchant": merchant_id, **parameters},
        key=key,
        falling=sort in (Sort.NEWEST, Sort.LARGEST),
    )


def _key_of(where: OrderFilter) -> Key:
    """Return what leads: first what leaves few orders, whatever the history."""
    few = (
        where.numbers, where.email, where.phone, where.phone_tail, where.external_number,
        where.tag, where.rule, where.is_first, where.exception, where.customer,
        where.missed_deadline, where.state in OPEN,
    )  # fmt: skip
    if any(few):
        return Key.ID
    if _is_short(where):
        return Key.TIME
    some = (
        where.sku, where.product, where.provider, where.account, where.level, where.api_key,
        where.store, where.channel, where.has_note, where.state is not None,
    )  # fmt: skip
    if any(some):
        return Key.ID
    if where.amount_min_minor is not None or where.amount_max_minor is not None:
        return Key.AMOUNT
    return Key.TIME if where.since or where.until else Key.ID


def _is_short(where: OrderFilter) -> bool:
    return where.since is not None and (where.until or utc_now()) - where.since <= SHORT


def _lead(where: OrderFilter, key: Key, given: dict[str, Any]) -> Lead:
    if key is not Key.ID or where.numbers or where.email or where.phone or where.phone_tail:
        return _ALONE
    if where.tag:
        return "tag", _LEAD_TAG, "t.order_id", [given["tag_id"]]
    if where.rule:
        return "rule", _LEAD_RULE, "h.order_id", [given["rule_id"]]
    if where.customer:
        return "customers", _LEAD_CUSTOMER, "c.order_id", given["customers"]
    if where.missed_deadline or where.state in OPEN or where.exception:
        return _MISSED if where.missed_deadline else _ALONE
    return _lead_of_many(where, given)


def _lead_of_many(where: OrderFilter, given: dict[str, Any]) -> Lead:
    """Return what leads where a long history may fit: the first that is asked for."""
    for values, (condition, source, id_column) in _LEADS.items():
        if values in given:
            return condition, source, id_column, given[values]
    if where.level:
        return "level", sql.LEAD_LEVEL, "c.order_id", None
    if "api_keys" in given:
        return "", _LEAD_KEY, "o.id", given["api_keys"]
    if where.state is OrderState.CANCELLED:
        cancelled = [int(OrderState.CANCELLED), int(OrderState.PENDING)]
        return "state", _LEAD_CANCELLED, "o.id", cancelled
    return _ALONE


def _conditions(merchant_id: int, where: OrderFilter) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the conditions by name, and the values that they compare with."""
    conditions: dict[str, str] = {}
    given: dict[str, Any] = {}
    for name, condition in _PLAIN.items():
        value = getattr(where, name)
        if value in (None, "", ()):
            continue
        given[name] = list(value)[:NUMBERS_MAX] if isinstance(value, tuple) else value
        conditions[name] = condition
    if where.state is not None:
        conditions["state"] = _state(where.state)
        given["state"] = int(where.state)
    if where.exception:
        given["hold_reason"] = where.exception
        is_any = where.exception == ANY_EXCEPTION
        conditions["exception"] = (
            "o.state = 9" if is_any else "o.state = 9 and o.hold_reason = %(hold_reason)s::text"
        )
    if where.has_note is not None:
        conditions["note"] = "o.has_note" if where.has_note else "not o.has_note"
    if where.is_first:
        conditions["first"] = "o.priority > 0"
    for name, (condition, values) in related(merchant_id, where).items():
        conditions[name] = condition
        given.update(values)
    _reached(conditions, given)
    _channelled(merchant_id, where, conditions, given)
    return conditions, given


def _channelled(
    merchant_id: int, where: OrderFilter, conditions: dict[str, str], given: dict[str, Any]
) -> None:
    if where.channel:
        conditions["channel"] = of_channel("channel", where.channel)
        given["channel"] = where.channel
    if not where.api_key and Channel.API in (where.channel, given.get("reach_channel")):
        given["api_keys"] = key_ids(merchant_id)


def _reached(conditions: dict[str, str], given: dict[str, Any]) -> None:
    text, values = reached()
    if text:
        conditions["reach"] = text
        given.update(values)


def _state(state: OrderState) -> str:
    if state is OrderState.PENDING:
        return f"o.state = 0 and not ({OVERDUE})"
    return _CANCELLED if state is OrderState.CANCELLED else "o.state = %(state)s::smallint"


def after_of(key: Key, place: Sequence[int]) -> tuple[Any, ...]:
    """Return a cursor's place as the values that the key's columns are compared with."""
    if key is Key.TURN:
        return -place[0], place[1]
    if key is Key.TIME:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=place[0]), place[1]
    return tuple(place)


def place_of(key: Key, at: datetime, minor: int, order_id: int, priority: int = 0) -> list[int]:
    """Return where an order stands, as whole numbers."""
    if key is Key.TURN:
        return [priority, order_id]
    if key is Key.TIME:
        return [(at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), order_id]
    return [minor, order_id] if key is Key.AMOUNT else [order_id]
