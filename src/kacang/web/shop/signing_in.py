"""The round trip to a company that must know the buyer, and back to the order (P1).

What comes back is believed only when it brings the state that this browser was sent away with:
it is bound to the order, the account and the device, and is worth nothing after ten minutes.
"""

import hmac
import re
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from kacang.orders import operations as orders
from kacang.orders.types import OrderState, OrderView
from kacang.payments import queries as payments
from kacang.payments.companies import buyers
from kacang.shared.errors import DomainError
from kacang.web.shop import cookies
from kacang.web.shop.access import order_page
from kacang.web.shop.devices import payer_of
from kacang.web.shop.site import Site

SECONDS = 600
CODE_MOST = 512
# Companies take letters and digits, 128 at most.
_STATE = re.compile(r"([0-9a-f]{8})([0-9a-f]{40})")
_ACCOUNT = re.compile(r"[0-9A-Za-z_]{1,32}")


def way_to_sign_in(
    request: HttpRequest, site: Site, number: str, provider: str, sale: payments.Sale
) -> str:
    """Return where the browser must go before an order can be paid this way, or ""."""
    account = buyers.account_to_sign_in(merchant_id=site.merchant_id, provider=provider, sale=sale)
    if account is None:
        return ""
    back = request.build_absolute_uri(site.url("signed_in", number=number, account=account.uid))
    state = _state(request, site, number, account.uid, int(time.time()) + SECONDS)
    try:
        return buyers.sign_in_url(account=account, back_url=back, state=state)
    except DomainError:
        # Paying without it is tried, and says what is wrong.
        return ""


@require_safe
@order_page
def signed_in(request: HttpRequest, site: Site, order: OrderView, account: str) -> HttpResponse:
    """Take in who the buyer is, and start the payment for which that was asked."""
    if order.state != OrderState.PENDING:
        return redirect(site.url("order", number=order.number))
    code = request.GET.get("code", "")
    failed = redirect(f"{site.url('pay', number=order.number)}?failed=1")
    if not _is_ours(request, site, order.number, account) or not 0 < len(code) <= CODE_MOST:
        return failed
    try:
        name = buyers.buyer_of(merchant_id=site.merchant_id, account_uid=account, code=code)
        orders.start_payment(
            merchant_id=site.merchant_id,
            number=order.number,
            provider=payments.account_of_uid(account).provider,
            payer=payer_of(request, site, order.number, name),
            account_uid=account,
        )
    except DomainError:
        return failed
    return redirect(site.url("pay", number=order.number))


def _is_ours(request: HttpRequest, site: Site, number: str, account: str) -> bool:
    found = _STATE.fullmatch(request.GET.get("state", ""))
    if found is None or not _ACCOUNT.fullmatch(account):
        return False
    until = int(found[1], 16)
    wanted = _state(request, site, number, account, until)
    return hmac.compare_digest(found[0], wanted) and until > time.time()


def _state(request: HttpRequest, site: Site, number: str, account: str, until: int) -> str:
    said = "/".join((site.merchant.uid, number, account, cookies.device_of(request), str(until)))
    mac = salted_hmac("kacang.shop.sign_in", said, secret=settings.SECRET_KEY, algorithm="sha256")
    return f"{until:08x}{mac.hexdigest()[:40]}"
