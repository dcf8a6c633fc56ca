"""API keys at the desk: made, shown once, revoked (J1)."""

from datetime import timedelta
from ipaddress import ip_network

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kacang.merchants import operations, queries
from kacang.merchants.operations import KeyDraft
from kacang.merchants.permissions import SCOPES
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

ADDRESSES_MAX = 50
RATE_MAX = 100_000
STATES = {
    "active": ("green", gettext_lazy("Active")),
    "expired": ("grey", gettext_lazy("Expired")),
    "revoked": ("red", gettext_lazy("Revoked")),
}


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("What uses it, such as “ERP” or “Taobao sync”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"),
        coerce=int,
        initial=365,
        choices=[
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("1 year")),
            (0, gettext_lazy("Until revoked")),
        ],
    )
    addresses = forms.CharField(
        label=gettext_lazy("Only from these addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One address or network a line, such as 203.0.113.7 or "
                               "203.0.113.0/24. Empty: from everywhere."),
    )  # fmt: skip
    rate = forms.IntegerField(
        label=gettext_lazy("Calls a minute"),
        required=False,
        min_value=1,
        max_value=RATE_MAX,
        help_text=gettext_lazy("Empty: the limit of the installation."),
    )

    def clean_addresses(self) -> tuple[str, ...]:
        """Return the addresses, each checked."""
        lines = [line.strip() for line in self.cleaned_data["addresses"].splitlines()]
        given = tuple(line for line in lines if line)
        if len(given) > ADDRESSES_MAX:
            raise forms.ValidationError(_("At most 50 addresses."))
        for one in given:
            try:
                ip_network(one, strict=False)
            except ValueError:
                raise forms.ValidationError(
                    _("%(value)s is not an address or network."), params={"value": one[:50]}
                ) from None
        return given


@needs("keys.view")
@require_safe
def key_list(request: ConsoleRequest) -> HttpResponse:
    """Show the keys and when each was last used."""
    now = utc_now()
    rows = [
        {"key": key, "state": key.state(now), "look": STATES[key.state(now)],
         "scopes": [SCOPES.get(scope, scope) for scope in key.scopes]}
        for key in queries.api_keys(merchant_id=request.merchant)
    ]  # fmt: skip
    values = {"rows": rows, "may_edit": "keys.edit" in request.membership.permissions}
    return render(request, "console/keys/list.html", values)


@needs("keys.edit")
@require_http_methods(["GET", "POST"])
def key_new(request: ConsoleRequest) -> HttpResponse:
    """Make a key. It is on the answer and never again."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.create_key(
                merchant_id=request.merchant, draft=_draft(form), actor=request.actor
            )
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            values = {"made": made, "name": form.cleaned_data["name"]}
            return render(request, "console/keys/made.html", values)
    status = 422 if form.errors else 200
    return render(request, "console/keys/new.html", {"form": form}, status=status)


@needs("keys.edit")
@require_POST
def key_revoke(request: ConsoleRequest, uid: str) -> HttpResponse:
    """End a key."""
    operations.revoke_key(merchant_id=request.merchant, uid=uid, actor=request.actor)
    messages.success(request, _("The key is revoked; it opens nothing any more."))
    return redirect("console_keys")


def _draft(form: KeyForm) -> KeyDraft:
    given = form.cleaned_data
    days = given["days"]
    return KeyDraft(
        name=given["name"],
        scopes=tuple(given["scopes"]),
        addresses=given["addresses"],
        expires_at=utc_now() + timedelta(days=days) if days else None,
        rate_per_minute=given["rate"] or 0,
    )
