"""What a customer wants to be told, whichever way it would reach them (N1)."""

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from kacang.customers import queries
from kacang.messages.restraint import refusing
from kacang.messages.restraint.rules import OPTIONAL
from kacang.shared.clock import utc_now
from kacang.web.api.answers import answer
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import EventName, Input, Output

router = Router(tags=["customers"])
reads = BearerKey("customers:read")
writes = BearerKey("customers:write")


class CustomerNoticesIn(Input):
    """What a customer does not want to be told; all else that can be refused is told."""

    refused: list[EventName] = Field(max_length=50)


class CustomerNotices(Output):
    """What can be refused, and what of it this customer does not want."""

    can_refuse: list[str]
    refused: list[str]


@router.get(
    "/customers/{customer_id}/notices",
    response=CustomerNotices,
    auth=reads,
    operation_id="read_customer_notices",
)
def read(request: HttpRequest, customer_id: Id) -> HttpResponse:
    """Show what a customer does not want to be told at any of their addresses."""
    return answer(_told(caller_of(request), customer_id))


@router.post(
    "/customers/{customer_id}/notices",
    response=CustomerNotices,
    auth=writes,
    operation_id="choose_customer_notices",
)
def choose(
    request: HttpRequest,
    customer_id: Id,
    data: CustomerNoticesIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Take a customer's choice for e-mail, text messages and the mini-program alike.

    What was bought, money, codes and answers are told in any case.
    """
    caller = caller_of(request)

    def effect() -> CustomerNotices:
        refusing.choose_at(
            merchant_id=caller.merchant_id,
            addresses=_addresses(caller, customer_id),
            unwanted=data.refused,
            subject=customer_id,
            actor=caller.actor,
            now=utc_now(),
        )
        return _told(caller, customer_id)

    return once(request, Once(caller, repeat_key, 200, effect))


def _addresses(caller: Caller, uid: str) -> list[str]:
    view = queries.customer(merchant_id=caller.merchant_id, uid=uid)
    return [one.value for one in view.contacts]


def _told(caller: Caller, uid: str) -> CustomerNotices:
    refused = refusing.refused_at(merchant_id=caller.merchant_id, addresses=_addresses(caller, uid))
    return CustomerNotices.model_construct(
        can_refuse=sorted(OPTIONAL), refused=sorted(event for event in refused)
    )
