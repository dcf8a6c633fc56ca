"""The parcels of an order as its page at the desk shows them, and what may be done (L1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from kacang.catalog.queries import ProductKind
from kacang.logistics import queries as logistics
from kacang.logistics.queries import COURIERS, ShipmentView
from kacang.orders.shipping import operations as shipping
from kacang.orders.types import OrderView, UnitState
from kacang.shared.texts import Text, pick
from kacang.web.console.desk import Desk


@dataclass(frozen=True, slots=True)
class OwedLine:
    """Pieces of a line that are still in the house."""

    line_no: int
    title: Text
    sku_title: Text
    owed: int


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """One parcel with what lies in it, and whether this person may change it."""

    parcel: ShipmentView
    contents: Sequence[tuple[Text, int]]
    can_change: bool
    can_void: bool


def parcels_context(desk: Desk, order: OrderView) -> dict[str, object]:
    """Return what the page of an order needs about parcels; nothing where there are no goods."""
    owed = [
        OwedLine(line_no, line.title, line.sku_title, line.units[UnitState.OWED])
        for line_no, line in enumerate(order.lines, start=1)
        if line.units.get(UnitState.OWED)
    ]
    found = logistics.shipments_of(merchant_id=desk.merchant_id, order_ids=[order.id])[order.id]
    has_goods = any(line.kind == ProductKind.GOODS for line in order.lines)
    may_ship = "orders.ship" in desk.permissions
    return {
        "recipient": shipping.masked_recipient(merchant_id=desk.merchant_id, order_id=order.id)
        if has_goods
        else None,
        "can_see_recipient": has_goods and "orders.recipients" in desk.permissions,
        "owed_lines": owed,
        "owed_pieces": sum(line.owed for line in owed),
        "couriers": couriers() if may_ship and (owed or found) else [],
        "parcel_rows": [_row(order, parcel, may_change=may_ship) for parcel in found],
    }


def couriers() -> list[tuple[str, str]]:
    """Return the couriers to choose from: code and name."""
    language = get_language() or ""
    return [(code, pick(one.name, language)) for code, one in COURIERS.items()]


def _row(order: OrderView, parcel: ShipmentView, *, may_change: bool) -> ParcelRow:
    titles = {line.id: line.title for line in order.lines}
    counts: dict[int, int] = {}
    for line_id, _ in parcel.places:
        counts[line_id] = counts.get(line_id, 0) + 1
    return ParcelRow(
        parcel=parcel,
        contents=[(titles.get(line_id, {}), count) for line_id, count in counts.items()],
        can_change=may_change and parcel.voided_at is None,
        can_void=may_change and parcel.is_under_way,
    )
