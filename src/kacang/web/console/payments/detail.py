"""One payment at the desk: what was heard of it, asked about it, and booked for it (P2, P3)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import CHART, DocumentKind
from kacang.merchants.tenancy import acting_as
from kacang.orders.numbers import numbers_of_orders
from kacang.payments.payment_details import PaymentDetails, payment_details
from kacang.payments.queries import NoticeOutcome
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.orders.words import FIT_WORDS
from kacang.web.requests import ConsoleRequest
from kacang.web.shop.site import language

OUTCOMES: dict[NoticeOutcome, Promise] = {
    NoticeOutcome.WAITING: _("Waits to be acted on"),
    NoticeOutcome.SETTLED: _("Paid the order"),
    NoticeOutcome.REPEATED: _("Known before"),
    NoticeOutcome.NOT_FINAL: _("Not final: nothing followed"),
    NoticeOutcome.SUSPENSE: _("Did not fit: a person decides"),
    NoticeOutcome.UNMATCHED: _("No such payment"),
}
KINDS: tuple[Promise, ...] = (_("Opened"), _("Asked"), _("Closed"), _("Tried out"))
RESULTS: tuple[Promise, ...] = (_("answered"), _("did not answer"), _("refused"))


@needs("payments.view")
@require_safe
def payment(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show one payment."""
    desk = desk_of(request)
    details = payment_details(merchant_id=desk.merchant_id, number=number[:32])
    numbers = numbers_of_orders(merchant_id=desk.merchant_id, ids=[details.order_id])
    context = {
        "details": details,
        "payment": details.info,
        "number": numbers.get(details.order_id, ""),
        "receipts": [
            (one, FIT_WORDS.get(one.fit, "") if one.fit else "") for one in details.receipts
        ],
        "notices": [(one, OUTCOMES[one.outcome]) for one in details.notices],
        "calls": [(one, KINDS[one.kind], RESULTS[one.result]) for one in details.calls],
        "entries": _booked(desk, details),
        "can_see_orders": "orders.view" in desk.permissions,
        "can_see_ledger": "ledger.view" in desk.permissions,
    }
    return render(request, "console/payments/detail.html", context)


def _booked(desk: Desk, details: PaymentDetails) -> list[tuple[ledger.Entry, str, str]]:
    """Return what was booked for the payment's receipts, with the accounts' names."""
    if "ledger.view" not in desk.permissions or not details.receipts:
        return []
    about = (DocumentKind.RECEIPT, [one.id for one in details.receipts])
    with acting_as(desk.merchant_id):
        found = ledger.entries(
            merchant_id=desk.merchant_id, wanted=ledger.EntryFilter(document=about)
        )
    field = "zh" if language() == "zh-Hans" else "en"
    return [
        (entry, getattr(CHART[entry.debit], field), getattr(CHART[entry.credit], field))
        for entry in found.entries
    ]
