"""Shelves of the shop at the desk: naming, ordering, taking away what is empty."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.catalog import operations, queries
from kacang.catalog.queries import CategoryView, ProductFilter, ProductState
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import DomainError
from kacang.shared.texts import both, pick
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.products.pictures import moved
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

TITLE_MOST = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One category with its names; `other` is the name that is not in the reader's language."""

    shelf: CategoryView
    zh: str
    other: str


class CategoryForm(forms.Form):
    """A category's name in both languages."""

    title_zh = forms.CharField(
        label=gettext_lazy("Name (Chinese)"), max_length=TITLE_MOST, required=False
    )
    title_en = forms.CharField(
        label=gettext_lazy("Name (English)"), max_length=TITLE_MOST, required=False
    )

    def clean(self) -> dict[str, str]:
        """Ask for a name in one of the languages."""
        cleaned = super().clean() or {}
        if not (cleaned.get("title_zh") or cleaned.get("title_en")):
            self.add_error("title_zh", _("Give a name in one language at least."))
        return cleaned


@needs("products.view")
def category_list(request: ConsoleRequest) -> HttpResponse:
    """Show the categories in the shop's order."""
    return _page(request, CategoryForm(prefix="new"))


@needs("products.edit")
@require_POST
def category_new(request: ConsoleRequest) -> HttpResponse:
    """Add a category behind the others."""
    desk = desk_of(request)
    form = CategoryForm(request.POST, prefix="new")
    if not form.is_valid():
        return _page(request, form, status=422)
    shelves = queries.categories(merchant_id=desk.merchant_id)
    operations.create_category(
        merchant_id=desk.merchant_id,
        actor=desk.actor,
        title=both(form.cleaned_data["title_zh"], form.cleaned_data["title_en"]),
        position=max((shelf.position for shelf in shelves), default=-1) + 1,
    )
    messages.success(request, _("The category is added."))
    return redirect("console_categories")


@needs("products.edit")
@require_POST
def category_edit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Rename a category."""
    desk = desk_of(request)
    form = CategoryForm(request.POST)
    shelf = _shelf(desk, uid)
    if not form.is_valid():
        messages.error(request, _("Give a name in one language at least."))
        return redirect("console_categories")
    operations.update_category(
        merchant_id=desk.merchant_id,
        actor=desk.actor,
        uid=uid,
        title=both(form.cleaned_data["title_zh"], form.cleaned_data["title_en"]),
        position=shelf.position,
    )
    messages.success(request, _("Saved."))
    return redirect("console_categories")


@needs("products.edit")
@require_POST
def category_move(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Move a category one place up or down."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        shelves = {item.uid: item for item in queries.categories(merchant_id=desk.merchant_id)}
        if uid not in shelves:
            raise operations.UnknownCategory
        order = moved(list(shelves), uid, request.POST.get("step", ""))
        for position, name in enumerate(order):
            if shelves[name].position != position:
                operations.update_category(
                    merchant_id=desk.merchant_id,
                    actor=desk.actor,
                    uid=name,
                    title=shelves[name].title,
                    position=position,
                )
    return redirect("console_categories")


@needs("products.edit")
@require_POST
def category_delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take a category away, if no product is in it."""
    desk = desk_of(request)
    try:
        with acting_as(desk.merchant_id):
            if _has_products(desk, uid):
                messages.error(
                    request, _("Products are still in this category, perhaps off sale or archived.")
                )
                return redirect("console_categories")
            operations.delete_category(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    except operations.UnknownCategory:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("The category is deleted."))
    return redirect("console_categories")


def _has_products(desk: Desk, uid: str) -> bool:
    return any(
        queries.products_page(
            merchant_id=desk.merchant_id,
            where=ProductFilter(state=state, category_uid=uid),
            limit=1,
        ).items
        for state in (None, ProductState.ARCHIVED)
    )


def _row(shelf: CategoryView) -> Row:
    shown = pick(shelf.title, get_language() or "")
    other = next((words for words in shelf.title.values() if words != shown), "")
    return Row(shelf, shelf.title.get("zh-Hans", ""), other)


def _shelf(desk: Desk, uid: str) -> CategoryView:
    for shelf in queries.categories(merchant_id=desk.merchant_id):
        if shelf.uid == uid:
            return shelf
    raise operations.UnknownCategory


def _page(request: ConsoleRequest, form: CategoryForm, status: int = 200) -> HttpResponse:
    desk = desk_of(request)
    context = {
        "form": form,
        "rows": [_row(shelf) for shelf in queries.categories(merchant_id=desk.merchant_id)],
        "can_edit": "products.edit" in desk.permissions,
    }
    return render(request, "console/products/categories.html", context, status=status)
