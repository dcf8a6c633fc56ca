"""Asking for a change of an order at the desk, and reporting a delivery that failed (O6)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kacang.orders import queries as orders
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.operations import ChangeWish
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of
from kacang.web.console.exceptions.pages import rows_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

ANSWER = "answer-"


@needs("orders.exceptions")
@require_http_methods(["GET", "POST"])
def change(request: ConsoleRequest, number: str) -> HttpResponse:
    """Ask for another contact or other answers; what is left empty stays as it is."""
    desk = desk_of(request)
    problem = ""
    if request.method == "POST":
        try:
            operations.ask_change(
                merchant_id=desk.merchant_id,
                number=number,
                wish=wish_of(request),
                actor=desk.actor,
            )
        except DomainError as error:
            problem = text_of(error)
        else:
            messages.success(request, _("The change waits for approval."))
            return redirect("console_order", number)
    order = orders.order(merchant_id=desk.merchant_id, number=number)
    found = queries.exceptions_of_order(merchant_id=desk.merchant_id, order_id=order.id)
    context = {
        "order": order,
        "questions": [
            (item, request.POST.get(ANSWER + item.name, ""))
            for item in queries.questions_of(merchant_id=desk.merchant_id, number=number)
        ],
        "email": request.POST.get("email", ""),
        "phone": request.POST.get("phone", ""),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
        "rows": rows_of(found, desk),
        "changes": queries.changes_of_order(merchant_id=desk.merchant_id, number=number),
    }
    status = 422 if problem else 200
    return render(request, "console/exceptions/change.html", context, status=status)


@needs("orders.exceptions")
@require_POST
def report(request: ConsoleRequest, number: str) -> HttpResponse:
    """Report a delivery that failed outside."""
    desk = desk_of(request)
    try:
        operations.report(
            merchant_id=desk.merchant_id,
            number=number,
            words=request.POST.get("text", "").replace("\0", ""),
            actor=desk.actor,
        )
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("It stands in the exception queue."))
    return redirect("console_order", number)


def wish_of(request: ConsoleRequest) -> ChangeWish:
    """Return what a form asks to be otherwise: what is empty is not asked for."""
    given = {name: str(value).replace("\0", "").strip() for name, value in request.POST.items()}
    return ChangeWish(
        email=given.get("email") or None,
        phone=given.get("phone") or None,
        answers={
            name.removeprefix(ANSWER): value
            for name, value in given.items()
            if name.startswith(ANSWER) and value
        },
        reason=given.get("reason", ""),
    )
