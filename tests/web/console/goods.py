"""Something to sell, with codes in stock."""

from typing import Any

from kacang.catalog import operations as catalog
from kacang.merchants.audit import SYSTEM
from kacang.shared.money import Money
from kacang.shared.texts import both
from kacang.vault import operations as vault


def a_sku(merchant_id, *, title="视频会员", price="198", **values):
    """A SKU of a product on sale; its uid."""
    who: dict[str, Any] = {"merchant_id": merchant_id, "actor": SYSTEM}
    fields = values.pop("form_fields", ())
    draft = catalog.ProductDraft(title=both(title, "Video"), cover="video", form_fields=fields)
    product = catalog.create_product(**who, draft=draft)
    sku = catalog.create_sku(
        **who,
        product_uid=product,
        draft=catalog.SkuDraft(
            title=both("年卡", "One year"), price_minor=Money.parse(price).minor, **values
        ),
    )
    catalog.set_product_state(**who, uid=product, state=catalog.ProductState.ON_SALE)
    return sku


def stocked_sku(merchant_id, *, codes, **values):
    """A SKU of a product on sale with these codes free."""
    uid = a_sku(merchant_id, **values)
    restock(merchant_id, uid, codes)
    return uid


def restock(merchant_id, sku_uid, codes):
    """Import more codes."""
    work_uid = vault.import_cards(
        merchant_id=merchant_id,
        actor=SYSTEM,
        file_uid=vault.seal_lines(merchant_id=merchant_id, lines=codes),
        request=vault.ImportRequest(sku_uid=sku_uid),
    )
    vault.run_import(merchant_id=merchant_id, work_uid=work_uid)
