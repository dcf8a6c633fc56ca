"""Whom goods go to that are sent by courier: asked for where they are bought (O3, L1)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.logistics import operations as logistics
from kacang.logistics.queries import RecipientView
from kacang.web.shop.forms import NOT_A_PHONE, PROBLEMS

# So that the buyer's own phone and the recipient's stay apart in one page.
PREFIX = "to"
WRONG = {
    "name": _("At most 60 characters, please."),
    "phone": NOT_A_PHONE,
    "region": _("At most 80 characters, please."),
    "address": _("Please write the street and number, in 4 to 200 characters."),
    "postcode": _("This is not a postcode."),
}


def _text(label: Any, *, autocomplete: str, most: int, hint: Any = "") -> forms.CharField:
    attributes = {"autocomplete": f"shipping {autocomplete}", "maxlength": most}
    if hint:
        attributes["placeholder"] = hint
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attributes))


class RecipientForm(forms.Form):
    """Name, phone, region, address and postcode of whoever gets the parcel."""

    name = _text(_("Recipient"), autocomplete="name", most=60)
    phone = _text(_("Recipient's phone"), autocomplete="tel", most=40)
    region = _text(
        _("Province, city, district"), autocomplete="address-level1", most=80,
        hint=_("such as Zhejiang, Hangzhou, Xihu"),
    )  # fmt: skip
    address = _text(_("Street and number"), autocomplete="address-line1", most=200)
    postcode = _text(
        _("Postcode"), autocomplete="postal-code", most=10, hint=_("optional")
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None, known: RecipientView | None = None) -> None:
        initial = {part: getattr(known, part) for part in self.base_fields} if known else None
        super().__init__(data, initial=initial, prefix=PREFIX)
        self.use_required_attribute = False
        self.fields["phone"].widget.attrs["inputmode"] = "tel"

    def clean(self) -> dict[str, Any]:
        """Say at each field what is wrong with it, in the words of whoever fills it in."""
        for part in self.fields:
            problem = logistics.part_problem(part, str(self.cleaned_data.get(part, "")))
            if problem and part not in self.errors:
                self.add_error(part, PROBLEMS["missing"] if problem == "missing" else WRONG[part])
        return self.cleaned_data

    @property
    def recipient(self) -> RecipientView:
        """What was filled in. Only of a valid form."""
        return RecipientView(**{part: str(self.cleaned_data[part]) for part in self.fields})
