"""Finding an order again: the browser's own, by number and contact, by password, by a code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.types import Credentials, OrderFilter, OrderRow, OrderState, OrderView
from kacang.payments import balances
from kacang.payments import queries as payments
from kacang.shared.contacts import BadEmail, read_contact
from kacang.shared.errors import TooMany
from kacang.web.errors import status_of
from kacang.web.shop import access, cookies, goods
from kacang.web.shop.forms import LookupForm, order_number
from kacang.web.shop.paying import title_of
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, page, private, shop_page


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def lookup(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the browser's orders; find another one's state by number and contact."""
    if request.method != "POST":
        form = LookupForm(initial={"number": order_number(request.GET.get("number", ""))})
        return private(_show(request, site, form))
    form = LookupForm(request.POST)
    if not form.is_valid():
        return private(_show(request, site, form, status=422))
    try:
        access.count_attempt(request, site)
        found = queries.find_for_lookup(
            merchant_id=site.merchant_id,
            number=form.cleaned_data["number"],
            contact_text=form.cleaned_data["contact"],
        )
    except TooMany as error:
        problem = problem_of(site, error)
        return private(_show(request, site, form, problem=problem, status=status_of(error)))
    return private(_answer(request, site, form, found))


@require_POST
@shop_page
def open_order(request: HttpRequest, site: Site, number: str) -> HttpResponse:
    """Open an order by its password or by a code that was sent to its contact."""
    number = order_number(number)
    credentials = Credentials(
        password=request.POST.get("password", "")[:64],
        code=request.POST.get("code", "").strip()[:20],
    )
    try:
        access.count_attempt(request, site)
        entered = access.may_open(site, number, credentials)
    except TooMany as error:
        return private(_refused(request, site, number, problem_of(site, error), status_of(error)))
    if not entered:
        problem = Problem(_("This does not open the order. Please check what you typed."))
        return private(_refused(request, site, number, problem, 403))
    response = redirect(site.url("order", number=number))
    access.remember(request, response, site, number)
    return private(response)


@require_POST
@shop_page
def send_code(request: HttpRequest, site: Site, number: str) -> HttpResponse:
    """Send a one-time code to an order's contact, if it is the one typed; never say whether."""
    number = order_number(number)
    contact = _normal(request.POST.get("contact", ""))
    try:
        access.count_attempt(request, site)
        orders.request_code(merchant_id=site.merchant_id, number=number, contact=contact)
    except TooMany as error:
        return private(_refused(request, site, number, problem_of(site, error), status_of(error)))
    return private(access.ask_for_proof(request, site, number, status=200, code_sent=True))


def _answer(
    request: HttpRequest, site: Site, form: LookupForm, found: OrderView | None
) -> HttpResponse:
    if found is None:
        problem = Problem(_("No order has this number and this contact. Please check both."))
        return _show(request, site, form, problem=problem, status=404)
    result = {
        "order": found,
        "title": title_of(found),
        "open_url": site.url("order", number=found.number),
    }
    return _show(request, site, form, result=result)


def _normal(typed: str) -> str:
    """Return a typed address in the form that orders keep, "" when it is none."""
    try:
        return read_contact(email=typed, phone=None).email
    except BadEmail:
        return ""


def _refused(
    request: HttpRequest, site: Site, number: str, problem: Problem, status: int
) -> HttpResponse:
    return access.ask_for_proof(request, site, number, status=status, problem=problem)


def _show(
    request: HttpRequest, site: Site, form: LookupForm, *, status: int = 200, **values: object
) -> HttpResponse:
    return page(
        request, site, "lookup", status=status, form=form, noindex=True,
        mine=_mine(request, site), has_wallets=_has_wallets(site), **values,
    )  # fmt: skip


def _has_wallets(site: Site) -> bool:
    """Say whether buyers may pay from a balance here."""
    return any(
        offer.provider == balances.NAME for offer in payments.offered(merchant_id=site.merchant_id)
    )


def _mine(request: HttpRequest, site: Site) -> list[dict[str, object]]:
    """Return the orders whose tokens this browser holds, the newest first."""
    numbers = tuple(number for number, _ in cookies.order_keys(request, site.merchant.uid))
    if not numbers:
        return []
    found = queries.orders_page(
        merchant_id=site.merchant_id, where=OrderFilter(numbers=numbers), limit=len(numbers)
    )
    return [_row(site, row) for row in found.rows]


def _row(site: Site, row: OrderRow) -> dict[str, object]:
    name = "pay" if row.state == OrderState.PENDING else "order"
    return {
        "url": site.url(name, number=row.number),
        "number": row.number,
        "title": goods.words(row.title),
        "sku_title": goods.words(row.sku_title),
        "quantity": row.quantity,
        "cover": row.cover,
        "state": row.state,
        "payable": row.payable,
        "created_at": row.created_at,
    }
