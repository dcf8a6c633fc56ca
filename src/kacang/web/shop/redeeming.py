"""Redeeming a code for what it is good for (L21): what it is first, then the order, at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView
from kacang.orders import operations as orders
from kacang.orders.errors import BadRedeemCode
from kacang.orders.operations import RedeemRequest, Try
from kacang.orders.types import PlaceRequest
from kacang.shared.errors import DomainError
from kacang.web.errors import status_of
from kacang.web.shop import access, cookies, goods, once
from kacang.web.shop.checkout import placed_before
from kacang.web.shop.forms import PROBLEMS, Asked, CheckoutForm
from kacang.web.shop.once import FormToken
from kacang.web.shop.problems import problem_of
from kacang.web.shop.site import Site, language, origin, page, private, shop_page

CODE_MOST = 2_000


class CodeForm(forms.Form):
    """The code, as its holder types it."""

    code = forms.CharField(
        label=_("Redeem code"),
        max_length=CODE_MOST,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.use_required_attribute = False
        self.fields["code"].error_messages["required"] = PROBLEMS["missing"]


@dataclass(frozen=True, slots=True)
class Counter:
    """One visit with a code: what it is good for, and what its order asks for."""

    request: HttpRequest
    site: Site
    code: str
    target: SkuView
    product: ProductView
    form: CheckoutForm
    token: FormToken


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def redeem(request: HttpRequest, site: Site) -> HttpResponse:
    """Ask for a code; say what it is good for and ask what is needed; give it."""
    if request.method != "POST":
        return private(_ask(request, site, CodeForm()))
    sent = once.read(request, site)
    if sent is not None and (number := placed_before(site, sent)):
        return private(_lead_to(request, site, number))
    form = CodeForm(request.POST)
    if not form.is_valid():
        return private(_ask(request, site, form, status=422))
    code = str(form.cleaned_data["code"])
    try:
        with orders.trying(
            merchant_id=site.merchant_id, origin=origin(request), actor=access.buyer(request)
        ) as attempt:
            answer = _try(attempt, request, site, code, sent)
    except DomainError as error:
        problem = problem_of(site, error)
        return private(_ask(request, site, form, problem=problem, status=status_of(error)))
    return private(answer)


def _try(
    attempt: Try, request: HttpRequest, site: Site, code: str, sent: FormToken | None
) -> HttpResponse:
    try:
        return _answer(attempt, _counter(request, site, code, attempt.check(code), sent))
    except BadRedeemCode:
        number = placed_before(site, sent) if sent else ""
        if not number:
            raise
        # The same form, sent twice at once: the other one was first, the code is none any more.
        attempt.refused = None
        return _lead_to(request, site, number)


def _counter(
    request: HttpRequest, site: Site, code: str, target: SkuView, sent: FormToken | None
) -> Counter:
    product = catalog.product(merchant_id=site.merchant_id, uid=target.product_uid)
    asked = Asked(
        contact=site.options.contact,
        fields=product.form_fields,
        offers=(),
        keeps_cookies=cookies.brings_device(request),
    )
    data = request.POST if sent is not None else None
    token = sent or once.new_token(0)
    return Counter(request, site, code, target, product, CheckoutForm(data, asked), token)


def _answer(attempt: Try, counter: Counter) -> HttpResponse:
    """Show what the code is good for, or, when all is filled in, give it."""
    if not counter.form.is_bound:
        return _show(counter)
    if not counter.form.is_valid():
        return _show(counter, status=422)
    site, request = counter.site, counter.request
    wish = RedeemRequest(
        code=counter.code,
        contact=counter.form.contact,
        origin=origin(request),
        language=language(),
        password=counter.form.cleaned_data["password"],
        external_number=counter.token.external_number,
        form=counter.form.answers,
    )
    try:
        seen = PlaceRequest(items=(), contact=wish.contact, origin=wish.origin)
        orders.screen(merchant_id=site.merchant_id, request=seen)
        done = attempt.redeem(wish)
    except BadRedeemCode:
        raise
    except DomainError as error:
        return _show(counter, problem=problem_of(site, error), status=status_of(error))
    response = redirect(site.url("order", number=done.order.number))
    key = (done.order.number, done.order.access_token)
    cookies.keep_order(request, response, site.merchant.uid, key)
    return response


def _lead_to(request: HttpRequest, site: Site, number: str) -> HttpResponse:
    response = redirect(site.url("order", number=number))
    access.remember(request, response, site, number)
    return response


def _ask(
    request: HttpRequest, site: Site, form: CodeForm, *, status: int = 200, **values: object
) -> HttpResponse:
    return page(request, site, "redeem", status=status, code_form=form, noindex=True, **values)


def _show(counter: Counter, *, status: int = 200, **values: object) -> HttpResponse:
    site, product = counter.site, counter.product
    return page(
        counter.request, site, "redeem", status=status, noindex=True,
        form=counter.form, code=counter.code,
        token=once.written(counter.request, site, counter.token),
        title=goods.words(product.title), sku_title=goods.words(counter.target.title),
        cover=product.cover, image=goods.picture_url(site, product),
        contact=site.options.contact.value, **values,
    )  # fmt: skip
