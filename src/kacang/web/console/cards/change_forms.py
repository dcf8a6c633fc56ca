"""What a bulk change asks beyond the cards: one form for each kind (V3, V6, S3)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kacang.vault.operations import Change, Purchase, Terms
from kacang.web.console.cards.importing import end_of_day

REASON_MOST = 300
Choices = Sequence[tuple[str, Any]]


class ChangeForm(forms.Form):
    """The reason, which every change needs."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_MOST)
    field_order: Sequence[str] | None = ["until", "days", "target", "name", "most", "supplier"]

    def terms(self) -> Terms:
        """Return what the change needs to know."""
        return Terms()


class ExtendForm(ChangeForm):
    """A new last day, or so many days more."""

    until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Or so many days longer"), required=False, min_value=1, max_value=3650
    )

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("until")) == bool(cleaned.get("days")):
            self.add_error("until", _("Give a day, or a number of days."))
        return cleaned

    def terms(self) -> Terms:
        """Return what the change needs to know."""
        data = self.cleaned_data
        return Terms(until=end_of_day(data["until"]), days=data["days"] or 0)


class PoolForm(ChangeForm):
    """A pool that is there, or the name of a new one."""

    target = forms.ChoiceField(label=gettext_lazy("Pool"), required=False)
    name = forms.CharField(
        label=gettext_lazy("Or the name of a new pool"), max_length=80, required=False
    )

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("target")) == bool(cleaned.get("name")):
            self.add_error("target", _("Choose a pool, or give the name of a new one."))
        return cleaned


class TargetForm(ChangeForm):
    """Where to: a SKU."""

    target = forms.ChoiceField(label=gettext_lazy("Product"))

    def terms(self) -> Terms:
        """Return what the change needs to know."""
        return Terms(sku_uid=self.cleaned_data["target"])


class MergeForm(ChangeForm):
    """Where to: a batch."""

    target = forms.ChoiceField(label=gettext_lazy("Batch"))

    def terms(self) -> Terms:
        """Return what the change needs to know."""
        return Terms(batch_uid=self.cleaned_data["target"])


class SplitForm(ChangeForm):
    """How many, and what the new batch says of itself."""

    most = forms.IntegerField(
        label=gettext_lazy("How many"),
        required=False,
        min_value=1,
        max_value=10_000_000,
        help_text=gettext_lazy("The first unsold ones. Empty: all that are unsold."),
    )
    supplier = forms.CharField(label=gettext_lazy("Supplier"), max_length=120, required=False)
    purchase_number = forms.CharField(
        label=gettext_lazy("Purchase number"), max_length=60, required=False
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def terms(self) -> Terms:
        """Return what the change needs to know."""
        data = self.cleaned_data
        purchase = Purchase(
            supplier=data["supplier"],
            purchase_number=data["purchase_number"],
            note=data["note"],
        )
        return Terms(most=data["most"] or 0, purchase=purchase)


FORMS: dict[Change, type[ChangeForm]] = {
    Change.EXTEND: ExtendForm,
    Change.POOL: PoolForm,
    Change.OTHER_SKU: TargetForm,
    Change.MERGE: MergeForm,
    Change.SPLIT: SplitForm,
}


def form_of(change: Change, data: Any, choices: Choices) -> ChangeForm:
    """Return the form of a change; `choices` are the targets that there are."""
    form = FORMS.get(change, ChangeForm)(data)
    if "target" in form.fields:
        old = form.fields["target"]
        form.fields["target"] = forms.ChoiceField(
            label=old.label, required=old.required, choices=[("", "—"), *choices]
        )
    return form
