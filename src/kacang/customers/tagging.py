"""Tags of many customers as a job: put on, taken off, merged into another; undone for a day (H1).

First the customers are written down, then they are done in that order. Who had the tag before
stays out of it, so that undoing is exact. After a crash the next run takes up the first that is
still to be done.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.customers.finding.filters import CustomerFilter, from_stored
from kacang.customers.finding.pages import count_up_to, ids_behind
from kacang.customers.models import Customer, Tag
from kacang.customers.tags import CHANGED, TOO_MANY, UnknownTag, log, put_on, tag_named
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.guarding import guarded
from kacang.outbox.queries import WorkView
from kacang.outbox.work import Task, once_of, set_argument, started
from kacang.queue import enqueue
from kacang.shared.errors import Conflict, Invalid

KIND = "customers.tagging"
CUSTOMERS_MAX = 100_000
AT_ONCE = 1_000
UNDO_FOR = timedelta(days=1)
_ADD = """
insert into customer_job_row (merchant_id, work_id, row_no, customer_id)
select %(merchant)s::bigint, %(work)s::bigint, %(rows)s::int + n, id
from unnest(%(ids)s::bigint[]) with ordinality as i(id, n)
"""
_COPY = """
insert into customer_job_row (merchant_id, work_id, row_no, customer_id)
select merchant_id, %(work)s::bigint, row_number() over (order by row_no), customer_id
from customer_job_row
where merchant_id = %(merchant)s::bigint and work_id = %(source)s::bigint and outcome = 1
"""
_READ = """
select row_no, customer_id from customer_job_row
where merchant_id = %(merchant)s::bigint and work_id = %(work)s::bigint
  and row_no > %(at)s::int
order by row_no limit %(limit)s::int
"""
_END = """
update customer_job_row r set outcome = e.outcome
from unnest(%(numbers)s::int[], %(outcomes)s::smallint[]) as e(row_no, outcome)
where r.merchant_id = %(merchant)s::bigint and r.work_id = %(work)s::bigint
  and r.row_no = e.row_no
"""


class Act(StrEnum):
    """What is done with a tag."""

    PUT = "put"
    TAKE = "take"
    MERGE = "merge"


class NobodyFits(Invalid):
    """No customer is selected, or none fits the filter any more. Nothing was started."""

    code = "customers.nobody_fits"


class TooManyCustomers(Conflict):
    """More customers than one job takes on."""

    code = "customers.too_many"


class TooLateToUndo(Conflict):
    """The time in which it can be taken back is over, or it was taken back."""

    code = "customers.too_late_to_undo"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with a tag on which customers. `token`: sent twice, it is one job."""

    act: Act
    where: CustomerFilter
    tag: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far a job is: whom it has written down, behind `after`; then done, up to row `at`."""

    gathered: bool = False
    after: int = 0
    rows: int = 0
    at: int = 0
    changed: int = 0
    full: int = 0


def start_tagging(*, merchant_id: int, actor: Actor, wish: Wish, now: datetime) -> str:
    """Start to put a tag on many customers, or to take it off; return the job's uid.

    Raises:
        UnknownTag: There is no such tag.
        NobodyFits: There is nobody. Nothing was started.
        TooManyCustomers: There are more than one job takes on.
    """
    assert wish.act is not Act.MERGE
    once = once_of(wish.token, str(wish.act), wish.tag, wish.where.stored())
    with acting_as(merchant_id):
        if before := started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        tag = tag_named(merchant_id, wish.tag)
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        where = wish.where.at(now, zone)
        fit = count_up_to(merchant_id=merchant_id, where=where, most=CUSTOMERS_MAX)
        if not fit.count:
            raise NobodyFits
        if fit.is_more:
            raise TooManyCustomers(most=CUSTOMERS_MAX)
        about = {
            "act": str(wish.act), "tag": tag.uid, "tag_name": tag.name, "where": where.stored(),
        }  # fmt: skip
        return _begin(merchant_id, actor, about, fit.count, once)


def start_merge(*, merchant_id: int, actor: Actor, source: str, target: str) -> str:
    """Start to give all who have one tag another, and to delete the first; return the job's uid.

    Raises:
        UnknownTag: One of them is none, or they are the same.
    """
    with acting_as(merchant_id):
        if source == target:
            raise UnknownTag
        old, new = tag_named(merchant_id, source), tag_named(merchant_id, target)
        where = CustomerFilter(tag=source)
        fit = count_up_to(merchant_id=merchant_id, where=where)
        about = {
            "act": str(Act.MERGE), "tag": target, "tag_name": new.name, "source": source,
            "source_name": old.name, "where": where.stored(),
        }  # fmt: skip
        return _begin(merchant_id, actor, about, fit.count)


def run_tagging(*, merchant_id: int, work_uid: str) -> None:
    """Do a job over tags, or the rest of it after a crash. What a stopped one did stays."""
    guarded(merchant_id, work_uid, _run)


def undo_until(item: WorkView) -> datetime | None:
    """Return until when a job may be taken back; None: it never may, or was."""
    ended = item.finished_at
    is_plain = item.kind == KIND and item.arguments.get("act") in (Act.PUT, Act.TAKE)
    if not is_plain or ended is None or item.arguments.get("undone_by"):
        return None
    return ended + UNDO_FOR if item.result.get("changed") else None


def undo_tagging(*, merchant_id: int, actor: Actor, uid: str, now: datetime) -> str:
    """Start the job that takes back what a job has changed; return its uid. Sent twice, it is one.

    Raises:
        UnknownWork: There is no such job.
        UnknownTag: The tag was deleted since.
        TooLateToUndo: Its time is over.
    """
    with acting_as(merchant_id):
        item = work.work(merchant_id=merchant_id, uid=uid, lock=True)
        if item.kind != KIND:
            raise work.UnknownWork
        if before := item.arguments.get("undone_by"):
            return str(before)
        until = undo_until(item)
        if until is None or now >= until:
            raise TooLateToUndo
        tag = tag_named(merchant_id, str(item.arguments["tag"]))
        inverse = Act.TAKE if item.arguments["act"] == Act.PUT else Act.PUT
        count = int(item.result["changed"])
        about = {
            "act": str(inverse), "tag": tag.uid, "tag_name": tag.name, "of": uid, "rows": count,
        }  # fmt: skip
        undoing = _begin(merchant_id, actor, about, count)
        set_argument(merchant_id=merchant_id, uid=uid, name="undone_by", value=undoing)
        own = work.work(merchant_id=merchant_id, uid=undoing).id
        _write(_COPY, {"merchant": merchant_id, "work": own, "source": item.id})
    return undoing


def _begin(
    merchant_id: int, actor: Actor, about: Mapping[str, Any], total: int, once: str = ""
) -> str:
    uid = work.start(
        merchant_id=merchant_id, kind=KIND, arguments=about, actor=actor, total=total, once=once
    )
    enqueue(
        "customers.run_tagging", queue="bulk", lock=f"bulk:{merchant_id}",
        merchant_id=merchant_id, work_uid=uid,
    )  # fmt: skip
    after = {"deed": about["act"], "tag": about["tag_name"], "count": total}
    if "source_name" in about:
        after["source_name"] = about["source_name"]
    if "of" in about:
        after["job"] = about["of"]
    audit.record(
        merchant_id=merchant_id, actor=actor, action="customers.tag_many", object_kind="job",
        object_uid=uid, after=after,
    )  # fmt: skip
    return uid


def _run(merchant_id: int, task: Task) -> None:
    saved: Mapping[str, Any] = task.checkpoint
    reached = _Reached(**saved) if saved else _Reached()
    if not saved and "where" not in task.arguments:
        reached = replace(reached, gathered=True, rows=int(task.arguments["rows"]))
    stop = False
    while not stop and not (reached.gathered and reached.at >= reached.rows):
        step = _do_some if reached.gathered else _gather
        reached, stop = step(merchant_id, task, reached, saved)
        saved = asdict(reached)
    result = {
        "rows": reached.rows, "changed": reached.changed, "full": reached.full,
        "unchanged": reached.at - reached.changed - reached.full,
    }  # fmt: skip
    with acting_as(merchant_id):
        if task.arguments["act"] == Act.MERGE and not stop:
            _drop_source(merchant_id, task, reached)
        end = work.stop if stop else work.finish
        end(merchant_id=merchant_id, uid=task.uid, result=result)


@retry_conflicts
def _gather(
    merchant_id: int, task: Task, reached: _Reached, saved: Mapping[str, Any]
) -> tuple[_Reached, bool]:
    with acting_as(merchant_id):
        where = from_stored(task.arguments["where"])
        ids = ids_behind(merchant_id=merchant_id, where=where, after=reached.after, most=AT_ONCE)
        _write(_ADD, {"merchant": merchant_id, "work": task.id, "rows": reached.rows, "ids": ids})
        further = replace(
            reached,
            gathered=len(ids) < AT_ONCE,
            after=ids[-1] if ids else reached.after,
            rows=reached.rows + len(ids),
        )
        stop = work.progress(
            merchant_id=merchant_id, uid=task.uid, done=0, total=max(further.rows, 1),
            checkpoint=asdict(further), expected=saved,
        )  # fmt: skip
    return further, stop


@retry_conflicts
def _do_some(
    merchant_id: int, task: Task, reached: _Reached, saved: Mapping[str, Any]
) -> tuple[_Reached, bool]:
    with acting_as(merchant_id):
        given = {"merchant": merchant_id, "work": task.id, "at": reached.at, "limit": AT_ONCE}
        with connection.cursor() as cursor:
            cursor.execute(_READ, given)
            found = cursor.fetchall()
        tag = tag_named(merchant_id, str(task.arguments["tag"]))
        came = put_on(
            merchant_id, [customer for _no, customer in found], tag.pk,
            takes=task.arguments["act"] == Act.TAKE, instead=_source_id(merchant_id, task),
        )  # fmt: skip
        # Who is gone meanwhile is as before.
        outcomes = [came.get(customer, 2) for _no, customer in found]
        _write(
            _END,
            {
                "merchant": merchant_id, "work": task.id,
                "numbers": [number for number, _customer in found], "outcomes": outcomes,
            },
        )  # fmt: skip
        further = replace(
            reached,
            at=found[-1][0],
            changed=reached.changed + outcomes.count(CHANGED),
            full=reached.full + outcomes.count(TOO_MANY),
        )
        stop = work.progress(
            merchant_id=merchant_id, uid=task.uid, done=further.at,
            checkpoint=asdict(further), expected=saved,
        )  # fmt: skip
    return further, stop


def _source_id(merchant_id: int, task: Task) -> int:
    """Return the row of the tag that goes, when two are merged; 0: none goes."""
    rows = Tag.objects.filter(merchant_id=merchant_id, uid=str(task.arguments.get("source", "")))
    return rows.values_list("id", flat=True).first() or 0


def _drop_source(merchant_id: int, task: Task, reached: _Reached) -> None:
    """Delete the tag that was merged, unless somebody got it meanwhile: then it stays."""
    source = str(task.arguments["source"])
    old = Tag.objects.select_for_update().filter(merchant_id=merchant_id, uid=source).first()
    if old is None:
        return
    tag = tag_named(merchant_id, str(task.arguments["tag"]))
    left = Customer.objects.filter(
        merchant_id=merchant_id, tagged__tag=old, forgotten_at=None, merged_into=None
    ).exclude(tagged__tag=tag)
    late = list(left.values_list("id", flat=True)[:AT_ONCE])
    if late:
        put_on(merchant_id, late, tag.pk, takes=False, instead=old.pk)
    actor = Actor("job", None, task.actor_label)
    log(
        merchant_id, actor, "customers.merge_tag", tag.uid,
        before={"name": old.name}, after={"name": tag.name, "count": reached.rows},
    )  # fmt: skip
    old.delete()


def _write(text: str, given: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, dict(given))
