"""Which account takes a payment: the one place where that is decided (P1, P5).

Reads nothing and changes nothing: the same routes, the same sale and the same throw of the dice
give the same account. Limits, products, currency, device and health say which accounts could;
weights say how often each of them is taken.
"""

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kacang.payments.account_models import Health
from kacang.payments.companies import registry
from kacang.payments.ports import AccountInfo, Device
from kacang.shared.money import Money

# An account that was paused and answers again gets this part of its share.
TRYING_PART = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account takes. Amounts are of its currency, both ends included; None: any.

    Args:
        weight: 1 to 1,000: how often it is taken among those that could be.
        amount_min_minor, amount_max_minor: Of one payment.
        day_max_minor: What it may have taken in by the end of a day of the merchant.
        products: Uids of the products that it may be paid for; empty: all.
    """

    weight: int = 100
    amount_min_minor: int | None = None
    amount_max_minor: int | None = None
    day_max_minor: int | None = None
    products: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """An enabled account with all that the choice depends on.

    `received_minor` is what came in today, known only of accounts with a limit per day.
    """

    account: AccountInfo
    name: str
    limits: Limits = Limits()
    health: Health = Health.GOOD
    received_minor: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """What is to be paid. What is not known yet (None) rules no account out."""

    amount: Money | None = None
    currency: str | None = None
    device: Device | None = None
    products: Collection[str] | None = None


ANY = Sale()


def fitting(routes: Iterable[Route], sale: Sale) -> list[Route]:
    """Return the routes that can take this sale, in the merchant's order.

    Of each company the failing accounts are left out while it has others: a shop's only way to
    be paid is never taken from it (P5).
    """
    able = [route for route in routes if _can_take(route, sale)]
    well = {route.account.provider for route in able if route.health != Health.PAUSED}
    return [
        route
        for route in able
        if route.health != Health.PAUSED or route.account.provider not in well
    ]


def choose(
    routes: Iterable[Route],
    sale: Sale,
    *,
    provider: str,
    without: Collection[int] = (),
    dice: random.Random | None = None,
) -> Route | None:
    """Throw the dice for one account of a company, by weight; None: no account can take it.

    `without` names accounts, by row id, that have just failed this very sale.
    """
    left = [
        route
        for route in routes
        if route.account.provider == provider and route.account.id not in without
    ]
    found = fitting(left, sale)
    if len(found) < 2:  # noqa: PLR2004 - nothing to choose between
        return found[0] if found else None
    (chosen,) = (dice or random).choices(found, [_share(route) for route in found])
    return chosen


def ways(routes: Sequence[Route], sale: Sale) -> list[Route]:
    """Return one route per company, for the buyer to choose from.

    In the merchant's order, but companies of which every account fails come last.
    """
    first: dict[str, Route] = {}
    for route in fitting(routes, sale):
        first.setdefault(route.account.provider, route)
    return sorted(first.values(), key=lambda route: route.health == Health.PAUSED)


def _can_take(route: Route, sale: Sale) -> bool:
    company = registry.providers().get(route.account.provider)
    currency = sale.amount.currency if sale.amount else sale.currency
    if company is None or (currency and currency != route.account.currency):
        return False
    if sale.amount and not _within(route, sale.amount.minor):
        return False
    allowed = route.limits.products
    if allowed and sale.products is not None and not allowed.issuperset(sale.products):
        return False
    return sale.device is None or company.fits(route.account, sale.device)


def _within(route: Route, minor: int) -> bool:
    limits = route.limits
    if limits.amount_min_minor is not None and minor < limits.amount_min_minor:
        return False
    if limits.amount_max_minor is not None and minor > limits.amount_max_minor:
        return False
    return limits.day_max_minor is None or route.received_minor + minor <= limits.day_max_minor


def _share(route: Route) -> float:
    weight = route.limits.weight
    return weight / TRYING_PART if route.health == Health.TRYING else weight
