"""Card stock at the desk: counts by SKU, batches, the cards of a list (V3, V6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter, ProductView, SkuView, StockMode
from kacang.merchants.tenancy import acting_as
from kacang.orders.numbers import numbers_of_lines
from kacang.supply.queries import Terms, default_terms, levels_of, waiting_counts
from kacang.vault import queries
from kacang.vault.queries import CardView, StockLevel
from kacang.web.console.access import needs
from kacang.web.console.cards.exports import export_offer
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.waiting import all_skus, is_low
from kacang.web.design.parts import Pages, Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
FULL_LEAST = 100
SHOWS: dict[str, Promise] = {
    "all": gettext_lazy("All"),
    "low": gettext_lazy("Low"),
    "empty": gettext_lazy("Sold out"),
}
# What a person may make void: what is reserved is being paid for.
VOIDABLE = ("AVAILABLE", "SOLD", "ACTIVATED", "EXPIRED", "FAULTY", "FROZEN")
LEVEL_WORDS: dict[str, Promise] = {
    "available": gettext_lazy("Available"),
    "reserved": gettext_lazy("Reserved"),
    "sold": gettext_lazy("Sold"),
    "activated": gettext_lazy("Activated"),
    "redeemed": gettext_lazy("Redeemed"),
    "expired": gettext_lazy("Expired"),
    "void": gettext_lazy("Void"),
    "faulty": gettext_lazy("Faulty"),
    "frozen": gettext_lazy("Frozen"),
    "set_aside": gettext_lazy("Set aside"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One SKU with its cards by state. A loop card serves every buyer: it has no number."""

    product: ProductView
    sku: SkuView
    level: StockLevel
    is_loop: bool
    is_filled: bool
    terms: Terms
    # Buyers who want to be told when it is back.
    waiting: int

    @property
    def warn_below(self) -> int:
        """Fewer than these are low; 0: only none is."""
        return self.terms.of(self.sku).low_stock_at

    @property
    def is_goods(self) -> bool:
        """Whether it has pieces in warehouses, and no cards."""
        return self.sku.stock_mode == StockMode.GOODS

    @property
    def is_low(self) -> bool:
        """Whether there are fewer than the owner wants, or none."""
        return not self.is_filled if self.is_loop else is_low(self.sku, self.level, self.terms)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be sold."""
        return not self.is_filled if self.is_loop else self.level.available <= 0

    @property
    def filled(self) -> int:
        """How full the stock is, in percent of four times the warning level."""
        full = max(4 * self.warn_below, FULL_LEAST)
        return min(100, max(self.level.available, 0) * 100 // full)

    @property
    def tone(self) -> str:
        """The colour of the stock's bar."""
        if self.is_low:
            return "low"
        return "mid" if self.level.available < 2 * self.warn_below else ""

    @property
    def others(self) -> int:
        """Cards that can be sold no more, and were not."""
        return self.level.expired + self.level.void + self.level.faulty + self.level.frozen


@needs("stock.view")
def stock_list(request: ConsoleRequest) -> HttpResponse:
    """Show every SKU's cards by state, what is low first."""
    desk = desk_of(request)
    asked = request.GET.get("show", "all")
    show = asked if asked in SHOWS else "all"
    words = request.GET.get("q", "").strip()[:100]
    with acting_as(desk.merchant_id):
        rows = _rows(desk, list(all_skus(desk.merchant_id, ProductFilter(search=words))))
    kept = {
        "all": rows,
        "low": [row for row in rows if row.is_low],
        "empty": [row for row in rows if row.is_empty],
    }
    shown = sorted(kept[show], key=lambda row: not row.is_low)
    number = page_number(request)
    context = {
        "rows": shown[number * PAGE : (number + 1) * PAGE],
        "tabs": [
            Tab(
                word,
                f"?show={name}",
                len(kept[name]),
                name == show or (name == "all" and show not in SHOWS),
            )
            for name, word in SHOWS.items()
        ],
        "show": show,
        "words": words,
        "is_narrowed": bool(words) or show != "all",
        "pages": pages_by_number(request, number, len(shown), PAGE),
        **may(desk),
    }
    return render(request, "console/stock/list.html", context)


@needs("stock.view")
def stock_sku(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one SKU: its cards by state and its batches."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        sku = catalog.sku(merchant_id=desk.merchant_id, uid=uid)
        if sku.stock_mode == StockMode.GOODS:
            return redirect("console_goods", uid)
        product = catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid)
        row = _rows(desk, [(product, sku)])[0]
        page = queries.batches(
            merchant_id=desk.merchant_id,
            sku_id=sku.id,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
    context = {
        "row": row,
        "product": product,
        "sku": sku,
        "target": _target(desk, sku),
        "tally": tally(row.level),
        "batches": page.items,
        "pools": queries.pool_stock(merchant_id=desk.merchant_id, sku_id=sku.id),
        "pages": pages_of(request, page.next_cursor),
        **may(desk),
        **export_offer(request, row.level),
    }
    return render(request, "console/stock/sku.html", context)


def _target(desk: Desk, sku: SkuView) -> ProductView | None:
    """Return what the cards of a SKU are redeem codes for."""
    if not sku.redeems_uid:
        return None
    with acting_as(desk.merchant_id):
        target = catalog.sku(merchant_id=desk.merchant_id, uid=sku.redeems_uid)
        return catalog.product(merchant_id=desk.merchant_id, uid=target.product_uid)


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card in a list, with what it belongs to."""

    card: CardView
    sku: SkuView | None
    order_number: str


def card_rows(desk: Desk, cards: Sequence[CardView]) -> list[CardRow]:
    """Return cards with their SKUs and the orders that hold them."""
    with acting_as(desk.merchant_id):
        skus = catalog.skus_by_id(merchant_id=desk.merchant_id, ids={c.sku_id for c in cards})
        lines = [card.line_id for card in cards if card.line_id is not None]
        numbers = numbers_of_lines(merchant_id=desk.merchant_id, line_ids=lines) if lines else {}
    return [
        CardRow(card, skus.get(card.sku_id), numbers.get(card.line_id or 0, "")) for card in cards
    ]


def tally(level: StockLevel) -> list[tuple[Promise, int]]:
    """Return counts by state in words: the usual ones always, others where there are any."""
    usual = {"available", "reserved", "sold"}
    return [
        (word, getattr(level, name))
        for name, word in LEVEL_WORDS.items()
        if name in usual or getattr(level, name)
    ]


def _rows(desk: Desk, skus: Sequence[tuple[ProductView, SkuView]]) -> list[Row]:
    loops = [sku.id for _product, sku in skus if sku.stock_mode == StockMode.LOOP]
    terms = default_terms(merchant_id=desk.merchant_id)
    ids = [sku.id for _product, sku in skus]
    waiting = waiting_counts(merchant_id=desk.merchant_id, sku_ids=ids)
    levels = levels_of(desk.merchant_id, [sku for _product, sku in skus])
    filled = queries.loop_filled(merchant_id=desk.merchant_id, sku_ids=loops) if loops else set()
    return [
        Row(
            product,
            sku,
            levels[sku.id],
            sku.stock_mode == StockMode.LOOP,
            sku.id in filled,
            terms,
            waiting.get(sku.id, 0),
        )
        for product, sku in skus
    ]


def may(desk: Desk) -> dict[str, object]:
    """Return what the pages of the stock may offer this person."""
    return {
        "can_import": "stock.import" in desk.permissions,
        "can_generate": "stock.generate" in desk.permissions,
        "can_change": "stock.change" in desk.permissions,
        "can_move_goods": "goods.move" in desk.permissions,
        "can_adjust_goods": "goods.adjust" in desk.permissions,
        "can_reveal": "secrets.reveal" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
        "can_edit_products": "products.edit" in desk.permissions,
        "voidable": VOIDABLE,
    }


def page_number(request: ConsoleRequest) -> int:
    """Return which page of a numbered list is asked for, from 0."""
    text = request.GET.get("page", "0")
    return int(text) if text.isdecimal() and len(text) < len("10000") else 0


def pages_by_number(request: ConsoleRequest, number: int, total: int, size: int) -> Pages:
    """Return where a numbered list of `size` a page goes on, and back."""
    query = request.GET.copy()

    def address(page: int) -> str:
        query["page"] = str(page)
        return f"?{query.urlencode()}"

    return Pages(
        next_url=address(number + 1) if (number + 1) * size < total else "",
        previous_url=address(number - 1) if number else "",
        total=total,
    )
