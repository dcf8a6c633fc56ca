"""From one state of a withdrawal to the next: under lock, by the table, in the audit log (I3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.queue import enqueue
from kacang.shared import states
from kacang.wallets.models import WITHDRAWAL_STEPS, Wallet, Withdrawal, WithdrawalState
from kacang.wallets.money import locked
from kacang.wallets.withdrawals.types import UnknownWithdrawal


@contextmanager
def opened(merchant_id: int, uid: str) -> Iterator[tuple[Wallet, Withdrawal]]:
    """Lock the wallet of a withdrawal, then give it: everybody in this order. In a transaction."""
    found = Withdrawal.objects.filter(
        merchant_id=merchant_id, uid=uid[:32], wallet__merchant_id=merchant_id
    )
    wallet_uid = found.values_list("wallet__uid", flat=True).first()
    if wallet_uid is None:
        raise UnknownWithdrawal
    wallet = locked(merchant_id, wallet_uid)
    # Read after the lock: nobody changes it now.
    yield wallet, found.select_related("frozen").get()


def step(row: Withdrawal, to: WithdrawalState, **fields: Any) -> None:
    """Bring a withdrawal of a locked wallet into its next state.

    Raises:
        WrongState: It does not follow from the present one.
    """
    states.check(WITHDRAWAL_STEPS, now=WithdrawalState(row.state), to=to)
    for name, value in {"state": to, **fields}.items():
        setattr(row, name, value)
    Withdrawal.objects.filter(merchant_id=row.merchant_id, id=row.pk).update(state=to, **fields)


def log(
    row: Withdrawal, actor: Actor, action: str, reason: str = "", **after: str | int | None
) -> None:
    """Write into the audit log what was done with a withdrawal, and by whom."""
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="withdrawal",
        object_uid=row.uid,
        after={
            "amount_minor": row.amount_minor,
            "state": WithdrawalState(row.state).name.lower(),
            **after,
        },
        reason=reason,
    )


def tell(row: Withdrawal) -> None:
    """Have the customer told where a withdrawal has come to."""
    enqueue(
        "wallets.tell_withdrawal",
        queue="mail",
        merchant_id=row.merchant_id,
        uid=row.uid,
        state=WithdrawalState(row.state).name.lower(),
    )
