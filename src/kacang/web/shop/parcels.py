"""Parcels as their buyer sees them: with whom, under which number, and where they are (L1)."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from kacang.logistics import queries as logistics
from kacang.orders.shipping import operations as shipping
from kacang.orders.types import OrderView
from kacang.shared.errors import Conflict
from kacang.web.shop import goods
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.site import Site


def sent_parcels(site: Site, order: OrderView) -> list[dict[str, object]]:
    """Return the parcels of an order that were not called back, the newest first."""
    found = logistics.shipments_of(merchant_id=site.merchant_id, order_ids=[order.id])[order.id]
    titles = {line.id: goods.words(line.title) for line in order.lines}
    return [
        {
            "courier": goods.words(parcel.courier_name),
            "number": parcel.tracking_number,
            "page_url": parcel.page_url,
            "at": parcel.created_at,
            "arrived_at": parcel.arrived_at,
            "pieces": len(parcel.places),
            "titles": list(dict.fromkeys(titles.get(line_id, "") for line_id, _ in parcel.places)),
        }
        for parcel in reversed(found)
        if parcel.voided_at is None
    ]


@require_POST
@order_page
def received(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Say that all goods have come, by which the order is over; once more it changes nothing."""
    # Where somebody else was quicker, the page shows how it stands.
    with suppress(Conflict):
        shipping.complete_order(
            merchant_id=site.merchant_id, number=order.number, actor=buyer(request)
        )
    return redirect(site.url("order", number=order.number))
