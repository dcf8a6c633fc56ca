"""Whose shop is asked for, and where its pages are: by host, by `/s/{slug}/`, or the first one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.merchants import queries as merchants
from kacang.orders.types import Origin
from kacang.shared.errors import NotFound
from kacang.shared.texts import pick
from kacang.web import errors
from kacang.web.access import public
from kacang.web.design.parts import ShopLink, ShopShell
from kacang.web.shop import cookies
from kacang.web.shop.cart import read_cart
from kacang.web.shop.options import ShopOptions, read_options

LANGUAGES = {"zh": "zh-Hans", "en": "en"}


@dataclass(frozen=True, slots=True)
class Site:
    """One merchant's shop under one of its addresses. `slug` is "" at its own host."""

    merchant: merchants.MerchantInfo
    options: ShopOptions
    slug: str
    base_url: str

    @property
    def merchant_id(self) -> int:
        """The row id: for operations only, it never leaves (rule 21)."""
        return self.merchant.id

    def url(self, name: str, /, **parts: str) -> str:
        """Return the path of a page of this shop, under the address that it was asked by."""
        if self.slug:
            return reverse(f"shop_of:{name}", kwargs={"merchant_slug": self.slug, **parts})
        return reverse(f"shop:{name}", kwargs=parts)

    def absolute(self, path: str) -> str:
        """Return an address for mails and search engines; never made of an unknown Host header."""
        return f"{self.base_url}{path}"


def shop_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a page of the shop: find the shop, use its time zone, name the device.

    The view gets `(request, site, **parts of the path)`.
    """

    @public
    @wraps(view)
    def answer(request: HttpRequest, merchant_slug: str = "", **parts: str) -> HttpResponse:
        if _has_zero_byte(request):
            return errors.page(request, 400)
        site = find_site(request, merchant_slug)
        with timezone.override(ZoneInfo(site.merchant.time_zone)), _in_language(request, site):
            try:
                response = view(request, site, **parts)
            except NotFound:
                response = missing(request, site)
        cookies.name_device(request, response)
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response

    return answer


def find_site(request: HttpRequest, slug: str) -> Site:
    """Return the shop that a request is for.

    Raises:
        UnknownMerchant: No shop has this slug, or the installation has none yet.
    """
    host = request.get_host().partition(":")[0].lower()
    own = None if slug else merchants.merchant_id_of_host(host)
    if slug:
        merchant_id = merchants.merchant_id_of_slug(slug)
    else:
        merchant_id = own or merchants.first_merchant_id()
    info = merchants.merchant(merchant_id=merchant_id)
    # A registered host is known to be the shop's; any other one is whatever a client wrote.
    base = f"{request.scheme}://{request.get_host()}" if own else settings.PUBLIC_URL
    return Site(info, read_options(merchant_id=merchant_id), slug, base)


def page(
    request: HttpRequest, site: Site, template: str, *, status: int = 200, **values: Any
) -> HttpResponse:
    """Render a page of the shop with its frame around it."""
    # The way to redeeming is shown where there are such codes.
    codes = site.url("redeem") if catalog.has_redeem_codes(merchant_id=site.merchant_id) else ""
    request.shop = _shell(site, codes)  # type: ignore[attr-defined]
    frame = {
        "site": {**_frame(request, site), "redeem_offer": codes},
        "announcement": pick(site.options.announcement, language()),
    }
    return render(request, f"shop/{template}.html", {**frame, **values}, status=status)


def missing(request: HttpRequest, site: Site) -> HttpResponse:
    """Say, within the shop, that a page does not exist."""
    return page(request, site, "missing", status=404)


def private(response: HttpResponse) -> HttpResponse:
    """Keep a page out of caches, search engines and the referrer of what it links to."""
    response.headers["Cache-Control"] = "no-store, private"
    # Nothing to other sites. "no-referrer" would make browsers send "Origin: null" with the
    # page's own forms, which the CSRF check refuses.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def origin(request: HttpRequest) -> Origin:
    """Return where a buyer's request comes from, for limits and logs."""
    address = str(getattr(request, "client_address", ""))
    return Origin(address=address, device=cookies.device_of(request))


def language() -> str:
    """Return the active language as texts name it: "zh-Hans" or "en"."""
    return LANGUAGES.get((get_language() or "zh")[:2], "zh-Hans")


def _has_zero_byte(request: HttpRequest) -> bool:
    """Say whether a form holds what no text of a database can; addresses are looked at before."""
    return any("\0" in value for _, values in request.POST.lists() for value in values)


def _in_language(request: HttpRequest, site: Site) -> translation.override:
    """Speak the merchant's language to whoever has not said what to speak."""
    spoken = request.headers.get("Accept-Language", "").lower()
    says_so = settings.LANGUAGE_COOKIE_NAME in request.COOKIES or any(
        part.strip().startswith(tuple(LANGUAGES)) for part in spoken.split(",")
    )
    return translation.override(get_language() if says_so else site.options.language)


def _shell(site: Site, codes: str) -> ShopShell:
    links = [
        ShopLink(_("All goods"), site.url("home")),
        ShopLink(_("My orders"), site.url("lookup")),
        *([ShopLink(_("Redeem a code"), codes)] if codes else []),
        ShopLink(_("Help"), site.url("help")),
    ]
    return ShopShell(
        name=site.options.name or site.merchant.name,
        home_url=site.url("home"),
        lookup_url=site.url("lookup"),
        brand=site.options.brand,
        logo_url=site.options.logo_url,
        links=links,
        is_trial=site.merchant.kind != "live",
    )


def _frame(request: HttpRequest, site: Site) -> dict[str, Any]:
    return {
        "home": site.url("home"),
        "search": site.url("search"),
        "cart": site.url("cart"),
        "checkout": site.url("checkout"),
        "lookup": site.url("lookup"),
        "redeem": site.url("redeem"),
        "wallet": site.url("wallet"),
        "help": site.url("help"),
        "cart_count": sum(line.quantity for line in read_cart(request, site.merchant.uid)),
        "canonical": site.absolute(request.path),
    }
