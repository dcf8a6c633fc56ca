"""Long jobs over the logs: exporting the audit log, comparing the logs with their seals (I3)."""

import codecs
import csv
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rustpy_xlsxwriter import write_worksheet

from kacang.merchants import audit, operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.queries import AuditFilter, AuditRow
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task, WorkView, once_of
from kacang.queue import enqueue
from kacang.shared.errors import Invalid

EXPORT, VERIFY = "audit.export", "audit.verify"
KINDS = frozenset({EXPORT, VERIFY})
CSV, XLSX = "csv", "xlsx"
PAGE = 1000
# A workbook is made in memory; longer logs go out as csv, or a period at a time.
XLSX_MAX = 100_000
CSV_MAX = 2_000_000
LIFETIME = timedelta(days=1)
FAULTS_MAX = 20
HIDDEN = "hidden"
REPORT_EVERY = 200

Row = Sequence[str]


class BadExport(Invalid):
    """Neither csv nor xlsx."""

    code = "audit.bad_export"


class Stopped(Exception):
    """Somebody asked the job to stop."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows of the log are written, in a language: the heads, and an entry's cells.

    Amounts are of the merchant's currency, where an entry names none.
    """

    heads: Callable[[str], Row]
    cells: Callable[[AuditRow, str, str, int], Row]


def start_export(
    *,
    merchant_id: int,
    where: AuditFilter,
    kind: str,
    language: str,
    actor: Actor,
    token: str = "",
) -> str:
    """Start to write the entries that fit into a file; return the job's uid. It is in the log.

    `token` is the form's that asks for it: sent twice, the same request is one export.

    Raises:
        BadExport: `kind` is none.
    """
    if kind not in (CSV, XLSX):
        raise BadExport
    asked = {name: value for name, value in _stored(where).items() if value}
    once = once_of(token, EXPORT, asked, kind)
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        uid = work.start(
            merchant_id=merchant_id, kind=EXPORT, actor=actor, once=once,
            arguments={"where": asked, "as": kind, "language": language,
                       "actor": [actor.kind, actor.id]},
        )  # fmt: skip
        audit.record(
            merchant_id=merchant_id, actor=actor, action="audit.export",
            object_kind="work", object_uid=uid, after={**asked, "kind": kind},
        )  # fmt: skip
        enqueue("audit.run_export", queue="bulk", merchant_id=merchant_id, work_uid=uid)
    return uid


def run_export(*, merchant_id: int, work_uid: str, layout: Layout) -> None:
    """Write the file, the newest entry first, as far as the log was when the job began."""
    guarded(merchant_id, work_uid, lambda who, task: _stoppable(_export, who, task, layout))


def start_verification(*, merchant_id: int, actor: Actor, token: str = "") -> str:
    """Start to compare every seal with its log; return the job's uid. `token`: as above."""
    once = once_of(token, VERIFY)
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        uid = work.start(merchant_id=merchant_id, kind=VERIFY, arguments={}, actor=actor, once=once)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="audit.verify",
            object_kind="work", object_uid=uid,
        )  # fmt: skip
        enqueue("audit.run_verification", queue="bulk", merchant_id=merchant_id, work_uid=uid)
    return uid


def run_verification(*, merchant_id: int, work_uid: str) -> None:
    """Compare them; what is broken is the job's result, and no failure of the job."""
    guarded(merchant_id, work_uid, lambda who, task: _stoppable(_verify, who, task))


def start_again(*, merchant_id: int, item: WorkView, actor: Actor) -> str:
    """Start a job of one of KINDS once more, as it was asked for; return the new one's uid.

    However often it is asked for of the same job, it is one: that can be started again itself.
    """
    assert item.kind in KINDS
    if item.kind == VERIFY:
        return start_verification(merchant_id=merchant_id, actor=actor, token=item.uid)
    asked = item.arguments
    return start_export(
        merchant_id=merchant_id, where=_read(asked["where"]), kind=asked["as"],
        language=asked["language"], actor=actor, token=item.uid,
    )  # fmt: skip


def _stoppable(run: Callable[..., Mapping[str, Any]], who: int, task: Task, *more: Any) -> None:
    try:
        result = run(who, task, *more)
    except Stopped:
        work.stop(merchant_id=who, uid=task.uid, result={})
    else:
        work.finish(merchant_id=who, uid=task.uid, result=result)


def _export(merchant_id: int, task: Task, layout: Layout) -> Mapping[str, Any]:
    where = _read(task.arguments["where"])
    language, kind = task.arguments["language"], task.arguments["as"]
    most = XLSX_MAX if kind == XLSX else CSV_MAX
    currency = queries.merchant(merchant_id=merchant_id).currency
    written = 0

    def lines() -> Iterator[Row]:
        nonlocal written
        for row in _rows(merchant_id, where):
            if written == most:
                return
            written += 1
            if written % PAGE == 0:
                _progress(merchant_id, task, written, 0)
            yield layout.cells(row, language, currency, written)

    heads = layout.heads(language)
    body = _workbook(heads, lines()) if kind == XLSX else _table(heads, lines())
    file_uid = files.store(
        merchant_id=merchant_id, purpose="report", name=f"audit-log.{kind}", content=body,
        lifetime=LIFETIME,
    )  # fmt: skip
    return {"audit_file": file_uid, "lines": written, "cut": written == most}


def _rows(merchant_id: int, where: AuditFilter) -> Iterator[AuditRow]:
    cursor = ""
    while True:
        page = queries.audit_page(merchant_id=merchant_id, where=where, cursor=cursor, limit=PAGE)
        yield from page.rows
        cursor = page.next_cursor
        if not cursor:
            return


def _table(heads: Row, lines: Iterator[Row]) -> Iterator[bytes]:
    """Write a csv and hold it packed: two million lines are some dozen megabytes."""
    packer = zlib.compressobj(1)
    pieces = [packer.compress(codecs.BOM_UTF8)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    for number, line in enumerate(lines):
        # A cell that a spreadsheet would run as a formula stays a text.
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in line])
        if number % PAGE == 0:
            pieces.append(packer.compress(text.getvalue().encode()))
            text.seek(0)
            text.truncate()
    pieces += [packer.compress(text.getvalue().encode()), packer.flush()]
    unpacker = zlib.decompressobj()
    return (unpacker.decompress(piece) for piece in pieces)


def _workbook(heads: Row, lines: Iterator[Row]) -> bytes:
    body = io.BytesIO()
    rows = (dict(zip(heads, line, strict=True)) for line in lines)
    first = next(rows, dict.fromkeys(heads, ""))

    def all_rows() -> Iterator[dict[str, str]]:
        yield first
        yield from rows

    write_worksheet(all_rows(), body, sheet_name="audit")
    return body.getvalue()


def _verify(merchant_id: int, task: Task) -> Mapping[str, Any]:
    def told(done: int, total: int) -> None:
        if done % REPORT_EVERY == 0:
            _progress(merchant_id, task, done, total)

    reports = operations.verify_logs(merchant_id=merchant_id, told=told)
    return {
        "is_sound": all(one.is_sound for one in reports),
        "logs": [
            {
                "log": one.log,
                "seals": one.seals,
                "entries": one.entries,
                "archived": one.archived,
                "unsealed": one.unsealed,
                "last_sealed_at": one.last_sealed_at and one.last_sealed_at.isoformat(),
                "broken": [[seal.number, seal.reason] for seal in one.broken[:FAULTS_MAX]],
                "broken_count": len(one.broken),
            }
            for one in reports
        ],
    }


def _progress(merchant_id: int, task: Task, done: int, total: int) -> None:
    if work.progress(merchant_id=merchant_id, uid=task.uid, done=done, total=total or done):
        raise Stopped


def _stored(where: AuditFilter) -> dict[str, Any]:
    return {
        "actor": where.actor,
        "action": where.action,
        "object": where.object_uid,
        "address": where.address,
        "since": where.since.isoformat() if where.since else "",
        "until": where.until.isoformat() if where.until else "",
        HIDDEN: ["address"] if where.hides_places else [],
    }


def _read(given: Mapping[str, Any]) -> AuditFilter:
    since, until = (
        datetime.fromisoformat(given[name]) if given.get(name) else None
        for name in ("since", "until")
    )
    return AuditFilter(
        actor=given.get("actor", ""), action=given.get("action", ""),
        object_uid=given.get("object", ""), address=given.get("address", ""), since=since,
        until=until, hides_places=bool(given.get(HIDDEN)),
    )  # fmt: skip


def is_masked(item: WorkView) -> bool:
    """Whether an export of the log tells no buyer's network address."""
    return bool(item.arguments["where"].get(HIDDEN))
