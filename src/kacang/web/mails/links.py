"""Sending what waits, with links and codes that exist in the mail alone.

Links are made of registered hosts and the installation's own address, never of a request's
(rule 29); a link's token is made when the mail is sent and is kept nowhere (rule 22).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Filling, Sending
from kacang.messages.restraint import refusing
from kacang.messages.restraint.rules import OPTIONAL
from kacang.orders import operations as orders
from kacang.shared.clock import utc_now
from kacang.shared.errors import NotFound
from kacang.supply import operations as supply
from kacang.web.mails import wallets as wallet_mails
from kacang.web.sign_in_tokens import Place, not_me_token
from kacang.web.wait_tokens import token_of


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
    if made is None:
        return None
    switches = _switches_url(sending)
    return Filling(made, unsubscribe_url=switches, switches_url=switches)


def _switches_url(sending: Sending) -> str:
    """Return where the reader of a mail says what they want; "" of what nobody can refuse."""
    if sending.event not in OPTIONAL:
        return ""
    token = refusing.token_for(sending.merchant_id, sending.event, sending.recipient)
    return shop_url(sending.merchant_id, "notice_switches", token=token)


def _order_link(sending: Sending) -> Mapping[str, str]:
    number = str(sending.context["order"])
    token = orders.new_access_token(merchant_id=sending.merchant_id, number=number)
    page = shop_url(sending.merchant_id, "order", number=number)
    return {"link": f"{page}?{urlencode({'t': token})}"}


def _restocked(sending: Sending) -> Filling:
    """Lead to the product; whose address it is, and how to be forgotten, is known here alone."""
    merchant_id, uid = sending.merchant_id, sending.recipient
    page = shop_url(merchant_id, "product", uid=str(sending.context["product"]))
    stop = shop_url(merchant_id, "wait_stop", token=token_of(uid))
    return Filling(
        {"link": f"{page}?{urlencode({'sku': sending.context['sku']})}", "stop": stop},
        address=supply.address_of(merchant_id=merchant_id, uid=uid),
        unsubscribe_url=stop,
    )


def _case_link(sending: Sending) -> Mapping[str, str]:
    number, uid = str(sending.context["order"]), str(sending.context["case"])
    token = orders.new_access_token(merchant_id=sending.merchant_id, number=number)
    page = shop_url(sending.merchant_id, "case", number=number, uid=uid)
    return {"link": f"{page}?{urlencode({'t': token})}"}


def _home_link(sending: Sending) -> Mapping[str, str]:
    return {"link": shop_url(sending.merchant_id, "home")}


def _wallet_link(sending: Sending) -> Mapping[str, str]:
    return {"link": shop_url(sending.merchant_id, "wallet")}


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


def _desk_visits_link(_sending: Sending) -> Mapping[str, str]:
    return _desk("console_operator_visits")


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
    Event.STAFF_VISIT: _desk_visits_link,
    Event.STAFF_VISIT_ASKED: _desk_visits_link,
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


def shop_url(merchant_id: int, name: str, **parts: str) -> str:
    """Return the whole address of a page of a merchant's shop."""
    hosts = merchants.hosts(merchant_id=merchant_id)
    if hosts:
        scheme = settings.PUBLIC_URL.partition("://")[0]
        return f"{scheme}://{hosts[0].name}{reverse(f'shop:{name}', kwargs=parts)}"
    slug = merchants.merchant(merchant_id=merchant_id).slug
    return settings.PUBLIC_URL + reverse(f"shop_of:{name}", kwargs={"merchant_slug": slug, **parts})
