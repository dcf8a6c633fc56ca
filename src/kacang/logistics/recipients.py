"""Whom orders go to: read, sealed, shown by mask, and opened for whoever sends the parcel.

A recipient is personal data: it lies sealed in a table that a person's rows can be taken out of,
and nowhere else (rules 23, 27).
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field

from django.db import connection

from kacang.logistics.models import Recipient, RememberedRecipient
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.contacts import BadPhone, read_contact
from kacang.shared.errors import Invalid

NAME_MAX = 60
REGION_MAX = 80
ADDRESS_MAX = 200
ADDRESS_MIN = 4
POSTCODE_MAX = 10
_POSTCODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{2,9}")
PARTS = ("name", "phone", "region", "address", "postcode")
MOST = {"name": NAME_MAX, "region": REGION_MAX, "address": ADDRESS_MAX, "postcode": POSTCODE_MAX}
TABLE, COLUMN = "recipient", "sealed"
REMEMBERED = "remembered_recipient"


class RecipientMissing(Invalid):
    """The goods are sent by courier: it takes a name, a phone number and an address."""

    code = "logistics.recipient_missing"


class RecipientNotNeeded(Invalid):
    """Nothing of it goes by courier: an address that nobody needs is not taken."""

    code = "logistics.recipient_not_needed"


class BadRecipient(Invalid):
    """A part of the address is missing or too long; `field` says which."""

    code = "logistics.bad_recipient"


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Whom an order goes to. `region` is province, city and district as they are written.

    A log that shows one shows nothing of the person.
    """

    name: str = field(repr=False)
    phone: str = field(repr=False)
    region: str = field(repr=False)
    address: str = field(repr=False)
    postcode: str = field(default="", repr=False)

    def masked(self) -> "RecipientView":
        """Return what may be shown without a reason: no whole name, number or address."""
        return RecipientView(
            name=self.name[:1] + "*" * (len(self.name) - 1),
            phone=f"{self.phone[:-8]}****{self.phone[-4:]}",
            region=self.region,
            address="****",
            postcode=self.postcode and f"{self.postcode[:2]}****",
        )


def read_recipient(typed: RecipientView) -> RecipientView:
    """Check what a buyer typed and return it as it is kept. A postcode may be left out.

    Raises:
        RecipientMissing: Nothing was given at all.
        BadRecipient: A part is missing or too long.
    """
    if not any(asdict(typed).values()):
        raise RecipientMissing
    for part in PARTS:
        if part_problem(part, getattr(typed, part)):
            raise BadRecipient(field=part)
    return RecipientView(**{part: _normal(part, getattr(typed, part)) for part in PARTS})


def part_problem(part: str, text: str) -> str:
    """Return what is wrong with one of PARTS as it was typed: "missing", "wrong", or ""."""
    try:
        text = _normal(part, text)
    except BadPhone:
        return "wrong"
    if not text:
        return "" if part == "postcode" else "missing"
    if part == "phone":
        return ""
    if part == "postcode":
        return "" if _POSTCODE.fullmatch(text) else "wrong"
    least = ADDRESS_MIN if part == "address" else 1
    is_clean = all(unicodedata.category(letter) != "Cc" for letter in text)
    return "" if least <= len(text) <= MOST[part] and is_clean else "wrong"


def _normal(part: str, text: str) -> str:
    if part == "phone":
        return read_contact(email="", phone=text).phone
    return " ".join(text.split())


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


def remember_recipient(*, merchant_id: int, customer_id: int, order_id: int) -> None:
    """Keep where an order of a customer who agreed to it goes, for the next one.

    Whoever calls has seen that the buyer is that customer. Joins the caller's transaction.
    """
    assert connection.in_atomic_block
    found = recipients_of(merchant_id=merchant_id, order_ids=[order_id])
    if order_id not in found:
        return
    cipher = sealing_cipher(merchant_id)
    text = _written(found[order_id])
    RememberedRecipient.objects.update_or_create(
        merchant_id=merchant_id,
        customer_id=customer_id,
        defaults={
            "sealed": cipher.seal(REMEMBERED, COLUMN, text, _place(customer_id)),
            "changed_at": utc_now(),
        },
    )


def remembered_recipient(*, merchant_id: int, customer_id: int) -> RecipientView | None:
    """Return where a customer had goods sent last, if that is remembered."""
    with acting_as(merchant_id):
        row = RememberedRecipient.objects.filter(
            merchant_id=merchant_id, customer_id=customer_id
        ).first()
    if row is None:
        return None
    text = cipher_for(merchant_id).open(REMEMBERED, COLUMN, bytes(row.sealed), _place(customer_id))
    return RecipientView(**json.loads(text))


def forget_remembered(*, merchant_id: int, customer_id: int) -> None:
    """Take away where a customer had goods sent (H1, H3)."""
    with acting_as(merchant_id):
        RememberedRecipient.objects.filter(
            merchant_id=merchant_id, customer_id=customer_id
        ).delete()


def _written(whom: RecipientView) -> bytes:
    return json.dumps(asdict(whom), ensure_ascii=False).encode()


def _place(row_id: int) -> bytes:
    return str(row_id).encode()
