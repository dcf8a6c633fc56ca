"""From a list that was looked at to parcels, and back while nobody was told (L2)."""

from datetime import datetime, timedelta

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches import checking
from kacang.orders.batches.acts import Act
from kacang.orders.batches.parcels import QUIET_SECONDS
from kacang.orders.batches.rows import Outcome, copy_rows
from kacang.orders.batches.starting import KIND, begin
from kacang.orders.errors import LinesRefused, NothingForBatch, TextMissing, TooLateToUndo
from kacang.outbox import work
from kacang.outbox.queries import UnknownWork, WorkState, WorkView
from kacang.outbox.work import set_argument

UNDO_FOR = timedelta(minutes=10)


def ship_checked(*, merchant_id: int, actor: Actor, check_uid: str, all_or_nothing: bool) -> str:
    """Start the job that sends what a check found good; return its uid.

    What has changed since is judged again order by order, when each is sent.

    Raises:
        UnknownWork: There is no such check, or it has not ended well.
        LinesRefused: All or nothing was asked for, and not every line is good.
        NothingForBatch: No line is good. Nothing was started.
    """
    with acting_as(merchant_id):
        check = _check_of(merchant_id, check_uid)
        if all_or_nothing and check.result["bad"]:
            raise LinesRefused(lines=int(check.result["bad"]))
        count = int(check.result["good"])
        if not count:
            raise NothingForBatch
        uid = begin(merchant_id, actor, {"act": str(Act.SHIP), "rows": count}, count)
        _copy(merchant_id, check_uid, uid, Outcome.WAITING, count)
        _note(merchant_id, actor, uid, {"act": str(Act.SHIP), "count": count})
    return uid


def undo_until(item: WorkView) -> datetime | None:
    """Return until when a batch of parcels may be taken back; None: it never may."""
    started, ended = item.started_at, item.finished_at
    is_shipping = item.kind == KIND and item.arguments.get("act") == Act.SHIP
    if not is_shipping or started is None or ended is None or item.arguments.get("undone_by"):
        return None
    if not item.result.get("changed_orders"):
        return None
    return min(ended + UNDO_FOR, started + timedelta(seconds=QUIET_SECONDS))


def undo_shipping(*, merchant_id: int, actor: Actor, uid: str, reason: str, now: datetime) -> str:
    """Start the job that calls back all parcels of a batch whose buyers were not told yet.

    Raises:
        UnknownWork: There is no such batch.
        TooLateToUndo: Its time is over, or it was taken back before.
        TextMissing: No reason was given.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise TextMissing
    with acting_as(merchant_id):
        item = work.work(merchant_id=merchant_id, uid=uid)
        until = undo_until(item)
        if until is None or now >= until:
            raise TooLateToUndo
        count = int(item.result["changed_orders"])
        arguments = {"act": str(Act.UNSHIP), "rows": count, "text": reason, "of": uid}
        undoing = begin(merchant_id, actor, arguments, count)
        set_argument(merchant_id=merchant_id, uid=uid, name="undone_by", value=undoing)
        _copy(merchant_id, uid, undoing, Outcome.DONE, count)
        _note(merchant_id, actor, undoing, {"act": str(Act.UNSHIP), "count": count}, reason)
    return undoing


def _check_of(merchant_id: int, uid: str) -> WorkView:
    check = work.work(merchant_id=merchant_id, uid=uid)
    if check.kind != checking.KIND or check.state is not WorkState.DONE:
        raise UnknownWork
    return check


def _copy(merchant_id: int, source: str, uid: str, outcome: Outcome, count: int) -> None:
    source_id, own_id = (work.work(merchant_id=merchant_id, uid=one).id for one in (source, uid))
    copied = copy_rows(merchant_id, source=source_id, work_id=own_id, outcome=outcome)
    assert copied == count, "a job's result counts its rows"


def _note(
    merchant_id: int, actor: Actor, uid: str, after: dict[str, object], reason: str = ""
) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action="orders.batch",
        object_kind="job",
        object_uid=uid,
        after=after,
        reason=reason,
    )
