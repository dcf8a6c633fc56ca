"""Many SKUs at once, as a sheet: prices, the line of warning, on sale or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.catalog.models import Sku
from kacang.catalog.operations.skus import UnknownSku, log_sku, set_prices, set_warning, state_of
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict


class SheetStale(Conflict):
    """Somebody else changed one of the SKUs since the sheet was read: nothing was saved."""

    code = "catalog.sheet_stale"


@dataclass(frozen=True, slots=True)
class Cells:
    """What the sheet says of a SKU. Prices are in minor units of the book currency."""

    price_minor: int
    list_price_minor: int | None
    low_stock_at: int | None
    on_sale: bool


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One SKU: what it said when the sheet was read, and what it shall say."""

    uid: str
    was: Cells
    now: Cells


def save_sheet(*, merchant_id: int, actor: Actor, lines: Sequence[SheetLine]) -> int:
    """Change all SKUs of a sheet, or none; return how many are others now.

    Orders that are placed keep their price.

    Raises:
        UnknownSku: One of them is not there.
        SheetStale: One of them said something else when it was locked.
        BadValue: A price, or the line of warning, is outside of what is allowed.
    """
    wanted = {line.uid: line for line in lines if line.was != line.now}
    with acting_as(merchant_id):
        # In one order, so that two sheets wait for each other and never in a circle.
        rows = list(
            Sku.objects.select_for_update(of=("self",), no_key=True)
            .select_related("redeems")
            .filter(merchant_id=merchant_id, uid__in=wanted)
            .order_by("id")
        )
        if len(rows) != len(wanted):
            raise UnknownSku
        for row in rows:
            _change(row, wanted[row.uid], actor)
    return len(rows)


def _cells_of(row: Sku) -> Cells:
    return Cells(row.price_minor, row.list_price_minor, row.low_stock_at, row.on_sale)


def _change(row: Sku, line: SheetLine, actor: Actor) -> None:
    if _cells_of(row) != line.was:
        raise SheetStale
    before, now = state_of(row), line.now
    set_prices(row, now.price_minor, now.list_price_minor)
    set_warning(row, now.low_stock_at)
    row.on_sale = now.on_sale
    row.save(
        update_fields=[
            "price_minor", "list_price_minor", "low_stock_at", "on_sale", "changed_at",
        ]
    )  # fmt: skip
    log_sku(actor, "skus.update", row, before)
