"""Products: texts, form, and whether buyers see them."""

from typing import Any

from kacang.catalog.checks import BadValue, read_text, within
from kacang.catalog.drafts import ProductDraft
from kacang.catalog.forms import read_fields, stored_fields
from kacang.catalog.models import DeliveryWay, Product, ProductKind, ProductState, Sku
from kacang.catalog.operations.categories import POSITION_MAX, find_category
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared import states
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.ids import new_uid

PRODUCT_STEPS = {
    ProductState.OFF_SALE: frozenset({ProductState.ON_SALE, ProductState.ARCHIVED}),
    ProductState.ON_SALE: frozenset({ProductState.OFF_SALE, ProductState.ARCHIVED}),
    ProductState.ARCHIVED: frozenset({ProductState.OFF_SALE}),
}
LIMITS = {"title": 120, "subtitle": 200, "description": 20_000, "guide": 20_000}
COVER_MAX = 20
# Texts of thousands of letters do not belong into the log: that they changed does.
LOGGED = ("kind", "delivery_way", "title", "subtitle", "cover", "form_fields", "position")


class UnknownProduct(NotFound):
    """There is no such product."""

    code = "catalog.unknown_product"


class KindFixed(Conflict):
    """A product with SKUs cannot turn from codes to goods, nor back."""

    code = "catalog.kind_fixed"


class NothingToSell(Conflict):
    """A product without a SKU on sale cannot go on sale."""

    code = "catalog.nothing_to_sell"


def create_product(*, merchant_id: int, actor: Actor, draft: ProductDraft) -> str:
    """Add a product, off sale, and return its uid.

    Raises:
        BadText, BadValue, BadField, BadMask: The draft is wrong.
        UnknownCategory: It names a category that is not there.
    """
    with acting_as(merchant_id):
        row = Product(merchant_id=merchant_id, uid=new_uid("prd"))
        _fill(row, draft)
        row.save()
        _log(actor, "products.create", row, None, _state(row))
    return row.uid


def update_product(*, merchant_id: int, actor: Actor, uid: str, draft: ProductDraft) -> None:
    """Replace what a product says. Orders keep the texts and form that they were placed with.

    Raises:
        UnknownProduct: There is none.
        KindFixed: It has SKUs of another kind.
        BadText, BadValue, BadField, BadMask, UnknownCategory: As for a new one.
    """
    with acting_as(merchant_id):
        row = find_product(merchant_id, uid)
        turns = (row.kind == ProductKind.GOODS) != (draft.kind == ProductKind.GOODS)
        if turns and row.skus.exists():
            raise KindFixed
        before = _state(row)
        old_texts = (row.description, row.guide)
        _fill(row, draft)
        refresh_search(row)
        row.save()
        after = _state(row)
        if (row.description, row.guide) != old_texts:
            after["texts"] = "changed"
        _log(actor, "products.update", row, before, after)


def set_product_state(*, merchant_id: int, actor: Actor, uid: str, state: ProductState) -> None:
    """Put a product on sale, take it off, or archive it. Asking for what is does nothing.

    Raises:
        UnknownProduct: There is none.
        NothingToSell: It has no SKU on sale.
        WrongState: An archived one must first be taken out.
    """
    with acting_as(merchant_id):
        row = find_product(merchant_id, uid)
        before = ProductState(row.state)
        if before == state:
            return
        states.check(PRODUCT_STEPS, now=before, to=state)
        if state == ProductState.ON_SALE and not row.skus.filter(on_sale=True).exists():
            raise NothingToSell
        row.state = state
        row.save(update_fields=["state", "changed_at"])
        _log(
            actor,
            "products.state",
            row,
            {"state": before.name.lower()},
            {"state": state.name.lower()},
        )


def find_product(merchant_id: int, uid: str) -> Product:
    """Return the row and lock it. Must run inside the caller's transaction."""
    row = (
        Product.objects.select_for_update(of=("self",), no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownProduct
    return row


def refresh_search(row: Product) -> None:
    """Gather the words by which the shop finds a product. The caller saves the row."""
    texts = [row.title, row.subtitle]
    if row.pk:
        rows = Sku.objects.filter(merchant_id=row.merchant_id, product_id=row.pk)
        texts += rows.order_by("position", "id").values_list("title", flat=True)
    row.search_text = " ".join(wording for text in texts for wording in text.values()).lower()[
        :5000
    ]


def _fill(row: Product, draft: ProductDraft) -> None:
    if draft.kind not in ProductKind.values:
        raise BadValue(field="kind")
    if not draft.cover.isidentifier() or len(draft.cover) > COVER_MAX:
        raise BadValue(field="cover")
    by_hand = draft.delivery_way == DeliveryWay.HANDED
    if draft.delivery_way not in DeliveryWay.values or not (
        by_hand or draft.kind == ProductKind.GOODS
    ):
        raise BadValue(field="delivery_way")
    row.kind = str(draft.kind)
    row.delivery_way = str(draft.delivery_way)
    row.cover = draft.cover
    row.position = within("position", draft.position, 0, POSITION_MAX)
    row.category = (
        find_category(row.merchant_id, draft.category_uid) if draft.category_uid else None
    )
    for field, limit in LIMITS.items():
        text = read_text(
            field,
            getattr(draft, field),
            limit=limit,
            required=field == "title",
            lines=field in ("description", "guide"),
        )
        setattr(row, field, text)
    fields = stored_fields(read_fields(draft.form_fields))
    if row.pk and fields != row.form_fields:
        row.form_version += 1
    row.form_fields = fields
    if not row.pk:
        refresh_search(row)


def _state(row: Product) -> dict[str, Any]:
    state = {name: getattr(row, name) for name in LOGGED}
    return {**state, "category": row.category.uid if row.category else ""}


def _log(
    actor: Actor, action: str, row: Product, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="product",
        object_uid=row.uid,
        before=before,
        after=after,
    )
