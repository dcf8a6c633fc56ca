"""Summing up an append-only log of movements, so that counting costs the same for ever.

A merchant's mark says up to which transaction its movements are in the sums.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Manager

from kacang.merchants.tenancy import acting_as


def compact(
    *, merchant_id: int, marks: Manager[Any], sql: str, values: Mapping[str, Any] | None = None
) -> int:
    """Sum movements of ended transactions up; return how many sums changed.

    Exact while others write: the mark is locked first, then one statement takes what lies
    between the old mark and the oldest transaction that still runs.

    Args:
        merchant_id: Whose movements.
        marks: The table of marks, by `merchant_id`, with `upto_xid`.
        sql: The statement; `merchant` and `from` are given, the number of sums is returned.
        values: What it is given besides.
    """
    with acting_as(merchant_id), connection.cursor() as cursor:
        marks.get_or_create(merchant_id=merchant_id)
        locked = marks.select_for_update().filter(merchant_id=merchant_id)
        upto = locked.values_list("upto_xid", flat=True).get()
        # The first time may find years of rows.
        cursor.execute("set local statement_timeout = '15min'")
        cursor.execute(sql, {"merchant": merchant_id, "from": upto, **(values or {})})
        (changed,) = cursor.fetchone()
    return int(changed)
