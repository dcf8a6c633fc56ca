"""Playing with webhooks: a merchant, addresses, a receiver that is really called."""

from datetime import datetime

from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.messages.webhooks import operations, sending
from kacang.messages.webhooks.models import WebhookEndpoint, WebhookMessage
from kacang.messages.webhooks.operations import (
    EndpointDraft,
)
from kacang.messages.webhooks.queries import HookState
from kacang.shared.clock import utc_now
from simulators.webhook_receiver import Receiver

OWNER = Actor("user", None, "owner@example.com")
DATA = {"number": "20261126ABCDEFGH12", "payable_minor": 1999, "currency": "CNY"}


def add(merchant: int, url: str = "https://erp.example.com/in", *wanted: str) -> str:
    draft = EndpointDraft(url, wanted, "ERP")
    return operations.add_endpoint(merchant_id=merchant, draft=draft, actor=OWNER).uid


def listen(merchant: int, receiver: Receiver, *wanted: str) -> str:
    draft = EndpointDraft(f"{receiver.url}/in", wanted)
    made = operations.add_endpoint(merchant_id=merchant, draft=draft, actor=OWNER)
    receiver.secret = made.secret
    return made.uid


def tell(merchant: int, once: str = "A", event: str = "order.delivered") -> int:
    return operations.tell(merchant_id=merchant, event=event, once=once, data=DATA)


def rows(merchant: int) -> list[WebhookMessage]:
    with acting_as(merchant):
        return list(WebhookMessage.objects.filter(merchant_id=merchant).order_by("id"))


def endpoint_row(merchant: int, uid: str) -> WebhookEndpoint:
    with acting_as(merchant):
        return WebhookEndpoint.objects.get(merchant_id=merchant, uid=uid)


def send(merchant: int, now: datetime | None = None, uid: str = "") -> HookState:
    return sending.send(
        merchant_id=merchant, uid=uid or rows(merchant)[-1].uid, now=now or utc_now()
    )


def queued(merchant: int) -> list[tuple[str, float]]:
    """The calls that are queued: message, seconds to wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select args->>'uid', extract(epoch from scheduled_at - now())"
            " from procrastinate_jobs where task_name = 'webhooks.send'"
            " and args->>'merchant_id' = %s::text order by id",
            [str(merchant)],
        )
        return [(uid, float(wait or 0)) for uid, wait in cursor.fetchall()]
