"""What happens to an order when a change of it is approved (O6). Locked by the caller."""

import json
from dataclasses import asdict
from typing import Any

from kacang.logistics import operations as logistics
from kacang.logistics import queries as parcels
from kacang.logistics.queries import RecipientView
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.orders.errors import NotNow
from kacang.orders.exceptions.change_types import FORM, CancelBeyond, ChangeView, GoodsLeft
from kacang.orders.models import Event, Line, Order, OrderState, Unit, UnitState
from kacang.orders.refunding.asking import gives_back, request_refund
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish
from kacang.orders.shipping.telling import tell
from kacang.payments.refunding import refund_rows

_S = OrderState
# Answers are of use until the order is delivered; a contact as long as somebody may be written to.
BEFORE_DELIVERY = frozenset({_S.PENDING, _S.PAID, _S.FULFILLING, _S.ON_HOLD})
# Paid, and nothing has come of it.
CANCELLABLE = frozenset({_S.PAID, _S.ON_HOLD})
OVER = frozenset({_S.CANCELLED, _S.REFUNDED})
_OUT = (UnitState.DELIVERED, UnitState.SHIPPED)
TABLE = "change_request"
SEALED_ANSWERS, SEALED_RECIPIENT = "sealed", "recipient"


def make(order: Order, change: ChangeView, sealed: bytes | None, whom: bytes | None) -> None:
    """Make what was asked for of a contact, of answers and of whom it goes to.

    Raises:
        NotNow: The order is over meanwhile, or its answers are used.
        GoodsLeft: Goods have left meanwhile.
    """
    if order.state in OVER:
        raise NotNow
    fields = _fields(order, change, sealed)
    if fields:
        Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(**fields)
    if whom:
        check_sendable(order)
        opened = open_recipient(order.merchant_id, change.uid, bytes(whom))
        logistics.keep_recipients(merchant_id=order.merchant_id, recipients={order.pk: opened})


def cancel(order: Order, change: ChangeView, actor: Actor, role: str) -> None:
    """Give up a paid order of which nothing has come: all of its money goes back.

    Raises:
        NotNow: It is not paid, over, or costs nothing.
        GoodsLeft: Something of it was delivered or sent meanwhile.
        CancelBeyond: It is more than `role` may give back alone.
    """
    check_cancellable(order)
    money = refund_rows.refundable(merchant_id=order.merchant_id, order_id=order.pk)
    by_call = all(gives_back(part.provider) for part in money)
    wish = RefundWish(
        amount=None,
        reason=change.reason,
        way=RefundWay.ORIGIN if by_call else RefundWay.BY_HAND,
        request_uid=change.uid,
    )
    asked = request_refund(
        merchant_id=order.merchant_id, number=order.number, wish=wish, actor=actor, role=role
    )
    if asked.state is RefundStatus.REQUESTED:
        raise CancelBeyond


def check_sendable(order: Order) -> None:
    """Refuse another recipient where there is nothing to send, or it has left.

    Raises:
        NotNow: The order has no goods, or is over.
        GoodsLeft: A parcel has left, or goods were handed over.
    """
    if not order.has_goods or order.state in OVER:
        raise NotNow
    found = parcels.shipments_of(merchant_id=order.merchant_id, order_ids=[order.pk])[order.pk]
    if any(one.voided_at is None for one in found) or order.state not in BEFORE_DELIVERY:
        raise GoodsLeft


def check_cancellable(order: Order) -> None:
    """Refuse to give up an order that is not paid, is over, or of which something has left.

    Raises:
        NotNow, GoodsLeft: As they say.
    """
    if order.state in (_S.FULFILLING, _S.SHIPPED, _S.DELIVERED, _S.COMPLETED):
        raise GoodsLeft
    if order.state not in CANCELLABLE or not order.payable_minor:
        raise NotNow
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    out = Unit.objects.filter(
        merchant_id=order.merchant_id, line_id__in=lines.values("id"), state__in=_OUT
    )
    if out.exists():
        raise GoodsLeft


def note_recipient(order: Order, actor: Actor) -> None:
    """Tell the order's timeline that it goes somewhere else from now on; never where."""
    tell(order, Event.RECIPIENT_CHANGED, actor, {})


def seal_recipient(merchant_id: int, uid: str, whom: RecipientView) -> bytes:
    """Seal whom an order is to go to, for the request of this uid alone."""
    text = json.dumps(asdict(whom), ensure_ascii=False).encode()
    return sealing_cipher(merchant_id).seal(TABLE, SEALED_RECIPIENT, text, uid.encode())


def open_recipient(merchant_id: int, uid: str, sealed: bytes) -> RecipientView:
    """Open whom a request names; who looks, and why, is written down before that."""
    text = cipher_for(merchant_id).open(TABLE, SEALED_RECIPIENT, sealed, uid.encode())
    return RecipientView(**json.loads(text))


def _fields(order: Order, change: ChangeView, sealed: bytes | None) -> dict[str, Any]:
    answers = {
        name.removeprefix(FORM): new
        for name, (_, new) in change.changes.items()
        if name.startswith(FORM)
    }
    if (answers or sealed) and order.state not in BEFORE_DELIVERY:
        raise NotNow
    fields: dict[str, Any] = {}
    if "email" in change.changes:
        fields["email"] = change.changes["email"][1]
    if "phone" in change.changes:
        fields["phone"] = change.changes["phone"][1]
        fields["phone_tail"] = fields["phone"][-4:]
    if answers:
        fields["form"] = {**order.form, **answers}
    if sealed:
        fields["form_sealed"] = _resealed(order, change.uid, bytes(sealed))
    return fields


def _resealed(order: Order, uid: str, sealed: bytes) -> bytes:
    """Put new secret answers in the place of the old ones; nobody looks at them (rule 27)."""
    cipher = cipher_for(order.merchant_id)
    new = json.loads(cipher.open(TABLE, SEALED_ANSWERS, sealed, uid.encode()))
    place = order.number.encode()
    old: dict[str, str] = {}
    if order.form_sealed is not None:
        old = json.loads(cipher.open("sale_order", "form", bytes(order.form_sealed), place))
    text = json.dumps({**old, **new}).encode()
    return sealing_cipher(order.merchant_id).seal("sale_order", "form", text, place)
