"""Sending an order's goods at the desk, and what is done with its parcels (O3, L1)."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.logistics.couriers import NUMBER_MAX
from kacang.logistics.operations import ReasonMissing
from kacang.logistics.queries import RecipientView
from kacang.orders.shipping import operations
from kacang.orders.shipping.operations import ParcelWish
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk
from kacang.web.console.orders.actions import answer, text_in
from kacang.web.console.revealing import count_look, recipient_line, visible_recipient
from kacang.web.requests import ConsoleRequest

PIECES = "pieces-"
DIGITS_MOST = 6


@needs("orders.ship")
@require_POST
def ship(request: ConsoleRequest, number: str) -> HttpResponse:
    """Send an order's goods, or a part of them, with a courier and a tracking number."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        parcel = operations.ship_order(
            merchant_id=desk.merchant_id, number=number, wish=_wish(request), actor=desk.actor
        )
        return _("Sent with tracking number %(number)s.") % {"number": parcel.tracking_number}

    return answer(request, number, act)


@needs("orders.ship")
@require_POST
def arrive(request: ConsoleRequest, number: str) -> HttpResponse:
    """Say that all parcels of an order are with the buyer."""

    def act(desk: Desk, number: str, _request: ConsoleRequest) -> str:
        operations.confirm_arrival(merchant_id=desk.merchant_id, number=number, actor=desk.actor)
        return _("The parcels have arrived.")

    return answer(request, number, act)


@needs("orders.ship")
@require_POST
def change(request: ConsoleRequest, number: str, uid: str) -> HttpResponse:
    """Correct the courier or tracking number of a parcel."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        parcel = operations.change_tracking(
            merchant_id=desk.merchant_id,
            number=number,
            uid=uid,
            wish=_wish(request),
            actor=desk.actor,
            reason=text_in(request, "reason"),
        )
        return _("The tracking number is now %(number)s.") % {"number": parcel.tracking_number}

    return answer(request, number, act)


@needs("orders.ship")
@require_POST
def void(request: ConsoleRequest, number: str, uid: str) -> HttpResponse:
    """Call a parcel back: its pieces are in the house again."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        operations.void_shipment(
            merchant_id=desk.merchant_id,
            number=number,
            uid=uid,
            actor=desk.actor,
            reason=text_in(request, "reason"),
        )
        return _("The parcel is called back. Its pieces are to be sent again.")

    return answer(request, number, act)


@needs("orders.recipients")
@require_POST
def recipient(request: ConsoleRequest, number: str) -> HttpResponse:
    """Write whom an order's goods go to."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        whom = RecipientView(
            name=text_in(request, "name", 80),
            phone=text_in(request, "phone", 40),
            region=text_in(request, "region", 100),
            address=text_in(request, "address", 300),
            postcode=text_in(request, "postcode", 20),
        )
        operations.set_recipient(
            merchant_id=desk.merchant_id, number=number, whom=whom, actor=desk.actor
        )
        return _("The address is written.")

    return answer(request, number, act)


@needs("orders.recipients")
@require_POST
def show_recipient(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show whom an order goes to, to a person who says why; the audit row comes first."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        if not text_in(request, "reason"):
            raise ReasonMissing
        count_look(desk)
        found = operations.show_recipient(
            merchant_id=desk.merchant_id,
            number=number,
            actor=desk.actor,
            reason=text_in(request, "reason"),
        )
        return recipient_line(visible_recipient(found, desk))

    return answer(request, number, act, stay=True)


def _wish(request: ConsoleRequest) -> ParcelWish:
    pieces = {}
    for name in request.POST:
        line_no, count = name.removeprefix(PIECES), text_in(request, name, DIGITS_MOST)
        if name.startswith(PIECES) and line_no.isdecimal() and count.isdecimal() and int(count):
            pieces[int(line_no)] = int(count)
    return ParcelWish(
        text_in(request, "courier", 20), text_in(request, "tracking", NUMBER_MAX + 20), pieces
    )
