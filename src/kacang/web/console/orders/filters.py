"""What a list of orders is narrowed to: read from the address, shown as chips (O2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.orders.types import OrderFilter, OrderState
from kacang.shared.contacts import read_contact
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.design.parts import Chip, Tab
from kacang.web.design.states import look_of

NUMBERS_MOST = 200
TAIL_DIGITS = 4
BY: dict[str, Promise] = {
    "number": _("Order number"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "external": _("External number"),
}
PERIODS: dict[str, Promise] = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "7d": _("Last 7 days"),
    "30d": _("Last 30 days"),
}
CHANNELS: dict[str, Promise] = {
    "shop": _("Shop"),
    "api": _("API"),
    "staff": _("Staff"),
    "moved": _("Moved here"),
    "redeem": _("Redeem code"),
}
# The views that are always offered; other states join them once an order is in one.
USUAL = (
    OrderState.PENDING,
    OrderState.ON_HOLD,
    OrderState.DELIVERED,
    OrderState.COMPLETED,
    OrderState.CANCELLED,
)
STATES = {state.name.lower(): state for state in OrderState}


class FilterForm(forms.Form):
    """The fields of the address. Nothing is required; what makes no sense is told and left out."""

    by = forms.ChoiceField(choices=list(BY.items()), required=False, label=_("Search in"))
    q = forms.CharField(max_length=8000, required=False, label=_("Search orders"))
    period = forms.ChoiceField(choices=list(PERIODS.items()), required=False)
    since = forms.DateField(required=False, label=_("From day"))
    until = forms.DateField(required=False, label=_("To day"))
    least = forms.CharField(max_length=20, required=False, label=_("Amount from"))
    most = forms.CharField(max_length=20, required=False, label=_("Amount to"))
    channel = forms.ChoiceField(choices=list(CHANNELS.items()), required=False)

    def __init__(self, query: QueryDict, currency: str) -> None:
        super().__init__(query)
        self.currency = currency

    def clean_least(self) -> int | None:
        """Return minor units, or None."""
        return self._minor("least")

    def clean_most(self) -> int | None:
        """Return minor units, or None."""
        return self._minor("most")

    def _minor(self, name: str) -> int | None:
        text = str(self.cleaned_data[name]).strip()
        if not text:
            return None
        try:
            return Money.parse(text, self.currency).minor
        except DomainError:
            raise forms.ValidationError(_("This is not an amount.")) from None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter with the form that it was read from; `problem` names a field that made no sense."""

    where: OrderFilter
    form: FilterForm
    problem: str

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        return self.where != OrderFilter(state=self.where.state)


def read_filter(query: QueryDict, *, zone: ZoneInfo, currency: str, now: datetime) -> Narrowed:
    """Read the address of a list. Days are days of the merchant's zone (rule 24)."""
    form = FilterForm(query, currency)
    form.is_valid()
    asked = form.cleaned_data
    problems = [str(form.fields[name].label or name) for name in form.errors]
    words = str(asked.get("q") or "").strip()
    by = str(asked.get("by") or "number")
    since, until = _span(asked, zone, now)
    found, understood = _search(by, words)
    if words and not understood:
        problems.append(str(BY[by]))
    where = OrderFilter(
        state=STATES.get(query.get("state", "")),
        since=since,
        until=until,
        amount_min_minor=asked.get("least"),
        amount_max_minor=asked.get("most"),
        channel=str(asked.get("channel") or ""),
        **found,  # type: ignore[arg-type]  # one of the four searches
    )
    return Narrowed(where, form, ", ".join(problems))


def chips_of(query: QueryDict, narrowed: Narrowed) -> list[Chip]:
    """Return a chip for each part of the filter that can be taken away."""
    asked = narrowed.form.cleaned_data
    chips = []
    if asked.get("q"):
        by = str(asked.get("by") or "number")
        words = split_words(str(asked["q"])) if by == "number" else [str(asked["q"]).strip()]
        shown = words[0] if len(words) == 1 else _("%(count)s numbers") % {"count": len(words)}
        chips.append(Chip(BY[by], shown, without(query, "q", "by")))
    if asked.get("period"):
        chips.append(Chip(_("Placed"), PERIODS[asked["period"]], without(query, "period")))
    elif asked.get("since") or asked.get("until"):
        span = f"{asked.get('since') or '…'} – {asked.get('until') or '…'}"
        chips.append(Chip(_("Placed"), span, without(query, "since", "until")))
    low, high = asked.get("least"), asked.get("most")
    if low is not None or high is not None:
        ends = (_amount(low, narrowed.form.currency), _amount(high, narrowed.form.currency))
        chips.append(Chip(_("Amount"), " – ".join(ends), without(query, "least", "most")))
    if asked.get("channel"):
        chips.append(Chip(_("Channel"), CHANNELS[asked["channel"]], without(query, "channel")))
    return chips


def tabs_of(query: QueryDict, counts: Mapping[OrderState, int]) -> list[Tab]:
    """Return the views by state. Counts are of all orders, whatever else is asked for."""
    chosen = STATES.get(query.get("state", ""))
    tabs = [Tab(_("All"), changed(query, state=""), sum(counts.values()), chosen is None)]
    for state in OrderState:
        number = counts.get(state, 0)
        if state in USUAL or number or state is chosen:
            address = changed(query, state=state.name.lower())
            tabs.append(Tab(look_of("order", state).word, address, number, state is chosen))
    return tabs


def split_words(text: str) -> list[str]:
    """Return what was pasted as separate words, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;，；、]+", text) if part))


def changed(query: QueryDict, **changes: str) -> str:
    """Return the address with some parts changed; the page within the list is dropped."""
    asked = query.copy()
    asked.pop("cursor", None)
    for name, value in changes.items():
        asked.pop(name, None)
        if value:
            asked[name] = value
    return f"?{asked.urlencode()}"


def without(query: QueryDict, *names: str) -> str:
    """Return the address without some parts."""
    return changed(query, **dict.fromkeys(names, ""))


def _search(by: str, words: str) -> tuple[dict[str, object], bool]:
    """Return what of the filter the search box sets, and whether it was understood."""
    if not words:
        return {}, True
    if by == "number":
        numbers = tuple(word.upper() for word in split_words(words)[:NUMBERS_MOST])
        return {"numbers": numbers}, True
    if by == "external":
        return {"external_number": words[:64]}, True
    if by == "phone" and words.isdecimal() and len(words) == TAIL_DIGITS:
        return {"phone_tail": words}, True
    try:
        contact = read_contact(
            email=words if by == "email" else "", phone=words if by == "phone" else ""
        )
    except DomainError:
        # No order has such a contact: the list must be empty, not everything.
        return {"numbers": ("-",)}, False
    return {by: contact.email or contact.phone}, True


def _span(
    asked: Mapping[str, object], zone: ZoneInfo, now: datetime
) -> tuple[datetime | None, datetime | None]:
    today = now.astimezone(zone).date()
    one = timedelta(days=1)
    spans = {
        "today": (today, None),
        "yesterday": (today - one, today - one),
        "7d": (today - 6 * one, None),
        "30d": (today - 29 * one, None),
    }
    first, last = spans.get(str(asked.get("period")), (asked.get("since"), asked.get("until")))
    start = _midnight(first, zone) if isinstance(first, date) else None
    end = _midnight(last + one, zone) if isinstance(last, date) else None
    return start, end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _amount(minor: int | None, currency: str) -> str:
    return "…" if minor is None else str(Money(minor, currency))
