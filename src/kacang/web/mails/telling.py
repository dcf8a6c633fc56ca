"""To whom of a shop something is told: its buyer, its staff, by each channel that it wants."""

from collections.abc import Callable, Mapping
from functools import partial

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.messages.senders.queries import can_carry, can_text
from kacang.messages.wording.variables import WECHAT
from kacang.orders import queries as orders
from kacang.orders.customers import openids
from kacang.orders.types import OrderView


def is_on(merchant_id: int, name: str) -> bool:
    """Whether the merchant has a switch on."""
    return bool(merchants.setting(merchant_id=merchant_id, name=name))


def buyer_message(
    merchant_id: int, event: Event, order: OrderView, occasion: str, **more: object
) -> Tell:
    """Return what a buyer is told of an order, by each channel that the merchant wants."""
    return Tell(
        event=event,
        once=occasion,
        context={**of_order(order), **more},
        emails=[order.contact.email],
        phones=phones_of(merchant_id, order),
        openids=openids_of(merchant_id, order),
        language=order.language,
    )


def phones_of(merchant_id: int, order: OrderView) -> list[str]:
    """Return the number that a buyer is texted at, where texts can be sent at all."""
    return [order.contact.phone] if order.contact.phone and can_text(merchant_id) else []


def openids_of(merchant_id: int, order: OrderView) -> list[str]:
    """Return as whom a buyer reads in the mini-program, where the shop has one that is on."""
    if not can_carry(merchant_id, WECHAT):
        return []
    openid = openids.openid_of(merchant_id=merchant_id, order=order)
    return [openid] if openid else []


def tell_buyer(
    merchant_id: int, event: Event, order: OrderView, occasion: str, **more: object
) -> None:
    """Tell a buyer of an order, by each channel that the merchant wants."""
    message = buyer_message(merchant_id, event, order, occasion, **more)
    messages.tell(merchant_id=merchant_id, message=message)


def tell_staff(
    merchant_id: int,
    event: Event,
    occasion: str,
    context: Mapping[str, object],
    *,
    by_mail: bool = True,
) -> int:
    """Tell the staff in the console and, where they gave an address or number, there too."""
    address = str(merchants.setting(merchant_id=merchant_id, name="mail_staff"))
    phone = str(merchants.setting(merchant_id=merchant_id, name="sms_staff"))
    language = str(merchants.setting(merchant_id=merchant_id, name="default_language"))
    return messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=event,
            once=occasion,
            context=context,
            emails=[address] if address and by_mail else [],
            phones=[phone] if phone and can_text(merchant_id) else [],
            in_app=True,
            language=language,
            is_within=within(merchant_id, str(context.get("order") or "")),
        ),
    )


def within(merchant_id: int, number: str) -> Callable[[frozenset[str]], bool]:
    """Return what says whether a role of some reach sees an order; "": what is of no single one."""
    return partial(_is_within, merchant_id, number)


def _is_within(merchant_id: int, number: str, reach: frozenset[str]) -> bool:
    return bool(number) and orders.is_within(merchant_id=merchant_id, number=number, reach=reach)


def of_order(order: OrderView) -> dict[str, object]:
    """Return what messages say of an order: plain values, never who the buyer is."""
    first = order.lines[0]
    return {
        "order": order.number,
        "title": first.title,
        "amount": str(order.payable),
        "reason": order.hold_reason,
    }
