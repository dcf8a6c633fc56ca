"""Who may open the operators' pages: who has the flag and a second factor, now (I1)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from kacang.merchants import queries
from kacang.merchants.queries import operator
from kacang.web.access import marked
from kacang.web.console.access import active_membership, enter_as_operator, needs_login
from kacang.web.requests import ConsoleRequest

View = Callable[..., HttpResponse]


def needs_operator(view: View) -> View:
    """Guard a page of the operators. For everybody else it is not there.

    Whoever has the flag and no second factor is led to setting one up, and sees nothing before.
    """

    @wraps(view)
    def guarded(request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_operator", False):
            raise Http404
        active_membership(request)
        enter_as_operator(request)
        if not operator.may_operate(user_id=int(request.user.pk or 0)):
            messages.warning(request, _("Operators need a second factor. Please set it up first."))
            return redirect("mfa_activate_totp")
        # Times are those of the installation's first merchant: these pages are of none.
        with timezone.override(
            ZoneInfo(queries.merchant(merchant_id=queries.first_merchant_id()).time_zone)
        ):
            response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return marked(needs_login(guarded), "operator")
