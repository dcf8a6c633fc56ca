"""Withdrawals at the desk: what waits for approval, what is to be paid, what became of it (F3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.payments.bank_transfers.proofs import picture_or_pdf
from kacang.payments.bank_transfers.transfers import PICTURE
from kacang.shared.errors import DomainError
from kacang.shared.money import BadAmount, Money
from kacang.wallets.withdrawals import deciding, destinations, queries
from kacang.wallets.withdrawals.types import (
    BadPayout,
    Destination,
    Payout,
    PayoutTo,
    WithdrawalState,
    WithdrawalView,
)
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.design.parts import Tab
from kacang.web.design.states import look_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES = {state.name.lower(): state for state in WithdrawalState}
WAYS: dict[PayoutTo, Promise] = {
    PayoutTo.BANK: gettext_lazy("Bank account"),
    PayoutTo.ALIPAY: gettext_lazy("Alipay account"),
    PayoutTo.OTHER: gettext_lazy("Other"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that may be done with a withdrawal, and how it is asked for."""

    name: str
    label: Promise
    title: Promise
    line: Promise
    # What has to be written: its label; "" for nothing.
    field: Promise | str = ""
    danger: bool = False


APPROVE = Ask(
    "approve", gettext_lazy("Approve"), gettext_lazy("Approve this withdrawal?"),
    gettext_lazy("It is to be paid then. The sum stays held until that is noted."),
)  # fmt: skip
REFUSE = Ask(
    "refuse", gettext_lazy("Refuse"), gettext_lazy("Refuse this withdrawal?"),
    gettext_lazy("The sum can be spent again, and the customer reads why."),
    gettext_lazy("Why, for the customer"), danger=True,
)  # fmt: skip
RETURN = Ask(
    "return", gettext_lazy("Failed: give back"),
    gettext_lazy("Give the sum back to the wallet?"),
    gettext_lazy("Only when it was not paid, or came back. The customer reads why."),
    gettext_lazy("Why, for the customer"), danger=True,
)  # fmt: skip
ASKS: dict[WithdrawalState, tuple[Ask, ...]] = {
    WithdrawalState.ASKED: (APPROVE, REFUSE),
    WithdrawalState.APPROVED: (RETURN,),
    WithdrawalState.PAID: (RETURN,),
}


class PayoutForm(forms.Form):
    """How a withdrawal was paid."""

    ref = forms.CharField(
        label=gettext_lazy("Number of the payout"),
        max_length=64,
        help_text=gettext_lazy("As the bank or company names it; the customer reads it too."),
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Paid at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    fee = forms.CharField(
        label=gettext_lazy("Fee"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("What the payout cost the shop besides; empty: nothing."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    proof = forms.FileField(
        label=gettext_lazy("Proof"),
        required=False,
        help_text=gettext_lazy("A picture or PDF of up to 5 MB; it is kept encrypted."),
    )


@needs("wallets.view")
def withdrawal_list(request: ConsoleRequest) -> HttpResponse:
    """Show withdrawals, the newest first; those that wait for a person have views of their own."""
    desk = desk_of(request)
    name = request.GET.get("state", "")
    page = queries.withdrawals_page(
        merchant_id=desk.merchant_id,
        state=STATES.get(name),
        wallet_uid=request.GET.get("wallet", "").replace("\0", "")[:32],
        cursor=request.GET.get("cursor", "").replace("\0", "")[:32],
        limit=PAGE,
    )
    context = {
        "rows": [(row, WAYS[row.to_kind]) for row in page.rows],
        "tabs": _tabs(desk, name),
        "is_narrowed": name in STATES or bool(request.GET.get("wallet")),
        "pages": pages_of(request, page.next_cursor),
    }
    return render(request, "console/wallets/withdrawals.html", context)


@needs("wallets.view")
def withdrawal(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one withdrawal with what may be done with it."""
    return _page(request, uid)


@needs("wallets.pay_out")
@require_POST
def reveal(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show whereto it goes, after the look and its reason are in the audit log."""
    desk = desk_of(request)
    try:
        to = destinations.reveal(
            merchant_id=desk.merchant_id, uid=uid, reason=_text(request), actor=desk.actor
        )
    except DomainError as error:
        return _page(request, uid, problem=text_of(error), status=422)
    return _page(request, uid, to=to)


@needs("wallets.pay_out")
@require_POST
def pay(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Note that it was paid, and how it is found at the bank."""
    desk = desk_of(request)
    row = queries.withdrawal(merchant_id=desk.merchant_id, uid=uid)
    form = PayoutForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, uid, form=form, status=422)
    try:
        deciding.note_paid(
            merchant_id=desk.merchant_id, uid=uid, payout=_payout(form, row), actor=desk.actor
        )
    except BadPayout as error:
        form.add_error(str(error.detail["field"]), text_of(error))
        return _page(request, uid, form=form, status=422)
    except BadAmount as error:
        form.add_error("fee", text_of(error))
        return _page(request, uid, form=form, status=422)
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, uid, form=form, status=422)
    messages.success(request, _("The withdrawal of %(amount)s is paid.") % {"amount": row.amount})
    return redirect("console_withdrawal", uid)


@needs("wallets.view")
def proof(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give the proof of a payout; a PDF only as a download, so that nothing in it runs here."""
    kind, body = queries.proof(merchant_id=desk_of(request).merchant_id, uid=uid)
    response = HttpResponse(body, content_type=kind)
    is_picture = kind == PICTURE
    name = "payout.webp" if is_picture else "payout.pdf"
    how = "inline" if is_picture else "attachment"
    response["Content-Disposition"] = f'{how}; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def _approve(request: ConsoleRequest, desk: Desk, uid: str) -> str:
    state = deciding.approve(
        merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, role=request.membership.role
    )
    if state is WithdrawalState.ASKED:
        return _("The withdrawal of %(amount)s has one approval. Somebody else has to approve too.")
    return _("The withdrawal of %(amount)s is approved and is to be paid.")


def _refuse(request: ConsoleRequest, desk: Desk, uid: str) -> str:
    deciding.refuse(merchant_id=desk.merchant_id, uid=uid, reason=_text(request), actor=desk.actor)
    return _("The withdrawal of %(amount)s is refused.")


def _return(request: ConsoleRequest, desk: Desk, uid: str) -> str:
    deciding.give_back(
        merchant_id=desk.merchant_id, uid=uid, reason=_text(request), actor=desk.actor
    )
    return _("%(amount)s is in the wallet again.")


DEEDS: dict[str, Callable[[ConsoleRequest, Desk, str], str]] = {
    "approve": _approve,
    "refuse": _refuse,
    "return": _return,
}


@needs("wallets.pay_out")
@require_POST
def act(request: ConsoleRequest, uid: str, deed: str) -> HttpResponse:
    """Do with a withdrawal what a person has decided."""
    desk = desk_of(request)
    row = queries.withdrawal(merchant_id=desk.merchant_id, uid=uid)
    try:
        words = DEEDS[deed](request, desk, uid)
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, words % {"amount": row.amount})
    return redirect("console_withdrawal", uid)


def _page(
    request: ConsoleRequest,
    uid: str,
    *,
    form: PayoutForm | None = None,
    to: Destination | None = None,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    desk = desk_of(request)
    row = queries.withdrawal(merchant_id=desk.merchant_id, uid=uid)
    may = "wallets.pay_out" in desk.permissions
    asks: Sequence[Ask] = ASKS.get(row.state, ()) if may else ()
    context: dict[str, Any] = {
        "row": row,
        "way": WAYS[row.to_kind],
        "to": to,
        "asks": asks,
        "form": form or PayoutForm(initial={"at": timezone.localtime()}),
        "problem": problem,
        "may": may,
        "to_pay": may and row.state is WithdrawalState.APPROVED,
    }
    response = render(request, "console/wallets/withdrawal.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _payout(form: PayoutForm, row: WithdrawalView) -> Payout:
    said = form.cleaned_data
    at = said["at"]
    assert isinstance(at, datetime)
    upload = said["proof"]
    file = picture_or_pdf(upload.read()) if upload else None
    return Payout(
        ref=said["ref"],
        at=at,
        fee=Money.parse(said["fee"] or "0", row.amount.currency),
        proof=(file.content_type, file.body) if file else None,
    )


def _tabs(desk: Desk, chosen: str) -> list[Tab]:
    counts = queries.waiting_counts(merchant_id=desk.merchant_id)
    address = reverse("console_withdrawals")
    tabs = [Tab(_("All"), address, on=chosen not in STATES)]
    tabs += [
        Tab(
            look_of("withdrawal", state).word,
            f"{address}?state={name}",
            count=counts.get(state) or None,
            on=chosen == name,
        )
        for name, state in STATES.items()
    ]
    return tabs


def _text(request: ConsoleRequest) -> str:
    return request.POST.get("text", "").replace("\0", "").strip()[:300]
