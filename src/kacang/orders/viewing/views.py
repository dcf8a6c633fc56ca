"""Saved views of the list of orders: private ones, and shared ones that a role may start with."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.permissions import Role
from kacang.merchants.tenancy import acting_as
from kacang.orders.list_models import SavedView
from kacang.orders.viewing.choices import checked_columns, choice_of, choose_view
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid

NAME_MAX = 40
QUERY_MAX = 12_000
VIEWS_MAX = 50
# What a person chooses whose list starts with all orders, whatever the role's does.
ALL = "all"


class UnknownView(NotFound):
    """There is no such view, or it is somebody else's own."""

    code = "orders.unknown_view"


class BadView(Invalid):
    """A view needs a name of its own."""

    code = "orders.bad_view"


class TooManyViews(Conflict):
    """This person has as many views as one may have."""

    code = "orders.too_many_views"


@dataclass(frozen=True, slots=True)
class View:
    """A saved view.

    Args:
        uid: What addresses call it.
        name: What people call it.
        query: The address that it stands for, without "?".
        columns: Which columns it shows; empty: the person's own choice.
        is_shared: Whether all who see orders see it.
        is_mine: Whether the person who asks made it.
        roles: Whose list starts with it.
    """

    uid: str
    name: str
    query: str
    columns: tuple[str, ...]
    is_shared: bool
    is_mine: bool
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose views: a person at work for a merchant. `may_share` is looked at by the caller."""

    merchant_id: int
    person_id: int
    actor: Actor


def views(*, keeper: Keeper) -> list[View]:
    """Return the person's own views and the shared ones, in the order in which they were made."""
    with acting_as(keeper.merchant_id):
        seen = Q(person_id=keeper.person_id) | Q(is_shared=True)
        rows = SavedView.objects.filter(seen, merchant_id=keeper.merchant_id).order_by("id")
        return [_view(row, keeper) for row in rows]


def view(*, keeper: Keeper, uid: str) -> View:
    """Return one view.

    Raises:
        UnknownView: There is none that this person sees.
    """
    with acting_as(keeper.merchant_id):
        return _view(_row(keeper, uid), keeper)


def first_view(*, keeper: Keeper, role: str) -> View | None:
    """Return what a person's list starts with: the own choice, else the role's; None: all."""
    chosen = choice_of(merchant_id=keeper.merchant_id, person_id=keeper.person_id).view_uid
    if chosen == ALL:
        return None
    found = views(keeper=keeper)
    own = next((one for one in found if one.uid == chosen), None)
    return own or next((one for one in found if role in one.roles), None)


def save_view(
    *, keeper: Keeper, name: str, query: str, columns: Collection[str] = (), shared: bool = False
) -> str:
    """Keep a view under a name and return its uid; one's own of that name is written over.

    Raises:
        BadView: It has no name, or one that is too long.
        TooManyViews: As it says.
    """
    name = _checked(name)
    if len(query) > QUERY_MAX:
        raise BadView
    values = {"query": query, "columns": checked_columns(columns), "is_shared": shared}
    with acting_as(keeper.merchant_id):
        mine = SavedView.objects.filter(merchant_id=keeper.merchant_id, person_id=keeper.person_id)
        if row := mine.filter(name=name).first():
            mine.filter(pk=row.pk).update(**values)
        else:
            if mine.count() >= VIEWS_MAX:
                raise TooManyViews(most=VIEWS_MAX)
            row = _made(keeper, name, values)
        if shared:
            _log(row, keeper, "views.share")
    return row.uid


def rename_view(*, keeper: Keeper, uid: str, name: str, may_share: bool) -> None:
    """Give a view another name.

    Raises:
        UnknownView: There is none that this person may change.
        BadView: The name is empty, too long, or that of another of the person's views.
    """
    name = _checked(name)
    with acting_as(keeper.merchant_id):
        row = _mine(keeper, uid, may_share=may_share)
        row.name = name
        try:
            with transaction.atomic():
                row.save(update_fields=["name"])
        except IntegrityError as error:
            raise BadView from error


def duplicate_view(*, keeper: Keeper, uid: str, name: str) -> str:
    """Make a private copy of a view that the person sees, and return its uid.

    Raises:
        UnknownView, BadView, TooManyViews: As they say.
    """
    found = view(keeper=keeper, uid=uid)
    return save_view(keeper=keeper, name=name, query=found.query, columns=found.columns)


def delete_view(*, keeper: Keeper, uid: str, may_share: bool) -> None:
    """Take a view away, also from whom it is the first.

    Raises:
        UnknownView: There is none that this person may change.
    """
    with acting_as(keeper.merchant_id):
        row = _mine(keeper, uid, may_share=may_share)
        if row.is_shared:
            _log(row, keeper, "views.delete")
        row.delete()


def share_view(*, keeper: Keeper, uid: str, shared: bool, roles: Collection[str]) -> None:
    """Show a view to all who see orders, or no more; `roles` start with it.

    Raises:
        UnknownView: There is none that this person sees.
        BadView: A role is none, or the view is not shared.
    """
    if not set(roles) <= set(Role.values) or (roles and not shared):
        raise BadView
    with acting_as(keeper.merchant_id):
        row = _row(keeper, uid)
        # A role starts with one view.
        for other in SavedView.objects.filter(merchant_id=keeper.merchant_id, is_shared=True):
            left = [role for role in other.roles if role not in roles]
            if other.pk != row.pk and left != other.roles:
                SavedView.objects.filter(merchant_id=keeper.merchant_id, pk=other.pk).update(
                    roles=left
                )
        row.is_shared, row.roles = shared, sorted(set(roles))
        row.save(update_fields=["is_shared", "roles"])
        _log(row, keeper, "views.share" if shared else "views.unshare")


def start_with(*, keeper: Keeper, uid: str) -> None:
    """Let the person's list start with a view; "" for the role's, "all" for everything.

    Raises:
        UnknownView: There is none that this person sees.
    """
    if uid not in ("", ALL):
        view(keeper=keeper, uid=uid)
    choose_view(merchant_id=keeper.merchant_id, person_id=keeper.person_id, uid=uid)


def _made(keeper: Keeper, name: str, values: dict[str, object]) -> SavedView:
    return SavedView.objects.create(
        merchant_id=keeper.merchant_id,
        person_id=keeper.person_id,
        uid=new_uid("view"),
        name=name,
        **values,
    )


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise BadView
    return name


def _row(keeper: Keeper, uid: str) -> SavedView:
    row = SavedView.objects.filter(merchant_id=keeper.merchant_id, uid=uid).first()
    if row is None or not (row.is_shared or row.person_id == keeper.person_id):
        raise UnknownView
    return row


def _mine(keeper: Keeper, uid: str, *, may_share: bool) -> SavedView:
    """Return the row of a view that the person may change: a private one of its own, or a shared.

    What all see is changed only by who may share.
    """
    row = _row(keeper, uid)
    if row.is_shared and not may_share:
        raise UnknownView
    return row


def _log(row: SavedView, keeper: Keeper, action: str) -> None:
    audit.record(
        merchant_id=keeper.merchant_id,
        actor=keeper.actor,
        action=action,
        object_kind="view",
        object_uid=row.uid,
        after={"name": row.name, "roles": list(row.roles)},
    )


def _view(row: SavedView, keeper: Keeper) -> View:
    return View(
        uid=row.uid,
        name=row.name,
        query=row.query,
        columns=tuple(row.columns),
        is_shared=row.is_shared,
        is_mine=row.person_id == keeper.person_id,
        roles=tuple(row.roles),
    )
