"""Who decides about the operator's visits: somebody who works here, by their own role (I1)."""

from kacang.merchants.audit import Actor
from kacang.merchants.models import Membership
from kacang.merchants.operations.staff import powers_of
from kacang.shared.errors import Refused

OPERATOR_VISITS = "operator_visits"
ASK = "ask"
DECIDE = "visits.decide"


class NotTheirsToDecide(Refused):
    """Whether the operator comes is decided by the shop's own people, not by a visitor."""

    code = "visits.not_theirs"


def check_decides(merchant_id: int, actor: Actor) -> None:
    """Demand that a person works here now, in a role that decides about the operator's visits.

    In the caller's transaction. A visitor acts with another's permissions: they do not count. Nor
    does what somebody was given for a while. Commands and the system may.

    Raises:
        NotTheirsToDecide: They do not.
    """
    if actor.kind != "user":
        return
    member = (
        Membership.objects.select_related("custom_role")
        .filter(merchant_id=merchant_id, user_id=actor.id or 0, disabled_at=None)
        .filter(user__is_active=True)
        .first()
    )
    if actor.visit or member is None or DECIDE not in powers_of(member).permissions:
        raise NotTheirsToDecide
