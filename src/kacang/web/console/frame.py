"""The frame around every page of the console: navigation, person, merchant."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from kacang.messages.bell import reading
from kacang.messages.restraint import members
from kacang.web.design.shell import NavGroup, NavItem, Shell, VisitBar, allowed
from kacang.web.requests import ConsoleRequest

# One line per page group: name, words, icon, address, permission, letter after G.
GROUPS = (
    NavGroup(
        items=(
            NavItem("home", _("Overview"), "home", "/console/", "dashboard.view", "h"),
            NavItem("orders", _("Orders"), "shopping-bag", "/console/orders/", "orders.view", "o"),
            NavItem(
                "exceptions",
                _("Exceptions"),
                "alert-triangle",
                "/console/exceptions/",
                "orders.view",
                "x",
            ),
            NavItem(
                "cases",
                _("After-sales"),
                "headset",
                "/console/aftersales/",
                "cases.view",
                "a",
            ),
            NavItem("reviews", _("Reviews"), "star", "/console/reviews/", "reviews.view"),
            NavItem("products", _("Products"), "box", "/console/products/", "products.view", "p"),
            NavItem("vault", _("Card stock"), "key", "/console/stock/", "stock.view", "v"),
            NavItem("works", _("Task centre"), "checklist", "/console/works/", "works.view", "t"),
        )
    ),
    NavGroup(
        label=_("Money and messages"),
        items=(
            NavItem("finance", _("Finance"), "chart-line", "/console/finance/", "ledger.view", "f"),
            NavItem(
                "payments", _("Payments"), "credit-card", "/console/payments/", "payments.view", "y"
            ),
            NavItem(
                "settlements",
                _("Settlements"),
                "receipt",
                "/console/settlements/",
                "ledger.view",
                "j",
            ),
            NavItem(
                "bills",
                _("Reconciliation"),
                "arrows-exchange",
                "/console/reconciliation/",
                "reconciliation.view",
                "r",
            ),
            NavItem("ledger", _("Ledger"), "list-details", "/console/ledger/", "ledger.view", "d"),
            NavItem(
                "refunds", _("Refunds"), "receipt-refund", "/console/refunds/", "refunds.view", "u"
            ),
            NavItem(
                "customers", _("Customers"), "users", "/console/customers/", "customers.view", "c"
            ),
            NavItem("wallets", _("Wallets"), "wallet", "/console/wallets/", "wallets.view", "w"),
            NavItem("messages", _("Messages"), "mail", "/console/messages/", "messages.view", "m"),
            NavItem("rules", _("Review rules"), "shield-check", "/console/rules/", "orders.rules"),
            NavItem("risk", _("Blacklist"), "ban", "/console/blacklist/", "risk.edit", "b"),
        ),
    ),
    NavGroup(
        label=_("Administration"),
        items=(
            NavItem("staff", _("Staff"), "users", "/console/staff/", "staff.view", "s"),
            NavItem("stores", _("Stores"), "building-store", "/console/stores/", "stores.view"),
            NavItem("keys", _("API keys"), "code", "/console/keys/", "keys.view", "k"),
            NavItem(
                "webhooks", _("Webhooks"), "webhook", "/console/webhooks/", "webhooks.view", "n"
            ),
            NavItem(
                "operator_visits",
                _("Visits by the operator"),
                "eye",
                "/console/operator-visits/",
                "visits.view",
            ),
            NavItem("audit", _("Audit log"), "history", "/console/audit/", "audit.view", "l"),
            NavItem(
                "settings", _("Settings"), "settings", "/console/settings/", "settings.view", "e"
            ),
        ),
    ),
)
CREATE = (
    NavItem("product_new", _("New product"), "box", "/console/products/new/", "products.edit"),
)
_ORDERS = "/console/orders/"
COMMANDS = (
    *CREATE,
    NavItem("today", _("Orders of today"), "calendar", f"{_ORDERS}?period=today", "orders.view"),
    NavItem(
        "held", _("Orders on hold"), "alert-triangle", f"{_ORDERS}?state=on_hold", "orders.view"
    ),
    NavItem("unpaid", _("Unpaid orders"), "clock", f"{_ORDERS}?state=pending", "orders.view"),
    NavItem("noted", _("Orders with a note"), "note", f"{_ORDERS}?note=yes", "orders.view"),
    NavItem("views", _("Views of orders"), "star", f"{_ORDERS}views/", "orders.view"),
    NavItem("tags", _("Tags of orders"), "tag", f"{_ORDERS}tags/", "orders.view"),
    NavItem("import", _("Import codes"), "upload", "/console/stock/", "stock.import"),
    NavItem("search_cards", _("Find a card"), "key", "/console/stock/cards/", "stock.view"),
)
OPERATOR = NavItem("operator", _("Operator's pages"), "building-store", "/console/operator/")
OPERATOR_GROUPS = (
    NavGroup(
        items=(
            NavItem("shops", _("Shops"), "building-store", "/console/operator/", key="h"),
            NavItem("own_visits", _("My visits"), "eye", "/console/operator/visits/", key="v"),
            NavItem(
                "operator_log", _("Operators' log"), "history", "/console/operator/log/", key="l"
            ),
        )
    ),
)
LANDINGS = [item for group in GROUPS for item in group.items]


def shell_of(request: ConsoleRequest) -> Shell:
    """Return the frame for a request that `needs` let through."""
    membership = request.membership
    account = [NavItem("profile", _("My account"), "user", address("console_profile"))]
    if getattr(request.user, "is_operator", False):
        account.append(OPERATOR)
    if len(getattr(request, "memberships", ())) > 1:
        account.append(
            NavItem("merchants", _("Change shop"), "building-store", address("console_merchants"))
        )
    return Shell(
        merchant_name=membership.merchant_name,
        merchant_kind=membership.merchant_kind,
        person_name=getattr(request.user, "name", "") or request.actor.label,
        person_role=membership.role_label,
        home_url="/console/",
        groups=allowed(GROUPS, membership.permissions),
        here=_here(request.path),
        account=account,
        create=[item for item in CREATE if item.permission in membership.permissions],
        commands=[item for item in COMMANDS if item.permission in membership.permissions],
        unread=reading.unread_count(
            merchant_id=membership.merchant_id,
            reader=members.reader_of(
                merchant_id=membership.merchant_id,
                member_uid=membership.uid,
                permissions=membership.permissions,
            ),
        ),
        notices_url=address("console_notices"),
        help_url=address("console_help"),
        search_url=address("console_search"),
        logout_url=address("account_logout"),
        shop_url=f"/s/{membership.merchant_slug}/",
        visit=_visit_bar(request),
        second_factor_by=getattr(request, "second_factor_by", None),
        second_factor_url=address("mfa_activate_totp"),
        theme=getattr(request.user, "theme", "system"),
        theme_url=address("console_theme"),
    )


def operator_shell(request: ConsoleRequest) -> Shell:
    """Return the frame of the operators' pages, which are of no merchant."""
    account = [NavItem("profile", _("My account"), "user", address("console_profile"))]
    if request.memberships:
        account.append(NavItem("home", _("My shop"), "building-store", "/console/"))
    return Shell(
        merchant_name=settings.PUBLIC_URL.partition("://")[2],
        merchant_line=_("Operator"),
        person_name=getattr(request.user, "name", "") or request.actor.label,
        home_url="/console/operator/",
        groups=OPERATOR_GROUPS,
        here=_among(request.path, [item for group in OPERATOR_GROUPS for item in group.items]),
        tabs=("shops", "own_visits", "operator_log"),
        account=account,
        logout_url=address("account_logout"),
        visit=_visit_bar(request),
        theme=getattr(request.user, "theme", "system"),
    )


def _visit_bar(request: ConsoleRequest) -> VisitBar | None:
    visit = getattr(request, "visit", None)
    if visit is None:
        return None
    return VisitBar(visit.whom, visit.until, visit.may_change, address("console_visit_end"))


def address(name: str) -> str:
    """Return the address of a page, or "" when this installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _here(path: str) -> str:
    return _among(path, LANDINGS)


def _among(path: str, landings: Sequence[NavItem]) -> str:
    # Every page begins with the overview's address: it is open only where that is all.
    fits = [
        item
        for item in landings
        if path == item.url or (item.name not in ("home", "shops") and path.startswith(item.url))
    ]
    return max(fits, key=lambda item: len(item.url)).name if fits else ""
