"""Warehouses at the desk: which there are, and what they are called (S1)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.shared.errors import DomainError
from kacang.stock import operations, queries
from kacang.stock.queries import WarehouseView
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


class NameForm(forms.Form):
    """What a warehouse is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)


def called(warehouse: WarehouseView) -> str:
    """Return what people call a warehouse; the default one has a word until it is named."""
    return warehouse.name or _("Main warehouse")


@needs("stock.view")
def warehouse_list(request: ConsoleRequest) -> HttpResponse:
    """Show every warehouse."""
    return _page(request, NameForm())


@needs("goods.adjust")
@require_POST
def warehouse_new(request: ConsoleRequest) -> HttpResponse:
    """Add a warehouse."""
    desk = desk_of(request)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            operations.create_warehouse(
                merchant_id=desk.merchant_id, actor=desk.actor, name=form.cleaned_data["name"]
            )
        except DomainError as error:
            form.add_error("name", text_of(error))
        else:
            messages.success(request, _("The warehouse is added."))
            return redirect("console_warehouses")
    return _page(request, form, status=422)


@needs("goods.adjust")
@require_POST
def warehouse_name(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Call a warehouse something else."""
    desk = desk_of(request)

    def act() -> str:
        operations.rename_warehouse(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            uid=uid,
            name=request.POST.get("name", "")[:200],
        )
        return _("Saved.")

    told(request, act)
    return redirect("console_warehouses")


def _page(request: ConsoleRequest, form: NameForm, status: int = 200) -> HttpResponse:
    desk = desk_of(request)
    rows = [(row, called(row)) for row in queries.warehouses(merchant_id=desk.merchant_id)]
    context = {"form": form, "rows": rows, "can_edit": "goods.adjust" in desk.permissions}
    return render(request, "console/stock/warehouses.html", context, status=status)
