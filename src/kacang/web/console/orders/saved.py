"""Saved views of the list of orders, and the columns that a person chose (O2)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.merchants.permissions import Role
from kacang.orders.types import Sort
from kacang.orders.viewing import choices, views
from kacang.orders.viewing.views import ALL, Keeper
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import back, desk_of
from kacang.web.console.orders.filters import address_of, read_filter
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

NAME_MOST = 80
QUERY_MOST = 12_000
MAY_SHARE = "orders.arrange"


def keeper_of(request: ConsoleRequest) -> Keeper:
    """Return whose views a request is about."""
    assert request.actor.id is not None
    return Keeper(request.merchant, request.actor.id, request.actor)


@needs("orders.view")
def view_list(request: ConsoleRequest) -> HttpResponse:
    """Show the views that the person sees, to arrange them."""
    keeper = keeper_of(request)
    chosen = choices.choice_of(merchant_id=keeper.merchant_id, person_id=keeper.person_id)
    context = {
        "views": views.views(keeper=keeper),
        "start": chosen.view_uid,
        "can_share": MAY_SHARE in desk_of(request).permissions,
        "roles": [(role.value, role.label) for role in Role],
    }
    return render(request, "console/orders/views.html", context)


@needs("orders.view")
@require_POST
def save(request: ConsoleRequest) -> HttpResponse:
    """Keep what the list shows now under a name."""
    keeper = keeper_of(request)
    query = _query(request)
    shared = request.POST.get("shared") == "1" and MAY_SHARE in desk_of(request).permissions
    try:
        uid = views.save_view(
            keeper=keeper,
            name=_name(request),
            query=query,
            columns=request.POST.getlist("columns"),
            shared=shared,
        )
        if request.POST.get("start") == "1":
            views.start_with(keeper=keeper, uid=uid)
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect(f"{reverse('console_orders')}?{query or 'view=all'}")
    messages.success(request, _("The view is saved."))
    return redirect(f"{reverse('console_orders')}?view={uid}")


def _act(work: Callable[[ConsoleRequest, Keeper, str], str]) -> Callable[..., HttpResponse]:
    @needs("orders.view")
    @require_POST
    def act(request: ConsoleRequest, uid: str) -> HttpResponse:
        told(request, lambda: work(request, keeper_of(request), uid))
        return redirect("console_order_views")

    return act


def _rename(request: ConsoleRequest, keeper: Keeper, uid: str) -> str:
    may_share = MAY_SHARE in desk_of(request).permissions
    views.rename_view(keeper=keeper, uid=uid, name=_name(request), may_share=may_share)
    return _("The view is renamed.")


def _duplicate(_request: ConsoleRequest, keeper: Keeper, uid: str) -> str:
    name = views.view(keeper=keeper, uid=uid).name
    copy = _("Copy of %(name)s") % {"name": name}
    views.duplicate_view(keeper=keeper, uid=uid, name=copy[: views.NAME_MAX])
    return _("The view is copied. The copy is yours alone.")


def _delete(request: ConsoleRequest, keeper: Keeper, uid: str) -> str:
    may_share = MAY_SHARE in desk_of(request).permissions
    views.delete_view(keeper=keeper, uid=uid, may_share=may_share)
    return _("The view is deleted.")


def _start(_request: ConsoleRequest, keeper: Keeper, uid: str) -> str:
    views.start_with(keeper=keeper, uid="" if uid == "role" else uid)
    return _("Your list of orders starts with it.")


rename, duplicate, delete, start = (_act(work) for work in (_rename, _duplicate, _delete, _start))


@needs("orders.view", "orders.arrange")
@require_POST
def share(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a view to all who see orders, or to nobody else; roles may start with it."""
    shared = request.POST.get("shared") == "1"
    roles = request.POST.getlist("roles") if shared else []

    def act() -> str:
        views.share_view(keeper=keeper_of(request), uid=uid, shared=shared, roles=roles)
        return _("All who see orders see this view.") if shared else _("It is private now.")

    told(request, act)
    return redirect("console_order_views")


@needs("orders.view")
@require_POST
def columns(request: ConsoleRequest) -> HttpResponse:
    """Keep which columns the person sees, and how dense."""
    keeper = keeper_of(request)
    choices.choose_columns(
        merchant_id=keeper.merchant_id,
        person_id=keeper.person_id,
        columns=request.POST.getlist("columns"),
        density=request.POST.get("density", ""),
    )
    messages.success(request, _("The columns are kept."))
    return back(request, "console_orders")


def _query(request: ConsoleRequest) -> str:
    """Return the filter and the sort of an address, as the list itself would write them."""
    given = QueryDict(request.POST.get("query", "")[:QUERY_MOST])
    asked = read_filter(given, desk_of(request)).asked
    sort = given.get("sort", "")
    return address_of(asked, {"sort": sort if sort in list(Sort) else ""}).removeprefix("?")


def _name(request: ConsoleRequest) -> str:
    return request.POST.get("name", "")[:NAME_MOST]


__all__ = [
    "ALL", "columns", "delete", "duplicate", "keeper_of", "rename", "save", "share", "start",
    "view_list",
]  # fmt: skip
