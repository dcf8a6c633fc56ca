"""What I am told: in the console, and by mail to my own address (N1)."""

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kacang.messages.events import Event
from kacang.messages.restraint import members
from kacang.messages.restraint.members import NotTheirs, Switch
from kacang.messages.wording.queries import switched_off_for
from kacang.messages.wording.variables import EMAIL, IN_APP
from kacang.web.console.access import needs
from kacang.web.console.messages import EVENTS
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs()
@require_http_methods(["GET", "HEAD", "POST"])
def own_notices(request: ConsoleRequest) -> HttpResponse:
    """Show what somebody may be told, and take their choice."""
    member = request.membership
    if request.method == "POST":
        try:
            members.choose(
                merchant_id=request.merchant,
                member_uid=member.uid,
                permissions=member.permissions,
                on=_given(request),
            )
        except NotTheirs as error:
            flash.error(request, text_of(error))
        else:
            flash.success(request, _("Saved."))
        return redirect("console_own_notices")
    chosen = members.choices(merchant_id=request.merchant, member_uid=member.uid)
    may = members.offered(member.permissions)
    off = switched_off_for(merchant_id=request.merchant, events=[event for event, _way in may])
    rows = []
    for event in dict.fromkeys(event for event, _way in may):
        cells = [
            {
                "name": f"{event}/{channel}",
                "is_offered": (event, channel) in may,
                "is_on": members.is_on(chosen, (event, channel)),
                "is_off_for_all": (event.value, channel) in off,
            }
            for channel in (IN_APP, EMAIL)
        ]
        rows.append({"word": EVENTS[event], "cells": cells})
    return render(request, "console/account/notices.html", {"rows": rows})


def _given(request: ConsoleRequest) -> list[Switch]:
    given = []
    for text in request.POST.getlist("on")[:200]:
        name, _slash, channel = text.partition("/")
        if name not in set(Event):
            raise NotTheirs
        given.append((Event(name), channel))
    return given
