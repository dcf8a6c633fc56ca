"""What others may do to payment accounts, and the questions put to payment companies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments import account_secrets, outside, queries, registry
from kacang.payments.models import Account, Payment, PaymentState
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadSecrets,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryState,
    VerifiedNotice,
)
from kacang.payments.queries import UnknownAccount
from kacang.queue import URGENT, enqueue
from kacang.shared.errors import Refused
from kacang.shared.ids import new_uid
from kacang.shared.money import exponent

TRIAL_PROVIDERS = frozenset({"sandbox"})
LIVE = "live"
# When a company is asked again (P3): soon while the buyer may be paying, so that a lost notice is
# found within a minute; then ever more seldom, and after two days no more.
ASK_FIRST = timedelta(seconds=15)
ASK_SOON = timedelta(seconds=45)
ASK_SOON_UNTIL = timedelta(minutes=30)
ASK_SELDOM = timedelta(hours=2)
ASK_UNTIL = timedelta(days=2)
# A buyer who looks may have us ask sooner, but not more often than this.
LOOK_SECONDS = 8
OPEN_STATES = (PaymentState.OPEN, PaymentState.CLOSED, PaymentState.FAILED)


class SandboxInEarnest(Refused):
    """The sandbox moves no money: only trial merchants may have an account there (rule 14)."""

    code = "payments.sandbox_in_earnest"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a payment account is made of. Secrets that the company has us make may be left out."""

    provider: str
    name: str
    currency: str = "CNY"
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class AccountMade:
    """A new account and, to be shown once, the secrets that were made for it."""

    uid: str
    made_secrets: Mapping[str, str] = field(repr=False)


def create_account(
    *, merchant_id: int, account: NewAccount, actor: Actor = audit.SYSTEM
) -> AccountMade:
    """Store a payment account. It takes no payments until it is enabled.

    Raises:
        UnknownProvider: No package brings this company.
        SandboxInEarnest: The sandbox is for test and demo merchants.
        BadSecrets: Secrets were given that could not tell a notice from a forgery.
        UnknownCurrency: We do not know how many digits the currency has.
    """
    company = registry.provider(account.provider)
    exponent(account.currency)
    made = {} if account.secrets is not None else dict(company.new_secrets() or {})
    chosen = {name: (value,) for name, value in (account.secrets or made).items()}
    if chosen:
        company.check_secrets(chosen, account.options)
    uid = new_uid("acc")
    with acting_as(merchant_id):
        kind = merchant(merchant_id=merchant_id).kind
        if account.provider in TRIAL_PROVIDERS and kind == LIVE:
            raise SandboxInEarnest
        Account.objects.create(
            merchant_id=merchant_id,
            merchant_kind=kind,
            uid=uid,
            provider=account.provider,
            name=account.name[:80],
            currency=account.currency,
            secrets=account_secrets.seal(merchant_id, uid, chosen) if chosen else None,
            options=dict(account.options),
            position=account.position,
        )
        after = {"provider": account.provider, "currency": account.currency}
        _log(merchant_id, actor, "payments.create_account", uid, after=after)
    return AccountMade(uid, made)


def enable_account(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> None:
    """Let checkout offer an account. May be repeated.

    Raises:
        UnknownAccount: The merchant has no such account.
        BadSecrets: It has no secret, or one that is worth nothing (L9).
        UnknownProvider: Its company's package is not installed any more.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        info = account_secrets.info_of(row)
        if not info.secrets:
            raise BadSecrets
        registry.provider(row.provider).check_secrets(info.secrets, info.options)
        row.enabled = True
        row.save(update_fields=["enabled", "changed_at"])
        _log(merchant_id, actor, "payments.enable_account", uid)
    queries.forget_accounts()


def disable_account(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> None:
    """Offer an account no more. Money that still arrives there is still taken in."""
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.enabled = False
        row.save(update_fields=["enabled", "changed_at"])
        _log(merchant_id, actor, "payments.disable_account", uid)
    queries.forget_accounts()


def set_secret(
    *, merchant_id: int, uid: str, name: str, value: str | None = None, actor: Actor = audit.SYSTEM
) -> str:
    """Put a new secret in force beside the present one, and return it.

    Both are accepted until `end_rotation`, so that nothing is lost while the company changes
    over. Without `value` one is made.

    Raises:
        UnknownAccount: The merchant has no such account.
        BadSecrets: The value is not of the company's form, or none can be made.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        company = registry.provider(row.provider)
        new = value if value is not None else (company.new_secrets() or {}).get(name)
        if new is None:
            raise BadSecrets
        present = account_secrets.info_of(row).secrets
        changed = {**present, name: (new, *present.get(name, ())[:1])}
        company.check_secrets(changed, row.options)
        row.secrets = account_secrets.seal(merchant_id, uid, changed)
        row.save(update_fields=["secrets", "changed_at"])
        _log(merchant_id, actor, "payments.set_secret", uid, after={"name": name})
    queries.forget_accounts()
    return new


def end_rotation(*, merchant_id: int, uid: str, name: str, actor: Actor = audit.SYSTEM) -> None:
    """Accept only the newest value of a secret from now on. May be repeated."""
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        present = account_secrets.info_of(row).secrets
        row.secrets = account_secrets.seal(
            merchant_id, uid, {**present, name: present.get(name, ())[:1]}
        )
        row.save(update_fields=["secrets", "changed_at"])
        _log(merchant_id, actor, "payments.end_rotation", uid, after={"name": name})
    queries.forget_accounts()


def reveal_secrets(
    *, merchant_id: int, uid: str, actor: Actor, reason: str = ""
) -> Mapping[str, str]:
    """Return an account's newest secrets to a person; the log has it before they are read."""
    with acting_as(merchant_id):
        _locked(merchant_id, uid)
        _log(merchant_id, actor, "payments.reveal_secrets", uid, reason=reason)
    with acting_as(merchant_id):
        info = account_secrets.info_of(_locked(merchant_id, uid))
    return {name: values[0] for name, values in info.secrets.items() if values}


def count_forgery(*, account: AccountInfo) -> None:
    """Count a message with a wrong signature. Nothing else of it is kept (rule 11)."""
    with acting_as(account.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "insert into forgery (merchant_id, account_id, day, count)"
            " values (%s::bigint, %s::bigint, current_date, 1)"
            " on conflict (merchant_id, account_id, day) do update set count = forgery.count + 1",
            [account.merchant_id, account.id],
        )


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
        said = registry.provider(account.provider).query(account, payment, now)
    except ProviderSilent:
        return Asked(account, None)
    if said.state is QueryState.FAILED:
        _fail(merchant_id, payment_id)
    return Asked(account, said.notice)


def buyer_looked(*, merchant_id: int, order_id: int) -> int:
    """Have the company asked because the buyer is waiting (L8); return how many questions.

    May be called as often as a page polls: an order's payments are asked about every eight
    seconds at most. The question itself is a job.
    """
    with acting_as(merchant_id):
        recent = Q(asked_at__gt=Now() - timedelta(seconds=LOOK_SECONDS))
        waiting = (
            Payment.objects.filter(
                merchant_id=merchant_id, order_id=order_id, state__in=OPEN_STATES
            )
            .filter(created_at__lt=Now() - timedelta(seconds=LOOK_SECONDS))
            .exclude(recent)
            .order_by("id")
        )
        ids = list(waiting.select_for_update(no_key=True).values_list("id", flat=True)[:5])
        if ids:
            Payment.objects.filter(merchant_id=merchant_id, id__in=ids).update(
                asked_at=Now(), ask_at=Now()
            )
        for payment_id in ids:
            _enqueue_question(merchant_id, payment_id, is_urgent=True)
    return len(ids)


def ask_again(*, merchant_id: int, numbers: Collection[str]) -> int:
    """Have the company asked about payments that are not paid, now; return how many.

    For payments of which something else says that they were paid, however old they are.
    """
    with acting_as(merchant_id):
        rows = Payment.objects.filter(
            merchant_id=merchant_id, number__in=numbers, state__in=OPEN_STATES
        ).order_by("id")
        ids = list(rows.select_for_update(no_key=True).values_list("id", flat=True))
        Payment.objects.filter(merchant_id=merchant_id, id__in=ids).update(ask_at=Now())
        for payment_id in ids:
            _enqueue_question(merchant_id, payment_id, is_urgent=False)
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
    if age < ASK_SOON:
        return now + ASK_FIRST
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


def _locked(merchant_id: int, uid: str) -> Account:
    row = (
        Account.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownAccount
    return row


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: Any) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="payment_account",
        object_uid=uid,
        **details,
    )
