"""How an exception is said at the desk, and what to do next about it (O6)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kacang.logistics.queries import RecipientView
from kacang.merchants.permissions import Role
from kacang.orders.exceptions.change_types import CANCEL, FORM, RECIPIENT
from kacang.orders.exceptions.queries import LOOK_AFTERWARDS, ChangeView, ExceptionRow, Kind
from kacang.orders.types import Event
from kacang.web.design.formats import mask_email, mask_phone

KINDS: dict[Kind, Promise] = {
    Kind.PAYMENT: _("Not paid"),
    Kind.STOCK: _("Out of stock"),
    Kind.ADDRESS: _("Change of the order"),
    Kind.SUPPLIER: _("Delivery failed"),
    Kind.RISK: _("Risk review"),
    Kind.REFUND: _("Refund"),
}
REASONS: dict[str, Promise] = {
    "unpaid": _("The buyer has not paid, and was reminded"),
    "failed": _("The payment failed"),
    "out_of_stock": _("Paid, and nothing is in stock"),
    "late_payment": _("Paid after it was closed; nothing is in stock"),
    "refund_failed": _("Not refunded after all; to be delivered again"),
    "risk_review": _("Held until somebody has looked at it"),
    "look_afterwards": _("Delivered by a rule, to be looked at"),
    "supplier_failed": _("The supplier did not deliver"),
    "mail_failed": _("The e-mail with the codes came back"),
    "reported": _("Reported by staff"),
    "asked": _("A change waits for approval"),
    "requested": _("A refund waits for approval"),
    "to_pay": _("A refund is to be paid by hand"),
    "told": _("Refunded at the company's website; to be matched"),
}
# The same word for another thing.
REFUND_FAILED = _("The company did not refund it")
ENDINGS: dict[str, Promise] = {
    "delivered": _("Delivered"),
    "ready": _("Goes on: to be handed over"),
    "cancelled": _("Cancelled"),
    "expired": _("Not paid in time"),
    "refunded": _("Refunded"),
    "on_hold": _("Waits for something else"),
    "settled": _("The refund is decided"),
    "decided": _("The change is decided"),
    "sent_again": _("Sent again"),
    "resolved": _("Resolved by staff"),
    "looked_at": _("Looked at"),
}
DECISIONS: dict[str, Promise] = {"approved": _("Approved"), "refused": _("Not approved")}
FIELDS: dict[str, Promise] = {
    "email": _("E-mail"),
    "phone": _("Phone"),
    RECIPIENT: _("Recipient"),
    CANCEL: _("Cancel the order, money back"),
}


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next: in words, and the button that leads there; "" where there is none."""

    line: Promise
    label: Promise | str = ""
    url: str = ""


def reason_word(row: ExceptionRow) -> Promise | str:
    """Return why an order is held up."""
    if row.kind is Kind.REFUND and row.reason == "failed":
        return REFUND_FAILED
    return REASONS.get(row.reason, row.reason.replace("_", " "))


def next_of(row: ExceptionRow, permissions: Collection[str]) -> Next:
    """Return what a person does next about an exception that is open."""
    order = reverse("console_order", args=[row.number])
    refunds = f"{reverse('console_refunds')}?{urlencode({'q': row.subject})}"
    button: tuple[str, Promise, str] | None = None
    if row.kind is Kind.REFUND:
        line, button = _REFUND_LINES[row.reason], ("refunds.view", _("Go to the refund"), refunds)
    elif row.kind is Kind.SUPPLIER and row.reason == "mail_failed":
        line, button = MAIL_LINE, ("orders.deliver", _("Send again"), f"{order}?act=resend")
    else:
        line = LINES[row.kind]
    if row.kind is Kind.STOCK:
        stock = reverse("console_stock_sku", args=[row.sku_uid])
        button = ("stock.view", _("Put stock in"), stock)
    if row.kind is Kind.RISK:
        button = ("orders.review", _("Look and decide"), f"{order}#review")
        if row.reason == LOOK_AFTERWARDS:
            line = AFTERWARDS_LINE
    if button is None or button[0] not in permissions:
        return Next(line)
    return Next(line, *button[1:])


LINES: dict[Kind, Promise] = {
    Kind.PAYMENT: _("The buyer has the link to pay. It is closed by itself when time is over."),
    Kind.STOCK: _("Put stock in: the order goes on by itself. Or give the money back."),
    Kind.ADDRESS: _("Compare before and after, then approve or refuse."),
    Kind.SUPPLIER: _("Clear it up with whoever delivers, then say here how it ended."),
    Kind.RISK: _("Look at the buyer and the order: let it go on, or give the money back."),
}
AFTERWARDS_LINE = _("Look at the buyer and the order: it is fine, or its money goes back.")
MAIL_LINE = _("Send it again, after the address is changed where it was wrong.")
_REFUND_LINES: dict[str, Promise] = {
    "requested": _("Approve the refund, or reject it with a reason."),
    "to_pay": _("Pay it by hand, then note how it was paid."),
    "failed": _("Have the company try again, pay by hand, or give the refund up."),
    "told": _("Match it with the order, or find out who refunded it."),
}


def changed_of(
    change: ChangeView,
    labels: Mapping[str, str],
    whom: RecipientView | None = None,
    *,
    hidden: Collection[str] = (),
) -> list[tuple[str, str, str]]:
    """Return what a request changes: the field, what it was, what it is to be.

    What was is masked; what is to be must be read by whoever approves it: `hidden` says what of
    "email" and "phone" is masked there too. `whom`: what may be
    seen without a reason of whom it is to go to; the whole of it is opened with one.
    """
    found = []
    for name, (before, after) in sorted(change.changes.items()):
        if name == CANCEL:
            continue
        label = labels.get(name.removeprefix(FORM), name) if name.startswith(FORM) else FIELDS[name]
        mask = {"email": mask_email, "phone": mask_phone}.get(name, str)
        shown = mask(after) if name in hidden else after
        found.append((str(label), mask(before) if before else "—", shown or "—"))
    if change.has_recipient:
        shown = f"{whom.name} {whom.phone} {whom.region} {whom.address}" if whom else "•••"
        found.append((str(FIELDS[RECIPIENT]), "•••", shown))
    return found


def exception_extra(event: Event, detail: Mapping[str, object]) -> str:
    """Return what an order's timeline says of an exception or a change besides the event."""
    if event in (Event.CHANGE_ASKED, Event.CHANGE_DECIDED):
        named = detail.get("fields")
        fields = [
            str(FIELDS.get(name, name.removeprefix(FORM)))
            for name in (named if isinstance(named, list) else ())
        ]
        decision = DECISIONS.get(str(detail.get("decision")), "")
        return _joined(str(decision), ", ".join(fields), str(detail.get("text") or ""))
    kind = detail.get("kind")
    word = str(KINDS[Kind(kind)]) if isinstance(kind, int) else ""
    whom = str(detail.get("to") or "")
    if event is Event.EXCEPTION_CLOSED:
        whom = str(ENDINGS.get(str(detail.get("ending")), ""))
    if event is Event.EXCEPTION_ESCALATED:
        role = dict(Role.choices).get(whom, "")
        whom = gettext("level %(level)s") % {"level": detail.get("level", "")}
        whom = _joined(whom, str(role))
    return _joined(word, whom, str(detail.get("text") or ""))


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
