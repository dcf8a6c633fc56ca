"""Parcels of orders: sending goods, and where they are (L1)."""

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, StringConstraints

from kacang.logistics import queries as logistics
from kacang.logistics.queries import ShipmentView
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.shipping import operations as shipping
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import OrderView
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Number, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import NO_NUL, Input, Output, Text, Word

router = Router(tags=["shipments"])
reads = BearerKey("orders:read")
writes = BearerKey("orders:write")
LINES_MAX = 50


class ParcelLine(Input):
    """So many pieces of one line of the order, counted from 1."""

    line: Annotated[int, Field(ge=1, le=100)]
    pieces: Annotated[int, Field(ge=1, le=10_000)]


class ShipmentIn(Input):
    """A parcel that is sent."""

    courier: Word = Field(description="`sf`, `jd`, `zto`, `yto`, `sto`, `yunda`, `other` …")
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)]
    items: list[ParcelLine] = Field(
        default=[], max_length=LINES_MAX, description="Left out: all that is still in the house."
    )  # fmt: skip


class Shipment(Output):
    """A parcel as it is now."""

    id: str
    courier: str
    courier_name: Text
    tracking_number: str
    tracking_url: str | None
    items: list[ParcelLine]
    created_at: datetime
    arrived_at: datetime | None
    voided_at: datetime | None


class ShipmentList(Output):
    """The parcels of an order, the oldest first."""

    items: list[Shipment]


@router.post(
    "/orders/{number}/shipments",
    response={201: Shipment},
    auth=writes,
    operation_id="ship_order",
)
def ship(
    request: HttpRequest, number: Number, data: ShipmentIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Send an order's goods, or some of them, with a courier and a tracking number."""
    caller = caller_of(request)

    def effect() -> Shipment:
        wish = ParcelWish(
            data.courier,
            data.tracking_number,
            {item.line: item.pieces for item in data.items},
        )
        with acting_as(caller.merchant_id):
            parcel = shipping.ship_order(
                merchant_id=caller.merchant_id, number=number, wish=wish, actor=caller.actor
            )
            order = queries.order(merchant_id=caller.merchant_id, number=number)
        return _shown(parcel, order)

    return once(request, Once(caller, repeat_key, 201, effect))


@router.get(
    "/orders/{number}/shipments",
    response=ShipmentList,
    auth=reads,
    operation_id="list_shipments",
)
def shipments(request: HttpRequest, number: Number) -> HttpResponse:
    """List an order's parcels; those that were called back are among them."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        order = queries.order(merchant_id=merchant_id, number=number)
        found = logistics.shipments_of(merchant_id=merchant_id, order_ids=[order.id])[order.id]
    return answer(ShipmentList(items=[_shown(parcel, order) for parcel in found]))


def _shown(parcel: ShipmentView, order: OrderView) -> Shipment:
    numbers = {line.id: at for at, line in enumerate(order.lines, start=1)}
    pieces: dict[int, int] = {}
    for line_id, _ in parcel.places:
        pieces[numbers[line_id]] = pieces.get(numbers[line_id], 0) + 1
    return Shipment.model_construct(
        id=parcel.uid,
        courier=parcel.courier,
        courier_name=parcel.courier_name,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.page_url or None,
        items=[ParcelLine(line=line, pieces=count) for line, count in sorted(pieces.items())],
        created_at=utc(parcel.created_at),
        arrived_at=utc(parcel.arrived_at),
        voided_at=utc(parcel.voided_at),
    )
