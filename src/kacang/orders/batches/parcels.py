"""Parcels of many orders at once, and calling them back while nobody was told (L2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from kacang.merchants.audit import Actor
from kacang.orders.batches.rows import BatchRow, Outcome
from kacang.orders.errors import UnknownOrder
from kacang.orders.models import Order
from kacang.orders.shipping.sending import (
    Leaving,
    ParcelWish,
    check_parcel,
    send_many,
    void_shipment,
)
from kacang.orders.shipping.states import Goods, goods_of
from kacang.shared.errors import DomainError

# So long buyers are not told of parcels that a batch sent: a wrong file can be taken back.
QUIET_SECONDS = 20 * 60


def ship_rows(
    merchant_id: int, found: Sequence[BatchRow], orders: Mapping[int, Order], actor: Actor
) -> list[BatchRow]:
    """Send the parcels of rows whose orders are locked; return the rows with what came of each."""
    goods = {one.order.pk: one for one in goods_of(merchant_id, list(orders.values()))}
    leaving: dict[int, Leaving] = {}
    ended: dict[int, BatchRow] = {}
    taken: set[int] = set()
    for row in found:
        try:
            one = _checked(row, goods, taken)
        except DomainError as error:
            ended[row.row_no] = replace(row, outcome=Outcome.REFUSED, reason=error.code)
        else:
            leaving[row.row_no] = one
            taken.add(one.goods.order.pk)
    parcels = send_many(merchant_id, list(leaving.values()), actor, quiet_seconds=QUIET_SECONDS)
    for row_no, parcel in zip(leaving, parcels, strict=True):
        (row,) = [row for row in found if row.row_no == row_no]
        ended[row_no] = replace(row, outcome=Outcome.DONE, shipment=parcel.uid)
    return [ended[row.row_no] for row in found]


def call_back_rows(
    merchant_id: int, found: Sequence[BatchRow], actor: Actor, reason: str
) -> list[BatchRow]:
    """Call the parcels of rows back; return the rows with what came of each."""
    ended = []
    for row in found:
        try:
            with transaction.atomic():
                void_shipment(
                    merchant_id=merchant_id,
                    number=row.order_number,
                    uid=row.shipment,
                    actor=actor,
                    reason=reason,
                )
        except DomainError as error:
            ended.append(replace(row, outcome=Outcome.REFUSED, reason=error.code))
        else:
            ended.append(replace(row, outcome=Outcome.DONE))
    return ended


def _checked(row: BatchRow, goods: Mapping[int, Goods], taken: set[int]) -> Leaving:
    one = goods.get(row.order_id or 0)
    if one is None or row.order_id in taken:
        # Twice in one file: the check has said so, and only the first one goes.
        raise UnknownOrder
    return check_parcel(one, ParcelWish(row.courier, row.tracking_number))
