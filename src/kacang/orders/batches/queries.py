"""What others may ask about batches."""

from collections.abc import Iterator

from kacang.orders.batches.checking import KIND as CHECKING
from kacang.orders.batches.checking import first_lines
from kacang.orders.batches.rows import BatchRow, Outcome, read_rows
from kacang.orders.batches.starting import KIND as BATCH
from kacang.orders.batches.undoing import undo_until
from kacang.outbox import queries as works

__all__ = [
    "BATCH",
    "CHECKING",
    "BatchRow",
    "Outcome",
    "all_rows",
    "batch_rows",
    "first_lines",
    "undo_until",
]
AT_ONCE = 1_000


def batch_rows(
    *,
    merchant_id: int,
    uid: str,
    after: int = 0,
    limit: int = 50,
    outcome: Outcome | None = None,
) -> list[BatchRow]:
    """Return rows of a batch or a check in their order, from behind `after`.

    Raises:
        UnknownWork: There is none.
    """
    item = works.work(merchant_id=merchant_id, uid=uid)
    return read_rows(merchant_id, item.id, after=after, limit=limit, outcome=outcome)


def all_rows(*, merchant_id: int, uid: str, outcome: Outcome | None = None) -> Iterator[BatchRow]:
    """Return all rows, read some at a time.

    Raises:
        UnknownWork: There is none.
    """
    after = 0
    while True:
        found = batch_rows(
            merchant_id=merchant_id, uid=uid, after=after, limit=AT_ONCE, outcome=outcome
        )
        yield from found
        if len(found) < AT_ONCE:
            return
        after = found[-1].row_no
