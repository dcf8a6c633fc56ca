"""What others may do with wallets (F3). Each is one use case and one transaction."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Side
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid
from kacang.shared.ids import new_uid
from kacang.shared.money import Money, exponent
from kacang.wallets.models import (
    FROZEN_STEPS,
    DeedKind,
    Frozen,
    FrozenState,
    OwnerKind,
    Wallet,
    WalletState,
    Withdrawal,
)
from kacang.wallets.money import (
    NotEnough,
    OtherCurrency,
    UnknownWallet,
    WalletBlocked,
    balance_of,
    check_spendable,
    credit,
    frozen_in,
    locked,
    take,
)

__all__ = [
    "BadWallet", "DeedKind", "HeldForWithdrawal", "NotEnough", "OtherCurrency", "Owner",
    "OwnerKind", "UnknownWallet", "WalletBlocked", "balance_of", "block", "check_spendable",
    "credit", "deposit", "do_once", "end_hold", "freeze", "frozen_in", "hold", "locked",
    "open_wallet", "take", "unblock", "unfreeze",
]  # fmt: skip
NOTE_MAX = 300
OWNER_MAX = 254


class BadWallet(Invalid):
    """A wallet has an owner, money has an amount above nothing, and a deed its reason."""

    code = "wallets.bad_value"


class HeldForWithdrawal(Conflict):
    """The sum is held for a withdrawal, which decides what becomes of it."""

    code = "wallets.held_for_withdrawal"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose wallet it is: a verified contact in its normal form, or a reseller's uid."""

    kind: OwnerKind
    ref: str


def open_wallet(*, merchant_id: int, owner: Owner, currency: str) -> str:
    """Return the uid of the owner's wallet in this currency; the first time it is made.

    That the owner is who they say is the caller's to have proved.

    Raises:
        BadWallet: The owner is nobody.
        UnknownCurrency: Nobody knows how many digits the currency has.
    """
    if not 0 < len(owner.ref) <= OWNER_MAX:
        raise BadWallet(field="owner")
    exponent(currency)
    with acting_as(merchant_id):
        place = {
            "merchant_id": merchant_id,
            "owner_kind": owner.kind,
            "owner_ref": owner.ref,
            "currency": currency,
        }
        row = Wallet.objects.filter(**place).first()
        if row is None:
            Wallet.objects.bulk_create(
                [Wallet(**place, uid=new_uid("wal"), created_at=utc_now())], ignore_conflicts=True
            )
            # Somebody else may have been first: theirs is the wallet then.
            row = Wallet.objects.get(**place)
        return row.uid


@retry_conflicts
def deposit(
    *, merchant_id: int, uid: str, amount: Money, note: str, once: str, actor: Actor
) -> None:
    """Put money into a wallet that a person has seen at the bank or in cash. Done once.

    Args:
        merchant_id: Whose wallet.
        uid: Which.
        amount: Above nothing, in the wallet's currency.
        note: Where it came from: the bank's number, a receipt.
        once: What makes it this deed, such as a form's token; brought again, nothing happens.
        actor: Who has seen it.

    Raises:
        UnknownWallet: There is none.
        BadWallet: No amount, or no note.
        OtherCurrency: The wallet holds another currency.
    """
    if amount.minor <= 0:
        raise BadWallet(field="amount")
    note = _reason(note)
    with acting_as(merchant_id):
        wallet = locked(merchant_id, uid)
        deed = do_once(wallet, DeedKind.DEPOSITED, once, note, actor)
        if deed is None:
            return
        credit(
            merchant_id=merchant_id,
            uid=uid,
            amount=amount,
            source=Side(Account.CASH_AT_BANK),
            kind=TransferKind.DEPOSITED,
            document=Document(DocumentKind.WALLET_DEED, deed),
        )
        _log(merchant_id, actor, "wallets.deposit", uid, reason=note, after=_amount(amount))


def freeze(
    *, merchant_id: int, uid: str, amount: Money, reason: str, actor: Actor, once: str = ""
) -> str:
    """Keep a sum of a wallet from being spent, and return the uid by which it is let go.

    With `once`, a form's token for instance, it is done once however often it is sent.

    Raises:
        UnknownWallet: There is none.
        BadWallet: No amount, or no reason.
        NotEnough: Less than that is free.
        WalletBlocked, OtherCurrency: As for paying.
    """
    if amount.minor <= 0:
        raise BadWallet(field="amount")
    reason = _reason(reason)
    with acting_as(merchant_id):
        wallet = locked(merchant_id, uid)
        if once and (known := _frozen_before(wallet, once)):
            return known
        check_spendable(wallet, amount)
        row = hold(wallet, amount, reason, actor, once=once)
        after = {**_amount(amount), "frozen": row.uid}
        _log(merchant_id, actor, "wallets.freeze", uid, reason=reason, after=after)
    return row.uid


def unfreeze(*, merchant_id: int, frozen_uid: str, actor: Actor, wallet_uid: str = "") -> None:
    """Let a frozen sum be spent again, of this wallet if one is named. May be repeated.

    Raises:
        UnknownWallet: There is no such frozen sum.
        HeldForWithdrawal: It waits to be paid out: that is refused or given back instead.
    """
    with acting_as(merchant_id):
        found = Frozen.objects.filter(merchant_id=merchant_id, uid=frozen_uid)
        row = found.select_related("wallet").first()
        if row is None or wallet_uid not in ("", row.wallet.uid):
            raise UnknownWallet
        wallet = locked(merchant_id, row.wallet.uid)
        if Withdrawal.objects.filter(merchant_id=merchant_id, frozen_id=row.pk).exists():
            raise HeldForWithdrawal
        if end_hold(wallet, frozen_uid, FrozenState.RELEASED):
            _log(merchant_id, actor, "wallets.unfreeze", wallet.uid, after={"frozen": frozen_uid})


def block(*, merchant_id: int, uid: str, reason: str, actor: Actor) -> None:
    """Let nothing be paid from a wallet any more. May be repeated.

    Raises:
        UnknownWallet: There is none.
        BadWallet: No reason.
    """
    _switch(merchant_id, uid, WalletState.BLOCKED, _reason(reason), actor)


def unblock(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Let a blocked wallet pay again. May be repeated.

    Raises:
        UnknownWallet: There is none.
    """
    _switch(merchant_id, uid, WalletState.OPEN, "", actor)


def do_once(wallet: Wallet, kind: DeedKind, once: str, note: str, actor: Actor) -> int | None:
    """Write a deed down and return its id; None when it was done before. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into wallet_deed (merchant_id, wallet_id, kind, once, note, actor_kind,"
            " actor_id, actor_label, at)"
            " values (%s::bigint, %s::bigint, %s::smallint, %s::text, %s::text, %s::text,"
            " %s::bigint, %s::text, %s::timestamptz)"
            " on conflict (merchant_id, kind, once) do nothing returning id",
            [
                wallet.merchant_id, wallet.pk, int(kind), once[:64], note, actor.kind[:10],
                actor.id, actor.label[:120], utc_now(),
            ],
        )  # fmt: skip
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def hold(wallet: Wallet, amount: Money, reason: str, actor: Actor, *, once: str = "") -> Frozen:
    """Freeze a sum of a locked wallet that was found to be free."""
    return Frozen.objects.create(
        merchant_id=wallet.merchant_id,
        uid=new_uid("frz"),
        wallet=wallet,
        amount_minor=amount.minor,
        reason=reason,
        once=once[:64] or None,
        actor_label=actor.label[:120],
        created_at=utc_now(),
    )


def end_hold(wallet: Wallet, frozen_uid: str, to: FrozenState) -> bool:
    """End a frozen sum of a locked wallet; say whether it was frozen still."""
    held = [state for state, following in FROZEN_STEPS.items() if to in following]
    return (
        Frozen.objects.filter(
            merchant_id=wallet.merchant_id, wallet_id=wallet.pk, uid=frozen_uid, state__in=held
        ).update(state=to, ended_at=utc_now())
        > 0
    )


def _frozen_before(wallet: Wallet, once: str) -> str:
    known = Frozen.objects.filter(
        merchant_id=wallet.merchant_id, wallet_id=wallet.pk, once=once[:64]
    )
    return known.values_list("uid", flat=True).first() or ""


def _switch(merchant_id: int, uid: str, to: WalletState, reason: str, actor: Actor) -> None:
    with acting_as(merchant_id):
        wallet = locked(merchant_id, uid)
        if wallet.state == to:
            return
        Wallet.objects.filter(merchant_id=merchant_id, id=wallet.pk).update(state=to)
        action = "wallets.block" if to is WalletState.BLOCKED else "wallets.unblock"
        _log(merchant_id, actor, action, uid, reason=reason)


def _reason(text: str) -> str:
    text = text.strip()[:NOTE_MAX]
    if not text:
        raise BadWallet(field="reason")
    return text


def _amount(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.minor, "currency": amount.currency}


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: Any) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="wallet",
        object_uid=uid,
        **details,
    )
