"""What buyers fill in. Errors stand at the field, and what was typed stays (W3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.catalog.operations import BadAnswer, check_answers
from kacang.catalog.queries import FormField
from kacang.merchants.queries import StoreInfo
from kacang.payments.queries import Offer
from kacang.shared.contacts import BadEmail, BadPhone, Contact, read_contact
from kacang.web.shop.goods import words
from kacang.web.shop.options import ContactRule

PASSWORD_MIN, PASSWORD_MAX = 6, 64
ANSWER_PREFIX = "f_"
PROBLEMS = {
    "missing": _("Please fill this in."),
    "pattern": _("This does not look right. Please check it."),
    "wrong": _("This is not possible here."),
}
NOT_AN_EMAIL = _("This is not an e-mail address.")
NOT_A_PHONE = _("This is not a phone number.")
INPUT_MODES = {"phone": "tel", "number": "decimal", "email": "email"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a checkout asks for.

    `keeps_cookies`: the browser can find its order again itself. `remembers`: buyers are asked
    whether the shop may know them again. `store`: the one that they seem to be in.
    """

    contact: ContactRule
    fields: tuple[FormField, ...]
    offers: tuple[Offer, ...]
    keeps_cookies: bool
    remembers: bool = False
    store: StoreInfo | None = None


class ContactForm(forms.Form):
    """Brings an address and a number, where a form asks for them, to their one form."""

    def clean_email(self) -> str:
        """Bring the address to one form."""
        try:
            return read_contact(email=self.cleaned_data["email"], phone=None).email
        except BadEmail:
            raise forms.ValidationError(NOT_AN_EMAIL) from None

    def clean_phone(self) -> str:
        """Bring the number to one form."""
        try:
            return read_contact(email=None, phone=self.cleaned_data["phone"]).phone
        except BadPhone:
            raise forms.ValidationError(NOT_A_PHONE) from None


class CheckoutForm(ContactForm):
    """Contact, order password, the products' own questions, and the way to pay."""

    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    email = forms.CharField(label=_("E-mail"), required=False, max_length=254)
    password = forms.CharField(
        label=_("Order password"),
        required=False,
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Mapping[str, Any] | None, asked: Asked) -> None:
        super().__init__(data, auto_id="id_%s")
        self.asked = asked
        self.use_required_attribute = False
        self.fields["phone"].widget.attrs.update(inputmode="tel", autocomplete="tel")
        self.fields["email"].widget.attrs.update(inputmode="email", autocomplete="email")
        if asked.remembers:
            self.fields["remember"] = forms.BooleanField(required=False)
        if asked.store:
            self.fields["in_store"] = forms.BooleanField(required=False)
        for field in asked.fields:
            self.fields[ANSWER_PREFIX + field.name] = _answer_field(field)
        if asked.offers:
            self.fields["provider"] = forms.ChoiceField(
                choices=[(offer.provider, offer.name) for offer in asked.offers],
                error_messages={
                    "required": _("Please choose how to pay."),
                    "invalid_choice": _("Please choose how to pay."),
                },
            )

    @property
    def contact(self) -> Contact:
        """The contact as it is stored. Only of a valid form."""
        return Contact(
            email=self.cleaned_data.get("email", ""), phone=self.cleaned_data.get("phone", "")
        )

    @property
    def answers(self) -> dict[str, str]:
        """The answers to the products' questions, by the names of those."""
        return {
            field.name: self.cleaned_data.get(ANSWER_PREFIX + field.name, "")
            for field in self.asked.fields
        }

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        """Phone, e-mail and password."""
        return [self[name] for name in ("phone", "email", "password")]

    @property
    def answer_fields(self) -> list[forms.BoundField]:
        """The products' own questions."""
        return [self[ANSWER_PREFIX + field.name] for field in self.asked.fields]

    def clean_password(self) -> str:
        """Hold the password to its length."""
        password = str(self.cleaned_data["password"])
        if password and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            raise forms.ValidationError(_("The password needs 6 to 64 characters."))
        return password

    def clean(self) -> dict[str, Any]:
        """Check what goes together: contact and password, and each answer."""
        self._check_contact()
        for field in self.asked.fields:
            self._check_answer(field)
        return self.cleaned_data

    def _check_contact(self) -> None:
        given = {name for name in ("email", "phone") if self.cleaned_data.get(name)}
        for name in self.asked.contact.missing(given):
            if name not in self.errors:
                self.add_error(name, self._contact_missing())
        nothing = not given and not self.asked.keeps_cookies
        if nothing and not self.cleaned_data.get("password") and "password" not in self.errors:
            self.add_error(
                "password", _("Without contact or cookies, only a password opens your order.")
            )

    def _contact_missing(self) -> Any:
        if self.asked.contact is ContactRule.EITHER:
            return _("Please leave a phone number or an e-mail address.")
        return PROBLEMS["missing"]

    def _check_answer(self, field: FormField) -> None:
        name = ANSWER_PREFIX + field.name
        try:
            check_answers([field], {field.name: str(self.cleaned_data.get(name, ""))})
        except BadAnswer as error:
            self.add_error(name, PROBLEMS.get(str(error.detail.get("problem")), PROBLEMS["wrong"]))


class LookupForm(forms.Form):
    """An order's number and the contact that it was placed with."""

    number = forms.CharField(label=_("Order number"), max_length=30)
    contact = forms.CharField(label=_("E-mail or phone"), max_length=254)

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.use_required_attribute = False
        self.fields["contact"].widget.attrs.update(autocomplete="email")
        for field in self.fields.values():
            field.error_messages["required"] = PROBLEMS["missing"]

    def clean_number(self) -> str:
        """Bring the number to its one form."""
        return order_number(self.cleaned_data["number"])


def order_number(typed: str) -> str:
    """Return an order's number as it is stored: however it was spaced, dashed or cased."""
    return "".join(letter for letter in typed if letter.isascii() and letter.isalnum())[:20].upper()


def _answer_field(field: FormField) -> forms.Field:
    label, hint = words(field.label), words(field.hint)
    common: dict[str, Any] = {"label": label, "help_text": hint, "required": False}
    if field.kind == "select":
        options: Iterable[tuple[str, str]] = [(option, option) for option in field.options]
        empty = [("", _("Please choose"))]
        made: forms.Field = forms.ChoiceField(choices=[*empty, *options], **common)
        made.error_messages["invalid_choice"] = PROBLEMS["wrong"]
        return made
    attributes: dict[str, Any] = {
        "autocomplete": "off",
        "inputmode": INPUT_MODES.get(field.kind, "text"),
    }
    if not field.required:
        attributes["placeholder"] = _("optional")
    if field.secret:
        # What was typed stays when the form comes back: the page is stored nowhere.
        widget: forms.Widget = forms.PasswordInput(render_value=True, attrs=attributes)
    else:
        widget = forms.TextInput(attrs=attributes)
    return forms.CharField(widget=widget, strip=not field.secret, **common)
