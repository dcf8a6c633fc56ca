"""What a deposit into a wallet is an order of: one SKU of each merchant, on no shelf (F3)."""

import hashlib

from kacang.catalog.models import Product, ProductState, Sku
from kacang.merchants import queries
from kacang.merchants.tenancy import acting_as

TITLE = {"zh-Hans": "余额充值", "en": "Wallet deposit"}


def credit_sku(*, merchant_id: int) -> int:
    """Return the id of the merchant's SKU for deposits; the first time it is made.

    It is archived from the start, costs what its order says, and has no stock.
    """
    info = queries.merchant(merchant_id=merchant_id)
    name = hashlib.sha256(f"deposits of {info.uid}".encode()).hexdigest()[:20]
    place = {"merchant_id": merchant_id, "uid": f"sku_{name}"}
    with acting_as(merchant_id):
        row = Sku.objects.filter(**place).first()
        if row is None:
            shelf = {"merchant_id": merchant_id, "uid": f"prd_{name}"}
            Product.objects.bulk_create(
                [Product(**shelf, title=TITLE, cover="gift", state=ProductState.ARCHIVED)],
                ignore_conflicts=True,
            )
            product = Product.objects.get(**shelf)
            Sku.objects.bulk_create(
                [
                    Sku(
                        **place,
                        product=product,
                        title={},
                        price_minor=0,
                        currency=info.currency,
                        max_per_order=1,
                        on_sale=False,
                    )
                ],
                ignore_conflicts=True,
            )
            # Somebody else may have been first: theirs it is then.
            row = Sku.objects.get(**place)
        return row.pk
