"""What a request carries on its way in, beyond what Django puts there."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from kacang.merchants.audit import Actor
from kacang.merchants.queries import MembershipInfo

if TYPE_CHECKING:
    from kacang.web.design.parts import ShopShell


class WebRequest(HttpRequest):
    """Any request, after `RequestContext`."""

    request_id: str
    client_address: str
    htmx: HtmxDetails


class ConsoleRequest(WebRequest):
    """A request that `needs` let through. The person is `actor`, and `user`."""

    merchant: int
    membership: MembershipInfo
    memberships: list[MembershipInfo]
    actor: Actor


class ShopRequest(WebRequest):
    """A request of a buyer, once the shop is known. `merchant` is an id."""

    merchant: int
    shop: "ShopShell"
