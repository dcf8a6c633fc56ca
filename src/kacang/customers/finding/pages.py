"""Customers that fit a filter: page by page, counted, or all of them (H1, rule 16).

A list is read in its order by an index, and goes on behind a place in it. Of what else narrows it,
the first that leaves few customers leads: those are read by its own index, and only they are put in
order. Where everything leaves many, a page of them is soon found by walking the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from kacang.customers.finding.filters import CustomerFilter, Sort
from kacang.customers.models import (
    NEVER,
    ContactKind,
    Customer,
    CustomerContact,
    Level,
    Tag,
    Tagged,
)
from kacang.customers.types import ContactView, Counted, CustomerPage, CustomerRow, TagView
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.shared.contacts import Contact
from kacang.shared.money import Money

# Up to so many are counted; beyond, pages say "10,000+".
COUNT_MOST = 10_000
# So many are put in order; of more, the order's index is walked.
FEW_MOST = 10_000
TAIL_MAX = 200
CURSOR_MAX = 80
_LIVING = "c.forgotten_at is null and c.merged_into_id is null"
_COLUMNS = (
    "c.id, c.uid, c.name, c.level_id, c.created_at, c.agreed_way, c.paid_orders, c.spent_minor,"
    " c.last_order_at"
)
# The column that each order is by before the id, and its type.
_KEYS: dict[Sort, tuple[str, str]] = {
    Sort.LAST: ("c.last_order_at", "timestamptz"),
    Sort.SPENT: ("c.spent_minor", "bigint"),
    Sort.ORDERS: ("c.paid_orders", "int"),
}
_CONDITIONS = {
    "level_id": "c.level_id = %(level_id)s::bigint",
    "way": "c.agreed_way = %(way)s::text",
    "spent_min_minor": "c.spent_minor >= %(spent_min_minor)s::bigint",
    "spent_max_minor": "c.spent_minor <= %(spent_max_minor)s::bigint",
    "orders_min": "c.paid_orders >= %(orders_min)s::int",
    "orders_max": "c.paid_orders <= %(orders_max)s::int",
    "since": "c.last_order_at >= %(since)s::timestamptz",
    "until": "c.last_order_at < %(until)s::timestamptz",
    # Who never ordered has no last order that could be before a day.
    "ever": "c.last_order_at > 'epoch'::timestamptz",
}
# What narrows by one index: these conditions together.
_NARROWING: dict[Sort | str, tuple[str, ...]] = {
    "level": ("level_id",),
    "way": ("way",),
    Sort.SPENT: ("spent_min_minor", "spent_max_minor"),
    Sort.ORDERS: ("orders_min", "orders_max"),
    Sort.LAST: ("since", "until", "ever"),
}
_TAGGED = """exists (select from customer_tagged t
    where t.merchant_id = %(merchant)s::bigint and t.tag_id = %(tag_id)s::bigint
      and t.customer_id = c.id offset 0)"""
_OF_TAG = """select t.customer_id as id from customer_tagged t
where t.merchant_id = %(merchant)s::bigint and t.tag_id = %(tag_id)s::bigint"""


@dataclass(frozen=True, slots=True)
class _Statement:
    """What finds customers: `source` says from where, `conditions` what must hold."""

    source: str
    conditions: Sequence[str]
    given: dict[str, Any]
    # The column of the customer's row whose index has the order asked for.
    id_column: str = "c.id"

    def text(self, columns: str, order: str = "") -> str:
        narrowed = "".join(f" and {condition}" for condition in self.conditions)
        ordered = f" order by {order}" if order else ""
        return (
            f"select {columns} from {self.source}"  # noqa: S608 - our own text
            f" where c.merchant_id = %(merchant)s::bigint and {_LIVING}{narrowed}{ordered}"
            " limit %(limit)s::int"
        )


def find_customers(
    *,
    merchant_id: int,
    where: CustomerFilter,
    sort: Sort = Sort.JOINED,
    cursor: str = "",
    limit: int = 50,
) -> CustomerPage:
    """Return a page of customers. A cursor that is none is taken as the start.

    Days that move are put in before: `CustomerFilter.at`.
    """
    with acting_as(merchant_id):
        found = _ids(merchant_id, where, sort, _place(merchant_id, sort, cursor), limit + 1)
        rows = rows_of(merchant_id=merchant_id, ids=found[:limit])
    more = len(found) > limit and bool(rows)
    return CustomerPage(rows, _cursor(rows[-1], sort) if more else "")


def count_up_to(*, merchant_id: int, where: CustomerFilter, most: int = COUNT_MOST) -> Counted:
    """Return how many customers fit, at a cost that their number does not raise."""
    with acting_as(merchant_id):
        statement = _find(merchant_id, where, _sort_of(where))
        if statement is None:
            return Counted(0, is_more=False)
        with connection.cursor() as ran:
            ran.execute(
                f"select count(*)::int from ({statement.text('c.id')}) few",  # noqa: S608
                {**statement.given, "limit": most + 1},
            )
            ((count,),) = ran.fetchall()
    return Counted(min(count, most), count > most)


def ids_behind(*, merchant_id: int, where: CustomerFilter, after: int, most: int) -> list[int]:
    """Return customers that fit, the newest first, from behind one: for jobs over all of them."""
    with acting_as(merchant_id):
        place = (None, after) if after else None
        return _ids(merchant_id, where, Sort.JOINED, place, most)


def rows_of(*, merchant_id: int, ids: Sequence[int]) -> tuple[CustomerRow, ...]:
    """Return customers as lists show them, in the order of `ids`; in the caller's transaction."""
    with acting_as(merchant_id):
        currency = merchants.merchant(merchant_id=merchant_id).currency
        found = Customer.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        rows = {row.pk: row for row in found.select_related("level")}
        contacts = contacts_of(merchant_id, ids)
        tags = tags_of(merchant_id, ids)
    return tuple(
        CustomerRow(
            id=row.pk,
            uid=row.uid,
            name=row.name,
            level=row.level.name if row.level else "",
            contacts=tuple(contacts.get(row.pk, ())),
            created_at=row.created_at,
            tags=tuple(tags.get(row.pk, ())),
            agreed_way=row.agreed_way,
            paid_orders=row.paid_orders,
            spent=Money(row.spent_minor, currency),
            last_order_at=ever(row.last_order_at),
        )
        for row in (rows[id_] for id_ in ids if id_ in rows)
    )


def ever(at: datetime) -> datetime | None:
    """Return when a customer ordered last; None: never."""
    return None if at == NEVER else at


def contacts_of(merchant_id: int, ids: Sequence[int]) -> dict[int, list[ContactView]]:
    """Return the addresses of customers by row; in the caller's transaction."""
    found: dict[int, list[ContactView]] = {}
    rows = CustomerContact.objects.filter(merchant_id=merchant_id, customer_id__in=list(ids))
    for row in rows.order_by("kind", "id"):
        view = ContactView(ContactKind(row.kind), row.value, row.verified_at)
        found.setdefault(row.customer_id, []).append(view)
    return found


def tags_of(merchant_id: int, ids: Sequence[int]) -> dict[int, list[TagView]]:
    """Return the tags of customers by row; in the caller's transaction."""
    found: dict[int, list[TagView]] = {}
    rows = Tagged.objects.filter(merchant_id=merchant_id, customer_id__in=list(ids))
    for row in rows.select_related("tag").order_by("tag__name"):
        view = TagView(row.tag.uid, row.tag.name, row.tag.colour)
        found.setdefault(row.customer_id, []).append(view)
    return found


def owners(merchant_id: int, contact: Contact | None, tail: str) -> list[int]:
    """Return whose an address is, by row; in the caller's transaction."""
    rows = CustomerContact.objects.filter(merchant_id=merchant_id)
    found: set[int] = set()
    if tail:
        mine = rows.filter(tail=tail).order_by("-id")[:TAIL_MAX]
        found.update(mine.values_list("customer_id", flat=True))
    for kind, value in (
        (ContactKind.EMAIL, contact.email if contact else ""),
        (ContactKind.PHONE, contact.phone if contact else ""),
    ):
        if value:
            found.update(rows.filter(kind=kind, value=value).values_list("customer_id", flat=True))
    return list(found)


def _ids(
    merchant_id: int,
    where: CustomerFilter,
    sort: Sort,
    place: tuple[Any, int] | None,
    limit: int,
) -> list[int]:
    statement = _find(merchant_id, where, sort)
    if statement is None:
        return []
    key, kind = _KEYS.get(sort, ("", ""))
    conditions, given = list(statement.conditions), dict(statement.given)
    if place is not None:
        given |= {"behind": place[0], "behind_id": place[1]}
        conditions.append(
            f"({key}, c.id) < (%(behind)s::{kind}, %(behind_id)s::bigint)"
            if key
            else f"{statement.id_column} < %(behind_id)s::bigint"
        )
    order = f"{key} desc, c.id desc" if key else f"{statement.id_column} desc"
    text = _Statement(statement.source, conditions, given).text("c.id", order)
    with connection.cursor() as ran:
        ran.execute(text, {**given, "limit": limit})
        return [row[0] for row in ran.fetchall()]


def _sort_of(where: CustomerFilter) -> Sort:
    """Return in which order to count: where figures narrow, by the index that has them."""
    if where.since or where.until:
        return Sort.LAST
    if where.spent_min_minor is not None or where.spent_max_minor is not None:
        return Sort.SPENT
    return Sort.ORDERS if where.orders_min or where.orders_max is not None else Sort.JOINED


def _find(merchant_id: int, where: CustomerFilter, sort: Sort) -> _Statement | None:
    """Return the statement that finds what fits a filter; None: nothing can."""
    assert where.period is None, "put in by CustomerFilter.at"
    given = _given(merchant_id, where)
    if given is None:
        return None
    conditions = [text for name, text in _CONDITIONS.items() if name in given]
    if "tag_id" in given:
        conditions.append(_TAGGED)
    source = "customer c"
    if "ids" in given:
        conditions.append("c.id = any(%(ids)s::bigint[])")
        return _Statement(source, conditions, given)
    if few := _few(given, sort):
        source = f"({few}) few join customer c on c.id = few.id"
    elif "tag_id" in given and sort is Sort.JOINED:
        # In the order of its own index.
        conditions.remove(_TAGGED)
        conditions.append("t.merchant_id = %(merchant)s::bigint and t.tag_id = %(tag_id)s::bigint")
        source = "customer_tagged t join customer c on c.id = t.customer_id"
        return _Statement(source, conditions, given, "t.customer_id")
    return _Statement(source, conditions, given)


def _given(merchant_id: int, where: CustomerFilter) -> dict[str, Any] | None:
    """Return the values that narrow, by their names in the statement; None: nothing can fit."""
    given: dict[str, Any] = {
        name: value
        for name in ("way", *(name for names in _NARROWING.values() for name in names))
        if (value := getattr(where, name, None)) not in (None, "")
    }
    if "since" in given or "until" in given:
        given["ever"] = True
    if where.level:
        given["level_id"] = _id_of(Level, merchant_id, where.level)
    if where.tag:
        given["tag_id"] = _id_of(Tag, merchant_id, where.tag)
    if where.uids or where.email or where.phone or where.tail:
        given["ids"] = _named(merchant_id, where)
    wanted = (given.get("level_id", 1), given.get("tag_id", 1), given.get("ids", True))
    return {"merchant": merchant_id, **given} if all(wanted) else None


def _id_of(model: type[Level] | type[Tag], merchant_id: int, uid: str) -> int | None:
    rows = model.objects.filter(merchant_id=merchant_id, uid=uid)
    return rows.values_list("id", flat=True).first()


def _named(merchant_id: int, where: CustomerFilter) -> list[int]:
    """Return who is named one by one."""
    found: set[int] | None = None
    if where.uids:
        rows = Customer.objects.filter(merchant_id=merchant_id, uid__in=list(where.uids))
        found = set(rows.values_list("id", flat=True))
    if where.email or where.phone or where.tail:
        mine = set(owners(merchant_id, Contact(where.email, where.phone), where.tail))
        found = mine if found is None else found & mine
    return sorted(found or ())


def _few(given: dict[str, Any], sort: Sort) -> str:
    """Return the text that reads the few whom one part of the filter leaves; "": all leave many."""
    texts = {}
    if "tag_id" in given:
        texts["tag"] = f"{_OF_TAG} limit {FEW_MOST + 1}"
    for name, parts in _NARROWING.items():
        held = [_CONDITIONS[part] for part in parts if part in given]
        if held and name is not sort:
            narrowed = " and ".join(held)
            key = _KEYS[name][0] if isinstance(name, Sort) else ""
            ordered = f" order by {key} desc, c.id desc" if key else ""
            texts[name] = (
                "select c.id from customer c where c.merchant_id = %(merchant)s::bigint"  # noqa: S608
                f" and {_LIVING} and {narrowed}{ordered} limit {FEW_MOST + 1}"
            )
    if len(texts) == 1 and sort is Sort.JOINED and texts.keys() <= {"tag", "level", "way"}:
        # Its own index has the order asked for.
        return ""
    for text in texts.values():
        with connection.cursor() as ran:
            ran.execute(
                f"select count(*) from ({text}) few",  # noqa: S608 - our own text
                given,
            )
            ((count,),) = ran.fetchall()
        if count <= FEW_MOST:
            return text
    return ""


def _cursor(row: CustomerRow, sort: Sort) -> str:
    """Return the place behind a customer: what it is ordered by, and its public id."""
    at = row.last_order_at or NEVER
    values = {
        Sort.JOINED: "",
        Sort.LAST: str(int(at.timestamp() * 1_000_000)),
        Sort.SPENT: str(row.spent.minor),
        Sort.ORDERS: str(row.paid_orders),
    }
    return f"{values[sort]}.{row.uid}" if values[sort] else row.uid


def _place(merchant_id: int, sort: Sort, cursor: str) -> tuple[Any, int] | None:
    value, _dot, uid = cursor[:CURSOR_MAX].replace("\0", "").rpartition(".")
    if not uid or bool(value) is (sort is Sort.JOINED):
        return None
    digits = value.removeprefix("-")
    if value and not (digits.isascii() and digits.isdecimal() and len(digits) < 18):  # noqa: PLR2004
        return None
    rows = Customer.objects.filter(merchant_id=merchant_id, uid=uid)
    found = rows.values_list("id", flat=True).first()
    if found is None:
        return None
    if sort is Sort.LAST:
        return _moment(int(value)), found
    return (int(value) if value else None), found


def _moment(micros: int) -> datetime:
    try:
        return NEVER + timedelta(microseconds=micros)
    except OverflowError:
        return NEVER
