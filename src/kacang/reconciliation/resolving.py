"""What becomes of a difference: asked about, taken in, or explained (F2).

What the company has and we have not is a lost callback, mostly: the company is asked, and what
it says goes the one way of all money (L5). A bill that the company gave us by itself is as good
as a notice, so that its row may be taken in where there is nobody to ask.
"""

from collections.abc import Sequence

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.payments import operations as payment_operations
from kacang.payments.accounts import finding
from kacang.payments.ports import VerifiedNotice
from kacang.queue import enqueue
from kacang.reconciliation.bills import locked_bill
from kacang.reconciliation.loading import compare
from kacang.reconciliation.models import Bill, Difference, DifferenceKind, Movement, Resolution
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.money import Money

NOTE_MAX = 300
# Questions take their turn; then the bill is set beside our books once more.
LOOK_AGAIN_SECONDS = 90
HEAL_AT_ONCE = 500


class UnknownDifference(NotFound):
    """There is no such difference, or it is resolved already."""

    code = "reconciliation.unknown_difference"


class NoteNeeded(Invalid):
    """Why a difference is right must be said."""

    code = "reconciliation.note_needed"


class NotProven(Conflict):
    """Only what the company has told us by itself is taken in as money."""

    code = "reconciliation.not_proven"


def heal(*, merchant_id: int, bill_uid: str) -> int:
    """Have the company asked about each payment that only its bill has; return how many.

    May be repeated. The bill is compared again afterwards, by a job.
    """
    with acting_as(merchant_id):
        found = list(
            Difference.objects.filter(
                merchant_id=merchant_id,
                bill__uid=bill_uid,
                bill__merchant_id=merchant_id,
                kind=DifferenceKind.THEIRS_ONLY,
                what=Movement.PAYMENT,
                resolution=None,
            )
            .exclude(payment_number="")
            .order_by("id")
            .values_list("payment_number", flat=True)[:HEAL_AT_ONCE]
        )
        asked = payment_operations.ask_again(merchant_id=merchant_id, numbers=found)
        if asked:
            enqueue(
                "reconciliation.compare",
                queue="bulk",
                once=f"compare/{bill_uid}",
                after_seconds=LOOK_AGAIN_SECONDS,
                merchant_id=merchant_id,
                bill_uid=bill_uid,
            )
    return asked


def compare_again(*, merchant_id: int, bill_uid: str) -> int:
    """Set a bill that was read beside our books once more; return how much is not resolved.

    Raises:
        UnknownBill, DayClosed: Nothing is compared.
    """
    with acting_as(merchant_id):
        bill = locked_bill(merchant_id, bill_uid)
        if bill.reading:
            compare(bill)
        return Difference.objects.filter(
            merchant_id=merchant_id, bill=bill, resolution=None
        ).count()


def explain(*, merchant_id: int, ids: Sequence[int], note: str, actor: Actor) -> int:
    """Note why differences are right; return how many were open. Repeating it changes nothing.

    Raises:
        NoteNeeded: `note` is empty.
        DayClosed: One is of a day that is locked.
    """
    said = note.strip()[:NOTE_MAX]
    if not said:
        raise NoteNeeded
    done = 0
    with acting_as(merchant_id):
        for bill, differences in _by_bill(merchant_id, ids):
            for difference in differences:
                _resolve(difference, Resolution.EXPLAINED, actor, said)
                _log(bill, difference, actor, "reconciliation.explain", said)
                done += 1
    return done


def reopen(*, merchant_id: int, difference_id: int, actor: Actor) -> None:
    """Take an explanation back.

    Raises:
        UnknownDifference: There is no explained one.
        DayClosed: Its day is locked.
    """
    with acting_as(merchant_id):
        row = _find(merchant_id, difference_id)
        bill = locked_bill(merchant_id, row.bill.uid)
        changed = Difference.objects.filter(
            merchant_id=merchant_id, id=row.pk, resolution=Resolution.EXPLAINED
        ).update(resolution=None, resolved_at=None, resolved_by="", note="")
        if not changed:
            raise UnknownDifference
        _log(bill, row, actor, "reconciliation.reopen", row.note)


def take_in(*, merchant_id: int, difference_id: int, actor: Actor) -> None:
    """Settle a payment that only the company's bill has, as if its notice had come (L5).

    Money that fits no order goes to suspense. May be repeated: money is taken in once.

    Raises:
        UnknownDifference: It is resolved, or not one of a payment that we have not seen.
        NotProven: A person sent the bill; have the company asked instead.
        DayClosed: Its day is locked.
    """
    with acting_as(merchant_id):
        row = _find(merchant_id, difference_id)
        bill = locked_bill(merchant_id, row.bill.uid)
        if not bill.is_fetched:
            raise NotProven
        if row.kind != DifferenceKind.THEIRS_ONLY or row.what != Movement.PAYMENT or row.copy > 1:
            raise UnknownDifference
        account = finding.account_of_id(merchant_id=merchant_id, account_id=row.account_id)
        _log(bill, row, actor, "reconciliation.take_in", "")
    notice = VerifiedNotice(
        notice_id=f"bill/{row.provider_number}"[:128],
        payment_number=row.payment_number or row.provider_number[:64],
        provider_number=row.provider_number,
        amount=Money(row.theirs_minor or 0, row.currency),
        is_final=True,
        raw=f"{bill.uid} {row.line}",
    )
    orders.settle_notices(account=account, notices=[notice])
    with acting_as(merchant_id):
        locked_bill(merchant_id, row.bill.uid)
        open_row = Difference.objects.filter(
            merchant_id=merchant_id, id=row.pk, resolution=None
        ).first()
        if open_row is not None:
            _resolve(open_row, Resolution.TAKEN_IN, actor, "")


def _by_bill(merchant_id: int, ids: Sequence[int]) -> list[tuple[Bill, list[Difference]]]:
    """Return open differences by bill, each bill locked, in the order of their numbers."""
    rows = list(
        Difference.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        .select_related("bill")
        .order_by("bill_id", "id")
    )
    locked = {uid: locked_bill(merchant_id, uid) for uid in {row.bill.uid: 0 for row in rows}}
    still = Difference.objects.filter(
        merchant_id=merchant_id, id__in=[row.pk for row in rows], resolution=None
    ).order_by("id")
    by_id = {bill.pk: (bill, list[Difference]()) for bill in locked.values()}
    for row in still:
        by_id[row.bill_id][1].append(row)
    return list(by_id.values())


def _find(merchant_id: int, difference_id: int) -> Difference:
    row = (
        Difference.objects.filter(merchant_id=merchant_id, id=difference_id)
        .select_related("bill")
        .first()
    )
    if row is None:
        raise UnknownDifference
    return row


def _resolve(row: Difference, how: Resolution, actor: Actor, note: str) -> None:
    Difference.objects.filter(merchant_id=row.merchant_id, id=row.pk).update(
        resolution=how, resolved_at=utc_now(), resolved_by=actor.label[:120], note=note
    )


def _log(bill: Bill, row: Difference, actor: Actor, action: str, reason: str) -> None:
    audit.record(
        merchant_id=bill.merchant_id,
        actor=actor,
        action=action,
        object_kind="bill",
        object_uid=bill.uid,
        after={
            "number": row.provider_number[:60],
            "theirs_minor": row.theirs_minor,
            "ours_minor": row.ours_minor,
            "currency": row.currency,
        },
        reason=reason,
    )
