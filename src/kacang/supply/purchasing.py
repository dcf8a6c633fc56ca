"""What to buy: by what is paid for and missing, what sells, and how long new stock takes (S5).

A suggestion covers the units that are paid for and wait, and what will be sold until new stock
comes and for the days of cover after that; what is free or on its way is taken off. Goods that
are sold and not picked up lie there for their buyers: they are no part of what is free, so they
need no second piece.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, override, pgettext
from rustpy_xlsxwriter import write_worksheet

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, StockMode
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.fulfilling.shortage import short_units
from kacang.shared.money import Money
from kacang.shared.texts import pick
from kacang.stock import queries as stock
from kacang.stock.queries import GoodsLevel, LastReceipt
from kacang.supply.kinds import cards_and_goods
from kacang.supply.levels import available_of
from kacang.supply.rates import MONTH, WEEK, Sold, sold_of
from kacang.supply.terms import Terms, default_terms
from kacang.vault import queries as vault
from kacang.vault.queries import LastBatch

SPANS = (WEEK, MONTH)
KINDS = ("", "cards", "goods")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is narrowed to, and by how many days' sales it reckons: 7 or 30.

    `kind` is one of KINDS. `needed`: only what is to be bought. `supplier`: who came last, whole.
    """

    span: int = WEEK
    kind: str = ""
    needed: bool = False
    supplier: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One SKU. `waiting`: paid for, and nothing to deliver. `to_hand_over`: there, for its buyer.

    `source` is the batch that came last, by uid; "" for goods. `unit_cost` is what the last one
    cost, else what the SKU says.
    """

    sku: SkuView
    waiting: int
    to_hand_over: int
    available: int
    in_transit: int
    sold: Sold
    terms: Terms
    suggested: int
    unit_cost: Money
    supplier: str
    source: str
    source_number: str

    @property
    def amount(self) -> Money:
        """What the suggestion costs."""
        return self.unit_cost * self.suggested

    @property
    def is_goods(self) -> bool:
        """Whether it has pieces in warehouses."""
        return self.sku.stock_mode == StockMode.GOODS


@dataclass(frozen=True, slots=True)
class Position:
    """How a SKU stands now."""

    waiting: int
    available: int
    in_transit: int


def suggestion(*, position: Position, sold: int, span: int, days: int) -> int:
    """Return how many to buy.

    Args:
        position: How the SKU stands now.
        sold: How many were sold in the last `span` days.
        span: Days; at least 1.
        days: Until new stock comes, and for how long it is to last then.
    """
    expected = -(-sold * days // span)
    return max(0, position.waiting + expected - position.available - position.in_transit)


def purchase_list(*, merchant_id: int, wish: Wish = Wish()) -> list[PurchaseLine]:
    """Return what is on sale and can run out; what costs most to buy at the top."""
    skus = [
        sku
        for sku in catalog.all_skus(merchant_id=merchant_id, on_sale_only=True)
        if sku.stock_mode != StockMode.LOOP and _is_asked(sku, wish)
    ]
    lines = [line for line in _lines(merchant_id, skus, wish.span) if _fits(line, wish)]
    return sorted(lines, key=lambda line: (-line.amount.minor, -line.suggested, line.sku.id))


def purchase_workbook(*, merchant_id: int, actor: Actor, wish: Wish, language: str) -> bytes:
    """Return the same list as an xlsx, and write down who took it.

    Every text is a text cell: nothing in it is taken for a formula.
    """
    lines = purchase_list(merchant_id=merchant_id, wish=wish)
    body = io.BytesIO()
    with override(language):
        write_worksheet(
            _cells(lines, language), body, sheet_name=gettext("Purchase list")[:31],
            freeze_row=1, bold_headers=True, autofit=True,
        )  # fmt: skip
    with acting_as(merchant_id):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="stock.purchase_list",
            after={"lines": len(lines), "span": wish.span},
        )
    return body.getvalue()


def _is_asked(sku: SkuView, wish: Wish) -> bool:
    is_goods = sku.stock_mode == StockMode.GOODS
    if wish.kind and (wish.kind == "goods") != is_goods:
        return False
    text = " ".join(sku.name.values()).lower()
    return all(word in text for word in wish.words.lower().split())


def _fits(line: PurchaseLine, wish: Wish) -> bool:
    if wish.needed and not line.suggested:
        return False
    return not wish.supplier or line.supplier == wish.supplier


def _lines(merchant_id: int, skus: Sequence[SkuView], span: int) -> Iterator[PurchaseLine]:
    cards, goods = cards_and_goods(skus)
    with acting_as(merchant_id):
        free = available_of(merchant_id, skus)
        levels = stock.goods_levels(merchant_id=merchant_id, sku_ids=goods)
        sold = sold_of(merchant_id, skus)
        short = short_units(merchant_id=merchant_id, sku_ids=[*goods, *cards])
        batches = vault.last_batches(merchant_id=merchant_id, sku_ids=cards)
        receipts = stock.last_receipts(merchant_id=merchant_id, sku_ids=goods)
        defaults = default_terms(merchant_id=merchant_id)
    for sku in skus:
        level = levels.get(sku.id, GoodsLevel())
        terms = defaults.of(sku)
        position = Position(short[sku.id], free[sku.id], level.in_transit)
        origin: LastBatch | LastReceipt | None = batches.get(sku.id) or receipts.get(sku.id)
        cost = origin.unit_cost_minor if origin else 0
        yield PurchaseLine(
            sku=sku,
            waiting=position.waiting,
            to_hand_over=level.sold,
            available=position.available,
            in_transit=position.in_transit,
            sold=sold[sku.id],
            terms=terms,
            suggested=suggestion(
                position=position,
                sold=sold[sku.id].month if span == MONTH else sold[sku.id].week,
                span=span,
                days=terms.lead_days + terms.cover_days,
            ),
            unit_cost=Money(cost or sku.cost.minor, sku.cost.currency),
            supplier=origin.supplier if origin else "",
            source=origin.uid if isinstance(origin, LastBatch) else "",
            source_number=origin.number if origin else "",
        )


def _cells(lines: Sequence[PurchaseLine], language: str) -> Iterator[dict[str, str | int | float]]:
    for line in lines:
        yield {
            gettext("Product"): pick(line.sku.product_title, language),
            gettext("Variant"): pick(line.sku.title, language),
            gettext("SKU"): line.sku.uid,
            gettext("Kind"): gettext("Goods") if line.is_goods else gettext("Cards"),
            gettext("Paid, waiting for stock"): line.waiting,
            gettext("To hand over"): line.to_hand_over,
            pgettext("goods", "Available"): line.available,
            gettext("In transit"): line.in_transit,
            gettext("Sold in 7 days"): line.sold.week,
            gettext("Sold in 30 days"): line.sold.month,
            gettext("Days to arrival"): line.terms.lead_days,
            gettext("Days of cover"): line.terms.cover_days,
            gettext("To buy"): line.suggested,
            # A workbook has no other numbers than these: for reading, not for reckoning.
            gettext("Cost each"): float(line.unit_cost.plain),
            gettext("Amount"): float(line.amount.plain),
            gettext("Currency"): line.amount.currency,
            gettext("Last supplier"): line.supplier,
            gettext("Last batch or receipt"): line.source_number,
        }
