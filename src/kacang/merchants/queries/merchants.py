"""Which merchants there are, and who works for them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from kacang.merchants.models import Host, Merchant
from kacang.merchants.permissions import Role
from kacang.merchants.powers import ANYBODY, Holder, Powers, powers, with_grants
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import NotFound


class UnknownMerchant(NotFound):
    """There is no such merchant."""

    code = "merchants.unknown"


@dataclass(frozen=True, slots=True)
class MerchantInfo:
    """What pages need to know of a merchant."""

    id: int
    uid: str
    slug: str
    name: str
    kind: str
    time_zone: str
    currency: str


def merchant(*, merchant_id: int) -> MerchantInfo:
    """Return one merchant, or raise UnknownMerchant."""
    with acting_as(merchant_id):
        row = Merchant.objects.filter(id=merchant_id).first()
    if row is None:
        raise UnknownMerchant
    return MerchantInfo(row.pk, row.uid, row.slug, row.name, row.kind, row.time_zone, row.currency)


@dataclass(frozen=True, slots=True)
class MembershipInfo:
    """Where a person works, as what, and what that lets them do at this moment.

    `permissions`, `reach` and `hidden` are of `powers.Powers`, with what was given for a while;
    `own` is what the role alone gives.
    """

    merchant_id: int
    uid: str
    merchant_name: str
    merchant_slug: str
    merchant_kind: str
    time_zone: str
    currency: str
    role: str
    permissions: frozenset[str]
    member_id: int
    own: Powers
    reach: frozenset[str] | None
    hidden: frozenset[str]
    custom_name: str = ""
    custom_uid: str = ""
    role_needs_second_factor: bool = False
    second_factor_by: datetime | None = None
    holder: Holder = ANYBODY

    @property
    def role_label(self) -> Promise | str:
        """What people call the role."""
        return self.custom_name or Role(self.role).label


def memberships_of(*, user_id: int) -> list[MembershipInfo]:
    """Return all the merchants that a person works for now, the oldest merchant first."""
    with connection.cursor() as cursor:
        cursor.execute("select * from memberships_of(%s::bigint)", [user_id])
        rows = cursor.fetchall()
    return [membership_info(row) for row in rows]


def membership_info(row: tuple[Any, ...]) -> MembershipInfo:
    """Read a row of the function `memberships_of`."""
    custom, grants = json.loads(row[9] or "null"), json.loads(row[10])
    holder = Holder(row[8], tuple(row[12]))
    own = powers(role=row[7], custom=custom, holder=holder)
    now = with_grants(own, grants, holder)
    return MembershipInfo(
        merchant_id=row[0], uid=row[1], merchant_name=row[2], merchant_slug=row[3],
        merchant_kind=row[4], time_zone=row[5], currency=row[6], role=row[7], member_id=row[8],
        permissions=now.permissions, reach=now.reach, hidden=now.hidden, own=own,
        custom_name=custom["name"] if custom else "",
        custom_uid=custom["uid"] if custom else "",
        role_needs_second_factor=bool(custom and custom["needs_second_factor"]),
        second_factor_by=row[11], holder=holder,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HostInfo:
    """A host name of a shop."""

    name: str
    created_at: datetime


def hosts(*, merchant_id: int) -> list[HostInfo]:
    """Return the host names under which a merchant's shop is reached."""
    with acting_as(merchant_id):
        rows = list(Host.objects.filter(merchant_id=merchant_id).order_by("name"))
    return [HostInfo(row.name, row.created_at) for row in rows]


def merchant_id_of_slug(slug: str) -> int:
    """Return the id behind `/s/{slug}/`, or raise UnknownMerchant."""
    return _found("select merchant_of_slug(%s::text)", slug)


def merchant_id_of_host(host: str) -> int | None:
    """Return the id of the merchant whose shop has this host name, if one has."""
    return _scalar("select merchant_of_host(%s::text)", host)


def first_merchant_id() -> int:
    """Return the installation's first merchant, or raise UnknownMerchant."""
    return _found("select first_merchant()")


def all_merchant_ids() -> list[int]:
    """Return every merchant's id: for jobs that must visit each."""
    with connection.cursor() as cursor:
        cursor.execute("select all_merchants()")
        return [row[0] for row in cursor.fetchall()]


def _found(sql: str, *arguments: str) -> int:
    found = _scalar(sql, *arguments)
    if found is None:
        raise UnknownMerchant
    return found


def _scalar(sql: str, *arguments: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        row = cursor.fetchone()
    return None if row is None or row[0] is None else int(row[0])
