"""From a list that was looked at to parcels (L2)."""

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches import checking
from kacang.orders.batches.acts import Act
from kacang.orders.batches.rows import Outcome
from kacang.orders.batches.starting import begin, note_batch, take_rows
from kacang.orders.errors import LinesRefused, NothingForBatch
from kacang.outbox import work
from kacang.outbox.queries import UnknownWork, WorkState, WorkView


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
        take_rows(merchant_id, check_uid, uid, Outcome.WAITING, count)
        note_batch(merchant_id, actor, uid, {"act": str(Act.SHIP), "count": count})
    return uid


def _check_of(merchant_id: int, uid: str) -> WorkView:
    check = work.work(merchant_id=merchant_id, uid=uid)
    if check.kind != checking.KIND or check.state is not WorkState.DONE:
        raise UnknownWork
    return check
