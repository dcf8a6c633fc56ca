"""What is asked of who decides a case (X1)."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kacang.aftersales.deciding import REASON_MAX
from kacang.logistics.couriers import NUMBER_MAX
from kacang.logistics.queries import read_number
from kacang.orders.refunding.queries import Refundable
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.console.orders.parcels import couriers
from kacang.web.errors import text_of

WAYS: dict[str, Promise] = {
    "origin": gettext_lazy("To where it came from, by the payment company"),
    "wallet": gettext_lazy("Into the buyer's wallet in this shop, at once"),
    "by_hand": gettext_lazy("By hand: a person pays it and notes how"),
}


class ReasonForm(forms.Form):
    """Why a case is decided so: the buyer reads it."""

    reason = forms.CharField(
        label=gettext_lazy("What the buyer reads about it"),
        max_length=REASON_MAX,
        help_text=gettext_lazy("The buyer reads this by mail and on the page of the case."),
    )


class ReshipForm(ReasonForm):
    """With whom the goods go again; left empty, they are fetched or brought."""

    courier = forms.ChoiceField(label=gettext_lazy("Courier"), required=False)
    tracking = forms.CharField(
        label=gettext_lazy("Tracking number"),
        required=False,
        max_length=NUMBER_MAX + 20,
        help_text=gettext_lazy(
            "The buyer gets it by mail and follows the parcel on the order's page. Left empty, no"
            " parcel is made: the pieces are fetched or brought."
        ),
    )
    field_order = ("courier", "tracking", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["courier"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *couriers()]

    def clean(self) -> dict[str, Any]:
        """Hold courier and number together, and the number to its courier's look."""
        cleaned = super().clean() or {}
        courier, tracking = cleaned.get("courier", ""), cleaned.get("tracking", "")
        if bool(courier) != bool(tracking):
            self.add_error("tracking" if courier else "courier", _("Both, or neither of them."))
        elif courier:
            try:
                cleaned["tracking"] = read_number(courier, tracking)
            except DomainError as error:
                self.add_error("tracking", text_of(error))
        return cleaned


class RefundForm(ReasonForm):
    """How much goes back, which way, and whether the card or goods are taken back."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    way = forms.ChoiceField(label=gettext_lazy("Which way"), widget=forms.RadioSelect)
    take_back = forms.BooleanField(
        label=gettext_lazy("Take back what was delivered"),
        required=False,
        help_text=gettext_lazy(
            "Codes that nobody looked at and goods go on sale again, the rest becomes void."
        ),
    )
    field_order = ("amount", "way", "take_back", "reason")

    def __init__(self, *args: Any, can: Refundable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can = can
        offered = {"origin": can.by_company, "wallet": bool(can.wallet), "by_hand": True}
        way = self.fields["way"]
        assert isinstance(way, forms.ChoiceField)
        way.choices = [(name, words) for name, words in WAYS.items() if offered[name]]
        self.fields["amount"].help_text = _("At most %(left)s.") % {"left": can.left}

    def clean_amount(self) -> Money:
        """Return what goes back."""
        try:
            amount = Money.parse(self.cleaned_data["amount"], self.can.left.currency)
        except DomainError:
            raise forms.ValidationError(_("This is not an amount.")) from None
        if not 0 < amount.minor <= self.can.left.minor:
            raise forms.ValidationError(_("At most %(left)s.") % {"left": self.can.left})
        return amount
