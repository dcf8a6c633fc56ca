"""What the cards of a SKU are redeemed for: pieces of another one, or money (V5, L21, F3)."""

from django.db import connection

from kacang.catalog.models import Sku, StockMode
from kacang.shared.errors import Invalid

WORTH_MAX = 10**12


class BadRedeemTarget(Invalid):
    """These cards cannot be redeem codes for that SKU. `problem` says why."""

    code = "catalog.bad_redeem_target"


class BadGift(Invalid):
    """Gift cards are sold once, redeem nothing else, and are worth something."""

    code = "catalog.bad_gift"


def set_gift(row: Sku, worth_minor: int | None) -> None:
    """Write on a SKU what its cards put into a wallet; None for nothing. After `set_target`.

    Raises:
        BadGift: They are not cards, redeem something else already, or would be worth nothing.
    """
    if worth_minor is not None and (
        row.stock_mode != StockMode.CARDS
        or row.redeems is not None
        or not 0 < worth_minor <= WORTH_MAX
    ):
        raise BadGift
    row.gift_minor = worth_minor


def set_target(row: Sku, uid: str) -> None:
    """Write on a SKU what its cards redeem; "" for nothing. The caller saves it, in a transaction.

    Raises:
        BadRedeemTarget: There is no such SKU, it sells goods, or one would lead to another.
    """
    if not uid:
        row.redeems = None
        return
    with connection.cursor() as cursor:
        # Of two SKUs that are pointed at each other at once, the second sees the first.
        cursor.execute(
            "select 1 from merchant where id = %s::bigint for no key update", [row.merchant_id]
        )
    target = Sku.objects.filter(merchant_id=row.merchant_id, uid=uid).first()
    if target is None:
        raise BadRedeemTarget(problem="unknown")
    if row.stock_mode != StockMode.CARDS:
        raise BadRedeemTarget(problem="not_cards")
    if target.stock_mode == StockMode.GOODS:
        raise BadRedeemTarget(problem="goods")
    is_target = Sku.objects.filter(merchant_id=row.merchant_id, redeems_id=row.pk)
    if target.pk == row.pk or target.redeems_id is not None or (row.pk and is_target.exists()):
        raise BadRedeemTarget(problem="chain")
    row.redeems = target
