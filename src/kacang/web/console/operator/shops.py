"""The merchants as an operator sees them without a visit, and the operators' log (I1)."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from kacang.merchants.operations import operator_visits
from kacang.merchants.operations.operator_visits import MINUTES, OperatorDraft
from kacang.merchants.queries import UnknownMerchant, operator
from kacang.merchants.queries.operator import ShopInfo
from kacang.orders import queries as orders
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.web.console.access import SESSION_VISIT
from kacang.web.console.admin.audit_words import action_word
from kacang.web.console.desk import pages_of
from kacang.web.console.operator.confirming import CodeForm, code_field, confirmed, note_wrong
from kacang.web.console.operator.guard import needs_operator
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
NEEDLE_MAX = 80
REASON_MAX = 300
LENGTHS: list[tuple[int, Promise]] = [
    (15, gettext_lazy("15 minutes")),
    (30, gettext_lazy("30 minutes")),
    (60, gettext_lazy("1 hour")),
    (120, gettext_lazy("2 hours")),
]
assert tuple(minutes for minutes, _word in LENGTHS) == MINUTES


class AskForm(forms.Form):
    """Why, for how long, and whether anything may be changed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=REASON_MAX,
        help_text=gettext_lazy("The owners read it at once."),
    )  # fmt: skip
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("For how long"), choices=LENGTHS, coerce=int, initial=30
    )
    may_change = forms.BooleanField(
        label=gettext_lazy("I need to change something"), required=False
    )

    def draft(self, once: str = "") -> OperatorDraft:
        """Return what was asked for."""
        said = self.cleaned_data
        return OperatorDraft(said["reason"], said["may_change"], said["minutes"], once)


class VisitForm(AskForm):
    """With a second factor, and a mark by which a second click is known."""

    code = code_field()
    once = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)


@needs_operator
@require_safe
def shop_list(request: ConsoleRequest) -> HttpResponse:
    """List the merchants, the newest first."""
    needle = request.GET.get("q", "").replace("\0", "")[:NEEDLE_MAX]
    me = _me(request)
    rows, cursor = operator.shops(
        operator_id=me, needle=needle, cursor=request.GET.get("cursor", ""), limit=PAGE
    )
    last = orders.last_orders(operator_id=me, merchant_ids=[row.id for row in rows])
    values = {
        "rows": [(row, last.get(row.id)) for row in rows],
        "needle": needle,
        "pages": pages_of(request, cursor),
    }
    return render(request, "console/operator/shops.html", values)


@needs_operator
@require_http_methods(["GET", "HEAD", "POST"])
def shop(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one merchant; a POST looks into it, or says why not."""
    row = shop_of(request, uid)
    is_post = request.method == "POST"
    form: AskForm
    if row.asks:
        form = AskForm()
    else:
        form = VisitForm(request.POST if is_post else None, initial={"once": new_uid("onc")})
        if is_post and form.is_valid():
            draft = form.draft(form.cleaned_data["once"])
            if begin(request, row, draft, form.cleaned_data["code"], form):
                return redirect("console_home")
    return shop_page(request, row, form)


def shop_page(request: ConsoleRequest, row: ShopInfo, form: AskForm) -> HttpResponse:
    """Show one merchant with a form, as it was filled in."""
    me = _me(request)
    now = timezone.now()
    asked = [one for one in operator.requests_of(operator_id=me) if one.merchant_uid == row.uid]
    values: dict[str, Any] = {
        "shop": row,
        "last": orders.last_orders(operator_id=me, merchant_ids=[row.id]).get(row.id),
        "form": form,
        "requests": [(one, one.state_at(now)) for one in asked],
        "again": CodeForm(auto_id="again_%s"),
    }
    status = 422 if form.errors else 200
    return render(request, "console/operator/shop.html", values, status=status)


def begin(
    request: ConsoleRequest, row: ShopInfo, draft: OperatorDraft, code: str, form: forms.Form
) -> bool:
    """Begin a visit in this browser; else say on the form why not."""
    try:
        uid = operator_visits.start_operator_visit(
            merchant_id=row.id, user_id=_me(request), draft=draft, actor=request.actor,
            now=timezone.now(), is_confirmed=lambda: confirmed(request, code),
        )  # fmt: skip
    except DomainError as error:
        form.add_error(None, text_of(error))
        return False
    if not uid:
        note_wrong(request)
        form.add_error("code", _("The code is wrong, or was used before."))
        return False
    request.session[SESSION_VISIT] = uid
    return True


@needs_operator
@require_safe
def log(request: ConsoleRequest) -> HttpResponse:
    """Show what operators did as such, the newest first."""
    rows, cursor = operator.operator_log(
        operator_id=_me(request), cursor=request.GET.get("cursor", ""), limit=PAGE
    )
    values = {
        "rows": [(row, action_word(row.action)) for row in rows],
        "pages": pages_of(request, cursor),
    }
    return render(request, "console/operator/log.html", values)


def shop_of(request: ConsoleRequest, uid: str) -> ShopInfo:
    """Return a merchant by its uid, or raise UnknownMerchant."""
    rows, _cursor = operator.shops(
        operator_id=_me(request), uid=uid[:32].replace("\0", ""), limit=1
    )
    if not rows or not uid:
        raise UnknownMerchant
    return rows[0]


def _me(request: ConsoleRequest) -> int:
    return int(request.user.pk or 0)
