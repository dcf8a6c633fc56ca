"""Payments that fit a filter: page by page, counted, or all of them (P2, O10, rule 16).

An index serves each filter alone. All but one are read by when payments were begun, so that a
period narrows any of them; where amounts alone are asked for, by amount. What was not paid has an
index by its state; all else is read account by account, the first rows of each merged: a merchant
has few, and a sale keeps one index less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments.finding.filters import PaymentFilter
from kacang.payments.models import Account, PaymentState
from kacang.shared.money import Money

# Up to so many are counted; beyond, pages say "10,000+".
COUNT_MOST = 10_000
WALK_MAX = 2_000
_COLUMNS = (
    "p.id, p.number, p.order_id, p.account_id, p.state, p.amount_minor, p.currency, p.created_at,"
    " p.paid_at"
)
_CONDITIONS = {
    "state": "p.state = %(state)s::smallint",
    "number": "p.number = %(number)s::text",
    "since": "p.created_at >= %(since)s::timestamptz",
    "until": "p.created_at < %(until)s::timestamptz",
    "currency": "p.currency = %(currency)s::text",
    "amount_min_minor": "p.amount_minor >= %(amount_min_minor)s::bigint",
    "amount_max_minor": "p.amount_minor <= %(amount_max_minor)s::bigint",
}
# True of it anyway: said so that the index is seen to fit.
_UNPAID = "p.state <> 1"
# Of one account at a time: an index gives the order of one, not of several together.
_EACH = """select p.* from unnest(%(accounts)s::bigint[]) v(account_id)
cross join lateral ({one}) p{order} limit %(limit)s::int"""
_ONE = """select {columns} from payment p where p.merchant_id = %(merchant)s::bigint{narrowed}
order by {order} limit %(limit)s::int"""
_PLACE = """select created_at, amount_minor, id from payment
where merchant_id = %s::bigint and number = %s::text"""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One attempt to pay, as a list shows it."""

    number: str
    order_id: int
    provider: str
    account_name: str
    state: PaymentState
    amount: Money
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A page of payments, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[PaymentRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many fit. `is_more`: there are more than `count`, which are not looked at."""

    count: int
    is_more: bool


def payments_page(
    *, merchant_id: int, where: PaymentFilter, cursor: str = "", limit: int = 50
) -> PaymentPage:
    """Return payments, the newest first; where amounts alone narrow, the greatest first.

    A cursor that is none is taken as the start. Days that move are put in before: `at`.
    """
    assert where.period is None, "put in by PaymentFilter.at"
    with acting_as(merchant_id, in_order=True):
        accounts = _accounts(merchant_id)
        found = _rows(merchant_id, where, accounts, cursor[:32], limit + 1)
    shown = tuple(_row(row, accounts) for row in found[:limit])
    return PaymentPage(shown, shown[-1].number if len(found) > limit else "")


def count_up_to(*, merchant_id: int, where: PaymentFilter, most: int = COUNT_MOST) -> Counted:
    """Return how many payments fit, at a cost that a long history does not raise."""
    with acting_as(merchant_id, in_order=True):
        accounts = _accounts(merchant_id)
        text, given = _statement(merchant_id, where, accounts, "p.id", is_sorted=False)
        with connection.cursor() as ran:
            ran.execute(
                f"select count(*)::int from ({text}) few",  # noqa: S608 - our own text
                {**given, "limit": most + 1},
            )
            ((count,),) = ran.fetchall()
    return Counted(min(count, most), count > most)


def _accounts(merchant_id: int) -> dict[int, Account]:
    # Read apart: joined, the few accounts tempt the planner to sort all the payments.
    return {one.pk: one for one in Account.objects.filter(merchant_id=merchant_id)}


def _rows(
    merchant_id: int, where: PaymentFilter, accounts: dict[int, Account], cursor: str, limit: int
) -> list[tuple[Any, ...]]:
    text, given = _statement(merchant_id, where, accounts, _COLUMNS, _place(merchant_id, cursor))
    with connection.cursor() as ran:
        ran.execute(text, {**given, "limit": limit})
        return list(ran.fetchall())


def _place(merchant_id: int, cursor: str) -> tuple[Any, ...] | None:
    if not cursor or "\0" in cursor:
        return None
    with connection.cursor() as ran:
        ran.execute(_PLACE, [merchant_id, cursor])
        found: tuple[Any, ...] | None = ran.fetchone()
    return found


def _statement(
    merchant_id: int,
    where: PaymentFilter,
    accounts: dict[int, Account],
    columns: str,
    place: Sequence[Any] | None = None,
    *,
    is_sorted: bool = True,
) -> tuple[str, dict[str, Any]]:
    """Return the statement that reads at most `limit` payments, behind a place.

    Unsorted, those of the first accounts that have so many.
    """
    given: dict[str, Any] = {"merchant": merchant_id}
    conditions = []
    for name, condition in _CONDITIONS.items():
        value = getattr(where, name)
        if value is not None and value != "":
            given[name] = int(value) if name == "state" else value
            conditions.append(condition)
    order = "p.amount_minor desc, p.id desc" if where.is_by_amount else (
        "p.created_at desc, p.id desc"
    )  # fmt: skip
    if place is not None:
        begun, minor, id_ = place
        given |= {"behind": minor if where.is_by_amount else begun, "behind_id": id_}
        column, kind = (
            ("p.amount_minor", "bigint") if where.is_by_amount else ("p.created_at", "timestamptz")
        )
        conditions.append(f"({column}, p.id) < (%(behind)s::{kind}, %(behind_id)s::bigint)")
    if _is_by_state(where):
        conditions.append(_UNPAID)
    elif where.account or where.provider or not (where.number or where.is_by_amount):
        given["accounts"] = [
            id_
            for id_, one in accounts.items()
            if where.account in ("", one.uid) and where.provider in ("", one.provider)
        ]
        conditions.insert(0, "p.account_id = v.account_id")
    narrowed = "".join(f" and {condition}" for condition in conditions)
    text = _ONE.format(columns=columns, narrowed=narrowed, order=order)
    if "accounts" in given:
        text = _EACH.format(one=text, order=f" order by {order}" if is_sorted else "")
    return text, given


def _is_by_state(where: PaymentFilter) -> bool:
    is_unpaid = where.state is not None and where.state != PaymentState.PAID
    return is_unpaid and not (where.account or where.provider or where.number)


def _row(row: tuple[Any, ...], accounts: dict[int, Account]) -> PaymentRow:
    _id, number, order_id, account_id, state, minor, currency, created_at, paid_at = row
    account = accounts[account_id]
    return PaymentRow(
        number=number,
        order_id=order_id,
        provider=account.provider,
        account_name=account.name,
        state=PaymentState(state),
        amount=Money(minor, currency),
        created_at=created_at,
        paid_at=paid_at,
    )
