"""Warehouses: where goods lie. A merchant has one from the first piece on."""

import unicodedata
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.stock.models import Warehouse

NAME_MAX = 80


class UnknownWarehouse(NotFound):
    """There is no such warehouse."""

    code = "stock.unknown_warehouse"


class BadWarehouse(Invalid):
    """A warehouse has a name of 1 to 80 printable characters."""

    code = "stock.bad_warehouse"


class WarehouseTaken(Conflict):
    """Another warehouse has this name."""

    code = "stock.warehouse_taken"


@dataclass(frozen=True, slots=True)
class WarehouseView:
    """A warehouse. The default one may have no name: pages have a word for it."""

    id: int
    uid: str
    name: str
    is_default: bool


def create_warehouse(*, merchant_id: int, actor: Actor, name: str) -> str:
    """Add a warehouse and return its uid.

    Raises:
        BadWarehouse, WarehouseTaken: The name cannot be used.
    """
    with acting_as(merchant_id):
        default_warehouse(merchant_id)
        row = Warehouse(merchant_id=merchant_id, uid=new_uid("whs"), name=_clean(name))
        _save(row)
        _log(actor, "warehouses.create", row, None)
    return row.uid


def rename_warehouse(*, merchant_id: int, actor: Actor, uid: str, name: str) -> None:
    """Call a warehouse something else.

    Raises:
        UnknownWarehouse: There is none.
        BadWarehouse, WarehouseTaken: The name cannot be used.
    """
    with acting_as(merchant_id):
        row = find_warehouse(merchant_id, uid)
        before = row.name
        row.name = _clean(name)
        if row.name != before:
            _save(row)
            _log(actor, "warehouses.rename", row, before)


def warehouses(*, merchant_id: int) -> list[WarehouseView]:
    """Return every warehouse, the default one first."""
    with acting_as(merchant_id):
        default_warehouse(merchant_id)
        rows = Warehouse.objects.filter(merchant_id=merchant_id).order_by("-is_default", "id")
        return [WarehouseView(row.pk, row.uid, row.name, row.is_default) for row in rows]


def default_warehouse(merchant_id: int) -> Warehouse:
    """Return the default one; made here when there is none. Inside the caller's transaction."""
    assert connection.in_atomic_block
    rows = Warehouse.objects.filter(merchant_id=merchant_id, is_default=True)
    found = rows.first()
    if found is None:
        made = Warehouse(merchant_id=merchant_id, uid=new_uid("whs"), is_default=True)
        # Whoever comes at the same time waits for the first, and then finds it.
        Warehouse.objects.bulk_create([made], ignore_conflicts=True)
        found = rows.get()
    return found


def find_warehouse(merchant_id: int, uid: str) -> Warehouse:
    """Return the warehouse of this uid; "" is the default one."""
    if not uid:
        return default_warehouse(merchant_id)
    row = Warehouse.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
    if row is None:
        raise UnknownWarehouse
    return row


def _clean(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_MAX or any(_is_control(letter) for letter in name):
        raise BadWarehouse(limit=NAME_MAX)
    return name


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs")


def _save(row: Warehouse) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise WarehouseTaken(name=row.name) from error


def _log(actor: Actor, action: str, row: Warehouse, before: str | None) -> None:
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="warehouse",
        object_uid=row.uid,
        before=None if before is None else {"name": before},
        after={"name": row.name},
    )
