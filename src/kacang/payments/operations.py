"""What others may do to payment accounts, and the questions put to payment companies."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from kacang.merchants.tenancy import acting_as
from kacang.payments import queries
from kacang.payments.account_models import CallKind
from kacang.payments.accounts import account_secrets
from kacang.payments.accounts.changes import (
    AccountChange,
    AccountMade,
    BadLimits,
    CurrencyNotTaken,
    FieldMissing,
    NewAccount,
    SandboxInEarnest,
    change_account,
    count_forgery,
    count_stranger,
    create_account,
    disable_account,
    enable_account,
    end_rotation,
    reveal_secrets,
    set_secret,
)
from kacang.payments.accounts.days import sum_days
from kacang.payments.accounts.health import look_after
from kacang.payments.accounts.probing import Probe, probe_account
from kacang.payments.balances import OWN_COMPANIES
from kacang.payments.companies import outside, registry
from kacang.payments.companies.calls import recorded
from kacang.payments.models import Payment, PaymentState
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryState,
    VerifiedNotice,
)
from kacang.queue import URGENT, enqueue

__all__ = [
    "AccountChange",
    "AccountMade",
    "Asked",
    "BadLimits",
    "CurrencyNotTaken",
    "FieldMissing",
    "NewAccount",
    "Probe",
    "SandboxInEarnest",
    "ask_again",
    "ask_provider",
    "buyer_looked",
    "change_account",
    "close_payment",
    "count_forgery",
    "count_stranger",
    "create_account",
    "disable_account",
    "enable_account",
    "end_rotation",
    "enqueue_questions",
    "instruct",
    "look_after",
    "probe_account",
    "reveal_secrets",
    "set_secret",
    "sum_days",
]
# When a company is asked again (P3): soon while the buyer may be paying, so that a lost notice is
# found within a minute; then ever more seldom, and after two days no more.
ASK_FIRST = timedelta(seconds=15)
# How old a payment is when it is asked about for the second and the third time.
ASK_SECOND, ASK_THIRD = timedelta(seconds=30), timedelta(seconds=60)
ASK_SOON = timedelta(seconds=45)
ASK_SOON_UNTIL = timedelta(minutes=30)
ASK_SELDOM = timedelta(hours=2)
ASK_UNTIL = timedelta(days=2)
# A buyer who looks may have us ask sooner, but not more often than this.
LOOK_SECONDS = 8
OPEN_STATES = (PaymentState.OPEN, PaymentState.CLOSED, PaymentState.FAILED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a company said about a payment; `notice` when it has the money."""

    account: AccountInfo
    notice: VerifiedNotice | None


def instruct(*, account: AccountInfo, payment_id: int, payment: PaymentAsked) -> PayInstructions:
    """Have the company say how a committed payment is paid, and keep what it says.

    The call is made outside any transaction; must not be called inside one (L18). May be
    repeated: the company knows the payment by its number.

    Raises:
        ProviderSilent: It did not answer. The payment stays open: it may be known there.
        AccountRefused: It does not accept the account. The payment has failed.
    """
    outside.refuse_in_transaction()
    try:
        with recorded(account, CallKind.CREATE, payment_id=payment_id):
            made = registry.provider(account.provider).create(account, payment)
    except AccountRefused:
        _fail(account.merchant_id, payment_id)
        raise
    shown = {"in_app": dict(made.in_app), "facts": dict(made.facts)}
    with acting_as(account.merchant_id):
        Payment.objects.filter(merchant_id=account.merchant_id, id=payment_id).update(
            pay_url=made.pay_url,
            qr_content=made.qr_content,
            provider_ref=made.provider_ref,
            shown={name: said for name, said in shown.items() if said},
        )
    return made


def ask_provider(*, merchant_id: int, payment_id: int, now: datetime) -> Asked | None:
    """Ask the company what became of a payment, and put the next question on the calendar.

    Returns None when there is nothing to ask: it is paid, is unknown, or was asked just now by
    another worker. A company that does not answer is asked again later. The call is made outside
    any transaction; must not be called inside one (L18). What to do with the notice is the
    caller's to decide.
    """
    outside.refuse_in_transaction()
    claimed = _claim(merchant_id, payment_id, now)
    if claimed is None:
        return None
    account, payment = claimed
    try:
        with recorded(account, CallKind.QUERY, payment_id=payment_id):
            said = registry.provider(account.provider).query(account, payment, now)
    except ProviderSilent:
        return Asked(account, None)
    if said.state is QueryState.FAILED:
        _fail(merchant_id, payment_id)
    return Asked(account, said.notice)


def close_payment(*, merchant_id: int, payment_id: int, now: datetime) -> bool:
    """Have the company take no money any more for a payment that nothing is left to pay with.

    Returns whether it is closed; a company that does not answer is told again with the next
    question. Money that arrives all the same still counts: the company is asked once more soon,
    and then as ever. Must not be called inside a transaction (L18).
    """
    outside.refuse_in_transaction()
    with acting_as(merchant_id):
        row = (
            Payment.objects.filter(merchant_id=merchant_id, id=payment_id, state=PaymentState.OPEN)
            .select_related("account")
            .first()
        )
        if row is None:
            return False
        account, payment = account_secrets.info_of(row.account), queries.ref_of(row)
    try:
        with recorded(account, CallKind.CLOSE, payment_id=payment_id):
            registry.provider(account.provider).close(account, payment, now)
    except (ProviderSilent, AccountRefused):
        return False
    with acting_as(merchant_id):
        closed = Payment.objects.filter(
            merchant_id=merchant_id, id=payment_id, state=PaymentState.OPEN
        ).update(state=PaymentState.CLOSED, ask_at=now + ASK_FIRST)
    return bool(closed)


def buyer_looked(*, merchant_id: int, order_id: int) -> int:
    """Have the company asked because the buyer is waiting (L8); return how many questions.

    May be called as often as a page polls: an order's payments are asked about every eight
    seconds at most, and where people confirm them, never. The question itself is a job.
    """
    with acting_as(merchant_id):
        recent = Q(asked_at__gt=Now() - timedelta(seconds=LOOK_SECONDS))
        waiting = (
            Payment.objects.filter(
                merchant_id=merchant_id, order_id=order_id, state__in=OPEN_STATES
            )
            .filter(created_at__lt=Now() - timedelta(seconds=LOOK_SECONDS))
            .exclude(recent)
            .exclude(account__provider__in=OWN_COMPANIES)
            .order_by("id")
        )
        ids = list(
            waiting.select_for_update(no_key=True, of=("self",)).values_list("id", flat=True)[:5]
        )
        if ids:
            Payment.objects.filter(merchant_id=merchant_id, id__in=ids).update(
                asked_at=Now(), ask_at=Now()
            )
        for payment_id in ids:
            _enqueue_question(merchant_id, payment_id, is_urgent=True)
    return len(ids)


def ask_again(*, merchant_id: int, numbers: Collection[str], is_urgent: bool = False) -> int:
    """Have the company asked about payments that are not paid, now; return how many.

    For payments of which something else says that they were paid, however old they are.
    `is_urgent`: a buyer waits.
    """
    with acting_as(merchant_id):
        rows = Payment.objects.filter(
            merchant_id=merchant_id, number__in=numbers, state__in=OPEN_STATES
        ).order_by("id")
        ids = list(rows.select_for_update(no_key=True).values_list("id", flat=True))
        Payment.objects.filter(merchant_id=merchant_id, id__in=ids).update(ask_at=Now())
        for payment_id in ids:
            _enqueue_question(merchant_id, payment_id, is_urgent=is_urgent)
    return len(ids)


def enqueue_questions(*, most: int = 500) -> int:
    """Queue a question for each payment that is due, of every merchant; return how many.

    The first question about a payment overtakes the others: a lost notice is found within a
    minute (L8), however many unpaid orders a flash sale left behind.
    """
    questions = queries.due(most=most)
    for question in questions:
        _enqueue_question(question.merchant_id, question.payment_id, is_urgent=question.asked == 0)
    return len(questions)


def _next_question_at(created_at: datetime, now: datetime) -> datetime | None:
    age = now - created_at
    if age >= ASK_UNTIL:
        return None
    if age < ASK_SECOND:
        return now + ASK_FIRST
    if age < ASK_THIRD:
        return now + (ASK_THIRD - ASK_SECOND)
    if age < ASK_SOON_UNTIL:
        return now + ASK_SOON
    return now + min(age / 2, ASK_SELDOM)


def _enqueue_question(merchant_id: int, payment_id: int, *, is_urgent: bool) -> None:
    enqueue(
        "payments.ask",
        queue="money",
        priority=URGENT if is_urgent else 0,
        once=f"payments.ask/{payment_id}",
        merchant_id=merchant_id,
        payment_id=payment_id,
    )


def _claim(
    merchant_id: int, payment_id: int, now: datetime
) -> tuple[AccountInfo, PaymentRef] | None:
    with acting_as(merchant_id):
        row = (
            Payment.objects.select_for_update(no_key=True, of=("self",))
            .filter(merchant_id=merchant_id, id=payment_id, state__in=OPEN_STATES, ask_at__lte=now)
            .select_related("account")
            .first()
        )
        if row is None:
            return None
        Payment.objects.filter(merchant_id=merchant_id, id=payment_id).update(
            asked=F("asked") + 1,
            asked_at=now,
            ask_at=_next_question_at(row.created_at, now),
        )
        return account_secrets.info_of(row.account), queries.ref_of(row)


def _fail(merchant_id: int, payment_id: int) -> None:
    with acting_as(merchant_id):
        Payment.objects.filter(
            merchant_id=merchant_id, id=payment_id, state=PaymentState.OPEN
        ).update(state=PaymentState.FAILED)
