"""What an operator sees of the installation, and an owner of the operator's visits (I1, I3).

What is read across merchants comes from functions of the database that ask by themselves whether
the reader is an operator now; everything else is read as the merchant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.models import OperatorEntry, User, Visit, VisitRequest
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import NotFound

CURSOR_DIGITS = 18
_OPERATORS = """
select p.email, p.name, operator_may(p.id) from person p where p.is_operator order by p.email
"""
_ACTS = """
select v.uid, (select count(*) from (
    select from audit_entry a
    where a.merchant_id = v.merchant_id and a.visit = v.uid and a.visit <> ''
      and a.object_kind <> 'visit' and a.at >= v.started_at limit 1000) n)
from visit v where v.merchant_id = %s::bigint and v.uid = any(%s::text[])
"""


class NotAnOperator(NotFound):
    """Nobody of this address operates the installation, or they have no second factor."""

    code = "operator.unknown"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who operates, for what acts under their name."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """Somebody who operates. Without a second factor they can do nothing as such."""

    email: str
    name: str
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class ShopInfo:
    """What an operator sees of a merchant without a visit. `asks`: it wants to be asked first."""

    id: int
    uid: str
    slug: str
    name: str
    kind: str
    created_at: datetime
    staff: int
    asks: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit of the operator, going on or over. `acts`: what was done on it, up to a thousand."""

    id: int
    merchant_id: int
    merchant_uid: str
    merchant_name: str
    uid: str
    reason: str
    may_change: bool
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    ended_by: str
    acts: int
    visitor: str = ""

    def is_going_on(self, now: datetime) -> bool:
        """Whether it lasts."""
        return self.ended_at is None and self.until > now

    @property
    def over_at(self) -> datetime:
        """When it ended, or will."""
        return self.ended_at or self.until


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request of the operator to be let in. `merchant_…` are "" where the merchant reads it."""

    merchant_uid: str
    merchant_name: str
    uid: str
    reason: str
    may_change: bool
    minutes: int
    state: str
    asked_at: datetime
    until: datetime
    decided_by: str
    allowed_until: datetime | None
    used_at: datetime | None
    visitor: str = ""

    def state_at(self, now: datetime) -> str:
        """Return where it is: waiting, allowed, used, refused, withdrawn, expired."""
        if self.used_at is not None:
            return "used"
        ends = self.allowed_until if self.state == VisitRequest.ALLOWED else self.until
        is_open = self.state in (VisitRequest.WAITING, VisitRequest.ALLOWED)
        return "expired" if is_open and ends is not None and ends <= now else self.state


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A line of the operators' log."""

    id: int
    at: datetime
    actor_label: str
    action: str
    person: str
    merchant_uid: str
    merchant_name: str
    object_uid: str
    reason: str
    address: str


def operators() -> list[OperatorInfo]:
    """Return who operates the installation."""
    return [OperatorInfo(*row) for row in _rows(_OPERATORS)]


def operator_of(*, email: str) -> Operator:
    """Return an operator with a second factor by their address, or raise NotAnOperator."""
    row = User.objects.filter(email=email.strip().lower()).first()
    if row is None or not may_operate(user_id=row.pk):
        raise NotAnOperator
    return Operator(row.pk, row.email)


def may_operate(*, user_id: int) -> bool:
    """Whether somebody is an operator now: by the flag, and with a second factor."""
    ((found,),) = _rows("select operator_may(%s::bigint)", user_id)
    return bool(found)


def shops(
    *, operator_id: int, uid: str = "", needle: str = "", cursor: str = "", limit: int = 50
) -> tuple[list[ShopInfo], str]:
    """Return a page of the merchants, the newest first, and where it goes on; or the one of `uid`.

    `needle` is a part of the name or short name, or a uid. Nothing to who is no operator now.
    """
    rows = _rows(
        "select * from operator_shops(%s::bigint, %s::text, %s::text, %s::bigint, %s::int)",
        operator_id, uid, needle.strip().lower(), _number(cursor), limit + 1,
    )  # fmt: skip
    found = [ShopInfo(*(*row[:7], row[7] == "ask")) for row in rows[:limit]]
    return found, str(found[-1].id) if len(rows) > limit else ""


def visits_of(
    *, operator_id: int, uid: str = "", cursor: str = "", limit: int = 50
) -> tuple[list[VisitRow], str]:
    """Return a page of an operator's own visits, the newest first; or the one of `uid`."""
    rows = _rows(
        "select * from operator_visits_of(%s::bigint, %s::text, %s::bigint, %s::int)",
        operator_id, uid, _number(cursor), limit + 1,
    )  # fmt: skip
    found = [VisitRow(*row) for row in rows[:limit]]
    return found, str(found[-1].id) if len(rows) > limit else ""


def requests_of(*, operator_id: int, limit: int = 50) -> list[RequestRow]:
    """Return an operator's newest requests."""
    text = "select * from operator_requests_of(%s::bigint, %s::int)"
    return [RequestRow(*row) for row in _rows(text, operator_id, limit)]


def operator_log(
    *, operator_id: int, cursor: str = "", limit: int = 50
) -> tuple[list[EntryRow], str]:
    """Return a page of the operators' log, the newest first. Nothing to who is no operator now."""
    if not may_operate(user_id=operator_id):
        return [], ""
    entries = OperatorEntry.objects.order_by("-id")
    before = _number(cursor)
    if before is not None:
        entries = entries.filter(id__lt=before)
    rows = list(entries[: limit + 1])
    found = [
        EntryRow(
            row.pk, row.at, row.actor_label, row.action, row.person, row.merchant_uid,
            row.merchant_name, row.object_uid, row.reason, row.address,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return found, str(found[-1].id) if len(rows) > limit else ""


def operators_visits(
    *, merchant_id: int, cursor: str = "", uid: str = "", limit: int = 50
) -> tuple[list[VisitRow], str]:
    """Return a page of the operator's visits to a merchant, the newest first; or that of `uid`."""
    with acting_as(merchant_id):
        visits = Visit.objects.select_related("user").filter(
            merchant_id=merchant_id, kind="operator"
        )
        visits = visits.filter(uid=uid) if uid else visits
        before = _number(cursor)
        visits = visits.filter(id__lt=before) if before is not None else visits
        rows = list(visits.order_by("-id")[: limit + 1])
        acts = dict(_rows(_ACTS, merchant_id, [row.uid for row in rows]))
    found = [
        VisitRow(
            row.pk, merchant_id, "", "", row.uid, row.reason, row.may_change, row.started_at,
            row.until, row.ended_at, row.ended_by, acts.get(row.uid, 0), _name(row.user),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return found, str(found[-1].id) if len(rows) > limit else ""


def operators_requests(*, merchant_id: int, uid: str = "", limit: int = 50) -> list[RequestRow]:
    """Return the operator's newest requests to a merchant, or the one of `uid`."""
    with acting_as(merchant_id):
        asked = VisitRequest.objects.select_related("user").filter(merchant_id=merchant_id)
        rows = list((asked.filter(uid=uid) if uid else asked).order_by("-id")[:limit])
    return [
        RequestRow(
            "", "", row.uid, row.reason, row.may_change, row.minutes, row.state, row.asked_at,
            row.until, row.decided_by, row.allowed_until, row.used_at, _name(row.user),
        )
        for row in rows
    ]  # fmt: skip


def _name(user: User) -> str:
    return f"{user.name} · {user.email}"


def _number(cursor: str) -> int | None:
    is_ours = cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS
    return int(cursor) if is_ours else None


def _rows(text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
