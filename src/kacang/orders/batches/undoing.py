"""Taking back a batch, whole and exactly: what it changed, and nothing else (O4, L2).

Parcels are called back while no buyer was told of them. Tags change nothing but themselves, so they
are taken back for a day; what was taken back can be done again likewise.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches.acts import Act
from kacang.orders.batches.parcels import QUIET_SECONDS
from kacang.orders.batches.rows import Outcome
from kacang.orders.batches.starting import KIND, begin, note_batch, take_rows
from kacang.orders.batches.tagging import TAGGING
from kacang.orders.errors import TextMissing, TooLateToUndo
from kacang.outbox import work
from kacang.outbox.queries import WorkView
from kacang.outbox.work import set_argument

# What takes back what was done.
INVERSE: Mapping[Act, Act] = {
    Act.SHIP: Act.UNSHIP,
    Act.TAG: Act.UNTAG,
    Act.UNTAG: Act.TAG,
}
UNDO_FOR = timedelta(minutes=10)
UNTAG_FOR = timedelta(days=1)
REASON_MAX = 200


def undo_until(item: WorkView) -> datetime | None:
    """Return until when a batch may be taken back; None: it never may, or was."""
    started, ended = item.started_at, item.finished_at
    act = item.arguments.get("act")
    if item.kind != KIND or act not in INVERSE or item.arguments.get("undone_by"):
        return None
    if started is None or ended is None or not item.result.get("changed_orders"):
        return None
    if act in TAGGING:
        return ended + UNTAG_FOR
    return min(ended + UNDO_FOR, started + timedelta(seconds=QUIET_SECONDS))


def undo_batch(*, merchant_id: int, actor: Actor, uid: str, reason: str, now: datetime) -> str:
    """Start the job that takes back what a batch has changed; return its uid.

    Sent twice, it is the job that was started first.

    Raises:
        UnknownWork: There is no such batch.
        TooLateToUndo: Its time is over.
        TextMissing: Parcels are called back for a reason, and none was given.
    """
    reason = reason.strip()[:REASON_MAX]
    with acting_as(merchant_id):
        item = work.work(merchant_id=merchant_id, uid=uid, lock=True)
        if before := item.arguments.get("undone_by"):
            return str(before)
        until = undo_until(item)
        if until is None or now >= until:
            raise TooLateToUndo
        act = Act(str(item.arguments["act"]))
        if act is Act.SHIP and not reason:
            raise TextMissing
        count = int(item.result["changed_orders"])
        kept = {name: item.arguments[name] for name in ("tag", "tag_name") if act in TAGGING}
        done = {"act": str(INVERSE[act]), "rows": count, "text": reason, "of": uid, **kept}
        undoing = begin(merchant_id, actor, done, count)
        set_argument(merchant_id=merchant_id, uid=uid, name="undone_by", value=undoing)
        take_rows(merchant_id, uid, undoing, Outcome.DONE, count)
        note_batch(
            merchant_id,
            actor,
            undoing,
            {"act": str(INVERSE[act]), "count": count, "of": uid},
            reason,
        )
    return undoing
