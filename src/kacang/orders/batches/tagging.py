"""Tags on many orders at once: what had the tag before stays out of it, so undo is exact (O4)."""

from collections.abc import Sequence
from dataclasses import replace

from kacang.merchants.audit import Actor
from kacang.orders.batches.acts import Act
from kacang.orders.batches.rows import BatchRow, Outcome
from kacang.orders.errors import TagAsBefore, UnknownOrder
from kacang.orders.tagging.putting import tag_orders, untag_orders

TAGGING = frozenset({Act.TAG, Act.UNTAG})


def tag_rows(
    merchant_id: int, found: Sequence[BatchRow], act: Act, tag: str, actor: Actor
) -> list[BatchRow]:
    """Put a tag on the orders of rows, or take it off; return the rows with what came of each.

    Raises:
        UnknownTag: The tag was deleted meanwhile.
    """
    work = tag_orders if act is Act.TAG else untag_orders
    numbers = [row.order_number for row in found]
    came = work(merchant_id=merchant_id, numbers=numbers, tag=tag, actor=actor)
    changed, unchanged = set(came.changed), set(came.unchanged)
    ended = []
    for row in found:
        if row.order_number in changed:
            ended.append(replace(row, outcome=Outcome.DONE))
        else:
            same = row.order_number in unchanged
            reason = TagAsBefore.code if same else UnknownOrder.code
            ended.append(replace(row, outcome=Outcome.REFUSED, reason=reason))
    return ended
