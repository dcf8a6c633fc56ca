"""What mails and notices say, put together from the rooms, and where their links lead.

Each function is one job's one call. Links are made of registered hosts and the installation's
own address, never of a request's (rule 29); a link's token is made when the mail is sent and is
kept nowhere (rule 22).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Filling, Sending, Tell
from kacang.messages.registry import can_text
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.types import OrderView
from kacang.payments import queries as payments
from kacang.payments.bank_transfers import transfers
from kacang.shared.clock import utc_now
from kacang.shared.errors import NotFound
from kacang.shared.ids import new_uid
from kacang.supply import operations as supply
from kacang.web import wallet_mails
from kacang.web.sign_in_tokens import Place, not_me_token
from kacang.web.wait_tokens import token_of


def tell_delivered(*, merchant_id: int, order_id: int, again: int = 0) -> None:
    """Mail the buyer the way to the codes; `again` when somebody asked for it once more."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    occasion = f"{order.number}/{new_uid('again')}" if again else order.number
    message = buyer_message(merchant_id, Event.ORDER_DELIVERED, order, occasion)
    if again:
        message = replace(message, phones=(), is_asked_for=True)
    messages.tell(merchant_id=merchant_id, message=message)


def tell_ready(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer that goods are paid for, and where to read how they are handed over (S1)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    contact = merchants.setting(merchant_id=merchant_id, name="support_contact")
    _tell_buyer(merchant_id, Event.ORDER_READY, order, order.number, contact=contact)


def tell_replaced(*, merchant_id: int, order_id: int, occasion: str) -> None:
    """Mail the buyer that cards were replaced, and where the new ones are (V3)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    _tell_buyer(merchant_id, Event.ORDER_REPLACED, order, f"{order.number}/{occasion}")


def tell_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell buyer and staff that a paid order waits, and why (L4)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    _tell_buyer(merchant_id, Event.ORDER_WAITING, order, order.number)
    tell_staff(merchant_id, Event.STAFF_ORDER_WAITING, order.number, _of_order(order))


def tell_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell the buyer that an unpaid order was cancelled, where the merchant wants that."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    _tell_buyer(merchant_id, Event.ORDER_CANCELLED, order, order.number)


def tell_suspense(*, merchant_id: int, receipt_id: int) -> None:
    """Tell the staff of money that fits no order (rule 11), unless it goes back by itself (P3)."""
    if orders.second_way(merchant_id=merchant_id, receipt_id=receipt_id) is not None:
        return
    found = payments.receipt(merchant_id=merchant_id, receipt_id=receipt_id)
    context = {"amount": str(found.amount), "receipt": found.provider_number}
    tell_staff(merchant_id, Event.STAFF_SUSPENSE, str(receipt_id), context)


def tell_proof(*, merchant_id: int, proof_uid: str) -> None:
    """Tell the staff of a bank transfer that a buyer has proved (P1)."""
    found = transfers.proof(merchant_id=merchant_id, uid=proof_uid).transfer
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=found.order_id)
    context = {"order": order.number, "amount": str(found.amount), "payment": found.number}
    context["reference"] = found.reference
    tell_staff(merchant_id, Event.STAFF_TRANSFER, proof_uid, context)


def tell_rejected(*, merchant_id: int, proof_uid: str) -> None:
    """Mail the buyer that a proof was not accepted, and why."""
    found = transfers.proof(merchant_id=merchant_id, uid=proof_uid)
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=found.transfer.order_id)
    why = found.reason
    _tell_buyer(
        merchant_id, Event.ORDER_PROOF_REJECTED, order, f"{order.number}/{proof_uid}", why=why
    )


def tell_withdrawal_asked(*, merchant_id: int, uid: str) -> None:
    """Tell the staff that somebody has to approve a withdrawal (F3)."""
    context = wallet_mails.of_asked(merchant_id=merchant_id, uid=uid)
    tell_staff(merchant_id, Event.STAFF_WITHDRAWAL, uid, context)


def send_code(*, merchant_id: int, code_id: int) -> None:
    """Mail a buyer the one-time code to an order."""
    found = orders.code_to_send(merchant_id=merchant_id, code_id=code_id)
    if found is None:
        return
    order, _ = found
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.ORDER_CODE,
            once=str(code_id),
            context={"order": order.number, "code_id": code_id},
            emails=[order.email],
            language=order.language,
        ),
    )


def send(*, merchant_id: int, uid: str) -> None:
    """Send a mail that waits, with links and codes that exist in it alone."""
    messages.send(merchant_id=merchant_id, uid=uid, now=utc_now(), fill=_fill)


def _fill(sending: Sending) -> Filling | None:
    maker = _LINKS.get(sending.event)
    try:
        if sending.event == Event.RESTOCKED:
            return _restocked(sending)
        made = maker(sending) if maker else {}
    except NotFound:
        return None
    return None if made is None else Filling(made)


def _order_link(sending: Sending) -> Mapping[str, str]:
    number = str(sending.context["order"])
    token = orders.new_access_token(merchant_id=sending.merchant_id, number=number)
    page = _shop_url(sending.merchant_id, "order", number=number)
    return {"link": f"{page}?{urlencode({'t': token})}"}


def _restocked(sending: Sending) -> Filling:
    """Lead to the product; whose address it is, and how to be forgotten, is known here alone."""
    merchant_id, uid = sending.merchant_id, sending.recipient
    page = _shop_url(merchant_id, "product", uid=str(sending.context["product"]))
    stop = _shop_url(merchant_id, "wait_stop", token=token_of(uid))
    return Filling(
        {"link": f"{page}?{urlencode({'sku': sending.context['sku']})}", "stop": stop},
        address=supply.address_of(merchant_id=merchant_id, uid=uid),
        unsubscribe_url=stop,
    )


def _case_link(sending: Sending) -> Mapping[str, str]:
    number, uid = str(sending.context["order"]), str(sending.context["case"])
    token = orders.new_access_token(merchant_id=sending.merchant_id, number=number)
    page = _shop_url(sending.merchant_id, "case", number=number, uid=uid)
    return {"link": f"{page}?{urlencode({'t': token})}"}


def _home_link(sending: Sending) -> Mapping[str, str]:
    return {"link": _shop_url(sending.merchant_id, "home")}


def _wallet_link(sending: Sending) -> Mapping[str, str]:
    return {"link": _shop_url(sending.merchant_id, "wallet")}


def _code(sending: Sending) -> Mapping[str, str] | None:
    code_id = int(sending.context["code_id"])
    found = orders.code_to_send(merchant_id=sending.merchant_id, code_id=code_id)
    return None if found is None else {"code": found[1]}


def _not_me_link(sending: Sending) -> Mapping[str, str]:
    said = sending.context
    place = Place(int(said["user_id"]), str(said["device"]), str(said["network"]))
    return _desk("console_not_me", token=not_me_token(place))


def _desk_order_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_order", number=str(sending.context["order"]))


def _desk_suspense_link(_sending: Sending) -> Mapping[str, str]:
    return _desk("console_suspense")


def _desk_account_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_payment_account", uid=str(sending.context["account"]))


def _desk_transfer_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_transfer", number=str(sending.context["payment"]))


def _desk_refund_link(sending: Sending) -> Mapping[str, str]:
    return {"link": _desk("console_refunds")["link"] + f"?q={sending.context['refund']}"}


def _desk_exception_link(sending: Sending) -> Mapping[str, str]:
    return {"link": _desk("console_exceptions")["link"] + f"?q={sending.context['order']}"}


def _desk_deadlines_link(_sending: Sending) -> Mapping[str, str]:
    return _desk("console_deadlines")


def _desk_case_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_case", uid=str(sending.context["case"]))


def _desk_withdrawal_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_withdrawal", uid=str(sending.context["withdrawal"]))


def _desk_expiring_link(_sending: Sending) -> Mapping[str, str]:
    return _desk("console_expiring")


def _desk_webhook_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_webhook", uid=str(sending.context["webhook"]))


def _desk_low_links(sending: Sending) -> Mapping[str, Any]:
    rows = [
        {**row, **_desk("console_stock_sku", uid=str(row["sku"]))}
        for row in sending.context["rows"]
    ]
    everything = _desk("console_stock")["link"] + "?" + urlencode({"show": "low"})
    return {"link": everything, "rows": rows}


def _desk_stock_link(sending: Sending) -> Mapping[str, str]:
    return _desk("console_stock_sku", uid=str(sending.context["sku"]))


_LINKS = {
    Event.ORDER_DELIVERED: _order_link,
    Event.ORDER_READY: _order_link,
    Event.ORDER_SHIPPED: _order_link,
    Event.ORDER_WAITING: _order_link,
    Event.ORDER_REPLACED: _order_link,
    Event.ORDER_EXPIRING: _order_link,
    Event.ORDER_PROOF_REJECTED: _order_link,
    Event.ORDER_REFUNDED: _order_link,
    Event.ORDER_UNPAID: _order_link,
    Event.ORDER_CHANGED: _order_link,
    Event.ORDER_CONTACT_CHANGED: _home_link,
    Event.ORDER_CANCELLED: _home_link,
    Event.CASE_ANSWERED: _case_link,
    Event.CASE_DECIDED: _case_link,
    Event.ORDER_CODE: _code,
    Event.WALLET_CODE: wallet_mails.code_of,
    Event.WITHDRAWAL: _wallet_link,
    Event.SIGN_IN_NEW: _not_me_link,
    Event.STAFF_ORDER_WAITING: _desk_order_link,
    Event.STAFF_SUSPENSE: _desk_suspense_link,
    Event.STAFF_TRANSFER: _desk_transfer_link,
    Event.STAFF_ACCOUNT_PAUSED: _desk_account_link,
    Event.STAFF_ACCOUNT_WELL: _desk_account_link,
    Event.STAFF_REFUND_ASKED: _desk_refund_link,
    Event.STAFF_REFUND_FAILED: _desk_refund_link,
    Event.STAFF_REFUND_OUTSIDE: _desk_refund_link,
    Event.STAFF_DEADLINES: _desk_deadlines_link,
    Event.STAFF_ESCALATED: _desk_exception_link,
    Event.STAFF_CASE: _desk_case_link,
    Event.STAFF_CASE_DUE: _desk_case_link,
    Event.STAFF_CASE_LATE: _desk_case_link,
    Event.STAFF_WITHDRAWAL: _desk_withdrawal_link,
    Event.STAFF_LOW_STOCK: _desk_stock_link,
    Event.STAFF_LOW_DIGEST: _desk_low_links,
    Event.STAFF_EXPIRING: _desk_expiring_link,
    Event.STAFF_WEBHOOK_OFF: _desk_webhook_link,
}


def _desk(name: str, **parts: str) -> Mapping[str, str]:
    base = settings.PUBLIC_URL
    if settings.CONSOLE_HOST:
        base = f"{base.partition('://')[0]}://{settings.CONSOLE_HOST}"
    return {"link": base + reverse(name, kwargs=parts)}


def _shop_url(merchant_id: int, name: str, **parts: str) -> str:
    hosts = merchants.hosts(merchant_id=merchant_id)
    if hosts:
        scheme = settings.PUBLIC_URL.partition("://")[0]
        return f"{scheme}://{hosts[0].name}{reverse(f'shop:{name}', kwargs=parts)}"
    slug = merchants.merchant(merchant_id=merchant_id).slug
    return settings.PUBLIC_URL + reverse(f"shop_of:{name}", kwargs={"merchant_slug": slug, **parts})


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
        context={**_of_order(order), **more},
        emails=[order.contact.email],
        phones=[order.contact.phone] if can_text(merchant_id) else [],
        language=order.language,
    )


def _tell_buyer(
    merchant_id: int, event: Event, order: OrderView, occasion: str, **more: object
) -> None:
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
        ),
    )


def _of_order(order: OrderView) -> dict[str, object]:
    first = order.lines[0]
    return {
        "order": order.number,
        "title": first.title,
        "amount": str(order.payable),
        "reason": order.hold_reason,
    }
