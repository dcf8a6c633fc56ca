"""What a list of payments is narrowed to: read from the address, shown as chips (P2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.payments import queries as payments
from kacang.payments.finding.filters import STATES, PaymentFilter, read_query, to_query
from kacang.payments.queries import AccountRow
from kacang.shared.money import Money
from kacang.web.console.desk import Desk
from kacang.web.console.orders.choices import Choice
from kacang.web.console.orders.filters import PERIODS
from kacang.web.console.orders.words import provider_word
from kacang.web.design.parts import Chip, Tab
from kacang.web.design.states import look_of

LABELS: dict[str, Promise] = {
    "number": _("Payment number"),
    "state": _("State"),
    "account": _("Account"),
    "company": _("Company"),
    "period": _("Begun"),
    "since": _("From day"),
    "until": _("To day"),
    "least": _("Amount from"),
    "most": _("Amount to"),
}
_SPANS = ("since", "until", "least", "most")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter, how the address says it, and the accounts that there are to choose from.

    `problem` names what made no sense; `currency` is what amounts are typed in.
    """

    where: PaymentFilter
    asked: Mapping[str, str]
    problem: str
    currency: str
    accounts: Sequence[AccountRow]


def read_filter(query: QueryDict, desk: Desk) -> Narrowed:
    """Read the address of a list. Amounts are in the chosen account's currency, else the shop's."""
    accounts = payments.accounts(merchant_id=desk.merchant_id)
    chosen = next((one for one in accounts if one.uid == query.get("account", "")), None)
    currency = chosen.currency if chosen else desk.currency
    given = {name: str(query[name]) for name in query}
    understood = read_query(given, zone=desk.zone, currency=currency)
    asked = to_query(understood.where, zone=desk.zone)
    problem = ", ".join(str(LABELS[name]) for name in understood.problems)
    return Narrowed(understood.where, asked, problem, currency, accounts)


def chips_of(narrowed: Narrowed) -> list[Chip]:
    """Return a chip for each part of the filter but the state, which has tabs."""
    asked = narrowed.asked
    chips = [
        Chip(LABELS[name], _value_of(name, narrowed), address_of(asked, without=(name,)))
        for name in asked
        if name not in {"state", *_SPANS}
    ]
    where = narrowed.where
    amounts = " – ".join(
        "…" if minor is None else str(Money(minor, narrowed.currency))
        for minor in (where.amount_min_minor, where.amount_max_minor)
    )
    days = " – ".join(asked.get(name, "…") for name in ("since", "until"))
    for names, label, value in (
        (("since", "until"), LABELS["period"], days),
        (("least", "most"), _("Amount"), amounts),
    ):
        if any(name in asked for name in names):
            chips.append(Chip(label, value, address_of(asked, without=names)))
    return chips


def tabs_of(narrowed: Narrowed) -> list[Tab]:
    """Return the views by state; what else narrows the list stays."""
    asked = {name: text for name, text in narrowed.asked.items() if name != "state"}
    chosen = narrowed.where.state
    tabs = [Tab(_("All"), address_of(asked), on=chosen is None)]
    return tabs + [
        Tab(
            look_of("payment", state).word, address_of({**asked, "state": name}), on=state is chosen
        )
        for name, state in STATES.items()
    ]


def periods_of(narrowed: Narrowed) -> list[tuple[Promise, str, bool]]:
    """Return the spans of days that move with today, their addresses, and which is chosen."""
    asked = narrowed.asked
    return [
        (word, address_of({**asked, "period": key}, without=("since", "until")),
         asked.get("period") == key)
        for key, word in PERIODS.items()
    ]  # fmt: skip


def choices_of(narrowed: Narrowed) -> list[Choice]:
    """Return the accounts and companies that there are to choose from."""
    companies = sorted({one.provider for one in narrowed.accounts})
    accounts = [(one.uid, f"{one.name} · {provider_word(one.provider)}")
                for one in narrowed.accounts]  # fmt: skip
    options = {
        "account": accounts,
        "company": [(one, provider_word(one)) for one in companies],
    }
    return [
        Choice(name, LABELS[name], offered, narrowed.asked.get(name, ""))
        for name, offered in options.items()
    ]


def address_of(asked: Mapping[str, str], *, without: Sequence[str] = ()) -> str:
    """Return the address of a list that is so narrowed, from its beginning."""
    query = QueryDict(mutable=True)
    for name, text in asked.items():
        if name not in without and text:
            query[name] = text
    return f"?{query.urlencode()}"


def _value_of(name: str, narrowed: Narrowed) -> str | Promise:
    text = narrowed.asked[name]
    if name == "account":
        return next((one.name for one in narrowed.accounts if one.uid == text), text)
    if name == "period":
        return PERIODS.get(text, text)
    if name == "company":
        return provider_word(text)
    return "…" if narrowed.where.number == "-" else text
