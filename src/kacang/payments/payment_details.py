"""One payment with all that was heard and asked about it (P2, P3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.companies import calls
from kacang.payments.companies.calls import Call
from kacang.payments.companies.raw_messages import masked
from kacang.payments.models import Notice, NoticeOutcome, Payment, Receipt
from kacang.payments.queries import PaymentInfo, ReceiptInfo
from kacang.shared.errors import NotFound
from kacang.shared.money import Money

NOTICES_MOST = 50
# Between which moments messages about a payment are looked for: until some time after it is paid.
LATEST, AFTER_PAID = timedelta(days=1), timedelta(hours=1)


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "payments.unknown_payment"


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A message of the company, its secrets and personal data masked."""

    notice_id: str
    provider_number: str
    amount: Money
    is_final: bool
    outcome: NoticeOutcome
    received_at: datetime
    acted_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """A payment as its page shows it. Messages, receipts and calls the newest first."""

    info: PaymentInfo
    order_id: int
    provider_ref: str
    ask_at: datetime | None
    receipts: tuple[ReceiptInfo, ...]
    notices: tuple[NoticeView, ...]
    calls: tuple[Call, ...]


def payment_details(*, merchant_id: int, number: str) -> PaymentDetails:
    """Return one payment of the merchant.

    Raises:
        UnknownPayment: The merchant has none of this number.
    """
    with acting_as(merchant_id):
        row = (
            Payment.objects.filter(merchant_id=merchant_id, number=number)
            .select_related("account")
            .first()
        )
        if row is None:
            raise UnknownPayment
        receipts = Receipt.objects.filter(merchant_id=merchant_id, payment_id=row.pk)
        return PaymentDetails(
            info=queries.info_of(row),
            order_id=row.order_id,
            provider_ref=row.provider_ref,
            ask_at=row.ask_at,
            receipts=tuple(
                queries.receipt_info_of(receipt)
                for receipt in receipts.select_related("account").order_by("-id")
            ),
            notices=_notices(row),
            calls=tuple(calls.calls_about(merchant_id=merchant_id, payment_id=row.pk)),
        )


def _notices(row: Payment) -> tuple[NoticeView, ...]:
    # By time: an index by number would cost every sale something.
    until = row.paid_at + AFTER_PAID if row.paid_at else row.created_at + LATEST
    found = Notice.objects.filter(
        merchant_id=row.merchant_id,
        account_id=row.account_id,
        payment_number=row.number,
        received_at__range=(row.created_at, until),
    )
    return tuple(
        NoticeView(
            notice_id=notice.notice_id,
            provider_number=notice.provider_number,
            amount=Money(notice.amount_minor, notice.currency),
            is_final=notice.is_final,
            outcome=NoticeOutcome(notice.outcome),
            received_at=notice.received_at,
            acted_at=notice.acted_at,
            text=masked(notice.raw),
        )
        for notice in found.order_by("-received_at")[:NOTICES_MOST]
    )
