"""Looking at what is masked: with a reason, within limits, and never beyond one's role (I1, I3)."""

from dataclasses import replace

from kacang.logistics.queries import RecipientView
from kacang.merchants import queries as merchants
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.contacts import Contact
from kacang.web.console.desk import Desk
from kacang.web.design.formats import mask_contact

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


def visible_recipient(whom: RecipientView, desk: Desk) -> RecipientView:
    """Return of a recipient what the person's role may ever see in full."""
    return replace(whom, phone=whom.masked().phone) if "phone" in desk.hidden else whom


def recipient_line(whom: RecipientView) -> str:
    """Return whom goods go to, in one line."""
    return f"{whom.name} {whom.phone} · {whom.region} {whom.address} {whom.postcode}".rstrip()


def visible(contact: Contact, desk: Desk) -> Contact:
    """Return of a contact what the person's role may ever see in full."""
    return Contact(
        email="" if "email" in desk.hidden else contact.email,
        phone="" if "phone" in desk.hidden else contact.phone,
    )


def visible_value(value: str, desk: Desk) -> str:
    """Return an e-mail address or phone number, masked where the person's role hides it."""
    kind = "email" if "@" in value else "phone"
    return mask_contact(value) if kind in desk.hidden else value


def visible_place(address: str, actor_kind: str, desk: Desk) -> str:
    """Return from where something was done; a buyer's network address may be hidden by the role."""
    return "" if actor_kind == "buyer" and "address" in desk.hidden else address
