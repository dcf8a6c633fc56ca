"""As whom somebody looks at a console now, and until when (I1)."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from kacang.merchants.permissions import CUSTOM, Role
from kacang.merchants.powers import ALL_POWERS, powers
from kacang.merchants.queries.merchants import MembershipInfo, memberships_of, merchant

VISITING = "staff.visit"


@dataclass(frozen=True, slots=True)
class VisitInfo:
    """A visit that goes on. `membership` is what the visitor's pages act with."""

    uid: str
    kind: str
    whom: Promise | str
    may_change: bool
    until: datetime
    membership: MembershipInfo


def visit_under_way(*, uid: str, user_id: int) -> VisitInfo | None:
    """Return somebody's visit, as long as it lasts and they may visit.

    Looked at at each request: it ends by the clock, when the visitor may no longer visit, and
    when who is looked as has left or may do what the visitor may not.
    """
    with connection.cursor() as cursor:
        cursor.execute("select * from visit_under_way(%s::text, %s::bigint)", [uid, user_id])
        row = cursor.fetchone()
    if row is None:
        return None
    merchant_id, _uid, kind, member_user, preset, custom, may_change, until = row
    seen: MembershipInfo | None
    if kind == "operator":
        seen = _of_operator(merchant_id)
    else:
        own = _membership(merchant_id, user_id)
        if own is None or VISITING not in own.permissions:
            return None
        if kind == "member":
            seen = _membership(merchant_id, member_user)
        else:
            seen = _in_role(own, preset, json.loads(custom or "null"))
        if seen is not None and not own.own.covers(seen.own):
            return None
    return VisitInfo(uid, kind, seen.role_label, may_change, until, seen) if seen else None


def _membership(merchant_id: int, user_id: int) -> MembershipInfo | None:
    found = memberships_of(user_id=user_id)
    return next((one for one in found if one.merchant_id == merchant_id), None)


def _in_role(own: MembershipInfo, preset: str, custom: dict[str, Any] | None) -> MembershipInfo:
    role = CUSTOM if custom else preset
    given = powers(role=role, custom=custom, holder=own.holder)
    return replace(
        own, role=role, permissions=given.permissions, own=given, reach=given.reach,
        hidden=given.hidden, custom_name=custom["name"] if custom else "", custom_uid="",
    )  # fmt: skip


def _of_operator(merchant_id: int) -> MembershipInfo:
    info = merchant(merchant_id=merchant_id)
    return MembershipInfo(
        merchant_id=info.id, uid="", merchant_name=info.name, merchant_slug=info.slug,
        merchant_kind=info.kind, time_zone=info.time_zone, currency=info.currency,
        role=Role.OWNER, permissions=ALL_POWERS.permissions, member_id=0, own=ALL_POWERS,
        reach=None, hidden=frozenset(),
    )  # fmt: skip
