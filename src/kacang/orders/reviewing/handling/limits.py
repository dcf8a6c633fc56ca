"""What the clock does with orders of which nobody has decided in time, as their rules say (O9).

Each order is locked and looked at again before anything is done, as a person's decision does it:
of the clock and a clerk at the same second one decides, and a job that is run twice does nothing
the second time.
"""

import structlog
from django.db import transaction

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.exceptions.escalating import escalation_steps
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Event, Order
from kacang.orders.refunding.asking import RULE
from kacang.orders.reviewing.handling.people import (
    go_on,
    note_review,
    opened,
    tell_order,
    turn_away,
)
from kacang.orders.reviewing.types import Deed, NotReviewed, ReviewDecided, Verdict
from kacang.orders.statements import rows
from kacang.queue import enqueue
from kacang.shared.errors import DomainError

log = structlog.get_logger(__name__)

# What the buyer reads where nobody has looked in time, by the language of the order.
REASONS = {"zh-Hans": "审核时限内未能核实，订单已退款", "en": "It could not be checked in time"}
DUE = """
select o.number
from order_review v
join sale_order o on o.merchant_id = v.merchant_id and o.id = v.order_id
where v.merchant_id = %(merchant)s::bigint and v.state = 1 and v.limit_done_at is null
  and v.limit_at <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
order by v.limit_at, v.order_id limit %(most)s::int
"""
RULE_OF = """
select w.name
from review_hit h
join review_rule_version w on w.merchant_id = h.merchant_id and w.rule_id = h.rule_id
    and w.version = h.version
where h.merchant_id = %(merchant)s::bigint and h.order_id = %(order)s::bigint and h.is_deciding
"""
DONE = """
update order_review v
set limit_done_at = clock_timestamp() + make_interval(secs => %(shift)s::float8)
where v.merchant_id = %(merchant)s::bigint and v.order_id = %(order)s::bigint
"""
RISE = """
update order_exception x set level = greatest(x.level, %(level)s::smallint)
where x.merchant_id = %(merchant)s::bigint and x.order_id = %(order)s::bigint and x.kind = 5
  and x.closed_at is null
returning x.uid
"""


def obey_limits(*, merchant_id: int, most: int = 200) -> int:
    """Do with what nobody has decided in time what its rule says; return with how many.

    Safe to repeat, at any time, in parallel. One order that cannot be done holds up no other.
    """
    with acting_as(merchant_id):
        due = [row[0] for row in rows(DUE, {"merchant": merchant_id, "most": most})]
    return sum(_tried(merchant_id, number) for number in due)


def _tried(merchant_id: int, number: str) -> bool:
    try:
        return obey_limit(merchant_id=merchant_id, number=number)
    except Exception as error:
        # It is tried again in a minute; the others do not wait for it.
        log.exception("review.limit_failed", order=number, error=type(error).__name__)
        return False


@retry_conflicts
def obey_limit(*, merchant_id: int, number: str) -> bool:
    """Do with one order what its rule says, if it is due and nobody was quicker; say whether."""
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        place = {"merchant": merchant_id, "order": order.pk}
        try:
            found = opened(order)
        except (NotReviewed, ReviewDecided, NotNow):
            # It went on another way: its money is going back, or it was delivered.
            rows(DONE, place)
            return False
        if not found.is_due:
            return False
        rows(DONE, place)
        name = next((row[0] for row in rows(RULE_OF, place)), "")
        actor = Actor(kind="system", label=name)
        if found.deed is Deed.PASS:
            go_on(order, found.verdict, "", actor, "orders.review_limit_pass")
        elif found.deed is Deed.REFUSE:
            _refuse(order, found.verdict, actor)
        else:
            _escalate(order, actor)
    return True


def _refuse(order: Order, verdict: Verdict, actor: Actor) -> None:
    reason = REASONS.get(order.language, REASONS["en"])
    try:
        # All of it or nothing: what cannot be given back stays under review.
        with transaction.atomic():
            turn_away(order, verdict, reason, actor, ("orders.review_limit_refuse", RULE))
    except DomainError:
        _escalate(order, actor)


def _escalate(order: Order, actor: Actor) -> None:
    """Take an order to the highest level at once, and tell whoever it names; it goes on waiting."""
    merchant_id = order.merchant_id
    sync_order(merchant_id=merchant_id, order_id=order.pk)
    level = len(escalation_steps(merchant_id=merchant_id))
    tell_order(order, Event.REVIEW_LATE, "", actor)
    note_review(order, actor, "orders.review_limit_escalate", "")
    for (uid,) in rows(RISE, {"merchant": merchant_id, "order": order.pk, "level": level}):
        enqueue(
            "orders.tell_escalated", queue="mail", merchant_id=merchant_id, uid=uid, level=level
        )
