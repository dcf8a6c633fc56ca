"""A merchant with something to sell, for measurements.

Cards are loaded by the owner's binary COPY with truly sealed secrets: how fast cards come in is
measured by `bench/imports.py`; here only that they are there.
"""

import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.installation import Installation
from kacang.catalog import operations as catalog
from kacang.catalog import queries
from kacang.catalog.operations import ProductDraft, ProductState, SkuDraft, Strategy
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.keys import cipher_for
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import KeyDraft
from kacang.merchants.tenancy import acting_as
from kacang.payments import operations as payments
from kacang.payments.operations import NewAccount
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from kacang.shared.texts import both
from kacang.vault.models import Batch, BatchState

PRICE_MINOR = 1999
COST_MINOR = 1500
_RANDOM_MAX = 2**31 - 1
_YEAR = timedelta(days=365)
_MICROSECOND = timedelta(microseconds=1)
_TYPES = ["int8", "int8", "int8", "int8", "bytea", "bytea", "timestamptz"]
_COLUMNS = "merchant_id, sku_id, batch_id, pick_key, fingerprint, secret, expires_at"


@dataclass(frozen=True)
class Shop:
    """A merchant that takes sandbox payments, and a key of its."""

    merchant_id: int
    key: str
    account: str
    secret: str
    product: str


def open_shop() -> Shop:
    """Make a merchant, its payment account and its key."""
    merchant_id = merchants.open_merchant(
        slug=f"bench-{secrets.token_hex(4)}", name="小鹿数卡", kind=MerchantKind.DEMO
    )
    made = payments.create_account(
        merchant_id=merchant_id, account=NewAccount(provider="sandbox", name="Sandbox")
    )
    payments.enable_account(merchant_id=merchant_id, uid=made.uid)
    key = merchants.create_key(
        merchant_id=merchant_id, actor=SYSTEM, draft=KeyDraft(name="bench", scopes=("all",))
    )
    product = catalog.create_product(
        merchant_id=merchant_id, actor=SYSTEM, draft=ProductDraft(title=both("月卡", "Month"))
    )
    (secret,) = made.made_secrets.values()
    return Shop(merchant_id, key.key, made.uid, secret, product)


def add_sku(
    made: Installation, shop: Shop, *, cards: int, strategy: Strategy = Strategy.RANDOM
) -> str:
    """Put a SKU with `cards` free cards on sale and return its uid."""
    uid = catalog.create_sku(
        merchant_id=shop.merchant_id,
        actor=SYSTEM,
        product_uid=shop.product,
        draft=SkuDraft(title=both(f"{cards}"), price_minor=PRICE_MINOR, strategy=strategy),
    )
    load(made, shop, uid, cards=cards, strategy=strategy)
    catalog.set_product_state(
        merchant_id=shop.merchant_id, actor=SYSTEM, uid=shop.product, state=ProductState.ON_SALE
    )
    return uid


def load(
    made: Installation, shop: Shop, sku: str, *, cards: int, strategy: Strategy = Strategy.RANDOM
) -> None:
    """Add free cards to a SKU, and leave its tables vacuumed and analysed."""
    cipher = cipher_for(shop.merchant_id)
    with acting_as(shop.merchant_id):
        sku_id = queries.sku(merchant_id=shop.merchant_id, uid=sku).id
        batch_id = Batch.objects.create(
            merchant_id=shop.merchant_id,
            uid=new_uid("bat"),
            number=secrets.token_hex(6),
            sku_id=sku_id,
            source="import",
            state=BatchState.STOCKED,
            unit_cost_minor=COST_MINOR,
            currency="CNY",
            card_count=cards,
            stocked_at=utc_now(),
        ).pk
    with made.owner() as owner:
        with owner.transaction():
            places = _places(strategy)
            with owner.cursor().copy(f"copy card ({_COLUMNS}) from stdin (format binary)") as copy:
                copy.set_types(_TYPES)
                for _ in range(cards):
                    code = secrets.token_bytes(10).hex().encode()
                    mark = cipher.fingerprint(b"", code)
                    sealed = cipher.seal("card", "secret", code, mark)
                    pick, until = next(places)
                    copy.write_row((shop.merchant_id, sku_id, batch_id, pick, mark, sealed, until))
            owner.execute(
                "insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state,"
                " cards) values (%s, %s, %s, null, 0, %s)",
                [shop.merchant_id, sku_id, batch_id, cards],
            )
        owner.execute("vacuum analyze card")
        # The other tables are empty: what is learnt of an empty table makes bad plans.


def _places(strategy: Strategy) -> Iterator[tuple[int, datetime | None]]:
    """Each card's place in the order of sale, and when it expires; later loads come later."""
    if strategy == Strategy.RANDOM:
        while True:
            yield secrets.randbelow(_RANDOM_MAX), None
    if strategy != Strategy.SOONEST_EXPIRY:
        for arrival in itertools.count(time.time_ns()):
            yield arrival, None
    until = utc_now() + _YEAR
    while True:
        until += _MICROSECOND
        yield int(until.timestamp() * 1_000_000), until
