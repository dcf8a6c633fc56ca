"""Sealing the logs, and proving that they are as they were (I3, O7, rule 23).

A seal covers rows of one merchant whose transactions are all over: `xid` below the oldest one
that still runs. Its root is a hash over the seal before it, its own head and each row in order,
so that a row changed, taken out or put in shows, and so does a seal.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from kacang.merchants.models import LogSeal, Merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import same

Told = Callable[[int, int], None]
FIRST = b"\0" * 32
# Past every transaction: for rows written before the server's count of transactions began anew.
FOR_EVER = 2**63 - 1
BATCH = 2000
PARTITIONED = (
    "audit_entry", "timeline", "card_movement", "goods_movement", "provider_call", "webhook_try",
)  # fmt: skip
MONTHS_AHEAD = 3

# The columns of each log as they are sealed. Columns that come later must not join: they would
# change what was sealed.
_SEALED = {
    "audit": (
        "audit_entry",
        """id, merchant_id, xid, (extract(epoch from at) * 1000000)::bigint, actor_kind, actor_id,
           actor_label, action, object_kind, object_uid, before, after, reason, address""",
    ),
    "timeline": (
        "timeline",
        """id, merchant_id, xid, (extract(epoch from at) * 1000000)::bigint, order_id, event,
           actor_kind, actor_label, detail, address""",
    ),
}
LOGS = tuple(_SEALED)

_RANGE = "merchant_id = %s and id > %s and id <= %s and xid >= %s and xid < %s"
_ROWS = {
    log: f"select jsonb_build_array({columns})::text, id, at from {table}"  # noqa: S608 - ours
    f" where {_RANGE} order by xid, id"
    for log, (table, columns) in _SEALED.items()
}
_UNSEALED = {
    log: f"select count(*) from {table} where merchant_id = %s and id > %s and xid >= %s"  # noqa: S608 - ours
    for log, (table, _columns) in _SEALED.items()
}
_KEPT_SINCE = """
    select to_date(min(right(c.relname, 6)), 'YYYYMM')::timestamp at time zone 'UTC'
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = %s::regclass and c.relname ~ '_[0-9]{6}$'
"""
_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """A seal that no longer fits. `reason`: rows_changed, rows_missing, rows_added, chain."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a verification of one log found.

    `archived` seals cover months that were dropped on purpose: only their place in the chain
    could be checked. `unsealed` rows were written since the last seal.
    """

    log: str
    seals: int
    entries: int
    archived: int
    unsealed: int
    last_sealed_at: datetime | None
    broken: tuple[BrokenSeal, ...]

    @property
    def is_sound(self) -> bool:
        """Whether everything that was sealed is as it was."""
        return not self.broken

    def age_seconds(self, now: datetime) -> int | None:
        """How long ago the last seal was made; None when there is none."""
        return (
            None
            if self.last_sealed_at is None
            else int((now - self.last_sealed_at).total_seconds())
        )


@dataclass(frozen=True, slots=True)
class _Head:
    """Where a seal stands and what it covers.

    `until_id` is known later: where the next count of transactions began. It is not hashed.
    """

    merchant_id: int
    log: str
    number: int
    from_id: int
    from_xid: int
    until_xid: int
    previous: bytes
    until_id: int = FOR_EVER

    def hash(self) -> "hashlib._Hash":
        """Begin the root: everything that the head says goes in before the rows."""
        words = (
            self.merchant_id,
            self.log,
            self.number,
            self.from_id,
            self.from_xid,
            self.until_xid,
        )
        return hashlib.sha256(self.previous + repr(words).encode())


@dataclass(slots=True)
class _Body:
    """What was found in a seal's range."""

    root: bytes
    entries: int = 0
    last_id: int = 0
    first_at: datetime | None = None


def seal_log(*, merchant_id: int, log: str) -> int:
    """Seal what can no longer change in one log, and return how many rows that was.

    Sealers of the same merchant wait for each other. Without new rows no seal is written.
    """
    with acting_as(merchant_id):
        # Not `for update`: that would hold up every insert which refers to the merchant.
        Merchant.objects.select_for_update(no_key=True).get(id=merchant_id)
        last = LogSeal.objects.filter(merchant_id=merchant_id, log=log).order_by("-number").first()
        horizon = _scalar(_HORIZON)
        if last is None:
            return _write(_Head(merchant_id, log, 1, 0, 0, horizon, FIRST), 0)
        previous = bytes(last.root)
        if horizon >= last.until_xid:
            head = _Head(
                merchant_id, log, last.number + 1, last.from_id, last.until_xid, horizon, previous
            )
            return _write(head, last.last_id)
        return _begin_anew(last, horizon)


def _begin_anew(last: LogSeal, horizon: int) -> int:
    """Seal after a restore into a cluster whose count of transactions is behind the seals.

    Rows that came over unsealed have an xid from the old count; all new rows have higher ids.
    """
    over, sealed, number, previous = last.last_id, 0, last.number + 1, bytes(last.root)
    if last.until_xid != FOR_EVER:
        head = _Head(
            last.merchant_id, last.log, number, last.from_id, last.until_xid, FOR_EVER, previous
        )
        sealed = _write(head, over)
        if sealed:
            written = LogSeal.objects.get(merchant_id=last.merchant_id, log=last.log, number=number)
            over, number, previous = written.last_id, number + 1, bytes(written.root)
    head = _Head(last.merchant_id, last.log, number, over, 0, horizon, previous)
    return sealed + _write(head, over)


def seal_logs(*, merchant_id: int) -> int:
    """Seal every log of a merchant and return how many rows were sealed."""
    return sum(seal_log(merchant_id=merchant_id, log=log) for log in LOGS)


def verify_logs(
    *, merchant_id: int, newest: int | None = None, told: Told = lambda _done, _total: None
) -> list[LogReport]:
    """Read the logs again and compare them with their seals, all or the `newest` seals.

    Each seal is compared in a transaction of its own, so that a long log holds nothing up, and
    `told` hears between two of them how many are done, of how many.
    """
    done = 0
    total = sum(_count(merchant_id, log, newest) for log in LOGS)

    def one_more() -> None:
        nonlocal done
        done += 1
        told(done, total)

    return [_verify(merchant_id, log, newest, one_more) for log in LOGS]


def make_partitions() -> None:
    """Make the coming months of every table that is cut by month. Repeatable."""
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            cursor.execute("select kacang_make_partitions(%s, %s)", [table, MONTHS_AHEAD])


def drop_months() -> int:
    """Drop the months of calls to payment companies that are kept no longer; return how many.

    Whole months only: nothing is deleted row by row. Repeatable.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select kacang_drop_months('provider_call', %s::int)", [settings.CALL_LOG_MONTHS]
        )
        return int(cursor.fetchone()[0])


def drop_old_months(*, months: int, today: date) -> list[str]:
    """Drop the months of the sealed logs that are older than `months`; return what was dropped.

    Their seals stay, and the chain with them. A month with a row that no seal covers yet stays
    too, whoever's it is: it goes the next time (rule 23). 0 months: everything is kept.
    """
    if months <= 0:
        return []
    first = today.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    dropped: list[str] = []
    with connection.cursor() as cursor:
        for log, (table, _columns) in _SEALED.items():
            cursor.execute("select kacang_drop_months(%s, %s, %s)", [table, log, first])
            dropped += [row[0] for row in cursor.fetchall()]
    return dropped


def _write(head: _Head, last_id: int) -> int:
    body = _read(head)
    if body.first_at is None:
        return 0
    LogSeal.objects.create(
        merchant_id=head.merchant_id, log=head.log, number=head.number, from_xid=head.from_xid,
        until_xid=head.until_xid, from_id=head.from_id, entries=body.entries, root=body.root,
        previous=head.previous, last_id=max(last_id, body.last_id), first_at=body.first_at,
    )  # fmt: skip
    return body.entries


def _read(head: _Head) -> _Body:
    digest = head.hash()
    body = _Body(b"")
    for text, row_id, at in _rows(head):
        digest.update(hashlib.sha256(text.encode()).digest())
        body.entries += 1
        body.last_id = max(body.last_id, row_id)
        body.first_at = at if body.first_at is None else min(body.first_at, at)
    body.root = digest.digest()
    return body


def _rows(head: _Head) -> Iterator[tuple[str, int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS[head.log],
            [head.merchant_id, head.from_id, head.until_id, head.from_xid, head.until_xid],
        )
        while batch := cursor.fetchmany(BATCH):
            yield from batch


def _count(merchant_id: int, log: str, newest: int | None) -> int:
    with acting_as(merchant_id):
        return LogSeal.objects.filter(merchant_id=merchant_id, log=log)[:newest].count()


def _verify(
    merchant_id: int, log: str, newest: int | None, one_more: Callable[[], None]
) -> LogReport:
    with acting_as(merchant_id):
        seals = list(
            LogSeal.objects.filter(merchant_id=merchant_id, log=log).order_by("-number")[:newest]
        )[::-1]
        kept_since = _scalar(_KEPT_SINCE, _SEALED[log][0])
    broken: list[BrokenSeal] = []
    archived = 0
    for index, seal in enumerate(seals):
        before = seals[index - 1] if index else None
        reason = _fault(seal, before, _until_id(seals[index:]))
        # A month that was dropped takes its rows along, and leaves its seals (rule 23).
        if reason == "rows_missing" and kept_since and seal.first_at < kept_since:
            archived += 1
        elif reason:
            broken.append(BrokenSeal(seal.number, reason))
        one_more()
    return LogReport(
        log=log,
        seals=len(seals),
        entries=sum(seal.entries for seal in seals),
        archived=archived,
        unsealed=_unsealed(merchant_id, log, seals[-1] if seals else None),
        last_sealed_at=seals[-1].sealed_at if seals else None,
        broken=tuple(broken),
    )


def _until_id(seals: list[LogSeal]) -> int:
    later = (seal.from_id for seal in seals if seal.from_id > seals[0].from_id)
    return next(later, FOR_EVER)


def _fault(seal: LogSeal, before: LogSeal | None, until_id: int) -> str:
    previous = bytes(before.root) if before else bytes(seal.previous)
    number = before.number + 1 if before else seal.number
    first_is_wrong = seal.number == 1 and bytes(seal.previous) != FIRST
    if seal.number != number or first_is_wrong or not same(bytes(seal.previous), previous):
        return "chain"
    head = _Head(
        seal.merchant_id, seal.log, seal.number, seal.from_id, seal.from_xid, seal.until_xid,
        bytes(seal.previous), until_id,
    )  # fmt: skip
    with acting_as(seal.merchant_id):
        body = _read(head)
    if same(body.root, bytes(seal.root)) and body.entries == seal.entries:
        return ""
    if body.entries == seal.entries:
        return "rows_changed"
    return "rows_missing" if body.entries < seal.entries else "rows_added"


def _unsealed(merchant_id: int, log: str, last: LogSeal | None) -> int:
    from_id, from_xid = (last.from_id, last.until_xid) if last else (0, 0)
    with acting_as(merchant_id):
        return int(_scalar(_UNSEALED[log], merchant_id, from_id, from_xid) or 0)


def _scalar(sql: str, *arguments: int | str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        row = cursor.fetchone()
    return row[0] if row else None
