"""Bringing over products and cards."""

from collections import defaultdict
from collections.abc import Sequence

from kacang.catalog import operations as catalog
from kacang.catalog import queries as catalog_queries
from kacang.catalog.queries import StockMode
from kacang.merchants.audit import Actor
from kacang.orders.moving.moved import KEY_MAX, Memory
from kacang.orders.moving.plan import Fault, OldCard, OldSku, Plan
from kacang.shared.errors import Invalid
from kacang.shared.texts import Text
from kacang.vault import operations as vault
from kacang.vault.operations import Arrival, Entry, Incoming
from kacang.vault.queries import CardState

TITLE_MAX, SKU_TITLE_MAX, DESCRIPTION_MAX = 120, 60, 20_000


def bring_skus(memory: Memory, actor: Actor, skus: Sequence[OldSku]) -> int:
    """Make one product with those SKUs that are not there yet; return how many were made.

    The product stays off sale: the other system may still be selling the same cards.

    Raises:
        Invalid: A text or price is not possible. Nothing of the product was made.
    """
    merchant_id = memory.merchant_id
    old = skus[0]
    product_id = memory.ids("product", [old.product]).get(old.product)
    made = memory.ids("sku", [sku.key for sku in skus])
    if product_id is None:
        uid = catalog.create_product(
            merchant_id=merchant_id,
            actor=actor,
            draft=catalog.ProductDraft(
                title=_text(old.title, TITLE_MAX),
                description=_text(old.description, DESCRIPTION_MAX),
            ),
        )
        memory.note(
            "product", {old.product: catalog_queries.product(merchant_id=merchant_id, uid=uid).id}
        )
    else:
        uid = catalog_queries.product_uid(merchant_id=merchant_id, product_id=product_id)
    fresh = [sku for sku in skus if sku.key not in made]
    for sku in fresh:
        sku_uid = catalog.create_sku(
            merchant_id=merchant_id, actor=actor, product_uid=uid, draft=_draft(sku)
        )
        memory.note("sku", {sku.key: catalog_queries.sku(merchant_id=merchant_id, uid=sku_uid).id})
    return len(fresh)


def _draft(sku: OldSku) -> catalog.SkuDraft:
    return catalog.SkuDraft(
        title=_text(sku.sku_title, SKU_TITLE_MAX),
        price_minor=sku.price_minor,
        cost_minor=sku.cost_minor,
        stock_mode=StockMode.LOOP if sku.is_loop else StockMode.CARDS,
    )


def _text(wording: str, limit: int) -> Text:
    return {"zh-Hans": wording[:limit]}


def product_groups(plan: Plan) -> list[list[OldSku]]:
    """Return the SKUs by product; of two with the same key the first.

    One whose key is too long becomes a fault.
    """
    groups: dict[str, dict[str, OldSku]] = defaultdict(dict)
    for sku in plan.skus:
        if max(len(sku.key), len(sku.product)) > KEY_MAX:
            plan.fault(Fault("products", sku.line, sku.key, "", "id_too_long"))
            continue
        groups[sku.product].setdefault(sku.key, sku)
    return [list(group.values()) for group in groups.values()]


def product_fault(skus: Sequence[OldSku], error: Invalid) -> Fault:
    """Say why a product was not made."""
    return Fault(
        "products", skus[0].line, skus[0].key, str(error.detail.get("field", "")), "bad_text"
    )


def card_groups(plan: Plan) -> list[tuple[tuple[str, CardState], list[OldCard]]]:
    """Return the cards by SKU and state; those that cannot be taken become faults."""
    groups: dict[tuple[str, CardState], list[OldCard]] = defaultdict(list)
    keys: set[str] = set()
    for card in plan.cards:
        problem = vault.problem_of(as_entry(card))
        if card.key in keys:
            problem = "duplicate_id"
        elif len(card.key) > KEY_MAX:
            problem = "id_too_long"
        keys.add(card.key)
        if problem:
            plan.fault(card_fault(card, problem))
        else:
            groups[card.sku, card.state].append(card)
    return list(groups.items())


def bring_cards(
    memory: Memory, arrival: Arrival, state: CardState, cards: Sequence[OldCard]
) -> tuple[int, list[Fault]]:
    """Bring over cards of one SKU and state; return how many came, and what did not.

    Cards that came before and have been sold there since are taken off the shelf here.
    """
    merchant_id = memory.merchant_id
    known = memory.ids("card", [card.key for card in cards])
    if state == CardState.SOLD and known:
        sold = {known[card.key]: card.sold_at for card in cards if card.key in known}
        vault.sell_elsewhere(merchant_id=merchant_id, cards=sold)
    fresh = [card for card in cards if card.key not in known]
    sku_id = memory.ids("sku", [cards[0].sku]).get(cards[0].sku)
    if sku_id is None:
        return 0, [card_fault(card, "unknown_sku") for card in fresh]
    if not fresh:
        return 0, []
    sku = catalog_queries.skus_by_id(merchant_id=merchant_id, ids=[sku_id])[sku_id]
    made = vault.bring_in(
        merchant_id=merchant_id,
        sku_uid=sku.uid,
        state=state,
        cards=[Incoming(card.key, as_entry(card), card.sold_at) for card in fresh],
        arrival=arrival,
    )
    memory.note("card", made)
    return len(made), [
        card_fault(card, "duplicate_in_vault") for card in fresh if card.key not in made
    ]


def card_fault(card: OldCard, reason: str) -> Fault:
    """Say why a card was not taken."""
    return Fault("cards", card.line, card.key, "", reason)


def as_entry(card: OldCard) -> Entry:
    """Return a card as the vault takes it."""
    return Entry(card.line, card.number, card.secret, card.expires_at, card.remark)
