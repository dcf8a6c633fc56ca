"""Which roles a merchant has made, and who has what for a while (I1)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.functional import Promise

from kacang.merchants.models import CustomRole, RoleGrant
from kacang.merchants.permissions import PERMISSIONS, Role
from kacang.merchants.tenancy import acting_as


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """A role that the merchant made. `members`: how many people work in it now."""

    uid: str
    name: str
    permissions: frozenset[str]
    reach: str
    channels: tuple[str, ...]
    hidden: frozenset[str]
    needs_second_factor: bool
    members: int


@dataclass(frozen=True, slots=True)
class GrantInfo:
    """What somebody has on top of their role until a time."""

    uid: str
    what: Promise | str
    reason: str
    granted_by: str
    until: datetime


def custom_roles(*, merchant_id: int) -> list[RoleInfo]:
    """Return the roles that a merchant made and did not put away, by name."""
    with acting_as(merchant_id):
        rows = list(
            CustomRole.objects.filter(merchant_id=merchant_id, archived_at=None)
            .annotate(people=Count("membership", filter=Q(membership__disabled_at=None)))
            .order_by("name")
        )
    return [
        RoleInfo(
            uid=row.uid, name=row.name, permissions=frozenset(row.permissions), reach=row.reach,
            channels=tuple(row.channels), hidden=frozenset(row.hidden),
            needs_second_factor=row.needs_second_factor, members=row.people,
        )
        for row in rows
    ]  # fmt: skip


def grants_of(*, merchant_id: int, member_uid: str, now: datetime) -> list[GrantInfo]:
    """Return what a member has for a while at `now`, the earliest end first."""
    with acting_as(merchant_id):
        rows = list(
            RoleGrant.objects.filter(
                merchant_id=merchant_id, membership__uid=member_uid, ended_at=None, until__gt=now
            )
            .select_related("custom_role")
            .order_by("until", "id")
        )
    return [GrantInfo(row.uid, _what(row), row.reason, row.granted_by, row.until) for row in rows]


def _what(row: RoleGrant) -> Promise | str:
    if row.custom_role:
        return row.custom_role.name
    return Role(row.preset).label if row.preset else PERMISSIONS.get(row.permission, "")
