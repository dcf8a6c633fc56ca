"""Whom an order's goods go to: written by staff, shown by mask, opened with a reason (rule 23)."""

from kacang.logistics import operations as logistics
from kacang.logistics.queries import RecipientView, recipients_of
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Event, Order, OrderState
from kacang.orders.shipping.telling import tell

_CLOSED = frozenset({OrderState.CANCELLED, OrderState.REFUNDED})


@retry_conflicts
def set_recipient(*, merchant_id: int, number: str, whom: RecipientView, actor: Actor) -> None:
    """Write whom an order's goods go to, in the place of what was known before.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It has no goods, or is closed.
        BadRecipient, RecipientMissing: As they say.
    """
    checked = logistics.read_recipient(whom)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if not order.has_goods or order.state in _CLOSED:
            raise NotNow
        logistics.keep_recipients(merchant_id=merchant_id, recipients={order.pk: checked})
        _tell(order, Event.RECIPIENT_CHANGED, actor, "", "orders.set_recipient")


def show_recipient(*, merchant_id: int, number: str, actor: Actor, reason: str) -> RecipientView:
    """Open whom an order goes to; who looks, and why, is written down before that.

    Raises:
        UnknownOrder: There is no such order.
        ReasonMissing: No reason was given.
        NotNow: Nobody has written whom it goes to.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise logistics.ReasonMissing
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        _tell(order, Event.RECIPIENT_SHOWN, actor, reason, "orders.show_recipient")
    found = recipients_of(merchant_id=merchant_id, order_ids=[order.pk])
    if order.pk not in found:
        raise NotNow
    return found[order.pk]


def masked_recipient(*, merchant_id: int, order_id: int) -> RecipientView | None:
    """Return what of a recipient may be seen without a reason, or None where there is none."""
    found = recipients_of(merchant_id=merchant_id, order_ids=[order_id])
    return found[order_id].masked() if order_id in found else None


def _tell(order: Order, event: Event, actor: Actor, reason: str, action: str) -> None:
    tell(order, event, actor, {"text": reason} if reason else {})
    audit.record(
        merchant_id=order.merchant_id,
        actor=actor,
        action=action,
        object_kind="order",
        object_uid=order.number,
        reason=reason,
    )
