"""The audit log at the desk: who did what, and whether the log is as it was (I3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.merchants import queries
from kacang.merchants.queries import AuditFilter, AuditRow
from kacang.outbox import auditing
from kacang.outbox import queries as works
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.admin.audit_values import Change, changes_of
from kacang.web.console.admin.audit_words import ACTORS, FAULTS, LOGS, action_word
from kacang.web.console.desk import desk_of, pages_of, token_of
from kacang.web.console.work import card_of
from kacang.web.design.parts import Chip
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log in words."""

    row: AuditRow
    action: str
    actor_kind: str
    changes: list[Change]


class FilterForm(forms.Form):
    """Which entries are wanted."""

    actor = forms.CharField(label=gettext_lazy("Who"), max_length=120, required=False)
    action = forms.CharField(label=gettext_lazy("What"), max_length=60, required=False)
    object = forms.CharField(label=gettext_lazy("Of what"), max_length=60, required=False)
    address = forms.CharField(label=gettext_lazy("From where"), max_length=50, required=False)
    visit = forms.CharField(max_length=32, required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("To"), required=False)


@needs("audit.view")
@require_safe
def audit_log(request: ConsoleRequest) -> HttpResponse:
    """Show the log, the newest entry first."""
    form = FilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = queries.audit_page(
        merchant_id=request.merchant,
        where=_filter(request, wanted),
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    actions = queries.audit_actions(merchant_id=request.merchant)
    values = {
        "entries": [_entry(row, request.membership.currency) for row in page.rows],
        "pages": pages_of(request, page.next_cursor),
        "wanted": wanted,
        "form": form,
        "chips": _chips(request, wanted),
        "actions": sorted(((one, action_word(one)) for one in actions), key=lambda pair: pair[1]),
        "people": queries.staff(merchant_id=request.merchant),
        "sealed_at": queries.last_sealed_at(merchant_id=request.merchant),
        "query": request.GET.urlencode(),
        "may_export": "audit.export" in request.membership.permissions,
        "months": settings.LOG_MONTHS,
    }
    return render(request, "console/audit/list.html", values)


@needs("audit.view", "audit.export")
@require_POST
def audit_export(request: ConsoleRequest) -> HttpResponse:
    """Start to write what the filters leave into a file; that somebody exports it is logged."""
    form = FilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    try:
        uid = auditing.start_export(
            merchant_id=request.merchant,
            where=_filter(request, wanted),
            kind=request.POST.get("as", "")[:4],
            language=get_language() or "zh-hans",
            actor=request.actor,
            token=token_of(request.POST),
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_audit")
    return redirect("console_work", uid)


@needs("audit.view")
@require_POST
def audit_verify(request: ConsoleRequest) -> HttpResponse:
    """Start to compare every seal with the logs."""
    uid = auditing.start_verification(
        merchant_id=request.merchant, actor=request.actor, token=token_of(request.POST)
    )
    return redirect("console_audit_verified", uid)


@needs("audit.view")
@require_safe
def audit_verified(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show how far a verification is, then what it found."""
    item = works.work(merchant_id=request.merchant, uid=uid)
    if item.kind != auditing.VERIFY:
        raise works.UnknownWork
    found = item.result.get("logs", [])
    values = {
        "item": item,
        "job": card_of(item, desk_of(request)),
        "rows": [{**one, **_told(one)} for one in found],
        "is_sound": item.result.get("is_sound", False),
        "is_done": bool(found),
    }
    return render(request, "console/audit/verified.html", values)


def _told(found: dict[str, Any]) -> dict[str, Any]:
    sealed_at = found["last_sealed_at"]
    return {
        "name": LOGS[found["log"]],
        "last_sealed_at": datetime.fromisoformat(sealed_at) if sealed_at else None,
        "broken": [(number, FAULTS[reason]) for number, reason in found["broken"]],
        "is_sound": not found["broken_count"],
    }


def entries_of(request: ConsoleRequest, *, actor: str, limit: int) -> list[Entry]:
    """Return the newest entries of one actor, for their page."""
    page = queries.audit_page(
        merchant_id=request.merchant, where=AuditFilter(actor=actor), limit=limit
    )
    return [_entry(row, request.membership.currency) for row in page.rows]


def _filter(request: ConsoleRequest, wanted: dict[str, Any]) -> AuditFilter:
    return AuditFilter(
        actor=wanted.get("actor", "").strip(),
        action=wanted.get("action", ""),
        object_uid=wanted.get("object", "").strip(),
        address=wanted.get("address", "").strip(),
        visit=wanted.get("visit", "").strip(),
        since=_midnight(wanted.get("since"), 0),
        until=_midnight(wanted.get("until"), 1),
        hides_places="address" in request.membership.hidden,
    )


def _midnight(day: date | None, days_later: int) -> datetime | None:
    if day is None:
        return None
    # Days begin and end in the merchant's time zone, which `needs` has set (rule 24).
    moment = datetime.combine(day + timedelta(days=days_later), time())
    return timezone.make_aware(moment, timezone.get_current_timezone())


def _chips(request: ConsoleRequest, wanted: dict[str, Any]) -> list[Chip]:
    words: dict[str, tuple[str, Callable[[Any], str]]] = {
        "actor": (_("Who"), str),
        "action": (_("What"), action_word),
        "object": (_("Of what"), str),
        "address": (_("From where"), str),
        "visit": (_("Visit"), str),
        "since": (_("From"), str),
        "until": (_("To"), str),
    }
    chips = []
    for name, (label, word) in words.items():
        if wanted.get(name):
            query = request.GET.copy()
            query.pop(name, None)
            query.pop("cursor", None)
            chips.append(Chip(label, word(wanted[name]), f"?{query.urlencode()}"))
    return chips


def _entry(row: AuditRow, currency: str) -> Entry:
    kind = ACTORS.get(row.actor_kind, row.actor_kind)
    return Entry(row, action_word(row.action), str(kind), changes_of(row, currency))
