"""Wallets at the desk: whose they are, what is in them, what moved (F3)."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.ledger.accounts import DocumentKind, TransferKind
from kacang.orders.numbers import numbers_of_orders
from kacang.shared.contacts import BadEmail, BadPhone, read_contact
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.money import BadAmount, Money
from kacang.wallets import operations, queries
from kacang.wallets.operations import Owner, OwnerKind
from kacang.wallets.queries import Statement, WalletState, WalletView
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of, pages_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
OWNER_WORDS: dict[OwnerKind, Promise] = {
    OwnerKind.CUSTOMER: gettext_lazy("Customer"),
    OwnerKind.RESELLER: gettext_lazy("Reseller"),
}
MOVES: dict[TransferKind, Promise] = {
    TransferKind.DEPOSITED: gettext_lazy("Deposited"),
    TransferKind.PAID_FROM_WALLET: gettext_lazy("Paid an order"),
    TransferKind.REFUNDED_TO_WALLET: gettext_lazy("Refunded"),
    TransferKind.WITHDRAWN: gettext_lazy("Withdrawn"),
    TransferKind.REVERSAL: gettext_lazy("Reversed"),
    TransferKind.REFUND_DUE: gettext_lazy("Deposit refunded"),
}


class OwnerForm(forms.Form):
    """Whose wallet is to be opened."""

    contact = forms.CharField(label=gettext_lazy("E-mail or phone of the customer"), max_length=254)


class MoneyForm(forms.Form):
    """An amount and why: first asked, then, with `sure`, done."""

    once = forms.CharField(max_length=40, widget=forms.HiddenInput)
    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)
    reason = forms.CharField(label=gettext_lazy("Why, and by which receipt"), max_length=300)


@needs("wallets.view")
def wallet_list(request: ConsoleRequest) -> HttpResponse:
    """Show wallets, the newest first; of one customer when one is named."""
    return _list(request, OwnerForm())


@needs("wallets.edit")
@require_POST
def wallet_new(request: ConsoleRequest) -> HttpResponse:
    """Open a customer's wallet, or lead to it."""
    desk = desk_of(request)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    owner = _contact(form.cleaned_data["contact"])
    if not owner:
        form.add_error("contact", _("This is neither an e-mail address nor a phone number."))
        return _list(request, form, status=422)
    uid = operations.open_wallet(
        merchant_id=desk.merchant_id,
        owner=Owner(OwnerKind.CUSTOMER, owner),
        currency=desk.currency,
    )
    return redirect("console_wallet", uid)


@needs("wallets.view")
def wallet(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a wallet with its statement."""
    return _page(request, uid)


@needs("wallets.edit")
@require_POST
def deposit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put money into a wallet that was seen at the bank or in cash."""

    def act(amount: Money, said: Mapping[str, Any]) -> str:
        desk = desk_of(request)
        operations.deposit(
            merchant_id=desk.merchant_id,
            uid=uid,
            amount=amount,
            note=said["reason"],
            once=said["once"],
            actor=desk.actor,
        )
        return _("%(amount)s is in the wallet.") % {"amount": amount}

    return _asked_twice(request, uid, "deposit", act)


@needs("wallets.edit")
@require_POST
def freeze(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Keep a sum from being spent."""

    def act(amount: Money, said: Mapping[str, Any]) -> str:
        desk = desk_of(request)
        operations.freeze(
            merchant_id=desk.merchant_id,
            uid=uid,
            amount=amount,
            reason=said["reason"],
            actor=desk.actor,
            once=said["once"],
        )
        return _("%(amount)s is frozen.") % {"amount": amount}

    return _asked_twice(request, uid, "freeze", act)


@needs("wallets.edit")
@require_POST
def unfreeze(request: ConsoleRequest, uid: str, frozen: str) -> HttpResponse:
    """Let a frozen sum be spent again."""
    desk = desk_of(request)
    try:
        operations.unfreeze(merchant_id=desk.merchant_id, frozen_uid=frozen, actor=desk.actor)
    except operations.HeldForWithdrawal as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, _("The sum can be spent again."))
    return redirect("console_wallet", uid)


@needs("wallets.edit")
@require_POST
def block(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Let nothing be paid from a wallet any more, or let it pay again."""
    desk = desk_of(request)
    try:
        if request.POST.get("to") == "open":
            operations.unblock(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
            messages.success(request, _("The wallet can pay again."))
        else:
            reason = request.POST.get("reason", "").replace("\0", "")
            operations.block(merchant_id=desk.merchant_id, uid=uid, reason=reason, actor=desk.actor)
            messages.success(request, _("Nothing is paid from the wallet any more."))
    except operations.BadWallet as error:
        messages.error(request, text_of(error))
    return redirect("console_wallet", uid)


def owner_asked(query: QueryDict) -> tuple[str, str]:
    """Return whose wallets an address asks for: as it was typed, and as wallets keep it."""
    wanted = query.get("q", "").replace("\0", "").strip()[:254]
    return wanted, (_contact(wanted) or wanted) if wanted else ""


def _list(request: ConsoleRequest, form: OwnerForm, *, status: int = 200) -> HttpResponse:
    desk = desk_of(request)
    wanted, owner = owner_asked(request.GET)
    page = queries.wallets_page(
        merchant_id=desk.merchant_id,
        owner_ref=owner,
        cursor=request.GET.get("cursor", "")[:32],
        limit=PAGE,
    )
    context = {
        "rows": page.rows,
        "wanted": wanted,
        "form": form,
        "waiting": sum(withdrawals.waiting_counts(merchant_id=desk.merchant_id).values()),
        "pages": pages_of(request, page.next_cursor),
        "can_edit": "wallets.edit" in desk.permissions,
    }
    return render(request, "console/wallets/list.html", context, status=status)


def _page(
    request: ConsoleRequest,
    uid: str,
    *,
    deposit_form: MoneyForm | None = None,
    freeze_form: MoneyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    desk = desk_of(request)
    view = queries.wallet(merchant_id=desk.merchant_id, uid=uid)
    found = queries.statement(
        merchant_id=desk.merchant_id,
        wallet_id=view.id,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE,
    )
    context = {
        "wallet": view,
        "is_blocked": view.state is WalletState.BLOCKED,
        "rows": _rows(desk.merchant_id, found),
        "frozen": queries.frozen_sums(merchant_id=desk.merchant_id, uid=uid),
        "pages": pages_of(request, found.next_cursor),
        "deposit_form": deposit_form or _blank(),
        "freeze_form": freeze_form or _blank(),
        "can_edit": "wallets.edit" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/wallets/wallet.html", context, status=status)


def _asked_twice(
    request: ConsoleRequest, uid: str, deed: str, act: Callable[[Money, Mapping[str, Any]], str]
) -> HttpResponse:
    """Do what a form of money asks, once it was sent a second time with the amount named."""
    view = queries.wallet(merchant_id=desk_of(request).merchant_id, uid=uid)
    form = MoneyForm(request.POST)
    again = {f"{deed}_form": form}
    try:
        amount = _amount(form, view)
        if amount is None:
            return _page(request, uid, status=422, **again)
        if "sure" not in request.POST:
            return _ask(request, view, form, amount, deed)
        done = act(amount, form.cleaned_data)
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, uid, status=422, **again)
    messages.success(request, done)
    return redirect("console_wallet", uid)


def _ask(
    request: ConsoleRequest, view: WalletView, form: MoneyForm, amount: Money, act: str
) -> HttpResponse:
    """Show once more what is about to be done, in figures."""
    context = {"wallet": view, "form": form, "amount": amount, "act": act}
    return render(request, "console/wallets/ask.html", context)


def _rows(merchant_id: int, found: Statement) -> list[tuple[object, ...]]:
    ids = [line.document_id for line in found.lines if line.document is DocumentKind.ORDER]
    numbers = numbers_of_orders(merchant_id=merchant_id, ids=ids)
    return [
        (
            line,
            MOVES.get(line.kind, line.kind.name.lower()),
            numbers.get(line.document_id, "") if line.document is DocumentKind.ORDER else "",
        )
        for line in found.lines
    ]


def _blank() -> MoneyForm:
    return MoneyForm(initial={"once": new_uid("frm")})


def _amount(form: MoneyForm, view: WalletView) -> Money | None:
    """Return what is typed; None when the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        amount = Money.parse(form.cleaned_data["amount"], view.currency)
    except BadAmount as error:
        form.add_error("amount", text_of(error))
        return None
    if not amount.minor:
        form.add_error("amount", _("The amount is above nothing."))
        return None
    return amount


def _contact(text: str) -> str:
    """Return a contact in the form that wallets keep, "" when it is none."""
    try:
        if "@" in text:
            return read_contact(email=text, phone=None).email
        return read_contact(email=None, phone=text).phone
    except (BadEmail, BadPhone):
        return ""
