"""dujiao-next: tables products, product_skus, card_secrets, orders, order_items, fulfillments.

An order of several items has children there, one for each; the buyer knows the parent's number.
Here it is one order with several lines.
"""

from collections import defaultdict

from kacang.orders.moving.plan import OldCard, OldLine, OldOrder, OldSku, Plan
from kacang.orders.moving.tables import Deliveries, Home, Record, Tables, keep
from kacang.orders.moving.values import amount, moment, plain, whole, wording
from kacang.vault.queries import CardState

NAMES = (
    "products", "product_skus", "card_secrets", "order_items", "fulfillments", "orders", "users",
)  # fmt: skip
# A reserved card may yet be paid for there: kept from sale until somebody has looked.
_STATES = {
    "available": CardState.AVAILABLE,
    "used": CardState.SOLD,
    "reserved": CardState.FROZEN,
}
_UNPAID = ("pending_payment", "canceled", "cancelled", "expired")
_DONE = ("delivered", "completed")


class _Shop:
    """The tables of one dump, joined."""

    def __init__(self, text: str, home: Home) -> None:
        self.home = home
        self.plan = Plan()
        self.tables = Tables(text, NAMES, self.plan)
        self.items: dict[str, list[Record]] = defaultdict(list)
        for row in self.tables["order_items"]:
            self.items[row.get("order_id")].append(row)
        self.children: dict[str, list[Record]] = defaultdict(list)
        for row in self.tables["orders"]:
            self.children[row.get("parent_id")].append(row)
        self.texts = {
            row.get("order_id"): row.get("payload") for row in self.tables["fulfillments"]
        }
        self.people = {row.key: row.get("email") for row in self.tables["users"]}
        self.delivered: dict[tuple[str, str], list[str]] = defaultdict(list)

    def sku_key(self, row: Record) -> str:
        sku = row.get("sku_id")
        return sku if sku not in ("", "0") else f"product:{row.get('product_id')}"


def read(text: str, home: Home) -> Plan:
    """Read a dump."""
    shop = _Shop(text, home)
    plan = shop.plan
    _read_goods(shop)
    known = {sku.key for sku in plan.skus}
    for row in shop.tables["card_secrets"]:
        _read_card(shop, row, known)
    texts = Deliveries(plan)
    for row in shop.children[""] + shop.children["0"]:
        if row.get("status") in _UNPAID:
            plan.unpaid += 1
        elif row.get("status") not in _DONE:
            plan.fault(row.fault("status", "order_open"))
        elif row.get("currency") not in ("", home.currency):
            plan.fault(row.fault("currency", "other_currency"))
        else:
            keep(plan, _order(shop, row, known, texts))
    return plan


def _read_goods(shop: _Shop) -> None:
    products = {row.key: row for row in shop.tables["products"]}
    has_skus: set[str] = set()
    for row in shop.tables["product_skus"]:
        product = products.get(row.get("product_id"))
        if product is None:
            shop.plan.fault(row.fault("product_id", "unknown_product"))
            continue
        has_skus.add(product.key)
        name = wording(row.get("spec_values_json")) or row.get("sku_code")
        _add_sku(shop, row, product, row.key, name)
    for product in products.values():
        if product.key not in has_skus:
            title = wording(product.get("title_json"))
            _add_sku(shop, product, product, f"product:{product.key}", title)


def _add_sku(shop: _Shop, row: Record, product: Record, key: str, name: str) -> None:
    price = amount(row.get("price_amount"), shop.home.currency)
    if price is None:
        shop.plan.fault(row.fault("price_amount", "bad_amount"))
        return
    shop.plan.skus.append(
        OldSku(
            line=row.line,
            key=key,
            product=product.key,
            title=wording(product.get("title_json")),
            sku_title=name,
            description=plain(
                wording(product.get("content_json")) or wording(product.get("description_json"))
            ),
            price_minor=price,
            cost_minor=amount(row.get("cost_price_amount"), shop.home.currency) or 0,
        )
    )


def _read_card(shop: _Shop, row: Record, known: set[str]) -> None:
    state = _STATES.get(row.get("status"))
    if row.is_deleted and state != CardState.SOLD:
        return
    sku = shop.sku_key(row)
    if state is None:
        shop.plan.fault(row.fault("status", "unknown_state"))
    elif sku not in known:
        shop.plan.fault(row.fault("sku_id", "unknown_sku"))
    else:
        sold = moment(row.get("used_at"), shop.home.zone)
        card = OldCard(row.line, row.key, sku, row.get("secret"), state=state, sold_at=sold)
        shop.plan.cards.append(card)
        if state == CardState.SOLD:
            shop.delivered[row.get("order_id"), sku].append(row.key)


def _order(shop: _Shop, row: Record, known: set[str], texts: Deliveries) -> OldOrder | None:
    zone = shop.home.zone
    created = moment(row.get("created_at"), zone)
    if created is None:
        shop.plan.fault(row.fault("created_at", "bad_time"))
        return None
    lines = []
    for part in shop.children[row.key] or [row]:
        for item in shop.items[part.key]:
            line = _line(shop, part, item, known, texts)
            if line is None:
                return None
            lines.append(line)
    if not lines:
        shop.plan.fault(row.fault("", "no_lines"))
        return None
    return OldOrder(
        row.line,
        row.key,
        row.get("order_no"),
        tuple(lines),
        created,
        moment(row.get("paid_at"), zone) or created,
        row.get("guest_email") or shop.people.get(row.get("user_id"), ""),
        row.get("guest_password"),
        row.get("client_ip"),
    )


def _line(
    shop: _Shop, part: Record, item: Record, known: set[str], texts: Deliveries
) -> OldLine | None:
    sku = shop.sku_key(item)
    if sku not in known:
        shop.plan.fault(item.fault("sku_id", "unknown_sku"))
        return None
    paid = amount(item.get("total_price"), shop.home.currency)
    if paid is None:
        shop.plan.fault(item.fault("total_price", "bad_amount"))
        return None
    quantity = whole(item.get("quantity")) or 0
    cards = tuple(shop.delivered[part.key, sku])
    if not cards and item.get("fulfillment_type") == "auto" and len(shop.items[part.key]) == 1:
        cards = texts.of_text(part, sku, shop.texts.get(part.key, ""), quantity)
    unit = amount(item.get("unit_price"), shop.home.currency) or 0
    return OldLine(sku, quantity, paid, unit, cards)
