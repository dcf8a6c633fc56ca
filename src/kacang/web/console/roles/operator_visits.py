"""The operator's visits as owners see them: who, when, why; allowing, refusing, ending (I1, I3)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.operations import operator_visits
from kacang.merchants.operations.deciding import OPERATOR_VISITS
from kacang.merchants.operations.operator_visits import ALLOWED_HOURS, UnknownRequest
from kacang.merchants.queries import operator
from kacang.merchants.settings import spec_of
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import pages_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
REQUESTS_SHOWN = 10


@needs("visits.view")
@require_safe
def visit_list(request: ConsoleRequest) -> HttpResponse:
    """Show visits and requests, the newest first."""
    now = timezone.now()
    rows, cursor = operator.operators_visits(
        merchant_id=request.merchant, cursor=request.GET.get("cursor", ""), limit=PAGE
    )
    asked = [
        (row, row.state_at(now))
        for row in operator.operators_requests(merchant_id=request.merchant)
    ]
    permissions = request.membership.permissions
    values = {
        "rows": [(row, "going" if row.is_going_on(now) else "over") for row in rows],
        "waiting": [row for row, state in asked if state == "waiting"],
        "answered": [pair for pair in asked if pair[1] != "waiting"][:REQUESTS_SHOWN],
        "allowed_hours": ALLOWED_HOURS,
        "choices": (spec_of(OPERATOR_VISITS).choices or {}).items(),
        "chosen": queries.setting(merchant_id=request.merchant, name=OPERATOR_VISITS),
        "may_decide": "visits.decide" in permissions and request.visit is None,
        "may_audit": "audit.view" in permissions,
        "pages": pages_of(request, cursor),
    }
    return render(request, "console/roles/operator_visits.html", values)


@needs("visits.view", "visits.decide")
@require_POST
def answer(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Let the operator in once, or refuse."""
    said = request.POST.get("hours", "")
    is_allowed = request.POST.get("answer") == "allow"
    # Anything that is no choice is refused by the operation.
    hours = int(said) if said in {str(one) for one in ALLOWED_HOURS} else -1
    try:
        operator_visits.answer_request(
            merchant_id=request.merchant, uid=uid.replace("\0", "")[:32],
            allowed_hours=hours if is_allowed else 0, actor=request.actor, now=timezone.now(),
        )  # fmt: skip
    except UnknownRequest:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        said = _("Allowed: one visit may begin.") if is_allowed else _("Refused. Nobody comes in.")
        messages.success(request, said)
    return redirect("console_operator_visits")


@needs("visits.view", "visits.decide")
@require_POST
def end(request: ConsoleRequest, uid: str) -> HttpResponse:
    """End a visit that goes on."""
    try:
        operator_visits.end_operators_visit(
            merchant_id=request.merchant, uid=uid.replace("\0", "")[:32], actor=request.actor,
            now=timezone.now(),
        )  # fmt: skip
    except UnknownRequest:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("The visit is over."))
    return redirect("console_operator_visits")


@needs("visits.view", "visits.decide")
@require_POST
def choose(request: ConsoleRequest) -> HttpResponse:
    """Say whether the operator must ask first."""
    try:
        operations.change_settings(
            merchant_id=request.merchant, actor=request.actor,
            values={OPERATOR_VISITS: request.POST.get(OPERATOR_VISITS, "")},
        )  # fmt: skip
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("Saved."))
    return redirect("console_operator_visits")
