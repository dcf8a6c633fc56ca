"""Asking for money to go back, and seeing what became of that (P4)."""

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, StringConstraints

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.refunding.types import (
    BadUnits,
    Cards,
    RefundInfo,
    RefundStatus,
    RefundWay,
    RefundWish,
)
from kacang.orders.types import OrderView
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Number, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import MINOR_MAX, NO_NUL, Input, Output

router = Router(tags=["refunds"])
reads = BearerKey("orders:read")
writes = BearerKey("refunds:write")
UNITS_MAX = 1_000


class RefundUnit(Input):
    """One unit of an order: its line, and its place in it, both from 1."""

    line: Annotated[int, Field(ge=1, le=100)]
    unit: Annotated[int, Field(ge=1, le=10_000)]


class RefundIn(Input):
    """How much is to go back, for what, and which way."""

    amount_minor: Annotated[int, Field(ge=1, le=MINOR_MAX)] | None = Field(
        default=None, description="Left out: all that is left."
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]
    way: Literal["origin", "by_hand", "wallet"] = Field(
        default="origin",
        description="`origin`: by the payment company; `by_hand`: a person pays and notes it;"
        " `wallet`: into the wallet of who paid from one, else of the order's contact.",
    )
    units: list[RefundUnit] = Field(
        default=[], max_length=UNITS_MAX, description="What it is for. What was not delivered of"
        " an order goes with the last of its money anyway.",
    )  # fmt: skip
    cards: Literal["keep", "return", "void"] = Field(
        default="keep",
        description="What becomes of `units` that were delivered: `return` puts codes that nobody"
        " looked at, and goods, on sale again and makes the others void.",
    )


class Refund(Output):
    """Money of one receipt that goes back."""

    id: str
    state: str
    way: str
    amount_minor: int
    currency: str
    reason: str
    created_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    why: str | None = Field(description="Why it failed, in the payment company's words.")


class RefundAsked(Output):
    """What has come of asking: a refund for each receipt that the money is of."""

    state: str = Field(description="`requested` waits for a person to approve it.")
    amount_minor: int
    currency: str
    items: list[Refund]


class RefundList(Output):
    """An order's refunds, the oldest first."""

    items: list[Refund]
    next_cursor: str | None


@router.post(
    "/orders/{number}/refunds",
    response={201: RefundAsked},
    auth=writes,
    operation_id="ask_for_refund",
)
def ask(
    request: HttpRequest, number: Number, data: RefundIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Ask for an order's money to go back.

    It is done at once within what the merchant lets keys give back; else a person approves it.
    """
    caller = caller_of(request)

    def effect() -> RefundAsked:
        merchant_id = caller.merchant_id
        with acting_as(merchant_id):
            order = queries.order(merchant_id=merchant_id, number=number)
            asked = orders.request_refund(
                merchant_id=merchant_id,
                number=number,
                wish=_wish_of(data, order),
                actor=caller.actor,
                role="api",
            )
            found = refund_lists.refunds_of_order(merchant_id=merchant_id, order_id=order.id)
        return RefundAsked.model_construct(
            state=asked.state.name.lower(),
            amount_minor=asked.amount.minor,
            currency=asked.amount.currency,
            items=[_told(one) for one in found if one.number in asked.numbers],
        )

    return once(request, Once(caller, repeat_key, 201, effect))


@router.get(
    "/orders/{number}/refunds", response=RefundList, auth=reads, operation_id="list_refunds"
)
def list_refunds(request: HttpRequest, number: Number) -> HttpResponse:
    """List an order's refunds and how far each has come."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        order = queries.order(merchant_id=merchant_id, number=number)
        found = refund_lists.refunds_of_order(merchant_id=merchant_id, order_id=order.id)
    return answer(RefundList(items=[_told(one) for one in found], next_cursor=None))


def _wish_of(data: RefundIn, order: OrderView) -> RefundWish:
    lines = {place: line.id for place, line in enumerate(order.lines, start=1)}
    if any(unit.line not in lines for unit in data.units):
        raise BadUnits
    amount = data.amount_minor
    return RefundWish(
        amount=None if amount is None else Money(amount, order.payable.currency),
        reason=data.reason,
        units=tuple((lines[unit.line], unit.unit) for unit in data.units),
        cards=Cards[data.cards.upper()],
        way=RefundWay[data.way.upper()],
    )


def _told(refund: RefundInfo) -> Refund:
    return Refund.model_construct(
        id=refund.number,
        state=refund.state.name.lower(),
        way=refund.way.name.lower(),
        amount_minor=refund.amount.minor,
        currency=refund.amount.currency,
        reason=refund.reason,
        created_at=utc(refund.asked_at),
        decided_at=utc(refund.decided_at),
        ended_at=utc(refund.ended_at),
        why=refund.said if refund.state is RefundStatus.FAILED else None,
    )
