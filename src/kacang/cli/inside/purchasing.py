"""What a merchant should buy."""

from pathlib import Path
from typing import Any

from kacang.cli.inside.actor import operator
from kacang.merchants import queries as merchants
from kacang.shared.texts import pick
from kacang.supply import operations, queries
from kacang.supply.queries import Wish


def purchase_list(*, merchant: str, span: int, needed: bool) -> list[dict[str, Any]]:
    """Return the lines of the purchase list, as the console's page has them."""
    merchant_id = merchants.merchant_id_of_slug(merchant)
    lines = queries.purchase_list(merchant_id=merchant_id, wish=Wish(span=span, needed=needed))
    return [
        {
            "sku_id": line.sku.uid,
            "title": pick(line.sku.name, ""),
            "waiting": line.waiting,
            "to_hand_over": line.to_hand_over,
            "available": line.available,
            "in_transit": line.in_transit,
            "sold_7_days": line.sold.week,
            "sold_30_days": line.sold.month,
            "lead_days": line.terms.lead_days,
            "cover_days": line.terms.cover_days,
            "to_buy": line.suggested,
            "unit_cost_minor": line.unit_cost.minor,
            "amount_minor": line.amount.minor,
            "currency": line.amount.currency,
            "supplier": line.supplier,
        }
        for line in lines
    ]


def write_workbook(*, merchant: str, span: int, needed: bool, file: Path) -> None:
    """Write the list as an xlsx."""
    body = operations.purchase_workbook(
        merchant_id=merchants.merchant_id_of_slug(merchant),
        actor=operator(),
        wish=Wish(span=span, needed=needed),
        language="en",
    )
    file.write_bytes(body)
