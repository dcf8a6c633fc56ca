"""What the filters of orders offer to choose from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter
from kacang.customers import queries as customers
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import current_reach
from kacang.orders.finding.building import ANY_EXCEPTION
from kacang.orders.reviewing.queries import rules as rules_of_merchant
from kacang.orders.tagging.tags import tags
from kacang.payments import queries as payments
from kacang.shared.texts import pick
from kacang.web.console.desk import Desk
from kacang.web.console.orders.filters import (
    BY_WORDS,
    CHANNELS,
    DEADLINES,
    FIRST,
    LABELS,
    NOTES,
    PERIODS,
)
from kacang.web.console.orders.words import HOLD_REASONS, provider_word

# A list to choose from is no list to search: beyond, a product's own page leads to its orders.
PRODUCTS_MOST = 200

# What the form always has fields for, beside those that offer something.
_TYPED = frozenset({"since", "until", "least", "most"})

Options = Sequence[tuple[str, str | Promise]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One field of the filters: its name in the address, its words, what it offers, what is set."""

    name: str
    label: str | Promise
    options: Options
    chosen: str


@dataclass(frozen=True, slots=True)
class Choices:
    """All that the filters offer."""

    by: Options
    periods: Options
    fields: Sequence[Choice]

    def kept(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Return what an address says that the form has no field for: it stays as it is."""
        own = {*_TYPED, *(field.name for field in self.fields)}
        return {name: text for name, text in asked.items() if name not in own}


def choices_of(desk: Desk, asked: Mapping[str, str]) -> Choices:
    """Return what there is to choose from; a field that offers nothing is left out."""
    rules = rules_of_merchant(merchant_id=desk.merchant_id)
    offered: dict[str, Options] = {
        "product": _products(desk),
        "sku": _skus(desk),
        "channel": list(CHANNELS.items()),
        "key": [(key.uid, key.name) for key in merchants.api_keys(merchant_id=desk.merchant_id)],
        "store": _stores(desk),
        "company": _companies(desk),
        "account": _accounts(desk),
        "level": _levels(desk),
        "exception": [(ANY_EXCEPTION, _("any")), *HOLD_REASONS.items()],
        "tag": [(tag.uid, tag.name) for tag in tags(merchant_id=desk.merchant_id)],
        "note": list(NOTES.items()),
        "deadline": list(DEADLINES.items()),
        "rule": [(one.uid, one.body.name) for one in rules],
        "first": list(FIRST.items()) if rules else (),
    }
    fields = [
        Choice(name, LABELS[name], options, asked.get(name, ""))
        for name, options in offered.items()
        if options
    ]
    return Choices(list(BY_WORDS.items()), list(PERIODS.items()), fields)


def _products(desk: Desk) -> Options:
    language = get_language() or ""
    page = catalog.products_page(
        merchant_id=desk.merchant_id, where=ProductFilter(), limit=PRODUCTS_MOST
    )
    return _sorted((product.uid, pick(product.title, language)) for product in page.items)


def _skus(desk: Desk) -> Options:
    language = get_language() or ""
    skus = catalog.all_skus(merchant_id=desk.merchant_id)[:PRODUCTS_MOST]
    return [(sku.uid, pick(sku.name, language)) for sku in skus]


def _stores(desk: Desk) -> Options:
    """Return the stores; to a role that reaches to some orders, those that it reaches to."""
    found, reach = merchants.stores(merchant_id=desk.merchant_id), current_reach()
    return [(one.uid, one.name) for one in found if reach is None or f"s{one.id}" in reach]


def _companies(desk: Desk) -> Options:
    providers = {row.provider for row in payments.accounts(merchant_id=desk.merchant_id)}
    return _sorted((provider, provider_word(provider)) for provider in providers)


def _accounts(desk: Desk) -> Options:
    """Return the accounts, where a company has more than one: else the company says it all."""
    found = payments.accounts(merchant_id=desk.merchant_id)
    if len(found) == len({row.provider for row in found}):
        return []
    return [(row.uid, f"{row.name} · {provider_word(row.provider)}") for row in found]


def _levels(desk: Desk) -> Options:
    if "customers.view" not in desk.permissions:
        return []
    return [(level.uid, level.name) for level in customers.levels(merchant_id=desk.merchant_id)]


def _sorted(options: Iterable[tuple[str, str]]) -> Options:
    return sorted(options, key=lambda option: option[1])
