"""Bank transfers that buyers prove, and that people confirm or reject (P1).

What a buyer hands in is a picture, written anew, or a PDF; it lies sealed under the merchant's
key. Confirming makes the same kind of message that any company sends: who settles it is `orders`.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.payments.accounts import account_secrets
from kacang.payments.adapters.bank_transfer import NAME, confirmation
from kacang.payments.bank_transfers.transfers import (
    PDF,
    PICTURE,
    ProofFile,
    UnknownTransfer,
    transfer_rows,
)
from kacang.payments.companies import registry
from kacang.payments.models import PROOF_STEPS, PaymentState, Proof, ProofState
from kacang.payments.ports import AccountInfo, VerifiedNotice
from kacang.payments.resolving import NOTE_MAX, NoteNeeded
from kacang.queue import enqueue
from kacang.shared import pictures
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid
from kacang.shared.ids import new_uid
from kacang.shared.money import Money

BYTES_MAX = 5 * 2**20
SIDE_MAX = 2400
PER_PAYMENT_MAX = 5
LIFETIME = timedelta(days=180)
# What a statement of a bank has no use for: programs, other files, other programs started.
PDF_ACTIVE = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia)\b")
BANK_NUMBER = re.compile(r"[!-~]{1,64}")


class BadProof(Invalid):
    """A proof is no picture and no plain PDF, or has more than 5 MB."""

    code = "payments.bad_proof"


class TooManyProofs(Conflict):
    """As many proofs were handed in for one payment as may be."""

    code = "payments.too_many_proofs"


class DecidedAlready(Conflict):
    """Somebody else has confirmed or rejected the proof meanwhile."""

    code = "payments.decided_already"


class BadBankNumber(Invalid):
    """The bank's number of a transfer has 1 to 64 letters, digits and signs, no spaces."""

    code = "payments.bad_bank_number"


class AmountDiffers(Conflict):
    """Another amount has come than was asked for: whoever confirms it must say so."""

    code = "payments.amount_differs"


class PaidAlready(Conflict):
    """The payment is paid; other money for it must be confirmed as such."""

    code = "payments.paid_already"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Money that somebody has seen on the bank statement, as a notice that is to be settled."""

    account: AccountInfo
    notice: VerifiedNotice


def picture_or_pdf(body: bytes) -> ProofFile:
    """Judge an upload by its content, whatever it calls itself; a picture is written anew.

    Raises:
        BadProof: It is neither, too large, or a PDF with programs in it.
    """
    if not 0 < len(body) <= BYTES_MAX:
        raise BadProof(limit_mb=BYTES_MAX // 2**20)
    if body.startswith(b"%PDF-"):
        if PDF_ACTIVE.search(body):
            raise BadProof(limit_mb=BYTES_MAX // 2**20)
        return ProofFile(PDF, body)
    try:
        return ProofFile(PICTURE, pictures.redraw(body, side_max=SIDE_MAX).body)
    except pictures.NotAPicture:
        raise BadProof(limit_mb=BYTES_MAX // 2**20) from None


def keep(*, merchant_id: int, order_id: int, file: ProofFile) -> str:
    """Keep a proof for an order's open bank transfer and return its uid.

    One that still waits is replaced by it. Runs inside the caller's transaction, which has
    locked the order.

    Raises:
        UnknownTransfer: The order has no open payment by bank transfer.
        TooManyProofs: Five were handed in.
    """
    payment = (
        transfer_rows(merchant_id)
        .filter(order_id=order_id, state=PaymentState.OPEN)
        .order_by("-id")
        .first()
    )
    if payment is None:
        raise UnknownTransfer
    mine = Proof.objects.filter(merchant_id=merchant_id, payment_id=payment.pk)
    if mine.count() >= PER_PAYMENT_MAX:
        raise TooManyProofs(limit=PER_PAYMENT_MAX)
    mine.filter(state=ProofState.WAITING).update(
        state=ProofState.REJECTED,
        decided_at=utc_now(),
    )
    row = Proof.objects.create(
        merchant_id=merchant_id,
        uid=new_uid("prf"),
        payment_id=payment.pk,
        file_uid=files.store(
            merchant_id=merchant_id,
            purpose="payment_proof",
            name="proof.webp" if file.content_type == PICTURE else "proof.pdf",
            content=file.body,
            lifetime=LIFETIME,
        ),
        content_type=file.content_type,
        created_at=utc_now(),
    )
    enqueue("payments.tell_proof", queue="mail", merchant_id=merchant_id, proof_uid=row.uid)
    return row.uid


def confirm(
    *,
    merchant_id: int,
    number: str,
    bank_number: str,
    amount: Money,
    is_sure: bool,
    actor: Actor,
) -> Confirmed:
    """Write down that a person has seen a transfer's money, and return the notice of it.

    The notice says nothing yet: it must be settled. Confirming the same money again gives the
    same notice.

    Args:
        merchant_id: Whose payment.
        number: The payment's.
        bank_number: The bank's own number of the transfer.
        amount: What has really come.
        is_sure: Whether the person knows that it is not what was asked for, or a second one.
        actor: Who has seen it.

    Raises:
        UnknownTransfer: The merchant has no such payment by bank transfer.
        BadBankNumber: The bank's number is not of the form that one has.
        AmountDiffers, PaidAlready: And `is_sure` is false.
    """
    bank_number = "".join(bank_number.split())
    if not BANK_NUMBER.fullmatch(bank_number):
        raise BadBankNumber
    with acting_as(merchant_id):
        payment = transfer_rows(merchant_id).filter(number=number).first()
        if payment is None:
            raise UnknownTransfer
        asked = Money(payment.amount_minor, payment.currency)
        if amount != asked and not is_sure:
            raise AmountDiffers(asked=str(asked), came=str(amount))
        if payment.state == PaymentState.PAID and not is_sure:
            raise PaidAlready
        account = account_secrets.info_of(payment.account)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="payments.confirm_transfer",
            object_kind="payment",
            object_uid=number,
            after={
                "bank_number": bank_number,
                "amount_minor": amount.minor,
                "currency": amount.currency,
            },
        )
    now = utc_now()
    message = confirmation(account, number=number, bank_number=bank_number, amount=amount, now=now)
    notice = registry.provider(NAME).read_notice(account, message, now)
    assert isinstance(notice, VerifiedNotice)
    return Confirmed(account, notice)


def accept(*, merchant_id: int, number: str, actor: Actor) -> None:
    """Take a payment's proof off the list, once its money is settled. May be repeated."""
    with acting_as(merchant_id):
        Proof.objects.filter(
            merchant_id=merchant_id,
            payment__merchant_id=merchant_id,
            payment__number=number,
            state=ProofState.WAITING,
        ).update(
            state=ProofState.CONFIRMED,
            decided_at=utc_now(),
            decided_by=actor.label[:120],
        )


def reject(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> None:
    """Refuse a proof, and have the buyer told why. The order goes on waiting for its money.

    Raises:
        NoteNeeded: `reason` is empty.
        UnknownTransfer: There is no such proof.
        DecidedAlready: It was confirmed or rejected before.
    """
    if not reason.strip():
        raise NoteNeeded
    with acting_as(merchant_id):
        row = (
            Proof.objects.select_for_update(no_key=True)
            .filter(merchant_id=merchant_id, uid=uid)
            .first()
        )
        if row is None:
            raise UnknownTransfer
        if ProofState.REJECTED not in PROOF_STEPS[ProofState(row.state)]:
            raise DecidedAlready
        row.state = ProofState.REJECTED
        row.reason = reason.strip()[:NOTE_MAX]
        row.decided_at = utc_now()
        row.decided_by = actor.label[:120]
        row.save(update_fields=["state", "reason", "decided_at", "decided_by"])
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="payments.reject_proof",
            object_kind="proof",
            object_uid=uid,
            reason=row.reason,
        )
        enqueue("payments.tell_rejected", queue="mail", merchant_id=merchant_id, proof_uid=uid)
