"""What a list of orders is narrowed to: read from the address, shown as chips (O2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import UnknownProduct
from kacang.customers import queries as customers
from kacang.merchants import queries as merchants
from kacang.orders import queries
from kacang.orders.finding.addresses import NO_NUMBER, read_query, to_query
from kacang.orders.finding.building import ANY_EXCEPTION
from kacang.orders.queries import Counted
from kacang.orders.reviewing.queries import rules as rules_of_merchant
from kacang.orders.tagging.tags import tags as tags_of_merchant
from kacang.orders.types import OrderFilter, OrderState
from kacang.payments import queries as payments
from kacang.shared.money import Money
from kacang.shared.periods import Period
from kacang.shared.texts import pick
from kacang.web.console.desk import Desk
from kacang.web.console.orders.words import hold_reason, provider_word
from kacang.web.design.formats import mask_contact
from kacang.web.design.parts import Chip, Tab
from kacang.web.design.states import look_of

BY_WORDS: dict[str, Promise] = {
    "number": _("Order number"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "external": _("External number"),
}
PERIODS: dict[str, Promise] = {
    Period.TODAY: _("Today"),
    Period.YESTERDAY: _("Yesterday"),
    Period.WEEK: _("Last 7 days"),
    Period.MONTH: _("Last 30 days"),
}
CHANNELS: dict[str, Promise] = {
    "shop": _("Shop"),
    "api": _("API"),
    "staff": _("Staff"),
    "moved": _("Moved here"),
    "redeem": _("Redeem code"),
    "deposit": _("Wallet deposit"),
}
FIRST: dict[str, Promise] = {"yes": _("With a priority")}
DEADLINES: dict[str, Promise] = {
    "missed": _("Deadline missed"),
    "met": _("No deadline missed"),
}
NOTES: dict[str, Promise] = {"yes": _("With a note"), "no": _("Without a note")}
LABELS: dict[str, Promise] = {
    **BY_WORDS,
    "state": _("State"),
    "period": _("Placed"),
    "since": _("From day"),
    "until": _("To day"),
    "least": _("Amount from"),
    "most": _("Amount to"),
    "channel": _("Channel"),
    "key": _("API key"),
    "store": _("Store"),
    "sku": _("SKU"),
    "product": _("Product"),
    "company": _("Paid through"),
    "account": _("Payment account"),
    "customer": _("Customer"),
    "level": _("Customer level"),
    "exception": _("Exception"),
    "tag": _("Tag"),
    "note": _("Note"),
    "rule": _("Review rule"),
    "first": _("Priority"),
    "deadline": _("Deadline"),
}
# The views that are always offered; other states join them once an order is in one.
USUAL = (
    OrderState.PENDING,
    OrderState.ON_HOLD,
    OrderState.DELIVERED,
    OrderState.COMPLETED,
    OrderState.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter, and how the address says it; `problem` names what made no sense."""

    where: OrderFilter
    asked: Mapping[str, str]
    problem: str


def read_filter(query: QueryDict, desk: Desk) -> Narrowed:
    """Read the address of a list. Days are days of the merchant's zone (rule 24)."""
    given = {name: str(query[name]) for name in query}
    understood = read_query(given, zone=desk.zone, currency=desk.currency)
    asked = to_query(understood.where, zone=desk.zone, currency=desk.currency)
    problem = ", ".join(str(LABELS[name]) for name in understood.problems)
    return Narrowed(understood.where, asked, problem)


def chips_of(narrowed: Narrowed, extra: Mapping[str, str], desk: Desk) -> list[Chip]:
    """Return a chip for each part of the filter; `extra`: what else the address says."""
    asked = narrowed.asked
    words = {name: text for name, text in asked.items() if name not in {"state", *_SPANS}}
    chips = [
        Chip(LABELS[name], _value_of(name, narrowed, desk), address_of(asked, extra, without=name))
        for name in words
    ]
    for names, label, value in (
        (("since", "until"), _("Placed"), _span(asked, "since", "until")),
        (("least", "most"), _("Amount"), _amounts(narrowed.where, desk.currency)),
    ):
        if any(name in asked for name in names):
            chips.append(Chip(label, value, address_of(asked, extra, without=names)))
    return chips


def tabs_of(
    narrowed: Narrowed,
    extra: Mapping[str, str],
    counts: Mapping[OrderState, Counted],
    *,
    is_view: bool = False,
) -> list[Tab]:
    """Return the views by state. Counts are of all orders, whatever else is asked for.

    Where a saved view is shown (`is_view`), none of them is chosen, and they begin anew.
    """
    chosen = None if is_view else narrowed.where.state
    kept = {} if is_view else narrowed.asked
    asked = {name: text for name, text in kept.items() if name != "state"}
    most = max(queries.most_counted(state) for state in OrderState)
    is_more = any(one.is_more for one in counts.values())
    total = sum(one.count for one in counts.values())
    tabs = [
        Tab(
            _("All"),
            address_of(asked, extra),
            min(total, most),
            chosen is None and not is_view,
            more=is_more,
            key="all",
        )
    ]
    for state in OrderState:
        counted = counts[state]
        if state in USUAL or counted.count or state is chosen:
            tabs.append(
                Tab(
                    look_of("order", state).word,
                    address_of({**asked, "state": state.name.lower()}, extra),
                    counted.count,
                    state is chosen,
                    more=counted.is_more,
                    key=state.name.lower() if state in USUAL else "",
                )
            )
    return tabs


def address_of(
    asked: Mapping[str, str], extra: Mapping[str, str], *, without: str | tuple[str, ...] = ()
) -> str:
    """Return the address of a list that is so narrowed; the page within the list is dropped."""
    left = (without,) if isinstance(without, str) else without
    query = QueryDict(mutable=True)
    for name, text in {**asked, **extra}.items():
        if name not in left and text:
            query[name] = text
    # All orders, also where the person's list starts with a view.
    return f"?{query.urlencode()}" if query else "?view=all"


_SPANS = ("since", "until", "least", "most")


def _value_of(name: str, narrowed: Narrowed, desk: Desk) -> str | Promise:
    text = narrowed.asked[name]
    simple: dict[str, Mapping[str, Promise]] = {
        "period": PERIODS,
        "channel": CHANNELS,
        "note": NOTES,
        "first": FIRST,
        "deadline": DEADLINES,
    }
    if name in simple:
        return simple[name].get(text, text)
    if name == "number":
        numbers = narrowed.where.numbers
        if numbers == (NO_NUMBER,):
            return "…"
        return numbers[0] if len(numbers) == 1 else _("%(count)s numbers") % {"count": len(numbers)}
    if name == "company":
        return provider_word(text)
    if name == "exception":
        return _("any") if text == ANY_EXCEPTION else hold_reason(text)
    return _name_of(name, text, desk)


def _name_of(name: str, uid: str, desk: Desk) -> str:
    """Return what people call what an uid stands for; the uid where nobody has it."""
    language = get_language() or ""
    if name == "product":
        try:
            return pick(catalog.product(merchant_id=desk.merchant_id, uid=uid).title, language)
        except UnknownProduct:
            return uid
    if name == "sku":
        found = catalog.skus_by_uid(merchant_id=desk.merchant_id, uids=[uid]).get(uid)
        return pick(found.name, language) if found else uid
    if name == "customer":
        return _customer_name(uid, desk)
    return _named(name, desk.merchant_id).get(uid, uid)


def _named(name: str, who: int) -> dict[str, str]:
    """Return the names of what a merchant has of a kind, by uid."""
    kinds: dict[str, Callable[[], dict[str, str]]] = {
        "key": lambda: {one.uid: one.name for one in merchants.api_keys(merchant_id=who)},
        "store": lambda: {one.uid: one.name for one in merchants.stores(merchant_id=who)},
        "account": lambda: {one.uid: one.name for one in payments.accounts(merchant_id=who)},
        "level": lambda: {one.uid: one.name for one in customers.levels(merchant_id=who)},
        "tag": lambda: {one.uid: one.name for one in tags_of_merchant(merchant_id=who)},
        "rule": lambda: {one.uid: one.body.name for one in rules_of_merchant(merchant_id=who)},
    }
    return kinds[name]() if name in kinds else {}


def _customer_name(uid: str, desk: Desk) -> str:
    """Return a customer's name to somebody who may see customers; addresses stay masked."""
    if "customers.view" not in desk.permissions:
        return uid
    found = customers.customer_row(merchant_id=desk.merchant_id, uid=uid)
    if found is None:
        return uid
    return found.name or next((mask_contact(one.value) for one in found.contacts), uid)


def _span(asked: Mapping[str, str], *names: str) -> str:
    return " – ".join(asked.get(name, "…") for name in names)


def _amounts(where: OrderFilter, currency: str) -> str:
    ends = (where.amount_min_minor, where.amount_max_minor)
    return " – ".join("…" if end is None else str(Money(end, currency)) for end in ends)
