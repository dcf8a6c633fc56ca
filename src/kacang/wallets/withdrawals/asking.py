"""A customer asks for money out of their wallet, and may think better of it (F3).

What is asked for is frozen in the same transaction: it can be spent, or asked for, once. In the
books nothing moves until it is paid: it is owed to the customer all the while.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Sum

from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from kacang.shared.money import EXPONENTS, Money
from kacang.wallets.models import FrozenState, Wallet, Withdrawal, WithdrawalState
from kacang.wallets.money import check_spendable, locked
from kacang.wallets.operations import BadWallet, end_hold, hold
from kacang.wallets.withdrawals import destinations
from kacang.wallets.withdrawals.steps import log, opened, step, tell
from kacang.wallets.withdrawals.types import (
    DayFull,
    NotWithdrawable,
    OutOfLimits,
    UnknownWithdrawal,
    WithdrawalWish,
)

# What was asked for on a day and is not in the wallet again.
_COUNTED = (WithdrawalState.ASKED, WithdrawalState.APPROVED, WithdrawalState.PAID)


@retry_conflicts
def ask(*, merchant_id: int, wallet_uid: str, wish: WithdrawalWish, actor: Actor) -> str:
    """Ask for money to be paid out of a wallet, freeze it, and return the withdrawal's uid.

    That the wallet is theirs who ask is the caller's to have proved. Sent again with the same
    `once`, nothing more is asked for.

    Raises:
        NotWithdrawable: The shop pays nothing out.
        UnknownWallet: There is none.
        BadWallet: No amount.
        BadDestination: Whereto is not said as it must be.
        OutOfLimits, DayFull: It is less or more than the merchant pays out, at once or on a day.
        NotEnough, WalletBlocked, OtherCurrency: As for paying.
    """
    if not merchants.setting(merchant_id=merchant_id, name="withdrawals"):
        raise NotWithdrawable
    if wish.amount.minor <= 0:
        raise BadWallet(field="amount")
    to = destinations.checked(wish.to)
    with acting_as(merchant_id):
        wallet = locked(merchant_id, wallet_uid)
        known = Withdrawal.objects.filter(merchant_id=merchant_id, once=wish.once[:64]).first()
        if known is not None:
            if known.wallet_id != wallet.pk:
                raise UnknownWithdrawal
            return known.uid
        check_spendable(wallet, wish.amount)
        now = utc_now()
        _check_limits(wallet, wish.amount, now)
        uid = new_uid("wdr")
        row = Withdrawal.objects.create(
            merchant_id=merchant_id,
            uid=uid,
            wallet=wallet,
            frozen=hold(wallet, wish.amount, "", actor),
            amount_minor=wish.amount.minor,
            to_kind=to.kind,
            to_sealed=destinations.sealed(merchant_id, uid, to),
            to_mask=destinations.masked(to),
            once=wish.once[:64],
            language=wish.language,
            asked_at=now,
        )
        log(row, actor, "wallets.ask_withdrawal")
        tell(row)
        enqueue("wallets.tell_withdrawal_asked", queue="mail", merchant_id=merchant_id, uid=uid)
    return uid


@retry_conflicts
def cancel(*, merchant_id: int, wallet_uid: str, uid: str, actor: Actor) -> None:
    """Take a withdrawal back that nobody has approved yet: its sum can be spent again.

    Raises:
        UnknownWithdrawal: This wallet has no such withdrawal.
        WrongState: It is decided.
    """
    with acting_as(merchant_id), opened(merchant_id, uid) as (wallet, row):
        if wallet.uid != wallet_uid:
            raise UnknownWithdrawal
        step(row, WithdrawalState.CANCELLED, ended_at=utc_now())
        end_hold(wallet, row.frozen.uid, FrozenState.RELEASED)
        log(row, actor, "wallets.cancel_withdrawal")


def limit(merchant_id: int, name: str, currency: str) -> Money | None:
    """Return one of the merchant's limits, which are in whole units; None when it has none."""
    whole = merchants.setting(merchant_id=merchant_id, name=name)
    assert isinstance(whole, int)
    return Money(whole * int(10 ** EXPONENTS[currency]), currency) if whole else None


def _check_limits(wallet: Wallet, amount: Money, now: datetime) -> None:
    merchant_id = wallet.merchant_id
    least, most, per_day = (
        limit(merchant_id, name, wallet.currency)
        for name in ("withdrawal_min", "withdrawal_max", "withdrawal_day_max")
    )
    if (least and amount < least) or (most and amount > most):
        raise OutOfLimits(least=str(least or "—"), most=str(most or "—"))
    if per_day is None:
        return
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Withdrawal.objects.filter(
        merchant_id=merchant_id, wallet_id=wallet.pk, state__in=_COUNTED, asked_at__gte=today
    ).aggregate(minor=Sum("amount_minor"))["minor"]
    if (asked or 0) + amount.minor > per_day.minor:
        left = Money(max(per_day.minor - (asked or 0), 0), wallet.currency)
        raise DayFull(left=str(left), most=str(per_day))
