"""Handing in a proof of a bank transfer (P1)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.orders import operations as orders
from kacang.orders.types import OrderState, OrderView
from kacang.payments.bank_transfers.proofs import BYTES_MAX
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.errors import DomainError
from kacang.web.errors import status_of
from kacang.web.shop import paying
from kacang.web.shop.access import order_page
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.site import Site, origin

# From one address, over all orders; each payment has its own limit in its room.
UPLOADS_MAX, UPLOADS_SECONDS = 20, 3600


@require_POST
@order_page
def prove(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Take in a picture or PDF that shows the transfer."""
    if order.state != OrderState.PENDING:
        return redirect(site.url("order", number=order.number))
    upload = request.FILES.get("proof")
    if upload is None or not upload.size:
        return paying.show(request, site, order, Problem(_("Please choose a file.")), status=422)
    # What is too large is not read at all.
    body = upload.read() if upload.size <= BYTES_MAX else b""
    try:
        risk.count_attempt(
            merchant_id=site.merchant_id,
            scope=Scope.PROOFS_BY_ADDRESS,
            value=origin(request).address,
            limit=UPLOADS_MAX,
            window_seconds=UPLOADS_SECONDS,
        )
        orders.hand_in_proof(merchant_id=site.merchant_id, number=order.number, body=body)
    except DomainError as error:
        problem = problem_of(site, error)
        return paying.show(request, site, order, problem, status=status_of(error))
    return redirect(site.url("pay", number=order.number))
