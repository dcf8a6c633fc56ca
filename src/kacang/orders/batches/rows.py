"""The rows of a batch: one for each order, with what came of it (O4).

They are what makes a batch safe to repeat: an order and its row change in one transaction, so
that a run after a crash takes up the first row that is still to be done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders.statements import rows, table


class Outcome(IntEnum):
    """What came of a row."""

    WAITING = 0
    DONE = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One order of a batch. `reason` is the code of the error that kept it from being done."""

    row_no: int
    order_id: int | None
    order_number: str
    line_no: int = 0
    courier: str = ""
    tracking_number: str = ""
    outcome: Outcome = Outcome.WAITING
    reason: str = ""
    shipment: str = ""


_INSERT = """
insert into batch_row (merchant_id, work_id, row_no, order_id, order_number, line_no, courier,
                       tracking_number, outcome, reason)
select %(merchant)s::bigint, %(work)s::bigint, r.row_no, r.order_id, r.order_number, r.line_no,
       r.courier, r.tracking_number, r.outcome, r.reason
from jsonb_to_recordset(%(rows)s::jsonb) as r(
    row_no int, order_id bigint, order_number text, line_no int, courier text,
    tracking_number text, outcome smallint, reason text)
"""
_COPY = """
insert into batch_row (merchant_id, work_id, row_no, order_id, order_number, line_no, courier,
                       tracking_number, shipment)
select merchant_id, %(work)s::bigint, row_number() over (order by row_no), order_id, order_number,
       line_no, courier, tracking_number, shipment
from batch_row
where merchant_id = %(merchant)s::bigint and work_id = %(source)s::bigint
  and outcome = %(outcome)s::smallint
returning row_no
"""
_READ = """
select row_no, order_id, order_number, line_no, courier, tracking_number, outcome, reason, shipment
from batch_row
where merchant_id = %(merchant)s::bigint and work_id = %(work)s::bigint
  and row_no > %(after)s::int {narrow}
order by row_no limit %(limit)s::int
"""
_END = """
update batch_row b set outcome = r.outcome, reason = r.reason, shipment = r.shipment
from jsonb_to_recordset(%(rows)s::jsonb) as r(
    row_no int, outcome smallint, reason text, shipment text)
where b.merchant_id = %(merchant)s::bigint and b.work_id = %(work)s::bigint
  and b.row_no = r.row_no
"""


def add_rows(merchant_id: int, work_id: int, found: Iterable[BatchRow]) -> None:
    """Write rows. Joins the caller's transaction."""
    given = table(
        {
            "row_no": row.row_no,
            "order_id": row.order_id,
            "order_number": row.order_number,
            "line_no": row.line_no,
            "courier": row.courier,
            "tracking_number": row.tracking_number,
            "outcome": int(row.outcome),
            "reason": row.reason,
        }
        for row in found
    )
    rows(_INSERT, {"merchant": merchant_id, "work": work_id, "rows": given})


def copy_rows(merchant_id: int, *, source: int, work_id: int, outcome: Outcome) -> int:
    """Give a batch the rows of another one that had this outcome; return how many."""
    copied = rows(
        _COPY,
        {"merchant": merchant_id, "work": work_id, "source": source, "outcome": int(outcome)},
    )
    return len(copied)


def read_rows(
    merchant_id: int,
    work_id: int,
    *,
    after: int = 0,
    limit: int = 100,
    outcome: Outcome | None = None,
) -> list[BatchRow]:
    """Return rows in their order, from behind `after`."""
    narrow = "" if outcome is None else f"and outcome = {int(outcome)}"
    with acting_as(merchant_id):
        found = rows(
            _READ.replace("{narrow}", narrow),
            {"merchant": merchant_id, "work": work_id, "after": after, "limit": limit},
        )
    return [_row(row) for row in found]


def end_rows(merchant_id: int, work_id: int, ended: Sequence[BatchRow]) -> None:
    """Write what came of rows. Joins the caller's transaction."""
    given = table(
        {
            "row_no": row.row_no,
            "outcome": int(row.outcome),
            "reason": row.reason,
            "shipment": row.shipment,
        }
        for row in ended
    )
    rows(_END, {"merchant": merchant_id, "work": work_id, "rows": given})


def _row(row: tuple[Any, ...]) -> BatchRow:
    row_no, order_id, number, line_no, courier, tracking, outcome, reason, shipment = row
    return BatchRow(
        row_no, order_id, number, line_no, courier, tracking, Outcome(outcome), reason, shipment
    )
