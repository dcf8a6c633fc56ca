"""What others may ask about accounts, payments and money that was seen."""

import json
import time
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum

from kacang.merchants.tenancy import acting_as
from kacang.payments import account_secrets, registry
from kacang.payments.models import (
    Account,
    Forgery,
    NoticeOutcome,
    Payment,
    PaymentState,
    Receipt,
    ReceiptFit,
)
from kacang.payments.ports import AccountInfo, PayInstructions, PaymentAsked, PaymentRef
from kacang.payments.resolving import UnknownReceipt
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.money import Money

__all__ = [
    "AccountRow",
    "NoticeOutcome",
    "Offer",
    "OfflinePayment",
    "PaymentInfo",
    "PaymentState",
    "ProviderNotOffered",
    "ReceiptFit",
    "ReceiptInfo",
    "UnknownAccount",
    "account_for",
    "account_of_uid",
    "accounts",
    "due",
    "forget_accounts",
    "instructions",
    "offered",
    "offline_payment",
    "payments_of_order",
    "receipt",
    "receipts_of_order",
    "remembered_account",
]  # fmt: skip
# How long a process goes on with an account that was changed elsewhere.
CACHE_SECONDS = 3.0
CACHE_MAX = 10_000


class UnknownAccount(NotFound):
    """There is no such payment account."""

    code = "payments.unknown_account"


class ProviderNotOffered(Conflict):
    """The merchant takes no money this way at the moment."""

    code = "payments.not_offered"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as the console shows it: never its secrets."""

    uid: str
    provider: str
    name: str
    enabled: bool
    currency: str
    has_secrets: bool
    is_known: bool
    forgeries: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay that checkout shows."""

    provider: str
    name: str
    account_uid: str


@dataclass(frozen=True, slots=True)
class PaymentInfo:
    """One attempt to pay."""

    number: str
    provider: str
    account_uid: str
    account_name: str
    state: PaymentState
    amount: Money
    pay_url: str
    qr_content: str
    in_app: Mapping[str, str]
    facts: Mapping[str, str]
    device: str
    created_at: datetime
    paid_at: datetime | None
    asked: int


@dataclass(frozen=True, slots=True)
class ReceiptInfo:
    """Money that was seen, and how it fits."""

    id: int
    payment_number: str
    provider_number: str
    provider: str
    amount: Money
    fit: ReceiptFit | None
    seen_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """A payment that was made without a call: what its row and the buyer need."""

    account_id: int
    number: str
    pay_url: str
    qr_content: str


_cache: dict[Hashable, tuple[float, AccountInfo]] = {}


def account_of_uid(uid: str) -> AccountInfo:
    """Return the account that a callback names, whoever's it is, with its secrets.

    Kept in the process for three seconds: a callback costs no look-up.

    Raises:
        UnknownAccount: There is none.
    """
    return _cached(uid, lambda: _by_uid(uid))


def remembered_account(uid: str) -> AccountInfo | None:
    """Return the account if this process holds it: `account_of_uid` without the database."""
    kept = _cache.get(uid)
    return kept[1] if kept and kept[0] > time.monotonic() else None


def account_for(*, merchant_id: int, provider: str) -> AccountInfo:
    """Return the merchant's first enabled account at a company, with its secrets; kept likewise.

    Raises:
        ProviderNotOffered: None is enabled.
    """
    return _cached((merchant_id, provider), lambda: _first_enabled(merchant_id, provider))


def forget_accounts() -> None:
    """Drop the accounts that this process holds."""
    _cache.clear()


def instructions(*, account: AccountInfo, payment: PaymentAsked) -> PayInstructions | None:
    """Say how a payment is paid, when its company needs no call for that; else None.

    It may run inside the transaction of the order: it touches neither network nor database.
    """
    company = registry.provider(account.provider)
    return company.create(account, payment) if company.creates_offline else None


def offline_payment(
    *, merchant_id: int, provider: str, number: str, amount: Money
) -> OfflinePayment | None:
    """Make a payment at the merchant's account of a company that needs no call for it.

    Returns None when the company is unknown, needs a call, or the merchant has no enabled
    account there of this currency.
    """
    try:
        account = account_for(merchant_id=merchant_id, provider=provider)
        made = instructions(account=account, payment=PaymentAsked(number, amount))
    except (ProviderNotOffered, registry.UnknownProvider):
        return None
    if made is None or account.currency != amount.currency:
        return None
    return OfflinePayment(account.id, number, made.pay_url, made.qr_content)


def accounts(*, merchant_id: int) -> list[AccountRow]:
    """Return the merchant's accounts in the order that checkout shows them."""
    known = registry.providers()
    month = datetime.now(UTC).date() - timedelta(days=30)
    with acting_as(merchant_id):
        forged = dict(
            Forgery.objects.filter(merchant_id=merchant_id, day__gte=month)
            .values_list("account_id")
            .annotate(Sum("count"))
        )
        rows = list(Account.objects.filter(merchant_id=merchant_id).order_by("position", "id"))
    return [
        AccountRow(
            uid=row.uid,
            provider=row.provider,
            name=row.name,
            enabled=row.enabled,
            currency=row.currency,
            has_secrets=row.secrets is not None,
            is_known=row.provider in known,
            forgeries=forged.get(row.pk, 0),
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]


def offered(*, merchant_id: int, currency: str | None = None) -> list[Offer]:
    """Return the ways to pay, one per company, in the merchant's order."""
    known = registry.providers()
    with acting_as(merchant_id):
        rows = Account.objects.filter(merchant_id=merchant_id, enabled=True)
        if currency:
            rows = rows.filter(currency=currency)
        found = list(rows.order_by("position", "id").values_list("provider", "name", "uid"))
    first: dict[str, Offer] = {}
    for provider, name, uid in found:
        if provider in known:
            first.setdefault(provider, Offer(provider, name, uid))
    return list(first.values())


def payments_of_order(*, merchant_id: int, order_id: int) -> list[PaymentInfo]:
    """Return an order's attempts to pay, the newest first."""
    with acting_as(merchant_id):
        rows = list(
            Payment.objects.filter(merchant_id=merchant_id, order_id=order_id)
            .select_related("account")
            .order_by("-id")
        )
    return [_payment(row) for row in rows]


def receipts_of_order(*, merchant_id: int, order_id: int) -> list[ReceiptInfo]:
    """Return the money that was seen for an order, the oldest first."""
    with acting_as(merchant_id):
        rows = list(
            Receipt.objects.filter(
                merchant_id=merchant_id,
                payment__merchant_id=merchant_id,
                payment__order_id=order_id,
            )
            .select_related("account")
            .order_by("id")
        )
    return [_receipt(row) for row in rows]


def receipt(*, merchant_id: int, receipt_id: int) -> ReceiptInfo:
    """Return one receipt, that a job names.

    Raises:
        UnknownReceipt: The merchant has none of that id.
    """
    with acting_as(merchant_id):
        row = (
            Receipt.objects.filter(merchant_id=merchant_id, id=receipt_id)
            .select_related("account")
            .first()
        )
    if row is None:
        raise UnknownReceipt
    return _receipt(row)


def provider_numbers(*, merchant_id: int, receipt_ids: Collection[int]) -> dict[int, str]:
    """Return the companies' own numbers of money that was seen, for the books."""
    with acting_as(merchant_id):
        rows = Receipt.objects.filter(merchant_id=merchant_id, id__in=receipt_ids)
        return dict(rows.values_list("id", "provider_number"))


@dataclass(frozen=True, slots=True)
class DueQuestion:
    """A payment whose company is to be asked now; `asked` says how often it was."""

    merchant_id: int
    payment_id: int
    asked: int


def due(*, most: int = 500) -> list[DueQuestion]:
    """Return the questions to ask now, of every merchant.

    Those asked least often come first, and of these the newest: its buyer is still there.
    """
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, id, asked from payments_due(%s::int)", [most])
        return [DueQuestion(*row) for row in cursor.fetchall()]


def _cached(key: Hashable, load: Callable[[], AccountInfo]) -> AccountInfo:
    kept = _cache.get(key)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    account = load()
    if len(_cache) >= CACHE_MAX:
        _cache.clear()
    _cache[key] = (time.monotonic() + CACHE_SECONDS, account)
    return account


def _by_uid(uid: str) -> AccountInfo:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, merchant_id, provider, enabled, secrets, options, currency"
            " from payment_account_of_uid(%s::text)",
            # PostgreSQL refuses a zero byte in any text; no account has one.
            [uid[:32].replace("\0", "")],
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownAccount
    account_id, merchant_id, provider, enabled, sealed, options, currency = row
    return AccountInfo(
        id=account_id,
        merchant_id=merchant_id,
        uid=uid,
        provider=provider,
        enabled=enabled,
        currency=currency,
        secrets=account_secrets.open_sealed(merchant_id, uid, sealed),
        options=_json(options),
    )


def _first_enabled(merchant_id: int, provider: str) -> AccountInfo:
    with acting_as(merchant_id):
        row = (
            Account.objects.filter(merchant_id=merchant_id, provider=provider, enabled=True)
            .order_by("position", "id")
            .first()
        )
    if row is None:
        raise ProviderNotOffered(provider=provider[:30])
    return account_secrets.info_of(row)


def _json(value: Any) -> dict[str, Any]:
    # Django has its connections give jsonb as text.
    read = json.loads(value) if isinstance(value, str) else value
    return dict(read or {})


def ref_of(row: Payment) -> PaymentRef:
    """Return a row of `payment` as its company can find it again."""
    amount = Money(row.amount_minor, row.currency)
    return PaymentRef(row.number, amount, row.provider_ref, row.created_at)


def _payment(row: Payment) -> PaymentInfo:
    return PaymentInfo(
        number=row.number,
        provider=row.account.provider,
        account_uid=row.account.uid,
        account_name=row.account.name,
        state=PaymentState(row.state),
        amount=Money(row.amount_minor, row.currency),
        pay_url=row.pay_url,
        qr_content=row.qr_content,
        in_app=row.shown.get("in_app", {}),
        facts=row.shown.get("facts", {}),
        device=row.device,
        created_at=row.created_at,
        paid_at=row.paid_at,
        asked=row.asked,
    )


def _receipt(row: Receipt) -> ReceiptInfo:
    return ReceiptInfo(
        id=row.pk,
        payment_number=row.payment_number,
        provider_number=row.provider_number,
        provider=row.account.provider,
        amount=Money(row.amount_minor, row.currency),
        fit=None if row.fit is None else ReceiptFit(row.fit),
        seen_at=row.seen_at,
        resolved_at=row.resolved_at,
    )
