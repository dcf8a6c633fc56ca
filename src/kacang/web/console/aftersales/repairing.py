"""The form in which wrong codes of a case are typed anew (X1)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from kacang.aftersales.types import Correction
from kacang.vault.queries import UnitCard
from kacang.vault.reading.lines import NUMBER_MAX, SECRET_BYTES_MAX
from kacang.web.console.aftersales.forms import ReasonForm

FIELD_OFF = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class RepairForm(ReasonForm):
    """The right code of each card that has a wrong one; cards that are right stay empty."""

    def __init__(self, *args: Any, cards: Sequence[UnitCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cards = cards
        for place, card in enumerate(cards):
            named = {"unit": card.unit_no, "number": card.shown_number}
            if card.shown_number:
                self.fields[f"number_{place}"] = forms.CharField(
                    label=_("Right card number of #%(unit)s") % named,
                    max_length=NUMBER_MAX,
                    required=False,
                    help_text=_("Empty: %(number)s is right.") % named,
                    widget=forms.TextInput(attrs=FIELD_OFF),
                )
            self.fields[f"secret_{place}"] = forms.CharField(
                label=_("Right code of #%(unit)s") % named,
                max_length=SECRET_BYTES_MAX,
                required=False,
                widget=forms.TextInput(attrs=FIELD_OFF),
            )
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def clean(self) -> dict[str, Any]:
        """Gather what is corrected."""
        said = super().clean() or {}
        said["corrections"] = [
            Correction(card.card_uid, secret, said.get(f"number_{place}") or None)
            for place, card in enumerate(self.cards)
            if (secret := said.get(f"secret_{place}", ""))
        ]
        if not said["corrections"] and not self.errors:
            raise forms.ValidationError(_("Give the right code of at least one card."))
        return said
