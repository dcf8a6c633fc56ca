"""A record of each call to a payment company: how long it took, and what was said (P5)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import CallKind, CallResult, ProviderCall
from kacang.payments.companies import outside
from kacang.payments.ports import AccountInfo, AccountRefused, ProviderSilent
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError

SAID_MAX = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it is read."""

    kind: CallKind
    result: CallResult
    milliseconds: int
    said: str
    at: datetime


@contextmanager
def recorded(
    account: AccountInfo, kind: CallKind, *, payment_id: int | None = None
) -> Iterator[None]:
    """Record the call that is made inside, whatever becomes of it; its errors go on.

    Must not be entered inside a transaction (L18).
    """
    outside.refuse_in_transaction()
    started = time.perf_counter()
    result, said = CallResult.ANSWERED, ""
    try:
        yield
    except (ProviderSilent, AccountRefused) as error:
        silent = isinstance(error, ProviderSilent)
        result = CallResult.SILENT if silent else CallResult.REFUSED
        said = words_of(error)
        raise
    finally:
        row = ProviderCall(
            merchant_id=account.merchant_id,
            account_id=account.id,
            payment_id=payment_id,
            kind=kind,
            result=result,
            milliseconds=round((time.perf_counter() - started) * 1_000),
            said=said,
            at=utc_now(),
        )
        with acting_as(account.merchant_id):
            row.save(force_insert=True)


def words_of(error: DomainError) -> str:
    """Return what a company said, or why nothing of it could be understood, cut short."""
    said = error.detail.get("why") or error.detail.get("status") or ""
    return str(said).replace("\0", "")[:SAID_MAX]


def calls_about(*, merchant_id: int, payment_id: int, most: int = 100) -> list[Call]:
    """Return the calls about one payment, the newest first."""
    return _calls(merchant_id, most, payment_id=payment_id)


def _calls(merchant_id: int, most: int, **which: int) -> list[Call]:
    with acting_as(merchant_id):
        rows = ProviderCall.objects.filter(merchant_id=merchant_id, **which)
        found = list(rows.order_by("-at", "-id")[:most])
    return [
        Call(CallKind(row.kind), CallResult(row.result), row.milliseconds, row.said, row.at)
        for row in found
    ]
