"""Changing a merchant's data key while sales go on (V4).

A rotation makes a new key, which seals from that moment on, and then seals again what lies under
the older ones: table by table, in short transactions that also save how far it came. It may be
stopped, killed and run again at any point; what is sealed under either key opens all the time.
When a look through every table finds nothing under an older key, that key is marked as retired.

Each room names its sealed columns; `jobs` brings them together. The key of fingerprints stays.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import add_key, cipher_for, lock_resealing, retire_keys, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.models import Work, WorkState
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.ciphers import MerchantCipher, header_of
from kacang.shared.errors import Conflict, DomainError, Invalid
from kacang.shared.states import WrongState

KIND = "keys.rotate"
JOB = "job"
REASON_MAX = 300

_NAME = re.compile(r"[a-z][a-z_]*")

Row = tuple[Any, ...]


class AlreadyRotating(Conflict):
    """A change of the key is under way."""

    code = "secrets.rotating"


class ReasonNeeded(Invalid):
    """Why the key is changed must be said."""

    code = "secrets.reason_needed"


@dataclass(frozen=True, slots=True)
class SealedTable:
    """Where a room keeps sealed bytes.

    Attributes:
        table: Its name. It has `merchant_id` and `id`.
        columns: Column → the name that its envelopes are bound to.
        place: SQL of what else they are bound to, as bytes; the table is `t`.
        joins: SQL of what `place` needs besides.
        chunk: Rows a transaction: as many as are sealed in some milliseconds, since a row that is
            being changed cannot be sold.
        bound_to: The table that the envelopes name.
    """

    table: str
    columns: Mapping[str, str]
    place: str
    bound_to: str
    joins: str = ""
    chunk: int = 200

    def __post_init__(self) -> None:
        """Take plain names only: statements are sewn from them."""
        assert all(_NAME.fullmatch(name) for name in (self.table, *self.columns))

    def reading(self) -> str:
        """SQL: a chunk of rows that have something under another key than the one given."""
        names = ", ".join(f"t.{name}" for name in self.columns)
        older = " or ".join(
            f"(octet_length(t.{name}) > 0"
            f" and substring(t.{name} from 1 for 5) <> %(header)s::bytea)"
            for name in self.columns
        )
        return f"""select t.id, {self.place}, {names} from {self.table} t {self.joins}
            where t.merchant_id = %(merchant)s::bigint and t.id > %(after)s::bigint and ({older})
            order by t.id limit %(chunk)s::int"""  # noqa: S608 - names that rooms give

    def writing(self) -> str:
        """SQL: put newly sealed bytes where still the old ones are; returns the ids."""
        places = range(len(self.columns))
        sets = ", ".join(f"{name} = v.new{at}" for at, name in enumerate(self.columns))
        same = " and ".join(
            f"t.{name} is not distinct from v.old{at}" for at, name in enumerate(self.columns)
        )
        arrays = "".join(f", %(old{at})s::bytea[], %(new{at})s::bytea[]" for at in places)
        fields = "".join(f", old{at}, new{at}" for at in places)
        return f"""with locked as materialized (
                select id from {self.table} where merchant_id = %(merchant)s::bigint
                  and id = any(%(ids)s::bigint[]) order by id for no key update
            )
            update {self.table} t set {sets}
            from unnest(%(ids)s::bigint[]{arrays}) as v(id{fields})
            join locked l on l.id = v.id
            where t.merchant_id = %(merchant)s::bigint and t.id = v.id and {same}"""  # noqa: S608 - as above


def start_rotation(*, merchant_id: int, actor: Actor, reason: str) -> str:
    """Start the job that changes the merchant's data key, and return its uid.

    Raises:
        ReasonNeeded: No reason is given.
        AlreadyRotating: One has not ended yet.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonNeeded
    with acting_as(merchant_id):
        with connection.cursor() as cursor:
            # Of two who start at once, the second sees the first one's job.
            cursor.execute(
                "select 1 from merchant where id = %s::bigint for no key update", [merchant_id]
            )
        under_way = Work.objects.filter(
            merchant_id=merchant_id, kind=KIND, state__in=(WorkState.WAITING, WorkState.RUNNING)
        )
        if under_way.exists():
            raise AlreadyRotating
        uid = work.start(merchant_id=merchant_id, kind=KIND, arguments={}, actor=actor)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="secrets.rotate",
            object_kind="job",
            object_uid=uid,
            reason=reason,
        )
        enqueue(
            "secrets.run_rotation",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_rotation(*, merchant_id: int, work_uid: str, tables: Sequence[SealedTable]) -> None:
    """Change the key, or go on where an earlier run of the job was cut off.

    Raises:
        OperationalError: The database is not to be had, or somebody seals: run it again.
    """
    task = work.begin(merchant_id=merchant_id, uid=work_uid)
    if task is None:
        return
    try:
        _rotate(merchant_id, task, tables)
    except WrongState:
        # Another run of this job is further.
        return
    except OperationalError:
        raise
    except DomainError as error:
        if error.code in ("secrets.no_master_key", "secrets.master_key_unreachable"):
            raise  # comes back by itself: the queue tries again
        work.fail(merchant_id=merchant_id, uid=work_uid, error=error.code, result={})
    except Exception:
        work.fail(merchant_id=merchant_id, uid=work_uid, error="work.broken", result={})
        raise


def _rotate(merchant_id: int, task: Task, tables: Sequence[SealedTable]) -> None:
    at = dict(task.checkpoint) or _begin(merchant_id, task, tables)
    while True:
        while at["table"] < len(tables):
            at, stop = _step(merchant_id, task.uid, tables[at["table"]], at)
            if stop:
                result = {"key": at["key"], "sealed": at["done"]}
                work.stop(merchant_id=merchant_id, uid=task.uid, result=result)
                return
        if _end(merchant_id, task, tables, at):
            return
        # A row was changed by somebody while it was sealed: once more through everything.
        again = {**at, "table": 0, "after": 0}
        _save(merchant_id, task.uid, at, again)
        at = again


def _begin(merchant_id: int, task: Task, tables: Sequence[SealedTable]) -> dict[str, int]:
    with acting_as(merchant_id):
        total = sum(_count(merchant_id, table) for table in tables)
        at = {"key": add_key(merchant_id=merchant_id), "table": 0, "after": 0, "done": 0}
        work.progress(
            merchant_id=merchant_id, uid=task.uid, done=0, total=total, checkpoint=at, expected={}
        )
    return at


def _step(
    merchant_id: int, uid: str, table: SealedTable, at: dict[str, int]
) -> tuple[dict[str, int], bool]:
    """Seal one chunk again; return where to go on, and whether to stop."""
    rows = _older(merchant_id, table, at["key"], at["after"])
    if rows:
        values = _sealed_again(cipher_for_key(merchant_id, at["key"]), table, rows)
        reached = {**at, "after": rows[-1][0], "done": at["done"] + len(rows)}
    else:
        values = {}
        reached = {**at, "table": at["table"] + 1, "after": 0}
    with acting_as(merchant_id):
        stop = _save(merchant_id, uid, at, reached)
        if values:
            with connection.cursor() as cursor:
                # Lost in a crash of the server together with the checkpoint: done again.
                cursor.execute("set local synchronous_commit = off")
                lock_resealing(merchant_id)
                cursor.execute(table.writing(), {**values, "merchant": merchant_id})
    return reached, stop


def _save(merchant_id: int, uid: str, at: dict[str, int], reached: dict[str, int]) -> bool:
    return work.progress(
        merchant_id=merchant_id, uid=uid, done=reached["done"], checkpoint=reached, expected=at
    )


def _end(
    merchant_id: int, task: Task, tables: Sequence[SealedTable], at: Mapping[str, int]
) -> bool:
    """Retire the older keys when nothing is under them any more; say whether that is so."""
    if any(_older(merchant_id, table, at["key"], 0) for table in tables):
        return False
    with acting_as(merchant_id):
        retired = retire_keys(merchant_id=merchant_id, newest=at["key"])
        result = {"key": at["key"], "sealed": at["done"], "retired": retired}
        audit.record(
            merchant_id=merchant_id,
            actor=Actor(JOB, None, task.actor_label),
            action="secrets.rotated",
            object_kind="job",
            object_uid=task.uid,
            after=result,
        )
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)
    return True


def cipher_for_key(merchant_id: int, number: int) -> MerchantCipher:
    """Return a cipher that seals under the key of this number, whatever is cached."""
    cipher = cipher_for(merchant_id)
    if cipher.newest == number:
        return cipher
    with acting_as(merchant_id):
        return sealing_cipher(merchant_id)


def _count(merchant_id: int, table: SealedTable) -> int:
    sealed = " or ".join(f"octet_length({name}) > 0" for name in table.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select count(*) from {table.table} where merchant_id = %s::bigint and ({sealed})",  # noqa: S608 - names that rooms give
            [merchant_id],
        )
        return int(cursor.fetchone()[0])


def _older(merchant_id: int, table: SealedTable, key: int, after: int) -> list[Row]:
    values: dict[str, int | bytes] = {
        "merchant": merchant_id,
        "header": header_of(key),
        "after": after,
        "chunk": table.chunk,
    }
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(table.reading(), values)
        return list(cursor.fetchall())


def _sealed_again(
    cipher: MerchantCipher, table: SealedTable, rows: Sequence[Row]
) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {"ids": [row[0] for row in rows]}
    for at, name in enumerate(table.columns.values()):
        old = [row[2 + at] for row in rows]
        values[f"old{at}"] = old
        values[f"new{at}"] = [
            cipher.seal(
                table.bound_to,
                name,
                cipher.open(table.bound_to, name, bytes(sealed), bytes(row[1])),
                bytes(row[1]),
            )
            if sealed
            else sealed
            for row, sealed in zip(rows, old, strict=True)
        ]
    return values
