"""Products at the desk: the list, writing one, putting it on sale (catalogue of the shop)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.catalog import operations, queries
from kacang.catalog.queries import ProductFilter, ProductState, ProductView
from kacang.merchants.tenancy import acting_as
from kacang.shared import markdown
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.supply.queries import available_of, default_terms
from kacang.web.console.access import Denied, needs
from kacang.web.console.desk import Desk, back, desk_of, pages_of
from kacang.web.console.products.filling import field_initial, product_initial, sku_initial
from kacang.web.console.products.forms import FIELD_FORMS, SKU_FORMS, ProductForm
from kacang.web.console.waiting import all_skus
from kacang.web.design.parts import Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES = {state.name.lower(): state for state in ProductState}
STATE_WORDS: dict[ProductState, Promise] = {
    ProductState.ON_SALE: gettext_lazy("On sale"),
    ProductState.OFF_SALE: gettext_lazy("Off sale"),
    ProductState.ARCHIVED: gettext_lazy("Archived"),
}
SAID: dict[ProductState, Promise] = {
    ProductState.ON_SALE: gettext_lazy("%(title)s is on sale."),
    ProductState.OFF_SALE: gettext_lazy("%(title)s is off sale."),
    ProductState.ARCHIVED: gettext_lazy("%(title)s is archived."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One product of the list; `available` is None where stock has no number."""

    product: ProductView
    available: int | None
    is_low: bool

    @property
    def picture(self) -> str:
        """The address of the first picture, or ""."""
        pictures = self.product.pictures
        return reverse("console_picture", args=[pictures[0].name]) if pictures else ""


@dataclass(frozen=True, slots=True)
class Forms:
    """The three forms of a product's page."""

    product: ProductForm
    skus: Any
    fields: Any

    def is_valid(self) -> bool:
        """Check all of them, so that every mistake is shown at once."""
        return all([self.product.is_valid(), self.skus.is_valid(), self.fields.is_valid()])


@needs("products.view")
def product_list(request: ConsoleRequest) -> HttpResponse:
    """Show products in the shop's order."""
    desk = desk_of(request)
    chosen = STATES.get(request.GET.get("state", ""))
    where = ProductFilter(
        state=chosen,
        category_uid=request.GET.get("category", ""),
        search=request.GET.get("q", "").strip()[:100],
    )
    with acting_as(desk.merchant_id):
        page = queries.products_page(
            merchant_id=desk.merchant_id,
            where=where,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
        counts = queries.state_counts(merchant_id=desk.merchant_id)
        shelves = queries.categories(merchant_id=desk.merchant_id)
        rows = _rows(desk, page.items)
    context = {
        "rows": rows,
        "tabs": _tabs(counts, chosen),
        "shelves": shelves,
        "where": where,
        "is_narrowed": bool(where.search or where.category_uid or chosen is not None),
        "pages": pages_of(request, page.next_cursor),
        "can_edit": "products.edit" in desk.permissions,
    }
    return render(request, "console/products/list.html", context)


def _tabs(counts: Mapping[ProductState, int], chosen: ProductState | None) -> list[Tab]:
    address = reverse("console_products")
    kept = counts[ProductState.ON_SALE] + counts[ProductState.OFF_SALE]
    tabs = [Tab(_("All"), address, kept, chosen is None)]
    for state, word in STATE_WORDS.items():
        target = f"{address}?state={state.name.lower()}"
        tabs.append(Tab(word, target, counts[state], state is chosen))
    return tabs


def _rows(desk: Desk, products: Sequence[ProductView]) -> list[Row]:
    stock = available_of(desk.merchant_id, (sku for one in products for sku in one.skus))
    terms = default_terms(merchant_id=desk.merchant_id)
    rows = []
    for product in products:
        cards = [sku for sku in product.skus if sku.stock_mode != queries.StockMode.LOOP]
        low = any(stock.get(sku.id, 0) < terms.of(sku).low_stock_at for sku in cards)
        number = sum(stock.get(sku.id, 0) for sku in cards) if cards else None
        rows.append(Row(product, number, low))
    return rows


@needs("products.edit")
def product_new(request: ConsoleRequest) -> HttpResponse:
    """Write a new product with its first SKUs."""
    desk = desk_of(request)
    forms = _forms(desk, request, None)
    if request.method == "POST" and forms.is_valid():
        uid = _save(desk, forms, None)
        if uid:
            messages.success(request, _("The product is saved. Now add pictures and stock."))
            return redirect("console_product", uid)
    return _edit_page(request, forms, None)


@needs("products.view")
def product_edit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a product, and change it where the role allows."""
    desk = desk_of(request)
    product = queries.product(merchant_id=desk.merchant_id, uid=uid)
    if request.method == "POST" and "products.edit" not in desk.permissions:
        raise Denied(permission="products.edit")
    forms = _forms(desk, request, product)
    if request.method == "POST" and forms.is_valid() and _save(desk, forms, product):
        messages.success(request, _("Saved."))
        return redirect("console_product", uid)
    return _edit_page(request, forms, product)


def _edit_page(request: ConsoleRequest, forms: Forms, product: ProductView | None) -> HttpResponse:
    desk = desk_of(request)
    wrong = request.method == "POST"
    context = {
        "form": forms.product,
        "skus": forms.skus,
        "fields": forms.fields,
        "product": product,
        "title": pick(product.title, get_language() or "") if product else "",
        "pictures": product.pictures if product else (),
        "can_edit": "products.edit" in desk.permissions,
        "can_import": "stock.import" in desk.permissions,
        "field_errors": wrong and not forms.fields.is_valid(),
        "wrong": wrong,
    }
    return render(request, "console/products/edit.html", context, status=422 if wrong else 200)


def _forms(desk: Desk, request: ConsoleRequest, product: ProductView | None) -> Forms:
    data = request.POST if request.method == "POST" else None
    shelves = [
        (shelf.uid, pick(shelf.title, get_language() or ""))
        for shelf in queries.categories(merchant_id=desk.merchant_id)
    ]
    skus = [sku_initial(sku) for sku in product.skus] if product else []
    questions = [field_initial(item) for item in product.form_fields] if product else []
    return Forms(
        ProductForm(
            data, initial=product_initial(product) if product else None, categories=shelves
        ),
        SKU_FORMS(data, prefix="sku", initial=skus, form_kwargs=_sku_options(desk)),
        FIELD_FORMS(data, prefix="field", initial=questions),
    )


def _sku_options(desk: Desk) -> dict[str, Any]:
    """Return what each SKU's form is given: currency, and what redeem codes may be good for."""
    language = get_language() or ""
    targets = [
        (sku.uid, f"{pick(product.title, language)} · {pick(sku.title, language)}")
        for product, sku in all_skus(desk.merchant_id, ProductFilter())
        if sku.stock_mode != queries.StockMode.GOODS and sku.redeems_id is None
    ]
    return {"currency": desk.currency, "targets": targets}


def _save(desk: Desk, forms: Forms, product: ProductView | None) -> str:
    """Write product and SKUs, all or nothing; a refusal becomes an error of the form."""
    questions = tuple(
        form.raw()
        for form in forms.fields.ordered_forms
        if form.cleaned_data.get("name") and not form.cleaned_data.get("DELETE")
    )
    draft = forms.product.draft(questions)
    who: dict[str, Any] = {"merchant_id": desk.merchant_id, "actor": desk.actor}
    try:
        with acting_as(desk.merchant_id):
            uid = product.uid if product else operations.create_product(**who, draft=draft)
            if product:
                operations.update_product(**who, uid=uid, draft=draft)
            _save_skus(who, forms, uid, {sku.uid for sku in product.skus} if product else set())
    except DomainError as error:
        forms.product.add_error(None, _refusal(error))
        return ""
    return uid


def _save_skus(who: dict[str, Any], forms: Forms, product_uid: str, known: set[str]) -> None:
    kept = [form for form in forms.skus if form.cleaned_data.get("price") is not None]
    for position, form in enumerate(kept):
        sku_uid = form.cleaned_data["uid"]
        if not sku_uid:
            operations.create_sku(**who, product_uid=product_uid, draft=form.draft(position))
        elif sku_uid in known:
            operations.update_sku(**who, uid=sku_uid, draft=form.draft(position))
        else:
            raise operations.UnknownSku


def _refusal(error: DomainError) -> str:
    field = str(error.detail.get("field", ""))
    return f"{text_of(error)} ({field})" if field else text_of(error)


@needs("products.edit")
@require_POST
def product_state(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put a product on sale, take it off, archive it or take it out of the archive."""
    desk = desk_of(request)
    state = STATES.get(request.POST.get("state", ""))
    if state is None:
        raise Http404
    product = queries.product(merchant_id=desk.merchant_id, uid=uid)
    title = pick(product.title, get_language() or "")
    try:
        operations.set_product_state(
            merchant_id=desk.merchant_id, actor=desk.actor, uid=uid, state=state
        )
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, str(SAID[state]) % {"title": title})
    return back(request, "console_product", uid)


@needs("products.view")
@require_POST
def preview(request: ConsoleRequest) -> HttpResponse:
    """Show Markdown as buyers will read it. Nothing is stored."""
    text = next((request.POST[name] for name in request.POST if name.endswith(("_zh", "_en"))), "")
    html = markdown.render(text[:20_000])
    return render(request, "console/products/preview.html", {"html": html})
