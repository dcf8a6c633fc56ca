"""Refunds at the desk: what waits for whom, and what became of the rest (P4, O6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.orders import operations
from kacang.orders.numbers import numbers_of_orders
from kacang.orders.refunding.types import Cards, RefundInfo, RefundStatus, RefundWay
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_lists import RefundFilter
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, back, desk_of, pages_of
from kacang.web.console.orders.words import actor_of
from kacang.web.console.refunds.asking import CARD_WORDS
from kacang.web.design.parts import Tab
from kacang.web.design.states import look_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES = {state.name.lower(): state for state in RefundStatus}
BY_HAND = "by_hand"
WAYS: dict[RefundWay, Promise] = {
    RefundWay.ORIGIN: gettext_lazy("By the payment company"),
    RefundWay.BY_HAND: gettext_lazy("By hand"),
    RefundWay.WALLET: gettext_lazy("To the wallet"),
    RefundWay.OUTSIDE: gettext_lazy("At the company's website"),
}
Acted = Callable[[ConsoleRequest, Desk, str], RefundInfo]


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that may be done with a refund, and how it is asked for."""

    name: str
    label: Promise
    title: Promise
    line: Promise
    # What has to be written: its label; "" for nothing.
    field: Promise | str = ""
    danger: bool = False


ASKS = {
    "approve": Ask(
        "approve", gettext_lazy("Approve"), gettext_lazy("Approve this refund?"),
        gettext_lazy("The money goes back, and what is to be taken from the buyer is taken now."
                     " This cannot be undone."),
        danger=True,
    ),
    "reject": Ask(
        "reject", gettext_lazy("Reject"), gettext_lazy("Reject this refund?"),
        gettext_lazy("Nothing goes back, and nothing changes for the buyer."),
        gettext_lazy("Reason"),
    ),
    "by_hand": Ask(
        "by_hand", gettext_lazy("Paid by hand"), gettext_lazy("Note it as paid by hand?"),
        gettext_lazy("Only when the money has really been paid. The buyer is told."),
        gettext_lazy("How it was paid"), danger=True,
    ),
    "retry": Ask(
        "retry", gettext_lazy("Try again"), gettext_lazy("Have the company try again?"),
        gettext_lazy("It is asked once more, under a new number."), danger=True,
    ),
    "drop": Ask(
        "drop", gettext_lazy("Give it up"), gettext_lazy("Give this refund up?"),
        gettext_lazy("Nothing goes back. What was taken from the buyer is owed again and waits to"
                     " be delivered."),
        gettext_lazy("Reason"), danger=True,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One refund of the list, with what this person may do with it."""

    refund: RefundInfo
    order: str
    by: str
    way: Promise
    cards: Promise | str
    asks: Sequence[Ask]


@needs("refunds.view")
def refund_list(request: ConsoleRequest) -> HttpResponse:
    """Show refunds, the newest first; those that wait for a person have views of their own."""
    desk = desk_of(request)
    name = request.GET.get("state", "")
    where = RefundFilter(
        state=STATES.get(name),
        by_hand=name == BY_HAND,
        number=request.GET.get("q", "").replace("\0", "").strip()[:32],
    )
    page = refund_lists.refunds_page(
        merchant_id=desk.merchant_id,
        where=where,
        cursor=request.GET.get("cursor", "").replace("\0", ""),
        limit=PAGE,
    )
    ids = [row.order_id for row in page.rows if row.order_id is not None]
    numbers = numbers_of_orders(merchant_id=desk.merchant_id, ids=ids)
    context = {
        "rows": [_row(row, numbers.get(row.order_id or 0, ""), desk) for row in page.rows],
        "tabs": _tabs(desk, name),
        "where": where,
        "is_narrowed": name in {*STATES, BY_HAND} or bool(where.number),
        "pages": pages_of(request, page.next_cursor),
        "can_see_orders": "orders.view" in desk.permissions,
        "here": request.get_full_path(),
    }
    return render(request, "console/refunds/list.html", context)


def rows_of(refunds: Sequence[RefundInfo], number: str, desk: Desk) -> list[Row]:
    """Return an order's refunds, as its page shows them, the newest first."""
    return [_row(refund, number, desk) for refund in reversed(refunds)]


def _approve(request: ConsoleRequest, desk: Desk, number: str) -> RefundInfo:
    return operations.approve_refund(
        merchant_id=desk.merchant_id, number=number, actor=desk.actor, role=request.membership.role
    )


def _reject(request: ConsoleRequest, desk: Desk, number: str) -> RefundInfo:
    return operations.reject_refund(
        merchant_id=desk.merchant_id, number=number, actor=desk.actor, reason=_text(request)
    )


def _by_hand(request: ConsoleRequest, desk: Desk, number: str) -> RefundInfo:
    return operations.finish_by_hand(
        merchant_id=desk.merchant_id, number=number, actor=desk.actor, note=_text(request)
    )


def _retry(_request: ConsoleRequest, desk: Desk, number: str) -> RefundInfo:
    return operations.retry_refund(merchant_id=desk.merchant_id, number=number, actor=desk.actor)


def _drop(request: ConsoleRequest, desk: Desk, number: str) -> RefundInfo:
    return operations.drop_refund(
        merchant_id=desk.merchant_id, number=number, actor=desk.actor, reason=_text(request)
    )


DEEDS: dict[str, tuple[Acted, Promise]] = {
    "approve": (_approve, gettext_lazy("The refund of %(amount)s is approved.")),
    "reject": (_reject, gettext_lazy("The refund of %(amount)s is rejected.")),
    "by_hand": (_by_hand, gettext_lazy("The refund of %(amount)s is noted as paid.")),
    "retry": (_retry, gettext_lazy("The company is asked for %(amount)s again.")),
    "drop": (_drop, gettext_lazy("The refund of %(amount)s is given up.")),
}


@needs("refunds.approve")
@require_POST
def act(request: ConsoleRequest, number: str, deed: str) -> HttpResponse:
    """Do with a refund what a person has decided, and go back to where it was seen."""
    do, words = DEEDS[deed]
    try:
        refund = do(request, desk_of(request), number)
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, str(words) % {"amount": refund.amount})
    return back(request, "console_refunds")


def _row(refund: RefundInfo, number: str, desk: Desk) -> Row:
    return Row(
        refund=refund,
        order=number,
        by=actor_of(refund.asked_kind, refund.asked_by),
        way=WAYS[refund.way],
        cards=CARD_WORDS[Cards(refund.cards)] if refund.fits else "",
        asks=_asks(refund) if "refunds.approve" in desk.permissions else (),
    )


def _asks(refund: RefundInfo) -> list[Ask]:
    if refund.state is RefundStatus.REQUESTED:
        return [ASKS["approve"], ASKS["reject"]]
    if refund.state is RefundStatus.FAILED:
        return [ASKS["retry"], ASKS["by_hand"], ASKS["drop"]]
    if refund.state is RefundStatus.APPROVED and refund.way is RefundWay.BY_HAND:
        return [ASKS["by_hand"], ASKS["drop"]]
    return []


def _tabs(desk: Desk, chosen: str) -> list[Tab]:
    counts = refund_lists.waiting_counts(merchant_id=desk.merchant_id)
    usual = (RefundStatus.REQUESTED, RefundStatus.FAILED, RefundStatus.TOLD)
    address = reverse("console_refunds")
    tabs = [Tab(_("All"), address, on=chosen not in {*STATES, BY_HAND})]
    tabs += [
        Tab(
            look_of("refund", state).word,
            f"{address}?state={state.name.lower()}",
            count=counts[state] or None,
            on=chosen == state.name.lower(),
        )
        for state in usual
    ]
    count = counts[RefundStatus.APPROVED] or None
    tabs.append(Tab(_("To pay by hand"), f"{address}?state={BY_HAND}", count, chosen == BY_HAND))
    tabs += [
        Tab(
            look_of("refund", state).word,
            f"{address}?state={state.name.lower()}",
            on=chosen == state.name.lower(),
        )
        for state in (RefundStatus.SENT, RefundStatus.DONE)
    ]
    return tabs


def _text(request: ConsoleRequest) -> str:
    return request.POST.get("text", "").replace("\0", "").strip()[:300]
