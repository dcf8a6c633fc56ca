"""What others may ask about accounts: who takes money, which ways a sale can be paid (P1, L9).

A process keeps what it has read of accounts for three seconds: neither a callback nor a sale
costs a look-up. Which account is taken is decided in `routing`.
"""

import json
import time
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import structlog
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, Sum

from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import AccountProduct, Health
from kacang.payments.accounts import account_secrets, routing
from kacang.payments.accounts.days import received_today
from kacang.payments.accounts.routing import ANY, Limits, Route, Sale
from kacang.payments.companies import registry
from kacang.payments.models import Account, Forgery
from kacang.payments.ports import AccountInfo, PayInstructions, PaymentAsked
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.money import Money

log = structlog.get_logger(__name__)
T = TypeVar("T")
# How long a process goes on with an account that was changed elsewhere.
CACHE_SECONDS = 3.0
CACHE_MAX = 10_000
FORGERY_DAYS = 30


class UnknownAccount(NotFound):
    """There is no such payment account."""

    code = "payments.unknown_account"


class ProviderNotOffered(Conflict):
    """The merchant takes no money this way at the moment, or not this money."""

    code = "payments.not_offered"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as the console shows it: never its secrets.

    `forgeries` and `strangers` are messages of the last 30 days that were refused: for their
    signature, and for where they came from.
    """

    uid: str
    provider: str
    name: str
    enabled: bool
    currency: str
    has_secrets: bool
    is_known: bool
    forgeries: int
    strangers: int
    limits: Limits
    health: Health
    created_at: datetime
    changed_at: datetime

    @property
    def refused(self) -> int:
        """How many messages were refused, for whatever reason."""
        return self.forgeries + self.strangers

    @property
    def least(self) -> Money | None:
        """The smallest payment that it takes."""
        return self._money(self.limits.amount_min_minor)

    @property
    def most(self) -> Money | None:
        """The largest payment that it takes."""
        return self._money(self.limits.amount_max_minor)

    @property
    def day_most(self) -> Money | None:
        """What it takes in a day, all in all."""
        return self._money(self.limits.day_max_minor)

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.currency)


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay that checkout shows."""

    provider: str
    name: str
    account_uid: str


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """A payment that was made without a call: what its row and the buyer need."""

    account_id: int
    number: str
    pay_url: str
    qr_content: str
    provider_ref: str
    facts: Mapping[str, str]


_cache: dict[Hashable, tuple[float, object]] = {}


def account_of_uid(uid: str) -> AccountInfo:
    """Return the account that a callback names, whoever's it is, with its secrets.

    Kept in the process for three seconds: a callback costs no look-up.

    Raises:
        UnknownAccount: There is none.
    """
    return _cached(uid, lambda: _by_uid(uid))


def remembered_account(uid: str) -> AccountInfo | None:
    """Return the account if this process holds it: `account_of_uid` without the database."""
    kept = _cache.get(uid)
    return cast("AccountInfo", kept[1]) if kept and kept[0] > time.monotonic() else None


def routes(*, merchant_id: int) -> tuple[Route, ...]:
    """Return the merchant's enabled accounts in their order, with their secrets; kept likewise."""
    return _cached(merchant_id, lambda: _enabled(merchant_id))


def account_of_merchant(*, merchant_id: int, uid: str) -> AccountInfo:
    """Return a merchant's account as it is stored now, enabled or not.

    Raises:
        UnknownAccount: The merchant has none of that name.
    """
    with acting_as(merchant_id):
        return _opened(Account.objects.filter(merchant_id=merchant_id, uid=uid).first())


def account_of_id(*, merchant_id: int, account_id: int) -> AccountInfo:
    """As `account_of_merchant`, by its number in the house."""
    with acting_as(merchant_id):
        return _opened(Account.objects.filter(merchant_id=merchant_id, id=account_id).first())


def account_for(*, merchant_id: int, provider: str, sale: Sale = ANY) -> AccountInfo:
    """Return an enabled account of a company that can take a sale, with its secrets.

    Raises:
        ProviderNotOffered: None is enabled, or none takes this sale.
    """
    found = routing.choose(routes(merchant_id=merchant_id), sale, provider=provider)
    if found is None:
        raise ProviderNotOffered(provider=provider[:30])
    return found.account


def forget_accounts() -> None:
    """Drop the accounts that this process holds."""
    _cache.clear()


def instructions(*, account: AccountInfo, payment: PaymentAsked) -> PayInstructions | None:
    """Say how a payment is paid, when its company needs no call for that; else None.

    Touches neither network nor database: it may run inside the transaction of the order.
    """
    company = registry.provider(account.provider)
    return company.create(account, payment) if company.creates_offline else None


def offline_payment(
    *,
    merchant_id: int,
    provider: str,
    number: str,
    amount: Money,
    products: Collection[str] | None = None,
) -> OfflinePayment | None:
    """Make a payment at an account of a company that needs no call for it.

    Returns None when the company is unknown, needs a call, or the merchant has no enabled
    account there that takes this amount for these products.
    """
    sale = Sale(amount=amount, products=products)
    try:
        account = account_for(merchant_id=merchant_id, provider=provider, sale=sale)
        made = instructions(account=account, payment=PaymentAsked(number, amount))
    except (ProviderNotOffered, registry.UnknownProvider):
        return None
    if made is None:
        return None
    return OfflinePayment(
        account.id, number, made.pay_url, made.qr_content, made.provider_ref, made.facts
    )


def offered(*, merchant_id: int, sale: Sale = ANY) -> list[Offer]:
    """Return the ways in which a sale can be paid, one per company, in the merchant's order."""
    return [
        Offer(route.account.provider, route.name, route.account.uid)
        for route in routing.ways(routes(merchant_id=merchant_id), sale)
    ]


def accounts(*, merchant_id: int) -> list[AccountRow]:
    """Return the merchant's accounts in the order that checkout shows them."""
    known = registry.providers()
    month = datetime.now(UTC).date() - timedelta(days=FORGERY_DAYS)
    with acting_as(merchant_id):
        refused = {
            account: (forged, strangers)
            for account, forged, strangers in Forgery.objects.filter(
                merchant_id=merchant_id, day__gte=month
            )
            .values_list("account_id")
            .annotate(Sum("count"), Sum("strangers"))
        }
        rows = list(_with_products(merchant_id).order_by("position", "id"))
    return [
        AccountRow(
            uid=row.uid,
            provider=row.provider,
            name=row.name,
            enabled=row.enabled,
            currency=row.currency,
            has_secrets=row.secrets is not None,
            is_known=row.provider in known,
            forgeries=refused.get(row.pk, (0, 0))[0],
            strangers=refused.get(row.pk, (0, 0))[1],
            limits=limits_of(row),
            health=Health(row.health),
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]


def limits_of(row: Any) -> Limits:
    """Return what a row of `account`, read with its products, takes."""
    return Limits(
        weight=row.weight,
        amount_min_minor=row.amount_min_minor,
        amount_max_minor=row.amount_max_minor,
        day_max_minor=row.day_max_minor,
        products=frozenset(row.products),
    )


def _opened(row: Account | None) -> AccountInfo:
    if row is None:
        raise UnknownAccount
    return account_secrets.info_of(row)


def _cached(key: Hashable, load: Callable[[], T]) -> T:
    kept = _cache.get(key)
    if kept and kept[0] > time.monotonic():
        return cast("T", kept[1])
    found = load()
    if len(_cache) >= CACHE_MAX:
        _cache.clear()
    _cache[key] = (time.monotonic() + CACHE_SECONDS, found)
    return found


def _by_uid(uid: str) -> AccountInfo:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, merchant_id, provider, enabled, secrets, options, currency, networks"
            " from payment_account_of_uid(%s::text)",
            # PostgreSQL refuses a zero byte in any text; no account has one.
            [uid[:32].replace("\0", "")],
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownAccount
    account_id, merchant_id, provider, enabled, sealed, options, currency, networks = row
    return AccountInfo(
        id=account_id,
        merchant_id=merchant_id,
        uid=uid,
        provider=provider,
        enabled=enabled,
        currency=currency,
        secrets=account_secrets.open_sealed(merchant_id, uid, sealed),
        options=dict(_json(options) or {}),
        networks=tuple(_json(networks) or ()),
    )


def _enabled(merchant_id: int) -> tuple[Route, ...]:
    with acting_as(merchant_id):
        rows = list(_with_products(merchant_id).filter(enabled=True).order_by("position", "id"))
        counted = [row.pk for row in rows if row.day_max_minor is not None]
        today = received_today(merchant_id, counted) if counted else {}
    found = (_route(row, today.get(row.pk, 0)) for row in rows)
    return tuple(route for route in found if route is not None)


def _route(row: Any, received_minor: int) -> Route | None:
    try:
        account = account_secrets.info_of(row)
    except Exception:
        # An account whose secrets cannot be opened must not take the others down.
        log.exception("payment_account_sealed", account=row.uid)
        return None
    return Route(account, row.name, limits_of(row), Health(row.health), received_minor)


def _with_products(merchant_id: int) -> Any:
    allowed = AccountProduct.objects.filter(merchant_id=merchant_id, account_id=OuterRef("pk"))
    return Account.objects.filter(merchant_id=merchant_id).annotate(
        products=ArraySubquery(allowed.order_by().values("product__uid"))
    )


def _json(value: Any) -> Any:
    # Django has its connections give jsonb as text.
    return json.loads(value) if isinstance(value, str) else value
