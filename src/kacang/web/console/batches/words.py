"""What is said of doing one thing with many orders (O4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kacang.orders.batches.operations import RULES, Act
from kacang.orders.batches.queries import Outcome
from kacang.web.error_texts import TEXTS

Words = Promise | str


@dataclass(frozen=True, slots=True)
class ActWords:
    """How an act is asked for. `text` labels what is typed with it."""

    title: Words
    verb: Words
    line: Words
    text: Words = ""
    danger: bool = False


WORDS: dict[Act, ActWords] = {
    Act.DELIVER: ActWords(
        _("Deliver what waits"),
        _("Deliver now"),
        _("What is in stock is delivered and the buyers are told."),
    ),
    Act.HAND_OVER: ActWords(
        _("Hand the goods over"),
        _("They are handed over"),
        _("The goods leave the stock and the orders are delivered. This cannot be undone."),
    ),
    Act.ARRIVE: ActWords(
        _("Confirm arrival"),
        _("They have arrived"),
        _("The orders are delivered then, and what they cost is earned."),
    ),
    Act.RESEND: ActWords(
        _("Send the codes again"),
        _("Send again"),
        _("Each buyer is mailed the way to the codes once more."),
    ),
    Act.NOTE: ActWords(
        _("Add a note"), _("Add the note"), _("Only staff see it"), _("Internal note")
    ),
    Act.TAG: ActWords(
        _("Put a tag on"),
        _("Put the tag on"),
        _("Orders that have it keep it. For a day it can be taken back."),
    ),
    Act.UNTAG: ActWords(
        _("Take a tag off"),
        _("Take the tag off"),
        _("Orders that do not have it stay as they are. For a day it can be taken back."),
    ),
    Act.CANCEL: ActWords(
        _("Cancel the orders"),
        _("Cancel the orders"),
        _("The orders are closed and their stock becomes free. This cannot be undone."),
        _("Reason"),
        danger=True,
    ),
}
TITLES: Mapping[str, Words] = {
    **{str(act): words.title for act, words in WORDS.items()},
    str(Act.SHIP): pgettext_lazy("many orders", "Send by courier"),
    str(Act.UNSHIP): _("Call parcels back"),
}
OUTCOMES: Mapping[Outcome, Words] = {
    Outcome.WAITING: _("To do"),
    Outcome.DONE: _("Done"),
    Outcome.REFUSED: _("Not done"),
}
LINE_REASONS: dict[str, Words] = {
    "batches.no_number": _("No order number"),
    "batches.no_tracking": _("No tracking number"),
    "batches.no_courier": _("No courier"),
    "batches.precision": _("Digits lost by the spreadsheet"),
    "batches.number_twice": _("The order stands in the list twice"),
    "batches.tracking_twice": _("The tracking number stands in the list twice"),
    "batches.tracking_in_use": _("Another parcel has this tracking number"),
}


ICONS: Mapping[Act, str] = {
    Act.DELIVER: "send",
    Act.HAND_OVER: "package",
    Act.ARRIVE: "check",
    Act.RESEND: "mail",
    Act.NOTE: "note",
    Act.TAG: "tag",
    Act.UNTAG: "tags",
    Act.CANCEL: "ban",
}


def batch_context(permissions: Collection[str]) -> dict[str, object]:
    """Return what the list of orders offers for many at once, to somebody in this role."""
    acts = [
        (str(act), words.title, ICONS[act])
        for act, words in WORDS.items()
        if RULES[act].permission in permissions
    ]
    return {
        "batch_acts": acts,
        # What is selected has a button of its own for tags, which stays on the list.
        "picked_acts": [one for one in acts if one[0] not in {Act.TAG, Act.UNTAG}],
        "can_export_orders": "orders.export" in permissions,
        "can_print_slips": "orders.recipients" in permissions,
        "can_ship_many": "orders.ship" in permissions,
    }


def reason_words(code: str) -> Words:
    """Return why an order or a line was not done, in words."""
    return LINE_REASONS.get(code) or TEXTS.get(code) or code
