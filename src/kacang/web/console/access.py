"""Who may open a page of the console: signed in, at work here, with the permission.

All three are looked at again at each request (rule 20): a role that was taken away ends at
once, not with the session.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.permissions import PERMISSIONS
from kacang.merchants.queries import MembershipInfo, VisitInfo
from kacang.merchants.tenancy import reaching
from kacang.shared.errors import Refused
from kacang.web.access import marked
from kacang.web.addresses import client_address
from kacang.web.console import demanding
from kacang.web.requests import ConsoleRequest

View = Callable[..., HttpResponse]
SESSION_MERCHANT = "merchant"
SESSION_VISIT = "visit"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What opens for somebody who must set a second factor up first.
SETTING_UP = frozenset(
    {"mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"}
)


class Denied(Refused):
    """The person's role does not have the permission."""

    code = "access.denied"


class ReadOnly(Refused):
    """Who looks at the console as somebody else changes nothing, unless they asked for that."""

    code = "visits.read_only"


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
            elsewhere = _admit(request, permissions)
            if elsewhere is not None:
                return elsewhere
            response = _answer(view, request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return marked(guarded, "needs:" + ",".join(permissions))

    return guard


def _admit(request: ConsoleRequest, permissions: tuple[str, ...]) -> HttpResponse | None:
    """Enter the console with all `permissions`; else return where the person is led instead.

    Raises:
        Denied, NoMerchant, ReadOnly: They may not.
    """
    if not request.user.is_authenticated:
        return _to_login(request)
    membership = active_membership(request)
    if membership is None:
        return _to_choice(request)
    enter(request, membership)
    if demanding.is_overdue(request) and not _sets_it_up(request):
        return _to_second_factor(request)
    missing = set(permissions) - membership.permissions
    if missing:
        raise Denied(permission=min(missing))
    if request.visit and not request.visit.may_change and request.method not in SAFE:
        raise ReadOnly
    return None


def _answer(view: View, request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Run a view in the merchant's time zone, and within the reach of the person's role."""
    membership = request.membership
    with timezone.override(ZoneInfo(membership.time_zone)), reaching(membership.reach):
        response = view(request, *args, **kwargs)
        # A template must be rendered while the time zone is set.
        if hasattr(response, "render") and not getattr(response, "is_rendered", True):
            response = response.render()
    if response.streaming and membership.reach is not None:
        _keep_within(membership.reach, cast(StreamingHttpResponse, response))
    return response


def _keep_within(reach: frozenset[str], response: StreamingHttpResponse) -> None:
    """Let what is made piece by piece, after the view is left, see no more than the view."""
    pieces = iter(cast(Iterator[bytes], response.streaming_content))

    def within() -> Iterator[bytes]:
        while True:
            with reaching(reach):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    response.streaming_content = within()


def needs_self(view: View) -> View:
    """Guard a page about one's own account: for who works somewhere, and for operators."""
    at_work = needs()(view)

    @wraps(view)
    def guarded(request: ConsoleRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_operator = request.user.is_authenticated and getattr(request.user, "is_operator", False)
        if not is_operator or active_membership(request) or request.memberships:
            return at_work(request, *args, **kwargs)
        enter_as_operator(request)
        response = view(request, *args, **kwargs)
        if hasattr(response, "render") and not getattr(response, "is_rendered", True):
            response = response.render()
        add_never_cache_headers(response)
        return response

    return marked(guarded, "needs:")


def enter_as_operator(request: ConsoleRequest) -> None:
    """Write on the request that it is the operator's, of no merchant, under their own name."""
    request.is_operators = True
    request.actor = Actor(
        kind="user", id=_person_id(request), label=request.user.get_username(),
        address=client_address(request),
    )  # fmt: skip


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
    """Return where the person works in this session; None when it must be chosen first.

    Who looks at a console as somebody else works where that one does.
    """
    request.visit = _visit(request)
    memberships = queries.memberships_of(user_id=_person_id(request))
    request.memberships = memberships
    if request.visit is not None:
        return request.visit.membership
    chosen = request.session.get(SESSION_MERCHANT)
    for membership in memberships:
        if membership.merchant_id == chosen:
            return membership
    return memberships[0] if len(memberships) == 1 else None


def _visit(request: ConsoleRequest) -> VisitInfo | None:
    uid = request.session.get(SESSION_VISIT)
    if not uid:
        return None
    found = queries.visit_under_way(uid=uid, user_id=_person_id(request))
    if found is None:
        # It was ended, or its time is over: the next page is one's own again.
        del request.session[SESSION_VISIT]
    return found


def enter(request: ConsoleRequest, membership: MembershipInfo) -> None:
    """Write on the request for whom and as whom it acts."""
    request.membership = membership
    request.merchant = membership.merchant_id
    request.actor = Actor(
        kind="user",
        id=_person_id(request),
        label=_label(request),
        address=client_address(request),
        visit=request.visit.uid if request.visit else "",
    )


def _label(request: ConsoleRequest) -> str:
    """Return the person for the logs: who acts as somebody else stays who they are."""
    name = request.user.get_username()
    return f"{name} → {request.visit.whom}" if request.visit else name


def _sets_it_up(request: ConsoleRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name in SETTING_UP


def _to_second_factor(request: ConsoleRequest) -> HttpResponse:
    address = resolve_url("mfa_activate_totp")
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=403)
        answer.headers["HX-Redirect"] = address
        return answer
    return HttpResponseRedirect(address)


def _to_login(request: ConsoleRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=401)
        answer.headers["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return answer
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def _to_choice(request: ConsoleRequest) -> HttpResponse:
    if not request.memberships:
        if getattr(request.user, "is_operator", False):
            return HttpResponseRedirect(resolve_url("console_operator"))
        raise NoMerchant
    return HttpResponseRedirect(resolve_url("console_merchants"))


def _person_id(request: ConsoleRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk
