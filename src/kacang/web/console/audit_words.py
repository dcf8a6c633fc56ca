"""What people read for the actions of the audit log."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.merchants.permissions import Role
from kacang.merchants.settings import SPECS

ACTIONS: dict[str, Promise] = {
    "account.change_password": _("Changed own password"),
    "account.end_other_sessions": _("Signed out everywhere else"),
    "account.end_session": _("Signed out another device"),
    "account.locked_out": _("Sign-in closed after wrong passwords"),
    "account.new_recovery_codes": _("Made new recovery codes"),
    "account.second_factor_failed": _("Wrong second factor"),
    "account.second_factor_off": _("Switched second factor off"),
    "account.second_factor_on": _("Switched second factor on"),
    "account.sign_in": _("Signed in"),
    "account.sign_out": _("Signed out"),
    "batches.undo": _("Undid a batch of cards"),
    "batches.void": _("Voided a batch of cards"),
    "cards.faulty": _("Marked cards as faulty"),
    "cards.generate": _("Generated cards"),
    "cards.import": _("Imported cards"),
    "cards.available": _("Put faulty cards back on sale"),
    "cards.reveal": _("Looked at cards in stock"),
    "cards.stocked": _("Cards came into stock"),
    "cards.void": _("Voided cards"),
    "categories.create": _("Added a category"),
    "categories.delete": _("Deleted a category"),
    "categories.update": _("Changed a category"),
    "host.add": _("Added a host name"),
    "host.remove": _("Removed a host name"),
    "keys.create": _("Created an API key"),
    "keys.revoke": _("Revoked an API key"),
    "merchant.change_currency": _("Changed the currency"),
    "orders.cancel": _("Cancelled an order"),
    "orders.change_price": _("Changed an order's price"),
    "orders.note": _("Wrote a note on an order"),
    "orders.replenish": _("Delivered what an order waited for"),
    "orders.resend": _("Sent an order's mail again"),
    "orders.show_contact": _("Looked at a buyer's contact"),
    "payments.create_account": _("Added a payment account"),
    "payments.disable_account": _("Disabled a payment account"),
    "payments.enable_account": _("Enabled a payment account"),
    "payments.end_rotation": _("Ended the old secret of a payment account"),
    "payments.resolve_receipt": _("Dealt with money in suspense"),
    "payments.reveal_secrets": _("Looked at a payment account's secrets"),
    "payments.set_secret": _("Changed a payment account's secret"),
    "pictures.add": _("Added a picture"),
    "pictures.order": _("Moved a picture"),
    "pictures.remove": _("Removed a picture"),
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
    "staff.add": _("Added staff"),
    "staff.change_role": _("Changed a role"),
    "staff.disable": _("Disabled staff"),
    "staff.enable": _("Enabled staff"),
    "staff.renew_sign_in": _("Gave a new password"),
    "twin.open": _("Opened the trial shop"),
    "twin.wipe": _("Wiped the trial shop"),
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
    "addresses": _("Only from"),
    "currency": _("Currency"),
    "expires_at": _("Valid until"),
    "hint": _("Key"),
    "reason": _("Reason"),
    "role": _("Role"),
    "scopes": _("It may"),
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


def value_word(name: str, value: str) -> str:
    """Return what people read for a value that is a code."""
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    return value


def action_word(action: str) -> str:
    """Return what people read for an action; its code where there is no word yet."""
    return str(ACTIONS.get(action, action))
