"""A customer's own wallet in the shop: entered by a code, looked at, paid from (F3, rule 22)."""

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
from django.views.decorators.http import require_POST, require_safe

from kacang.catalog import queries as catalog
from kacang.ledger.accounts import TransferKind
from kacang.orders import operations as orders
from kacang.orders.types import OrderState, OrderView
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.wallets import entering, queries
from kacang.wallets.queries import WalletView
from kacang.web.design.parts import Pages
from kacang.web.errors import status_of
from kacang.web.shop import cookies, depositing, paying, withdrawing
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.customer import wallet_of
from kacang.web.shop.forms import PROBLEMS, ContactForm, order_number
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, language, origin, page, private, shop_page

PAGE = 20
TRIES_BY_ADDRESS, TRIES_OF_OWNER, TRIES_SECONDS = 30, 10, 3600
MOVES: dict[TransferKind, Promise] = {
    TransferKind.DEPOSITED: gettext_lazy("Deposited"),
    TransferKind.PAID_FROM_WALLET: gettext_lazy("Paid an order"),
    TransferKind.REFUNDED_TO_WALLET: gettext_lazy("Refunded"),
    TransferKind.WITHDRAWN: gettext_lazy("Withdrawn"),
    TransferKind.REVERSAL: gettext_lazy("Given back"),
    TransferKind.REFUND_DUE: gettext_lazy("Deposit refunded"),
}


class EntryForm(ContactForm):
    """The address that owns the wallet, and the order that is to be paid from it, if any."""

    email = forms.CharField(label=gettext_lazy("E-mail"), max_length=254)
    order = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.use_required_attribute = False
        self.fields["email"].widget.attrs.update(inputmode="email", autocomplete="email")
        self.fields["email"].error_messages["required"] = PROBLEMS["missing"]

    def clean_order(self) -> str:
        """Bring the number to its one form."""
        return order_number(self.cleaned_data["order"])


@require_safe
@shop_page
def wallet(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the customer's wallet, or the way in."""
    mine = wallet_of(request, site)
    if mine is None:
        order = order_number(request.GET.get("order", ""))
        return private(_way_in(request, site, EntryForm(initial={"order": order})))
    return private(_show(request, site, mine))


@require_POST
@shop_page
def add_card(request: HttpRequest, site: Site) -> HttpResponse:
    """Put what a gift card is worth into the customer's wallet."""
    mine = wallet_of(request, site)
    if mine is None:
        return private(redirect(site.url("wallet")))
    try:
        worth = orders.add_gift_card(
            merchant_id=site.merchant_id,
            wallet_uid=mine.uid,
            code=request.POST.get("code", ""),
            origin=origin(request),
            actor=buyer(request),
        )
    except DomainError as error:
        problem = problem_of(site, error)
        return private(_show(request, site, mine, problem=problem, status=status_of(error)))
    messages.success(request, _("%(amount)s is in your wallet.") % {"amount": worth})
    return private(redirect(site.url("wallet")))


@require_POST
@shop_page
def send_code(request: HttpRequest, site: Site) -> HttpResponse:
    """Send a code to an address, whoever's it is; never say whether it has a wallet."""
    form = EntryForm(request.POST)
    if not form.is_valid():
        return private(_way_in(request, site, form, status=422))
    email = form.cleaned_data["email"]
    try:
        _count(request, site, email)
    except DomainError as error:
        return private(_refused(request, site, form, error))
    entering.request_code(merchant_id=site.merchant_id, owner_ref=email, language=language())
    return private(_way_in(request, site, form, code_sent=True))


@require_POST
@shop_page
def enter(request: HttpRequest, site: Site) -> HttpResponse:
    """Let a customer in who brings the code."""
    form = EntryForm(request.POST)
    if not form.is_valid():
        return private(_way_in(request, site, form, status=422))
    email = form.cleaned_data["email"]
    try:
        _count(request, site, email)
    except DomainError as error:
        return private(_refused(request, site, form, error))
    token = entering.enter(
        merchant_id=site.merchant_id, owner_ref=email, code=request.POST.get("code", "")
    )
    if not token:
        problem = Problem(_("This is not the code, or its ten minutes are over."))
        return private(_way_in(request, site, form, problem=problem, code_sent=True, status=403))
    number = form.cleaned_data["order"]
    response = redirect(site.url("pay", number=number) if number else site.url("wallet"))
    cookies.keep_wallet(request, response, site.merchant.uid, token)
    return private(response)


@require_POST
@shop_page
def leave(request: HttpRequest, site: Site) -> HttpResponse:
    """End the customer's session."""
    token = cookies.wallet_token(request, site.merchant.uid)
    entering.leave(merchant_id=site.merchant_id, token=token)
    response = redirect(site.url("home"))
    cookies.keep_wallet(request, response, site.merchant.uid, "")
    return private(response)


@require_POST
@order_page
def pay(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Pay an order from the customer's wallet."""
    if order.state != OrderState.PENDING:
        return redirect(site.url("order", number=order.number))
    mine = wallet_of(request, site)
    if mine is None:
        return redirect(f"{site.url('wallet')}?{urlencode({'order': order.number})}")
    try:
        orders.pay_from_wallet(
            merchant_id=site.merchant_id, number=order.number, wallet_uid=mine.uid
        )
    except DomainError as error:
        problem = problem_of(site, error)
        return paying.show(request, site, order, problem, status=status_of(error))
    return redirect(site.url("order", number=order.number))


def _show(
    request: HttpRequest,
    site: Site,
    mine: WalletView,
    *,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    found = queries.statement(
        merchant_id=site.merchant_id, wallet_id=mine.id, cursor=cursor, limit=PAGE
    )
    rows = [(line, MOVES.get(line.kind, _("Changed"))) for line in found.lines]
    more = f"?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else ""
    return page(
        request, site, "wallet", status=status, wallet=mine, rows=rows, noindex=True,
        pages=Pages(next_url=more, previous_url="?" if cursor else ""), problem=problem,
        leave_url=site.url("wallet_leave"), card_url=site.url("wallet_card"),
        deposit_url=site.url("wallet_deposit") if depositing.is_offered(site) else "",
        withdraw_url=site.url("wallet_withdraw") if withdrawing.is_offered(site) else "",
        takes_cards=bool(catalog.gift_skus(merchant_id=site.merchant_id)),
    )  # fmt: skip


def _count(request: HttpRequest, site: Site, email: str) -> None:
    places = (
        (Scope.WALLET_TRIES_BY_ADDRESS, origin(request).address, TRIES_BY_ADDRESS),
        (Scope.WALLET_TRIES_OF_OWNER, email, TRIES_OF_OWNER),
    )
    for scope, value, limit in places:
        risk.count_attempt(
            merchant_id=site.merchant_id,
            scope=scope,
            value=value,
            limit=limit,
            window_seconds=TRIES_SECONDS,
        )


def _refused(request: HttpRequest, site: Site, form: EntryForm, error: DomainError) -> HttpResponse:
    return _way_in(request, site, form, problem=problem_of(site, error), status=status_of(error))


def _way_in(
    request: HttpRequest,
    site: Site,
    form: EntryForm,
    *,
    problem: Problem | None = None,
    code_sent: bool = False,
    status: int = 200,
) -> HttpResponse:
    return page(
        request, site, "wallet_entry", status=status, form=form, problem=problem, noindex=True,
        code_sent=code_sent, code_url=site.url("wallet_code"), enter_url=site.url("wallet_enter"),
    )  # fmt: skip
