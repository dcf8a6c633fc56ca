"""The sandbox as a company of its own: its books, its pay page's deeds, its messages.

The shop never asks here. It hears of a payment by the signed messages that `send` makes over
real HTTP, or by asking over HTTP what `answer` answers; `docs/how-it-works/sandbox.md` is the
protocol between the two.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.conf import settings

from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.adapters.sandbox import SECRET, Sandbox, seal_of
from kacang.payments.companies import outside, webhooks
from kacang.payments.ports import AccountInfo, BadNotice
from kacang.payments.sandbox.books import CHARGE_STEPS, ChargeState, RefundMode, SandboxCharge
from kacang.queue import enqueue
from kacang.shared import states
from kacang.shared.errors import NotFound, Unavailable
from kacang.shared.ids import new_uid
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

__all__ = [
    "BadPage", "ChargeState", "ChargeView", "Deed", "NoticeNotTaken", "PageAddress", "RefundMode",
    "act", "answer", "checked", "find_charge", "look", "read_question", "sandbox_account", "send",
]  # fmt: skip
LATE_SECONDS_MAX = 7200
TIMES_MAX = 20
DIGITS_MAX = 16
HTTP_OK = range(200, 300)


class BadPage(NotFound):
    """The address of a pay page is not one that the shop has sealed."""

    code = "payments.bad_page"


class NoticeNotTaken(Unavailable):
    """The shop did not answer a message with success; it is sent again."""

    code = "payments.notice_not_taken"


class Deed(Enum):
    """What somebody does at the pay page, or has the sandbox do wrong."""

    PAY = "pay"
    FAIL = "fail"
    LOSE = "lose"  # paid, and the shop is never told
    LATE = "late"  # paid, and the shop is told later
    REPEAT = "repeat"  # paid, and the shop is told many times at once
    LESS = "less"  # one unit too little is paid
    MORE = "more"
    CURRENCY = "currency"  # another currency is paid
    FORGED = "forged"  # paid, and the message's signature is broken
    UNORDERED = "unordered"  # paid, and "pending" comes after "paid"


PAYING = frozenset(Deed) - {Deed.FAIL}
# What is sent: a status, and whether it is signed as it must be.
MESSAGES = {"paid": True, "pending": True, "failed": True, "forged": False}


@dataclass(frozen=True, slots=True)
class ChargeView:
    """A payment as the pay page shows it."""

    account_uid: str
    merchant_id: int
    number: str
    amount: Money
    state: ChargeState
    provider_number: str
    paid_at: datetime | None
    refund_mode: RefundMode = RefundMode.AT_ONCE

    @property
    def is_open(self) -> bool:
        """Whether it can be paid; after a failure it can be tried again."""
        return ChargeState.PAID in CHARGE_STEPS[self.state]

    @property
    def is_failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.state is ChargeState.FAILED

    @property
    def is_paid(self) -> bool:
        """Whether it is paid."""
        return self.state is ChargeState.PAID


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What the address of a pay page says, as it came."""

    account_uid: str
    number: str
    minor: str
    currency: str
    seal: str


def look(*, address: PageAddress) -> ChargeView:
    """Return the payment of a pay page. Nothing is written: looking is free.

    Raises:
        BadPage: The shop has sealed no such address, or the account is not the sandbox's.
    """
    account, amount = checked(address)
    with acting_as(account.merchant_id):
        row = find_charge(account, address.number)
    return _view(account, address.number, amount, row)


def act(
    *, address: PageAddress, deed: Deed, seconds: int = 0, times: int = 1, now: datetime
) -> ChargeView:
    """Do what somebody chose at the pay page, and have the shop told, or not.

    Args:
        address: The page.
        deed: What to do.
        seconds: How late the message is, for LATE.
        times: How often it is sent, for REPEAT.
        now: When it happens.

    Raises:
        BadPage: As for `look`.
        WrongState: It is paid or closed already.
    """
    account, amount = checked(address)
    with acting_as(account.merchant_id):
        row = _locked(account, address.number, amount)
        to = ChargeState.PAID if deed in PAYING else ChargeState.FAILED
        states.check(CHARGE_STEPS, now=ChargeState(row.state), to=to)
        row.state = to
        if to is ChargeState.PAID:
            paid = _paid(amount, deed)
            row.paid_minor, row.paid_currency, row.paid_at = paid.minor, paid.currency, now
        row.save()
        _tell(row, deed, min(max(seconds, 0), LATE_SECONDS_MAX), min(max(times, 1), TIMES_MAX))
    return _view(account, address.number, amount, row)


def send(
    *, merchant_id: int, account_uid: str, charge_id: int, message: str, now: datetime
) -> None:
    """Send one message to the shop over HTTP. Must not run inside a transaction.

    Raises:
        NoticeNotTaken: The shop did not answer with success: send it again later.
    """
    with acting_as(merchant_id):
        row = SandboxCharge.objects.get(merchant_id=merchant_id, id=charge_id)
    account = queries.account_of_uid(account_uid)
    body = _body(row, "paid" if message == "forged" else message)
    message_id = f"evt_{row.provider_number}_{message}"
    stamp = int(now.timestamp())
    signature = webhooks.sign(account.secrets[SECRET][0], message_id, stamp, body)
    if not MESSAGES[message]:
        signature = "v1," + "A" * 43 + "="
    answer = outside.client().post(
        f"{settings.PUBLIC_URL}/callbacks/payments/sandbox/{account_uid}",
        body,
        headers={
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature,
        },
    )
    if MESSAGES[message] and answer.status not in HTTP_OK:
        raise NoticeNotTaken(status=answer.status)


def answer(*, what: str, headers: Any, body: bytes, now: datetime) -> dict[str, Any]:
    """Answer a shop's signed question ("query"), or close a payment ("close").

    Raises:
        BadNotice: The question is malformed.
        BadSignature: It is not signed by the account that it names.
        UnknownAccount: There is no such account.
    """
    account_uid, number, _ = read_question(body)
    account = sandbox_account(account_uid)
    webhooks.check(account.secrets.get(SECRET, ()), headers, body, now)
    with acting_as(account.merchant_id):
        row = find_charge(account, number, lock=what == "close")
        if row is not None and what == "close" and row.state != ChargeState.PAID:
            row.state = ChargeState.CLOSED
            row.save(update_fields=["state"])
    if row is None:
        return {"payment_id": number, "status": "unknown"}
    words = {ChargeState.OPEN: "pending", ChargeState.PAID: "paid", ChargeState.CLOSED: "closed"}
    said = {"payment_id": number, "status": words.get(ChargeState(row.state), "failed")}
    if row.state != ChargeState.PAID:
        return said
    return {
        **said,
        "provider_number": row.provider_number,
        "amount_minor": row.paid_minor,
        "currency": row.paid_currency,
    }


def checked(address: PageAddress) -> tuple[AccountInfo, Money]:
    """Return the account and the amount of a page's address, or raise BadPage."""
    if not (
        address.minor.isascii() and address.minor.isdigit() and len(address.minor) <= DIGITS_MAX
    ):
        raise BadPage
    amount = Money(int(address.minor), address.currency)
    if address.currency not in EXPONENTS or not 0 < amount.minor <= MINOR_MAX:
        raise BadPage
    try:
        account = sandbox_account(address.account_uid)
    except queries.UnknownAccount:
        raise BadPage from None
    for secret in account.secrets.get(SECRET, ()):
        seal = seal_of(secret, account.uid, address.number, amount)
        if hmac.compare_digest(seal.encode(), address.seal.encode()):
            return account, amount
    raise BadPage


def sandbox_account(uid: str) -> AccountInfo:
    """Return an account at the sandbox, or raise UnknownAccount."""
    account = queries.account_of_uid(uid)
    if account.provider != Sandbox.name:
        raise queries.UnknownAccount
    return account


def find_charge(account: AccountInfo, number: str, *, lock: bool = False) -> SandboxCharge | None:
    """Return a payment of an account, if anything was done with it; `lock`ed for the caller."""
    rows = SandboxCharge.objects.filter(
        merchant_id=account.merchant_id, account_id=account.id, payment_number=number
    )
    return (rows.select_for_update() if lock else rows).first()


def _locked(account: AccountInfo, number: str, amount: Money) -> SandboxCharge:
    SandboxCharge.objects.bulk_create(
        [
            SandboxCharge(
                merchant_id=account.merchant_id,
                account_id=account.id,
                payment_number=number,
                provider_number=new_uid("sb"),
                amount_minor=amount.minor,
                currency=amount.currency,
            )
        ],
        ignore_conflicts=True,
    )
    row = find_charge(account, number, lock=True)
    assert row is not None
    return row


def _paid(amount: Money, deed: Deed) -> Money:
    if deed is Deed.LESS:
        return Money(max(amount.minor - 1, 1), amount.currency)
    if deed is Deed.MORE:
        return Money(amount.minor + 1, amount.currency)
    if deed is Deed.CURRENCY:
        return Money(amount.minor, "USD" if amount.currency != "USD" else "CNY")
    return amount


def _tell(row: SandboxCharge, deed: Deed, seconds: int, times: int) -> None:
    if deed is Deed.LOSE:
        return
    message = {Deed.FAIL: "failed", Deed.FORGED: "forged"}.get(deed, "paid")
    for _ in range(times if deed is Deed.REPEAT else 1):
        _enqueue(row, message, seconds if deed is Deed.LATE else 0)
    if deed is Deed.UNORDERED:
        _enqueue(row, "pending", 2)


def _enqueue(row: SandboxCharge, message: str, seconds: int) -> None:
    enqueue(
        "payments.sandbox_send",
        queue="money",
        after_seconds=seconds,
        merchant_id=row.merchant_id,
        account_uid=row.account.uid,
        charge_id=row.pk,
        message=message,
    )


def _body(row: SandboxCharge, status: str) -> bytes:
    said = {
        "id": f"evt_{row.provider_number}_{status}",
        "payment_id": row.payment_number,
        "provider_number": row.provider_number,
        "amount_minor": row.amount_minor if row.paid_minor is None else row.paid_minor,
        "currency": row.paid_currency or row.currency,
        "status": status,
    }
    return json.dumps(said).encode()


def read_question(body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return the account and the payment that a question is about, and all that it says.

    Raises:
        BadNotice: It is malformed.
    """
    try:
        said = json.loads(body.decode())
        account_uid, number = said["account"], said["payment_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadNotice(field="body") from None
    if not (isinstance(account_uid, str) and isinstance(number, str)):
        raise BadNotice(field="account")
    if not (number.isascii() and number.isalnum()):
        raise BadNotice(field="payment_id")
    return account_uid, number, said


def _view(
    account: AccountInfo, number: str, amount: Money, row: SandboxCharge | None
) -> ChargeView:
    return ChargeView(
        account_uid=account.uid,
        merchant_id=account.merchant_id,
        number=number,
        amount=amount,
        state=ChargeState.OPEN if row is None else ChargeState(row.state),
        provider_number="" if row is None else row.provider_number,
        paid_at=None if row is None else row.paid_at,
        refund_mode=RefundMode.AT_ONCE if row is None else RefundMode(row.refund_mode),
    )
