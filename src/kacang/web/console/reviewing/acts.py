"""A person's decision about an order that a rule stopped. Each view makes one call (O9)."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.orders.refunding.types import RefundStatus
from kacang.orders.reviewing import operations
from kacang.orders.types import OrderState
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk
from kacang.web.console.orders.actions import answer, text_in
from kacang.web.requests import ConsoleRequest

WORDS_MOST = 300


@needs("orders.review")
@require_POST
def approve(request: ConsoleRequest, number: str) -> HttpResponse:
    """Let an order go on that a rule stopped."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        state = operations.approve_order(
            merchant_id=desk.merchant_id,
            number=number,
            actor=desk.actor,
            words=text_in(request, "text", WORDS_MOST),
            role=request.membership.role,
        )
        if state is None:
            text = _("Order %(number)s has your approval. It takes a second person's, too.")
            return text % {"number": number}
        if state is OrderState.ON_HOLD:
            return _("Order %(number)s is approved, and waits for stock.") % {"number": number}
        return _("Order %(number)s is approved.") % {"number": number}

    return answer(request, number, act)


@needs("orders.review", "refunds.request")
@require_POST
def reject(request: ConsoleRequest, number: str) -> HttpResponse:
    """Give the money back of an order that a rule stopped; the buyer reads why."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        asked = operations.reject_order(
            merchant_id=desk.merchant_id,
            number=number,
            reason=text_in(request, "reason", WORDS_MOST),
            actor=desk.actor,
            role=request.membership.role,
        )
        words = {"number": number, "amount": asked.amount}
        if asked.state is RefundStatus.REQUESTED:
            text = _("Order %(number)s is rejected. The refund of %(amount)s waits for approval.")
            return text % words
        return _("Order %(number)s is rejected. %(amount)s goes back.") % words

    return answer(request, number, act)
