"""Counts of a merchant's cards, taking a batch back, changing one, replacing cards of buyers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kacang.catalog import queries as catalog
from kacang.cli.inside.actor import operator
from kacang.cli.inside.cards import Started
from kacang.merchants import queries as merchants
from kacang.orders import operations as orders
from kacang.shared.texts import pick
from kacang.vault import operations as vault
from kacang.vault import queries


def levels(*, merchant: str) -> list[dict[str, Any]]:
    """Return the cards of each SKU by state, as the console's stock page counts them."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    skus = list(catalog.all_skus(merchant_id=merchant_id))
    found = queries.stock_levels(merchant_id=merchant_id, sku_ids=[sku.id for sku in skus])
    return [
        {"sku_id": sku.uid, "title": pick(sku.title, ""), **asdict(found[sku.id])} for sku in skus
    ]


def undo(*, merchant: str, batch: str) -> int:
    """Take back a batch that nobody has bought from; return how many cards it had."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    return vault.undo_batch(merchant_id=merchant_id, batch_uid=batch, actor=operator())


def start_change(*, merchant: str, batch: str, change: str, reason: str) -> Started:
    """Start changing what may be changed of a batch."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    uid = vault.change_cards(
        merchant_id=merchant_id,
        actor=operator(),
        request=vault.ChangeRequest(
            change=vault.Change(change), reason=reason, batch_uid=batch, language="en"
        ),
    )
    return Started(merchant_id, uid, run_change)


def run_change(merchant_id: int, uid: str) -> None:
    """Change the cards of a job here and now."""
    vault.run_change(merchant_id=merchant_id, work_uid=uid)


def start_replacing(*, merchant: str, batch: str, cards: Sequence[str], reason: str) -> Started:
    """Start giving the buyers of bad cards other ones."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    uid = orders.replace_cards(
        merchant_id=merchant_id,
        actor=operator(),
        request=vault.ChangeRequest(
            change=vault.Change.FAULTY,
            reason=reason,
            batch_uid=batch,
            card_uids=cards,
            language="en",
        ),
    )
    return Started(merchant_id, uid, run_replacing)


def run_replacing(merchant_id: int, uid: str) -> None:
    """Replace the cards of a job here and now."""
    orders.run_replace(merchant_id=merchant_id, work_uid=uid)
