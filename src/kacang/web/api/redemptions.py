"""Redeeming codes for what they are good for, from a partner's shop (L21)."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, StringConstraints

from kacang.merchants.keys import cipher_for
from kacang.orders import operations as orders
from kacang.orders.types import Channel, Origin
from kacang.shared.contacts import Contact, read_contact
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.order_views import OPENS, STATES
from kacang.web.api.paging import IDEMPOTENCY_KEY, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import NO_NUL, ContactIn, FieldName, Input, LongText, Output, StoreId

CODE_MOST = 2_000
router = Router(tags=["redemptions"])
writes = BearerKey("redemptions:write")


class RedemptionIn(Input):
    """A code, and whom its goods are for."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=CODE_MOST, pattern=NO_NUL)]
    contact: ContactIn = ContactIn()
    password: Annotated[str, StringConstraints(max_length=128, pattern=NO_NUL)] | None = Field(
        default=None, description="Opens the codes of the order. Only its hash is kept."
    )
    external_number: (
        Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)] | None
    ) = Field(default=None, description="Your own number for this order: unique per key.")
    store_id: StoreId = None
    form: dict[FieldName, LongText] = Field(
        default={}, max_length=40, description="Answers to the product's form fields, by name."
    )


class Redemption(Output):
    """The order that was placed for a code, and delivered."""

    number: str
    state: str
    sku_id: str = Field(description="What the code was good for: one piece of it.")
    access_url: str = Field(description="Opens the order's page with its codes.")


@router.post("/redemptions", response={201: Redemption}, auth=writes, operation_id="redeem_code")
def redeem_code(
    request: HttpRequest, data: RedemptionIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Redeem a code that was sold, once: an order of nothing is placed and delivered at once.

    A code that cannot be redeemed is refused without saying why.
    """
    caller = caller_of(request)
    wish = _wish_of(data, caller)
    # What is kept of the request must not help anybody to guess the code.
    content = cipher_for(caller.merchant_id).fingerprint(request.body)
    with orders.trying(
        merchant_id=caller.merchant_id, origin=wish.origin, actor=caller.actor
    ) as attempt:

        def effect() -> Redemption:
            done = attempt.redeem(wish)
            return Redemption.model_construct(
                number=done.order.number,
                state=STATES[done.order.state],
                sku_id=done.sku_uid,
                access_url=caller.access_url(done.order.number, done.order.access_token),
            )

        return once(request, Once(caller, repeat_key, 201, effect, secret=OPENS, content=content))


def _wish_of(data: RedemptionIn, caller: Caller) -> orders.RedeemRequest:
    given = data.contact
    has_contact = bool(given.email or given.phone)
    return orders.RedeemRequest(
        code=data.code,
        contact=read_contact(email=given.email, phone=given.phone) if has_contact else Contact(),
        origin=Origin(channel=Channel.API, api_key_id=caller.key_id, store=data.store_id or ""),
        password=data.password or "",
        external_number=data.external_number,
        form=data.form,
    )
