"""Payment accounts at the desk: opened, filled in, tried out, switched (P1, L9)."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.catalog import queries as catalog
from kacang.payments import operations, queries
from kacang.payments.accounts import health
from kacang.payments.accounts.details import AccountDetails, AccountEventKind, account_details
from kacang.payments.companies import registry
from kacang.payments.ports import PaymentProvider
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.payments.account_forms import (
    AccountForm,
    NewAccountForm,
    initial_of,
    label_of,
)
from kacang.web.design.companies import company_name
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest
from kacang.web.shop.site import language

TRIALS = frozenset({"test", "demo"})
TRIAL_COMPANIES = frozenset({"sandbox"})
PRODUCTS_SHOWN = 500
PROBES = (AccountEventKind.PROBED, AccountEventKind.PROBE_FAILED)


@needs("payments.view")
@require_safe
def account_list(request: ConsoleRequest) -> HttpResponse:
    """Show the accounts in the order of the checkout, and the companies that there are."""
    desk = desk_of(request)
    did = health.lately(merchant_id=desk.merchant_id)
    context = {
        "rows": [(row, did.get(row.uid)) for row in queries.accounts(merchant_id=desk.merchant_id)],
        "companies": _companies(desk) if "payments.edit" in desk.permissions else [],
        "can_edit": "payments.edit" in desk.permissions,
    }
    return render(request, "console/payments/accounts.html", context)


@needs("payments.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: ConsoleRequest) -> HttpResponse:
    """Open an account at a company; secrets that are made for it are shown this once.

    One that needs nothing more than what was made for it takes payments at once.
    """
    desk = desk_of(request)
    asked = request.POST.get("company") or request.GET.get("company") or "sandbox"
    if asked not in _companies(desk):
        raise Http404
    company = registry.provider(asked)
    data = request.POST if request.method == "POST" else None
    form = NewAccountForm(
        data, company=company, currency=desk.currency, initial={"name": company_name(asked)}
    )
    if data is None or not form.is_valid():
        return _new_page(request, form, asked, status=200 if data is None else 422)
    try:
        made = operations.create_account(
            merchant_id=desk.merchant_id,
            account=operations.NewAccount(
                provider=asked,
                name=form.cleaned_data["name"],
                currency=form.cleaned_data["currency"],
                secrets=form.secrets or None,
                options=form.options,
            ),
            actor=desk.actor,
        )
        if made.made_secrets:
            operations.enable_account(merchant_id=desk.merchant_id, uid=made.uid, actor=desk.actor)
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _new_page(request, form, asked, status=422)
    if made.made_secrets:
        return _page(request, made.uid, shown=made.made_secrets)
    messages.success(request, _("The account is kept. Try it out, then switch it on."))
    return redirect("console_payment_account", made.uid)


@needs("payments.view")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one account; whoever may, changes it here."""
    if request.method == "POST":
        return account_change(request, uid)
    return _page(request, uid)


@needs("payments.edit")
def account_change(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Keep what was filled in."""
    desk = desk_of(request)
    details = account_details(merchant_id=desk.merchant_id, uid=uid)
    form = _form(desk, details, request)
    if not form.is_valid():
        return _page(request, uid, form=form, status=422)
    try:
        operations.change_account(
            merchant_id=desk.merchant_id, uid=uid, change=form.change, actor=desk.actor
        )
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, uid, form=form, status=422)
    messages.success(request, _("The account is kept."))
    return redirect("console_payment_account", uid)


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
    return redirect("console_payment_account", uid)


@needs("payments.edit")
@require_POST
def account_probe(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Try an account out, and say what the company said (拨测)."""
    desk = desk_of(request)
    try:
        probe = operations.probe_account(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    except queries.UnknownAccount:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        if probe.passed:
            messages.success(request, _("The company answers, and knows the account."))
        else:
            messages.error(request, _("The trial failed: see below what the company said."))
    return redirect("console_payment_account", uid)


@needs("payments.edit")
@require_POST
def account_rotate(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Put a new secret in force beside the present one; it is shown this once."""
    desk = desk_of(request)
    details = account_details(merchant_id=desk.merchant_id, uid=uid)
    made = {}
    for name in registry.provider(details.row.provider).new_secrets() or {}:
        made[name] = operations.set_secret(
            merchant_id=desk.merchant_id, uid=uid, name=name, actor=desk.actor
        )
    return _page(request, uid, shown=made, rotated=True)


@needs("payments.edit")
@require_POST
def account_settle_secret(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Accept only the newest secrets from now on."""
    desk = desk_of(request)
    details = account_details(merchant_id=desk.merchant_id, uid=uid)
    for name, values in details.secrets.items():
        if values > 1:
            operations.end_rotation(
                merchant_id=desk.merchant_id, uid=uid, name=name, actor=desk.actor
            )
    messages.success(request, _("Only the new secret is accepted now."))
    return redirect("console_payment_account", uid)


@needs("payments.edit", "secrets.reveal")
@require_POST
def account_reveal(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an account's secrets, for a reason; the log has it first."""
    desk = desk_of(request)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:300]
    if not reason:
        messages.error(request, _("Please say why."))
        return redirect("console_payment_account", uid)
    found = operations.reveal_secrets(
        merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, reason=reason
    )
    return _page(request, uid, shown=found)


def _companies(desk: Desk) -> list[str]:
    """Return the companies at which this merchant may have an account."""
    names = sorted(registry.providers(), key=lambda name: (name in TRIAL_COMPANIES, name))
    return [name for name in names if desk.kind in TRIALS or name not in TRIAL_COMPANIES]


def _company(details: AccountDetails) -> PaymentProvider | None:
    return registry.providers().get(details.row.provider)


def _form(desk: Desk, details: AccountDetails, request: ConsoleRequest | None) -> AccountForm:
    return AccountForm(
        request.POST if request else None,
        company=_company(details),
        kept=details.secrets,
        products=_products(desk, details),
        currency=details.row.currency,
        initial=initial_of(details),
    )


def _products(desk: Desk, details: AccountDetails) -> list[tuple[str, str]]:
    page = catalog.products_page(
        merchant_id=desk.merchant_id, where=catalog.ProductFilter(), limit=PRODUCTS_SHOWN
    )
    found = {item.uid: pick(item.title, language()) for item in page.items}
    # What is archived meanwhile stays ticked: leaving it out would open the account to all.
    return [*found.items(), *((uid, uid) for uid in details.row.limits.products - set(found))]


def _new_page(
    request: ConsoleRequest, form: NewAccountForm, company: str, *, status: int
) -> HttpResponse:
    context = {"form": form, "company": company}
    return _unkept(render(request, "console/payments/account_new.html", context, status=status))


def _page(
    request: ConsoleRequest,
    uid: str,
    *,
    form: AccountForm | None = None,
    shown: Mapping[str, str] | None = None,
    rotated: bool = False,
    status: int = 200,
) -> HttpResponse:
    desk = desk_of(request)
    details = account_details(merchant_id=desk.merchant_id, uid=uid)
    company = _company(details)
    context = {
        "details": details,
        "row": details.row,
        "did": health.lately(merchant_id=desk.merchant_id).get(uid),
        "minutes": health.minutes_of(desk.merchant_id),
        "form": form or _form(desk, details, None),
        "callback": f"{settings.PUBLIC_URL}/callbacks/payments/{details.row.provider}/{uid}",
        "kept": [label_of(company, name) for name in details.secrets],
        "is_changing": any(values > 1 for values in details.secrets.values()),
        "makes_secrets": bool(company and company.new_secrets()),
        "probe": next((entry for entry in details.history if entry.kind in PROBES), None),
        "shown": [(label_of(company, name), value) for name, value in (shown or {}).items()],
        "rotated": rotated,
        "can_edit": "payments.edit" in desk.permissions,
        "can_reveal": {"payments.edit", "secrets.reveal"} <= desk.permissions,
    }
    return _unkept(render(request, "console/payments/account.html", context, status=status))


def _unkept(response: HttpResponse) -> HttpResponse:
    """Keep a page with secrets on it out of the browser's memory."""
    response["Cache-Control"] = "no-store"
    return response
