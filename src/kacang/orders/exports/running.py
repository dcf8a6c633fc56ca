"""Exports of orders: some columns of all that match a filter, as a job (O10).

The rows are read in the order of the list's index, a few thousand at a time, and written as a part
of the file that is sealed at once; after a crash the next run goes on behind the last part. The
whole is put together from the parts at the end: none of this grows with the number of orders.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, override

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.errors import BadColumns
from kacang.orders.exports.columns import COLUMNS, FIELDS, Way
from kacang.orders.finding.filters import OrderFilter, from_stored
from kacang.orders.finding.listing import count_up_to, frozen, matching
from kacang.orders.statements import rows
from kacang.outbox import files, work
from kacang.outbox import queries as works
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task, WorkState
from kacang.queue import enqueue
from kacang.shared.errors import NotFound
from kacang.shared.sheets import ROWS_MAX, Cell, Tally, sheet_part, text_part, workbook

KIND = "orders.export"
READ_AT_ONCE = 2_000
COUNT_MOST = 2_000_000
FORMATS = ("xlsx", "csv")


class UnknownExport(NotFound):
    """There is no such export, it is somebody else's, or its time is over."""

    code = "orders.unknown_export"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write of which orders. `states` are the words for states, by number."""

    where: OrderFilter
    columns: tuple[str, ...]
    format: str
    states: Mapping[int, str]
    masked: bool
    language: str


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far an export is: behind which order, how many rows, and the sealed parts so far."""

    after: str = ""
    rows: int = 0
    ended: bool = False
    parts: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)

    def stored(self) -> dict[str, Any]:
        return {
            "after": self.after,
            "rows": self.rows,
            "ended": self.ended,
            "parts": list(self.parts),
            "tally": asdict(self.tally),
        }


def start_export(*, merchant_id: int, actor: Actor, request: ExportRequest, now: datetime) -> str:
    """Start the job that writes orders into a file; return its uid. Who asked fetches it.

    Raises:
        BadColumns: No column is chosen, or one that there is not, or another kind of file.
    """
    known = request.columns and all(name in COLUMNS for name in request.columns)
    if not known or request.format not in FORMATS:
        raise BadColumns
    with acting_as(merchant_id):
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        chosen = frozen(merchant_id=merchant_id, where=request.where, now=now, zone=zone)
        count = count_up_to(merchant_id=merchant_id, where=chosen, most=COUNT_MOST).count
        arguments = {
            "where": chosen.stored(),
            "columns": list(request.columns),
            "format": request.format,
            "states": {str(state): word for state, word in request.states.items()},
            "masked": request.masked,
            "language": request.language,
            "actor": [actor.kind, actor.id],
        }
        uid = work.start(
            merchant_id=merchant_id, kind=KIND, arguments=arguments, actor=actor, total=count
        )
        _note(merchant_id, actor, uid, "orders.export", {
            "count": count, "columns": list(request.columns), "masked": request.masked,
        })  # fmt: skip
        enqueue(
            "orders.run_export",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def fetch_export(*, merchant_id: int, actor: Actor, uid: str) -> tuple[str, Iterator[bytes]]:
    """Return an export's name and content, to whoever asked for it; that is written down first.

    Raises:
        UnknownExport: There is none for this person, or its time is over.
    """
    with acting_as(merchant_id):
        item = works.work(merchant_id=merchant_id, uid=uid)
        is_own = list(item.arguments.get("actor", [])) == [actor.kind, actor.id]
        if item.kind != KIND or not is_own or item.state is not WorkState.DONE:
            raise UnknownExport
        try:
            info = files.info(merchant_id=merchant_id, uid=str(item.result["export_file"]))
        except files.UnknownFile:
            raise UnknownExport from None
        _note(merchant_id, actor, uid, "orders.export_fetched", {"rows": item.result["rows"]})
    return info.name, files.stream(merchant_id=merchant_id, uid=info.uid)


def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Write an export, or the rest of it after a crash. One that is stopped leaves no file."""
    guarded(merchant_id, work_uid, _run, clear_up=_clear_up)


def _run(merchant_id: int, task: Task) -> None:
    raw = task.checkpoint
    reached = _Reached()
    if raw:
        parts, tally = tuple(raw["parts"]), Tally(**raw["tally"])
        reached = _Reached(raw["after"], raw["rows"], raw["ended"], parts, tally)
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    states = {int(state): word for state, word in task.arguments["states"].items()}
    way = Way(zone, states, bool(task.arguments["masked"]))
    saved: Mapping[str, Any] = raw
    stop = False
    while not stop and not reached.ended:
        reached, stop = _write_some(merchant_id, task, reached, saved, way)
        saved = reached.stored()
    if stop:
        with acting_as(merchant_id):
            _drop(merchant_id, reached.parts)
            work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    _finish(merchant_id, task, reached)


@retry_conflicts
def _write_some(
    merchant_id: int, task: Task, reached: _Reached, saved: Mapping[str, Any], way: Way
) -> tuple[_Reached, bool]:
    where = from_stored(task.arguments["where"])
    language = str(task.arguments["language"])
    with acting_as(merchant_id), override(language):
        found = matching(
            merchant_id=merchant_id, where=where, after=reached.after, most=READ_AT_ONCE
        )
        ids = [match.id for match in found.orders][: ROWS_MAX - reached.rows]
        written = _written(merchant_id, ids, task.arguments["columns"], way, language)
        begins = not reached.parts
        if begins:
            heads: list[Cell] = [str(COLUMNS[name][0]) for name in task.arguments["columns"]]
            written.insert(0, heads)
        if task.arguments["format"] == "xlsx":
            body, tally = sheet_part(written, reached.tally)
        else:
            body, tally = text_part(written, begins=begins), reached.tally
        part = files.store(
            merchant_id=merchant_id, purpose="export", name=f"{task.uid}.part", content=body
        )
        rows_now = reached.rows + len(ids)
        further = replace(
            reached,
            after=found.after,
            rows=rows_now,
            ended=not found.after or rows_now >= ROWS_MAX,
            parts=(*reached.parts, part),
            tally=tally,
        )
        stop = work.progress(
            merchant_id=merchant_id,
            uid=task.uid,
            done=further.rows,
            checkpoint=further.stored(),
            expected=saved,
        )
    return further, stop


def _written(
    merchant_id: int, ids: Sequence[int], columns: Sequence[str], way: Way, language: str
) -> list[list[Cell]]:
    given = {"merchant": merchant_id, "ids": list(ids), "language": _key_of(language)}
    by_id = {row[0]: dict(zip(FIELDS, row, strict=True)) for row in rows(sql.EXPORT, given)}
    makers = [COLUMNS[name][1] for name in columns]
    return [[make(by_id[order_id], way) for make in makers] for order_id in ids]


def _finish(merchant_id: int, task: Task, reached: _Reached) -> None:
    name = f"{_file_name(task)}.{task.arguments['format']}"
    with acting_as(merchant_id):
        pieces = _pieces(merchant_id, reached.parts)
        if task.arguments["format"] == "xlsx":
            pieces = workbook(pieces, reached.tally, _file_name(task)[:31])
        whole = files.store(merchant_id=merchant_id, purpose="export", name=name, content=pieces)
        _drop(merchant_id, reached.parts)
        result = {
            "export_file": whole,
            "rows": reached.rows,
            "cut": reached.rows >= ROWS_MAX,
        }
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


def _file_name(task: Task) -> str:
    with override(str(task.arguments["language"])):
        return gettext("Orders")


def _pieces(merchant_id: int, parts: Sequence[str]) -> Iterator[bytes]:
    for part in parts:
        yield from files.stream(merchant_id=merchant_id, uid=part)


def _drop(merchant_id: int, parts: Sequence[str]) -> None:
    for part in parts:
        files.delete(merchant_id=merchant_id, uid=part)


def _clear_up(merchant_id: int, task: Task) -> None:
    item = works.work(merchant_id=merchant_id, uid=task.uid)
    checkpoint = item.arguments.get(work.CHECKPOINT) or {}
    _drop(merchant_id, checkpoint.get("parts", ()))


def _key_of(language: str) -> str:
    return "zh-Hans" if language.lower().startswith("zh") else language.partition("-")[0]


def _note(
    merchant_id: int, actor: Actor, uid: str, action: str, after: Mapping[str, object]
) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="job",
        object_uid=uid,
        after=dict(after),
    )
