"""What moved at companies, by period and row by row, and how often payments succeed (F2, F4).

A period is one of the merchant's time zone (rule 24). Sums are made of the rows that the lists
beside them show, so that each number leads to what it counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments.companies import registry
from kacang.payments.models import Account, Payment, Receipt
from kacang.payments.movements import MOVEMENTS
from kacang.shared.money import Money

PAYMENT, REFUND = 0, 1
STEPS = ("day", "week", "month")
_WITHIN = "m.is_done and m.at >= %(since)s::timestamptz and m.at < %(until)s::timestamptz"
_SUMS = f"""
select date_trunc(%(by)s::text, m.at at time zone %(zone)s::text)::date, m.what, m.currency,
       count(*)::int, sum(m.amount_minor)::bigint
from ({MOVEMENTS}) m where {_WITHIN}
group by 1, 2, 3 order by 1, 2, 3
"""  # noqa: S608 - our own words
_ROWS = f"""
select m.what, m.provider_number, m.payment_number, m.refund_number, m.amount_minor, m.currency,
       m.at
from ({MOVEMENTS}) m where {_WITHIN} and m.what = any(%(what)s::smallint[])
order by m.at desc, m.provider_number limit %(limit)s::int offset %(offset)s::int
"""  # noqa: S608 - our own words
_TRIES = """
select (p.created_at at time zone %(zone)s::text)::date, a.uid, a.name, a.provider, count(*)::int,
       count(*) filter (where p.state = 1)::int
from payment p join account a on a.merchant_id = p.merchant_id and a.id = p.account_id
where p.merchant_id = %(merchant)s::bigint and p.created_at >= %(since)s::timestamptz
  and p.created_at < %(until)s::timestamptz
group by 1, 2, 3, 4 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account as reports and lists name it. `has_bills`: its company gives bills by itself."""

    id: int
    uid: str
    name: str
    provider: str
    currency: str
    has_bills: bool
    zone: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved at one account in the day, week or month that begins on `first`."""

    account_id: int
    first: date
    what: int
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Seen:
    """One movement that we have seen."""

    what: int
    provider_number: str
    payment_number: str
    refund_number: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Tries:
    """How many payments were begun on a day at an account, and how many of them are paid."""

    day: date
    account_uid: str
    account_name: str
    provider: str
    begun: int
    paid: int


@dataclass(frozen=True, slots=True)
class ReceiptName:
    """What the company calls money that was seen, and the order it was for, if any."""

    provider_number: str
    order_id: int | None


def account_names(*, merchant_id: int) -> list[AccountName]:
    """Return the merchant's accounts, in the order that checkout shows them."""
    known = registry.providers()
    with acting_as(merchant_id):
        rows = list(
            Account.objects.filter(merchant_id=merchant_id)
            .order_by("position", "id")
            .values_list("id", "uid", "name", "provider", "currency")
        )
    found = []
    for id_, uid, name, provider, currency in rows:
        company = known.get(provider)
        has_bills, zone = (company.bills, company.zone) if company else (False, "UTC")
        found.append(AccountName(id_, uid, name, provider, currency, has_bills, zone))
    return found


def moved(
    *,
    merchant_id: int,
    account_ids: Sequence[int],
    since: datetime,
    until: datetime,
    by: str,
    zone: str,
) -> list[Moved]:
    """Sum up what moved at accounts from `since` to before `until`, by "day", "week" or "month"."""
    assert by in STEPS
    asked = {"merchant": merchant_id, "since": since, "until": until, "by": by, "zone": zone}
    found = []
    for account_id in account_ids:
        for first, what, currency, count, minor in _ran(
            merchant_id, _SUMS, {**asked, "account": account_id}
        ):
            found.append(Moved(account_id, first, what, count, Money(minor, currency)))
    return found


def seen(
    *,
    merchant_id: int,
    account_id: int,
    between: tuple[datetime, datetime],
    what: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Seen]:
    """Return what moved at an account from one moment to before another, the newest first."""
    asked = {
        "merchant": merchant_id,
        "account": account_id,
        "since": between[0],
        "until": between[1],
        "what": [PAYMENT, REFUND] if what is None else [what],
        "limit": limit,
        "offset": offset,
    }
    return [
        Seen(kind, provider_number, payment_number, refund_number, Money(minor, currency), at)
        for kind, provider_number, payment_number, refund_number, minor, currency, at in _ran(
            merchant_id, _ROWS, asked
        )
    ]


def tries(*, merchant_id: int, since: datetime, until: datetime, zone: str) -> list[Tries]:
    """Count the payments that were begun in a period, by day of the merchant's and account."""
    asked = {"merchant": merchant_id, "since": since, "until": until, "zone": zone}
    return [Tries(*row) for row in _ran(merchant_id, _TRIES, asked)]


def orders_of_payments(*, merchant_id: int, numbers: Sequence[str]) -> dict[str, int]:
    """Return the orders, by their numbers in the house, that payments were begun for."""
    with acting_as(merchant_id):
        rows = Payment.objects.filter(merchant_id=merchant_id, number__in=numbers)
        return dict(rows.values_list("number", "order_id"))


def receipt_names(*, merchant_id: int, ids: Collection[int]) -> dict[int, ReceiptName]:
    """Return what receipts are called, by their numbers in the house."""
    with acting_as(merchant_id):
        rows = Receipt.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        found = list(rows.values_list("id", "provider_number", "payment__order_id"))
    return {id_: ReceiptName(number, order_id) for id_, number, order_id in found}


def _ran(merchant_id: int, sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return list(cursor.fetchall())
