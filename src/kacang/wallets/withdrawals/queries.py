"""What others may ask of withdrawals: one, a customer's, page by page (F3)."""

from dataclasses import dataclass

from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.shared.money import Money
from kacang.wallets.models import PayoutTo, Withdrawal, WithdrawalState
from kacang.wallets.withdrawals.types import UnknownWithdrawal, WithdrawalView

WAITING = (WithdrawalState.ASKED, WithdrawalState.APPROVED)


@dataclass(frozen=True, slots=True)
class WithdrawalPage:
    """A page of withdrawals, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[WithdrawalView, ...]
    next_cursor: str


def withdrawal(*, merchant_id: int, uid: str) -> WithdrawalView:
    """Return one withdrawal.

    Raises:
        UnknownWithdrawal: There is none.
    """
    with acting_as(merchant_id):
        row = _joined(merchant_id).filter(uid=uid[:32]).first()
    if row is None:
        raise UnknownWithdrawal
    return _view(row)


def withdrawals_page(
    *,
    merchant_id: int,
    state: WithdrawalState | None = None,
    wallet_uid: str = "",
    cursor: str = "",
    limit: int = 50,
) -> WithdrawalPage:
    """Return withdrawals, of one state or one wallet. A cursor that is none is the start."""
    with acting_as(merchant_id):
        rows = _joined(merchant_id)
        before = rows.filter(uid=cursor).values_list("id", flat=True).first() if cursor else None
        if state is not None:
            rows = rows.filter(state=state)
        if wallet_uid:
            rows = rows.filter(wallet__uid=wallet_uid)
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.order_by("-id")[: limit + 1])
    shown = tuple(_view(row) for row in found[:limit])
    return WithdrawalPage(shown, shown[-1].uid if len(found) > limit else "")


def waiting_counts(*, merchant_id: int) -> dict[WithdrawalState, int]:
    """Return how many withdrawals wait for a person, by state."""
    with acting_as(merchant_id):
        rows = Withdrawal.objects.filter(merchant_id=merchant_id)
        return {state: rows.filter(state=state).count() for state in WAITING}


def proof(*, merchant_id: int, uid: str) -> tuple[str, bytes]:
    """Return type and content of what was kept of a payout.

    Raises:
        UnknownWithdrawal: There is none, or nothing was kept of it.
    """
    with acting_as(merchant_id):
        row = _joined(merchant_id).filter(uid=uid[:32]).exclude(proof_uid="").first()
    if row is None:
        raise UnknownWithdrawal
    return row.proof_type, files.read(merchant_id=merchant_id, uid=row.proof_uid)


def _joined(merchant_id: int) -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(
        merchant_id=merchant_id, wallet__merchant_id=merchant_id
    ).select_related("wallet")


def _view(row: Withdrawal) -> WithdrawalView:
    currency = row.wallet.currency
    return WithdrawalView(
        uid=row.uid,
        wallet_uid=row.wallet.uid,
        owner_ref=row.wallet.owner_ref,
        state=WithdrawalState(row.state),
        amount=Money(row.amount_minor, currency),
        to_kind=PayoutTo(row.to_kind),
        to_mask=row.to_mask,
        language=row.language,
        asked_at=row.asked_at,
        first_by=row.first_by,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        payout_ref=row.payout_ref,
        paid_by=row.paid_by,
        paid_at=row.paid_at,
        fee=Money(row.fee_minor, currency),
        has_proof=bool(row.proof_uid),
        ended_at=row.ended_at,
    )
