"""Who is told of a refund: the order's timeline, the audit log, the buyer (O7, I3)."""

from collections.abc import Sequence

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.orders.models import Event, Order, TimelineEntry
from kacang.orders.refunding.types import RefundInfo
from kacang.orders.statements import rows
from kacang.shared.clock import utc_now

_NEWS = """
insert into outbox (merchant_id, kind, payload)
values (%(merchant)s::bigint, 'orders.refunded',
        jsonb_build_object('order_id', %(order)s::bigint, 'refund', %(refund)s::text))
"""


def note(
    order: Order | None, refunds: Sequence[RefundInfo], event: Event, actor: Actor, text: str = ""
) -> None:
    """Write into the order's timeline what happened to these refunds of it."""
    if order is None:
        return
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            merchant_id=order.merchant_id,
            order_id=order.pk,
            event=event,
            actor_kind=actor.kind,
            actor_label=actor.label[:120],
            detail={
                "refund": refund.number,
                "amount": refund.amount.minor,
                "currency": refund.amount.currency,
                "text": text,
            },
            address=actor.address[:50],
            at=utc_now(),
        )
        for refund in refunds
    )


def log(merchant_id: int, refund: RefundInfo, actor: Actor, action: str, reason: str = "") -> None:
    """Write to the audit log what a person or a machine decided about a refund."""
    if actor.kind in ("buyer", "system"):
        return
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="refund",
        object_uid=refund.number,
        after={
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
            "way": refund.way.name.lower(),
        },
        reason=reason,
    )


def news(order: Order, refund: RefundInfo) -> None:
    """Tell whoever listens that money has gone back."""
    values = {"merchant": order.merchant_id, "order": order.pk, "refund": refund.number}
    rows(_NEWS, values)
