"""Cards that came in before ends of numbers were looked for get their prints, by a job (V4).

`tail_gap` says whose cards may lack theirs. The job opens the numbers of some cards at a time,
outside of a transaction, and writes the prints in a short one that also saves how far it came: it
may be stopped, killed and run again at any point. An order that finds too little stock while it
runs looks once more, as while a data key is changed.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.keys import cipher_for, lock_resealing, outlast_resealing
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.ciphers import MerchantCipher
from kacang.vault.codes import open_number
from kacang.vault.finding.tails import tail_print
from kacang.vault.imports.import_jobs import guarded
from kacang.vault.models import TailGap

KIND = "vault.tails"
# As many as are written in some milliseconds: a row that is being changed cannot be sold.
CHUNK = 200
_LACKING = """
from card where merchant_id = %(merchant)s::bigint and id > %(after)s::bigint
  and tail_print is null and (number is not null or number_sealed is not null)
"""
_COUNT = f"select count(*) {_LACKING}"
_NEXT = f"""
select id, fingerprint, number, number_sealed {_LACKING} order by id limit %(chunk)s::int
"""
# A card of a batch that was taken back meanwhile has another fingerprint, and no number.
_WRITE = """
with locked as materialized (
    select id from card where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
    order by id for no key update
)
update card c set tail_print = v.tail
from unnest(%(ids)s::bigint[], %(marks)s::bytea[], %(tails)s::bigint[]) as v(id, mark, tail)
join locked l on l.id = v.id
where c.merchant_id = %(merchant)s::bigint and c.id = v.id and c.fingerprint = v.mark
"""

Row = tuple[int, bytes, str | None, bytes | None]


def fill_tails(*, merchant_id: int) -> str:
    """Start the job where cards lack their prints, and return its uid; "" where none is needed.

    Of a job that was stopped or failed, another one takes up what it left.
    """
    with acting_as(merchant_id):
        gap = TailGap.objects.select_for_update().filter(merchant_id=merchant_id).first()
        if gap is None or work.works(merchant_id=merchant_id, kinds=(KIND,), running=True):
            return ""
        uid = work.start(merchant_id=merchant_id, kind=KIND, arguments={}, actor=SYSTEM)
        enqueue(
            "vault.run_fill_tails",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_fill_tails(*, merchant_id: int, work_uid: str) -> None:
    """Print the ends of the numbers, or the rest of them after a crash."""
    guarded(merchant_id, work_uid, _fill)


def is_filling(*, merchant_id: int) -> bool:
    """Say whether there may be cards that are not found by the end of their number yet."""
    with acting_as(merchant_id):
        return TailGap.objects.filter(merchant_id=merchant_id).exists()


def outlast_writing(merchant_id: int) -> bool:
    """Let cards that are just written again be done, and keep others from it until we are.

    Returns False when no job writes all cards again. Must run inside a transaction.
    """
    return outlast_resealing(merchant_id, anyway=is_filling(merchant_id=merchant_id))


def _fill(merchant_id: int, task: Task) -> None:
    at = dict(task.checkpoint) or _begin(merchant_id, task)
    while rows := _next(merchant_id, at["after"]):
        reached = {"after": rows[-1][0], "done": at["done"] + len(rows)}
        values = _printed(cipher_for(merchant_id), rows)
        with acting_as(merchant_id), connection.cursor() as cursor:
            stop = work.progress(
                merchant_id=merchant_id, uid=task.uid, done=reached["done"], checkpoint=reached,
                expected=at,
            )  # fmt: skip
            # Lost in a crash of the server together with the checkpoint: done again.
            cursor.execute("set local synchronous_commit = off")
            lock_resealing(merchant_id)
            cursor.execute(_WRITE, {**values, "merchant": merchant_id})
        at = reached
        if stop:
            work.stop(merchant_id=merchant_id, uid=task.uid, result={"printed": at["done"]})
            return
    with acting_as(merchant_id):
        TailGap.objects.filter(merchant_id=merchant_id).delete()
        work.finish(merchant_id=merchant_id, uid=task.uid, result={"printed": at["done"]})


def _begin(merchant_id: int, task: Task) -> dict[str, int]:
    at = {"after": 0, "done": 0}
    with acting_as(merchant_id), connection.cursor() as cursor:
        # Ten million cards take longer than a page may.
        cursor.execute("set local statement_timeout = '10min'")
        cursor.execute(_COUNT, {"merchant": merchant_id, "after": 0})
        (total,) = cursor.fetchone()
        work.progress(
            merchant_id=merchant_id, uid=task.uid, done=0, total=total, checkpoint=at, expected={}
        )
    return at


def _next(merchant_id: int, after: int) -> list[Row]:
    values = {"merchant": merchant_id, "after": after, "chunk": CHUNK}
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '10min'")
        cursor.execute(_NEXT, values)
        return list(cursor.fetchall())


def _printed(cipher: MerchantCipher, rows: Sequence[Row]) -> dict[str, list[Any]]:
    numbers = [
        number if sealed is None else open_number(cipher, sealed, mark)
        for _id, mark, number, sealed in rows
    ]
    return {
        "ids": [row[0] for row in rows],
        "marks": [row[1] for row in rows],
        "tails": [tail_print(cipher, number) for number in numbers],
    }
