"""What a customer has told the staff that they do not want to hear of (N1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kacang.customers import queries
from kacang.messages.restraint import refusing
from kacang.messages.restraint.rules import OBLIGATORY, OPTIONAL
from kacang.shared.clock import utc_now
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.notice_words import WORDS
from kacang.web.requests import ConsoleRequest
from kacang.web.templatetags.kacang import in_language


@needs("customers.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show what a customer wants to be told, and what cannot be refused and why; keep a choice."""
    desk = desk_of(request)
    customer = queries.customer(merchant_id=desk.merchant_id, uid=uid)
    addresses = [one.value for one in customer.contacts]
    if request.method == "POST":
        refusing.choose_at(
            merchant_id=desk.merchant_id,
            addresses=addresses,
            unwanted=OPTIONAL - set(request.POST.getlist("wanted")),
            subject=uid,
            actor=desk.actor,
            now=utc_now(),
        )
        messages.success(request, _("Saved."))
        return redirect("console_customer_notices", uid)
    off = refusing.refused_at(merchant_id=desk.merchant_id, addresses=addresses)
    context = {
        "customer": customer,
        "has_address": bool(addresses),
        "optional": [
            (event.value, word, event not in off)
            for event, word in WORDS.items()
            if event in OPTIONAL
        ],
        "obligatory": [
            (word, in_language(OBLIGATORY[event]))
            for event, word in WORDS.items()
            if event in OBLIGATORY
        ],
    }
    return render(request, "console/customers/notices.html", context)
