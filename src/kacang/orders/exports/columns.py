"""What an export of orders may say of each, and how that is written (O10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.shared.money import Money
from kacang.shared.periods import clock_text
from kacang.shared.sheets import Cell, Digits

FIELDS = (
    "id", "number", "external_number", "channel", "state", "hold_reason", "currency",
    "total_minor", "discount_minor", "payable_minor", "refund_minor", "email", "phone",
    "created_at", "paid_at", "delivered_at", "cancelled_at", "products", "variants", "units",
    "provider", "store",
)  # fmt: skip
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Way:
    """How rows are written: the merchant's zone, words of states, which contacts stay masked."""

    zone: ZoneInfo
    states: Mapping[int, str]
    masked: frozenset[str]


def _text(name: str) -> Callable[[Row, Way], Cell]:
    return lambda row, _way: str(row[name] or "")


def _amount(name: str) -> Callable[[Row, Way], Cell]:
    def written(row: Row, _way: Way) -> Cell:
        minor = row[name]
        assert isinstance(minor, int)
        return Digits(Money(minor, str(row["currency"])).plain)

    return written


def _time(name: str) -> Callable[[Row, Way], Cell]:
    def written(row: Row, way: Way) -> Cell:
        at = row[name]
        if not isinstance(at, datetime):
            return ""
        return clock_text(at, way.zone)

    return written


def _email(row: Row, way: Way) -> Cell:
    address = str(row["email"])
    if "email" not in way.masked or not address:
        return address
    name, _, host = address.partition("@")
    return f"{name[:1]}***@{host}"


def _phone(row: Row, way: Way) -> Cell:
    number = str(row["phone"])
    if "phone" not in way.masked or not number:
        return number
    return f"{number[:-8]}****{number[-4:]}"


COLUMNS: Mapping[str, tuple[Promise, Callable[[Row, Way], Cell]]] = {
    "number": (_("Order number"), _text("number")),
    "external": (_("External number"), _text("external_number")),
    "state": (_("State"), lambda row, way: way.states[int(str(row["state"]))]),
    "placed": (_("Placed"), _time("created_at")),
    "paid": (_("Paid at"), _time("paid_at")),
    "delivered": (_("Delivered at"), _time("delivered_at")),
    "cancelled": (_("Cancelled at"), _time("cancelled_at")),
    "products": (_("Products"), _text("products")),
    "variants": (_("Variants"), _text("variants")),
    "units": (_("Units"), lambda row, _way: int(str(row["units"]))),
    "total": (_("Products in total"), _amount("total_minor")),
    "discount": (_("Price change"), _amount("discount_minor")),
    "amount": (_("To pay"), _amount("payable_minor")),
    "refunded": (_("Given back or approved"), _amount("refund_minor")),
    "currency": (_("Currency"), _text("currency")),
    "company": (_("Payment company"), _text("provider")),
    "channel": (_("Channel"), _text("channel")),
    "store": (_("Store"), _text("store")),
    "email": (_("E-mail"), _email),
    "phone": (_("Phone"), _phone),
    "reason": (_("Why it waits"), _text("hold_reason")),
}
USUAL = (
    "number", "state", "placed", "paid", "products", "variants", "units", "amount", "currency",
    "company", "channel", "email", "phone",
)  # fmt: skip
