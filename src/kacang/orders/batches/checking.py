"""A list of tracking numbers is looked at line by line before anything is sent (L2)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from kacang.logistics import queries as logistics
from kacang.logistics.queries import COURIERS, courier_named, normal_number, read_number
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches.columns import checked_columns, guess_columns
from kacang.orders.batches.rows import BatchRow, Outcome, add_rows
from kacang.orders.errors import (
    AlreadyShipped,
    BadLine,
    BatchTooLarge,
    NotNow,
    UnknownOrder,
)
from kacang.orders.models import Order, OrderState
from kacang.orders.shipping.sending import GONE, SENDABLE
from kacang.outbox import files, work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.errors import DomainError
from kacang.vault.operations import Odd, open_source, text_of

KIND = "orders.ship_check"
LINES_MAX = 20_000
AT_ONCE = 1_000
SAMPLE = 30
# Why a line cannot be sent that no error of a room says.
NO_NUMBER = "batches.no_number"
NO_TRACKING = "batches.no_tracking"
NO_COURIER = "batches.no_courier"
PRECISION = "batches.precision"
NUMBER_TWICE = "batches.number_twice"
TRACKING_TWICE = "batches.tracking_twice"
TRACKING_IN_USE = "batches.tracking_in_use"


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A list to look at. `columns` and `has_header` are what a person chose; None: find out.

    `courier` is the one of lines that name none.
    """

    file_uid: str
    courier: str = ""
    columns: Mapping[str, int] | None = None
    has_header: bool | None = None


def check_shipping(*, merchant_id: int, actor: Actor, request: CheckRequest) -> str:
    """Start the job that looks at a list of tracking numbers; return its uid.

    Raises:
        UnknownFile: The file is gone.
        UnknownCourier: The courier for lines without one is none.
    """
    if request.courier:
        logistics.courier(request.courier)
    with acting_as(merchant_id):
        info = files.info(merchant_id=merchant_id, uid=request.file_uid)
        uid = work.start(
            merchant_id=merchant_id,
            kind=KIND,
            arguments={
                "file": info.uid,
                "name": info.name,
                "courier": request.courier,
                "columns": None if request.columns is None else dict(request.columns),
                "has_header": request.has_header,
            },
            actor=actor,
        )
        enqueue(
            "orders.run_ship_check",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_ship_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at a list of tracking numbers: all of it, or again from the start after a crash."""
    guarded(merchant_id, work_uid, _check)


def first_lines(*, merchant_id: int, file_uid: str, name: str, most: int = 5) -> list[list[str]]:
    """Return the first lines of a list, for choosing its columns; they are kept nowhere else.

    Raises:
        UnknownFile, BadFile: As they say.
    """
    source = open_source(files.read(merchant_id=merchant_id, uid=file_uid), name)
    filled = (row for row in source.rows() if not row.is_blank)
    return [[text_of(cell).strip() for cell in row.cells] for row in islice(filled, most)]


def _check(merchant_id: int, task: Task) -> None:
    arguments = task.arguments
    body = files.read(merchant_id=merchant_id, uid=str(arguments["file"]))
    source = open_source(body, str(arguments["name"]))
    read: list[tuple[int, list[str], bool]] = []
    for row in source.rows():
        if row.is_blank:
            continue
        if len(read) > LINES_MAX:
            raise BatchTooLarge(most=LINES_MAX)
        is_odd = any(isinstance(cell, Odd) and cell.kind == "precision" for cell in row.cells)
        read.append((row.line, [text_of(cell).strip() for cell in row.cells], is_odd))
    sample = [cells for _, cells, _ in read[:SAMPLE]]
    columns, has_header = guess_columns(sample)
    if arguments["columns"] is not None:
        width = max((len(cells) for cells in sample), default=0)
        columns = checked_columns(arguments["columns"], width)
    if arguments["has_header"] is not None:
        has_header = bool(arguments["has_header"])
    lines = read[1:] if has_header else read
    courier = str(arguments["courier"])
    found = [_line(at, line, columns, courier) for at, line in enumerate(lines, 1)]
    _finish(merchant_id, task, found, {"columns": columns, "has_header": has_header})


def _finish(
    merchant_id: int,
    task: Task,
    found: list[BatchRow],
    layout: Mapping[str, Any],
) -> None:
    with acting_as(merchant_id):
        for start in range(0, len(found), AT_ONCE):
            part = _judged(merchant_id, found[start : start + AT_ONCE])
            found[start : start + AT_ONCE] = part
        found = _without_twins(found)
        for start in range(0, len(found), AT_ONCE):
            add_rows(merchant_id, task.id, found[start : start + AT_ONCE])
        reasons = Counter(row.reason for row in found if row.outcome is Outcome.REFUSED)
        result = {
            "lines": len(found),
            "good": len(found) - reasons.total(),
            "bad": reasons.total(),
            "reasons": dict(reasons),
            **layout,
        }
        work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


def _line(
    row_no: int, line: tuple[int, list[str], bool], columns: Mapping[str, int], courier: str
) -> BatchRow:
    line_no, cells, is_odd = line

    def cell(field: str) -> str:
        at = columns.get(field)
        return cells[at] if at is not None and at < len(cells) else ""

    number = normal_number(cell("number"))[:40]
    tracking = normal_number(cell("tracking"))[:60]
    row = BatchRow(row_no, None, number, line_no, "", tracking)
    try:
        code = courier_named(cell("courier")).code if cell("courier") else courier
        row = replace(row, courier=code)
        _check_words(row, is_odd=is_odd)
    except DomainError as error:
        reason = str(error.detail.get("problem") or error.code)
        return replace(row, outcome=Outcome.REFUSED, reason=reason)
    return row


def _check_words(row: BatchRow, *, is_odd: bool) -> None:
    """Refuse a line for what is written in it."""
    missing = {
        NO_NUMBER: not row.order_number,
        NO_TRACKING: not row.tracking_number,
        NO_COURIER: row.courier not in COURIERS,
        PRECISION: is_odd,
    }
    for problem, is_so in missing.items():
        if is_so:
            raise BadLine(problem=problem)
    read_number(row.courier, row.tracking_number)


def _judged(merchant_id: int, part: Sequence[BatchRow]) -> list[BatchRow]:
    """Refuse lines for what the shop knows of their orders and parcels."""
    numbers = {row.order_number for row in part if row.order_number}
    orders = {
        order.number: order
        for order in Order.objects.filter(merchant_id=merchant_id, number__in=numbers)
    }
    used = logistics.numbers_in_use(
        merchant_id=merchant_id, tracking_numbers={row.tracking_number for row in part}
    )
    return [_against(row, orders.get(row.order_number), used) for row in part]


def _against(row: BatchRow, order: Order | None, used: Collection[str]) -> BatchRow:
    known = replace(row, order_id=order.pk if order else None)
    if row.outcome is Outcome.REFUSED:
        return known
    reason = ""
    if order is None:
        reason = UnknownOrder.code
    elif order.has_goods and OrderState(order.state) in GONE:
        reason = AlreadyShipped.code
    elif not order.has_goods or OrderState(order.state) not in SENDABLE:
        reason = NotNow.code
    elif row.tracking_number in used:
        reason = TRACKING_IN_USE
    return replace(known, outcome=Outcome.REFUSED, reason=reason) if reason else known


def _without_twins(found: Iterable[BatchRow]) -> list[BatchRow]:
    """Refuse lines that name an order or a tracking number a second time."""
    numbers: set[str] = set()
    trackings: set[str] = set()
    kept = []
    for row in found:
        reason = ""
        if row.outcome is Outcome.WAITING:
            if row.order_number in numbers:
                reason = NUMBER_TWICE
            elif row.tracking_number in trackings:
                reason = TRACKING_TWICE
            numbers.add(row.order_number)
            trackings.add(row.tracking_number)
        kept.append(replace(row, outcome=Outcome.REFUSED, reason=reason) if reason else row)
    return kept
