"""Whereto money is paid out: checked, sealed, shown by mask, opened for a reason (F3, rule 27)."""

import json

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.wallets.models import PayoutTo, Withdrawal
from kacang.wallets.withdrawals.types import (
    BadDestination,
    Destination,
    UnknownWithdrawal,
    WithdrawalReasonMissing,
)

PLACE = ("wallet_withdrawal", "to")
HOLDER_MAX, BANK_MAX, NUMBER_MAX, WORDS_MAX = 60, 80, 100, 300
BANK_NUMBER_MIN, SHOWN, REASON_MAX = 6, 4, 300


def checked(to: Destination) -> Destination:
    """Return a destination without space around its parts.

    Raises:
        BadDestination: A part is missing, too long, or no account number.
    """
    holder, bank, number = (" ".join(part.split()) for part in (to.holder, to.bank, to.number))
    if to.kind is PayoutTo.OTHER:
        _check("number", number, WORDS_MAX)
        return Destination(to.kind, number)
    _check("holder", holder, HOLDER_MAX)
    if to.kind is PayoutTo.BANK:
        _check("bank", bank, BANK_MAX)
        number = "".join(number.replace("-", "").split())
        if not (number.isascii() and number.isalnum() and len(number) >= BANK_NUMBER_MIN):
            raise BadDestination(field="number")
    _check("number", number, NUMBER_MAX)
    return Destination(to.kind, number, holder, bank if to.kind is PayoutTo.BANK else "")


def masked(to: Destination) -> str:
    """Return what may be shown of a checked destination: enough for its owner to know it."""
    if to.kind is PayoutTo.OTHER:
        return "••••"
    tail = to.number.partition("@")[0][-SHOWN:] if len(to.number) > 2 * SHOWN else ""
    return f"{to.holder[0]}** •••• {tail}".strip()


def sealed(merchant_id: int, uid: str, to: Destination) -> bytes:
    """Seal a destination for the withdrawal of this uid. In a transaction."""
    body = {"holder": to.holder, "bank": to.bank, "number": to.number}
    plain = json.dumps(body, ensure_ascii=False).encode()
    return sealing_cipher(merchant_id).seal(*PLACE, plain, uid.encode())


def reveal(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> Destination:
    """Return whereto a withdrawal is to be paid; who looked and why is in the audit log first.

    Must not be called inside a transaction.

    Raises:
        WithdrawalReasonMissing: Nobody says why.
        UnknownWithdrawal: There is none.
    """
    assert not connection.in_atomic_block, "the audit row must commit before anything is opened"
    reason = checked_reason(reason)
    with acting_as(merchant_id):
        row = Withdrawal.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
        if row is None:
            raise UnknownWithdrawal
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="wallets.reveal_destination",
            object_kind="withdrawal",
            object_uid=row.uid,
            reason=reason,
        )
    opened = cipher_for(merchant_id).open(*PLACE, bytes(row.to_sealed), row.uid.encode())
    return Destination(PayoutTo(row.to_kind), **json.loads(opened))


def checked_reason(reason: str) -> str:
    """Return a reason without space around it, or raise WithdrawalReasonMissing."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= REASON_MAX:
        raise WithdrawalReasonMissing
    return reason


def _check(field: str, text: str, most: int) -> None:
    if not 0 < len(text) <= most or not text.isprintable():
        raise BadDestination(field=field)
