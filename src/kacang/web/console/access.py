"""Who may open a page of the console: signed in, at work here, with the permission.

All three are looked at again at each request (rule 20): a role that was taken away ends at
once, not with the session.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.permissions import PERMISSIONS
from kacang.merchants.queries import MembershipInfo
from kacang.shared.errors import Refused
from kacang.web.access import marked
from kacang.web.addresses import client_address
from kacang.web.requests import ConsoleRequest

View = Callable[..., HttpResponse]
SESSION_MERCHANT = "merchant"


class Denied(Refused):
    """The person's role does not have the permission."""

    code = "access.denied"


class NoMerchant(Refused):
    """The person works for nobody now."""

    code = "access.no_merchant"


def needs(*permissions: str) -> Callable[[View], View]:
    """Guard a view: it is for active members of the active merchant with all `permissions`.

    The view finds `request.merchant` (the id), `request.membership` and `request.actor`, and
    runs in the merchant's time zone.
    """
    unknown = set(permissions) - set(PERMISSIONS)
    assert not unknown, unknown

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_login(request)
            membership = active_membership(request)
            if membership is None:
                return _to_choice(request)
            enter(request, membership)
            missing = set(permissions) - membership.permissions
            if missing:
                raise Denied(permission=min(missing))
            with timezone.override(ZoneInfo(membership.time_zone)):
                response = view(request, *args, **kwargs)
                # A template must be rendered while the time zone is set.
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response = response.render()
            add_never_cache_headers(response)
            return response

        return marked(guarded, "needs:" + ",".join(permissions))

    return guard


def needs_login(view: View) -> View:
    """Guard a view that is for whoever is signed in, at work somewhere or not."""

    @wraps(view)
    def guarded(request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_login(request)
        membership = active_membership(request)
        if membership is not None:
            enter(request, membership)
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return marked(guarded, "login")


def active_membership(request: ConsoleRequest) -> MembershipInfo | None:
    """Return where the person works in this session; None when it must be chosen first."""
    memberships = queries.memberships_of(user_id=_person_id(request))
    chosen = request.session.get(SESSION_MERCHANT)
    for membership in memberships:
        if membership.merchant_id == chosen:
            request.memberships = memberships
            return membership
    request.memberships = memberships
    return memberships[0] if len(memberships) == 1 else None


def enter(request: ConsoleRequest, membership: MembershipInfo) -> None:
    """Write on the request for whom and as whom it acts."""
    request.membership = membership
    request.merchant = membership.merchant_id
    request.actor = Actor(
        kind="user",
        id=_person_id(request),
        label=request.user.get_username(),
        address=client_address(request),
    )


def _to_login(request: ConsoleRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=401)
        answer.headers["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return answer
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def _to_choice(request: ConsoleRequest) -> HttpResponse:
    if not request.memberships:
        raise NoMerchant
    return HttpResponseRedirect(resolve_url("console_merchants"))


def _person_id(request: ConsoleRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
