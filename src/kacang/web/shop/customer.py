"""Who has proved in this browser to be a customer, and their wallet (F3)."""

from django.http import HttpRequest

from kacang.wallets import entering, operations, queries
from kacang.wallets.operations import Owner, OwnerKind
from kacang.wallets.queries import WalletView
from kacang.web.shop import cookies
from kacang.web.shop.site import Site


def proved_contact(request: HttpRequest, site: Site) -> str:
    """Return the address that somebody has proved in this browser to have, else ""."""
    token = cookies.wallet_token(request, site.merchant.uid)
    return entering.owner_of(merchant_id=site.merchant_id, token=token)


def wallet_of(request: HttpRequest, site: Site) -> WalletView | None:
    """Return the wallet of the customer who has entered in this browser, else None."""
    owner = proved_contact(request, site)
    if not owner:
        return None
    uid = operations.open_wallet(
        merchant_id=site.merchant_id,
        owner=Owner(OwnerKind.CUSTOMER, owner),
        currency=site.merchant.currency,
    )
    return queries.wallet(merchant_id=site.merchant_id, uid=uid)
