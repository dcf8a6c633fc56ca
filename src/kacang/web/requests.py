"""What a request carries on its way in, beyond what Django puts there."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from kacang.merchants.audit import Actor
from kacang.merchants.queries import MembershipInfo, VisitInfo

if TYPE_CHECKING:
    from kacang.web.design.parts import ShopShell


class WebRequest(HttpRequest):
    """Any request, after `RequestContext`."""

    request_id: str
    client_address: str
    htmx: HtmxDetails


class ConsoleRequest(WebRequest):
    """A request that `needs` let through. The person is `actor`, and `user`.

    `visit`: they look at the console as somebody else, whose `membership` it then is.
    """

    merchant: int
    membership: MembershipInfo
    visit: VisitInfo | None
    # Until when the person has to set a second factor up; None: nothing is demanded, or it is done.
    second_factor_by: datetime | None
    memberships: list[MembershipInfo]
    # Whether the page is one of the operators' own: of the installation, of no merchant.
    is_operators: bool
    actor: Actor


class ShopRequest(WebRequest):
    """A request of a buyer, once the shop is known. `merchant` is an id."""

    merchant: int
    shop: "ShopShell"
