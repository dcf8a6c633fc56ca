"""Bringing over orders that were paid and delivered elsewhere.

They are marked by their channel, have no payment and no transfer: figures and books count what
was sold here. Each unit has the card that was delivered, so that buyers find their codes and
after-sales can name them; a unit whose card is not known is closed, and nothing is delivered
for it again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.orders.drafts import LINES_MAX, UNITS_MAX, hash_token
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
from kacang.shared.contacts import Contact, read_contact
from kacang.shared.errors import Invalid
from kacang.shared.ids import new_order_number, new_token
from kacang.vault import operations as vault
from kacang.vault.operations import Given

PASSWORD_MAX = 64
CONTACT_MAX = 200
AMOUNT_MAX = 10**15
_NUMBER = re.compile(r"[0-9A-Za-z_-]{6,20}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order."""

    order_id: int | None
    faults: tuple[Fault, ...]


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


def bring_order(memory: Memory, order: OldOrder, local_time: datetime) -> Outcome:
    """Write one order with its lines, units and cards, in the caller's transaction."""
    merchant_id = memory.merchant_id
    ids = memory.ids("sku", {line.sku for line in order.lines})
    skus = catalog.skus_by_id(merchant_id=merchant_id, ids=ids.values())
    if any(ids.get(line.sku) not in skus for line in order.lines):
        return Outcome(None, (order_fault(order, "unknown_sku"),))
    contact, other = _contact(order.contact)
    number = _number(merchant_id, order, local_time)
    faults = [] if number == order.number else [order_fault(order, "number_changed", number)]
    lines = [(line, skus[ids[line.sku]]) for line in order.lines]
    row = _order(merchant_id, order, number, lines, contact)
    row.form = {"contact": other} if other else {}
    row.save(force_insert=True)
    given = list(_lines(memory, order, row, lines))
    held = vault.hand_over(merchant_id=merchant_id, given=given)
    _units(row, order, held)
    missing = sum(line.quantity for line in order.lines) - len(held)
    if missing:
        faults.append(order_fault(order, "cards_missing", str(missing)))
    _tell(row, memory.system)
    return Outcome(row.pk, tuple(faults))


def _contact(text: str) -> tuple[Contact, str]:
    """Read an address or phone number; anything else (QQ …) is kept as it is."""
    text = "".join(letter for letter in text.strip() if letter.isprintable())[:CONTACT_MAX]
    try:
        by_mail = "@" in text
        return read_contact(email=text if by_mail else "", phone="" if by_mail else text), ""
    except Invalid:
        return Contact(), text


def _number(merchant_id: int, order: OldOrder, local_time: datetime) -> str:
    """The old number, which the buyer knows, if it can be one of ours and is free."""
    taken = Order.objects.filter(merchant_id=merchant_id, number=order.number[:20]).exists()
    if _NUMBER.fullmatch(order.number) and not taken:
        return order.number
    return new_order_number(local_time)


def _order(
    merchant_id: int,
    order: OldOrder,
    number: str,
    lines: Sequence[tuple[OldLine, SkuView]],
    contact: Contact,
) -> Order:
    paid = sum(line.paid_minor for line in order.lines)
    password = order.password[:PASSWORD_MAX]
    return Order(
        merchant_id=merchant_id,
        number=number,
        channel=Channel.MOVED,
        state=OrderState.COMPLETED,
        currency=lines[0][1].price.currency,
        total_minor=paid,
        payable_minor=paid,
        email=contact.email,
        phone=contact.phone,
        phone_tail=contact.phone[-4:],
        # Nobody has this token: the buyer comes in by password or one-time code (rule 22).
        token_hash=hash_token(new_token()),
        password_hash=make_password(password) if password else "",
        address=order.address[:50].replace("\0", ""),
        pay_by=order.created_at,
        created_at=order.created_at,
        paid_at=order.paid_at,
        delivered_at=order.paid_at,
    )


def _lines(
    memory: Memory, order: OldOrder, row: Order, lines: Sequence[tuple[OldLine, SkuView]]
) -> Iterator[Given]:
    for line_no, (old, sku) in enumerate(lines, start=1):
        product = catalog.product(merchant_id=memory.merchant_id, uid=sku.product_uid)
        unit = max(old.unit_price_minor, -(-old.paid_minor // old.quantity))
        line = Line(
            merchant_id=memory.merchant_id,
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
        line.save(force_insert=True)
        cards = memory.ids("card", old.cards)
        # A card that came to two lines is given to the first.
        wanted = dict.fromkeys(cards[key] for key in old.cards if key in cards)
        for unit_no, card_id in enumerate(list(wanted)[: old.quantity], start=1):
            yield Given(card_id, line.pk, unit_no, order.paid_at)


def _units(row: Order, order: OldOrder, held: set[tuple[int, int]]) -> None:
    lines = Line.objects.filter(merchant_id=row.merchant_id, order_id=row.pk)
    for line_id, quantity in lines.values_list("id", "quantity"):
        for unit_no in range(1, quantity + 1):
            has_card = (line_id, unit_no) in held
            Unit.objects.create(
                merchant_id=row.merchant_id,
                line_id=line_id,
                unit_no=unit_no,
                state=UnitState.DELIVERED if has_card else UnitState.RELEASED,
                delivered_at=order.paid_at if has_card else None,
            )


def _tell(row: Order, system: str) -> None:
    TimelineEntry.objects.create(
        merchant_id=row.merchant_id,
        order_id=row.pk,
        event=Event.PLACED,
        actor_kind="job",
        actor_label=system,
        at=row.created_at,
    )
