"""What others may ask: addresses, what they were told, each try (J2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.messages.webhooks.events import EVENTS
from kacang.messages.webhooks.models import (
    EndpointState,
    HookState,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTry,
)
from kacang.messages.wording.models import MessageSwitch
from kacang.messages.wording.variables import WEBHOOK
from kacang.shared.errors import NotFound

__all__ = [
    "Endpoint", "EndpointState", "Hook", "HookPage", "HookState", "HookTry", "UnknownEndpoint",
    "endpoint", "endpoints", "hooks", "listeners", "listening_merchants", "switched_off",
    "tries_of",
]  # fmt: skip
TRIES_MOST = 50


class UnknownEndpoint(NotFound):
    """There is no such address."""

    code = "webhooks.unknown_endpoint"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address, without its secrets. `events` is empty where it is told of all."""

    uid: str
    url: str
    note: str
    events: tuple[str, ...]
    state: EndpointState
    failures: int
    failing_since: datetime | None
    old_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Hook:
    """A message to an address. `status` is what the last try was answered; 0: nothing."""

    uid: str
    event: str
    state: HookState
    tries: int
    status: int
    error: str
    data: Mapping[str, Any]
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class HookPage:
    """A page of messages, the newest first. `next_cursor` is empty on the last page."""

    rows: tuple[Hook, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class HookTry:
    """One call: when, what was answered, and after how long."""

    at: datetime
    status: int
    error: str
    milliseconds: int


def endpoints(*, merchant_id: int) -> list[Endpoint]:
    """Return the merchant's addresses, the oldest first; at most 20."""
    with acting_as(merchant_id):
        return [_endpoint(row) for row in _present(merchant_id).order_by("id")]


def endpoint(*, merchant_id: int, uid: str) -> Endpoint:
    """Return one address, or raise UnknownEndpoint."""
    with acting_as(merchant_id):
        row = _present(merchant_id).filter(uid=uid).first()
    if row is None:
        raise UnknownEndpoint
    return _endpoint(row)


def hooks(
    *,
    merchant_id: int,
    endpoint_uid: str,
    state: HookState | None = None,
    cursor: str = "",
    limit: int = 50,
) -> HookPage:
    """Return a page of what an address was told. A cursor that is none is taken as the start.

    Raises:
        UnknownEndpoint: The merchant has none of that uid.
    """
    with acting_as(merchant_id):
        of = _present(merchant_id).filter(uid=endpoint_uid).values_list("id", flat=True).first()
        if of is None:
            raise UnknownEndpoint
        every = WebhookMessage.objects.filter(merchant_id=merchant_id, endpoint_id=of)
        rows = every if state is None else every.filter(state=state)
        if cursor:
            before = every.filter(uid=cursor).values_list("id", flat=True).first()
            rows = rows.filter(id__lt=before) if before is not None else rows
        found = list(rows.order_by("-id")[: limit + 1])
    more = found[limit - 1].uid if len(found) > limit else ""
    return HookPage(tuple(_hook(row) for row in found[:limit]), more)


def tries_of(*, merchant_id: int, uid: str) -> list[HookTry]:
    """Return the calls that were made for one message, the newest first."""
    with acting_as(merchant_id):
        rows = WebhookTry.objects.filter(merchant_id=merchant_id, message_uid=uid)
        return [
            HookTry(row.at, row.status, row.error, row.milliseconds)
            for row in rows.order_by("-at")[:TRIES_MOST]
        ]


def listeners(*, merchant_id: int) -> dict[str, int]:
    """Return how many addresses that are switched on hear of each event."""
    found = endpoints(merchant_id=merchant_id)
    present = [one for one in found if one.state is EndpointState.ON]
    return {
        event: sum(not one.events or event in one.events for one in present) for event in EVENTS
    }


def switched_off(*, merchant_id: int) -> frozenset[str]:
    """Return the events of which no address of a merchant is told, whatever it wants to hear."""
    with acting_as(merchant_id):
        rows = MessageSwitch.objects.filter(merchant_id=merchant_id, channel=WEBHOOK, is_on=False)
        return frozenset(rows.values_list("event", flat=True))


def listening_merchants() -> frozenset[int]:
    """Return the merchants who have an address that is switched on."""
    with connection.cursor() as cursor:
        cursor.execute("select webhook_listeners()")
        return frozenset(row[0] for row in cursor.fetchall())


def is_listening(*, merchant_id: int) -> bool:
    """Whether the merchant has an address that is switched on."""
    with acting_as(merchant_id):
        return _present(merchant_id).filter(state=EndpointState.ON).exists()


def _present(merchant_id: int) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(merchant_id=merchant_id, removed_at__isnull=True)


def _endpoint(row: WebhookEndpoint) -> Endpoint:
    return Endpoint(
        uid=row.uid,
        url=row.url,
        note=row.note,
        events=tuple(row.events),
        state=EndpointState(row.state),
        failures=row.failures,
        failing_since=row.failing_since,
        old_until=row.old_until,
        created_at=row.created_at,
    )


def _hook(row: WebhookMessage) -> Hook:
    return Hook(
        uid=row.uid,
        event=row.event,
        state=HookState(row.state),
        tries=row.tries,
        status=row.status,
        error=row.error,
        data=row.data,
        created_at=row.created_at,
        next_at=row.next_at,
        ended_at=row.ended_at,
    )
