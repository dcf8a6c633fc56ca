"""Tags at the desk: the merchant's list, and putting them on one order or many (O3)."""

import json
from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from kacang.orders import queries
from kacang.orders.batches.operations import Act, BatchRequest, start_batch
from kacang.orders.finding.filters import NUMBERS_MAX
from kacang.orders.tagging import tags
from kacang.orders.tagging.putting import tag_orders, untag_orders
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.batches.choosing import Choice, choice_made
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.orders.pages import Said, show_order
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

COLOUR_WORDS = {
    "grey": gettext_lazy("Grey"),
    "blue": gettext_lazy("Blue"),
    "green": gettext_lazy("Green"),
    "orange": gettext_lazy("Orange"),
    "red": gettext_lazy("Red"),
    "purple": gettext_lazy("Purple"),
}
UID_MOST = 32
ROWS_MOST = 200
# As many numbers as a page of the list has rows, with room.
SHOWN_MOST = 200 * 20
NAME_MOST = 60


@needs("orders.view")
def tag_list(request: ConsoleRequest) -> HttpResponse:
    """Show the merchant's tags."""
    desk = desk_of(request)
    found = tags.tags(merchant_id=desk.merchant_id)
    counted = [(tag, tags.count_of(merchant_id=desk.merchant_id, uid=tag.uid)) for tag in found]
    context = {
        "tags": counted,
        "most": tags.COUNT_MOST,
        "colours": COLOUR_WORDS.items(),
        "can_make": "orders.note" in desk.permissions,
        "can_change": "orders.arrange" in desk.permissions,
    }
    return render(request, "console/orders/tags.html", context)


@needs("orders.note")
@require_POST
def make(request: ConsoleRequest) -> HttpResponse:
    """Add a tag to the list."""
    desk = desk_of(request)

    def act() -> str:
        tags.make_tag(merchant_id=desk.merchant_id, actor=desk.actor, **_wanted(request))
        return _("The tag is added.")

    told(request, act)
    return redirect("console_order_tags")


@needs("orders.view", "orders.arrange")
@require_POST
def change(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a tag another name or colour."""
    desk = desk_of(request)

    def act() -> str:
        tags.change_tag(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, **_wanted(request))
        return _("The tag is changed.")

    told(request, act)
    return redirect("console_order_tags")


@needs("orders.view", "orders.arrange")
@require_POST
def delete(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take a tag off the list and off all orders."""
    desk = desk_of(request)

    def act() -> str:
        tags.delete_tag(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
        return _("The tag is deleted.")

    told(request, act)
    return redirect("console_order_tags")


@needs("orders.note")
@require_POST
def put(request: ConsoleRequest, number: str) -> HttpResponse:
    """Put a tag on one order, or take it off."""
    desk = desk_of(request)
    try:
        answer = _done(request, desk, [number])
    except DomainError as error:
        return show_order(request, number, said=Said(text_of(error), "bad"))
    if not is_over_list(request):
        return redirect("console_order", number)
    response = show_order(request, number)
    response.headers["HX-Trigger"] = answer.headers["HX-Trigger"]
    return response


@needs("orders.note")
@require_POST
def put_many(request: ConsoleRequest) -> HttpResponse:
    """Put a tag on the orders selected, or take it off; the rows show it where they stand.

    More than are done while a person waits are a job, whose page is shown.
    """
    desk = desk_of(request)
    try:
        choice = choice_made(request.POST, desk)
        numbers = _picked(desk, choice)
        if numbers is None:
            return _begun(request, desk, choice)
        return _done(request, desk, numbers)
    except DomainError as error:
        response = HttpResponse(status=204)
        response.headers["HX-Trigger"] = json.dumps({"toast": text_of(error)})
        return response


def _picked(desk: Desk, choice: Choice) -> list[str] | None:
    """Return the numbers that are meant; None: all that fit a filter, and they are many."""
    if not choice.is_all:
        return list(choice.where.numbers)
    where = choice.where.at(timezone.now(), desk.zone)
    found = queries.matching(merchant_id=desk.merchant_id, where=where, most=NUMBERS_MAX)
    return None if found.after else [order.number for order in found.orders]


def _begun(request: ConsoleRequest, desk: Desk, choice: Choice) -> HttpResponse:
    """Start the job that tags all that fit a filter, and show its page."""
    takes = request.POST.get("how") == "take"
    wish = BatchRequest(
        Act.UNTAG if takes else Act.TAG,
        choice.where,
        tag=request.POST.get("mark", "")[:UID_MOST],
    )
    uid = start_batch(
        merchant_id=desk.merchant_id, actor=desk.actor, request=wish, now=timezone.now()
    )
    response = HttpResponse(status=204)
    response.headers["HX-Redirect"] = reverse("console_order_batch", args=[uid])
    return response


def _done(request: ConsoleRequest, desk: Desk, numbers: Sequence[str]) -> HttpResponse:
    uid = request.POST.get("mark", "")[:UID_MOST]
    takes = request.POST.get("how") == "take"
    work = untag_orders if takes else tag_orders
    came = work(merchant_id=desk.merchant_id, numbers=numbers, tag=uid, actor=desk.actor)
    # Rows that do not stand on the page have no place for their tags.
    on_page = request.POST.get("shown", "")[:SHOWN_MOST].split()
    wanted = [number for number in numbers if number in on_page] if on_page else numbers
    rows = queries.rows_of(merchant_id=desk.merchant_id, numbers=wanted[:ROWS_MOST])
    found = tags.tags_of(merchant_id=desk.merchant_id, order_ids=[row.id for row in rows])
    shown = [(row.number, found.get(row.id, [])) for row in rows]
    response = render(request, "console/orders/tags_of_rows.html", {"rows": shown})
    count = len(came.changed)
    text = (
        ngettext("Tag taken off %(count)s order", "Tag taken off %(count)s orders", count)
        if takes
        else ngettext("Tag put on %(count)s order", "Tag put on %(count)s orders", count)
    ) % {"count": count}
    undo = {
        "text": text,
        "url": reverse("console_orders_tag"),
        "values": {
            "pick": list(came.changed),
            "mark": uid,
            "how": "put" if takes else "take",
            "shown": " ".join(on_page),
        },
    }
    asked_by_undo = request.POST.get("undo") == "1" or not count
    response.headers["HX-Trigger"] = json.dumps(
        {"toast": _("Taken back") if request.POST.get("undo") else text}
        if asked_by_undo
        else {"undo": undo}
    )
    return response


def _wanted(request: ConsoleRequest) -> dict[str, str]:
    return {
        "name": request.POST.get("name", "")[:NAME_MOST],
        "colour": request.POST.get("colour", "grey")[:NAME_MOST],
    }
