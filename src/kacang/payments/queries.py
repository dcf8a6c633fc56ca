"""What others may ask about accounts, payments and money that was seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments.accounts.finding import (
    AccountRow,
    Offer,
    OfflinePayment,
    ProviderNotOffered,
    UnknownAccount,
    account_for,
    account_of_uid,
    accounts,
    forget_accounts,
    instructions,
    offered,
    offline_payment,
    remembered_account,
    routes,
)
from kacang.payments.accounts.routing import ANY, Sale
from kacang.payments.models import NoticeOutcome, Payment, PaymentState, Receipt, ReceiptFit
from kacang.payments.ports import PaymentRef
from kacang.payments.resolving import UnknownReceipt
from kacang.shared.money import Money

__all__ = [
    "ANY",
    "AccountRow",
    "NoticeOutcome",
    "Offer",
    "OfflinePayment",
    "PaymentInfo",
    "PaymentState",
    "ProviderNotOffered",
    "ReceiptFit",
    "ReceiptInfo",
    "Sale",
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
    "routes",
]  # fmt: skip


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


def payments_of_order(*, merchant_id: int, order_id: int) -> list[PaymentInfo]:
    """Return an order's attempts to pay, the newest first."""
    with acting_as(merchant_id):
        rows = list(
            Payment.objects.filter(merchant_id=merchant_id, order_id=order_id)
            .select_related("account")
            .order_by("-id")
        )
    return [info_of(row) for row in rows]


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
    return [receipt_info_of(row) for row in rows]


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
    return receipt_info_of(row)


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


def ref_of(row: Payment) -> PaymentRef:
    """Return a row of `payment` as its company can find it again."""
    amount = Money(row.amount_minor, row.currency)
    return PaymentRef(row.number, amount, row.provider_ref, row.created_at)


def info_of(row: Payment) -> PaymentInfo:
    """Return a row of `payment`, read with its account, as others see it."""
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


def receipt_info_of(row: Receipt) -> ReceiptInfo:
    """Return a row of `receipt`, read with its account, as others see it."""
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
