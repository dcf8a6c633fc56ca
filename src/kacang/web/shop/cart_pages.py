"""The cart: put in, change, take out; works without scripts and without an account."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from kacang.catalog import queries as catalog
from kacang.web.shop.basket import read_basket
from kacang.web.shop.cart import (
    CartFull,
    CartLine,
    make_line,
    read_cart,
    with_added,
    with_quantity,
    write_cart,
)
from kacang.web.shop.problems import problem_of
from kacang.web.shop.site import Site, page, private, shop_page

Act = Callable[[HttpRequest, Site], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def cart(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the cart, or do to it what a form asks."""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""), _unchanged)
        try:
            return private(act(request, site))
        except CartFull as error:
            return private(_show(request, site, problem=problem_of(site, error), status=409))
    return private(_show(request, site))


def line_query(line: CartLine) -> str:
    """Return the query by which checkout is told of one line, without any cart."""
    picks = [("pick", pick) for pick in line.picks]
    return urlencode([("sku", line.sku_uid), ("quantity", line.quantity), *picks])


def _show(
    request: HttpRequest, site: Site, *, problem: object = None, status: int = 200
) -> HttpResponse:
    basket = read_basket(site, read_cart(request, site.merchant.uid))
    return page(request, site, "cart", status=status, basket=basket, problem=problem, noindex=True)


def _buy(request: HttpRequest, site: Site) -> HttpResponse:
    line = _line_of(request)
    if not line.sku_uid:
        return redirect(site.url("cart"))
    return redirect(f"{site.url('checkout')}?{line_query(line)}")


def _add(request: HttpRequest, site: Site) -> HttpResponse:
    line = _line_of(request)
    response = redirect(site.url("cart"))
    if line.sku_uid in catalog.skus_by_uid(merchant_id=site.merchant_id, uids=[line.sku_uid]):
        lines = with_added(read_cart(request, site.merchant.uid), line)
        write_cart(request, response, site.merchant.uid, lines)
    return response


def _more(request: HttpRequest, site: Site) -> HttpResponse:
    """Go on to the next numbers with those that were picked."""
    line = _line_of(request)
    query = [("pick", pick) for pick in line.picks]
    query.append(("cursor", request.POST.get("cursor", "")[:200]))
    found = catalog.sku(merchant_id=site.merchant_id, uid=line.sku_uid)
    address = site.url("numbers", uid=found.product_uid, sku=line.sku_uid)
    return redirect(f"{address}?{urlencode(query)}")


def _set(request: HttpRequest, site: Site) -> HttpResponse:
    """Take over the quantities of the cart's form; `remove` names a line to take out."""
    lines = read_cart(request, site.merchant.uid)
    for line in lines:
        typed = request.POST.get(f"q_{line.sku_uid}", "")
        if typed.isascii() and typed.isdigit() and len(typed) < 6:  # noqa: PLR2004 - at most 10,000
            lines = with_quantity(lines, line.sku_uid, int(typed))
    lines = with_quantity(lines, request.POST.get("remove", ""), 0)
    target = "checkout" if request.POST.get("then") == "checkout" and lines else "cart"
    response = redirect(site.url(target))
    write_cart(request, response, site.merchant.uid, lines)
    return response


def _unchanged(_: HttpRequest, site: Site) -> HttpResponse:
    return redirect(site.url("cart"))


def _line_of(request: HttpRequest) -> CartLine:
    posted = request.POST
    return make_line(posted.get("sku", ""), posted.get("quantity", "1"), posted.getlist("pick"))


ACTS: dict[str, Act] = {"buy": _buy, "add": _add, "more": _more, "set": _set}
