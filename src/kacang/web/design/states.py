"""Words and colours of every state that a page may show.

Colour says what a person must do: orange needs me now, blue moves by itself, green is done,
purple is after-sales, red failed or is a risk, grey waits or is closed.
"""

from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

TONES = ("grey", "blue", "green", "orange", "purple", "red")


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown."""

    word: Promise | str
    tone: str


STATES: dict[str, dict[str, Look]] = {
    "order": {
        "pending": Look(_("Awaiting payment"), "grey"),
        "paid": Look(_("To deliver"), "orange"),
        "fulfilling": Look(_("Delivering"), "blue"),
        "shipped": Look(pgettext_lazy("order", "Shipped"), "blue"),
        "delivered": Look(_("Delivered"), "green"),
        "completed": Look(_("Completed"), "green"),
        "cancelled": Look(_("Cancelled"), "grey"),
        "refunding": Look(_("Refunding"), "purple"),
        "refunded": Look(_("Refunded"), "purple"),
        "on_hold": Look(_("On hold"), "red"),
    },
    "exception": {
        "payment": Look(_("Not paid"), "grey"),
        "stock": Look(_("Out of stock"), "orange"),
        "address": Look(_("Change of the order"), "orange"),
        "supplier": Look(_("Delivery failed"), "red"),
        "risk": Look(_("Risk review"), "red"),
        "refund": Look(_("Refund"), "purple"),
    },
    "change": {
        "asked": Look(_("Needs approval"), "orange"),
        "approved": Look(_("Approved"), "green"),
        "refused": Look(pgettext_lazy("change", "Refused"), "grey"),
        "withdrawn": Look(pgettext_lazy("change", "Withdrawn"), "grey"),
    },
    "visit_request": {
        "waiting": Look(_("Waits for an owner"), "orange"),
        "allowed": Look(_("Allowed"), "green"),
        "refused": Look(pgettext_lazy("change", "Refused"), "grey"),
        "withdrawn": Look(pgettext_lazy("change", "Withdrawn"), "grey"),
        "used": Look(_("Used"), "blue"),
        "expired": Look(_("Expired"), "grey"),
    },
    "operator_visit": {
        "going": Look(_("Going on"), "red"),
        "over": Look(pgettext_lazy("visit", "Over"), "grey"),
    },
    "card": {
        "available": Look(_("Available"), "green"),
        "reserved": Look(_("Reserved"), "orange"),
        "sold": Look(_("Sold"), "blue"),
        "activated": Look(_("Activated"), "blue"),
        "redeemed": Look(_("Redeemed"), "grey"),
        "expired": Look(_("Expired"), "grey"),
        "void": Look(_("Void"), "grey"),
        "faulty": Look(_("Faulty"), "red"),
        "frozen": Look(_("Frozen"), "orange"),
    },
    "unit": {
        "waiting": Look(_("Awaiting payment"), "grey"),
        "short": Look(_("Out of stock"), "red"),
        "delivered": Look(_("Delivered"), "green"),
        "released": Look(_("Released"), "grey"),
        "owed": Look(_("To hand over"), "orange"),
        "refunded": Look(_("Refunded"), "purple"),
        "shipped": Look(pgettext_lazy("order", "Shipped"), "blue"),
    },
    "parcel": {
        "under_way": Look(_("On its way"), "blue"),
        "arrived": Look(pgettext_lazy("parcel", "Arrived"), "green"),
        "void": Look(_("Called back"), "grey"),
    },
    "payment": {
        "open": Look(_("Awaiting payment"), "grey"),
        "paid": Look(_("Received"), "green"),
        "closed": Look(_("Closed"), "grey"),
        "failed": Look(_("Failed"), "red"),
        "suspense": Look(_("Needs a decision"), "red"),
    },
    "statement": {
        "issued": Look(_("To pay"), "orange"),
        "paid": Look(_("Paid"), "green"),
    },
    "wallet": {
        "open": Look(pgettext_lazy("wallet", "Open"), "green"),
        "blocked": Look(_("Blocked"), "red"),
    },
    "withdrawal": {
        "asked": Look(_("Needs approval"), "orange"),
        "approved": Look(_("To be paid"), "orange"),
        "paid": Look(_("Paid out"), "green"),
        "refused": Look(pgettext_lazy("withdrawal", "Refused"), "grey"),
        "cancelled": Look(_("Cancelled"), "grey"),
        "returned": Look(_("Given back"), "red"),
    },
    "refund": {
        "requested": Look(_("Needs approval"), "orange"),
        "approved": Look(_("Approved"), "blue"),
        "sent": Look(_("Under way"), "blue"),
        "done": Look(_("Refunded"), "purple"),
        "failed": Look(_("Failed"), "red"),
        "rejected": Look(_("Rejected"), "grey"),
        "dropped": Look(_("Given up"), "grey"),
        "told": Look(_("To be matched"), "red"),
    },
    "case": {
        "new": Look(pgettext_lazy("case", "New"), "orange"),
        "ours": Look(_("Waits for us"), "orange"),
        "buyers": Look(_("Waits for the buyer"), "grey"),
        "decided": Look(_("Decided"), "green"),
        "closed": Look(_("Closed"), "grey"),
    },
    "review": {
        "waiting": Look(_("To be looked at"), "orange"),
        "published": Look(_("Published"), "green"),
        "hidden": Look(_("Hidden"), "grey"),
    },
    # The same states of cases, as the buyer reads them.
    "my_case": {
        "new": Look(_("With the shop"), "blue"),
        "ours": Look(_("With the shop"), "blue"),
        "buyers": Look(_("Your answer is needed"), "orange"),
        "decided": Look(_("Decided"), "green"),
        "closed": Look(_("Closed"), "grey"),
    },
    "work": {
        "waiting": Look(_("Queued"), "grey"),
        "running": Look(_("In progress"), "blue"),
        "done": Look(_("Done"), "green"),
        "failed": Look(_("Failed"), "red"),
        "cancelled": Look(_("Cancelled"), "grey"),
    },
    "batch": {
        "loading": Look(_("Being stocked"), "blue"),
        "stocked": Look(_("Stocked"), "green"),
        "undone": Look(_("Undone"), "grey"),
        "failed": Look(_("Failed"), "red"),
        "merged": Look(_("Moved away"), "grey"),
    },
    "bill": {
        "waiting": Look(_("To be fetched"), "grey"),
        "differs": Look(_("Differs"), "orange"),
        "agrees": Look(_("Agrees"), "green"),
        "failed": Look(_("Failed"), "red"),
        "closed": Look(_("Day closed"), "grey"),
    },
    "difference": {
        "ours_only": Look(_("Only ours"), "orange"),
        "theirs_only": Look(_("Only theirs"), "red"),
        "amount": Look(_("Another amount"), "red"),
        "state": Look(_("Another state"), "orange"),
    },
    "product": {
        "off_sale": Look(_("Off sale"), "grey"),
        "on_sale": Look(_("On sale"), "green"),
        "archived": Look(_("Archived"), "grey"),
        "sold_out": Look(_("Sold out"), "red"),
    },
    "message": {
        "waiting": Look(_("Queued"), "blue"),
        "sent": Look(_("Sent"), "green"),
        "delivered": Look(_("Reached the phone"), "green"),
        "failed": Look(_("Failed"), "red"),
        "skipped": Look(_("Not sent, on purpose"), "grey"),
    },
    "switch": {
        "true": Look(_("On"), "green"),
        "false": Look(_("Off"), "grey"),
    },
    "merchant": {
        "live": Look(_("Live"), "green"),
        "test": Look(_("Trial"), "orange"),
        "demo": Look(_("Demo"), "blue"),
    },
}


def look_of(family: str, state: object) -> Look:
    """Return how `state` of `family` is shown; a state without a look reads as its own name.

    Args:
        family: One of STATES, "order" for instance.
        state: A name in any case, an enum member or a boolean.
    """
    name = (state.name if isinstance(state, Enum) else str(state)).lower()
    known = STATES[family].get(name)
    return known or Look(name.replace("_", " "), "grey")
