"""What people read of roles, and how a form lists them (I1)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.merchants import queries
from kacang.merchants.permissions import Role

ROLES = {
    Role.OWNER: _("Everything, including staff, keys and payment accounts"),
    Role.STOCK_KEEPER: _("Products and card stock, without orders"),
    Role.ORDER_OPERATOR: _("Works on orders, sees stock"),
    Role.SALES: _("Sees sales only"),
    Role.CUSTOMER_SERVICE: _("After-sales: orders, resending and showing codes"),
    Role.WAREHOUSE: _("Shipping only"),
    Role.FINANCE: _("Payments, ledger and logs"),
    Role.CLERK: _("Looks up the orders of their stores"),
}


def role_choices(merchant_id: int) -> list[tuple[str, Promise | str]]:
    """Return every role that somebody can have: the merchant's own ones after the preset ones."""
    own = [(one.uid, one.name) for one in queries.custom_roles(merchant_id=merchant_id)]
    return [*((role.value, role.label) for role in Role), *own]
