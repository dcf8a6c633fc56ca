"""A merchant's stores, and who works in them (R1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kacang.merchants.models import Store, StoreClerk
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import NotFound


class UnknownStore(NotFound):
    """The merchant has no such store, or it is closed."""

    code = "stores.unknown"


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """One store. `clerks` are uids of the members who work there, where they were asked for."""

    id: int
    uid: str
    code: str
    name: str
    address: str
    closed_at: datetime | None
    clerks: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether orders may be placed in it."""
        return self.closed_at is None


def stores(*, merchant_id: int) -> Sequence[StoreInfo]:
    """Return all stores with who works in them: open ones first, then by name."""
    with acting_as(merchant_id):
        rows = list(Store.objects.filter(merchant_id=merchant_id).order_by("name", "id"))
        working = _working(merchant_id)
    ordered = sorted(rows, key=lambda row: row.closed_at is not None)
    return [_info(row, frozenset(working.get(row.pk, ()))) for row in ordered]


def store(*, merchant_id: int, uid: str) -> StoreInfo:
    """Return one store, open or closed, with who works in it.

    Raises:
        UnknownStore: The merchant has none of this id.
    """
    # Not there is said outside of the block: leaving it by an error would end the caller's too.
    found = _one(merchant_id, uid=uid)
    with acting_as(merchant_id):
        working = _working(merchant_id, store_id=found.id)
    return replace(found, clerks=frozenset(working.get(found.id, ())))


def open_store_of(*, merchant_id: int, uid: str = "", code: str = "") -> StoreInfo:
    """Return the open store of a uid, or of the code in its address.

    Raises:
        UnknownStore: There is none, or it is closed.
    """
    named = {"uid": uid[:32]} if uid else {"code": code[:20]}
    return _one(merchant_id, closed_at=None, **named)


def open_store_ids(*, merchant_id: int, uids: Collection[str]) -> Mapping[str, int]:
    """Return the ids of those stores, by uid, that are open."""
    with acting_as(merchant_id):
        found = Store.objects.filter(merchant_id=merchant_id, uid__in=uids, closed_at=None)
        return dict(found.values_list("uid", "id"))


def store_of_id(*, merchant_id: int, store_id: int | None) -> StoreInfo | None:
    """Return the store that a row names by its id, None where it names none.

    Raises:
        UnknownStore: There is none of this id.
    """
    return None if store_id is None else _one(merchant_id, id=store_id)


def _working(merchant_id: int, **named: int) -> dict[int, set[str]]:
    """Return by store who works there now. Must run within `acting_as`."""
    found = StoreClerk.objects.filter(
        merchant_id=merchant_id, membership__disabled_at=None, **named
    )
    working: dict[int, set[str]] = {}
    for store_id, uid in found.values_list("store_id", "membership__uid"):
        working.setdefault(store_id, set()).add(uid)
    return working


def _one(merchant_id: int, **named: object) -> StoreInfo:
    with acting_as(merchant_id):
        row = Store.objects.filter(merchant_id=merchant_id, **named).first()
    if row is None:
        raise UnknownStore
    return _info(row)


def _info(row: Store, clerks: frozenset[str] = frozenset()) -> StoreInfo:
    return StoreInfo(row.pk, row.uid, row.code, row.name, row.address, row.closed_at, clerks)
