"""Bringing over orders that were paid and delivered elsewhere.

They are marked by their channel, have no payment and no transfer: figures and books count what
was sold here. Each unit has the card that was delivered, so that buyers find their codes and
after-sales can name them; a unit whose card is not known is closed, and nothing is delivered
for it again.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView
from kacang.merchants.keys import cipher_for
from kacang.orders.buying.drafts import LINES_MAX, UNITS_MAX, hash_token
from kacang.orders.models import (
    Channel,
    Event,
    Line,
    Order,
    OrderState,
    TimelineEntry,
    Unit,
    UnitState,
)
from kacang.orders.moving.moved import KEY_MAX, Memory
from kacang.orders.moving.plan import Fault, OldLine, OldOrder
from kacang.orders.passwords import moved_hash
from kacang.shared.contacts import Contact, read_contact
from kacang.shared.errors import Invalid
from kacang.shared.ids import new_order_number, new_token
from kacang.vault import operations as vault
from kacang.vault.operations import Given

CONTACT_MAX = 200
AMOUNT_MAX = 10**15
_NUMBER = re.compile(r"[0-9A-Za-z_-]{6,20}")


@dataclass(frozen=True, slots=True)
class Known:
    """What orders of the other system name, as it is here: looked up once for many of them."""

    skus: Mapping[str, SkuView]
    products: Mapping[str, ProductView]
    cards: Mapping[str, int]


def order_problem(order: OldOrder) -> str:
    """Return why an order cannot be taken; empty when it can."""
    if len(order.key) > KEY_MAX:
        return "id_too_long"
    if not 0 < len(order.lines) <= LINES_MAX:
        return "no_lines"
    if not all(1 <= line.quantity <= UNITS_MAX for line in order.lines):
        return "bad_quantity"
    worth = sum(max(line.paid_minor, line.unit_price_minor * line.quantity) for line in order.lines)
    if worth > AMOUNT_MAX:
        return "bad_amount"
    return ""


def order_fault(order: OldOrder, reason: str, column: str = "") -> Fault:
    """Say what is wrong with an order."""
    return Fault("orders", order.line, order.key, column, reason)


def bring_orders(
    memory: Memory, orders: Sequence[OldOrder], local_time: datetime
) -> tuple[dict[str, int], list[Fault]]:
    """Write orders with their lines, units and cards, in the caller's transaction.

    None of them has a problem (`order_problem`), and no two the same key.

    Returns:
        The ids of the orders that were written, by key, and what is wrong with them or others.
    """
    known, faults = _known(memory, orders), []
    numbers = _numbers(memory.merchant_id, orders, local_time)
    rows: list[tuple[OldOrder, Order]] = []
    for order in orders:
        if any(line.sku not in known.skus for line in order.lines):
            faults.append(order_fault(order, "unknown_sku"))
            continue
        number = numbers[order.key]
        if number != order.number:
            faults.append(order_fault(order, "number_changed", number))
        rows.append((order, _order(memory.merchant_id, order, number, known)))
    Order.objects.bulk_create(row for _, row in rows)
    faults += _deliver(memory, rows, known)
    _tell([row for _, row in rows], memory.system)
    return {order.key: row.pk for order, row in rows}, faults


def _known(memory: Memory, orders: Sequence[OldOrder]) -> Known:
    merchant_id = memory.merchant_id
    ids = memory.ids("sku", {line.sku for order in orders for line in order.lines})
    found = catalog.skus_by_id(merchant_id=merchant_id, ids=ids.values())
    skus = {key: found[sku_id] for key, sku_id in ids.items() if sku_id in found}
    products = {
        uid: catalog.product(merchant_id=merchant_id, uid=uid)
        for uid in {sku.product_uid for sku in skus.values()}
    }
    named = {key for order in orders for line in order.lines for key in line.cards}
    return Known(skus, products, memory.ids("card", named))


def _contact(text: str) -> tuple[Contact, str]:
    """Read an address or phone number; anything else (QQ …) is kept as it is."""
    text = "".join(letter for letter in text.strip() if letter.isprintable())[:CONTACT_MAX]
    try:
        by_mail = "@" in text
        return read_contact(email=text if by_mail else "", phone="" if by_mail else text), ""
    except Invalid:
        return Contact(), text


def _numbers(merchant_id: int, orders: Sequence[OldOrder], local_time: datetime) -> dict[str, str]:
    """By key: the old number, which the buyer knows, if it can be one of ours and is free."""
    fitting = [order.number for order in orders if _NUMBER.fullmatch(order.number)]
    rows = Order.objects.filter(merchant_id=merchant_id, number__in=fitting)
    taken = set(rows.values_list("number", flat=True))
    numbers = {}
    for order in orders:
        is_free = _NUMBER.fullmatch(order.number) and order.number not in taken
        number = order.number if is_free else new_order_number(local_time)
        taken.add(number)
        numbers[order.key] = number
    return numbers


def _order(merchant_id: int, order: OldOrder, number: str, known: Known) -> Order:
    contact, other = _contact(order.contact)
    paid = sum(line.paid_minor for line in order.lines)
    password = order.password
    return Order(
        merchant_id=merchant_id,
        number=number,
        channel=Channel.MOVED,
        state=OrderState.COMPLETED,
        currency=known.skus[order.lines[0].sku].price.currency,
        total_minor=paid,
        payable_minor=paid,
        email=contact.email,
        phone=contact.phone,
        phone_tail=contact.phone[-4:],
        # Nobody has this token: the buyer comes in by password or one-time code (rule 22).
        token_hash=hash_token(new_token()),
        password_hash=moved_hash(cipher_for(merchant_id), number, password) if password else "",
        address=order.address[:50].replace("\0", ""),
        pay_by=order.created_at,
        created_at=order.created_at,
        paid_at=order.paid_at,
        delivered_at=order.paid_at,
        form={"contact": other} if other else {},
    )


def _deliver(memory: Memory, rows: Sequence[tuple[OldOrder, Order]], known: Known) -> list[Fault]:
    """Write lines and units, and which card each unit has; return what is missing."""
    lines = [
        (order, old, _line(row, line_no, old, known))
        for order, row in rows
        for line_no, old in enumerate(order.lines, start=1)
    ]
    Line.objects.bulk_create(line for _, _, line in lines)
    given = [
        Given(card_id, line.pk, unit_no, order.paid_at)
        for order, old, line in lines
        for unit_no, card_id in enumerate(_cards(old, known), start=1)
    ]
    held = vault.hand_over(merchant_id=memory.merchant_id, given=given)
    units = [
        (order, _unit(order, line, unit_no, has_card=(line.pk, unit_no) in held))
        for order, old, line in lines
        for unit_no in range(1, old.quantity + 1)
    ]
    Unit.objects.bulk_create(unit for _, unit in units)
    missing = Counter(order.key for order, unit in units if unit.delivered_at is None)
    return [
        order_fault(order, "cards_missing", str(missing[order.key]))
        for order, _ in rows
        if missing[order.key]
    ]


def _line(row: Order, line_no: int, old: OldLine, known: Known) -> Line:
    sku = known.skus[old.sku]
    product = known.products[sku.product_uid]
    unit = max(old.unit_price_minor, -(-old.paid_minor // old.quantity))
    return Line(
        merchant_id=row.merchant_id,
        order_id=row.pk,
        line_no=line_no,
        sku_id=sku.id,
        quantity=old.quantity,
        unit_price_minor=unit,
        discount_minor=unit * old.quantity - old.paid_minor,
        title=product.title,
        sku_title=sku.title,
        kind=product.kind,
        cover=product.cover,
        guide=product.guide,
        stock_mode=sku.stock_mode,
    )


def _cards(old: OldLine, known: Known) -> list[int]:
    """Return the cards of a line, each once, no more than it has units."""
    cards = dict.fromkeys(known.cards[key] for key in old.cards if key in known.cards)
    return list(cards)[: old.quantity]


def _unit(order: OldOrder, line: Line, unit_no: int, *, has_card: bool) -> Unit:
    return Unit(
        merchant_id=line.merchant_id,
        line_id=line.pk,
        unit_no=unit_no,
        state=UnitState.DELIVERED if has_card else UnitState.RELEASED,
        delivered_at=order.paid_at if has_card else None,
    )


def _tell(rows: Sequence[Order], system: str) -> None:
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            merchant_id=row.merchant_id,
            order_id=row.pk,
            event=Event.PLACED,
            actor_kind="job",
            actor_label=system,
            at=row.created_at,
        )
        for row in rows
    )
