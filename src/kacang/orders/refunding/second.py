"""Money that came for an order which was paid already: given back by rule (P3, L4).

To where it came from when the company does that by a call, or into the wallet that the customer
has. Else, and when it fails, a person decides: it stays in suspense, or among the failed refunds.
"""

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Order
from kacang.orders.refunding.asking import RULE, gives_back, request_suspense_refund
from kacang.orders.refunding.to_wallets import open_wallet_of
from kacang.orders.refunding.types import Asked, NothingLeft, RefundWay, RefundWish
from kacang.payments import queries as payments
from kacang.payments.queries import ReceiptFit
from kacang.payments.refunding import refund_rows
from kacang.payments.refunding.refund_rows import GoesBack

REASON = "重复付款"


def refund_second(*, merchant_id: int, receipt_id: int) -> Asked | None:
    """Give back what was paid a second time, if the merchant has it so. May be repeated.

    Returns None when there is nothing to do: it is other money, a person has dealt with it, or it
    can go back no way that the merchant has chosen.
    """
    way = second_way(merchant_id=merchant_id, receipt_id=receipt_id)
    if way is None:
        return None
    with acting_as(merchant_id):
        money = _money(merchant_id, receipt_id)
    wish = RefundWish(amount=None, reason=REASON, way=way, request_uid=f"second-{receipt_id}")
    try:
        return request_suspense_refund(
            merchant_id=merchant_id,
            account_uid=money.account_uid,
            provider_number=money.provider_number,
            wish=wish,
            actor=SYSTEM,
            role=RULE,
        )
    except NothingLeft:
        # Somebody was quicker, by hand.
        return None


def second_way(*, merchant_id: int, receipt_id: int) -> RefundWay | None:
    """Return which way this money goes back by itself, or None: it is a person's to decide."""
    rule = merchants.setting(merchant_id=merchant_id, name="refund_second")
    receipt = payments.receipt(merchant_id=merchant_id, receipt_id=receipt_id)
    is_ours = receipt.fit is ReceiptFit.SECOND_PAYMENT and receipt.resolved_at is None
    if rule == "wait" or not is_ours:
        return None
    with acting_as(merchant_id):
        money = _money(merchant_id, receipt_id)
        if rule == "wallet" and _has_wallet(merchant_id, money):
            return RefundWay.WALLET
    return RefundWay.ORIGIN if gives_back(money.provider) else None


def _money(merchant_id: int, receipt_id: int) -> GoesBack:
    (money,) = refund_rows.refundable(merchant_id=merchant_id, receipt_id=receipt_id)
    return money


def _has_wallet(merchant_id: int, money: GoesBack) -> bool:
    if money.order_id is None:
        return False
    order = Order.objects.get(merchant_id=merchant_id, id=money.order_id)
    # A wallet has the order's currency, which money of another one does not fit.
    return order.currency == money.received.currency and open_wallet_of(order) is not None
