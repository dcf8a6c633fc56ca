"""Looking at what is masked: with a reason, within limits, and never beyond one's role (I1, I3)."""

from kacang.merchants import queries as merchants
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.contacts import Contact
from kacang.web.console.desk import Desk

HOUR = 3600


def count_look(desk: Desk) -> None:
    """Count a look at something masked.

    Raises:
        TooManyAttempts: The person looked at more in this hour than the merchant allows.
    """
    most = merchants.setting(merchant_id=desk.merchant_id, name="reveals_per_hour")
    risk.count_attempt(
        merchant_id=desk.merchant_id,
        scope=Scope.REVEALS_BY_PERSON,
        value=str(desk.actor.id),
        limit=int(str(most)),
        window_seconds=HOUR,
    )


def visible(contact: Contact, desk: Desk) -> Contact:
    """Return of a contact what the person's role may ever see in full."""
    return Contact(
        email="" if "email" in desk.hidden else contact.email,
        phone="" if "phone" in desk.hidden else contact.phone,
    )
