"""Roles at the desk: the preset ones, and those that the merchant makes (I1)."""

from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.permissions import PERMISSIONS, Reach, Role, permissions_of, preset_reach
from kacang.merchants.queries import RoleInfo
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.admin.role_words import ROLES
from kacang.web.console.roles.forms import RoleForm, areas_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs("staff.view")
@require_safe
def role_list(request: ConsoleRequest) -> HttpResponse:
    """Show every role, how many work in it, and how far it goes."""
    people = Counter(
        one.role for one in queries.staff(merchant_id=request.merchant) if one.is_active
    )
    values = {
        "presets": [
            {"key": role.value, "label": role.label, "line": ROLES[role], "members": people[role],
             "count": len(permissions_of(role))}
            for role in Role
        ],
        "custom": [
            {"role": one, "reach": Reach(one.reach).label}
            for one in queries.custom_roles(merchant_id=request.merchant)
        ],
        "all": len(PERMISSIONS),
        "may_edit": "staff.edit" in request.membership.permissions,
        "may_visit": "staff.visit" in request.membership.permissions,
    }  # fmt: skip
    return render(request, "console/roles/list.html", values)


@needs("staff.edit")
@require_http_methods(["GET", "POST"])
def role_new(request: ConsoleRequest) -> HttpResponse:
    """Make a role, begun as a copy of another."""
    held, first = _copied(request)
    form = RoleForm(request.POST or None, initial=first)
    if request.method == "POST":
        held = frozenset(request.POST.getlist("permissions"))
        if form.is_valid():
            try:
                operations.create_role(
                    merchant_id=request.merchant, draft=form.draft(held), actor=request.actor
                )
            except DomainError as error:
                form.add_error(None, text_of(error))
            else:
                messages.success(request, _("The role is there. Give it to somebody."))
                return redirect("console_roles")
    return _page(request, form, held)


@needs("staff.edit")
@require_http_methods(["GET", "POST"])
def role_edit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Change a role for all who work in it."""
    role = _role(request, uid)
    form = RoleForm(
        request.POST or None,
        initial={
            "name": role.name,
            "reach": role.reach,
            "channels": role.channels,
            "hidden": sorted(role.hidden),
            "needs_second_factor": role.needs_second_factor,
        },
    )
    held = role.permissions
    if request.method == "POST":
        held = frozenset(request.POST.getlist("permissions"))
        if form.is_valid():
            try:
                operations.edit_role(
                    merchant_id=request.merchant, uid=uid, draft=form.draft(held),
                    actor=request.actor,
                )  # fmt: skip
            except operations.UnknownRole:
                raise
            except DomainError as error:
                form.add_error(None, text_of(error))
            else:
                messages.success(request, _("Saved. It counts from everybody's next click."))
                return redirect("console_roles")
    return _page(request, form, held, role)


@needs("staff.edit")
@require_POST
def role_archive(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put away a role that nobody has."""
    try:
        operations.archive_role(
            merchant_id=request.merchant, uid=uid, actor=request.actor, now=timezone.now()
        )
    except operations.UnknownRole:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_role", uid)
    messages.success(request, _("The role is put away."))
    return redirect("console_roles")


def _page(
    request: ConsoleRequest, form: RoleForm, held: frozenset[str], role: RoleInfo | None = None
) -> HttpResponse:
    values = {
        "form": form,
        "role": role,
        "areas": areas_of(held, request.membership.own.permissions),
        "count": len(held & set(PERMISSIONS)),
        "all": len(PERMISSIONS),
    }
    return render(request, "console/roles/form.html", values, status=422 if form.errors else 200)


def _copied(request: ConsoleRequest) -> tuple[frozenset[str], dict[str, object]]:
    """Return what the role that is copied holds, as far as the person may give it."""
    key = request.GET.get("from", Role.SALES)
    mine = request.membership.own.permissions
    if key in Role.values:
        return permissions_of(key) & mine, {"reach": preset_reach(key)}
    role = _role(request, key)
    first = {
        "reach": role.reach,
        "channels": role.channels,
        "hidden": sorted(role.hidden),
        "needs_second_factor": role.needs_second_factor,
    }
    return role.permissions & mine, first


def _role(request: ConsoleRequest, uid: str) -> RoleInfo:
    for one in queries.custom_roles(merchant_id=request.merchant):
        if one.uid == uid:
            return one
    raise operations.UnknownRole
