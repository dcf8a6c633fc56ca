"""The exception queue at the desk: what does not go on by itself, whose it is, what to do (O6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders.exceptions import queries
from kacang.orders.exceptions.queries import ChangeView, ExceptionFilter, ExceptionRow, Kind
from kacang.orders.reviewing.queries import Deed, limits_of
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.exceptions.words import (
    ENDINGS,
    KINDS,
    Next,
    changed_of,
    next_of,
    reason_word,
)
from kacang.web.console.reviewing.words import DEEDS
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
KIND_NAMES = {kind.name.lower(): kind for kind in Kind}
MINE, LATE, FREE, CLOSED = "mine", "late", "free", "closed"


@dataclass(frozen=True, slots=True)
class LimitShown:
    """When the clock decides about an order that nobody reviews, and what."""

    at: datetime
    word: Promise


@dataclass(frozen=True, slots=True)
class Row:
    """One exception of the list, with what this person may do with it."""

    row: ExceptionRow
    kind: str
    reason: Promise | str
    ending: Promise | str
    owner: str
    is_mine: bool
    is_late: bool
    minutes: int
    next: Next
    change: ChangeView | None
    changed: Sequence[tuple[str, str, str]]
    can_resolve: bool
    can_decide: bool
    can_see_recipient: bool = False
    limit: LimitShown | None = None


@needs("orders.view")
def exception_list(request: ConsoleRequest) -> HttpResponse:
    """Show the queue, what is due first above; or what was closed last."""
    desk = desk_of(request)
    show = request.GET.get("show", "")
    number = request.GET.get("q", "").replace("\0", "").strip().upper()[:20]
    where = ExceptionFilter(
        kind=KIND_NAMES.get(show),
        owner_id={MINE: desk.actor.id, FREE: 0}.get(show),
        is_late=show == LATE,
        is_closed=show == CLOSED,
        number=number,
    )
    with acting_as(desk.merchant_id):
        page = queries.exceptions_page(
            merchant_id=desk.merchant_id,
            where=where,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
        rows = rows_of(page.rows, desk)
        tabs = _tabs(desk, show)
    can_work = "orders.exceptions" in desk.permissions
    context = {
        "rows": rows,
        "tabs": tabs,
        "show": show,
        "number": number,
        "is_closed": where.is_closed,
        "is_narrowed": show in {*KIND_NAMES, MINE, LATE, FREE, CLOSED} or bool(number),
        "pages": pages_of(request, page.next_cursor),
        "can_work": can_work,
        "people": _people(desk) if can_work else (),
        "here": request.get_full_path(),
    }
    return render(request, "console/exceptions/list.html", context)


def rows_of(found: Sequence[ExceptionRow], desk: Desk) -> list[Row]:
    """Return exceptions as a page shows them."""
    names = {
        one.user_id: one.name or one.email for one in merchants.staff(merchant_id=desk.merchant_id)
    }
    asked = [row.subject for row in found if row.kind is Kind.ADDRESS and row.subject]
    changes = queries.changes_by_uid(merchant_id=desk.merchant_id, uids=asked) if asked else {}
    labels: dict[str, Mapping[str, str]] = {}
    for change in changes.values():
        labels[change.number] = _labels(desk, change.number)
    held = [row.number for row in found if row.kind is Kind.RISK and row.closed_at is None]
    limits = limits_of(merchant_id=desk.merchant_id, numbers=held) if held else {}
    shown = [_row(row, desk, names, changes.get(row.subject), labels) for row in found]
    return [
        replace(one, limit=_limit(limits[one.row.number]))
        if one.row.kind is Kind.RISK and one.row.number in limits
        else one
        for one in shown
    ]


def _limit(found: tuple[datetime, Deed]) -> LimitShown:
    at, deed = found
    return LimitShown(at, DEEDS[deed])


def _row(
    row: ExceptionRow,
    desk: Desk,
    names: Mapping[int, str],
    change: ChangeView | None,
    labels: Mapping[str, Mapping[str, str]],
) -> Row:
    late = (timezone.now() - row.due_at).total_seconds()
    is_open = row.closed_at is None
    is_mine = row.owner_id is not None and row.owner_id == desk.actor.id
    by_word = not row.is_found or row.reason == "mail_failed"
    return Row(
        row=row,
        kind=row.kind.name.lower(),
        reason=reason_word(row),
        ending=ENDINGS.get(row.ending, row.ending),
        owner=names.get(row.owner_id or 0, ""),
        is_mine=is_mine,
        is_late=is_open and late > 0,
        minutes=max(1, round(abs(late) / 60)),
        next=next_of(row, desk.permissions),
        change=change,
        changed=_changed(change, labels, desk) if change else (),
        can_resolve=is_open and by_word and (is_mine or row.owner_id is None),
        can_decide=is_open and change is not None and "orders.approve_changes" in desk.permissions,
        can_see_recipient=is_open
        and change is not None
        and change.has_recipient
        and "orders.recipients" in desk.permissions,
    )


def _changed(
    change: ChangeView, labels: Mapping[str, Mapping[str, str]], desk: Desk
) -> list[tuple[str, str, str]]:
    whom = None
    if change.has_recipient and "orders.recipients" in desk.permissions:
        whom = queries.masked_change_recipient(merchant_id=desk.merchant_id, uid=change.uid)
    # The new address is compared by who approves it, and by nobody else.
    may = "orders.approve_changes" in desk.permissions
    hidden = desk.hidden if may else frozenset({"email", "phone"})
    return changed_of(change, labels[change.number], whom, hidden=hidden)


def _labels(desk: Desk, number: str) -> dict[str, str]:
    language = translation.get_language() or "zh-hans"
    questions = queries.questions_of(merchant_id=desk.merchant_id, number=number)
    return {item.name: pick(item.label, language) for item in questions}


def _people(desk: Desk) -> list[tuple[str, str]]:
    """Return to whom an exception can be handed: everybody who works here but this person."""
    return [
        (one.uid, f"{one.name or one.email} · {one.role_label}")
        for one in merchants.staff(merchant_id=desk.merchant_id)
        if one.is_active and one.uid != desk.member_uid
    ]


def _tabs(desk: Desk, chosen: str) -> list[Tab]:
    who = {"merchant_id": desk.merchant_id}
    counts = queries.counts_by_kind(**who)
    address = reverse("console_exceptions")
    known = {*KIND_NAMES, MINE, LATE, FREE, CLOSED}
    mine = queries.count_mine(**who, person_id=desk.actor.id or 0)
    rows: list[tuple[str, Promise | str, int | None]] = [
        ("", _("All"), sum(counts.values())),
        (MINE, _("Mine"), mine),
        (LATE, _("Late"), queries.count_late(**who)),
        *((name, KINDS[kind], counts[kind]) for name, kind in KIND_NAMES.items()),
        (FREE, _("Nobody's"), None),
        (CLOSED, _("Closed"), None),
    ]
    return [
        Tab(
            label,
            f"{address}?show={name}" if name else address,
            count,
            chosen == name if chosen in known else not name,
        )
        for name, label, count in rows
    ]
