"""The payment page: QR, countdown, and a question to the company when the buyer looks (L8)."""

import json
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.types import Channel, OrderState, OrderView, PaymentView
from kacang.payments import balances
from kacang.payments import operations as payment_operations
from kacang.payments import queries as payments
from kacang.payments.bank_transfers import transfers
from kacang.payments.bank_transfers.transfers import ProofInfo
from kacang.payments.ports import Device
from kacang.payments.queries import PaymentState
from kacang.shared.errors import DomainError
from kacang.wallets.queries import WalletView
from kacang.web.shop import goods
from kacang.web.shop.access import buyer, order_page
from kacang.web.shop.customer import wallet_of
from kacang.web.shop.devices import device_of, payer_of
from kacang.web.shop.problems import Problem, problem_of
from kacang.web.shop.signing_in import way_to_sign_in
from kacang.web.shop.site import Site, page

# What a buyer may have to copy, as companies name it.
FACTS: dict[str, Promise] = {
    "bank": gettext_lazy("Bank"),
    "holder": gettext_lazy("Account holder"),
    "number": gettext_lazy("Bank account number"),
    "network": gettext_lazy("Network"),
    "address": gettext_lazy("Address"),
    "amount": gettext_lazy("Amount"),
    "reference": gettext_lazy("Note for the transfer"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def pay(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Show how to pay, or start another way to pay."""
    if order.payments and _open_payment(order, device_of(request)) is None:
        # The money may have come between reading the order and reading its payments.
        order = queries.order(merchant_id=site.merchant_id, number=order.number)
    if order.state != OrderState.PENDING:
        return redirect(site.url("order", number=order.number))
    if request.method == "POST":
        return _choose(request, site, order)
    return show(request, site, order, _problem(request))


@require_safe
@order_page
def state(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Say whether there is news, for pages that wait; have the company asked meanwhile."""
    seen = request.GET.get("seen", OrderState.PENDING.name.lower())
    if order.state == OrderState.PENDING:
        payment_operations.buyer_looked(merchant_id=site.merchant_id, order_id=order.id)
    now = order.state.name.lower()
    return JsonResponse(
        {"state": now, "done": now != seen, "url": site.url("order", number=order.number)}
    )


@require_POST
@order_page
def paid(_request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Have the company asked at once, because the buyer says that it is paid."""
    if order.state != OrderState.PENDING:
        return redirect(site.url("order", number=order.number))
    payment_operations.buyer_looked(merchant_id=site.merchant_id, order_id=order.id)
    return redirect(f"{site.url('pay', number=order.number)}?asked=1")


@require_POST
@order_page
def cancel(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    """Give an unpaid order up: its stock is free again, and the buyer may place another."""
    try:
        orders.cancel_order(
            merchant_id=site.merchant_id, number=order.number, actor=buyer(request), reason="buyer"
        )
    except DomainError as error:
        if order.state == OrderState.PENDING:
            return show(request, site, order, problem_of(site, error), status=409)
    return redirect(site.url("order", number=order.number))


def title_of(order: OrderView) -> str:
    """Return what an order is called where there is one line for it."""
    first = order.lines[0]
    title = f"{goods.words(first.title)} {goods.words(first.sku_title)} × {first.quantity}"
    more = len(order.lines) - 1
    return title if not more else _("%(title)s and %(more)d more") % {"title": title, "more": more}


def _choose(request: HttpRequest, site: Site, order: OrderView) -> HttpResponse:
    provider = request.POST.get("provider", "")[:30]
    if away := way_to_sign_in(request, site, order.number, provider, _sale(request, order)):
        return redirect(away)
    try:
        orders.start_payment(
            merchant_id=site.merchant_id,
            number=order.number,
            provider=provider,
            payer=payer_of(request, site, order.number),
        )
    except DomainError as error:
        return show(request, site, order, problem_of(site, error), status=409, change=True)
    return redirect(site.url("pay", number=order.number))


def show(
    request: HttpRequest,
    site: Site,
    order: OrderView,
    problem: Problem | None,
    *,
    status: int = 200,
    change: bool = False,
) -> HttpResponse:
    """Show how to pay an order, or the ways there are."""
    is_asking = change or "change" in request.GET
    payment = None if is_asking else _open_payment(order, device_of(request))
    return page(
        request, site, "pay", status=status,
        order=order, payment=payment, problem=problem, noindex=True,
        title=title_of(order),
        cashier_url=_cashier_url(site, order, payment) if payment else "",
        trial_code=_trial_code(site, payment) if payment else "",
        left=_seconds_left(order.pay_by),
        offers=_offers(request, site, order),
        shows_qr=device_of(request) is Device.DESKTOP,
        in_app=json.dumps(dict(payment.in_app)) if payment else "",
        goes_on=payment is not None and _goes_on(payment, device_of(request)),
        asked="asked" in request.GET,
        pay_url=site.url("pay", number=order.number),
        order_url=site.url("order", number=order.number),
        state_url=site.url("order_state", number=order.number),
        paid_url=site.url("order_paid", number=order.number),
        cancel_url=site.url("order_cancel", number=order.number),
        facts=_facts(payment) if payment else [],
        by_chain="network" in payment.facts if payment else False,
        proof=_proof(site, order, payment),
        wallet=_wallet(request, site, payment),
        balance_url=site.url("order_balance", number=order.number),
        wallet_url=f"{site.url('wallet')}?{urlencode({'order': order.number})}",
        proof_url=site.url("order_proof", number=order.number),
        mixed=len(order.lines) > 1,
    )  # fmt: skip


def _offers(request: HttpRequest, site: Site, order: OrderView) -> list[payments.Offer]:
    """Return the ways to pay; a wallet is not filled from itself."""
    found = payments.offered(merchant_id=site.merchant_id, sale=_sale(request, order))
    is_deposit = order.channel == Channel.DEPOSIT
    return [one for one in found if not (is_deposit and one.provider == balances.NAME)]


def _sale(request: HttpRequest, order: OrderView) -> payments.Sale:
    products = {line.product_uid for line in order.lines}
    return payments.Sale(order.payable, device=device_of(request), products=products)


def _trial_code(site: Site, payment: PaymentView) -> str:
    """Return what a trial's code says, where a browser can open it: nobody has an app for it."""
    is_trial = site.merchant.kind != "live"
    is_address = payment.qr_content.startswith(("http://", "https://"))
    return payment.qr_content if is_trial and is_address and not payment.pay_url else ""


def _wallet(request: HttpRequest, site: Site, payment: PaymentView | None) -> WalletView | None:
    """Return the customer's wallet, where the order is paid from a balance."""
    is_asked = payment is not None and payment.provider == balances.NAME
    return wallet_of(request, site) if is_asked else None


def _facts(payment: PaymentView) -> list[tuple[Promise, str]]:
    """Return what the buyer copies, in the order in which an app asks for it."""
    facts = payment.facts if payment.provider != balances.NAME else {}
    return [(word, facts[name]) for name, word in FACTS.items() if facts.get(name)]


def _proof(site: Site, order: OrderView, payment: PaymentView | None) -> ProofInfo | None:
    """Return the last proof that was handed in, where the order is paid by bank transfer."""
    if payment is None or payment.provider != transfers.NAME:
        return None
    return transfers.latest_of_order(merchant_id=site.merchant_id, order_id=order.id)


def _problem(request: HttpRequest) -> Problem | None:
    if "failed" not in request.GET:
        return None
    return Problem(_("The payment company does not answer. Please choose how to pay once more."))


def _open_payment(order: OrderView, device: Device) -> PaymentView | None:
    """Return the newest payment that still asks for what the order costs now, on this device.

    One that its company has not answered about yet shows nothing: the ways are offered again.
    """
    fitting = [
        payment
        for payment in order.payments
        if payment.state == PaymentState.OPEN
        and payment.amount == order.payable
        and (payment.facts or payment.device in ("", device.value))
        and (payment.pay_url or payment.qr_content or payment.in_app or payment.facts)
    ]
    return max(fitting, key=lambda payment: payment.created_at, default=None)


def _cashier_url(site: Site, order: OrderView, payment: PaymentView) -> str:
    """Return where this device pays. Only our own sandbox is told here where to lead back."""
    if payment.provider != "sandbox":
        return payment.pay_url
    back = urlencode({"r": site.url("pay", number=order.number)})
    return f"{payment.pay_url}{'&' if '?' in payment.pay_url else '?'}{back}"


def _goes_on(payment: PaymentView, device: Device) -> bool:
    """Say whether the buyer goes on by a button, and not by scanning."""
    if payment.in_app:
        return True
    return bool(payment.pay_url) and device is not Device.DESKTOP


def _seconds_left(pay_by: datetime) -> int:
    return max(0, int((pay_by - timezone.now()).total_seconds()))
