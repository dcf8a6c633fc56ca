"""Addresses of other systems that are told what happens (J2)."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StringConstraints

from kacang.messages.webhooks import operations, queries
from kacang.messages.webhooks.events import EVENTS
from kacang.messages.webhooks.operations import NOTE_MAX, URL_MAX, EndpointDraft
from kacang.messages.webhooks.queries import Endpoint, EndpointState
from kacang.shared.clock import utc_now
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, PageQuery, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import NO_NUL, Input, Output

router = Router(tags=["webhooks"])
reads = BearerKey("webhooks:read")
writes = BearerKey("webhooks:write")
# The member of an answer that is kept sealed only.
OPENS = "secret"
STATES = {
    EndpointState.ON: "on",
    EndpointState.OFF: "off",
    EndpointState.BROKEN: "broken",
}


class WebhookIn(Input):
    """An address to be told."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=URL_MAX, pattern=NO_NUL)] = (
        Field(
            description="`https://…`, on the internet. Redirects are not followed.",
            examples=["https://shop.example/kacang"],
        )
    )
    events: list[Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)]] = Field(
        default=[], max_length=50,
        description="Of these: " + ", ".join(f"`{name}`" for name in EVENTS) + ". None: all.",
        examples=[["order.delivered", "order.refunded"]],
    )  # fmt: skip
    description: Annotated[str, StringConstraints(max_length=NOTE_MAX, pattern=NO_NUL)] = ""


class Webhook(Output):
    """An address that is told what happens."""

    id: str
    url: str
    events: list[str] = Field(description="Empty: all.")
    description: str
    state: str = Field(description="`on`, `off`, or `broken`: it failed for five days.")
    created_at: datetime


class WebhookMade(Webhook):
    """A new address, with the secret that signs: told this once."""

    secret: str = Field(description="`whsec_` and base64, as Standard Webhooks has it.")


class WebhookList(Output):
    """The addresses, the oldest first."""

    items: list[Webhook]
    next_cursor: str | None


@router.post("/webhooks", response={201: WebhookMade}, auth=writes, operation_id="create_webhook")
def create(
    request: HttpRequest, data: WebhookIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Have an address told what happens, from now on."""
    caller = caller_of(request)

    def effect() -> WebhookMade:
        made = operations.add_endpoint(
            merchant_id=caller.merchant_id,
            draft=EndpointDraft(data.url, tuple(data.events), data.description),
            actor=caller.actor,
        )
        found = queries.endpoint(merchant_id=caller.merchant_id, uid=made.uid)
        return WebhookMade.model_construct(**_told(found), secret=made.secret)

    return once(request, Once(caller, repeat_key, 201, effect, secret=OPENS))


@router.get("/webhooks", response=WebhookList, auth=reads, operation_id="list_webhooks")
def list_webhooks(request: HttpRequest, asked: Query[PageQuery]) -> HttpResponse:
    """List the addresses that are told; at most 20, on one page."""
    del asked  # the list is never longer than a page
    found = queries.endpoints(merchant_id=caller_of(request).merchant_id)
    items = [Webhook.model_construct(**_told(one)) for one in found]
    return answer(WebhookList(items=items, next_cursor=None))


@router.delete(
    "/webhooks/{webhook_id}", response={204: None}, auth=writes, operation_id="delete_webhook"
)
def delete(request: HttpRequest, webhook_id: Id) -> HttpResponse:
    """Tell an address nothing any more, and forget its secret."""
    caller = caller_of(request)
    operations.remove_endpoint(
        merchant_id=caller.merchant_id, uid=webhook_id, actor=caller.actor, now=utc_now()
    )
    return HttpResponse(status=204)


def _told(found: Endpoint) -> dict[str, Any]:
    return {
        "id": found.uid,
        "url": found.url,
        "events": list(found.events),
        "description": found.note,
        "state": STATES[found.state],
        "created_at": utc(found.created_at),
    }
