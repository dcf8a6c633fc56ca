"""Buying in a store: its address, printed on the counter, says where a buyer is (R1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from kacang.merchants import queries as merchants
from kacang.merchants.queries import StoreInfo, UnknownStore
from kacang.web.shop import cookies
from kacang.web.shop.site import Site, private, shop_page


@require_safe
@shop_page
def enter(_: HttpRequest, site: Site, code: str) -> HttpResponse:
    """Remember in which store the buyer is, and lead to the shop.

    The address of a store that is closed, or was never there, leads to the shop all the same.
    """
    response = redirect(site.url("home"))
    try:
        found = merchants.open_store_of(merchant_id=site.merchant_id, code=code)
    except UnknownStore:
        return private(response)
    cookies.keep_store(response, site.merchant.uid, found.code)
    return private(response)


def store_of(request: HttpRequest, site: Site) -> StoreInfo | None:
    """Return the open store whose address this browser opened within twelve hours, if any."""
    code = cookies.store_code(request, site.merchant.uid)
    if not code:
        return None
    try:
        return merchants.open_store_of(merchant_id=site.merchant_id, code=code)
    except UnknownStore:
        return None
