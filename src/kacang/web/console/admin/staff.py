"""Staff at the desk: who works here, and as what (I1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.permissions import PERMISSIONS, ROLE_PERMISSIONS, Role
from kacang.merchants.queries import StaffInfo
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.admin.audit import entries_of
from kacang.web.console.admin.role_words import ROLES, role_choices
from kacang.web.console.roles.members import member_values
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


class InviteForm(forms.Form):
    """Somebody who shall work here."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    role = forms.ChoiceField(label=gettext_lazy("Role"))


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))


F = TypeVar("F", InviteForm, RoleForm)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One permission and, in the order of the roles, who has it."""

    label: Promise | str
    held: list[bool]


@needs("staff.view")
@require_safe
def staff_list(request: ConsoleRequest) -> HttpResponse:
    """Show who works here, and what each role may do."""
    values = {
        "people": queries.staff(merchant_id=request.merchant),
        "roles": [(role.label, ROLES[role]) for role in Role],
        "matrix": _matrix(),
        "may_edit": "staff.edit" in request.membership.permissions,
    }
    return render(request, "console/staff/list.html", values)


@needs("staff.edit")
@require_http_methods(["GET", "POST"])
def staff_new(request: ConsoleRequest) -> HttpResponse:
    """Let somebody work here. The first password is shown on the answer and never again."""
    form = _with_roles(InviteForm(request.POST or None), request)
    if request.method == "POST" and form.is_valid():
        try:
            invited = operations.add_staff(
                merchant_id=request.merchant, actor=request.actor, **form.cleaned_data
            )
        except DomainError as error:
            form.add_error("email", text_of(error))
        else:
            values = {"email": invited.email, "password": invited.password, "uid": invited.uid}
            return render(request, "console/staff/invited.html", values)
    status = 422 if form.errors else 200
    return render(
        request, "console/staff/new.html", {"form": form, "roles": ROLES.items()}, status=status
    )


@needs("staff.view")
@require_safe
def staff_member(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one person's role here and what they last did."""
    member = _member(request, uid)
    may_log = "audit.view" in request.membership.permissions
    values = {
        "member": member,
        "form": _with_roles(RoleForm(initial={"role": member.role_key}), request),
        "may_edit": "staff.edit" in request.membership.permissions,
        "is_self": uid == request.membership.uid,
        "may_visit": "staff.visit" in request.membership.permissions,
        "entries": entries_of(request, actor=member.email, limit=10) if may_log else [],
        **member_values(request, member),
    }
    return render(request, "console/staff/member.html", values)


@needs("staff.edit")
@require_POST
def staff_role(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give somebody another role."""

    def change() -> None:
        operations.change_role(
            merchant_id=request.merchant, uid=uid, role=request.POST.get("role", ""),
            actor=request.actor,
        )  # fmt: skip
        messages.success(request, _("The role counts from their next click."))

    return _done(request, uid, change)


@needs("staff.edit")
@require_POST
def staff_disable(request: ConsoleRequest, uid: str) -> HttpResponse:
    """End somebody's work here."""

    def change() -> None:
        operations.disable_staff(merchant_id=request.merchant, uid=uid, actor=request.actor)
        messages.success(request, _("They can no longer open this shop's console."))

    return _done(request, uid, change)


@needs("staff.edit")
@require_POST
def staff_enable(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Let somebody work here again."""

    def change() -> None:
        operations.enable_staff(merchant_id=request.merchant, uid=uid, actor=request.actor)
        messages.success(request, _("They can work here again."))

    return _done(request, uid, change)


@needs("staff.edit")
@require_POST
def staff_renew(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give somebody who cannot sign in a new password, shown once."""
    member = _member(request, uid)
    try:
        password = operations.renew_sign_in(
            merchant_id=request.merchant, uid=uid, actor=request.actor
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_staff_member", uid)
    values = {"email": member.email, "password": password, "uid": uid, "is_renewed": True}
    return render(request, "console/staff/invited.html", values)


def _done(request: ConsoleRequest, uid: str, change: Callable[[], None]) -> HttpResponse:
    try:
        change()
    except operations.UnknownStaff:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    return redirect("console_staff_member", uid)


def _member(request: ConsoleRequest, uid: str) -> StaffInfo:
    for one in queries.staff(merchant_id=request.merchant):
        if one.uid == uid:
            return one
    raise operations.UnknownStaff


def _with_roles(form: F, request: ConsoleRequest) -> F:
    form.fields["role"].choices = role_choices(request.merchant)  # type: ignore[attr-defined] # a ChoiceField
    return form


def _matrix() -> list[MatrixRow]:
    return [
        MatrixRow(label, [name in ROLE_PERMISSIONS[role] for role in Role])
        for name, label in PERMISSIONS.items()
    ]
