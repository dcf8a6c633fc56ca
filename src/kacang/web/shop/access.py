"""Who may open an order: its token in the cookie, its password, or a code sent to its contact.

A number alone opens nothing, and whether a number exists is never said (rule 22, L10).
"""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kacang.merchants.audit import Actor
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.types import Credentials, OrderView
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.web.shop import cookies
from kacang.web.shop.forms import order_number
from kacang.web.shop.site import Site, origin, page, private, shop_page

OrderPage = Callable[..., HttpResponse]
# Attempts from one address, over all orders; each order has its own limit in its room.
ATTEMPTS_MAX = 30
ATTEMPTS_SECONDS = 600


def order_page(view: OrderPage) -> OrderPage:
    """Make a page of an order: `(request, site, order, **parts of the path)` for who may open it.

    Anybody else is asked for a proof, in the same words whether the order exists or not. A
    link with `?t=` puts its token into the cookie and leads on to the address without it.
    """

    @wraps(view)
    def answer(request: HttpRequest, site: Site, number: str, **parts: str) -> HttpResponse:
        number = order_number(number)
        if request.method == "GET" and "t" in request.GET:
            return private(_enter(request, site, number, request.GET["t"]))
        order = opened(request, site, number)
        if order is None:
            return private(ask_for_proof(request, site, number))
        return private(view(request, site, order, **parts))

    return shop_page(answer)


def opened(request: HttpRequest, site: Site, number: str) -> OrderView | None:
    """Return the order when the browser holds its token, else None."""
    token = cookies.token_for(request, site.merchant.uid, number)
    if not token or not may_open(site, number, Credentials(token=token)):
        return None
    return queries.order(merchant_id=site.merchant_id, number=number)


def count_attempt(request: HttpRequest, site: Site) -> None:
    """Count one attempt to find or open an order by what somebody typed.

    Raises:
        TooManyAttempts: There were too many from this address; nothing is tried.
    """
    risk.count_attempt(
        merchant_id=site.merchant_id,
        scope=Scope.LOOKUPS_BY_ADDRESS,
        value=origin(request).address,
        limit=ATTEMPTS_MAX,
        window_seconds=ATTEMPTS_SECONDS,
    )


def may_open(site: Site, number: str, credentials: Credentials) -> bool:
    """Say whether these credentials open this order; an unknown order answers as a wrong one."""
    return orders.check_access(merchant_id=site.merchant_id, number=number, credentials=credentials)


def remember(request: HttpRequest, response: HttpResponse, site: Site, number: str) -> None:
    """Give the browser a token of its own, unless it holds one that works."""
    if opened(request, site, number) is None:
        token = orders.new_access_token(merchant_id=site.merchant_id, number=number)
        cookies.keep_order(request, response, site.merchant.uid, (number, token))


def buyer(request: HttpRequest) -> Actor:
    """Return the buyer for the logs: where from, but never who."""
    return Actor(kind="buyer", address=str(getattr(request, "client_address", "")))


def ask_for_proof(
    request: HttpRequest, site: Site, number: str, *, status: int = 403, **values: object
) -> HttpResponse:
    """Show the ways in to an order."""
    return page(
        request, site, "proof", status=status,
        number=number, noindex=True,
        open_url=site.url("order_open", number=number),
        code_url=site.url("order_code", number=number),
        **values,
    )  # fmt: skip


def _enter(request: HttpRequest, site: Site, number: str, token: str) -> HttpResponse:
    if not may_open(site, number, Credentials(token=token[:100])):
        return ask_for_proof(request, site, number, old_link=True)
    response = redirect(request.path)
    # This address alone holds a secret: nobody is told of it, not even the next page.
    response.headers["Referrer-Policy"] = "no-referrer"
    cookies.keep_order(request, response, site.merchant.uid, (number, token))
    return response
