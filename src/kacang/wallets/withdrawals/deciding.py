"""What staff decide about withdrawals: approve, refuse, note as paid, give back (F3).

How much somebody in a role approves alone the merchant sets, as for refunds. What is more is
approved by two people, and by none who has put money into that wallet.
"""

from datetime import timedelta

from django.db.models import Sum

from kacang.ledger import operations as ledger
from kacang.ledger import queries as entries
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.ledger.queries import EntryFilter
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.shared.clock import utc_now
from kacang.shared.money import EXPONENTS, Money
from kacang.wallets.models import (
    Deed,
    DeedKind,
    FrozenState,
    Wallet,
    WalletState,
    Withdrawal,
    WithdrawalState,
)
from kacang.wallets.money import WalletBlocked
from kacang.wallets.operations import end_hold
from kacang.wallets.withdrawals.destinations import checked_reason
from kacang.wallets.withdrawals.steps import log, opened, step, tell
from kacang.wallets.withdrawals.types import BadPayout, OwnApproval, OwnDeposit, Payout

# Who may approve something alone: the merchant sets how much.
ALONE = frozenset({"owner", "finance"})
# Many small withdrawals within so long are one large one.
TOGETHER = timedelta(days=7)
REF_MAX, ENTRIES_MAX = 64, 10
LATER = timedelta(minutes=5)
PROOF_LIFETIME = timedelta(days=366 * 5)
_COUNTED = (WithdrawalState.ASKED, WithdrawalState.APPROVED, WithdrawalState.PAID)


@retry_conflicts
def approve(*, merchant_id: int, uid: str, actor: Actor, role: str) -> WithdrawalState:
    """Approve a withdrawal; return where it stands: still asked for, until a second person has.

    Raises:
        UnknownWithdrawal: There is none.
        WalletBlocked: Nothing is paid from the wallet at the moment.
        OwnDeposit: `actor` has deposited into the wallet, and it is more than they approve alone.
        OwnApproval: They are the first of two themselves.
        WrongState: It does not wait for that.
    """
    with acting_as(merchant_id), opened(merchant_id, uid) as (wallet, row):
        if wallet.state == WalletState.BLOCKED:
            raise WalletBlocked
        if _is_beyond(wallet, row, role):
            if _has_deposited(wallet, actor):
                raise OwnDeposit
            if row.first_id is None:
                return _approve_first(row, actor)
            if row.first_id == actor.id:
                raise OwnApproval
        step(
            row,
            WithdrawalState.APPROVED,
            decided_by=actor.label[:120],
            decided_at=utc_now(),
        )
        log(row, actor, "wallets.approve_withdrawal")
    return WithdrawalState.APPROVED


@retry_conflicts
def refuse(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> None:
    """Refuse a withdrawal: its sum can be spent again, and the customer reads why.

    Raises:
        UnknownWithdrawal: There is none.
        WithdrawalReasonMissing: Nobody says why.
        WrongState: It does not wait for that.
    """
    reason = checked_reason(reason)
    with acting_as(merchant_id), opened(merchant_id, uid) as (wallet, row):
        now = utc_now()
        step(
            row,
            WithdrawalState.REFUSED,
            decided_by=actor.label[:120],
            decided_at=now,
            ended_at=now,
            reason=reason,
        )
        end_hold(wallet, row.frozen.uid, FrozenState.RELEASED)
        log(row, actor, "wallets.refuse_withdrawal", reason)
        tell(row)


@retry_conflicts
def note_paid(*, merchant_id: int, uid: str, payout: Payout, actor: Actor) -> None:
    """Note that an approved withdrawal was paid, and how it is found at the bank.

    The money leaves the wallet in the books now, whatever has become of the wallet meanwhile: it
    is gone.

    Raises:
        UnknownWithdrawal: There is none.
        BadPayout: It has no number, a time to come, or a fee in another currency.
        WrongState: It is not approved, or was paid.
    """
    ref = " ".join(payout.ref.split())
    now = utc_now()
    if not 0 < len(ref) <= REF_MAX or not ref.isprintable():
        raise BadPayout(field="ref")
    with acting_as(merchant_id), opened(merchant_id, uid) as (wallet, row):
        # Forms know minutes, and the clocks of people and banks differ a little.
        asked = row.asked_at.replace(second=0, microsecond=0)
        if not asked <= payout.at <= now + LATER:
            raise BadPayout(field="at")
        if payout.fee.minor < 0 or payout.fee.currency != wallet.currency:
            raise BadPayout(field="fee")
        kind, body = payout.proof or ("", b"")
        step(
            row,
            WithdrawalState.PAID,
            payout_ref=ref,
            paid_by=actor.label[:120],
            paid_at=payout.at,
            fee_minor=payout.fee.minor,
            proof_uid=_keep(merchant_id, body) if body else "",
            proof_type=kind[:40],
            ended_at=now,
        )
        end_hold(wallet, row.frozen.uid, FrozenState.TAKEN)
        _book(wallet, row)
        log(row, actor, "wallets.pay_withdrawal", ref=ref, fee_minor=payout.fee.minor)
        tell(row)


@retry_conflicts
def give_back(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> None:
    """Put a withdrawal back that could not be paid, or that the bank has sent back afterwards.

    What the payout cost stays a cost.

    Raises:
        UnknownWithdrawal: There is none.
        WithdrawalReasonMissing: Nobody says why.
        WrongState: It is neither approved nor paid.
    """
    reason = checked_reason(reason)
    with acting_as(merchant_id), opened(merchant_id, uid) as (wallet, row):
        was_paid = row.state == WithdrawalState.PAID
        step(row, WithdrawalState.RETURNED, ended_at=utc_now(), reason=reason)
        if was_paid:
            _unbook(row)
        else:
            end_hold(wallet, row.frozen.uid, FrozenState.RELEASED)
        log(row, actor, "wallets.return_withdrawal", reason)
        tell(row)


def _approve_first(row: Withdrawal, actor: Actor) -> WithdrawalState:
    Withdrawal.objects.filter(merchant_id=row.merchant_id, id=row.pk).update(
        first_id=actor.id, first_by=actor.label[:120]
    )
    log(row, actor, "wallets.approve_withdrawal", of_two=1)
    return WithdrawalState.ASKED


def _is_beyond(wallet: Wallet, row: Withdrawal, role: str) -> bool:
    """Whether it is more, with what went out lately, than somebody in this role approves alone."""
    if role not in ALONE:
        return True
    asked = Withdrawal.objects.filter(
        merchant_id=wallet.merchant_id,
        wallet_id=wallet.pk,
        state__in=_COUNTED,
        asked_at__gte=row.asked_at - TOGETHER,
        asked_at__lte=row.asked_at,
    ).aggregate(minor=Sum("amount_minor"))["minor"]
    whole = merchants.setting(merchant_id=wallet.merchant_id, name=f"withdrawal_alone_{role}")
    assert isinstance(whole, int)
    return int(asked) > whole * int(10 ** EXPONENTS[wallet.currency])


def _has_deposited(wallet: Wallet, actor: Actor) -> bool:
    return Deed.objects.filter(
        merchant_id=wallet.merchant_id,
        wallet_id=wallet.pk,
        kind=DeedKind.DEPOSITED,
        actor_kind=actor.kind,
        actor_id=actor.id,
    ).exists()


def _book(wallet: Wallet, row: Withdrawal) -> None:
    document = Document(DocumentKind.WITHDRAWAL, row.pk)
    bank = Side(Account.CASH_AT_BANK)
    moves = [
        (Side(Account.WALLET, wallet.pk), row.amount_minor, TransferKind.WITHDRAWN),
        (Side(Account.PROVIDER_FEE), row.fee_minor, TransferKind.FEE),
    ]
    for debit, minor, kind in moves:
        if minor:
            move = Move(debit, bank, Money(minor, wallet.currency), kind, document)
            ledger.transfer(merchant_id=row.merchant_id, move=move, at=row.paid_at)


def _unbook(row: Withdrawal) -> None:
    wanted = EntryFilter(document=(DocumentKind.WITHDRAWAL, [row.pk]))
    found = entries.entries(merchant_id=row.merchant_id, wanted=wanted, limit=ENTRIES_MAX).entries
    (paid,) = [entry for entry in found if entry.kind is TransferKind.WITHDRAWN]
    ledger.reverse(merchant_id=row.merchant_id, transfer_id=paid.id)


def _keep(merchant_id: int, body: bytes) -> str:
    return files.store(
        merchant_id=merchant_id,
        purpose="payout_proof",
        name="payout",
        content=body,
        lifetime=PROOF_LIFETIME,
    )
