"""What people and keys may do: one name per action, and the roles that gather them (I1)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

PERMISSIONS = {
    "dashboard.view": _("See today's figures"),
    "orders.view": _("See orders"),
    "orders.note": _("Write notes on orders"),
    "orders.arrange": _("Share views of orders, change the list of tags"),
    "orders.cancel": _("Cancel unpaid orders"),
    "orders.change_price": _("Change the price of unpaid orders"),
    "orders.deliver": _("Confirm delivery, resend codes"),
    "orders.replace": _("Replace faulty cards of buyers"),
    "orders.hand_over": _("Hand goods over"),
    "orders.ship": _("Send goods, correct tracking numbers"),
    "orders.export": _("Export orders"),
    "orders.export_contacts": _("Export buyers' whole contacts"),
    "orders.recipients": _("See whom goods are sent to, print packing slips"),
    "orders.exceptions": _("Look after exceptions, hand them on, ask for changes of orders"),
    "orders.approve_changes": _("Approve changes of a buyer's contact and answers"),
    "orders.review": _("Approve and reject orders that a rule stopped"),
    "orders.rules": _("Change the rules that look at paid orders"),
    "orders.assign": _("Give orders to members of staff and to stores"),
    "contacts.reveal": _("Look at buyers' phones and e-mail addresses in full"),
    "products.view": _("See products"),
    "products.edit": _("Change products and prices"),
    "works.view": _("See long jobs"),
    "stock.view": _("See stock"),
    "stock.import": _("Import card secrets"),
    "stock.generate": _("Generate card secrets"),
    "stock.change": _("Undo batches, freeze and void cards"),
    "goods.move": _("Take goods in, send them to other warehouses"),
    "goods.adjust": _("Correct how many goods there are, name warehouses"),
    "secrets.reveal": _("Look at card secrets"),
    "secrets.export": _("Export card secrets"),
    "secrets.rotate": _("Change the key of card secrets"),
    "payments.view": _("See payments"),
    "refunds.view": _("See refunds"),
    "refunds.request": _("Ask for refunds"),
    "refunds.approve": _("Approve refunds, pay them by hand"),
    "cases.view": _("See after-sales cases"),
    "cases.answer": _("Answer and take after-sales cases"),
    "cases.decide": _("Decide after-sales cases"),
    "cases.replies": _("Change quick replies"),
    "reviews.view": _("See reviews of products"),
    "reviews.edit": _("Publish, hide and answer reviews"),
    "payments.edit": _("Change payment accounts"),
    "reconciliation.view": _("See bills and differences"),
    "reconciliation.edit": _("Read bills, resolve differences"),
    "reconciliation.close": _("Close days of bills"),
    "payments.confirm": _("Confirm bank transfers"),
    "wallets.view": _("See wallets"),
    "wallets.edit": _("Deposit into wallets, freeze and block them"),
    "customers.view": _("See customers"),
    "customers.edit": _("Name, tag, merge and forget customers"),
    "customers.export": _("Export customers"),
    "wallets.pay_out": _("Approve and pay withdrawals, see where they go"),
    "ledger.view": _("See the ledger"),
    "ledger.export": _("Export the ledger"),
    "messages.view": _("See sent messages"),
    "messages.edit": _("Change the words of messages, and what is sent"),
    "risk.edit": _("Change risk limits and the blacklist"),
    "staff.view": _("See staff"),
    "staff.edit": _("Invite staff, change roles, end sessions"),
    "stores.view": _("See stores"),
    "stores.edit": _("Open, change and close stores, say who works in them"),
    "staff.visit": _("Look at the console as another member of staff"),
    "visits.view": _("See the operator's visits and requests"),
    "visits.decide": _("Allow, refuse and end the operator's visits"),
    "settings.view": _("See settings"),
    "settings.edit": _("Change settings"),
    "shop.move": _("Move a shop here from another system"),
    "keys.view": _("See API keys"),
    "keys.edit": _("Create and revoke API keys"),
    "webhooks.view": _("See webhooks"),
    "webhooks.edit": _("Change webhooks"),
    "audit.view": _("See the audit log"),
    "audit.export": _("Export the audit log"),
}

# What the permissions are about, by the part before the dot, in the order of the matrix.
AREAS = {
    "dashboard": (_("Overview"), _("Today's figures and what waits.")),
    "orders": (_("Orders"), _("Seeing orders, and each act on them by itself.")),
    "customers": (_("Customers"), _("Who bought, gathered with their consent.")),
    "contacts": (_("Buyers"), _("Phones and addresses are masked without it; looking is logged.")),
    "products": (_("Products"), _("What is sold, and for how much.")),
    "stock": (_("Card stock"), _("Codes by number and state; never the codes themselves.")),
    "secrets": (_("Codes"), _("The codes themselves. Each look is logged with its reason.")),
    "goods": (_("Stock of goods"), _("Real pieces in warehouses.")),
    "payments": (_("Payments"), _("Money that comes in, and the accounts it comes to.")),
    "cases": (_("After-sales"), _("Buyers' complaints, and what comes of them.")),
    "reviews": (_("Reviews"), _("What buyers say of what they got.")),
    "refunds": (_("Refunds"), _("Money that goes back: asking for it and approving it are two.")),
    "reconciliation": (_("Reconciliation"), _("The companies' bills against our books.")),
    "wallets": (_("Wallets"), _("Balances of customers and resellers.")),
    "ledger": (_("Ledger"), _("Every movement of money.")),
    "messages": (_("Messages"), _("What was sent to whom.")),
    "risk": (_("Risk"), _("Limits and the blacklist.")),
    "works": (_("Task centre"), _("Long jobs, their progress and files.")),
    "staff": (_("Staff"), _("Who works here. Nobody can give what they do not have.")),
    "stores": (_("Stores"), _("Where you sell over the counter, and who works there.")),
    "visits": (_("Visits by the operator"), _("Who runs this installation looked into the shop.")),
    "keys": (_("API keys"), _("Ways in for other systems.")),
    "webhooks": (_("Webhooks"), _("Telling other systems what happens.")),
    "settings": (_("Settings"), _("How the shop works.")),
    "shop": (_("Moving in"), _("Bringing another system's data here.")),
    "audit": (_("Audit log"), _("Who did what, when and from where.")),
}
OTHER_AREA = (_("More"), "")

# Scopes of API keys, as `Authorization: Bearer` callers know them (J1).
SCOPES = {
    "products:read": _("Read products and stock"),
    "orders:read": _("Read orders"),
    "orders:write": _("Place and cancel orders"),
    "refunds:write": _("Ask for refunds"),
    "cases:read": _("Read after-sales cases"),
    "cases:write": _("Open after-sales cases and write in them"),
    "cases:decide": _("Decide after-sales cases"),
    "customers:read": _("Read customers, with their addresses"),
    "customers:write": _("Note, tag, change and forget customers"),
    "secrets:read": _("Read delivered card secrets"),
    "redemptions:write": _("Redeem codes for holders"),
    "cards:read": _("Read batches and cards, never their codes"),
    "cards:write": _("Import, generate and change card secrets"),
    "jobs:read": _("Read the progress of jobs"),
    "wallets:read": _("Read wallets and what moved in them"),
    "wallets:write": _("Open wallets, place deposits, freeze sums"),
    "wallets:pay": _("Pay orders from their buyers' wallets"),
    "webhooks:read": _("Read webhooks"),
    "webhooks:write": _("Add and remove webhooks"),
}


class Role(TextChoices):
    """The eight roles that every merchant has."""

    OWNER = "owner", _("Owner")
    STOCK_KEEPER = "stock_keeper", _("Stock keeper")
    ORDER_OPERATOR = "order_operator", _("Order operator")
    SALES = "sales", _("Sales")
    CUSTOMER_SERVICE = "customer_service", _("Customer service")
    WAREHOUSE = "warehouse", _("Warehouse")
    FINANCE = "finance", _("Finance")
    CLERK = "clerk", _("Store clerk")


ROLE_PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: frozenset(PERMISSIONS),
    Role.STOCK_KEEPER: frozenset(
        {
            "dashboard.view",
            "products.view",
            "works.view",
            "stock.view",
            "stock.import",
            "stock.generate",
            "stock.change",
            "goods.move",
            "goods.adjust",
        }
    ),
    Role.ORDER_OPERATOR: frozenset(
        {
            "customers.view",
            "dashboard.view",
            "orders.view",
            "orders.note",
            "orders.arrange",
            "orders.cancel",
            "orders.change_price",
            "orders.deliver",
            "orders.replace",
            "orders.hand_over",
            "orders.ship",
            "orders.recipients",
            "orders.exceptions",
            "orders.approve_changes",
            "orders.review",
            "orders.export",
            "refunds.view",
            "refunds.request",
            "cases.view",
            "cases.answer",
            "cases.decide",
            "products.view",
            "works.view",
            "stock.view",
            "messages.view",
            "orders.assign",
            "contacts.reveal",
            "stores.view",
        }
    ),
    Role.SALES: frozenset(
        {"customers.view", "dashboard.view", "orders.view", "orders.note", "products.view"}
    ),
    Role.CUSTOMER_SERVICE: frozenset(
        {
            "customers.view",
            "customers.edit",
            "orders.view",
            "orders.note",
            "orders.deliver",
            "orders.replace",
            "orders.exceptions",
            "refunds.view",
            "refunds.request",
            "cases.view",
            "cases.answer",
            "cases.decide",
            "cases.replies",
            "reviews.view",
            "reviews.edit",
            "secrets.reveal",
            "messages.view",
            "products.view",
            "contacts.reveal",
        }
    ),
    Role.WAREHOUSE: frozenset(
        {
            "orders.view",
            "orders.note",
            "products.view",
            "works.view",
            "stock.view",
            "goods.move",
            "orders.hand_over",
            "orders.ship",
            "orders.recipients",
            "contacts.reveal",
        }
    ),
    Role.FINANCE: frozenset(
        {
            "dashboard.view",
            "orders.view",
            "orders.export",
            "works.view",
            "payments.view",
            "refunds.view",
            "refunds.request",
            "refunds.approve",
            "cases.view",
            "reconciliation.view",
            "reconciliation.edit",
            "reconciliation.close",
            "payments.confirm",
            "wallets.view",
            "wallets.edit",
            "wallets.pay_out",
            "ledger.view",
            "ledger.export",
            "audit.view",
            "audit.export",
        }
    ),
    Role.CLERK: frozenset({"orders.view"}),
}


# The role of a member whose merchant made the role.
CUSTOM = "custom"


class Reach(TextChoices):
    """To whose orders a role's permissions reach (I1)."""

    ALL = "all", _("All orders")
    OWN = "own", _("Orders that are theirs")
    STORES = "stores", _("Orders of their stores")
    CHANNELS = "channels", _("Orders of some channels")


def preset_reach(role: str) -> Reach:
    """Return to whose orders a preset role reaches."""
    return Reach.STORES if role == Role.CLERK else Reach.ALL


# What a role may do whose reach is not ALL: every page behind these looks at single orders, and
# the database itself shows none but those within reach. Figures over all orders are not here.
WITHIN_REACH = frozenset(
    {
        "orders.view",
        "orders.note",
        "orders.cancel",
        "orders.change_price",
        "orders.deliver",
        "orders.hand_over",
        "contacts.reveal",
        "secrets.reveal",
        "refunds.view",
        "refunds.request",
        "products.view",
        "works.view",
    }
)

# The buyer's details that a role can be kept from seeing in full.
HIDEABLE = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "address": _("Network address"),
}


def permissions_of(role: str) -> frozenset[str]:
    """Return what somebody in `role` may do."""
    return ROLE_PERMISSIONS[Role(role)]
