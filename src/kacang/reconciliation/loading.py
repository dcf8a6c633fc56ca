"""Putting a bill's rows into the table, and setting them beside ours, by sets (F2).

A bill is read in pieces, each committed by itself, so that no transaction is long and one sees
how far it is; its rows count only when the last piece is there. COPY is refused on tables with
policies, so a piece is copied in binary into a temporary table that ends with the transaction,
and inserted from there, as cards are.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments.movements import MOVEMENTS
from kacang.payments.ports import BadNotice, BillRow, RowKind
from kacang.reconciliation.models import Bill, DifferenceKind, Movement, Resolution
from kacang.shared.money import MINOR_MAX

# How many rows are committed at a time.
CHUNK = 20_000
_WHAT = {RowKind.PAYMENT: int(Movement.PAYMENT), RowKind.REFUND: int(Movement.REFUND)}
# Of the four names of a row, in the order of `_record`.
_LENGTHS = (128, 64, 64, 4)
_THEIRS_ONLY, _OURS_ONLY = int(DifferenceKind.THEIRS_ONLY), int(DifferenceKind.OURS_ONLY)
_AMOUNT, _STATE = int(DifferenceKind.AMOUNT), int(DifferenceKind.STATE)
_HEALED = int(Resolution.HEALED)
_TABLE = """
create temp table if not exists bill_load (
    line int, what int2, is_done boolean, provider_number text, payment_number text,
    refund_number text, currency text, amount_minor bigint, fee_minor bigint, at timestamptz
) on commit drop
"""
_COPY = """
copy bill_load (line, what, is_done, provider_number, payment_number, refund_number, currency,
                amount_minor, fee_minor, at)
from stdin (format binary)
"""
_TYPES = [
    "int4", "int2", "bool", "text", "text", "text", "text", "int8", "int8", "timestamptz",
]  # fmt: skip
_INSERT = """
insert into bill_row (merchant_id, bill_id, reading, account_id, line, what, is_done,
                      provider_number, payment_number, refund_number, currency, amount_minor,
                      fee_minor, at)
select %(merchant)s::bigint, %(bill)s::bigint, %(reading)s::int, %(account)s::bigint, line, what,
       is_done, provider_number, payment_number, refund_number, currency, amount_minor, fee_minor,
       at
from bill_load order by line
"""
_FORGET = """
delete from bill_row
where merchant_id = %(merchant)s::bigint and bill_id = %(bill)s::bigint
  and reading < %(reading)s::int
"""
_TOTALS = """
select coalesce(jsonb_object_agg(currency, sums), '{}'), coalesce(sum(rows), 0)::int from (
    select currency, count(*) as rows, jsonb_build_object(
        'paid', jsonb_build_array(
            count(*) filter (where what = 0 and is_done),
            coalesce(sum(amount_minor) filter (where what = 0 and is_done), 0)),
        'refunded', jsonb_build_array(
            count(*) filter (where what = 1 and is_done),
            coalesce(sum(amount_minor) filter (where what = 1 and is_done), 0)),
        'fee', coalesce(sum(fee_minor) filter (where is_done), 0)) as sums
    from bill_row
    where merchant_id = %(merchant)s::bigint and bill_id = %(bill)s::bigint
      and reading = %(reading)s::int
    group by currency) as t
"""
# Whatever the bill names, and whatever was heard of on its day. A row that stands twice in a bill
# is matched once. What failed at the company and is unknown here is no difference.
_FIND = f"""
with theirs as (
    select r.*, row_number() over (partition by what, provider_number order by line) as copy
    from bill_row r
    where merchant_id = %(merchant)s::bigint and bill_id = %(bill)s::bigint
      and reading = %(reading)s::int
), ours as ({MOVEMENTS}), pair as (
    select t.what, t.provider_number, t.copy, t.line, t.is_done as their_done,
           o.is_done as our_done, o.provider_number is null as is_missing,
           coalesce(nullif(t.payment_number, ''), o.payment_number, '') as payment_number,
           coalesce(nullif(t.refund_number, ''), o.refund_number, '') as refund_number,
           t.currency, t.amount_minor as theirs_minor,
           o.amount_minor as ours_minor, o.currency as our_currency
    from theirs t
    left join ours o
        on o.what = t.what and o.provider_number = t.provider_number and t.copy = 1
), found as (
    select case when is_missing then {_THEIRS_ONLY}
                when theirs_minor <> ours_minor or currency <> our_currency
                then {_AMOUNT}
                else {_STATE} end as kind,
           what, provider_number, copy, payment_number, refund_number, currency,
           theirs_minor, ours_minor, line
    from pair
    where (is_missing and their_done)
       or (not is_missing and (theirs_minor <> ours_minor or currency <> our_currency
                               or their_done <> our_done))
    union all
    select {_OURS_ONLY}, o.what, o.provider_number, 1, o.payment_number,
           o.refund_number, o.currency, null, o.amount_minor, null
    from ours o
    where o.at >= %(from)s::timestamptz and o.at < %(until)s::timestamptz and o.is_done
      and not exists (
          select from bill_row r
          join bill b on b.merchant_id = r.merchant_id and b.id = r.bill_id
            and b.reading = r.reading
          where r.merchant_id = %(merchant)s::bigint and r.account_id = %(account)s::bigint
            and r.what = o.what and r.provider_number = o.provider_number)
), noted as (
    insert into difference as d (merchant_id, bill_id, account_id, kind, what, provider_number,
        copy, payment_number, refund_number, currency, theirs_minor, ours_minor, line)
    select %(merchant)s::bigint, %(bill)s::bigint, %(account)s::bigint, kind, what,
           provider_number, copy, payment_number, refund_number, currency, theirs_minor,
           ours_minor, line
    from found order by kind, what, provider_number, copy
    on conflict (merchant_id, bill_id, kind, what, provider_number, copy) do update
        set theirs_minor = excluded.theirs_minor, ours_minor = excluded.ours_minor,
            line = excluded.line,
            -- What had healed and is here again waits again; a person's word stands.
            resolution = case when d.resolution = {_HEALED} then null
                              else d.resolution end,
            resolved_at = case when d.resolution = {_HEALED} then null
                               else d.resolved_at end
    returning d.id
)
update difference d
set resolution = {_HEALED}, resolved_at = clock_timestamp()
where d.merchant_id = %(merchant)s::bigint and d.resolution is null
  and ((d.bill_id = %(bill)s::bigint and not exists (
            select from found f where f.kind = d.kind and f.what = d.what
              and f.provider_number = d.provider_number and f.copy = d.copy))
    or (d.account_id = %(account)s::bigint and d.bill_id <> %(bill)s::bigint
        and d.kind = {_OURS_ONLY}
        and exists (select from theirs t where t.what = d.what
                      and t.provider_number = d.provider_number)))
"""  # noqa: S608 - our own text


def add_rows(bill: Bill, reading: int, rows: Sequence[BillRow], first: int) -> None:
    """Put a piece of a reading into the table; `first` numbers its first row.

    Raises:
        BadNotice: A row says what no bill says.
    """
    with acting_as(bill.merchant_id), connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for number, row in enumerate(rows, start=first):
                copy.write_row(_record(number, row))
        cursor.execute(_INSERT, {**_place(bill), "reading": reading})


def take_reading(bill: Bill, reading: int) -> None:
    """Make a reading's rows those of the bill, unless those of a later one are already.

    Must run in the transaction that holds the bill's lock.
    """
    assert connection.in_atomic_block
    bill.reading = max(reading, bill.reading)
    bill.save(update_fields=["reading"])
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, _place(bill))
        cursor.execute(_TOTALS, _place(bill))
        totals, bill.rows = cursor.fetchone()
    # Django has its connections give jsonb as text.
    bill.totals = json.loads(totals)


def compare(bill: Bill) -> None:
    """Note in what a bill differs from what we saw, and what differs no more.

    Must run in the transaction that holds the bill's lock.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(_FIND, _place(bill))


def _place(bill: Bill) -> dict[str, Any]:
    return {
        "merchant": bill.merchant_id,
        "bill": bill.pk,
        "reading": bill.reading,
        "account": bill.account_id,
        "from": bill.starts_at,
        "until": bill.ends_at,
    }


def _record(number: int, row: BillRow) -> tuple[Any, ...]:
    names = (row.provider_number, row.payment_number, row.refund_number, row.amount.currency)
    if (
        not row.provider_number
        or any(len(name) > most for name, most in zip(names, _LENGTHS, strict=True))
        or "\0" in "".join(names)
        or not 0 < row.amount.minor <= MINOR_MAX
    ):
        raise BadNotice(field="row", line=row.line or number)
    return (
        row.line or number,
        _WHAT[row.kind],
        row.is_done,
        row.provider_number,
        row.payment_number,
        row.refund_number,
        row.amount.currency,
        row.amount.minor,
        None if row.fee is None else row.fee.minor,
        row.at,
    )
