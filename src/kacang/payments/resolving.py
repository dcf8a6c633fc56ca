"""A person's decision about money that fits no payment (rule 11)."""

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.payments.models import Receipt, ReceiptFit
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid, NotFound

NOTE_MAX = 300


class UnknownReceipt(NotFound):
    """No such money waits for a decision."""

    code = "payments.unknown_receipt"


class NoteNeeded(Invalid):
    """A decision about money must be explained."""

    code = "payments.note_needed"


def resolve_receipt(
    *, merchant_id: int, account_uid: str, provider_number: str, note: str, actor: Actor
) -> None:
    """Note that a person has dealt with money that fits no payment.

    It leaves the list; the ledger keeps it on the suspense account until it is paid back.

    Raises:
        NoteNeeded: `note` is empty.
        UnknownReceipt: No such money waits.
    """
    if not note.strip():
        raise NoteNeeded
    with acting_as(merchant_id):
        row = (
            Receipt.objects.select_for_update(no_key=True, of=("self",))
            .filter(
                merchant_id=merchant_id,
                account__uid=account_uid,
                account__merchant_id=merchant_id,
                provider_number=provider_number,
                resolved_at__isnull=True,
                fit__gt=ReceiptFit.FITS,
            )
            .first()
        )
        if row is None:
            raise UnknownReceipt
        Receipt.objects.filter(merchant_id=merchant_id, id=row.pk).update(resolved_at=utc_now())
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="payments.resolve_receipt",
            object_kind="receipt",
            object_uid=provider_number[:60],
            after={"amount_minor": row.amount_minor, "currency": row.currency},
            reason=note.strip()[:NOTE_MAX],
        )
