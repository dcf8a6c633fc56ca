"""The audit log at the desk: who did what, and whether the log is as it was (I3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.queries import AuditFilter, AuditRow
from kacang.shared.clock import utc_now
from kacang.web.console.access import needs
from kacang.web.console.admin.audit_words import (
    ACTORS,
    FAULTS,
    LOGS,
    action_word,
    value_name,
    value_word,
)
from kacang.web.console.desk import pages_of
from kacang.web.design.parts import Chip
from kacang.web.requests import ConsoleRequest

PAGE = 50
# Seals are made each minute in which something was written: this is a day at least.
VERIFIED_NEWEST = 1500
ABSENT = "—"


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after, as people read it."""

    name: str
    before: str
    after: str


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
        where=_filter(wanted),
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
    }
    return render(request, "console/audit/list.html", values)


@needs("audit.view")
@require_POST
def audit_verify(request: ConsoleRequest) -> HttpResponse:
    """Compare the newest seals with the log and say what was found."""
    now = utc_now()
    reports = operations.verify_logs(merchant_id=request.merchant, newest=VERIFIED_NEWEST)
    rows = [
        {
            "name": LOGS[one.log],
            "report": one,
            "age_seconds": one.age_seconds(now),
            "broken": [(seal.number, FAULTS[seal.reason]) for seal in one.broken[:20]],
        }
        for one in reports
    ]
    values = {"rows": rows, "is_sound": all(one.is_sound for one in reports), "now": now}
    return render(request, "console/audit/verified.html", values)


def entries_of(request: ConsoleRequest, *, actor: str, limit: int) -> list[Entry]:
    """Return the newest entries of one actor, for their page."""
    page = queries.audit_page(
        merchant_id=request.merchant, where=AuditFilter(actor=actor), limit=limit
    )
    return [_entry(row, request.membership.currency) for row in page.rows]


def _filter(wanted: dict[str, Any]) -> AuditFilter:
    return AuditFilter(
        actor=wanted.get("actor", "").strip(),
        action=wanted.get("action", ""),
        object_uid=wanted.get("object", "").strip(),
        since=_midnight(wanted.get("since"), 0),
        until=_midnight(wanted.get("until"), 1),
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
    return Entry(row, action_word(row.action), str(kind), _changes(row, currency))


def _changes(row: AuditRow, currency: str) -> list[Change]:
    before = row.before if isinstance(row.before, dict) else {}
    after = row.after if isinstance(row.after, dict) else {}
    # Amounts of an order are in the order's own currency, which then is in the log beside them.
    own = after.get("currency", currency)
    found = [
        Change(
            value_name(name),
            value_word(name, before.get(name), own) or ABSENT,
            value_word(name, after.get(name), own) or ABSENT,
        )
        for name in dict.fromkeys([*before, *after])
    ]
    # What was not set, and is not set now, tells nobody anything.
    return [one for one in found if (one.before, one.after) != (ABSENT, ABSENT)]
