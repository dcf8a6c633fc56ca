"""Looking at the console as somebody else: begun with a reason, ended with one click (I1)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants import operations, queries
from kacang.merchants.operations import VisitDraft
from kacang.merchants.operations.staff import UnknownStaff
from kacang.shared.errors import DomainError, NotFound
from kacang.web.console.access import SESSION_VISIT, needs, needs_login
from kacang.web.console.admin.role_words import role_choices
from kacang.web.console.operator.confirming import CodeForm, confirmed
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


class VisitForm(forms.Form):
    """Why, and whether anything may be changed."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
    may_change = forms.BooleanField(
        label=gettext_lazy("I need to change something"), required=False
    )


@needs("staff.visit")
@require_http_methods(["GET", "POST"])
def visit_new(request: ConsoleRequest) -> HttpResponse:
    """Ask why, then begin."""
    member, role = request.GET.get("member", ""), request.GET.get("role", "")
    whom = _whom(request, member, role)
    form = VisitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        draft = VisitDraft(
            form.cleaned_data["reason"], member=member, role=role,
            may_change=bool(member) and form.cleaned_data["may_change"],
        )  # fmt: skip
        try:
            request.session[SESSION_VISIT] = operations.start_visit(
                merchant_id=request.merchant, draft=draft, actor=request.actor, now=timezone.now()
            )
        except NotFound:
            raise
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            return redirect("console_home")
    values: dict[str, Any] = {"form": form, "whom": whom, "is_role": bool(role)}
    status = 422 if form.errors else 200
    return render(request, "console/roles/visit.html", values, status=status)


@needs_login
@require_http_methods(["GET", "POST"])
def visit_enter(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Begin the visit that the operator's command made for this person."""
    found = queries.visit_under_way(uid=uid, user_id=int(request.user.pk or 0))
    if found is None:
        raise UnknownVisit
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if confirmed(request, form.cleaned_data["code"]):
            request.session[SESSION_VISIT] = uid
            return redirect("console_home")
        form.add_error("code", _("The code is wrong, or was used before."))
    status = 422 if form.errors else 200
    values = {"found": found, "form": form}
    return render(request, "console/roles/enter.html", values, status=status)


@needs_login
@require_POST
def visit_end(request: ConsoleRequest) -> HttpResponse:
    """Be oneself again."""
    if request.visit is not None:
        operations.end_visit(
            merchant_id=request.merchant, uid=request.visit.uid, actor=request.actor,
            now=timezone.now(),
        )  # fmt: skip
        del request.session[SESSION_VISIT]
        messages.success(request, _("You are yourself again."))
        if request.visit.kind == "operator" and getattr(request.user, "is_operator", False):
            return redirect("console_operator_own_visits")
    return redirect("console_home")


class UnknownVisit(NotFound):
    """There is no such visit of this person, or it is over."""

    code = "visits.unknown"


def _whom(request: ConsoleRequest, member: str, role: str) -> Promise | str:
    if member:
        for one in queries.staff(merchant_id=request.merchant):
            if one.uid == member and one.is_active:
                return f"{one.name} · {one.role_label}"
        raise UnknownStaff
    for key, label in role_choices(request.merchant):
        if key == role:
            return label
    raise operations.UnknownRole
