"""Long lists written into a file by a job, part by part (O10).

The rows are read some thousands at a time and written as a part of the file that is sealed at once;
after a crash the next run goes on behind the last part. The whole is put together from the parts
at the end: none of this grows with the number of rows. Who may have what exported is judged by
the faces; what is in it, by the rooms above.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.utils.translation import override

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox import queries as works
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task, WorkState
from kacang.queue import enqueue
from kacang.shared.errors import NotFound
from kacang.shared.sheets import ROWS_MAX, Cell, Tally, sheet_part, text_part, workbook

READ_AT_ONCE = 2_000
# Up to so many rows are counted before a job starts, for its progress.
COUNT_MOST = 2_000_000
SHEET, CSV = "xlsx", "csv"
FORMATS = (SHEET, CSV)


class UnknownExport(NotFound):
    """There is no such export, it is somebody else's, or its time is over."""

    code = "exports.unknown"


@dataclass(frozen=True, slots=True)
class ExportKind:
    """What `work` calls a kind of export, the job that runs it, and the audit log's fetching."""

    name: str
    job: str
    fetched: str


@dataclass(frozen=True, slots=True)
class Part:
    """The next rows, or the next piece of a text. `after` goes on behind them; "" at the end."""

    rows: Sequence[Sequence[Cell]]
    after: str
    text: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What a job writes.

    Args:
        title: What file and sheet are called.
        heads: Over the columns; none over a text of its own format.
        read: From where the last part ended ("" at first) and how many rows at most, to the next
            part. It may be asked for the same part twice, unless `resumes` is false.
        resumes: Whether a run after a crash can go on from a part's end; else it begins anew.
    """

    title: str
    heads: Sequence[Cell]
    read: Callable[[str, int], Part]
    resumes: bool = True


Make = Callable[[int, Task], Contents]


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far an export is: behind what, how many rows, and the sealed parts so far."""

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


def _reached_of(raw: Mapping[str, Any]) -> _Reached:
    if not raw:
        return _Reached()
    parts, tally = tuple(raw["parts"]), Tally(**raw["tally"])
    return _Reached(raw["after"], raw["rows"], raw["ended"], parts, tally)


def start(
    *,
    merchant_id: int,
    actor: Actor,
    kind: ExportKind,
    arguments: Mapping[str, Any],
    total: int,
    once: str = "",
) -> str:
    """Note and queue the job that writes a file; return its uid. Who asked fetches it.

    `once`: as `work.start` has it; ask `work.started` before.

    `arguments` must name `format` and `language`. The caller writes what it is to the audit log,
    in the transaction that this joins.
    """
    with acting_as(merchant_id):
        uid = work.start(
            merchant_id=merchant_id,
            kind=kind.name,
            arguments={**arguments, "actor": [actor.kind, actor.id]},
            actor=actor,
            total=total,
            once=once,
        )
        enqueue(
            kind.job,
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def fetch(
    *, merchant_id: int, actor: Actor, uid: str, kind: ExportKind
) -> tuple[str, Iterator[bytes]]:
    """Return an export's name and content, to whoever asked for it; that is written down first.

    Raises:
        UnknownExport: There is none for this person, or its time is over.
    """
    with acting_as(merchant_id):
        item = works.work(merchant_id=merchant_id, uid=uid)
        is_own = list(item.arguments.get("actor", [])) == [actor.kind, actor.id]
        if item.kind != kind.name or not is_own or item.state is not WorkState.DONE:
            raise UnknownExport
        try:
            info = files.info(merchant_id=merchant_id, uid=str(item.result["export_file"]))
        except files.UnknownFile:
            raise UnknownExport from None
        note(merchant_id, actor, uid, kind.fetched, {"rows": item.result["rows"]})
    return info.name, files.stream(merchant_id=merchant_id, uid=info.uid)


def note(
    merchant_id: int, actor: Actor, uid: str, action: str, after: Mapping[str, object]
) -> None:
    """Write to the audit log what somebody did with an export."""
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="job",
        object_uid=uid,
        after=dict(after),
    )


def run(*, merchant_id: int, work_uid: str, make: Make) -> None:
    """Write an export, or the rest of it after a crash. One that is stopped leaves no file."""
    guarded(merchant_id, work_uid, lambda who, task: _run(who, task, make), clear_up=_clear_up)


def _run(merchant_id: int, task: Task, make: Make) -> None:
    language = str(task.arguments["language"])
    with override(language):
        contents = make(merchant_id, task)
    saved: Mapping[str, Any] = task.checkpoint
    reached = _reached_of(saved)
    if saved and not contents.resumes:
        reached, saved = _begun_anew(merchant_id, task, reached), {}
    stop = False
    while not stop and not reached.ended:
        with override(language):
            part = contents.read(reached.after, min(READ_AT_ONCE, _room(task, reached)))
        reached, stop = _write_some(merchant_id, task, reached, saved, (contents, part))
        saved = reached.stored()
    if stop:
        with acting_as(merchant_id):
            _drop(merchant_id, reached.parts)
            work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    _finish(merchant_id, task, reached, contents.title)


def _room(task: Task, reached: _Reached) -> int:
    """Return how many rows there is room for: a sheet holds no more than ROWS_MAX."""
    return ROWS_MAX - reached.rows if task.arguments["format"] == SHEET else READ_AT_ONCE


def _begun_anew(merchant_id: int, task: Task, reached: _Reached) -> _Reached:
    with acting_as(merchant_id):
        _drop(merchant_id, reached.parts)
        work.progress(
            merchant_id=merchant_id, uid=task.uid, done=0, checkpoint={}, expected=task.checkpoint
        )
    return _Reached()


@retry_conflicts
def _write_some(
    merchant_id: int,
    task: Task,
    reached: _Reached,
    saved: Mapping[str, Any],
    read: tuple[Contents, Part],
) -> tuple[_Reached, bool]:
    contents, part = read
    begins = not reached.parts
    rows_now = reached.rows + (part.count or len(part.rows))
    if contents.heads:
        written = [contents.heads, *part.rows] if begins else part.rows
        if task.arguments["format"] == SHEET:
            body, tally = sheet_part(written, reached.tally)
        else:
            body, tally = text_part(written, begins=begins), reached.tally
    else:
        body, tally = part.text.encode(), reached.tally
    with acting_as(merchant_id):
        sealed = files.store(
            merchant_id=merchant_id, purpose="export", name=f"{task.uid}.part", content=body
        )
        further = replace(
            reached,
            after=part.after,
            rows=rows_now,
            ended=not part.after or _is_full(task, rows_now),
            parts=(*reached.parts, sealed),
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


def _is_full(task: Task, rows: int) -> bool:
    return task.arguments["format"] == SHEET and rows >= ROWS_MAX


def _finish(merchant_id: int, task: Task, reached: _Reached, title: str) -> None:
    name = f"{title}.{task.arguments['format']}"
    with acting_as(merchant_id):
        pieces = _pieces(merchant_id, reached.parts)
        if task.arguments["format"] == SHEET:
            pieces = workbook(pieces, reached.tally, title[:31])
        whole = files.store(merchant_id=merchant_id, purpose="export", name=name, content=pieces)
        _drop(merchant_id, reached.parts)
        result = {
            "export_file": whole,
            "rows": reached.rows,
            "cut": _is_full(task, reached.rows),
        }
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


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
