"""What staff fill in about customers."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kacang.customers.operations import NAME_MAX, NOTE_MAX
from kacang.customers.queries import LevelView
from kacang.shared.contacts import BadEmail, BadPhone, Contact, read_contact


class CustomerForm(forms.Form):
    """A customer's name and level."""

    name = forms.CharField(label=_("Name"), max_length=NAME_MAX, required=False)

    def __init__(self, *args: Any, levels: Sequence[LevelView], **words: Any) -> None:
        super().__init__(*args, **words)
        choices = [("", _("None")), *((one.uid, one.name) for one in levels)]
        self.fields["level"] = forms.ChoiceField(label=_("Level"), required=False, choices=choices)


class NoteForm(forms.Form):
    """Something to remember about a customer."""

    text = forms.CharField(
        label=_("Note"), max_length=NOTE_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


class ContactForm(forms.Form):
    """An address that a customer has told."""

    contact = forms.CharField(label=_("E-mail or phone"), max_length=254)

    def clean_contact(self) -> Contact:
        """Bring it to one form."""
        found = contact_of(self.cleaned_data["contact"])
        if found is None:
            raise forms.ValidationError(_("This is neither an e-mail address nor a phone number."))
        return found


class LevelForm(forms.Form):
    """A level: its name, and where it stands among the others."""

    uid = forms.CharField(max_length=32, required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=40)
    rank = forms.IntegerField(
        label=_("Rank"), min_value=1, max_value=99, help_text=_("From 1 to 99; higher is more.")
    )


def contact_of(text: str) -> Contact | None:
    """Return an address in the form that is stored; None when it is none."""
    try:
        if "@" in text:
            return read_contact(email=text, phone=None)
        found = read_contact(email=None, phone=text)
    except (BadEmail, BadPhone):
        return None
    return None if found.is_empty else found
