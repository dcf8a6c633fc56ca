"""Reviews of products at the desk: looked at, published, hidden, answered (X2)."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.orders.numbers import numbers_of_orders
from kacang.reviews import operations, queries
from kacang.reviews.operations import REASON_MAX, TEXT_MAX
from kacang.reviews.queries import ReviewState
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, back, desk_of, pages_of
from kacang.web.console.telling import told
from kacang.web.design.parts import Tab
from kacang.web.design.states import look_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES = {state.name.lower(): state for state in ReviewState}


@needs("reviews.view")
def review_list(request: ConsoleRequest) -> HttpResponse:
    """Show reviews in one state, the newest first; at first those that wait."""
    desk = desk_of(request)
    state = STATES.get(request.GET.get("state", ""), ReviewState.WAITING)
    page = queries.queue(
        merchant_id=desk.merchant_id,
        state=state,
        cursor=request.GET.get("cursor", "").replace("\0", ""),
        limit=PAGE,
    )
    numbers = numbers_of_orders(
        merchant_id=desk.merchant_id, ids=sorted({row.order_id for row in page.rows})
    )
    context = {
        "rows": [(row, numbers.get(row.order_id, "")) for row in page.rows],
        "tabs": _tabs(desk, state),
        "pages": pages_of(request, page.next_cursor),
        "are_on": queries.are_on(merchant_id=desk.merchant_id),
        "can_edit": "reviews.edit" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
        "can_see_settings": "settings.view" in desk.permissions,
        "here": request.get_full_path(),
        "text_max": TEXT_MAX,
        "reason_max": REASON_MAX,
    }
    return render(request, "console/reviews/list.html", context)


@needs("reviews.view")
def picture(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a picture of a review, shown or not."""
    body = queries.picture(merchant_id=desk_of(request).merchant_id, uid=uid, only_shown=False)
    response = HttpResponse(body, content_type="image/webp")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def _publish(_request: ConsoleRequest, desk: Desk, uid: str) -> None:
    operations.publish(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)


def _hide(request: ConsoleRequest, desk: Desk, uid: str) -> None:
    reason = request.POST.get("text", "").replace("\0", "")
    operations.hide(merchant_id=desk.merchant_id, uid=uid, reason=reason, actor=desk.actor)


def _answer(request: ConsoleRequest, desk: Desk, uid: str) -> None:
    text = request.POST.get("text", "")
    operations.answer(merchant_id=desk.merchant_id, uid=uid, text=text, actor=desk.actor)


DEEDS: dict[str, tuple[Callable[[ConsoleRequest, Desk, str], None], Promise]] = {
    "publish": (_publish, gettext_lazy("The review is shown on the product's page.")),
    "hide": (_hide, gettext_lazy("The review is hidden.")),
    "answer": (_answer, gettext_lazy("The answer is saved.")),
}


@needs("reviews.edit")
@require_POST
def act(request: ConsoleRequest, uid: str, deed: str) -> HttpResponse:
    """Publish, hide or answer a review."""
    do, words = DEEDS[deed]

    def done() -> str:
        do(request, desk_of(request), uid)
        return str(words)

    told(request, done)
    return back(request, "console_reviews")


def _tabs(desk: Desk, chosen: ReviewState) -> list[Tab]:
    counts = queries.counts(merchant_id=desk.merchant_id)
    address = reverse("console_reviews")
    return [
        Tab(
            look_of("review", state).word,
            f"{address}?state={name}",
            count=counts.get(state) or None,
            on=state is chosen,
        )
        for name, state in STATES.items()
    ]
