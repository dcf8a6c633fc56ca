"""Money out of a customer's own wallet: asked for, looked after, taken back (F3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants import queries as merchants
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.money import BadAmount, Money
from kacang.shared.states import WrongState
from kacang.wallets.queries import WalletView
from kacang.wallets.withdrawals import asking, queries
from kacang.wallets.withdrawals.types import (
    BadDestination,
    Destination,
    PayoutTo,
    WithdrawalState,
    WithdrawalWish,
)
from kacang.web.design.parts import Pages
from kacang.web.errors import status_of, text_of
from kacang.web.shop.access import buyer
from kacang.web.shop.customer import wallet_of
from kacang.web.shop.forms import PROBLEMS
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, language, origin, page, private, shop_page

PAGE = 10
OF_OWNER, BY_ADDRESS, SECONDS = 10, 30, 3600
WAYS: dict[PayoutTo, Promise] = {
    PayoutTo.BANK: gettext_lazy("Bank account"),
    PayoutTo.ALIPAY: gettext_lazy("Alipay account"),
    PayoutTo.OTHER: gettext_lazy("Other"),
}
NAMES = {way.name.lower(): way for way in WAYS}


class WithdrawalForm(forms.Form):
    """How much, and whereto; which parts are needed depends on the kind."""

    once = forms.CharField(max_length=40, widget=forms.HiddenInput)
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(choices=[(name, WAYS[way]) for name, way in NAMES.items()])
    holder = forms.CharField(label=gettext_lazy("Holder"), max_length=60, required=False)
    bank = forms.CharField(label=gettext_lazy("Bank"), max_length=80, required=False)
    number = forms.CharField(label=gettext_lazy("Account"), max_length=100, required=False)
    words = forms.CharField(label=gettext_lazy("Whereto"), max_length=300, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.use_required_attribute = False
        self.fields["amount"].error_messages["required"] = PROBLEMS["missing"]

    @property
    def to(self) -> Destination:
        """Return whereto a valid form says."""
        said = self.cleaned_data
        kind = NAMES[said["kind"]]
        if kind is PayoutTo.OTHER:
            return Destination(kind, said["words"])
        return Destination(kind, said["number"], said["holder"], said["bank"])

    def refuse(self, error: BadDestination) -> None:
        """Say at its field what of the destination is missing."""
        name = str(error.detail["field"])
        if name == "number" and self.cleaned_data["kind"] == "other":
            name = "words"
        self.add_error(name, text_of(error) if self[name].value() else PROBLEMS["missing"])


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def withdraw(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what was asked for and a form to ask for more; then ask."""
    mine = wallet_of(request, site)
    if mine is None:
        return private(redirect(site.url("wallet")))
    if request.method != "POST":
        return private(_show(request, site, mine, _blank()))
    form = WithdrawalForm(request.POST)
    if not form.is_valid():
        return private(_show(request, site, mine, form, status=422))
    try:
        _ask(request, site, mine, form)
    except BadAmount as error:
        form.add_error("amount", text_of(error))
    except BadDestination as error:
        form.refuse(error)
    except DomainError as error:
        status = status_of(error)
        problem = problem_of(site, error)
        return private(_show(request, site, mine, form, problem=problem, status=status))
    else:
        messages.success(request, _("The shop looks at it now. You will be told by e-mail."))
        return private(redirect(site.url("wallet_withdraw")))
    return private(_show(request, site, mine, form, status=422))


@require_POST
@shop_page
def cancel(request: HttpRequest, site: Site, uid: str) -> HttpResponse:
    """Take a withdrawal back that still waits."""
    mine = wallet_of(request, site)
    if mine is None:
        return private(redirect(site.url("wallet")))
    try:
        asking.cancel(
            merchant_id=site.merchant_id, wallet_uid=mine.uid, uid=uid, actor=buyer(request)
        )
    except WrongState as error:
        problem = problem_of(site, error)
        return private(
            _show(request, site, mine, _blank(), problem=problem, status=status_of(error))
        )
    messages.success(request, _("Taken back: the sum can be spent again."))
    return private(redirect(site.url("wallet_withdraw")))


def is_offered(site: Site) -> bool:
    """Whether this shop pays money out of wallets."""
    return bool(merchants.setting(merchant_id=site.merchant_id, name="withdrawals"))


def _ask(request: HttpRequest, site: Site, mine: WalletView, form: WithdrawalForm) -> None:
    said = form.cleaned_data
    wish = WithdrawalWish(
        amount=Money.parse(said["amount"], mine.currency),
        to=form.to,
        once=said["once"],
        language=language(),
    )
    places = (
        (Scope.WITHDRAWALS_BY_ADDRESS, origin(request).address, BY_ADDRESS),
        (Scope.WITHDRAWALS_OF_OWNER, mine.uid, OF_OWNER),
    )
    for scope, value, limit in places:
        risk.count_attempt(
            merchant_id=site.merchant_id,
            scope=scope,
            value=value,
            limit=limit,
            window_seconds=SECONDS,
        )
    asking.ask(merchant_id=site.merchant_id, wallet_uid=mine.uid, wish=wish, actor=buyer(request))


def _blank() -> WithdrawalForm:
    return WithdrawalForm(initial={"once": new_uid("frm"), "kind": "bank"})


def _show(
    request: HttpRequest,
    site: Site,
    mine: WalletView,
    form: WithdrawalForm,
    *,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    cursor = request.GET.get("cursor", "")[:32]
    found = queries.withdrawals_page(
        merchant_id=site.merchant_id, wallet_uid=mine.uid, cursor=cursor, limit=PAGE
    )
    rows = [
        (
            row,
            WAYS[row.to_kind],
            site.url("wallet_withdrawal_cancel", uid=row.uid)
            if row.state is WithdrawalState.ASKED
            else "",
        )
        for row in found.rows
    ]
    more = f"?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else ""
    limits = {
        name: asking.limit(site.merchant_id, f"withdrawal_{name}", mine.currency)
        for name in ("min", "max", "day_max")
    }
    return page(
        request, site, "withdraw", status=status, wallet=mine, form=form, rows=rows, noindex=True,
        pages=Pages(next_url=more, previous_url="?" if cursor else ""), problem=problem,
        offered=is_offered(site), limits=limits, back_url=site.url("wallet"),
    )  # fmt: skip
