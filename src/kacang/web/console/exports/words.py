"""What people read in the audit log of exports of money."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EXPORT_ACTIONS: Mapping[str, Promise] = {
    "books.export": _("Had the books exported"),
    "transfers.export": _("Had transfers of the ledger exported"),
    "payments.export": _("Had payments exported"),
    "refunds.export": _("Had refunds exported"),
    "wallets.export": _("Had wallets exported"),
    "wallet.export": _("Had a wallet's statement exported"),
    "differences.export": _("Had differences of bills exported"),
    "figures.export": _("Had the figures of the page Finance exported"),
    "finance.export_fetched": _("Fetched an export of money"),
}
