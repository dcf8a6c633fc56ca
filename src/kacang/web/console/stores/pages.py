"""Stores at the desk: where the merchant sells over the counter, and who works there (R1, I1)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.operations import BadStore, StoreCodeTaken, StoreDraft, TooManyStores
from kacang.merchants.permissions import Reach, Role, preset_reach
from kacang.merchants.queries import StoreInfo
from kacang.web.console.access import needs
from kacang.web.console.telling import told
from kacang.web.errors import text_of
from kacang.web.mails.links import shop_url
from kacang.web.requests import ConsoleRequest

UID_MOST = 32


class StoreForm(forms.Form):
    """What a store is called, and the word by which its address names it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    code = forms.CharField(
        label=pgettext_lazy("store", "Code"),
        max_length=20,
        help_text=gettext_lazy(
            "Part of the store's address: small letters, digits and hyphens, such as “nanjing-1”."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    address = forms.CharField(
        label=gettext_lazy("Where it is"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For your staff. Buyers do not see it."),
    )

    @property
    def draft(self) -> StoreDraft:
        """What was filled in."""
        return StoreDraft(**self.cleaned_data)


@needs("stores.view")
@require_safe
def store_list(request: ConsoleRequest) -> HttpResponse:
    """Show the stores, and how many work in each."""
    found = queries.stores(merchant_id=request.merchant)
    return render(request, "console/stores/list.html", {"stores": found, **_may(request)})


@needs("stores.edit")
@require_http_methods(["GET", "POST"])
def store_new(request: ConsoleRequest) -> HttpResponse:
    """Open a store."""
    form = StoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            uid = operations.open_store(
                merchant_id=request.merchant, draft=form.draft, actor=request.actor
            )
        except (BadStore, StoreCodeTaken, TooManyStores) as error:
            form.add_error("code", text_of(error))
        else:
            return redirect("console_store", uid)
    return _form(request, form)


@needs("stores.view")
@require_safe
def store_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one store: its address for buyers, who works there."""
    store = queries.store(merchant_id=request.merchant, uid=uid)
    people = [one for one in queries.staff(merchant_id=request.merchant) if one.is_active]
    reaches = _reaches(request)
    values = {
        "store": store,
        "link": shop_url(request.merchant, "store", code=store.code),
        "clerks": [(one, reaches[one.role_key]) for one in people if one.uid in store.clerks],
        "people": people,
        "may_see_orders": "orders.view" in request.membership.permissions,
        **_may(request),
    }
    return render(request, "console/stores/page.html", values)


@needs("stores.edit")
@require_http_methods(["GET", "POST"])
def store_edit(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Change a store's name, code or address."""
    store = queries.store(merchant_id=request.merchant, uid=uid)
    first = {"name": store.name, "code": store.code, "address": store.address}
    form = StoreForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_store(
                merchant_id=request.merchant, uid=uid, draft=form.draft, actor=request.actor
            )
        except (BadStore, StoreCodeTaken) as error:
            form.add_error("code", text_of(error))
        else:
            return redirect("console_store", uid)
    return _form(request, form, store)


@needs("stores.edit")
@require_POST
def store_clerks(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Say who works in a store."""
    members = {one.replace("\0", "")[:UID_MOST] for one in request.POST.getlist("member")}

    def act() -> str:
        operations.set_clerks(
            merchant_id=request.merchant, uid=uid, members=members, actor=request.actor
        )
        return _("Saved. It counts from everybody's next click.")

    told(request, act)
    return redirect("console_store", uid)


@needs("stores.edit")
@require_POST
def store_close(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Close a store; its orders stay."""

    def act() -> str:
        operations.close_store(
            merchant_id=request.merchant, uid=uid, actor=request.actor, now=timezone.now()
        )
        return _("The store is closed. Its orders stay.")

    told(request, act)
    return redirect("console_store", uid)


@needs("stores.edit")
@require_POST
def store_reopen(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Open a store again."""

    def act() -> str:
        operations.reopen_store(merchant_id=request.merchant, uid=uid, actor=request.actor)
        return _("The store is open again.")

    told(request, act)
    return redirect("console_store", uid)


def _form(request: ConsoleRequest, form: StoreForm, store: StoreInfo | None = None) -> HttpResponse:
    status = 422 if form.errors else 200
    values = {"form": form, "store": store}
    return render(request, "console/stores/form.html", values, status=status)


def _reaches(request: ConsoleRequest) -> Mapping[str, Any]:
    """Return by the key of a role how far it reaches: a store counts where it reaches to stores."""
    preset: dict[str, Any] = {role.value: preset_reach(role) for role in Role}
    custom = {
        one.uid: Reach(one.reach) for one in queries.custom_roles(merchant_id=request.merchant)
    }
    return {**preset, **custom}


def _may(request: ConsoleRequest) -> dict[str, object]:
    return {"may_edit": "stores.edit" in request.membership.permissions}
