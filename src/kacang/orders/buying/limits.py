"""Which caps an order counts towards (L6, Z1, rule 9).

A machine's orders count by contact only: its address and device are the merchant's own server.
"""

from dataclasses import dataclass

from kacang.catalog.queries import StockMode
from kacang.orders.buying.drafts import Draft
from kacang.orders.buying.rules import Rules
from kacang.orders.errors import BuyerLimit, TooFast, TooManyUnpaid
from kacang.orders.models import Channel
from kacang.risk.keys import counter_key
from kacang.risk.operations import Scope, Want
from kacang.shared.errors import DomainError

UNPAID = (
    Scope.UNPAID_BY_CONTACT,
    Scope.UNPAID_BY_DEVICE,
    Scope.UNPAID_BY_ADDRESS,
    Scope.UNPAID_OF_SKU,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A place in a counter that the order at position `at` wants."""

    at: int
    want: Want


def wishes_of(at: int, draft: Draft, rules: Rules) -> list[Wish]:
    """Say what an order counts towards, and note on the draft what it will hold."""
    request = draft.request
    if request.is_redemption:
        # What was paid for already; how often codes are tried is counted for itself.
        return []
    contact = request.contact.email or request.contact.phone
    wants: list[Want] = []
    if draft.total_minor > 0:
        wants += _unpaid(draft, contact, rules)
        draft.held = [(counter_key(want.scope, want.value), want.amount) for want in wants]
    for line in draft.lines:
        if line.sku.max_per_buyer is not None and contact:
            value = f"{line.sku.id}:{contact}"
            wants.append(
                Want(Scope.BOUGHT_BY_CONTACT, value, line.quantity, line.sku.max_per_buyer)
            )
            draft.limits.append((counter_key(Scope.BOUGHT_BY_CONTACT, value), line.quantity))
    wants += _rates(draft, rules)
    return [Wish(at, want) for want in wants]


def refusal_of(want: Want) -> DomainError:
    """Return the error that says which cap was reached."""
    if want.scope in UNPAID:
        return TooManyUnpaid(most=want.cap)
    if want.scope == Scope.BOUGHT_BY_CONTACT:
        return BuyerLimit(most=want.cap)
    return TooFast(retry_seconds=want.window_seconds or 60)


def _unpaid(draft: Draft, contact: str, rules: Rules) -> list[Want]:
    origin = draft.request.origin
    if origin.channel != Channel.SHOP:
        cap = rules.unpaid_api
        return [Want(Scope.UNPAID_BY_CONTACT, contact, 1, cap)] if contact else []
    every = (
        (Scope.UNPAID_BY_CONTACT, contact, rules.unpaid_shop),
        (Scope.UNPAID_BY_DEVICE, origin.device, rules.unpaid_device),
        (Scope.UNPAID_BY_ADDRESS, origin.address, rules.unpaid_address),
    )
    wants = [Want(scope, value, 1, cap) for scope, value, cap in every if value]
    # Nobody holds more of a SKU unpaid, in however many orders, than one order may have.
    buyer = contact or origin.device or origin.address
    if buyer:
        wants += [
            Want(
                Scope.UNPAID_OF_SKU, f"{line.sku.id}:{buyer}", line.quantity, line.sku.max_per_order
            )
            for line in draft.lines
            if line.sku.stock_mode != StockMode.LOOP
        ]
    return wants


def _rates(draft: Draft, rules: Rules) -> list[Want]:
    origin = draft.request.origin
    if origin.channel != Channel.SHOP:
        return []
    every = (
        (Scope.ORDERS_BY_ADDRESS, origin.address, rules.per_minute_address),
        (Scope.ORDERS_BY_DEVICE, origin.device, rules.per_minute_device),
    )
    return [Want(scope, value, 1, cap, 60) for scope, value, cap in every if value]
