"""What text messages cost, by month and event, each figure with its rows (N1)."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from kacang.merchants.queries import setting
from kacang.messages import costs
from kacang.messages.costs import Cost
from kacang.web.console.access import needs
from kacang.web.console.messages import EVENTS
from kacang.web.requests import ConsoleRequest


@needs("messages.view")
@require_safe
def cost_page(request: ConsoleRequest) -> HttpResponse:
    """Show a month; the log has the messages behind each figure."""
    now = timezone.localtime()
    year, month = costs.read_month(request.GET.get("month", ""), now)
    found = costs.month_of(merchant_id=request.merchant, year=year, month=month)
    chosen = f"{year:04d}-{month:02d}"
    milli = int(str(setting(merchant_id=request.merchant, name="sms_price_milli")))
    context = {
        "rows": [_row(cost, found.currency, chosen) for cost in found.rows],
        "total": _row(found.total, found.currency, chosen),
        "month": chosen,
        "months": [f"{one:04d}-{two:02d}" for one, two in costs.months_back(now)],
        "price": costs.exact(milli, found.currency),
        "may_set": "settings.view" in request.membership.permissions,
    }
    return render(request, "console/senders/costs.html", context)


def _row(cost: Cost, currency: str, month: str) -> dict[str, object]:
    about = {"channel": "sms", "month": month} | ({"event": cost.event} if cost.event else {})
    return {
        "cost": cost,
        "word": EVENTS.get(cost.event, cost.event),
        "amount": costs.exact(cost.milli, currency),
        "url": f"{reverse('console_messages')}?{urlencode(about)}",
    }
