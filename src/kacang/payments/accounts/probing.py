"""Trying an account out: a real round trip that changes nothing (拨测, P1)."""

import time
from dataclasses import dataclass
from datetime import datetime

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import AccountEvent, AccountEventKind, CallKind
from kacang.payments.accounts.finding import account_of_merchant
from kacang.payments.companies import outside, registry
from kacang.payments.companies.calls import recorded, words_of
from kacang.payments.ports import AccountInfo, AccountRefused, ProviderSilent
from kacang.shared.clock import utc_now


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of trying an account out. `said` are the company's words when it failed."""

    passed: bool
    milliseconds: int
    said: str
    at: datetime


def probe_account(*, merchant_id: int, uid: str, actor: Actor = audit.SYSTEM) -> Probe:
    """Make a round trip with an account, enabled or not, and keep what came of it.

    Must not be called inside a transaction (L18).

    Raises:
        UnknownAccount: The merchant has no such account.
        UnknownProvider: Its company's package is not installed any more.
        BadSecrets: It has no secrets to try.
    """
    outside.refuse_in_transaction()
    account = account_of_merchant(merchant_id=merchant_id, uid=uid)
    registry.provider(account.provider).check_secrets(account.secrets, account.options)
    probe = try_out(account)
    with acting_as(merchant_id):
        keep_probe(account, probe)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="payments.probe_account",
            object_kind="payment_account",
            object_uid=uid,
            after={"passed": probe.passed, "milliseconds": probe.milliseconds},
        )
    return probe


def try_out(account: AccountInfo) -> Probe:
    """Make a round trip with an account. Nothing but the call itself is kept of it."""
    started = time.perf_counter()
    said, passed = "", True
    try:
        with recorded(account, CallKind.PROBE):
            registry.provider(account.provider).probe(account, utc_now())
    except (ProviderSilent, AccountRefused) as error:
        said, passed = words_of(error), False
    milliseconds = round((time.perf_counter() - started) * 1_000)
    return Probe(passed, milliseconds, said, utc_now())


def keep_probe(account: AccountInfo, probe: Probe) -> None:
    """Write a probe into the account's history, inside the caller's transaction."""
    kind = AccountEventKind.PROBED if probe.passed else AccountEventKind.PROBE_FAILED
    AccountEvent.objects.create(
        merchant_id=account.merchant_id,
        account_id=account.id,
        kind=kind,
        detail={"milliseconds": probe.milliseconds, "said": probe.said},
        at=probe.at,
    )


def last_probe(*, merchant_id: int, uid: str) -> Probe | None:
    """Return what came of the last time that an account was tried out."""
    kinds = (AccountEventKind.PROBED, AccountEventKind.PROBE_FAILED)
    with acting_as(merchant_id):
        row = (
            AccountEvent.objects.filter(
                merchant_id=merchant_id, account__uid=uid, account__merchant_id=merchant_id,
                kind__in=kinds,
            )
            .order_by("-id")
            .first()
        )  # fmt: skip
    if row is None:
        return None
    passed = row.kind == AccountEventKind.PROBED
    return Probe(passed, row.detail["milliseconds"], row.detail["said"], row.at)
