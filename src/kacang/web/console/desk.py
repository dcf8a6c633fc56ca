"""What every page of the desk needs to know of its request."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from kacang.merchants.audit import Actor
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

TOKEN_MOST = 40


@dataclass(frozen=True, slots=True)
class Desk:
    """For whom and as whom a page acts, and what the person may do."""

    merchant_id: int
    actor: Actor
    permissions: frozenset[str]
    currency: str
    zone: ZoneInfo
    kind: str
    slug: str
    member_uid: str
    # Details of buyers that stay masked for the person's role.
    hidden: frozenset[str] = frozenset()
    # Whether their role reaches to some orders only: jobs of others are not theirs either.
    sees_own_only: bool = False


def desk_of(request: ConsoleRequest) -> Desk:
    """Return the desk of a request that `needs` let through."""
    membership = request.membership
    return Desk(
        merchant_id=request.merchant,
        actor=request.actor,
        permissions=membership.permissions,
        currency=membership.currency,
        zone=ZoneInfo(membership.time_zone),
        kind=membership.merchant_kind,
        slug=membership.merchant_slug,
        member_uid=membership.uid,
        hidden=membership.hidden,
        sees_own_only=membership.reach is not None,
    )


def back(request: HttpRequest, fallback: str, *args: str) -> HttpResponse:
    """Return to the page that a form names in `next`, if it is one of ours, else to `fallback`."""
    target = request.POST.get("next", "")
    if target.startswith("/console/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(target)
    return redirect(fallback, *args)


def pages_of(request: HttpRequest, next_cursor: str) -> Pages:
    """Return where a list goes on: to the next page, and back to its beginning."""
    query = request.GET.copy()
    query.pop("cursor", None)
    first = f"?{query.urlencode()}" if request.GET.get("cursor") else ""
    if not next_cursor:
        return Pages(previous_url=first)
    query["cursor"] = next_cursor
    return Pages(next_url=f"?{query.urlencode()}", previous_url=first)


def without(query: QueryDict, *names: str) -> str:
    """Return the address of a list without some parts, from its beginning."""
    left = query.copy()
    for name in (*names, "cursor"):
        left.pop(name, None)
    return f"?{left.urlencode()}"


def token_of(form: QueryDict) -> str:
    """Return what a form is known by, which is sent twice as once; "": it does not say."""
    return str(form.get("token", ""))[:TOKEN_MOST]


def is_over_list(request: HttpRequest) -> bool:
    """Whether htmx asks: the answer is then a piece of a page."""
    return bool(getattr(request, "htmx", False))
