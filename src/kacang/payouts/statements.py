"""Statements: what a party gets of a period's sales, each sale counted once (F4).

A statement is made by one transaction that holds its agreement's row: two workers take turns,
and the second finds it made. A transfer that was booked for a period whose statement is out comes
into the next one.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.ledger import operations as ledger
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.earned import EARNED
from kacang.ledger.operations import Document, Move, Side
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.payouts.models import Agreement, Party, Period, Statement
from kacang.payouts.periods import ended
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from kacang.shared.money import Money

# A transfer may commit after one of a later number; none takes so long.
LATE = timedelta(days=1)
# What each party's share costs, and where it is owed.
SIDES = {Party.PLATFORM: (Account.PLATFORM_FEE, Account.PAYABLE_PLATFORM)}
_GATHER = f"""
with earned as ({EARNED}
    and t.id > %(counted)s::bigint and t.at >= %(since)s::timestamptz
    and t.at < %(until)s::timestamptz
), counted as (
    insert into statement_line (merchant_id, statement_id, agreement_id, transfer_id, base_minor,
                                amount_minor, document_kind, document_id, at)
    select %(merchant)s::bigint, %(statement)s::bigint, %(agreement)s::bigint, e.transfer_id,
           e.base_minor,
           round(e.base_minor::numeric * %(rate)s::bigint / 1000000)::bigint
               + case when e.base_minor > 0 then %(fixed)s::bigint else 0 end,
           e.document_kind, e.document_id, e.at
    from earned e
    where not exists (
        select from statement_line l where l.merchant_id = %(merchant)s::bigint
          and l.agreement_id = %(agreement)s::bigint and l.transfer_id = e.transfer_id)
    order by e.transfer_id
    returning base_minor, amount_minor
)
select count(*)::int, coalesce(sum(base_minor), 0)::bigint, coalesce(sum(amount_minor), 0)::bigint
from counted
"""  # noqa: S608 - our own text
# Up to the first that the next statement may want: numbers and moments are not in one order.
_COUNTED = f"""
select coalesce(min(e.transfer_id) filter (where e.at >= %(settled)s::timestamptz) - 1,
                max(e.transfer_id), %(counted)s::bigint)
from ({EARNED} and t.id > %(counted)s::bigint) e
"""  # noqa: S608 - our own text
# The last statement's own shortage, if refunds were more than sales.
_CARRIED = """
select least(amount_minor + carried_minor, 0) from statement
where merchant_id = %s::bigint and agreement_id = %s::bigint order by starts_on desc limit 1
"""


def issue_due(*, merchant_id: int, now: datetime | None = None) -> int:
    """Make the statements of the periods that are over; return how many. May be repeated."""
    today = (now or utc_now()).astimezone(_zone(merchant_id)).date()
    with acting_as(merchant_id):
        ids = list(Agreement.objects.filter(merchant_id=merchant_id).values_list("id", flat=True))
    return sum(_issue_ended(merchant_id, agreement_id, today) for agreement_id in ids)


def _issue_ended(merchant_id: int, agreement_id: int, today: date) -> int:
    made = 0
    with acting_as(merchant_id):
        row = Agreement.objects.get(merchant_id=merchant_id, id=agreement_id)
    until = today - timedelta(days=row.hold_days)
    for start, end in ended(Period(row.period), row.starts_on, until):
        if row.ends_on is not None and start >= row.ends_on:
            break
        made += _issue(merchant_id, agreement_id, start, end)
    return made


def _issue(merchant_id: int, agreement_id: int, start: date, end: date) -> int:
    with acting_as(merchant_id):
        agreement = Agreement.objects.select_for_update(no_key=True).get(
            merchant_id=merchant_id, id=agreement_id
        )
        place = {"merchant_id": merchant_id, "agreement": agreement}
        if Statement.objects.filter(**place, starts_on__gte=start).exists():
            return 0
        statement = Statement.objects.create(
            **place,
            uid=new_uid("stm"),
            starts_on=start,
            ends_on=end,
            currency=agreement.currency,
            issued_at=utc_now(),
            carried_minor=_carried(agreement),
        )
        _gather(agreement, statement)
        _book(agreement, statement)
    return 1


def _carried(agreement: Agreement) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CARRIED, [agreement.merchant_id, agreement.pk])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _gather(agreement: Agreement, statement: Statement) -> None:
    zone = _zone(agreement.merchant_id)
    last = statement.ends_on
    if agreement.ends_on is not None:
        last = min(last, agreement.ends_on)
    until = datetime.combine(last, time.min, zone)
    asked: dict[str, Any] = {
        "merchant": agreement.merchant_id,
        "currency": agreement.currency,
        "statement": statement.pk,
        "agreement": agreement.pk,
        "counted": agreement.counted_to,
        "rate": agreement.rate_millionths,
        "fixed": agreement.fixed_minor,
        "since": datetime.combine(agreement.starts_on, time.min, zone),
        "until": until,
        "settled": until - LATE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, asked)
        statement.lines, statement.base_minor, statement.amount_minor = cursor.fetchone()
        cursor.execute(_COUNTED, asked)
        (agreement.counted_to,) = cursor.fetchone()
    statement.save(update_fields=["lines", "base_minor", "amount_minor"])
    agreement.save(update_fields=["counted_to"])


def _book(agreement: Agreement, statement: Statement) -> None:
    """Book what the party gets; less than nothing goes the other way."""
    minor = statement.amount_minor
    if minor == 0:
        return
    cost, owed = SIDES[Party(agreement.party)]
    expense, payable = Side(cost), Side(owed, agreement.owner)
    debit, credit = (expense, payable) if minor > 0 else (payable, expense)
    move = Move(
        debit=debit,
        credit=credit,
        amount=Money(abs(minor), agreement.currency),
        kind=TransferKind.SHARED,
        document=Document(DocumentKind.STATEMENT, statement.pk),
    )
    ledger.transfer(merchant_id=agreement.merchant_id, move=move)


def _zone(merchant_id: int) -> ZoneInfo:
    return ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
