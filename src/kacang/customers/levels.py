"""Levels of customers (H1)."""

from kacang.customers.models import Customer, Level
from kacang.customers.types import BadCustomer
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.ids import new_uid

LEVELS_MAX = 20
LEVEL_NAME_MAX, RANK_MAX = 40, 99


class UnknownLevel(NotFound):
    """The merchant has no such level."""

    code = "customers.unknown_level"


class LevelInUse(Conflict):
    """Customers have this level. `count` is how many."""

    code = "customers.level_in_use"


def save_level(*, merchant_id: int, name: str, rank: int, uid: str = "", actor: Actor) -> str:
    """Make a level, or change the one of a uid; return its uid.

    Raises:
        UnknownLevel: There is none of that uid.
        BadCustomer: A name is missing or too long, a rank is not from 1 to 99 or another
            level's, or there are too many.
    """
    name = name.strip()
    with acting_as(merchant_id):
        rows = Level.objects.filter(merchant_id=merchant_id)
        others = rows.exclude(uid=uid)
        wrong = (
            (not 1 <= len(name) <= LEVEL_NAME_MAX, "name"),
            (not 1 <= rank <= RANK_MAX or others.filter(rank=rank).exists(), "rank"),
            (others.filter(name=name).exists() or others.count() >= LEVELS_MAX, "name"),
        )
        for applies, field in wrong:
            if applies:
                raise BadCustomer(field=field)
        if uid and not rows.filter(uid=uid).update(name=name, rank=rank):
            raise UnknownLevel
        if not uid:
            uid = new_uid("lvl")
            Level.objects.create(merchant_id=merchant_id, uid=uid, name=name, rank=rank)
        _log(merchant_id, actor, "customers.level", uid, after={"name": name, "rank": rank})
    return uid


def drop_level(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Remove a level that no customer has.

    Raises:
        UnknownLevel: There is no such level.
        LevelInUse: Customers have it.
    """
    with acting_as(merchant_id):
        row = Level.objects.select_for_update().filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownLevel
        if count := Customer.objects.filter(merchant_id=merchant_id, level=row).count():
            raise LevelInUse(count=count)
        row.delete()
        _log(merchant_id, actor, "customers.drop_level", uid, before={"name": row.name})


def level_named(merchant_id: int, uid: str) -> Level:
    """Return the row of a level, in the caller's transaction.

    Raises:
        UnknownLevel: There is none.
    """
    row = Level.objects.filter(merchant_id=merchant_id, uid=uid).first()
    if row is None:
        raise UnknownLevel
    return row


def _log(merchant_id: int, actor: Actor, action: str, uid: str, **details: object) -> None:
    audit.record(
        merchant_id=merchant_id, actor=actor, action=action, object_kind="customer",
        object_uid=uid, **details,
    )  # fmt: skip
