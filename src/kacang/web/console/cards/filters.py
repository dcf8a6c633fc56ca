"""Which cards a list shows: read from the address, shown as chips (V3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from kacang.vault.queries import COMMON, CardFilter, CardState, PoolView
from kacang.web.console.desk import without
from kacang.web.design.parts import Chip
from kacang.web.design.states import look_of

STATES = {state.name.lower(): state for state in CardState}
TEXT_MOST = 60


class FilterForm(forms.Form):
    """The fields of the address. Nothing is required; what makes no sense is left out and told."""

    state = forms.ChoiceField(required=False, label=_("State"))
    pool = forms.ChoiceField(required=False, label=_("Pool"))
    since = forms.DateField(required=False, label=_("Expires from"))
    until = forms.DateField(required=False, label=_("Expires to"))
    supplier = forms.CharField(max_length=120, required=False, label=_("Supplier"))
    q = forms.CharField(max_length=TEXT_MOST, required=False, label=_("Card number"))

    def __init__(self, query: QueryDict, pools: Sequence[PoolView]) -> None:
        super().__init__(query)
        states = [(name, look_of("card", state).word) for name, state in STATES.items()]
        named = [(COMMON, _("Common pool")), *((pool.uid, pool.name) for pool in pools)]
        for field, choices in (("state", states), ("pool", named)):
            self.fields[field] = forms.ChoiceField(
                choices=[("", _("All")), *choices], required=False, label=self.fields[field].label
            )


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter with the form that it was read from; `problem` names fields that made no sense."""

    where: CardFilter
    form: FilterForm
    problem: str

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but SKU or batch is asked for."""
        bare = CardFilter(sku_id=self.where.sku_id, batch_uid=self.where.batch_uid)
        return self.where != bare


def read_filter(
    query: QueryDict, *, sku_id: int, pools: Sequence[PoolView], zone: ZoneInfo
) -> Narrowed:
    """Read the address of a list. Days are days of the merchant's zone (rule 24)."""
    form = FilterForm(query, pools)
    form.is_valid()
    asked = form.cleaned_data
    state = STATES.get(str(asked.get("state") or ""))
    since, until = asked.get("since"), asked.get("until")
    where = CardFilter(
        sku_id=sku_id,
        batch_uid=query.get("batch", "")[:60],
        states=() if state is None else (state,),
        pool_uid=str(asked.get("pool") or ""),
        expires_from=datetime.combine(since, time.min, zone) if since else None,
        expires_to=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
        supplier=str(asked.get("supplier") or "").strip(),
        text=str(asked.get("q") or "").strip(),
    )
    problems = [str(form.fields[name].label or name) for name in form.errors]
    return Narrowed(where, form, ", ".join(problems))


def chips_of(query: QueryDict, narrowed: Narrowed) -> list[Chip]:
    """Return a chip for each part of the filter that can be taken away."""
    asked, chips = narrowed.form.cleaned_data, []
    for name in ("state", "pool", "supplier", "q"):
        if asked.get(name):
            field = narrowed.form.fields[name]
            value = asked[name]
            if isinstance(field, forms.ChoiceField):
                # What is chosen is one of them: the form says so.
                value = next(word for key, word in field.widget.choices if key == value)
            chips.append(Chip(str(field.label), value, without(query, name)))
    if asked.get("since") or asked.get("until"):
        span = f"{asked.get('since') or '…'} – {asked.get('until') or '…'}"
        chips.append(Chip(_("Valid until"), span, without(query, "since", "until")))
    return chips
