"""An operator's own visits: asking for one, beginning it by a consent, what was done on it (I1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.merchants import queries
from kacang.merchants.operations import operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.queries import AuditFilter, operator
from kacang.shared.errors import DomainError
from kacang.web.console.admin.audit_words import action_word
from kacang.web.console.desk import pages_of
from kacang.web.console.operator.confirming import CodeForm
from kacang.web.console.operator.guard import needs_operator
from kacang.web.console.operator.shops import AskForm, begin, shop_of, shop_page
from kacang.web.console.roles.visits import UnknownVisit
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50


@needs_operator
@require_POST
def ask(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask a merchant's owners to be let in."""
    row = shop_of(request, uid)
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            operator_visits.ask_for_visit(
                merchant_id=row.id, user_id=_me(request), draft=form.draft(),
                actor=request.actor, now=timezone.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            messages.success(request, _("The owners are asked. You see their answer here."))
            return redirect("console_operator_shop", uid)
    return shop_page(request, row, form)


@needs_operator
@require_POST
def begin_asked(request: ConsoleRequest, uid: str, request_uid: str) -> HttpResponse:
    """Begin the visit that an owner allowed."""
    row = shop_of(request, uid)
    form = CodeForm(request.POST)
    if form.is_valid():
        draft = OperatorDraft(request=request_uid.replace("\0", "")[:32])
        if begin(request, row, draft, form.cleaned_data["code"], form):
            return redirect("console_home")
    for problems in form.errors.values():
        for problem in problems:
            messages.error(request, str(problem))
    return redirect("console_operator_shop", uid)


@needs_operator
@require_POST
def withdraw(request: ConsoleRequest, uid: str, request_uid: str) -> HttpResponse:
    """Take a request back."""
    row = shop_of(request, uid)
    try:
        operator_visits.withdraw_request(
            merchant_id=row.id, user_id=_me(request), uid=request_uid.replace("\0", "")[:32],
            actor=request.actor, now=timezone.now(),
        )  # fmt: skip
    except operator_visits.UnknownRequest:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("Taken back."))
    return redirect("console_operator_shop", uid)


@needs_operator
@require_safe
def own_visits(request: ConsoleRequest) -> HttpResponse:
    """List one's own visits, the newest first."""
    now = timezone.now()
    rows, cursor = operator.visits_of(
        operator_id=_me(request), cursor=request.GET.get("cursor", ""), limit=PAGE
    )
    values = {
        "rows": [(row, "going" if row.is_going_on(now) else "over") for row in rows],
        "pages": pages_of(request, cursor),
    }
    return render(request, "console/operator/visits.html", values)


@needs_operator
@require_safe
def own_visit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show what was done on one of one's own visits: acts, never the merchant's values."""
    rows, _cursor = operator.visits_of(
        operator_id=_me(request), uid=uid.replace("\0", "")[:32], limit=1
    )
    if not rows or not uid:
        raise UnknownVisit
    row = rows[0]
    page = queries.audit_page(
        merchant_id=row.merchant_id, where=AuditFilter(visit=row.uid),
        cursor=request.GET.get("cursor", ""), limit=PAGE,
    )  # fmt: skip
    values = {
        "visit": row,
        "state": "going" if row.is_going_on(timezone.now()) else "over",
        "acts": [(one, action_word(one.action)) for one in page.rows],
        "pages": pages_of(request, page.next_cursor),
    }
    return render(request, "console/operator/visit.html", values)


def _me(request: ConsoleRequest) -> int:
    return int(request.user.pk or 0)
