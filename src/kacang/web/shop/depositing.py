"""Money into a customer's own wallet, by any way to pay that the shop has (F3, P1)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kacang.merchants import queries as merchants
from kacang.orders import operations as orders
from kacang.orders.deposits.placing import DepositWish, limits
from kacang.orders.errors import NoDeposits
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.money import EXPONENTS, MINOR_MAX, BadAmount, Money
from kacang.wallets.queries import WalletView
from kacang.web.errors import status_of, text_of
from kacang.web.shop import access, cookies
from kacang.web.shop.customer import wallet_of
from kacang.web.shop.forms import PROBLEMS
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, language, origin, page, private, shop_page

QUICK_MAX = 6
OF_OWNER, BY_ADDRESS, SECONDS = 20, 60, 3600


class DepositForm(forms.Form):
    """How much; how it is paid is chosen on the payment page."""

    once = forms.CharField(max_length=40, widget=forms.HiddenInput)
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.use_required_attribute = False
        self.fields["amount"].error_messages["required"] = PROBLEMS["missing"]


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def deposit(request: HttpRequest, site: Site) -> HttpResponse:
    """Ask how much; then place the order that pays it in, and lead on to paying."""
    mine = wallet_of(request, site)
    if mine is None or not is_offered(site):
        return private(redirect(site.url("wallet")))
    if request.method != "POST":
        return private(_show(request, site, mine, _blank()))
    # A button with an amount stands for the field.
    form = DepositForm({**request.POST.dict(), "amount": _amount(request)})
    if not form.is_valid():
        return private(_show(request, site, mine, form, status=422))
    try:
        return private(_place(request, site, mine, form))
    except BadAmount as error:
        form.add_error("amount", text_of(error))
    except DomainError as error:
        status = status_of(error)
        problem = problem_of(site, error)
        return private(_show(request, site, mine, form, problem=problem, status=status))
    return private(_show(request, site, mine, form, status=422))


def is_offered(site: Site) -> bool:
    """Whether this shop takes money into wallets."""
    return bool(merchants.setting(merchant_id=site.merchant_id, name="deposits"))


def _amount(request: HttpRequest) -> str:
    return request.POST.get("quick", "") or request.POST.get("amount", "")


def _place(request: HttpRequest, site: Site, mine: WalletView, form: DepositForm) -> HttpResponse:
    said = form.cleaned_data
    amount = Money.parse(said["amount"], mine.currency)
    places = (
        (Scope.DEPOSITS_BY_ADDRESS, origin(request).address, BY_ADDRESS),
        (Scope.DEPOSITS_OF_OWNER, mine.uid, OF_OWNER),
    )
    for scope, value, limit in places:
        risk.count_attempt(
            merchant_id=site.merchant_id,
            scope=scope,
            value=value,
            limit=limit,
            window_seconds=SECONDS,
        )
    wish = DepositWish(amount, f"{mine.uid}-{said['once']}", language(), origin(request))
    placed = orders.place_deposit(merchant_id=site.merchant_id, wallet_uid=mine.uid, wish=wish)
    response = redirect(site.url("pay", number=placed.number))
    if placed.access_token:
        key = (placed.number, placed.access_token)
        cookies.keep_order(request, response, site.merchant.uid, key)
    else:
        # The same form once more: the order is this customer's, so the browser may open it.
        access.remember(request, response, site, placed.number)
    return response


def _blank() -> DepositForm:
    return DepositForm(initial={"once": new_uid("frm")})


def _show(
    request: HttpRequest,
    site: Site,
    mine: WalletView,
    form: DepositForm,
    *,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    try:
        least, most = limits(site.merchant_id, mine.currency)
    except NoDeposits:
        return redirect(site.url("wallet"))
    said = _("At least %(least)s, at most %(most)s.") if most.minor < MINOR_MAX else ""
    said = said or _("At least %(least)s.")
    return page(
        request, site, "deposit", status=status, wallet=mine, form=form, noindex=True,
        quick=_quick(site, least, most), hint=said % {"least": least, "most": most},
        problem=problem, back_url=site.url("wallet"),
    )  # fmt: skip


def _quick(site: Site, least: Money, most: Money) -> list[Money]:
    """Return the amounts that the merchant offers, as far as they can be deposited."""
    words = str(merchants.setting(merchant_id=site.merchant_id, name="deposit_amounts")).split()
    unit = int(10 ** EXPONENTS[least.currency])
    amounts = [
        Money(int(word) * unit, least.currency)
        for word in words
        if word.isascii() and word.isdigit()
    ]
    return [amount for amount in amounts if least <= amount <= most][:QUICK_MAX]
