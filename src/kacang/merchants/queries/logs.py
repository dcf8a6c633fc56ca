"""Reading the audit log (I3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from kacang.merchants.models import AuditEntry, LogSeal
from kacang.merchants.tenancy import acting_as

# The distinct actions of a log that has millions of rows, by hopping from one to the next.
_ACTIONS = """
    with recursive hop as (
        (select action from audit_entry where merchant_id = %(merchant)s::bigint
         order by action limit 1)
        union all
        select (select action from audit_entry
                where merchant_id = %(merchant)s::bigint and action > hop.action
                order by action limit 1)
        from hop where hop.action is not null
    )
    select action from hop where action is not null
"""

BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted. Empty means all. `until` is not part of the period.

    `hides_places`: buyers' network addresses are neither told nor found, because the role of who
    asks hides them.
    """

    actor: str = ""
    action: str = ""
    object_uid: str = ""
    address: str = ""
    visit: str = ""
    since: datetime | None = None
    until: datetime | None = None
    hides_places: bool = False


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry."""

    id: int
    at: datetime
    actor_kind: str
    actor_label: str
    action: str
    object_kind: str
    object_uid: str
    before: Any
    after: Any
    reason: str
    address: str
    visit: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, the newest first, and where the list goes on ("" at its end)."""

    rows: list[AuditRow]
    next_cursor: str


def audit_page(
    *, merchant_id: int, where: AuditFilter, cursor: str = "", limit: int = 50
) -> AuditPage:
    """Return one page of the log. A cursor that is not ours starts from the newest."""
    wanted = Q(merchant_id=merchant_id)
    for condition in _conditions(where):
        wanted &= condition
    if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18:  # noqa: PLR2004 - bigint
        wanted &= Q(id__lt=int(cursor))
    with acting_as(merchant_id):
        rows = list(AuditEntry.objects.filter(wanted).order_by("-id")[: limit + 1])
    shown = rows[:limit]
    return AuditPage(
        rows=[
            AuditRow(
                id=row.pk, at=row.at, actor_kind=row.actor_kind, actor_label=row.actor_label,
                action=row.action, object_kind=row.object_kind, object_uid=row.object_uid,
                before=row.before, after=row.after, reason=row.reason,
                address="" if where.hides_places and row.actor_kind == BUYER else row.address,
                visit=row.visit,
            )
            for row in shown
        ],
        next_cursor=str(shown[-1].pk) if len(rows) > limit else "",
    )  # fmt: skip


def _conditions(where: AuditFilter) -> list[Q]:
    conditions = []
    for name, value in (
        ("actor_label", where.actor),
        ("action", where.action),
        ("object_uid", where.object_uid),
        ("at__gte", where.since),
        ("at__lt", where.until),
    ):
        if value:
            conditions.append(Q(**{name: value}))
    if where.address:
        # Compared with "" as well: the index is of entries that have an address.
        conditions.append(Q(address=where.address) & Q(address__gt=""))
        if where.hides_places:
            conditions.append(~Q(actor_kind=BUYER))
    if where.visit:
        conditions.append(Q(visit=where.visit) & Q(visit__gt=""))
    return conditions


def audit_actions(*, merchant_id: int) -> list[str]:
    """Return the actions that occur in the log, for the filter."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_ACTIONS, {"merchant": merchant_id})
        return [row[0] for row in cursor.fetchall()]


def last_sealed_at(*, merchant_id: int) -> datetime | None:
    """Return when the audit log was last sealed."""
    with acting_as(merchant_id):
        seal = (
            LogSeal.objects.filter(merchant_id=merchant_id, log="audit").order_by("-number").first()
        )
    return seal.sealed_at if seal else None
