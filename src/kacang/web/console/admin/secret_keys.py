"""The merchant's data keys at the desk: which seals, how a change of it comes along (V4)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.merchants.keys import data_keys
from kacang.outbox import queries, rotating
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.console.work import card_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

HISTORY = 20


@needs("secrets.rotate")
@require_safe
def secret_keys(request: ConsoleRequest) -> HttpResponse:
    """Show the keys, the change that is under way, and those before it."""
    found = queries.works(merchant_id=request.merchant, kinds=(rotating.KIND,), limit=HISTORY)
    moving = next((item for item in found if not item.has_ended), None)
    values = {
        "keys": data_keys(merchant_id=request.merchant),
        "job": card_of(moving, desk_of(request)) if moving else None,
        "history": [item for item in found if item.has_ended],
    }
    return render(request, "console/settings/keys.html", values)


@needs("secrets.rotate")
@require_POST
def rotate(request: ConsoleRequest) -> HttpResponse:
    """Start a change of the key."""
    try:
        rotating.start_rotation(
            merchant_id=request.merchant,
            actor=request.actor,
            reason=request.POST.get("reason", ""),
        )
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("A new key is made. Sales go on meanwhile."))
    return redirect("console_secret_keys")
