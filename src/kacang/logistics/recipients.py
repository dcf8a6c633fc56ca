"""Whom orders go to: read, sealed, shown by mask, and opened for whoever sends the parcel.

A recipient is personal data: it lies sealed in a table that a person's rows can be taken out of,
and nowhere else (rules 23, 27).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from django.db import connection

from kacang.logistics.models import Recipient
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.contacts import BadPhone, read_contact
from kacang.shared.errors import Invalid

NAME_MAX = 60
REGION_MAX = 80
ADDRESS_MAX = 200
ADDRESS_MIN = 4
TABLE, COLUMN = "recipient", "sealed"


class RecipientMissing(Invalid):
    """The goods are sent by courier: it takes a name, a phone number and an address."""

    code = "logistics.recipient_missing"


class BadRecipient(Invalid):
    """A part of the address is missing or too long; `field` says which."""

    code = "logistics.bad_recipient"


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Whom an order goes to. `region` is province, city and district as they are written."""

    name: str
    phone: str
    region: str
    address: str

    def masked(self) -> "RecipientView":
        """Return what may be shown without a reason: no whole name, number or address."""
        return RecipientView(
            name=self.name[:1] + "*" * (len(self.name) - 1),
            phone=f"{self.phone[:-8]}****{self.phone[-4:]}",
            region=self.region,
            address="****",
        )


def read_recipient(*, name: str, phone: str, region: str, address: str) -> RecipientView:
    """Check what a buyer typed and return it as it is kept.

    Raises:
        RecipientMissing: Nothing was given at all.
        BadRecipient: A part is missing or too long.
    """
    parts = {
        "name": " ".join(name.split()),
        "region": " ".join(region.split()),
        "address": " ".join(address.split()),
    }
    if not any(parts.values()) and not phone.strip():
        raise RecipientMissing
    most = {"name": NAME_MAX, "region": REGION_MAX, "address": ADDRESS_MAX}
    for field, text in parts.items():
        least = ADDRESS_MIN if field == "address" else 1
        if not least <= len(text) <= most[field] or "\x00" in text:
            raise BadRecipient(field=field)
    try:
        number = read_contact(email="", phone=phone).phone
    except BadPhone:
        number = ""
    if not number:
        raise BadRecipient(field="phone")
    return RecipientView(parts["name"], number, parts["region"], parts["address"])


def keep_recipients(*, merchant_id: int, recipients: Mapping[int, RecipientView]) -> None:
    """Seal whom new orders go to, by the order's id. Joins the caller's transaction."""
    if not recipients:
        return
    assert connection.in_atomic_block
    cipher = sealing_cipher(merchant_id)
    now = utc_now()
    Recipient.objects.bulk_create(
        [
            Recipient(
                merchant_id=merchant_id,
                order_id=order_id,
                sealed=cipher.seal(TABLE, COLUMN, _written(whom), _place(order_id)),
                changed_at=now,
            )
            for order_id, whom in recipients.items()
        ],
        update_conflicts=True,
        unique_fields=["merchant", "order_id"],
        update_fields=["sealed", "changed_at"],
    )


def recipients_of(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, RecipientView]:
    """Return whom orders go to, opened: the caller says who looks, and why, before this."""
    cipher = cipher_for(merchant_id)
    with acting_as(merchant_id):
        rows = list(Recipient.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids)))
    return {
        row.order_id: RecipientView(
            **json.loads(cipher.open(TABLE, COLUMN, bytes(row.sealed), _place(row.order_id)))
        )
        for row in rows
    }


def forget_recipients(*, merchant_id: int, order_ids: Collection[int]) -> int:
    """Take away whom these orders went to; return how many that was (H3)."""
    with acting_as(merchant_id):
        rows = Recipient.objects.filter(merchant_id=merchant_id, order_id__in=list(order_ids))
        return rows.delete()[0]


def _written(whom: RecipientView) -> bytes:
    return json.dumps(asdict(whom), ensure_ascii=False).encode()


def _place(order_id: int) -> bytes:
    return str(order_id).encode()
