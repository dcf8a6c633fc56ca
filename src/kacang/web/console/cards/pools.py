"""Separate pools at the desk: which there are, what is in them, what they are called (S3)."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.shared.errors import DomainError
from kacang.vault import operations, queries
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

NAME_MOST = 200


class PoolForm(forms.Form):
    """What a pool is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)


@needs("stock.view")
def pool_list(request: ConsoleRequest) -> HttpResponse:
    """Show every pool with what is in it."""
    return _page(request, PoolForm())


@needs("stock.change")
@require_POST
def pool_new(request: ConsoleRequest) -> HttpResponse:
    """Add a pool."""
    desk = desk_of(request)
    form = PoolForm(request.POST)
    if form.is_valid():
        try:
            operations.create_pool(
                merchant_id=desk.merchant_id, actor=desk.actor, name=form.cleaned_data["name"]
            )
        except DomainError as error:
            form.add_error("name", text_of(error))
        else:
            messages.success(request, _("The pool is added."))
            return redirect("console_pools")
    return _page(request, form, status=422)


@needs("stock.change")
@require_POST
def pool_name(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Call a pool something else."""

    def act(desk: Desk) -> str:
        operations.rename_pool(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            uid=uid,
            name=request.POST.get("name", "")[:NAME_MOST],
        )
        return _("Saved.")

    return _done(request, act)


@needs("stock.change")
@require_POST
def pool_delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Delete a pool that has no cards."""

    def act(desk: Desk) -> str:
        operations.delete_pool(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
        return _("The pool is deleted.")

    return _done(request, act)


def _done(request: ConsoleRequest, act: Callable[[Desk], str]) -> HttpResponse:
    told(request, lambda: act(desk_of(request)))
    return redirect("console_pools")


def _page(request: ConsoleRequest, form: PoolForm, status: int = 200) -> HttpResponse:
    desk = desk_of(request)
    context = {
        "form": form,
        "rows": queries.pool_totals(merchant_id=desk.merchant_id),
        "can_edit": "stock.change" in desk.permissions,
    }
    return render(request, "console/stock/pools.html", context, status=status)
