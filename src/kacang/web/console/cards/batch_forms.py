"""What is known of cards that come in together: a face value, facts, numbers that count up (V1)."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kacang.shared.errors import DomainError
from kacang.shared.money import EXPONENTS, Money
from kacang.vault.imports.intake import FACT_MAX, FACTS_MAX, LABEL_MAX
from kacang.vault.making.serials import LAST_MAX, PREFIX_MAX, WIDTH_MAX
from kacang.vault.operations import SerialRange
from kacang.web.console.products.prices import PricedForm

_COLONS = (":", "：")
_DEFAULT = "CNY"


class FactsForm(PricedForm):
    """A batch's face value and facts, as fields of the form that brings it in."""

    face_value = forms.CharField(
        label=gettext_lazy("Face value"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("What is printed on each card. It does not change the price."),
    )
    face_currency = forms.ChoiceField(
        label=gettext_lazy("Currency of the face value"),
        required=False,
        choices=[(code, code) for code in EXPONENTS],
    )
    facts = forms.CharField(
        label=gettext_lazy("Batch data"),
        max_length=FACTS_MAX * (LABEL_MAX + FACT_MAX + 3),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line, such as “Region: US”. Staff see it; it is no secret."),
    )

    def __init__(self, *arguments: Any, currency: str = _DEFAULT, **options: Any) -> None:
        super().__init__(*arguments, currency=currency, **options)
        self.fields["face_currency"].initial = currency

    def clean_face_currency(self) -> str:
        """Without a choice it is the shop's own currency."""
        initial = self.fields["face_currency"].initial
        return str(self.cleaned_data["face_currency"] or initial)

    def clean_facts(self) -> tuple[tuple[str, str], ...]:
        """Read label and text from each line."""
        facts = []
        for line in str(self.cleaned_data["facts"]).splitlines():
            if not line.strip():
                continue
            at = min((line.find(colon) for colon in _COLONS if colon in line), default=-1)
            label, text = line[:at].strip(), line[at + 1 :].strip()
            if at < 0 or not label or not text:
                raise forms.ValidationError(
                    _("There is no label, colon and text: %(line)s"), params={"line": line[:60]}
                )
            facts.append((label, text))
        return tuple(facts)

    def clean(self) -> dict[str, Any]:
        """Read the face value in its currency."""
        cleaned = super().clean() or {}
        text, currency = cleaned.get("face_value"), cleaned.get("face_currency")
        cleaned["face"] = None
        if text and currency:
            try:
                cleaned["face"] = Money.parse(text, currency)
            except DomainError:
                self.add_error("face_value", _("This is not an amount."))
        return cleaned

    def known(self) -> dict[str, Any]:
        """Return what was said, as a purchase takes it."""
        return {"face_value": self.cleaned_data["face"], "facts": self.cleaned_data["facts"]}


class SerialForm(FactsForm):
    """The same, and numbers that count up. Without a first number there are none."""

    serial_prefix = forms.CharField(
        label=gettext_lazy("Prefix"), max_length=PREFIX_MAX, required=False
    )
    serial_first = forms.IntegerField(
        label=gettext_lazy("From"), min_value=0, max_value=LAST_MAX, required=False
    )
    serial_last = forms.IntegerField(
        label=gettext_lazy("To"), min_value=0, max_value=LAST_MAX, required=False
    )
    serial_step = forms.IntegerField(
        label=gettext_lazy("Step"), min_value=1, max_value=LAST_MAX, required=False, initial=1
    )
    serial_width = forms.IntegerField(
        label=gettext_lazy("Digits, with zeros in front"),
        min_value=0,
        max_value=WIDTH_MAX,
        required=False,
        help_text=gettext_lazy("Empty: as many as it takes."),
    )
    serial_check = forms.BooleanField(label=gettext_lazy("A check digit behind"), required=False)

    def clean(self) -> dict[str, Any]:
        """Numbers have a beginning and an end."""
        cleaned = super().clean() or {}
        ends = [cleaned.get("serial_first"), cleaned.get("serial_last")]
        if ends.count(None) == 1:
            name = "serial_first" if ends[0] is None else "serial_last"
            if name not in self.errors:
                self.add_error(name, _("Numbers that count up need a first and a last one."))
        return cleaned

    def serial(self) -> SerialRange | None:
        """Return the numbers, once the form is valid."""
        data = self.cleaned_data
        if data.get("serial_first") is None or data.get("serial_last") is None:
            return None
        return SerialRange(
            first=data["serial_first"],
            last=data["serial_last"],
            prefix=data.get("serial_prefix") or "",
            step=data.get("serial_step") or 1,
            width=data.get("serial_width") or 0,
            has_check=bool(data.get("serial_check")),
        )
