"""How an order, what happened to it and what may be done with it are said at the desk."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from kacang.logistics.queries import COURIERS
from kacang.orders.types import Event, EventView, OrderState, OrderView
from kacang.payments.listing import ReceiptFit
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.shared.texts import pick
from kacang.web.console.desk import Desk
from kacang.web.console.exceptions.words import exception_extra
from kacang.web.console.revealing import visible_place
from kacang.web.console.reviewing.words import review_extra
from kacang.web.design import parts
from kacang.web.design.companies import company_name

HOLD_REASONS: dict[str, Promise] = {
    "out_of_stock": gettext_lazy("Waiting for stock"),
    "late_payment": gettext_lazy("Paid after it was closed"),
    "refund_failed": gettext_lazy("Not refunded after all; to be delivered again"),
    "risk_review": gettext_lazy("Held for review"),
}
ACTORS: dict[str, Promise] = {
    "system": gettext_lazy("System"),
    "buyer": gettext_lazy("Buyer"),
    "key": gettext_lazy("API"),
    "job": gettext_lazy("Job"),
    "provider": gettext_lazy("Payment company"),
}
FIT_WORDS: dict[ReceiptFit, Promise] = {
    ReceiptFit.PARTIAL: gettext_lazy("Less than the order costs"),
    ReceiptFit.OVER: gettext_lazy("More than the order costs"),
    ReceiptFit.SECOND_PAYMENT: gettext_lazy("The order was paid already"),
    ReceiptFit.OTHER_CURRENCY: gettext_lazy("Another currency"),
    ReceiptFit.ANOTHER_PAYMENT: gettext_lazy("Its number was used for another payment"),
    ReceiptFit.AMOUNT_CHANGED: gettext_lazy("The order's price has changed since"),
    ReceiptFit.UNMATCHED: gettext_lazy("No payment has this number"),
}
FIT_BY_NUMBER = {str(int(fit)): word for fit, word in FIT_WORDS.items()}
EVENTS: dict[Event, Promise] = {
    Event.PLACED: gettext_lazy("The order was placed"),
    Event.PAID: gettext_lazy("The order was paid"),
    Event.DELIVERED: gettext_lazy("The codes were delivered"),
    Event.SHORT: gettext_lazy("Paid, but there is not enough stock"),
    Event.CANCELLED: gettext_lazy("The order was cancelled"),
    Event.EXPIRED: gettext_lazy("Closed: not paid in time"),
    Event.PRICE_CHANGED: gettext_lazy("Price changed"),
    Event.NOTE: gettext_lazy("Note"),
    Event.LATE_PAYMENT: gettext_lazy("Paid after it was closed"),
    Event.SUSPENSE: gettext_lazy("Money came that does not fit"),
    Event.REVEALED: gettext_lazy("Codes were looked at"),
    Event.RESENT: gettext_lazy("Codes sent again"),
    Event.REPLENISHED: gettext_lazy("Stock came, the rest was delivered"),
    Event.REPLACED: gettext_lazy("A faulty card was replaced"),
    Event.CORRECTED: gettext_lazy("A wrong code was corrected"),
    Event.READY: gettext_lazy("Paid; the goods are to be handed over"),
    Event.HANDED_OVER: gettext_lazy("The goods were handed over"),
    Event.REDEEMED: gettext_lazy("A redeem code was given for it"),
    Event.SHIPPED: gettext_lazy("Goods were sent"),
    Event.ARRIVED: gettext_lazy("The parcels have arrived"),
    Event.COMPLETED: gettext_lazy("The order was completed"),
    Event.TRACKING_CHANGED: gettext_lazy("A tracking number was corrected"),
    Event.PARCEL_VOIDED: gettext_lazy("A parcel was called back"),
    Event.RECIPIENT_SHOWN: gettext_lazy("The address was looked at"),
    Event.RECIPIENT_CHANGED: gettext_lazy("The address was written"),
    Event.REFUND_ASKED: gettext_lazy("A refund was asked for"),
    Event.REFUND_APPROVED: gettext_lazy("The refund was approved"),
    Event.REFUND_REJECTED: gettext_lazy("The refund was rejected"),
    Event.REFUND_DONE: gettext_lazy("Money went back"),
    Event.REFUND_FAILED: gettext_lazy("The refund failed"),
    Event.REFUND_DROPPED: gettext_lazy("The refund was given up"),
    Event.EXCEPTION_OPENED: gettext_lazy("Held up"),
    Event.EXCEPTION_CLOSED: gettext_lazy("No longer held up"),
    Event.EXCEPTION_TAKEN: gettext_lazy("The exception is looked after"),
    Event.EXCEPTION_ESCALATED: gettext_lazy("The exception went up a level"),
    Event.CHANGE_ASKED: gettext_lazy("A change was asked for"),
    Event.CHANGE_DECIDED: gettext_lazy("A change was decided"),
    Event.TAGGED: gettext_lazy("Tag put on"),
    Event.UNTAGGED: gettext_lazy("Tag taken off"),
    Event.NOTE_WITHDRAWN: gettext_lazy("A note was taken back"),
    Event.ASSIGNED: gettext_lazy("Given to a member of staff"),
    Event.STORE_CHANGED: gettext_lazy("Moved to a store"),
    Event.REVIEWED: gettext_lazy("Rules decided"),
    Event.HELD: gettext_lazy("Paid, and held until somebody has looked"),
    Event.REVIEW_APPROVED: gettext_lazy("Looked at and approved"),
    Event.REVIEW_REJECTED: gettext_lazy("Looked at and rejected"),
    Event.REVIEW_FIRST: gettext_lazy("Approved by the first of two people"),
    Event.REVIEW_LATE: gettext_lazy("Nobody has reviewed it in time: taken to the highest level"),
}
TONES = {
    Event.DELIVERED: "ok",
    Event.REPLENISHED: "ok",
    Event.HANDED_OVER: "ok",
    Event.SHIPPED: "ok",
    Event.ARRIVED: "ok",
    Event.COMPLETED: "ok",
    Event.REFUND_DONE: "ok",
    Event.REFUND_FAILED: "bad",
    Event.SHORT: "bad",
    Event.SUSPENSE: "bad",
    Event.LATE_PAYMENT: "bad",
    Event.HELD: "bad",
    Event.REVIEW_APPROVED: "ok",
    Event.REVIEW_REJECTED: "bad",
    Event.REVIEW_LATE: "bad",
}
PARCELS = frozenset({Event.SHIPPED, Event.TRACKING_CHANGED, Event.PARCEL_VOIDED})
EXCEPTIONS = frozenset(event for event in Event if event.name.startswith(("EXCEPTION_", "CHANGE_")))
REFUNDS = frozenset(event for event in Event if event.name.startswith("REFUND_"))
SENDABLE = frozenset({OrderState.PAID, OrderState.FULFILLING})
GIVEN = frozenset({OrderState.DELIVERED, OrderState.COMPLETED})


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done with an order now, by this person."""

    name: str
    label: Promise | str
    title: Promise | str
    verb: Promise | str
    icon: str
    url: str
    post_url: str
    primary: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """When an act is offered: in these states (none: in all), with what the order has."""

    name: str
    permission: str
    states: frozenset[OrderState] = frozenset()
    needs: frozenset[str] = frozenset()


_PENDING = frozenset({OrderState.PENDING})
# The most likely act first.
RULES = (
    Rule("deliver", "orders.deliver", frozenset({OrderState.ON_HOLD}), frozenset({"way"})),
    Rule("hand_over", "orders.hand_over", SENDABLE),
    Rule("ship", "orders.ship", SENDABLE),
    Rule("arrive", "orders.ship", frozenset({OrderState.SHIPPED})),
    Rule("price", "orders.change_price", _PENDING),
    Rule("resend", "orders.deliver", GIVEN, frozenset({"email", "codes"})),
    Rule("reveal", "secrets.reveal", needs=frozenset({"codes"})),
    Rule("note", "orders.note"),
    Rule("cancel", "orders.cancel", _PENDING),
)


def acts_for(
    *, number: str, state: OrderState, has: Collection[str], permissions: Collection[str]
) -> list[Act]:
    """Return what state and role allow, the most likely first.

    `has` names what the order has: "email", "codes", a "way" on that no decision bars.
    """
    return [
        _act(rule.name, number)
        for rule in RULES
        if rule.permission in permissions
        and (not rule.states or state in rule.states)
        and rule.needs <= set(has)
    ]


def has_of(contact: Contact, hold_reason: str, *, with_codes: bool) -> set[str]:
    """Return what `acts_for` asks about an order."""
    # One that a rule holds is decided about, not delivered past the decision (O9).
    asked = (
        ("email", contact.email), ("codes", with_codes), ("way", hold_reason != "risk_review"),
    )  # fmt: skip
    return {word for word, true in asked if true}


WORDS: dict[str, tuple[Promise, Promise, Promise, str]] = {
    "deliver": (
        pgettext_lazy("verb", "Deliver"),
        gettext_lazy("Deliver what waits?"),
        gettext_lazy("Deliver now"),
        "send",
    ),
    "hand_over": (
        gettext_lazy("Hand over"),
        gettext_lazy("Hand the goods over?"),
        gettext_lazy("They are handed over"),
        "package",
    ),
    "ship": (
        pgettext_lazy("verb", "Ship"),
        gettext_lazy("Send the goods by courier"),
        gettext_lazy("They are sent"),
        "truck-delivery",
    ),
    "arrive": (
        gettext_lazy("Confirm arrival"),
        gettext_lazy("Have all parcels arrived?"),
        gettext_lazy("They have arrived"),
        "check",
    ),
    "price": (
        gettext_lazy("Change the price"),
        gettext_lazy("Change the price"),
        gettext_lazy("Change the price"),
        "cash",
    ),
    "resend": (
        gettext_lazy("Send again"),
        gettext_lazy("Send the codes again?"),
        gettext_lazy("Send again"),
        "mail",
    ),
    "reveal": (
        gettext_lazy("Show codes"),
        gettext_lazy("Show the codes of this order?"),
        gettext_lazy("Show codes"),
        "eye",
    ),
    "note": (
        gettext_lazy("Add a note"),
        gettext_lazy("Add a note"),
        gettext_lazy("Add the note"),
        "note",
    ),
    "cancel": (
        gettext_lazy("Cancel the order"),
        gettext_lazy("Cancel this order?"),
        gettext_lazy("Cancel the order"),
        "ban",
    ),
}


def _act(name: str, number: str) -> Act:
    label, title, verb, icon = WORDS[name]
    target = (
        reverse("console_order_codes", args=[number])
        if name == "reveal"
        else reverse(f"console_order_{name}", args=[number])
    )
    return Act(
        name=name,
        label=label,
        title=title,
        verb=verb,
        icon=icon,
        url=f"{reverse('console_order', args=[number])}?act={name}",
        post_url=target,
        primary=name in {"deliver", "hand_over", "ship", "price"},
        danger=name == "cancel",
    )


def events_of(order: OrderView, entries: list[EventView], desk: Desk) -> list[parts.Event]:
    """Return the timeline, the newest first, as the page shows it to somebody."""
    with_cards = "stock.view" in desk.permissions
    return [
        parts.Event(
            text=_said(order, entry),
            at=entry.at,
            by=actor_of(entry.actor_kind, entry.actor_label),
            place=visible_place(entry.address, entry.actor_kind, desk),
            now=index == 0,
            tone=TONES.get(entry.event, ""),
            url=_card_url(entry) if with_cards else "",
            url_text=_("The code's card"),
        )
        for index, entry in enumerate(reversed(entries))
    ]


def _card_url(entry: EventView) -> str:
    is_one = entry.event is Event.REDEEMED and "card" in entry.detail
    return reverse("console_card", args=[entry.detail["card"]]) if is_one else ""


def actor_of(kind: str, label: str) -> str:
    """Return who did something: the person's label, or the kind of actor."""
    if kind not in ACTORS:
        return label
    word = str(ACTORS[kind])
    # A buyer's and the system's labels say nothing that the order does not.
    is_plain = kind in {"buyer", "system"} or not label
    return word if is_plain else f"{word} · {label}"


def _said(order: OrderView, entry: EventView) -> str:
    text = str(EVENTS.get(entry.event, entry.event.name))
    if entry.event is Event.REVIEWED:
        extra = review_extra(entry.detail)
    elif entry.event in EXCEPTIONS:
        extra = exception_extra(entry.event, entry.detail)
    else:
        extra = _extra(order, entry.event, entry.detail)
    return f"{text}: {extra}" if extra else text


def _extra(order: OrderView, event: Event, detail: Mapping[str, object]) -> str:
    gone = _("taken back") if detail.get("withdrawn") else ""
    words = gone or str(detail.get("text") or detail.get("reason") or "")
    if event is Event.PRICE_CHANGED:
        change = " → ".join(_money(order, detail.get(key)) for key in ("before", "after"))
        return f"{change} · {words}" if words else change
    if event in PARCELS or event in REFUNDS:
        is_money = event in REFUNDS
        what = _money(order, detail.get("amount")) if is_money else _parcel(detail)
        return f"{what} · {words}" if words else what
    if event is Event.SUSPENSE:
        return str(FIT_BY_NUMBER.get(str(detail.get("fit")), ""))
    units, given = detail.get("units"), detail.get("delivered")
    if event is Event.SHORT and isinstance(units, int) and isinstance(given, int):
        return _("%(given)s of %(units)s delivered") % {
            "given": f"{given:,}",
            "units": f"{units:,}",
        }
    if event in {Event.DELIVERED, Event.HANDED_OVER} and isinstance(units, int):
        return ngettext("%(count)s unit", "%(count)s units", units) % {"count": f"{units:,}"}
    return words


def _parcel(detail: Mapping[str, object]) -> str:
    """Return what is said of a parcel: its number, or the old and the new one."""
    change = [_tracking(str(detail[key])) for key in ("before", "after") if key in detail]
    number = str(detail.get("number") or "")
    code = str(detail.get("courier") or "")
    return " → ".join(change) or (_tracking(f"{code} {number}") if code else number)


def _tracking(text: str) -> str:
    """Return a stored "courier number" with the courier's name."""
    code, _, number = text.partition(" ")
    known = COURIERS.get(code)
    return f"{pick(known.name, get_language() or '')} {number}" if known else text


def _money(order: OrderView, minor: object) -> str:
    return str(Money(minor, order.payable.currency)) if isinstance(minor, int) else ""


def hold_reason(reason: str) -> str:
    """Return why an order is on hold, in words."""
    return str(HOLD_REASONS.get(reason, reason.replace("_", " "))) if reason else ""


def provider_word(provider: str) -> str:
    """Return a payment company's name as people say it."""
    return company_name(provider)


def minutes_words(seconds: float) -> int:
    """Return how many whole minutes are left to pay, at least one."""
    return max(1, round(seconds / 60))
