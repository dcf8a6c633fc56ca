"""Stores: opened, changed, closed, and who works in them (R1, I1).

Who works in a store sees its orders, if their role reaches to stores.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import Membership, Store, StoreClerk
from kacang.merchants.operations.staff import UnknownStaff, check_gives, powers_of
from kacang.merchants.queries.stores import UnknownStore
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, Invalid
from kacang.shared.ids import new_uid

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
NAME_MAX, ADDRESS_MAX, STORES_MAX = 60, 200, 500


class BadStore(Invalid):
    """A store needs a name, and a code of small letters, digits and hyphens."""

    code = "stores.bad"


class StoreCodeTaken(Conflict):
    """Another store has this code, or had it before it was closed."""

    code = "stores.code_taken"


class TooManyStores(Conflict):
    """A merchant has at most STORES_MAX stores."""

    code = "stores.too_many"


@dataclass(frozen=True, slots=True)
class StoreDraft:
    """What a store shall be called, and the word by which its address names it."""

    name: str
    code: str
    address: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The columns of it.

        Raises:
            BadStore: It cannot be.
        """
        name, address = " ".join(self.name.split()), " ".join(self.address.split())
        code = self.code.strip().lower()
        fits = 0 < len(name) <= NAME_MAX and len(address) <= ADDRESS_MAX and CODE.fullmatch(code)
        if not fits or not (name + address).isprintable():
            raise BadStore
        return {"name": name, "code": code, "address": address}


def open_store(*, merchant_id: int, draft: StoreDraft, actor: Actor) -> str:
    """Open a store; return its uid.

    Raises:
        BadStore, StoreCodeTaken, TooManyStores: As they say.
    """
    fields = draft.fields
    try:
        with acting_as(merchant_id):
            if Store.objects.filter(merchant_id=merchant_id).count() >= STORES_MAX:
                raise TooManyStores
            row = Store.objects.create(merchant_id=merchant_id, uid=new_uid("sto"), **fields)
            _record(row, actor, "stores.open", after=fields)
    except IntegrityError as error:
        raise StoreCodeTaken from error
    return row.uid


def edit_store(*, merchant_id: int, uid: str, draft: StoreDraft, actor: Actor) -> None:
    """Change a store's name, code or address. Links with the old code lead to the shop alone.

    Raises:
        UnknownStore, BadStore, StoreCodeTaken: As they say.
    """
    fields = draft.fields
    try:
        with acting_as(merchant_id):
            row = _locked(merchant_id, uid)
            before = {name: getattr(row, name) for name in fields}
            changed = [name for name in fields if before[name] != fields[name]]
            if not changed:
                return
            Store.objects.filter(merchant_id=merchant_id, id=row.pk).update(**fields)
            _record(
                row, actor, "stores.edit",
                before={name: before[name] for name in changed},
                after={name: fields[name] for name in changed},
            )  # fmt: skip
    except IntegrityError as error:
        raise StoreCodeTaken from error


def close_store(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """Close a store: no order is placed in it from now on. Those it has stay, seen as before.

    Raises:
        UnknownStore: The merchant has none of this id.
    """
    _mark(merchant_id, uid, actor, now)


def reopen_store(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Open a store again that was closed.

    Raises:
        UnknownStore: The merchant has none of this id.
    """
    _mark(merchant_id, uid, actor, None)


def set_clerks(*, merchant_id: int, uid: str, members: Collection[str], actor: Actor) -> None:
    """Say who works in a store: these members and nobody else, from their next request on.

    Raises:
        UnknownStore: The merchant has none of this id.
        UnknownStaff: Nobody who works here has one of these ids.
        BeyondOwn: Somebody who comes or goes may do what `actor` may not.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        # Who is disabled keeps their stores, should they come back.
        staff = Membership.objects.filter(merchant_id=merchant_id).select_related(
            "custom_role", "user"
        )
        before = set(
            StoreClerk.objects.filter(
                merchant_id=merchant_id, store=row, membership__disabled_at=None
            ).values_list("membership_id", flat=True)
        )
        wanted = {one.pk: one for one in staff.filter(uid__in=set(members), disabled_at=None)}
        if len(wanted) != len(set(members)):
            raise UnknownStaff
        comes, goes = wanted.keys() - before, before - wanted.keys()
        moved = {one.pk: one for one in staff.filter(id__in=comes | goes)}
        check_gives(merchant_id, actor, *map(powers_of, moved.values()))
        if not moved:
            return
        StoreClerk.objects.filter(
            merchant_id=merchant_id, store=row, membership_id__in=goes
        ).delete()
        StoreClerk.objects.bulk_create(
            StoreClerk(merchant_id=merchant_id, store=row, membership_id=one)
            for one in sorted(comes)
        )
        _record(
            row, actor, "stores.clerks",
            before={"members": sorted(moved[one].user.email for one in goes)},
            after={"members": sorted(moved[one].user.email for one in comes)},
        )  # fmt: skip


def _mark(merchant_id: int, uid: str, actor: Actor, closed_at: datetime | None) -> None:
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        if (row.closed_at is None) == (closed_at is None):
            return
        Store.objects.filter(merchant_id=merchant_id, id=row.pk).update(closed_at=closed_at)
        action = "stores.reopen" if closed_at is None else "stores.close"
        _record(row, actor, action, after={"name": row.name})


def _locked(merchant_id: int, uid: str) -> Store:
    row = (
        Store.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownStore
    return row


def _record(
    row: Store,
    actor: Actor,
    action: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
) -> None:
    audit.record(
        merchant_id=row.merchant_id, actor=actor, action=action,
        object_kind="store", object_uid=row.uid, before=dict(before or {}), after=dict(after),
    )  # fmt: skip
