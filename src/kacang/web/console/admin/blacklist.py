"""The blacklist at the desk: who may not buy (Z1)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.risk import operations, queries
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of, pages_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
KINDS: dict[str, Promise] = {
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "address": gettext_lazy("Network address"),
    "device": gettext_lazy("Device"),
}


class BlockForm(forms.Form):
    """Somebody to keep out."""

    kind = forms.ChoiceField(label=gettext_lazy("Block by"), choices=list(KINDS.items()))
    value = forms.CharField(label=gettext_lazy("E-mail, phone or IP address"), max_length=254)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)


@needs("risk.edit")
def block_list(request: ConsoleRequest) -> HttpResponse:
    """Show the blacklist, the newest entry first."""
    return _page(request, BlockForm())


@needs("risk.edit")
@require_POST
def block_new(request: ConsoleRequest) -> HttpResponse:
    """Keep somebody from buying."""
    desk = desk_of(request)
    form = BlockForm(request.POST)
    if form.is_valid():
        try:
            operations.block(merchant_id=desk.merchant_id, actor=desk.actor, **form.cleaned_data)
        except operations.BadBlock as error:
            form.add_error("value", text_of(error))
        else:
            messages.success(request, _("Orders from there are refused from now on."))
            return redirect("console_blacklist")
    return _page(request, form, status=422)


@needs("risk.edit")
@require_POST
def block_remove(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Let somebody buy again."""
    desk = desk_of(request)
    operations.unblock(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    messages.success(request, _("The entry is removed."))
    return redirect("console_blacklist")


def _page(request: ConsoleRequest, form: BlockForm, status: int = 200) -> HttpResponse:
    desk = desk_of(request)
    found = queries.blocks(
        merchant_id=desk.merchant_id, cursor=request.GET.get("cursor", ""), limit=PAGE
    )
    rows = [(row, KINDS.get(row.kind, row.kind)) for row in found.rows]
    context = {"form": form, "rows": rows, "pages": pages_of(request, found.next_cursor)}
    return render(request, "console/risk/blacklist.html", context, status=status)
