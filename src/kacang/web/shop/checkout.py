"""Checkout: one page, one order, however often its form is sent (W1, W3)."""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kacang.customers.operations import ConsentWay
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.customers import linking, reading
from kacang.orders.errors import ExternalNumberTaken
from kacang.orders.types import OrderFilter, OrderState, PlacedOrder, PlaceRequest
from kacang.payments import queries as payments
from kacang.shared.errors import DomainError
from kacang.web.errors import status_of
from kacang.web.shop import access, cookies, once
from kacang.web.shop.basket import Basket, read_basket
from kacang.web.shop.cart import CartLine, make_line, read_cart, write_cart
from kacang.web.shop.customer import proved_contact
from kacang.web.shop.devices import device_of, payer_of
from kacang.web.shop.forms import Asked, CheckoutForm
from kacang.web.shop.once import FormToken
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.recipients import RecipientForm
from kacang.web.shop.signing_in import way_to_sign_in
from kacang.web.shop.site import Site, language, origin, page, private, shop_page
from kacang.web.shop.stores import store_of


@dataclass(frozen=True, slots=True)
class Till:
    """Everything about one visit to checkout."""

    request: HttpRequest
    site: Site
    basket: Basket
    form: CheckoutForm
    token: FormToken
    # Whom it goes to; None where nothing is sent.
    whom: RecipientForm | None = None

    @property
    def is_valid(self) -> bool:
        """Whether all that was filled in can be. Errors are found in both forms at once."""
        found = [form.is_valid() for form in (self.form, self.whom) if form is not None]
        return all(found)


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def checkout(request: HttpRequest, site: Site) -> HttpResponse:
    """Show what is bought and ask for what is needed; place the order."""
    sent = once.read(request, site) if request.method == "POST" else None
    if sent is not None and (number := placed_before(site, sent)):
        return private(_placed(request, site, number))
    basket = read_basket(site, _lines(request, site))
    if not basket.lines:
        return private(redirect(site.url("cart")))
    token = sent.at(basket.total.minor) if sent else once.new_token(basket.total.minor)
    data = request.POST if request.method == "POST" else None
    form = CheckoutForm(data, _asked(request, site, basket))
    till = Till(request, site, basket, form, token, _whom(request, site, basket))
    if request.method == "POST":
        return private(_submit(till, _changed(sent, basket)))
    return private(_show(till))


def _submit(till: Till, problem: Problem | None) -> HttpResponse:
    # Without a way to pay, an order would only block stock.
    payable = bool(till.form.asked.offers) or not till.basket.total.minor
    if not till.is_valid or problem or not till.basket.is_sound or not payable:
        return _show(till, problem=problem, status=422)
    wish = _order_of(till)
    try:
        orders.screen(merchant_id=till.site.merchant_id, request=wish)
        placed = orders.place_order(merchant_id=till.site.merchant_id, request=wish)
    except ExternalNumberTaken:
        # The same form, sent twice at once: the other one was first.
        return _placed(till.request, till.site, placed_before(till.site, till.token))
    except DomainError as error:
        problem = problem_of(till.site, error, product_url=till.basket.lines[0].url)
        return _show(till, problem=problem, status=status_of(error))
    if till.form.cleaned_data.get("remember"):
        _remember(till, placed.number)
    return _start(till, placed)


def _remember(till: Till, number: str) -> None:
    """Know the buyer again, who has agreed: by what they typed, or by what they have proved."""
    proved = proved_contact(till.request, till.site)
    linking.remember_buyer(
        merchant_id=till.site.merchant_id,
        number=number,
        way=ConsentWay.ACCOUNT if proved else ConsentWay.CHECKOUT,
        proved=proved,
    )


def _start(till: Till, placed: PlacedOrder) -> HttpResponse:
    """Lead on to paying; what costs nothing is there already."""
    site, provider = till.site, till.form.cleaned_data.get("provider", "")
    target = "pay" if placed.state == OrderState.PENDING else "order"
    response = redirect(site.url(target, number=placed.number))
    if target == "pay" and (away := _sign_in(till, placed, provider)):
        response = redirect(away)
    elif target == "pay":
        try:
            orders.start_payment(
                merchant_id=site.merchant_id,
                number=placed.number,
                provider=provider,
                payer=payer_of(till.request, site, placed.number),
            )
        except DomainError:
            # The order stands; the payment page offers the ways to pay again.
            response = redirect(f"{site.url('pay', number=placed.number)}?failed=1")
    key = (placed.number, placed.access_token)
    cookies.keep_order(till.request, response, site.merchant.uid, key)
    return _without_cart(till.request, response, site)


def _sign_in(till: Till, placed: PlacedOrder, provider: str) -> str:
    """Return where the buyer must sign in before paying, or ""."""
    sale = payments.Sale(
        placed.payable, device=device_of(till.request), products=till.basket.products
    )
    return way_to_sign_in(till.request, till.site, placed.number, provider, sale)


def _placed(request: HttpRequest, site: Site, number: str) -> HttpResponse:
    """Lead on to the order that this form has already become."""
    response = redirect(site.url("pay", number=number))
    access.remember(request, response, site, number)
    return _without_cart(request, response, site)


def placed_before(site: Site, token: FormToken) -> str:
    """Return the number of the order that a form has become already, or ""."""
    found = queries.orders_page(
        merchant_id=site.merchant_id,
        where=OrderFilter(external_number=token.external_number),
        limit=1,
    )
    return found.rows[0].number if found.rows else ""


def _order_of(till: Till) -> PlaceRequest:
    return PlaceRequest(
        items=till.basket.items,
        contact=till.form.contact,
        origin=replace(origin(till.request), store=_store_uid(till)),
        language=language(),
        password=till.form.cleaned_data["password"],
        external_number=till.token.external_number,
        form=till.form.answers,
        recipient=till.whom.recipient if till.whom else None,
    )


def _store_uid(till: Till) -> str:
    """Return the store that the order belongs to, unless its buyer said that they are not there."""
    found = till.form.asked.store
    return found.uid if found and till.form.cleaned_data.get("in_store") else ""


def _show(till: Till, *, problem: Problem | None = None, status: int = 200) -> HttpResponse:
    offers = till.form.asked.offers
    chosen = till.form.data.get("provider") or (offers[0].provider if offers else "")
    return page(
        till.request, till.site, "checkout", status=status,
        basket=till.basket, form=till.form, whom=till.whom, problem=problem, noindex=True,
        keeps_address=till.whom is not None and bool(proved_contact(till.request, till.site)),
        goods_total=till.basket.total - till.basket.surcharge,
        token=once.written(till.request, till.site, till.token), provider=chosen,
        back_url=_back_url(till), contact=till.site.options.contact.value,
    )  # fmt: skip


def _lines(request: HttpRequest, site: Site) -> list[CartLine]:
    """Return what is bought: one SKU named in the address, or else the cart."""
    named = request.GET.get("sku", "")
    if not named:
        return read_cart(request, site.merchant.uid)
    return [make_line(named, request.GET.get("quantity", "1"), request.GET.getlist("pick"))]


def _asked(request: HttpRequest, site: Site, basket: Basket) -> Asked:
    sale = payments.Sale(basket.total, device=device_of(request), products=basket.products)
    offers = payments.offered(merchant_id=site.merchant_id, sale=sale) if basket.total.minor else []
    return Asked(
        contact=site.options.contact,
        fields=basket.fields,
        offers=tuple(offers),
        keeps_cookies=cookies.brings_device(request),
        remembers=site.options.remembers,
        store=store_of(request, site),
    )


def _whom(request: HttpRequest, site: Site, basket: Basket) -> RecipientForm | None:
    """Ask whom it goes to; who has proved to be a customer finds what they let the shop keep."""
    if not basket.is_sent:
        return None
    if request.method == "POST":
        return RecipientForm(request.POST)
    proved = proved_contact(request, site) if site.options.remembers else ""
    known = (
        reading.recipient_of_customer(merchant_id=site.merchant_id, proved=proved)
        if proved
        else None
    )
    return RecipientForm(None, known)


def _changed(sent: FormToken | None, basket: Basket) -> Problem | None:
    if sent is None:
        return Problem(_("This page was open for a long time. Please check it and send it again."))
    if sent.total_minor != basket.total.minor:
        return Problem(_("The price has changed meanwhile. Please check it and send it again."))
    return None


def _back_url(till: Till) -> str:
    if till.request.GET.get("sku"):
        return till.basket.lines[0].url or till.site.url("home")
    return till.site.url("cart")


def _without_cart(request: HttpRequest, response: HttpResponse, site: Site) -> HttpResponse:
    """Empty the cart, when it was the cart that was bought."""
    if not request.GET.get("sku"):
        write_cart(request, response, site.merchant.uid, [])
    return response
