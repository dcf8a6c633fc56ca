"""One card at the desk: where it came from and all that happened to it; never its code (V3, V6)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.catalog import queries as catalog
from kacang.orders import operations, queries
from kacang.orders.queries import CardEvent, CardHistory, Step
from kacang.shared.errors import DomainError, NotFound
from kacang.vault.queries import CardState
from kacang.web.console.access import needs
from kacang.web.console.admin.audit_values import value_word
from kacang.web.console.admin.audit_words import action_word
from kacang.web.console.cards.levels import may
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.orders.words import actor_of
from kacang.web.console.revealing import visible_place
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 30
REASON_MOST = 200
SOURCES: Mapping[str, Promise] = {
    "import": gettext_lazy("Came in by an import"),
    "generate": gettext_lazy("Was made by us"),
    "move": gettext_lazy("Came over from another system"),
    "correction": gettext_lazy("Was typed in to correct a wrong code"),
}
STEPS: Mapping[Step, Promise] = {
    Step.RESERVED: gettext_lazy("Reserved for an order"),
    Step.LET_GO: gettext_lazy("Let go again: the order was not paid in time"),
    Step.DELIVERED: gettext_lazy("Sold and delivered to the buyer"),
    Step.TAKEN_BACK: gettext_lazy("The buyer got another card in its place"),
    Step.OPENED: gettext_lazy("The order's codes were looked at"),
    Step.EXPIRED: gettext_lazy("Expired"),
    Step.REDEEMED: gettext_lazy("Redeemed for an order"),
}
IN_PLACE = gettext_lazy("Given to the buyer in place of a faulty card")
TONES = {Step.DELIVERED: "ok", Step.REDEEMED: "ok", Step.TAKEN_BACK: "bad", Step.EXPIRED: "bad"}
BAD_ACTIONS = frozenset({"cards.faulty", "cards.void", "batches.faulty", "batches.void"})
REPLACEABLE = frozenset({CardState.SOLD, CardState.FAULTY, CardState.VOID, CardState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Row:
    """One event in words."""

    event: CardEvent
    text: str
    extra: str
    by: str
    tone: str


@needs("stock.view")
def card_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one card: its batch, who has it, and what happened to it, page by page."""
    desk = desk_of(request)
    found = queries.card_history(
        merchant_id=desk.merchant_id,
        card_uid=uid,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    card = found.source.card
    sku = catalog.skus_by_id(merchant_id=desk.merchant_id, ids=[card.sku_id]).get(card.sku_id)
    product = catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid) if sku else None
    context = {
        "found": found,
        "card": card,
        "batch": found.source.batch,
        "source_word": SOURCES.get(found.source.batch.source, found.source.batch.source),
        "rows": [_row(event, found, desk) for event in found.events],
        "is_first_page": not request.GET.get("cursor"),
        "pages": pages_of(request, found.next_cursor),
        "sku": sku,
        "product": product,
        "can_replace": _can_replace(desk, found),
        **may(desk),
    }
    return render(request, "console/stock/card.html", context)


@needs("orders.replace", "stock.view")
@require_POST
def card_replace(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give the buyer of this card another one, with a reason (V3)."""
    desk = desk_of(request)
    try:
        done = operations.replace_card(
            merchant_id=desk.merchant_id,
            card_uid=uid,
            actor=desk.actor,
            reason=request.POST.get("reason", "").strip()[:REASON_MOST],
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        text = _("The card is replaced. The buyer of order %(number)s finds the new code there.")
        messages.success(request, text % {"number": done.number})
    return redirect("console_card", uid)


def _can_replace(desk: Desk, found: CardHistory) -> bool:
    has_buyer = bool(found.number) and found.source.card.state in REPLACEABLE
    return has_buyer and "orders.replace" in desk.permissions


def _row(event: CardEvent, found: CardHistory, desk: Desk) -> Row:
    return Row(
        event=event,
        text=_text(event, found),
        extra=_extra(event, found.source.line),
        by=_by(event, desk),
        tone="bad" if event.action in BAD_ACTIONS else TONES.get(event.step, ""),
    )


def _text(event: CardEvent, found: CardHistory) -> str:
    if event.step is Step.CAME_IN:
        source = found.source.batch.source
        return str(SOURCES.get(source, source))
    if event.step is Step.LOGGED:
        return action_word(event.action)
    if event.step is Step.BATCH_LOGGED:
        return _("Whole batch: %(what)s") % {"what": action_word(event.action)}
    if event.step is Step.DELIVERED and event.other:
        return str(IN_PLACE)
    return str(STEPS[event.step])


def _extra(event: CardEvent, line: int) -> str:
    """What else the log tells: the file, which codes of the order, the reason."""
    parts = []
    if event.step is Step.CAME_IN and line:
        parts.append(_("line %(line)s of the file") % {"line": f"{line:,}"})
    if file := event.after.get("file"):
        parts.append(_("File %(name)s") % {"name": file})
    first, plus, many = str(event.after.get("part", "")).partition("+")
    if plus and first.isdecimal() and many.isdecimal():
        last = int(first) + int(many)
        parts.append(_("codes %(first)s–%(last)s") % {"first": int(first) + 1, "last": last})
    if cause := event.after.get("cause"):
        parts.append(value_word("cause", cause, ""))
    if event.reason:
        parts.append(event.reason)
    return " · ".join(parts)


def _by(event: CardEvent, desk: Desk) -> str:
    # A job works for the person who started it.
    kind = "user" if event.actor_kind == "job" else event.actor_kind
    place = visible_place(event.address, event.actor_kind, desk)
    return " · ".join(part for part in (actor_of(kind, event.actor_label), place) if part)
