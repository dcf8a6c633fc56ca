"""What people read for values before and after, as the audit log keeps them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.merchants.permissions import HIDEABLE, PERMISSIONS, Reach, Role
from kacang.merchants.queries import AuditRow
from kacang.merchants.settings import SPECS
from kacang.shared.money import Money
from kacang.shared.texts import LANGUAGES, pick
from kacang.web.console.orders.words import provider_word
from kacang.web.console.products.words import KIND_WORDS, STOCK_WORDS, STRATEGY_WORDS
from kacang.web.design.formats import when_full
from kacang.web.design.states import STATES

ABSENT = "—"
# A moment as it is written into the log: with its zone.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# Values in "before" and "after" that are no setting.
VALUES: dict[str, Promise] = {
    "channels": _("Channels"),
    "hidden": _("Stays masked"),
    "as": _("As whom"),
    "may_change": _("May change things"),
    "member": _("Member of staff"),
    "members": _("Members of staff"),
    "store": _("Store"),
    "needs_second_factor": _("Demands a second factor"),
    "permission": _("Permission"),
    "permissions": _("Permissions"),
    "reach": _("Reaches to"),
    "addresses": _("Only from"),
    "amount_minor": _("Amount"),
    "card": _("Card"),
    "cards": _("Cards"),
    "category": _("Category"),
    "cause": _("Why it was refused"),
    "chosen_surcharge_minor": _("Surcharge for the buyer's choice"),
    "cost_minor": _("Purchase price"),
    "count": _("Quantity"),
    "cover": _("Cover"),
    "currency": _("Currency"),
    "expires_at": _("Valid until"),
    "file": _("File"),
    "until": _("Ends"),
    "provider": _("Payment company"),
    "refused": _("Not wanted"),
    "form_fields": _("Questions to the buyer"),
    "hint": _("Key"),
    "job": _("Job"),
    "kind": _("What the buyer gets"),
    "list_price_minor": _("Price struck through"),
    "low_stock_at": _("Warn below"),
    "cover_days": _("Days of cover"),
    "lead_days": _("Days from ordering to arrival"),
    "max_per_buyer": _("At most per buyer"),
    "max_per_order": _("At most per order"),
    "min_per_order": _("At least per order"),
    "name": _("Name"),
    "version": _("Version"),
    "place": _("Place in the list"),
    "number": _("Batch"),
    "number_is_secret": _("The card number is secret too"),
    "on_sale": _("On sale"),
    "part": _("Codes shown"),
    "payable_minor": _("Amount"),
    "entry": _("Entry"),
    "pieces": _("Pieces"),
    "pictures": _("Pictures"),
    "position": _("Place in the shop"),
    "price_minor": _("Price"),
    "reason": _("Reason"),
    "redeems": _("Its cards are redeem codes for"),
    "gift_minor": _("As gift cards, each is worth"),
    "role": _("Role"),
    "found": _("Cards found"),
    "scopes": _("It may"),
    "search": _("Searched by"),
    "state": _("State"),
    "stock_mode": _("Stock"),
    "strategy": _("Which card a sale takes"),
    "subtitle": _("Subtitle"),
    "supplier": _("Supplier"),
    "texts": _("Texts"),
    "title": _("Name"),
    "frozen": _("Frozen cards"),
    "size": _("Paper"),
    "system": _("Other system"),
    "parcel": _("Parcel"),
    "way": _("How it went back"),
    "order": _("Order"),
    "colour": _("Colour"),
    "company": _("Company"),
    "act": _("Done with orders"),
    "fit": _("Orders that fit"),
    "roles": _("Roles"),
    "minutes": _("Minutes"),
    "hours": _("Hours"),
    "warn_minutes": _("Minutes of warning"),
    "from": _("Before it was of"),
    "first": _("First day"),
    "last": _("Last day"),
    "day": _("Day"),
    "rows": _("Rows"),
    "theirs_minor": _("Amount at the company"),
    "ours_minor": _("Amount here"),
    "rank": _("Rank"),
    "states": _("States"),
    "url": _("Address"),
    "events": _("Events"),
    "message": _("Message"),
    "messages": _("Messages"),
    "passed": _("Passed"),
    "milliseconds": _("Milliseconds"),
    "bank_number": _("Number at the bank"),
    "lines": _("Lines"),
    "span": _("Span of sales"),
    "waits": _("Waits for the buyer"),
    "files": _("Files"),
    "level": _("Level"),
    "named": _("Has a name"),
    "of_two": _("First of two approvals"),
    "fee_minor": _("Fee"),
    "ref": _("Reference"),
    "orders": _("Orders"),
    "contacts": _("Addresses"),
    "notes": _("Notes"),
    "consents": _("Consents"),
    "tags": _("Tags"),
    "tag": _("Tag"),
    "deed": _("What was done"),
    "source_name": _("The tag that goes"),
    "author": _("Written by"),
    "written_at": _("Written at"),
}

# Words for values that are codes, by the name of the value.
CODES: dict[str, Mapping[Any, Promise | str]] = {
    "cause": {
        "available": _("it was not sold yet"),
        "reserved": _("it is reserved, and not paid"),
        "activated": _("it is activated"),
        "redeemed": _("it was redeemed before"),
        "expired": _("it has expired"),
        "void": _("it is void"),
        "faulty": _("it is marked as faulty"),
        "frozen": _("it is frozen"),
        "changed": _("it changed at the same moment"),
        "not_a_redeem_code": _("it is a card of a product without redeem codes"),
    },
    "deed": {"put": _("Put it on"), "take": _("Take it off"), "merge": _("Merge")},
    "kind": KIND_WORDS,
    "hidden": HIDEABLE,
    "permission": PERMISSIONS,
    "permissions": PERMISSIONS,
    "reach": dict(Reach.choices),
    "role": dict(Role.choices),
    "search": {
        "code": _("Exact code"),
        "code_or_end": _("Code, or last four of the number"),
        "end": _("Last four of the number"),
    },
    "state": {"on_sale": _("On sale"), "off_sale": _("Off sale"), "archived": _("Archived")},
    "stock_mode": STOCK_WORDS,
    "strategy": STRATEGY_WORDS,
    "texts": {"changed": _("Changed")},
}


def value_name(name: str) -> str:
    """Return what people call a value: a setting's label, or the name in the log."""
    if name in SPECS:
        return str(SPECS[name].label)
    return str(VALUES.get(name, name))


def value_word(name: str, value: Any, currency: str, of: str = "") -> str:
    """Return what people read for a value of the log; "" when it is empty.

    Args:
        name: The name of the value in the log.
        value: What the log keeps.
        currency: The currency of amounts.
        of: The kind of the object that has it: its states have words of their own.
    """
    if isinstance(value, (str, int)) and (word := _code_word(name, value, of)):
        return word
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, int) and name.endswith("_minor"):
        return str(Money(value, currency))
    if isinstance(value, list):
        return ", ".join(value_word(name, one, currency) for one in value)
    if isinstance(value, dict):
        return _of_object(value)
    return "" if value is None else _of_text(str(value))


def _code_word(name: str, value: str | int, of: str) -> str:
    """The word for a value that is a code; "" when it is none."""
    if name == "state" and value in STATES.get(of, {}):
        return str(STATES[of][str(value)].word)
    if name == "provider":
        return provider_word(str(value))
    return str(CODES.get(name, {}).get(value, ""))


def _of_text(value: str) -> str:
    """A moment in the reader's time zone; anything else as it is."""
    return when_full(datetime.fromisoformat(value)) if MOMENT.fullmatch(value) else value


def _of_object(value: dict[str, Any]) -> str:
    """Texts in the reader's language; of a question to the buyer its key."""
    if set(value) <= set(LANGUAGES):
        return pick(value, get_language() or "")
    return str(value["key"]) if "key" in value else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after, as people read it."""

    name: str
    before: str
    after: str


def changes_of(row: AuditRow, currency: str) -> list[Change]:
    """Return what an entry changed, value by value, as people read it."""
    before = row.before if isinstance(row.before, dict) else {}
    after = row.after if isinstance(row.after, dict) else {}
    # Amounts of an order are in the order's own currency, which then is in the log beside them.
    own = after.get("currency", currency)
    found = [
        Change(
            value_name(name),
            value_word(name, before.get(name), own, row.object_kind) or ABSENT,
            value_word(name, after.get(name), own, row.object_kind) or ABSENT,
        )
        for name in dict.fromkeys([*before, *after])
    ]
    # What was not set, and is not set now, tells nobody anything.
    return [one for one in found if (one.before, one.after) != (ABSENT, ABSENT)]
