"""SKUs: what exactly is sold, for how much, how many at once."""

from dataclasses import fields
from typing import Any

from kacang.catalog.checks import read_text, within
from kacang.catalog.drafts import SkuDraft
from kacang.catalog.models import ProductKind, Sku, StockMode, Strategy
from kacang.catalog.operations.categories import POSITION_MAX
from kacang.catalog.operations.products import find_product, refresh_search
from kacang.catalog.operations.redeem_codes import set_gift, set_target
from kacang.merchants import audit, queries
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.queue import enqueue
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.ids import new_uid

PRICE_MAX = 10**12
PER_ORDER_MAX = 10_000
COUNT_MAX = 1_000_000
DAYS_MAX = 365


class UnknownSku(NotFound):
    """There is no such SKU."""

    code = "catalog.unknown_sku"


class StockModeFixed(Conflict):
    """Whether a SKU sells cards once or one card to all is fixed when it is made."""

    code = "catalog.stock_mode_fixed"


class KindAndStockDiffer(Conflict):
    """Goods have pieces, and only goods have: cards of a code are no goods."""

    code = "catalog.kind_and_stock"


def create_sku(*, merchant_id: int, actor: Actor, product_uid: str, draft: SkuDraft) -> str:
    """Add a SKU to a product, priced in the merchant's book currency, and return its uid.

    Raises:
        UnknownProduct: There is no such product.
        KindAndStockDiffer: It sells goods and the SKU cards, or the other way about.
        BadRedeemTarget: Its cards cannot be redeem codes for that SKU.
        BadGift: Its cards cannot be gift cards of that worth.
        BadText, BadValue: The draft is wrong.
    """
    with acting_as(merchant_id):
        product = find_product(merchant_id, product_uid)
        if (product.kind == ProductKind.GOODS) != (draft.stock_mode == StockMode.GOODS):
            raise KindAndStockDiffer
        row = Sku(
            merchant_id=merchant_id,
            uid=new_uid("sku"),
            product=product,
            stock_mode=StockMode(draft.stock_mode),
            currency=queries.merchant(merchant_id=merchant_id).currency,
        )
        _fill(row, draft)
        row.save()
        refresh_search(product)
        product.save(update_fields=["search_text", "changed_at"])
        log_sku(actor, "skus.create", row, None)
    return row.uid


def update_sku(*, merchant_id: int, actor: Actor, uid: str, draft: SkuDraft) -> None:
    """Replace what a SKU says. Orders that are placed keep their price.

    A change of strategy queues the job that puts the free cards into the new order; until it is
    through, they are sold in the old one.

    Raises:
        UnknownSku: There is none.
        StockModeFixed: The draft has another stock mode.
        BadRedeemTarget: Its cards cannot be redeem codes for that SKU.
        BadText, BadValue: The draft is wrong.
    """
    with acting_as(merchant_id):
        row = find_sku(merchant_id, uid)
        if row.stock_mode != draft.stock_mode:
            raise StockModeFixed
        before = state_of(row)
        _fill(row, draft)
        row.save()
        product = find_product(merchant_id, row.product.uid)
        refresh_search(product)
        product.save(update_fields=["search_text", "changed_at"])
        log_sku(actor, "skus.update", row, before)
        if row.strategy != before["strategy"]:
            enqueue(
                "vault.rekey",
                queue="bulk",
                lock=f"bulk:{merchant_id}",
                merchant_id=merchant_id,
                sku_id=row.pk,
            )


def set_sku_on_sale(*, merchant_id: int, actor: Actor, uid: str, on_sale: bool) -> None:
    """Sell a SKU, or stop to.

    Raises:
        UnknownSku: There is none.
    """
    with acting_as(merchant_id):
        row = find_sku(merchant_id, uid)
        if row.on_sale == on_sale:
            return
        before = state_of(row)
        row.on_sale = on_sale
        row.save(update_fields=["on_sale", "changed_at"])
        log_sku(actor, "skus.on_sale", row, before)


def find_sku(merchant_id: int, uid: str) -> Sku:
    """Return the row and lock it. Must run inside the caller's transaction."""
    row = (
        Sku.objects.select_for_update(of=("self",), no_key=True)
        .select_related("product", "redeems")
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownSku
    return row


def _fill(row: Sku, draft: SkuDraft) -> None:
    row.title = read_text("title", draft.title, limit=60, required=True)
    set_prices(row, draft.price_minor, draft.list_price_minor)
    row.cost_minor = within("cost_minor", draft.cost_minor, 0, PRICE_MAX)
    row.min_per_order = within("min_per_order", draft.min_per_order, 1, PER_ORDER_MAX)
    row.max_per_order = within(
        "max_per_order", draft.max_per_order, draft.min_per_order, PER_ORDER_MAX
    )
    row.max_per_buyer = (
        None
        if draft.max_per_buyer is None
        else within("max_per_buyer", draft.max_per_buyer, 1, COUNT_MAX)
    )
    row.strategy = Strategy(within("strategy", draft.strategy, min(Strategy), max(Strategy)))
    row.chosen_surcharge_minor = within(
        "chosen_surcharge_minor", draft.chosen_surcharge_minor, 0, PRICE_MAX
    )
    row.number_is_secret = draft.number_is_secret
    set_target(row, draft.redeems)
    set_gift(row, draft.gift_minor)
    set_warning(row, draft.low_stock_at)
    row.cover_days = _perhaps("cover_days", draft.cover_days, DAYS_MAX)
    row.lead_days = _perhaps("lead_days", draft.lead_days, DAYS_MAX)
    row.on_sale = draft.on_sale
    row.position = within("position", draft.position, 0, POSITION_MAX)


def set_prices(row: Sku, price_minor: int, list_price_minor: int | None) -> None:
    """Write a price, and the one struck through, which is not below it, or raise BadValue."""
    row.price_minor = within("price_minor", price_minor, 0, PRICE_MAX)
    row.list_price_minor = (
        None
        if list_price_minor is None
        else within("list_price_minor", list_price_minor, price_minor, PRICE_MAX)
    )


def set_warning(row: Sku, low_stock_at: int | None) -> None:
    """Write below how many it is warned, None: as the settings say, or raise BadValue."""
    row.low_stock_at = _perhaps("low_stock_at", low_stock_at, COUNT_MAX)


def _perhaps(field: str, value: int | None, most: int) -> int | None:
    return None if value is None else within(field, value, 0, most)


def state_of(row: Sku) -> dict[str, Any]:
    """Return what the log says of a SKU: all that a draft says."""
    state = {field.name: getattr(row, field.name) for field in fields(SkuDraft)}
    return {**state, "redeems": row.redeems.uid if row.redeems else ""}


def log_sku(actor: Actor, action: str, row: Sku, before: dict[str, Any] | None) -> None:
    """Write down what a SKU said, and what it says now."""
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="sku",
        object_uid=row.uid,
        before=before,
        after=state_of(row),
    )
