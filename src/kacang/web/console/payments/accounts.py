"""Payment accounts at the desk, and money that fits no payment (P1, P2, L9)."""

from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.payments import operations, queries
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

TRIALS = frozenset({"test", "demo"})
PROVIDERS: dict[str, Promise] = {
    "sandbox": gettext_lazy("Sandbox"),
    "bank_transfer": gettext_lazy("Bank transfer"),
}
# What the sandbox calls its secret.
SECRET = "signing"  # noqa: S105 - a name
SECRET_WORDS: dict[str, Promise] = {SECRET: gettext_lazy("Signing secret")}


class AccountForm(forms.Form):
    """A new account: the company's secrets are made for it and shown once."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("Buyers see it at the checkout."),
    )


@needs("payments.view")
def account_list(request: ConsoleRequest) -> HttpResponse:
    """Show the accounts in the order of the checkout."""
    return _page(request, AccountForm(initial={"name": _("Sandbox")}))


@needs("payments.edit")
@require_POST
def account_new(request: ConsoleRequest) -> HttpResponse:
    """Open a sandbox account; its secret is shown this once."""
    desk = desk_of(request)
    form = AccountForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made = operations.create_account(
            merchant_id=desk.merchant_id,
            account=operations.NewAccount(
                provider="sandbox", name=form.cleaned_data["name"], currency=desk.currency
            ),
            actor=desk.actor,
        )
        operations.enable_account(merchant_id=desk.merchant_id, uid=made.uid, actor=desk.actor)
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, form, status=422)
    return _page(request, AccountForm(), shown=(made.uid, made.made_secrets))


@needs("payments.edit")
@require_POST
def account_switch(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Offer an account at the checkout, or no longer."""
    desk = desk_of(request)
    turned_on = request.POST.get("to") == "on"
    act = operations.enable_account if turned_on else operations.disable_account
    try:
        act(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    except queries.UnknownAccount:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        said = _("The account takes payments.") if turned_on else _("The account is switched off.")
        messages.success(request, said)
    return redirect("console_payment_accounts")


@needs("payments.edit")
@require_POST
def account_rotate(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put a new secret in force beside the present one; it is shown this once."""
    desk = desk_of(request)
    secret = operations.set_secret(
        merchant_id=desk.merchant_id, uid=uid, name=SECRET, actor=desk.actor
    )
    return _page(request, AccountForm(), shown=(uid, {SECRET: secret}), rotated=True)


@needs("payments.edit")
@require_POST
def account_settle_secret(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Accept only the newest secret from now on."""
    desk = desk_of(request)
    operations.end_rotation(merchant_id=desk.merchant_id, uid=uid, name=SECRET, actor=desk.actor)
    messages.success(request, _("Only the new secret is accepted now."))
    return redirect("console_payment_accounts")


def _page(
    request: ConsoleRequest,
    form: AccountForm,
    *,
    shown: tuple[str, Mapping[str, str]] | None = None,
    rotated: bool = False,
    status: int = 200,
) -> HttpResponse:
    desk = desk_of(request)
    context = {
        "form": form,
        "rows": [
            (row, PROVIDERS.get(row.provider, row.provider), _callback(request, row))
            for row in queries.accounts(merchant_id=desk.merchant_id)
        ],
        "can_edit": "payments.edit" in desk.permissions,
        "can_add": _can_add(desk),
        "is_trial": desk.kind in TRIALS,
        "shown_uid": shown[0] if shown else "",
        "shown": [(SECRET_WORDS.get(name, name), value) for name, value in shown[1].items()]
        if shown
        else [],
        "rotated": rotated,
    }
    response = render(request, "console/payments/accounts.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _can_add(desk: Desk) -> bool:
    return "payments.edit" in desk.permissions and desk.kind in TRIALS


def _callback(request: ConsoleRequest, row: queries.AccountRow) -> str:
    """Return where the company sends its messages to."""
    path = f"/callbacks/payments/{row.provider}/{row.uid}"
    return request.build_absolute_uri(path)
