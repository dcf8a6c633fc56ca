"""What people read for the actions of the audit log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.merchants.permissions import HIDEABLE, PERMISSIONS, Reach, Role
from kacang.merchants.queries import AuditRow
from kacang.merchants.settings import SPECS
from kacang.shared.money import Money
from kacang.shared.texts import LANGUAGES, pick
from kacang.web.console.products.forms import KIND_WORDS, STOCK_WORDS, STRATEGY_WORDS

ABSENT = "—"
ACTIONS: dict[str, Promise] = {
    "audit.export": _("Exported the audit log"),
    "audit.verify": _("Had the logs compared with their seals"),
    "secrets.rotate": _("Began to change the key of card secrets"),
    "secrets.rotated": _("The key of card secrets was changed"),
    "messages.switch": _("Switched a message on or off"),
    "messages.wording": _("Changed the words of a message"),
    "messages.wording_reset": _("Put the words of a message back"),
    "webhooks.create": _("Added a webhook"),
    "webhooks.change": _("Changed a webhook"),
    "webhooks.switch_on": _("Switched a webhook on"),
    "webhooks.switch_off": _("Switched a webhook off"),
    "webhooks.new_secret": _("Gave a webhook a new secret"),
    "webhooks.remove": _("Removed a webhook"),
    "webhooks.replay": _("Had messages of a webhook sent again"),
    "account.change_password": _("Changed own password"),
    "account.end_other_sessions": _("Signed out everywhere else"),
    "account.end_session": _("Signed out another device"),
    "account.locked_out": _("Sign-in closed after wrong passwords"),
    "account.new_place": _("Signed in from a new device or place"),
    "account.not_me": _("Said that a sign-in was not theirs; all sessions ended"),
    "account.new_recovery_codes": _("Made new recovery codes"),
    "account.second_factor_failed": _("Wrong second factor"),
    "account.second_factor_off": _("Switched second factor off"),
    "account.second_factor_on": _("Switched second factor on"),
    "account.sign_in": _("Signed in"),
    "account.sign_out": _("Signed out"),
    "batches.extended": _("Gave cards of a batch more time"),
    "batches.moved": _("Moved cards of a batch to another product"),
    "batches.pooled": _("Moved cards of a batch to another pool"),
    "batches.split": _("Split cards off a batch"),
    "batches.undone": _("Took a change of a batch's cards back"),
    "batches.undo": _("Undid a batch of cards"),
    "batches.void": _("Voided a batch of cards"),
    "batches.available": _("Put cards of a batch back on sale"),
    "batches.faulty": _("Marked cards of a batch as faulty"),
    "batches.frozen": _("Froze cards of a batch"),
    "cards.bulk_extend": _("Began to give cards more time"),
    "cards.bulk_merge": _("Began to merge batches"),
    "cards.bulk_pool": _("Began to move cards to another pool"),
    "cards.bulk_sku": _("Began to move cards to another product"),
    "cards.bulk_split": _("Began to split a batch"),
    "cards.bulk_undo": _("Began to take a change of cards back"),
    "cards.extended": _("Gave cards more time"),
    "cards.merged": _("Merged batches"),
    "cards.moved": _("Moved cards to another product"),
    "cards.pooled": _("Moved cards to another pool"),
    "cards.split": _("Split cards off a batch"),
    "cards.undone": _("Took a change of cards back"),
    "tags.make": _("Added a tag of orders"),
    "tags.change": _("Changed a tag of orders"),
    "tags.delete": _("Deleted a tag of orders"),
    "views.share": _("Shared a view of orders"),
    "views.unshare": _("Made a view of orders private"),
    "views.delete": _("Deleted a shared view of orders"),
    "pools.create": _("Added a pool"),
    "pools.rename": _("Renamed a pool"),
    "pools.delete": _("Deleted a pool"),
    "cards.bulk_faulty": _("Began to mark cards as faulty"),
    "cards.bulk_freeze": _("Began to freeze cards"),
    "cards.bulk_restore": _("Began to put faulty cards back"),
    "cards.bulk_unfreeze": _("Began to put frozen cards back"),
    "cards.bulk_void": _("Began to void cards"),
    "cards.frozen": _("Froze cards"),
    "cards.export": _("Began to export card secrets"),
    "cards.export_fetch": _("Downloaded exported card secrets"),
    "cards.export_refused": _("Was refused an export of card secrets"),
    "cards.faulty": _("Marked cards as faulty"),
    "cards.redeem_refused": _("Refused a redeem code"),
    "cards.search": _("Searched for a card"),
    "cards.generate": _("Generated cards"),
    "cards.import": _("Imported cards"),
    "cards.available": _("Put cards back on sale"),
    "cases.answered": _("Answered a case"),
    "cases.contact_shown": _("Looked at the contact of a case's buyer"),
    "cases.decided": _("Decided a case"),
    "cases.delete_reply": _("Deleted a quick reply"),
    "cases.save_reply": _("Saved a quick reply"),
    "cases.taken": _("Took a case"),
    "orders.hand_over_again": _("Sent goods of an order once more"),
    "reviews.answer": _("Answered a review"),
    "reviews.hide": _("Hid a review"),
    "reviews.publish": _("Published a review"),
    "ledger.export": _("Exported the books"),
    "deadlines.set_rule": _("Set a rule for deadlines"),
    "deadlines.drop_rule": _("Took back a rule for deadlines"),
    "deadlines.set_week": _("Changed the working hours"),
    "deadlines.set_day": _("Set a holiday or working day"),
    "deadlines.forget_day": _("Took away a holiday or working day"),
    "exceptions.assign": _("Handed on an exception of an order"),
    "exceptions.escalation": _("Changed who is told of late exceptions"),
    "exceptions.report": _("Reported a failed delivery"),
    "exceptions.resolve": _("Resolved an exception of an order"),
    "orders.ask_change": _("Asked for a change of an order"),
    "orders.approve_change": _("Approved a change of an order"),
    "orders.refuse_change": _("Refused a change of an order"),
    "orders.hand_over": _("Handed over the goods of an order"),
    "orders.batch": _("Did one thing with many orders"),
    "orders.export": _("Had orders exported"),
    "orders.export_fetched": _("Fetched an export of orders"),
    "orders.print_slips": _("Had packing slips printed"),
    "orders.ship": _("Sent the goods of an order"),
    "orders.confirm_arrival": _("Said that an order's parcels have arrived"),
    "orders.change_tracking": _("Corrected a tracking number"),
    "orders.void_shipment": _("Called a parcel back"),
    "orders.set_recipient": _("Wrote whom an order goes to"),
    "orders.show_recipient": _("Looked at whom an order goes to"),
    "orders.move": _("Moved a shop here from another system"),
    "orders.move_check": _("Had another system's file looked at"),
    "cards.reveal": _("Looked at cards in stock"),
    "cards.stocked": _("Cards came into stock"),
    "reconciliation.close_day": _("Closed a day of a bill"),
    "reconciliation.explain": _("Resolved a difference of a bill"),
    "reconciliation.reopen": _("Opened a difference of a bill again"),
    "reconciliation.take_in": _("Took in a payment from a bill"),
    "stock.purchase_list": _("Took the purchase list as a file"),
    "cards.void": _("Voided cards"),
    "categories.create": _("Added a category"),
    "categories.delete": _("Deleted a category"),
    "categories.update": _("Changed a category"),
    "goods.adjust": _("Corrected how many goods there are"),
    "goods.arrive": _("Goods arrived in a warehouse"),
    "goods.receive": _("Took goods in"),
    "goods.send": _("Sent goods to another warehouse"),
    "host.add": _("Added a host name"),
    "host.remove": _("Removed a host name"),
    "keys.create": _("Created an API key"),
    "keys.revoke": _("Revoked an API key"),
    "merchant.change_currency": _("Changed the currency"),
    "orders.cancel": _("Cancelled an order"),
    "orders.change_price": _("Changed an order's price"),
    "orders.note": _("Wrote a note on an order"),
    "orders.replace_card": _("Replaced a faulty card"),
    "orders.replace_cards": _("Began to replace faulty cards of buyers"),
    "orders.replenish": _("Delivered what an order waited for"),
    "orders.resend": _("Sent an order's mail again"),
    "orders.show_contact": _("Looked at a buyer's contact"),
    "customers.show_contact": _("Looked at a customer's addresses"),
    "customers.change": _("Changed a customer's name or level"),
    "customers.note": _("Wrote a note about a customer"),
    "customers.add_contact": _("Added an address to a customer"),
    "customers.merge": _("Merged two customers"),
    "customers.forget": _("Forgot a customer"),
    "customers.level": _("Saved a level of customers"),
    "customers.drop_level": _("Removed a level of customers"),
    "wallets.approve_withdrawal": _("Approved a withdrawal"),
    "wallets.ask_withdrawal": _("Asked for a withdrawal"),
    "wallets.block": _("Blocked a wallet"),
    "wallets.cancel_withdrawal": _("Took a withdrawal back"),
    "wallets.deposit": _("Deposited into a wallet"),
    "wallets.freeze": _("Froze a sum of a wallet"),
    "wallets.pay_withdrawal": _("Noted a withdrawal as paid"),
    "wallets.refuse_withdrawal": _("Refused a withdrawal"),
    "wallets.return_withdrawal": _("Gave a withdrawal back to its wallet"),
    "wallets.reveal_destination": _("Looked at where a withdrawal goes"),
    "wallets.unblock": _("Let a wallet pay again"),
    "wallets.unfreeze": _("Let a frozen sum of a wallet be spent"),
    "payments.change_account": _("Changed a payment account"),
    "payments.confirm_transfer": _("Confirmed a bank transfer"),
    "payments.create_account": _("Added a payment account"),
    "payments.disable_account": _("Disabled a payment account"),
    "payments.enable_account": _("Enabled a payment account"),
    "payments.probe_account": _("Tried a payment account out"),
    "payments.end_rotation": _("Ended the old secret of a payment account"),
    "payments.reject_proof": _("Rejected a proof of a bank transfer"),
    "payments.resolve_receipt": _("Dealt with money in suspense"),
    "payments.reveal_secrets": _("Looked at a payment account's secrets"),
    "payments.set_secret": _("Changed a payment account's secret"),
    "pictures.add": _("Added a picture"),
    "pictures.order": _("Moved a picture"),
    "pictures.remove": _("Removed a picture"),
    "refunds.approve": _("Approved a refund"),
    "refunds.by_hand": _("Paid a refund by hand"),
    "refunds.drop": _("Gave a refund up"),
    "refunds.reject": _("Rejected a refund"),
    "refunds.request": _("Asked for a refund"),
    "products.create": _("Added a product"),
    "products.state": _("Put a product on or off sale"),
    "products.update": _("Changed a product"),
    "risk.block": _("Put somebody on the blacklist"),
    "risk.unblock": _("Took somebody off the blacklist"),
    "secrets.reveal": _("Looked at card secrets"),
    "settings.change": _("Changed settings"),
    "skus.create": _("Added a variant"),
    "skus.on_sale": _("Put a variant on or off sale"),
    "skus.update": _("Changed a variant"),
    "orders.assign": _("Gave an order to a member of staff"),
    "visits.start": _("Began to look as somebody else"),
    "visits.end": _("Ended looking as somebody else"),
    "roles.archive": _("Put a role away"),
    "roles.create": _("Made a role"),
    "roles.edit": _("Changed what a role may do"),
    "staff.end_grant": _("Ended what somebody had for a while"),
    "staff.end_sessions": _("Ended somebody's sessions"),
    "staff.grant": _("Gave somebody something for a while"),
    "staff.add": _("Added staff"),
    "staff.change_role": _("Changed a role"),
    "staff.disable": _("Disabled staff"),
    "staff.enable": _("Enabled staff"),
    "staff.renew_sign_in": _("Gave a new password"),
    "twin.open": _("Opened the trial shop"),
    "twin.wipe": _("Wiped the trial shop"),
    "warehouses.create": _("Added a warehouse"),
    "warehouses.rename": _("Renamed a warehouse"),
}

ACTORS: dict[str, Promise] = {
    "user": _("Staff"),
    "key": _("API key"),
    "buyer": _("Buyer"),
    "system": _("System"),
    "command": _("Command line"),
}

# Values in "before" and "after" that are no setting.
VALUES: dict[str, Promise] = {
    "channels": _("Channels"),
    "hidden": _("Stays masked"),
    "as": _("As whom"),
    "may_change": _("May change things"),
    "member": _("Member of staff"),
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

FAULTS: dict[str, Promise] = {
    "rows_changed": _("an entry was changed"),
    "rows_missing": _("an entry was removed"),
    "rows_added": _("an entry was put in"),
    "chain": _("a seal was removed or replaced"),
}

LOGS: dict[str, Promise] = {"audit": _("Audit log"), "timeline": _("Timeline of orders")}


def value_name(name: str) -> str:
    """Return what people call a value: a setting's label, or the name in the log."""
    if name in SPECS:
        return str(SPECS[name].label)
    return str(VALUES.get(name, name))


def value_word(name: str, value: Any, currency: str) -> str:
    """Return what people read for a value of the log; "" when it is empty."""
    words = CODES.get(name, {})
    if isinstance(value, (str, int)) and value in words:
        return str(words[value])
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, int) and name.endswith("_minor"):
        return str(Money(value, currency))
    if isinstance(value, list):
        return ", ".join(value_word(name, one, currency) for one in value)
    if isinstance(value, dict):
        return _of_object(value)
    return "" if value is None else str(value)


def _of_object(value: dict[str, Any]) -> str:
    """Texts in the reader's language; of a question to the buyer its key."""
    if set(value) <= set(LANGUAGES):
        return pick(value, get_language() or "")
    return str(value["key"]) if "key" in value else json.dumps(value, ensure_ascii=False)


def action_word(action: str) -> str:
    """Return what people read for an action; its code where there is no word yet."""
    return str(ACTIONS.get(action, action))


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
            value_word(name, before.get(name), own) or ABSENT,
            value_word(name, after.get(name), own) or ABSENT,
        )
        for name in dict.fromkeys([*before, *after])
    ]
    # What was not set, and is not set now, tells nobody anything.
    return [one for one in found if (one.before, one.after) != (ABSENT, ABSENT)]
