"""Amounts of money in forms of the desk."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.shared.errors import DomainError
from kacang.shared.money import Money


class PriceField(forms.CharField):
    """An amount as a person types it; its value is whole minor units, or None when empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options
        )

    def clean(self, value: Any) -> Any:
        """Read the amount in the form's currency."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return Money.parse(text, getattr(self, "currency", "CNY")).minor
        except DomainError:
            raise forms.ValidationError(_("This is not an amount.")) from None


class PricedForm(forms.Form):
    """A form whose amounts are in one currency."""

    def __init__(self, *arguments: Any, currency: str = "CNY", **options: Any) -> None:
        super().__init__(*arguments, **options)
        for field in self.fields.values():
            if isinstance(field, PriceField):
                field.currency = currency  # type: ignore[attr-defined]  # read by clean
