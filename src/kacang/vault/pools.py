"""Separate pools: a part of a SKU's stock set aside, for a flash sale, a channel, a reseller (S3).

The shop sells from the common pool, which has no row. Cards go from pool to pool by jobs.
"""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.vault.levels import pool_levels
from kacang.vault.models import CardState, Pool

COMMON = "common"
NAME_MAX = 80


class UnknownPool(NotFound):
    """There is no such pool."""

    code = "vault.unknown_pool"


class BadPoolName(Invalid):
    """A pool needs a name of at most 80 characters."""

    code = "vault.bad_pool_name"


class PoolNameTaken(Conflict):
    """There is a pool of this name already."""

    code = "vault.pool_name_taken"


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool. `id` stays in the house; `uid` is its name outside."""

    id: int
    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class PoolStock:
    """What a SKU has in a pool; `pool` is None for the common one."""

    pool: PoolView | None
    available: int
    total: int


def create_pool(*, merchant_id: int, actor: Actor, name: str) -> PoolView:
    """Add a pool, which has no cards yet.

    Raises:
        BadPoolName, PoolNameTaken: As they say.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise BadPoolName(limit=NAME_MAX)
    with acting_as(merchant_id):
        try:
            with transaction.atomic():
                row = Pool.objects.create(merchant_id=merchant_id, uid=new_uid("pol"), name=name)
        except IntegrityError:
            raise PoolNameTaken from None
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="pools.create",
            object_kind="pool",
            object_uid=row.uid,
            after={"name": name},
        )
    return PoolView(row.pk, row.uid, row.name)


def pools(*, merchant_id: int) -> list[PoolView]:
    """Return the pools of a merchant, the common one aside, by name."""
    with acting_as(merchant_id):
        rows = Pool.objects.filter(merchant_id=merchant_id).order_by("name")
        return [PoolView(row.pk, row.uid, row.name) for row in rows]


def pool_id_of(merchant_id: int, uid: str) -> int:
    """Return the number of a pool, 0 for the common one. Runs in the caller's transaction.

    Raises:
        UnknownPool: There is none.
    """
    if uid == COMMON:
        return 0
    found = Pool.objects.filter(merchant_id=merchant_id, uid=uid).values_list("id", flat=True)
    pool_id = found.first()
    if pool_id is None:
        raise UnknownPool
    return pool_id


def pool_stock(*, merchant_id: int, sku_id: int) -> list[PoolStock]:
    """Return how many cards of a SKU are in which pool: the common one comes first."""
    levels = pool_levels(merchant_id=merchant_id, sku_id=sku_id)
    by_id = {pool.id: pool for pool in pools(merchant_id=merchant_id)}
    found = []
    for pool in (None, *by_id.values()):
        states = levels.get(pool.id if pool else 0, {})
        total = sum(states.values())
        if total or pool is None:
            found.append(PoolStock(pool, states.get(CardState.AVAILABLE, 0), total))
    return found
