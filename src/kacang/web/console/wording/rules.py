"""What passes the quiet hours, and how many of a kind somebody gets a day (N1)."""

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kacang.merchants.queries import setting
from kacang.messages.events import Event
from kacang.messages.restraint import holding, rules
from kacang.messages.restraint.rules import (
    ALWAYS_AT_ONCE,
    DAILY_MOST,
    BadRule,
    Rule,
    most_a_day,
)
from kacang.web.console.access import Denied, needs
from kacang.web.console.messages import EVENTS
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs("messages.view")
@require_http_methods(["GET", "HEAD", "POST"])
def rules_page(request: ConsoleRequest) -> HttpResponse:
    """Show the rule of every event, and keep all of them at once."""
    may_edit = "messages.edit" in request.membership.permissions
    if request.method == "POST":
        if not may_edit:
            raise Denied(permission="messages.edit")
        try:
            changed = rules.save_rules(
                merchant_id=request.merchant, changed=_given(request), actor=request.actor
            )
        except BadRule as error:
            flash.error(request, text_of(error))
        else:
            flash.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("console_message_rules")
    found = rules.rules(merchant_id=request.merchant)
    daily_max = int(str(setting(merchant_id=request.merchant, name="daily_message_max")))
    shown: tuple[list[dict[str, object]], list[dict[str, object]]] = ([], [])
    for event in Event:
        row: dict[str, object] = {
            "event": event.value,
            "word": EVENTS.get(event, event),
            "rule": found[event],
            "always": event in ALWAYS_AT_ONCE,
            # What holds where no number stands; 0: no limit.
            "usual": most_a_day(event, 0, daily_max),
        }
        shown[event.startswith("staff.")].append(row)
    context = {
        "groups": [(_("To buyers"), shown[0]), (_("To staff"), shown[1])],
        "hours": holding.quiet_hours(request.merchant),
        "quiet_for": setting(merchant_id=request.merchant, name="quiet_for"),
        "daily_max": daily_max,
        "most": DAILY_MOST,
        "may_edit": may_edit,
        "may_set": "settings.view" in request.membership.permissions,
    }
    return render(request, "console/wording/rules.html", context)


def _given(request: ConsoleRequest) -> dict[str, Rule]:
    urgent = set(request.POST.getlist("urgent")) | ALWAYS_AT_ONCE
    return {
        event.value: Rule(event.value in urgent, _number(request.POST.get(f"most:{event}", "")))
        for event in Event
    }


def _number(text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("1000") else -1
