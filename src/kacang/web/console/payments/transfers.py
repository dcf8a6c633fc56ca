"""Bank transfers that wait for somebody to confirm them (P1)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.numbers import numbers_of_orders
from kacang.payments.bank_transfers import proofs, transfers
from kacang.payments.bank_transfers.transfers import PICTURE, TransferInfo, UnknownTransfer
from kacang.payments.queries import NoticeOutcome
from kacang.shared.errors import DomainError
from kacang.shared.money import BadAmount, Money
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
# What a person must say "I know" to.
ODD = (proofs.AmountDiffers, proofs.PaidAlready)
OUTCOMES: dict[NoticeOutcome, Promise] = {
    NoticeOutcome.SETTLED: gettext_lazy("The money is booked and the order is settled."),
    NoticeOutcome.REPEATED: gettext_lazy("This transfer was confirmed before. Nothing changed."),
    NoticeOutcome.SUSPENSE: gettext_lazy(
        "The money is booked, but it does not fit the order: see “Money to decide on”."
    ),
    NoticeOutcome.WAITING: gettext_lazy("The money is noted; the order is settled in a moment."),
}


class ConfirmForm(forms.Form):
    """What stands on the bank statement."""

    bank_number = forms.CharField(
        label=gettext_lazy("The bank's number"),
        max_length=64,
        help_text=gettext_lazy("From the bank statement; each transfer has its own."),
    )
    amount = forms.CharField(label=gettext_lazy("Amount that has come"), max_length=20)
    is_sure = forms.BooleanField(
        label=gettext_lazy("I have compared it with the bank statement: book it as it is"),
        required=False,
    )


@needs("payments.confirm")
def transfer_list(request: ConsoleRequest) -> HttpResponse:
    """Show proofs that wait, the oldest first, or the transfers of a reference."""
    desk = desk_of(request)
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:32]
    with acting_as(desk.merchant_id):
        page = transfers.waiting_page(
            merchant_id=desk.merchant_id, cursor=request.GET.get("cursor", ""), limit=PAGE
        )
        found = (
            transfers.transfers_of(merchant_id=desk.merchant_id, reference=wanted)
            if wanted
            else [row.transfer for row in page.rows]
        )
        numbers = numbers_of_orders(
            merchant_id=desk.merchant_id, ids=[row.order_id for row in found]
        )
    handed_in = {row.transfer.number: row.created_at for row in page.rows}
    context = {
        "rows": [(row, numbers.get(row.order_id, ""), handed_in.get(row.number)) for row in found],
        "wanted": wanted,
        "pages": pages_of(request, "" if wanted else page.next_cursor),
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/payments/transfers.html", context)


@needs("payments.confirm")
def transfer(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show one transfer with its proof, to compare with the bank statement."""
    desk = desk_of(request)
    found = _found(desk, number)
    return _page(request, found, ConfirmForm(initial={"amount": found.amount.plain}))


@needs("payments.confirm")
@require_POST
def transfer_confirm(request: ConsoleRequest, number: str) -> HttpResponse:
    """Say that the money is there."""
    desk = desk_of(request)
    found = _found(desk, number)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        outcome = orders.confirm_transfer(
            merchant_id=desk.merchant_id,
            payment_number=found.number,
            bank_number=form.cleaned_data["bank_number"],
            amount=Money.parse(form.cleaned_data["amount"], found.amount.currency),
            is_sure=form.cleaned_data["is_sure"],
            actor=desk.actor,
        )
    except (proofs.BadBankNumber, BadAmount) as error:
        field = "amount" if isinstance(error, BadAmount) else "bank_number"
        form.add_error(field, text_of(error))
        return _page(request, found, form, status=422)
    except ODD as error:
        form.add_error(None, text_of(error))
        return _page(request, found, form, is_odd=True, status=409)
    tell = messages.warning if outcome is NoticeOutcome.SUSPENSE else messages.success
    tell(request, str(OUTCOMES.get(outcome, OUTCOMES[NoticeOutcome.WAITING])))
    return redirect("console_transfers")


@needs("payments.confirm")
@require_POST
def proof_reject(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Refuse a proof; the buyer reads why."""
    desk = desk_of(request)
    found = transfers.proof(merchant_id=desk.merchant_id, uid=uid)
    try:
        proofs.reject(
            merchant_id=desk.merchant_id,
            uid=uid,
            reason=request.POST.get("reason", "").replace("\0", ""),
            actor=desk.actor,
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_transfer", found.transfer.number)
    messages.success(request, _("The buyer is told to hand in another proof."))
    return redirect("console_transfers")


@needs("payments.confirm")
def proof_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Give a proof's picture; a PDF only as a download, so that nothing in it runs here."""
    desk = desk_of(request)
    kept = transfers.proof_file(merchant_id=desk.merchant_id, uid=uid)
    response = HttpResponse(kept.body, content_type=kept.content_type)
    is_picture = kept.content_type == PICTURE
    name = "proof.webp" if is_picture else "proof.pdf"
    how = "inline" if is_picture else "attachment"
    response["Content-Disposition"] = f'{how}; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def _found(desk: Desk, number: str) -> TransferInfo:
    found = transfers.transfers_of(merchant_id=desk.merchant_id, reference=number[:32])
    if not found:
        raise UnknownTransfer
    return found[0]


def _page(
    request: ConsoleRequest,
    found: TransferInfo,
    form: ConfirmForm,
    *,
    is_odd: bool = False,
    status: int = 200,
) -> HttpResponse:
    desk = desk_of(request)
    numbers = numbers_of_orders(merchant_id=desk.merchant_id, ids=[found.order_id])
    context = {
        "transfer": found,
        "number": numbers.get(found.order_id, ""),
        "proof": transfers.latest_of_order(merchant_id=desk.merchant_id, order_id=found.order_id),
        "form": form,
        "is_odd": is_odd,
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/payments/transfer.html", context, status=status)
