"""Separate pools: a part of a SKU's stock set aside, for a flash sale, a channel, a reseller (S3).

The shop sells from the common pool, which has no row. Cards go from pool to pool by jobs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.vault.models import CardState, PickMark, Pool
from kacang.vault.selling.levels import levels_of_pools, pool_levels

COMMON = "common"
NAME_MAX = 80
_KEEP = """
select id from pool where merchant_id = %s::bigint and id = any(%s::bigint[])
order by id for key share
"""


class UnknownPool(NotFound):
    """There is no such pool."""

    code = "vault.unknown_pool"


class PoolNotEmpty(Conflict):
    """Cards are in the pool: only an empty one can be deleted."""

    code = "vault.pool_not_empty"


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


@dataclass(frozen=True, slots=True)
class PoolTotal:
    """A pool and what is in it, of all SKUs: what is free, and all."""

    pool: PoolView
    available: int
    total: int


def create_pool(*, merchant_id: int, actor: Actor, name: str) -> PoolView:
    """Add a pool, which has no cards yet.

    Raises:
        BadPoolName, PoolNameTaken: As they say.
    """
    name = _checked(name)
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


def rename_pool(*, merchant_id: int, actor: Actor, uid: str, name: str) -> None:
    """Call a pool something else. The same name again changes nothing.

    Raises:
        BadPoolName, PoolNameTaken, UnknownPool: As they say.
    """
    name = _checked(name)
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        before, row.name = row.name, name
        if before == name:
            return
        try:
            with transaction.atomic():
                row.save(update_fields=["name"])
        except IntegrityError:
            raise PoolNameTaken from None
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="pools.rename",
            object_kind="pool",
            object_uid=uid,
            before={"name": before},
            after={"name": name},
        )


def delete_pool(*, merchant_id: int, actor: Actor, uid: str) -> None:
    """Delete a pool that has no cards, sold or void ones neither.

    Jobs that put cards there ask for it by `keep_pools`: they wait for this, or this for them.

    Raises:
        PoolNotEmpty, UnknownPool: As they say.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        # After the lock, in a statement of its own: it sees what the last job has put there.
        if any(levels_of_pools(merchant_id, [row.pk]).values()):
            raise PoolNotEmpty
        PickMark.objects.filter(merchant_id=merchant_id, pool_id=row.pk).delete()
        row.delete()
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="pools.delete",
            object_kind="pool",
            object_uid=uid,
            before={"name": row.name},
        )


def keep_pools(merchant_id: int, ids: Iterable[int]) -> set[int]:
    """Return which of these pools are there, and keep them until the transaction ends.

    The common one (0) always is. Runs in the caller's transaction, before it locks any card.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [merchant_id, sorted(set(ids))])
        return {0, *(pool_id for (pool_id,) in cursor.fetchall())}


def pool_totals(*, merchant_id: int) -> list[PoolTotal]:
    """Return the pools of a merchant with what is in them, by name; the common one aside."""
    found = pools(merchant_id=merchant_id)
    with acting_as(merchant_id):
        levels = levels_of_pools(merchant_id, [pool.id for pool in found])
    return [
        PoolTotal(
            pool,
            levels[pool.id].get(CardState.AVAILABLE, 0),
            sum(levels[pool.id].values()),
        )
        for pool in found
    ]


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise BadPoolName(limit=NAME_MAX)
    return name


def _locked(merchant_id: int, uid: str) -> Pool:
    row = Pool.objects.select_for_update().filter(merchant_id=merchant_id, uid=uid).first()
    if row is None:
        raise UnknownPool
    return row


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
