"""Changing many cards at the desk: each is a job with progress and a result per card (V3, V6)."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from kacang.orders.queries import REPLACING
from kacang.outbox.queries import WorkView
from kacang.shared.errors import DomainError, NotFound
from kacang.shared.money import Money
from kacang.vault import operations, queries
from kacang.vault.operations import Change
from kacang.vault.queries import BatchView
from kacang.web.console.access import needs
from kacang.web.console.cards.change_words import REPLACE_WORDS, WORDS
from kacang.web.console.desk import Desk, back, desk_of
from kacang.web.error_texts import TEXTS
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

REASON_MOST = 300
STATE_CHANGES = (
    Change.FREEZE, Change.UNFREEZE, Change.VOID, Change.FAULTY, Change.RESTORE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A change that a batch's page offers, with how many cards it is for and what they cost."""

    change: str
    icon: str
    label: Promise
    title: Promise
    line: Promise
    count: int
    cost: Money | None


_WORDS: dict[Change, tuple[str, Promise, Promise, Promise]] = {
    Change.FREEZE: (
        "snowflake",
        _("Freeze what is left"),
        _("Freeze what is left?"),
        _("Nobody can buy them until you put them back on sale. Reserved cards stay as they are."),
    ),
    Change.UNFREEZE: (
        "arrow-back-up",
        _("Put frozen cards back"),
        _("Put frozen cards back on sale?"),
        _("They can be bought again at once."),
    ),
    Change.RESTORE: (
        "arrow-back-up",
        _("Put faulty cards back"),
        _("Put faulty cards back on sale?"),
        _("They can be bought again at once. Cards that were ever sold stay as they are."),
    ),
    Change.VOID: (
        "ban",
        _("Void what is left"),
        _("Void what is left?"),
        _(
            "They are never sold again, and what they cost is written off. This can be taken back "
            "on the job's page for seven days."
        ),
    ),
}


def offers_of(batch: BatchView) -> list[Offer]:
    """Return what can be done to a whole batch now."""
    levels = batch.levels
    counts = {
        Change.FREEZE: levels.available + levels.set_aside,
        Change.UNFREEZE: levels.frozen,
        Change.RESTORE: levels.faulty,
        Change.VOID: levels.available + levels.set_aside + levels.frozen + levels.faulty,
    }
    found = []
    for change, count in counts.items():
        if count > 0:
            minor = batch.unit_cost.minor * count
            cost = Money(minor, batch.unit_cost.currency) if minor else None
            found.append(Offer(change.value, *_WORDS[change], count, cost))
    return found


@needs("stock.change")
@require_POST
def batch_change(request: ConsoleRequest, uid: str, change: str) -> HttpResponse:
    """Start a job that changes every card of a batch that may be changed, with a reason."""
    if change not in {known.value for known in STATE_CHANGES}:
        raise Http404
    desk = desk_of(request)
    try:
        work_uid = operations.change_cards(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            request=operations.ChangeRequest(
                change=Change(change),
                reason=request.POST.get("reason", "")[:REASON_MOST],
                batch_uid=uid,
                language=get_language() or "zh-hans",
            ),
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return back(request, "console_batch", uid)
    return redirect("console_work", work_uid)


@needs("stock.change")
@require_POST
def work_undo(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Start the job that takes a finished change of cards back."""
    desk = desk_of(request)
    try:
        undo_uid = operations.undo_change(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            work_uid=uid,
            reason=request.POST.get("reason", "")[:REASON_MOST],
            language=get_language() or "zh-hans",
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_work", uid)
    return redirect("console_work", undo_uid)


def told_of(desk: Desk, item: WorkView) -> dict[str, Any]:
    """Return what a job's page says of a change of cards, or of their replacement for buyers."""
    if item.kind == REPLACING:
        return _told_of_replacing(item)
    if item.kind != queries.CHANGE:
        return {}
    change = Change(item.arguments["change"])
    return {
        "words": _("Taking a change back") if change == Change.UNDO else WORDS[change].label,
        "reason": item.arguments["reason"],
        "changed": item.result.get("changed", 0),
        "new_batches": item.result.get("new_batches", []),
        "undone_uid": item.arguments.get("undo_of", ""),
        "can_undo": "stock.change" in desk.permissions
        and queries.can_undo(merchant_id=desk.merchant_id, done=item),
    }


def _told_of_replacing(item: WorkView) -> dict[str, Any]:
    reasons: list[tuple[Promise | str, int]] = [
        (TEXTS.get(code, code), count) for code, count in item.result.get("reasons", {}).items()
    ]
    return {
        "words": REPLACE_WORDS.label,
        "reason": item.arguments["reason"],
        "stayed_for": reasons,
        "marking_uid": item.result.get("marking", ""),
        "is_final": _("Cannot be undone: the buyers have seen the new codes."),
    }
