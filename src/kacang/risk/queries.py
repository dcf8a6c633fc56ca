"""What others may ask about limits and the blacklist."""

from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.tenancy import acting_as
from kacang.risk.models import Block, Counter


@dataclass(frozen=True, slots=True)
class BlockRow:
    """An entry of the blacklist."""

    uid: str
    kind: str
    value: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BlockPage:
    """A page of the blacklist. `next_cursor` is empty on the last page."""

    rows: tuple[BlockRow, ...]
    next_cursor: str


def blocks(*, merchant_id: int, cursor: str = "", limit: int = 50) -> BlockPage:
    """Return the blacklist, the newest first. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = Block.objects.filter(merchant_id=merchant_id)
        before = rows.filter(uid=cursor).values_list("id", flat=True).first() if cursor else None
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.order_by("-id")[: limit + 1])
    shown = tuple(
        BlockRow(row.uid, row.kind, row.value, row.reason, row.created_at) for row in found[:limit]
    )
    return BlockPage(shown, shown[-1].uid if len(found) > limit else "")


def used(*, merchant_id: int, key: bytes) -> int:
    """Return how much of a counter is taken."""
    with acting_as(merchant_id):
        found = Counter.objects.filter(merchant_id=merchant_id, key=key).values_list("used").first()
    return found[0] if found else 0
