"""What the filters of orders offer to choose from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter
from kacang.merchants import queries as merchants
from kacang.orders.finding.building import ANY_EXCEPTION
from kacang.orders.tagging.tags import tags
from kacang.payments import queries as payments
from kacang.shared.texts import pick
from kacang.web.console.desk import Desk
from kacang.web.console.orders.filters import BY_WORDS, CHANNELS, LABELS, NOTES, PERIODS
from kacang.web.console.orders.words import HOLD_REASONS, provider_word

# A list to choose from is no list to search: beyond, a product's own page leads to its orders.
PRODUCTS_MOST = 200

# What the form has fields for; what else the address says is kept as it is.
FIELDS = frozenset({
    "since", "until", "least", "most", "product", "sku", "channel", "key", "company", "exception",
    "note", "tag",
})  # fmt: skip

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


def choices_of(desk: Desk, asked: Mapping[str, str]) -> Choices:
    """Return what there is to choose from; a field that offers nothing is left out."""
    offered: dict[str, Options] = {
        "product": _products(desk),
        "sku": _skus(desk),
        "channel": list(CHANNELS.items()),
        "key": [(key.uid, key.name) for key in merchants.api_keys(merchant_id=desk.merchant_id)],
        "company": _companies(desk),
        "exception": [(ANY_EXCEPTION, _("any")), *HOLD_REASONS.items()],
        "tag": [(tag.uid, tag.name) for tag in tags(merchant_id=desk.merchant_id)],
        "note": list(NOTES.items()),
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


def _companies(desk: Desk) -> Options:
    providers = {row.provider for row in payments.accounts(merchant_id=desk.merchant_id)}
    return _sorted((provider, provider_word(provider)) for provider in providers)


def _sorted(options: Iterable[tuple[str, str]]) -> Options:
    return sorted(options, key=lambda option: option[1])
