"""Asking for withdrawals, deciding them, and looking at what came of it."""

from datetime import UTC, datetime

from django.db import connection

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import queries
from kacang.wallets.models import WithdrawalState
from kacang.wallets.withdrawals import asking, deciding
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.wallets.withdrawals.types import (
    Destination,
    Payout,
    PayoutTo,
    WithdrawalWish,
)

BUYER = Actor(kind="buyer")
QIAN = Actor(kind="user", id=101, label="qian@example.com")
SUN = Actor(kind="user", id=102, label="sun@example.com")
BANK = Destination(PayoutTo.BANK, "6214 8300 1234 0458", "林小满", "招商银行深圳分行")


def choose(merchant: int, **values: object) -> None:
    merchants.change_settings(merchant_id=merchant, values=values, actor=Actor())


def ask(merchant: int, uid: str, minor: int, once: str = "", to: Destination = BANK) -> str:
    wish = WithdrawalWish(Money(minor), to, once or new_uid("frm"), "zh-Hans")
    return asking.ask(merchant_id=merchant, wallet_uid=uid, wish=wish, actor=BUYER)


def approve(merchant: int, uid: str, who: Actor = QIAN, role: str = "owner") -> WithdrawalState:
    return deciding.approve(merchant_id=merchant, uid=uid, actor=who, role=role)


def pay(merchant: int, uid: str, fee: int = 0) -> None:
    payout = Payout("CMB-0917", datetime.now(UTC), Money(fee))
    deciding.note_paid(merchant_id=merchant, uid=uid, payout=payout, actor=QIAN)


def back(merchant: int, uid: str) -> None:
    deciding.give_back(merchant_id=merchant, uid=uid, reason="户名不符", actor=QIAN)


def refuse(merchant: int, uid: str) -> None:
    deciding.refuse(merchant_id=merchant, uid=uid, reason="信息不全", actor=QIAN)


def cancel(merchant: int, uid: str, wallet: str) -> None:
    asking.cancel(merchant_id=merchant, wallet_uid=wallet, uid=uid, actor=BUYER)


def has(merchant: int, uid: str) -> tuple[int, int]:
    """Balance, frozen."""
    view = queries.wallet(merchant_id=merchant, uid=uid)
    return view.balance.minor, view.frozen.minor


def state_of(merchant: int, uid: str) -> WithdrawalState:
    return withdrawals.withdrawal(merchant_id=merchant, uid=uid).state


def stands(merchant: int) -> dict[Account, int]:
    return {line.account: line.amount.minor for line in balances(merchant_id=merchant)}


def audited(merchant: int, uid: str) -> list[str]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select action from audit_entry where object_uid = %s order by id", [uid])
        return [row[0] for row in cursor.fetchall()]
