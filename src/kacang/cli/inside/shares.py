"""The operator's share in a merchant's sales, from the command line."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from kacang.cli.inside.actor import operator
from kacang.merchants import queries as merchants
from kacang.merchants.queries import MerchantInfo
from kacang.payouts import operations, queries
from kacang.payouts.operations import MILLION
from kacang.payouts.queries import Period
from kacang.shared.clock import utc_now
from kacang.shared.money import Money


def agree(
    *, merchant: str, rates: tuple[str, str], period: str, hold_days: int, since: date | None
) -> str:
    """Put an agreement in force; `rates` are percent and a sum, as they are typed.

    Raises:
        ValueError: The percentage is no number, or has more than four digits after the point.
        BadAmount: The sum is no amount.
    """
    info = _merchant(merchant)
    terms = operations.Terms(
        rate_millionths=_millionths(rates[0]),
        fixed_minor=Money.parse(rates[1], info.currency).minor,
        period=Period[period.upper()],
        currency=info.currency,
        hold_days=hold_days,
        starts_on=since or _today(info),
        name="平台服务费",
    )
    return operations.agree(merchant_id=info.id, terms=terms, actor=operator())


def end(*, merchant: str, agreement: str, on: date | None) -> str:
    """End an agreement; return the first day that is not in it."""
    info = _merchant(merchant)
    day = on or _today(info)
    operations.end_agreement(merchant_id=info.id, uid=agreement, ends_on=day, actor=operator())
    return day.isoformat()


def statements(*, merchant: str) -> list[dict[str, Any]]:
    """Return what a merchant was charged, the newest period first."""
    found = queries.statements(merchant_id=_merchant(merchant).id, limit=queries.PAGE_MAX)
    return [
        {
            "statement": one.uid,
            "first_day": one.starts_on.isoformat(),
            "last_day": (one.ends_on - timedelta(days=1)).isoformat(),
            "sales": one.base.plain,
            "amount": one.amount.plain,
            "carried": one.carried.plain,
            "due": one.due.plain,
            "currency": one.amount.currency,
            "state": one.state.name.lower(),
        }
        for one in found
    ]


def paid(*, merchant: str, statement: str, amount: str, reference: str) -> str:
    """Note money for a statement; return what is left."""
    info = _merchant(merchant)
    due = queries.statement(merchant_id=info.id, uid=statement).due
    money = Money.parse(amount, due.currency) if amount else due
    operations.record_payout(
        merchant_id=info.id,
        statement_uid=statement,
        amount=money,
        reference=reference,
        actor=operator(),
    )
    return queries.statement(merchant_id=info.id, uid=statement).due.plain


def _merchant(slug: str) -> MerchantInfo:
    return merchants.merchant(merchant_id=merchants.merchant_id_of_slug(slug))


def _today(info: MerchantInfo) -> date:
    return utc_now().astimezone(ZoneInfo(info.time_zone)).date()


def _millionths(percent: str) -> int:
    try:
        value = Decimal(percent) * (MILLION // 100)
        whole = int(value)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(percent) from None
    if value != whole:
        raise ValueError(percent)
    return whole
