"""What a buyer is told when something is refused, and what can be done next."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kacang.shared.errors import DomainError
from kacang.web.errors import text_of
from kacang.web.shop.site import Site


@dataclass(frozen=True, slots=True)
class Problem:
    """A banner: what happened, and where to go on."""

    text: str
    url: str = ""
    label: str = ""


def problem_of(site: Site, error: DomainError, *, product_url: str = "") -> Problem:
    """Return the banner for an error; `product_url` is where other choices are."""
    text = text_of(error)
    if error.code in {"vault.sold_out", "orders.unknown_sku", "orders.bad_choice"}:
        if product_url:
            return Problem(text, product_url, _("See what else can be chosen"))
        return Problem(text, site.url("home"), _("Other goods"))
    if error.code == "orders.too_many_unpaid":
        return Problem(text, site.url("lookup") + "#mine", _("See the unpaid orders"))
    if error.code in {"risk.blocked", "orders.buyer_limit"}:
        return Problem(text, site.url("help"), _("How to reach the shop"))
    return Problem(text)
