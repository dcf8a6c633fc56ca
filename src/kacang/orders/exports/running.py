"""Exports of orders: some columns of all that match a filter, as a job (O10)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.errors import BadColumns
from kacang.orders.exports.columns import COLUMNS, FIELDS, Way
from kacang.orders.finding.filters import OrderFilter, from_stored
from kacang.orders.finding.listing import count_up_to, frozen, matching
from kacang.orders.statements import rows
from kacang.outbox import exporting, work
from kacang.outbox.exporting import COUNT_MOST, FORMATS, Contents, ExportKind, Part, UnknownExport
from kacang.outbox.work import Task, once_of
from kacang.shared.sheets import Cell

__all__ = [
    "FORMATS",
    "KIND",
    "ExportRequest",
    "UnknownExport",
    "fetch_export",
    "run_export",
    "start_export",
]
KIND = "orders.export"
EXPORT = ExportKind(KIND, "orders.run_export", "orders.export_fetched")
CONTACTS = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write of which orders. `states` are the words for states, by number.

    `token` is the form's that asks for it: sent twice, the same request is one export. `hidden`:
    what of "email" and "phone" stays masked, because the role of who asks hides it.
    """

    where: OrderFilter
    columns: tuple[str, ...]
    format: str
    states: Mapping[int, str]
    masked: bool
    language: str
    token: str = ""
    hidden: frozenset[str] = frozenset()


def masked_in(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Return what of a buyer's contact is masked in an export that was started with these."""
    # Jobs that were queued by an earlier version know nothing of roles that hide.
    return CONTACTS if arguments["masked"] else frozenset(arguments.get("hidden", ()))


def start_export(*, merchant_id: int, actor: Actor, request: ExportRequest, now: datetime) -> str:
    """Start the job that writes orders into a file; return its uid. Who asked fetches it.

    Raises:
        BadColumns: No column is chosen, or one that there is not, or another kind of file.
    """
    known = request.columns and all(name in COLUMNS for name in request.columns)
    if not known or request.format not in FORMATS:
        raise BadColumns
    hidden = sorted(request.hidden & CONTACTS)
    once = once_of(
        request.token,
        request.where.stored(),
        request.columns,
        request.format,
        (request.masked, hidden),
    )
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        chosen = frozen(merchant_id=merchant_id, where=request.where, now=now, zone=zone)
        count = count_up_to(merchant_id=merchant_id, where=chosen, most=COUNT_MOST).count
        arguments = {
            "where": chosen.stored(),
            "columns": list(request.columns),
            "format": request.format,
            "states": {str(state): word for state, word in request.states.items()},
            "masked": request.masked,
            "hidden": hidden,
            "language": request.language,
        }
        uid = exporting.start(
            merchant_id=merchant_id, actor=actor, kind=EXPORT,
            arguments=arguments, total=count, once=once,
        )  # fmt: skip
        exporting.note(merchant_id, actor, uid, "orders.export", {
            "count": count, "columns": list(request.columns), "masked": request.masked,
            "hidden": hidden,
        })  # fmt: skip
    return uid


def fetch_export(*, merchant_id: int, actor: Actor, uid: str) -> tuple[str, Iterator[bytes]]:
    """Return an export's name and content, to whoever asked for it; that is written down first.

    Raises:
        UnknownExport: There is none for this person, or its time is over.
    """
    return exporting.fetch(merchant_id=merchant_id, actor=actor, uid=uid, kind=EXPORT)


def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Write an export, or the rest of it after a crash. One that is stopped leaves no file."""
    exporting.run(merchant_id=merchant_id, work_uid=work_uid, make=_contents)


def _contents(merchant_id: int, task: Task) -> Contents:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    states = {int(state): word for state, word in task.arguments["states"].items()}
    way = Way(zone, states, masked_in(task.arguments))
    where = from_stored(task.arguments["where"])
    columns = task.arguments["columns"]

    def read(after: str, most: int) -> Part:
        with acting_as(merchant_id):
            found = matching(merchant_id=merchant_id, where=where, after=after, most=most)
            ids = [match.id for match in found.orders]
            written = _written(merchant_id, ids, columns, way, str(task.arguments["language"]))
        return Part(written, found.after)

    return Contents(gettext("Orders"), [str(COLUMNS[name][0]) for name in columns], read)


def _written(
    merchant_id: int, ids: Sequence[int], columns: Sequence[str], way: Way, language: str
) -> list[list[Cell]]:
    given = {"merchant": merchant_id, "ids": list(ids), "language": _key_of(language)}
    by_id = {row[0]: dict(zip(FIELDS, row, strict=True)) for row in rows(sql.EXPORT, given)}
    makers = [COLUMNS[name][1] for name in columns]
    return [[make(by_id[order_id], way) for make in makers] for order_id in ids]


def _key_of(language: str) -> str:
    return "zh-Hans" if language.lower().startswith("zh") else language.partition("-")[0]
