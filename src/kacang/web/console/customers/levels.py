"""Levels of customers (H1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.customers import operations, queries
from kacang.customers.operations import BadCustomer, LevelInUse
from kacang.web.console.access import needs
from kacang.web.console.customers.forms import LevelForm
from kacang.web.console.desk import desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs("customers.edit")
def level_list(request: ConsoleRequest) -> HttpResponse:
    """Show the levels; make one, or change one."""
    desk = desk_of(request)
    form = LevelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.save_level(
                merchant_id=desk.merchant_id,
                name=form.cleaned_data["name"],
                rank=form.cleaned_data["rank"],
                uid=form.cleaned_data["uid"],
                actor=desk.actor,
            )
        except BadCustomer as error:
            field = str(error.detail.get("field", "name"))
            form.add_error(field, _("There is a level of this kind already, or it does not fit."))
        else:
            messages.success(request, _("Saved."))
            return redirect("console_customer_levels")
    context = {"levels": queries.levels(merchant_id=desk.merchant_id), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "console/customers/levels.html", context, status=status)


@needs("customers.edit")
@require_POST
def drop(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Remove a level that nobody has."""
    desk = desk_of(request)
    try:
        operations.drop_level(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
        messages.success(request, _("The level is removed."))
    except LevelInUse as error:
        messages.error(request, text_of(error))
    return redirect("console_customer_levels")
