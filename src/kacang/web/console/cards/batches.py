"""Batches and single cards at the desk: looking, undoing, voiding, revealing (V3, V4, V6)."""

from collections.abc import Sequence
from typing import Protocol

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from kacang.catalog import queries as catalog
from kacang.merchants.audit import Actor
from kacang.shared.errors import DomainError
from kacang.vault import operations, queries
from kacang.vault.queries import CardState
from kacang.web.console.access import needs
from kacang.web.console.cards.changes import offers_of
from kacang.web.console.cards.exports import export_offer
from kacang.web.console.cards.levels import LEVEL_WORDS, card_rows, may, tally
from kacang.web.console.cards.listing import more_of
from kacang.web.console.desk import back, desk_of, pages_of
from kacang.web.design.formats import count
from kacang.web.design.parts import Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
REASON_MOST = 300


class CardAct(Protocol):
    """Something done to cards by name, with a reason."""

    def __call__(
        self, *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
    ) -> list[operations.CardResult]:
        """Do it; say what became of each."""


STATES = {state.name.lower(): state for state in CardState}


@needs("stock.view")
def batch_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a batch with its cards; codes are never part of it."""
    desk = desk_of(request)
    chosen = STATES.get(request.GET.get("state", ""))
    batch = queries.batch(merchant_id=desk.merchant_id, uid=uid)
    page = queries.cards_of_batch(
        merchant_id=desk.merchant_id,
        batch_uid=uid,
        state=chosen,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    sku = catalog.skus_by_id(merchant_id=desk.merchant_id, ids=[batch.sku_id]).get(batch.sku_id)
    product = catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid) if sku else None
    tabs = [Tab(_("All"), "?", batch.levels.total, chosen is None)]
    for name, state in STATES.items():
        number = getattr(batch.levels, name)
        if state is CardState.AVAILABLE:
            # Those of separate pools are in this list too.
            number += batch.levels.set_aside
        if number or state is chosen:
            tabs.append(Tab(LEVEL_WORDS[name], f"?state={name}", number, state is chosen))
    context = {
        "batch": batch,
        "numbers": batch.serial
        and (batch.serial.number(0), batch.serial.number(batch.serial.count - 1)),
        "sku": sku,
        "product": product,
        "tally": tally(batch.levels),
        "tabs": tabs,
        "cards": card_rows(desk, page.items),
        "pages": pages_of(request, page.next_cursor),
        "offers": offers_of(batch),
        "more": more_of(batch, desk),
        **may(desk),
        **export_offer(request, batch.levels),
    }
    return render(request, "console/stock/batch.html", context)


@needs("stock.change")
@require_POST
def batch_undo(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take a whole batch back, as long as nobody has bought from it."""
    desk = desk_of(request)
    try:
        gone = operations.undo_batch(merchant_id=desk.merchant_id, batch_uid=uid, actor=desk.actor)
    except operations.UnknownBatch:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        text = ngettext("%(count)s card is taken back.", "%(count)s cards are taken back.", gone)
        messages.success(request, text % {"count": count(gone)})
    return back(request, "console_batch", uid)


@needs("stock.change")
@require_POST
def card_void(request: ConsoleRequest) -> HttpResponse:
    """Make one card void, with a reason."""
    return _act_on_card(request, operations.void_cards, _("The card is void."))


# Acts on one card: what does it, what is said when it is done.
CARD_ACTS: dict[str, tuple[CardAct, Promise]] = {
    "freeze": (operations.freeze_cards, gettext_lazy("The card is frozen.")),
    "restore": (operations.restore_cards, gettext_lazy("The card is back on sale.")),
    "faulty": (operations.mark_faulty, gettext_lazy("The card is marked as faulty.")),
}


@needs("stock.change")
@require_POST
def card_act(request: ConsoleRequest, act: str) -> HttpResponse:
    """Freeze one card, put it back or mark it as faulty, with a reason."""
    if act not in CARD_ACTS:
        raise Http404
    do, done = CARD_ACTS[act]
    return _act_on_card(request, do, str(done))


def _act_on_card(request: ConsoleRequest, do: CardAct, done: str) -> HttpResponse:
    desk = desk_of(request)
    try:
        results = do(
            merchant_id=desk.merchant_id,
            card_uids=[request.POST.get("card", "")[:60]],
            actor=desk.actor,
            reason=request.POST.get("reason", "")[:REASON_MOST],
        )
    except operations.UnknownCard:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return back(request, "console_stock")
    if any(result.changed for result in results):
        messages.success(request, done)
    else:
        messages.error(request, _("The card is reserved or gone: it stays as it is."))
    return back(request, "console_stock")


@needs("secrets.reveal", "stock.view")
@require_POST
def card_reveal(request: ConsoleRequest) -> HttpResponse:
    """Show one card's code to a person, who must say why; the audit row comes first (V4)."""
    desk = desk_of(request)
    reason = request.POST.get("reason", "").strip()[:REASON_MOST]
    try:
        shown = operations.reveal(
            merchant_id=desk.merchant_id,
            card_uids=[request.POST.get("card", "")[:60]],
            actor=desk.actor,
            reason=reason,
        )
    except operations.UnknownCard:
        raise
    except DomainError as error:
        context: dict[str, object] = {"problem": text_of(error)}
    else:
        context = {"shown": shown}
    response = render(request, "console/stock/revealed.html", context)
    response["Cache-Control"] = "no-store"
    return response
