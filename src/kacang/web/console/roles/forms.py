"""The forms of roles: a matrix by area, a grant for a while (I1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.merchants.operations import GrantDraft, RoleDraft
from kacang.merchants.permissions import (
    AREAS,
    HIDEABLE,
    OTHER_AREA,
    PERMISSIONS,
    WITHIN_REACH,
    Reach,
)
from kacang.web.console.orders.filters import CHANNELS

Words = Promise | str


@dataclass(frozen=True, slots=True)
class Box:
    """A permission in the matrix. `may` false: whoever looks does not have it."""

    name: str
    label: Words
    held: bool
    may: bool
    within_reach: bool


@dataclass(frozen=True, slots=True)
class Area:
    """Permissions about one thing."""

    label: Words
    line: Words
    boxes: list[Box]

    @property
    def held(self) -> int:
        """How many of them are ticked."""
        return sum(box.held for box in self.boxes)


def areas_of(held: Collection[str], mine: Collection[str]) -> list[Area]:
    """Return the matrix: what a role holds, and what the person may give."""
    by_area: dict[str, list[Box]] = {name: [] for name in (*AREAS, "")}
    for name, label in PERMISSIONS.items():
        area = name.split(".")[0]
        box = Box(name, label, name in held, name in mine, name in WITHIN_REACH)
        by_area[area if area in AREAS else ""].append(box)
    words: dict[str, tuple[Words, Words]] = {"": OTHER_AREA, **AREAS}
    return [Area(words[area][0], words[area][1], boxes) for area, boxes in by_area.items() if boxes]


class RoleForm(forms.Form):
    """A role that the merchant makes. The permissions are read beside it: they are a matrix."""

    name = forms.CharField(label=_("Name"), max_length=40)
    reach = forms.ChoiceField(
        label=_("Reaches to"), choices=Reach.choices, widget=forms.RadioSelect
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=CHANNELS.items(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    hidden = forms.MultipleChoiceField(
        label=_("Stays masked"),
        choices=HIDEABLE.items(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    needs_second_factor = forms.BooleanField(label=_("Demands a second factor"), required=False)

    def clean(self) -> dict[str, Any]:
        """Demand channels where the role reaches to some."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("reach") == Reach.CHANNELS and not found.get("channels"):
            self.add_error("channels", _("Please choose at least one channel."))
        return found

    def draft(self, permissions: Collection[str]) -> RoleDraft:
        """Return the role as it is asked for."""
        data: Mapping[str, Any] = self.cleaned_data
        return RoleDraft(
            name=data["name"],
            permissions=frozenset(permissions) & frozenset(PERMISSIONS),
            reach=data["reach"],
            channels=frozenset(data["channels"]),
            hidden=frozenset(data["hidden"]),
            needs_second_factor=data["needs_second_factor"],
        )


class GrantForm(forms.Form):
    """Something for a while: `what` is a permission ("p:…") or a role ("r:…")."""

    what = forms.ChoiceField(label=_("What is given"))
    until = forms.DateTimeField(
        label=_("Until when"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        roles: list[tuple[str, Words]],
        mine: Collection[str],
        until: datetime | None = None,
    ) -> None:
        initial = {"until": timezone.localtime(until)} if until else {}
        super().__init__(data, initial=initial)
        permissions = [(f"p:{n}", label) for n, label in PERMISSIONS.items() if n in mine]
        self.fields["what"].choices = [  # type: ignore[attr-defined] # a ChoiceField
            ("", _("Please choose")),
            (_("Roles"), [(f"r:{key}", label) for key, label in roles]),
            (_("Permissions"), permissions),
        ]

    def draft(self) -> GrantDraft:
        """Return what is asked for."""
        kind, _sign, name = self.cleaned_data["what"].partition(":")
        return GrantDraft(
            reason=self.cleaned_data["reason"],
            until=self.cleaned_data["until"],
            permission=name if kind == "p" else "",
            role=name if kind == "r" else "",
        )
