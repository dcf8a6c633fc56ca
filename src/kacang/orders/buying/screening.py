"""Asking risk services about a buyer, before anything is locked or reserved (Z1)."""

import structlog
from django.db import connection

from kacang.orders.errors import Blocked
from kacang.orders.types import PlaceRequest
from kacang.risk import operations as risk
from kacang.risk.ports import Attempt, Decision

log = structlog.get_logger(__name__)


def screen(*, merchant_id: int, request: PlaceRequest) -> None:
    """Ask the risk services that are installed, if any; one that is late is not waited for.

    Must not be called inside a transaction (L18): what they say comes from outside.

    Raises:
        Blocked: One of them refuses. Which, and why, is in our log only.
    """
    assert not connection.in_atomic_block
    contact, origin = request.contact, request.origin
    verdict = risk.consult(
        attempt=Attempt(
            email=contact.email,
            phone=contact.phone,
            address=origin.address,
            device=origin.device,
        )
    )
    if verdict.decision is not Decision.ALLOW:
        log.info(
            "order.screened",
            merchant_id=merchant_id,
            decision=verdict.decision.name,
            reasons=verdict.reasons,
        )
    if verdict.decision is Decision.REFUSE:
        raise Blocked
