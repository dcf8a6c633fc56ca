"""What is said to payment companies about money that goes back, and what they say of it (P4).

A refund is sent once it is committed as sent; after a crash or silence it is asked about, and only
when the company has never heard of it is it sent again, with the same number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.accounts import account_secrets
from kacang.payments.companies import outside, registry
from kacang.payments.models import Payment, Receipt
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    PaymentProvider,
    PaymentRef,
    ProviderSilent,
    RefundAsked,
    RefundNotice,
    RefundRefused,
    RefundResult,
    RefundState,
)
from kacang.payments.refund_models import (
    Refund,
    RefundHeard,
    RefundMessage,
    RefundStatus,
    RefundWay,
)
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

__all__ = [
    "Named",
    "RefundHeard",
    "Said",
    "enqueue_due",
    "mark_message",
    "messages_waiting",
    "named",
    "pursue",
    "receipts_of_payment",
    "send_later",
    "store_message",
    "stored_message",
]
# When a company is asked again: soon at first, then ever more seldom. Banks take days.
ASK_FIRST = timedelta(seconds=15)
ASK_SELDOM = timedelta(hours=6)
ASK_UNTIL = timedelta(days=45)
_STORE = """
insert into refund_message (merchant_id, account_id, notice_id, refund_number, provider_number,
                            payment_number, amount_minor, currency, state, raw)
values (%s::bigint, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::bigint, %s::text,
        %s::text, %s::text)
on conflict (account_id, notice_id) do nothing
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a company says of one of our refunds."""

    number: str
    order_id: int | None
    result: RefundResult


@dataclass(frozen=True, slots=True)
class _Claimed:
    number: str
    order_id: int | None
    account: AccountInfo
    asked: RefundAsked
    is_first: bool


def pursue(*, merchant_id: int, refund_id: int, now: datetime) -> Said | None:
    """Have the company give money back, or ask it what became of that.

    Returns None when there is nothing to do, or the company does not answer: it is asked again
    later. Made outside any transaction; must not be called inside one (L18). What follows from
    the answer is the caller's to decide.
    """
    outside.refuse_in_transaction()
    claimed = _claim(merchant_id, refund_id, now)
    if claimed is None:
        return None
    company = registry.provider(claimed.account.provider)
    try:
        result = _put(company, claimed, now)
    except (RefundRefused, AccountRefused) as error:
        why = str(error.detail.get("why") or error.code)
        result = RefundResult(RefundState.FAILED, why=why)
    except ProviderSilent:
        return None
    return Said(claimed.number, claimed.order_id, result)


def enqueue_due(*, most: int = 500) -> int:
    """Queue a question about each refund that is due, of every merchant; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, id from refunds_due(%s::int)", [most])
        due = cursor.fetchall()
    for merchant_id, refund_id in due:
        send_later(merchant_id, refund_id)
    return len(due)


def send_later(merchant_id: int, refund_id: int) -> None:
    """Queue the call about a refund: it is made if and only if this transaction commits."""
    enqueue(
        "payments.refund",
        queue="money",
        once=f"payments.refund/{refund_id}",
        merchant_id=merchant_id,
        refund_id=refund_id,
    )


def store_message(*, account: AccountInfo, notice: RefundNotice) -> tuple[int, bool]:
    """Keep a company's message; return its id and whether it was acted on. Locks it."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                account.merchant_id,
                account.id,
                notice.notice_id,
                notice.refund_number,
                notice.provider_number,
                notice.payment_number,
                notice.amount.minor,
                notice.amount.currency,
                notice.state.value,
                notice.raw,
            ],
        )
    row = RefundMessage.objects.select_for_update(no_key=True).get(
        merchant_id=account.merchant_id, account_id=account.id, notice_id=notice.notice_id
    )
    return row.pk, row.acted_at is not None


def mark_message(*, merchant_id: int, message_id: int, heard: RefundHeard) -> None:
    """Write what a stored message led to; one that still waits has had another try."""
    rows = RefundMessage.objects.filter(merchant_id=merchant_id, id=message_id)
    if heard is RefundHeard.WAITING:
        tries = rows.values_list("tries", flat=True).get()
        rows.update(tries=tries + 1)
    else:
        rows.update(heard=heard, acted_at=utc_now())


def messages_waiting(*, most: int) -> list[tuple[int, int]]:
    """Return (merchant, message) pairs that were not acted on, of every merchant."""
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, id from refund_messages_waiting(%s::int)", [most])
        return [(merchant_id, message_id) for merchant_id, message_id in cursor.fetchall()]


def stored_message(*, merchant_id: int, message_id: int) -> tuple[AccountInfo, RefundNotice]:
    """Return a message as it was verified when it came, and the account it came to."""
    with acting_as(merchant_id):
        row = RefundMessage.objects.select_related("account").get(
            merchant_id=merchant_id, id=message_id
        )
    notice = RefundNotice(
        notice_id=row.notice_id,
        refund_number=row.refund_number,
        provider_number=row.provider_number,
        payment_number=row.payment_number,
        amount=Money(row.amount_minor, row.currency),
        state=RefundState(row.state),
        raw=row.raw,
    )
    return queries.account_of_uid(row.account.uid), notice


@dataclass(frozen=True, slots=True)
class Named:
    """A refund that a company's message names, before anything is locked."""

    number: str
    order_id: int | None


def named(*, account: AccountInfo, notice: RefundNotice) -> Named | None:
    """Return which of the refunds of this account a message is about, however it names it."""
    rows = Refund.objects.filter(merchant_id=account.merchant_id, account_id=account.id)
    found = rows.filter(number=notice.refund_number).first() if notice.refund_number else None
    if found is None and notice.provider_number:
        # By the company's own number: one that we have sent, or heard of before.
        found = rows.filter(provider_ref=notice.provider_number).first()
    return Named(found.number, found.order_id) if found else None


def receipts_of_payment(
    *, account: AccountInfo, payment_number: str
) -> list[tuple[int, int | None]]:
    """Return the money that came for a payment of this account: receipt and order, by id."""
    rows = Receipt.objects.filter(
        merchant_id=account.merchant_id,
        account_id=account.id,
        payment_number=payment_number,
        fit__isnull=False,
    ).select_related("payment")
    return [(row.pk, row.payment.order_id if row.payment else None) for row in rows.order_by("id")]


def _put(company: PaymentProvider, claimed: _Claimed, now: datetime) -> RefundResult:
    if not claimed.is_first:
        result = company.query_refund(claimed.account, claimed.asked, now)
        if result.state is not RefundState.UNKNOWN:
            return result
    return company.refund(claimed.account, claimed.asked, now)


def _claim(merchant_id: int, refund_id: int, now: datetime) -> _Claimed | None:
    """Take the next call about a refund; that it is sent is committed before it is."""
    with acting_as(merchant_id):
        row = (
            Refund.objects.select_for_update(no_key=True, of=("self",))
            .filter(merchant_id=merchant_id, id=refund_id, way=RefundWay.ORIGIN)
            .select_related("account", "receipt")
            .first()
        )
        if row is None or row.receipt is None:
            return None
        is_first = row.state == RefundStatus.APPROVED
        is_due = row.ask_at is not None and row.ask_at <= now
        if not is_first and not (row.state == RefundStatus.SENT and is_due):
            return None
        if is_first:
            row.state, row.sent_at = RefundStatus.SENT, now
        row.asked += 1
        row.ask_at = _next_question_at(row.sent_at or now, now)
        row.save(update_fields=["state", "sent_at", "asked", "ask_at"])
        payment = Payment.objects.filter(
            merchant_id=merchant_id, number=row.receipt.payment_number
        ).first()
        account = account_secrets.info_of(row.account)
    return _Claimed(row.number, row.order_id, account, _asked(row, row.receipt, payment), is_first)


def _asked(row: Refund, receipt: Receipt, payment: Payment | None) -> RefundAsked:
    # Of a payment that nobody here knows, the company knows what it took.
    taken = Money(receipt.amount_minor, receipt.currency)
    ref = queries.ref_of(payment) if payment else PaymentRef(receipt.payment_number, taken)
    return RefundAsked(
        number=row.number,
        payment=ref,
        provider_number=receipt.provider_number,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        provider_ref=row.provider_ref,
    )


def _next_question_at(sent_at: datetime, now: datetime) -> datetime | None:
    age = now - sent_at
    if age >= ASK_UNTIL:
        return None
    return now + min(max(age / 2, ASK_FIRST), ASK_SELDOM)
