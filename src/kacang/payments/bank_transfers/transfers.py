"""Bank transfers and what buyers handed in for them, as people look at them (P1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.payments.adapters.bank_transfer import NAME
from kacang.payments.models import Payment, PaymentState, Proof, ProofState
from kacang.shared.errors import NotFound
from kacang.shared.money import Money

__all__ = [
    "NAME", "PICTURE", "PaymentState", "ProofFile", "ProofInfo", "ProofPage", "ProofState",
    "TransferInfo", "UnknownTransfer", "latest_of_order", "proof", "proof_file", "transfers_of",
    "waiting_count", "waiting_page",
]  # fmt: skip
PICTURE, PDF = "image/webp", "application/pdf"


class UnknownTransfer(NotFound):
    """There is no such bank transfer, or no such proof of one."""

    code = "payments.unknown_transfer"


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof's content, fit to be kept or shown."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TransferInfo:
    """A payment by bank transfer, as who confirms it knows it."""

    number: str
    order_id: int
    reference: str
    account_name: str
    amount: Money
    state: PaymentState
    facts: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ProofInfo:
    """What was handed in for a transfer, and what became of it."""

    uid: str
    transfer: TransferInfo
    state: ProofState
    is_picture: bool
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ProofPage:
    """A page of proofs that wait, the oldest first. `next_cursor` is empty on the last one."""

    rows: tuple[ProofInfo, ...]
    next_cursor: str


def waiting_page(*, merchant_id: int, cursor: str = "", limit: int = 50) -> ProofPage:
    """Return proofs that wait for somebody. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = _waiting(merchant_id)
        after = (
            Proof.objects.filter(merchant_id=merchant_id, uid=cursor)
            .values_list("id", flat=True)
            .first()
            if cursor
            else None
        )
        if after is not None:
            rows = rows.filter(id__gt=after)
        found = list(rows.select_related("payment__account").order_by("id")[: limit + 1])
    shown = tuple(_proof(row) for row in found[:limit])
    return ProofPage(shown, shown[-1].uid if len(found) > limit else "")


def waiting_count(*, merchant_id: int) -> int:
    """Return how many proofs wait for somebody."""
    with acting_as(merchant_id):
        return _waiting(merchant_id).count()


def proof(*, merchant_id: int, uid: str) -> ProofInfo:
    """Return one proof, or raise UnknownTransfer."""
    return _proof(_row(merchant_id, uid))


def proof_file(*, merchant_id: int, uid: str) -> ProofFile:
    """Return what was handed in, opened.

    Raises:
        UnknownTransfer: There is no such proof.
        UnknownFile: It is older than half a year, and was removed.
    """
    row = _row(merchant_id, uid)
    return ProofFile(row.content_type, files.read(merchant_id=merchant_id, uid=row.file_uid))


def latest_of_order(*, merchant_id: int, order_id: int) -> ProofInfo | None:
    """Return the newest proof that was handed in for an order, or None."""
    with acting_as(merchant_id):
        row = (
            Proof.objects.filter(
                merchant_id=merchant_id,
                payment__merchant_id=merchant_id,
                payment__order_id=order_id,
            )
            .select_related("payment__account")
            .order_by("-id")
            .first()
        )
    return None if row is None else _proof(row)


def transfers_of(*, merchant_id: int, reference: str) -> list[TransferInfo]:
    """Return payments by bank transfer of a reference or a payment number, the newest first."""
    wanted = reference.strip()
    with acting_as(merchant_id):
        rows = transfer_rows(merchant_id)
        found = rows.filter(number=wanted) or rows.filter(provider_ref=wanted.upper())
        return [_transfer(row) for row in sorted(found, key=lambda row: -row.pk)[:20]]


def transfer_rows(merchant_id: int) -> QuerySet[Payment]:
    """Return the rows of a merchant's payments by bank transfer, for this room."""
    return Payment.objects.filter(
        merchant_id=merchant_id, account__merchant_id=merchant_id, account__provider=NAME
    ).select_related("account")


def _waiting(merchant_id: int) -> QuerySet[Proof]:
    # In the words of the partial index.
    return Proof.objects.filter(merchant_id=merchant_id, state=ProofState.WAITING)


def _row(merchant_id: int, uid: str) -> Proof:
    with acting_as(merchant_id):
        row = (
            Proof.objects.filter(merchant_id=merchant_id, uid=uid)
            .select_related("payment__account")
            .first()
        )
    if row is None:
        raise UnknownTransfer
    return row


def _transfer(row: Payment) -> TransferInfo:
    return TransferInfo(
        number=row.number,
        order_id=row.order_id,
        reference=row.provider_ref,
        account_name=row.account.name,
        amount=Money(row.amount_minor, row.currency),
        state=PaymentState(row.state),
        facts=row.shown.get("facts", {}),
        created_at=row.created_at,
    )


def _proof(row: Proof) -> ProofInfo:
    return ProofInfo(
        uid=row.uid,
        transfer=_transfer(row.payment),
        state=ProofState(row.state),
        is_picture=row.content_type == PICTURE,
        reason=row.reason,
        created_at=row.created_at,
    )
