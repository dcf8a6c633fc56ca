"""Placing, paying, looking at and cancelling orders."""

from base64 import b64encode
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Body, Query, Router

from kacang.customers.operations import ConsentWay
from kacang.logistics.queries import RecipientView
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.customers import linking, openids
from kacang.orders.types import (
    Channel,
    Delivered,
    Item,
    OrderFilter,
    OrderState,
    Origin,
    PlaceRequest,
    Sort,
)
from kacang.outbox.idempotency import Slot
from kacang.payments.ports import Device
from kacang.shared.contacts import Contact, read_contact
from kacang.web.api.answers import answer, utc
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.order_views import OPENS, detail, opened, placed, summary
from kacang.web.api.paging import (
    IDEMPOTENCY_KEY,
    Number,
    OrderQuery,
    PageQuery,
    RepeatKey,
)
from kacang.web.api.problems import Wrong
from kacang.web.api.repeats import Keep, Once, once
from kacang.web.api.schemas import (
    CancelIn,
    ContactIn,
    DeliveredFile,
    Delivery,
    DeliveryList,
    OpenidIn,
    OrderDetail,
    OrderIn,
    OrderList,
    OrderPlaced,
    PaymentIn,
    PaymentOpened,
    RecipientIn,
)

router = Router(tags=["orders"])
reads = BearerKey("orders:read")
writes = BearerKey("orders:write")
opens = BearerKey("secrets:read")

OFFSET_DIGITS = 9


@router.post("/orders", response={201: OrderPlaced}, auth=writes, operation_id="place_order")
def place(
    request: HttpRequest, data: OrderIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Place an order. Its cards are reserved until `pay_by`; nothing is kept when it is refused."""
    caller = caller_of(request)
    wish = wish_of(data, caller)

    def effect() -> OrderPlaced:
        order = orders.place_order(merchant_id=caller.merchant_id, request=wish)
        if data.remember:
            linking.remember_buyer(
                merchant_id=caller.merchant_id, number=order.number, way=ConsentWay.API
            )
        return placed(order, caller)

    def together(slot: Slot, keep: Keep) -> OrderPlaced | None:
        repeat = orders.Repeat(slot, lambda order: keep(placed(order, caller)))
        order = orders.place_order_once(merchant_id=caller.merchant_id, request=wish, repeat=repeat)
        return None if order is None else placed(order, caller)

    # Who is remembered is written beside the order, in the transaction of the key.
    meets = None if data.remember else together
    return once(request, Once(caller, repeat_key, 201, effect, secret=OPENS, together=meets))


@router.post(
    "/orders/{number}/payments",
    response={201: PaymentOpened},
    auth=writes,
    operation_id="open_payment",
)
def pay(
    request: HttpRequest, number: Number, data: PaymentIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Open a payment for an unpaid order: where the buyer pays, and what the QR code says."""
    caller = caller_of(request)

    def effect() -> PaymentOpened:
        payment = opened(
            orders.start_payment(
                merchant_id=caller.merchant_id,
                number=number,
                provider=data.provider,
                payer=orders.Payer(device=Device(data.device)),
            )
        )
        assert payment is not None
        return payment

    return once(request, Once(caller, repeat_key, 201, effect, calls_outside=True))


@router.get("/orders", response=OrderList, auth=reads, operation_id="list_orders")
def list_orders(request: HttpRequest, asked: Query[OrderQuery]) -> HttpResponse:
    """List orders, newest first, narrowed to what is asked for."""
    page = queries.orders_page(
        merchant_id=caller_of(request).merchant_id,
        where=_filter(asked),
        sort=Sort.NEWEST,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return answer(
        OrderList(items=[summary(row) for row in page.rows], next_cursor=page.next_cursor or None)
    )


@router.get("/orders/{number}", response=OrderDetail, auth=reads, operation_id="read_order")
def read(request: HttpRequest, number: Number) -> HttpResponse:
    """Show an order with its lines, payments and timeline; its codes are at `deliveries`."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        order = queries.order(merchant_id=merchant_id, number=number)
        events = queries.timeline(merchant_id=merchant_id, number=number)
    return answer(detail(order, events))


@router.get(
    "/orders/{number}/deliveries",
    response=DeliveryList,
    auth=opens,
    operation_id="read_deliveries",
)
def deliveries(request: HttpRequest, number: Number, asked: Query[PageQuery]) -> HttpResponse:
    """Open an order's codes. That they were looked at is written down first (rule 22)."""
    caller = caller_of(request)
    offset = _offset(asked.cursor)
    found = orders.deliveries(
        merchant_id=caller.merchant_id,
        number=number,
        actor=caller.actor,
        offset=offset,
        limit=asked.limit + 1,
    )
    response = answer(
        DeliveryList(
            items=[
                Delivery(
                    sku_id=unit.sku_uid,
                    serial=unit.serial or None,
                    secret=unit.secret,
                    expires_at=utc(unit.expires_at),
                    file=_file(unit),
                    replaced_at=utc(unit.replaced_at),
                )
                for unit in found[: asked.limit]
            ],
            next_cursor=str(offset + asked.limit) if len(found) > asked.limit else None,
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(unit: Delivered) -> DeliveredFile | None:
    if unit.file is None:
        return None
    return DeliveredFile(
        name=unit.file.name,
        content_type=unit.file.content_type,
        size=len(unit.file.content),
        content_base64=b64encode(unit.file.content).decode(),
    )


@router.post(
    "/orders/{number}/cancel", response=OrderDetail, auth=writes, operation_id="cancel_order"
)
def cancel(
    request: HttpRequest,
    number: Number,
    data: Annotated[CancelIn | None, Body()] = None,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Cancel an order that is not paid. Its cards are free again."""
    caller = caller_of(request)

    def effect() -> OrderDetail:
        merchant_id = caller.merchant_id
        with acting_as(merchant_id):
            orders.cancel_order(
                merchant_id=merchant_id,
                number=number,
                actor=caller.actor,
                reason=data.reason if data else "",
            )
            order = queries.order(merchant_id=merchant_id, number=number)
            events = queries.timeline(merchant_id=merchant_id, number=number)
        return detail(order, events)

    return once(request, Once(caller, repeat_key, 200, effect))


@router.post(
    "/orders/{number}/openid", response={204: None}, auth=writes, operation_id="set_order_openid"
)
def set_openid(request: HttpRequest, number: Number, data: OpenidIn) -> HttpResponse:
    """Say as whom the buyer of an order reads in the mini-program: for news of this order alone.

    It makes nobody a customer. Another one takes its place; safe to repeat.
    """
    caller = caller_of(request)
    openids.set_openid(
        merchant_id=caller.merchant_id, number=number, openid=data.openid, actor=caller.actor
    )
    return HttpResponse(status=204)


@router.delete(
    "/orders/{number}/openid", response={204: None}, auth=writes, operation_id="drop_order_openid"
)
def drop_openid(request: HttpRequest, number: Number) -> HttpResponse:
    """Take the openid of an order away; safe to repeat."""
    caller = caller_of(request)
    openids.drop_openid(merchant_id=caller.merchant_id, number=number, actor=caller.actor)
    return HttpResponse(status=204)


def wish_of(data: OrderIn, caller: Caller) -> PlaceRequest:
    """Return what is wanted, in the words of the orders' room.

    Raises:
        BadEmail, BadPhone: The contact is none.
    """
    return PlaceRequest(
        items=tuple(Item(item.sku_id, item.quantity, tuple(item.chosen)) for item in data.items),
        contact=_contact(data.contact),
        origin=Origin(channel=Channel.API, api_key_id=caller.key_id, store=data.store_id or ""),
        password=data.password or "",
        external_number=data.external_number,
        form=data.form,
        provider=data.provider or "",
        recipient=_recipient(data.recipient),
    )


def _contact(given: ContactIn) -> Contact:
    if not (given.email or given.phone):
        return Contact()
    return read_contact(email=given.email, phone=given.phone)


def _recipient(given: RecipientIn | None) -> RecipientView | None:
    if given is None:
        return None
    return RecipientView(given.name, given.phone, given.region, given.address, given.postcode or "")


def _filter(asked: OrderQuery) -> OrderFilter:
    contact = read_contact(email=asked.email, phone=asked.phone)
    return OrderFilter(
        state=None if asked.state is None else OrderState[asked.state.upper()],
        numbers=(asked.number,) if asked.number else (),
        email=contact.email,
        phone=contact.phone,
        external_number=asked.external_number,
        since=asked.since,
        until=asked.until,
        amount_min_minor=asked.amount_min_minor,
        amount_max_minor=asked.amount_max_minor,
        channel=asked.channel,
        phone_tail=asked.phone_tail,
        product=asked.product_id,
        sku=asked.sku_id,
        api_key=asked.api_key_id,
        store=asked.store_id,
        provider=asked.provider,
        account=asked.payment_account_id,
        customer=asked.customer_id,
        level=asked.customer_level_id,
        exception=asked.hold_reason,
        tag=asked.tag_id,
        has_note=asked.has_note,
        missed_deadline=asked.missed_deadline,
    )


def _offset(cursor: str) -> int:
    if cursor and not (cursor.isdecimal() and len(cursor) <= OFFSET_DIGITS):
        raise Wrong(422, "request.bad_cursor", "This cursor does not come from this list.")
    return int(cursor or 0)
