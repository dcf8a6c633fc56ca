"""What somebody has for a while, and where they are signed in (I1)."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.merchants import operations, queries
from kacang.merchants.queries import StaffInfo
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.account.devices import name_of_device
from kacang.web.console.admin.role_words import role_choices
from kacang.web.console.roles.forms import GrantForm
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

USUAL = timedelta(hours=8)


@needs("staff.edit")
@require_POST
def grant(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give somebody a permission or a role until a time."""
    form = form_of(request, request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say what, until when and why."))
        return redirect("console_staff_member", uid)

    def act() -> str:
        operations.grant(
            merchant_id=request.merchant, member_uid=uid, draft=form.draft(),
            actor=request.actor, now=timezone.now(),
        )  # fmt: skip
        return _("They have it from their next click on. It ends by itself.")

    told(request, act)
    return redirect("console_staff_member", uid)


@needs("staff.edit")
@require_POST
def end_grant(request: ConsoleRequest, uid: str, grant_uid: str) -> HttpResponse:
    """End it before its time."""
    operations.end_grant(
        merchant_id=request.merchant, uid=grant_uid, actor=request.actor, now=timezone.now()
    )
    messages.success(request, _("It is over from their next click on."))
    return redirect("console_staff_member", uid)


@needs("staff.edit")
@require_POST
def end_sessions(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Sign somebody out everywhere."""
    try:
        user_id = operations.may_end_sessions(
            merchant_id=request.merchant, uid=uid, actor=request.actor
        )
    except operations.UnknownStaff:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_staff_member", uid)
    for session in UserSession.objects.filter(user_id=user_id):
        if session.session_key != request.session.session_key:
            session.end()
    messages.success(request, _("They are signed out everywhere."))
    return redirect("console_staff_member", uid)


def form_of(request: ConsoleRequest, data: Any = None) -> GrantForm:
    """Return the form of a grant, with what the person may give."""
    return GrantForm(
        data,
        roles=role_choices(request.merchant),
        mine=request.membership.own.permissions,
        until=timezone.now() + USUAL,
    )


def sessions_of(member: StaffInfo) -> list[dict[str, Any]]:
    """Return where somebody is signed in, the latest first."""
    rows = UserSession.objects.filter(user_id=member.user_id).order_by("-last_seen_at")
    return [
        {
            "device": name_of_device(one.user_agent),
            "address": one.ip,
            "created_at": one.created_at,
            "seen_at": one.last_seen_at,
        }
        for one in rows
        if one.exists()
    ]


def member_values(request: ConsoleRequest, member: StaffInfo) -> dict[str, Any]:
    """Return what the page of a member says of both."""
    if "staff.edit" not in request.membership.permissions:
        return {}
    return {
        "grants": queries.grants_of(
            merchant_id=request.merchant, member_uid=member.uid, now=timezone.now()
        ),
        "grant_form": form_of(request),
        "sessions": sessions_of(member),
    }
