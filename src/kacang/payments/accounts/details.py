"""One account with all that a person may see and change of it: never its secrets (P1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import AccountEvent, AccountEventKind
from kacang.payments.accounts import account_secrets, finding
from kacang.payments.accounts.finding import AccountRow, UnknownAccount
from kacang.payments.models import Account

__all__ = [
    "AccountDetails", "AccountEntry", "AccountEventKind", "HealthEvent", "account_details",
    "health_event",
]  # fmt: skip
EVENTS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """Something that happened to an account by itself, or a probe of it."""

    kind: AccountEventKind
    detail: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class HealthEvent:
    """Something that happened to an account by itself, and what the account is called."""

    account_name: str
    kind: AccountEventKind
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """An account as its page shows it.

    `secrets` says how many values of each secret are in force: two while one is changed.
    """

    row: AccountRow
    options: Mapping[str, Any]
    secrets: Mapping[str, int]
    position: int
    fee_bp: int
    fee_fixed_minor: int
    networks: tuple[str, ...]
    history: tuple[AccountEntry, ...]


def account_details(*, merchant_id: int, uid: str) -> AccountDetails:
    """Return one account of the merchant, its history the newest first.

    Raises:
        UnknownAccount: The merchant has no such account.
    """
    with acting_as(merchant_id):
        shown = {row.uid: row for row in finding.accounts(merchant_id=merchant_id)}
        row = Account.objects.filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownAccount
        events = AccountEvent.objects.filter(merchant_id=merchant_id, account_id=row.pk)
        history = list(events.order_by("-id")[:EVENTS_SHOWN])
    info = account_secrets.info_of(row)
    return AccountDetails(
        row=shown[uid],
        options=info.options,
        secrets={name: len(values) for name, values in info.secrets.items()},
        position=row.position,
        fee_bp=row.fee_bp,
        fee_fixed_minor=row.fee_fixed_minor,
        networks=info.networks,
        history=tuple(
            AccountEntry(AccountEventKind(event.kind), event.detail, event.at) for event in history
        ),
    )


def health_event(*, merchant_id: int, event_id: int) -> HealthEvent:
    """Return one entry of an account's history."""
    with acting_as(merchant_id):
        row = AccountEvent.objects.get(merchant_id=merchant_id, id=event_id)
        name = Account.objects.values_list("name", flat=True).get(
            merchant_id=merchant_id, id=row.account_id
        )
    return HealthEvent(name, AccountEventKind(row.kind), row.detail)
