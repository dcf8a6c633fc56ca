"""Exports of customers: all that fit a filter, as a job; masked where the exporter may not see."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kacang.customers.finding.filters import CustomerFilter, from_stored
from kacang.customers.finding.pages import count_up_to, ids_behind, rows_of
from kacang.customers.models import ContactKind
from kacang.customers.types import CustomerRow
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import exporting, work
from kacang.outbox.exporting import FORMATS, Contents, ExportKind, Part, UnknownExport
from kacang.outbox.work import Task, once_of
from kacang.shared.errors import Invalid
from kacang.shared.periods import clock_text
from kacang.shared.sheets import Cell, Digits

__all__ = [
    "FORMATS",
    "KIND",
    "BadExport",
    "ExportRequest",
    "UnknownExport",
    "fetch_export",
    "run_export",
    "start_export",
]
KIND = "customers.export"
EXPORT = ExportKind(KIND, "customers.run_export", "customers.export_fetched")
MASKABLE = frozenset({"email", "phone"})


class BadExport(Invalid):
    """There is no such kind of file."""

    code = "customers.bad_export"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write.

    Args:
        where: Which customers.
        format: "xlsx" or "csv".
        language: Of headings.
        ways: Words for how somebody agreed.
        masked: What of "email" and "phone" stays masked.
        token: Of the form that asks: sent twice, the same request is one export.
    """

    where: CustomerFilter
    format: str
    language: str
    ways: Mapping[str, str]
    masked: frozenset[str]
    token: str = ""


def start_export(*, merchant_id: int, actor: Actor, request: ExportRequest, now: datetime) -> str:
    """Start the job that writes customers into a file; return its uid. Who asked fetches it.

    Raises:
        BadExport: There is no such kind of file.
    """
    if request.format not in FORMATS:
        raise BadExport
    masked = sorted(request.masked & MASKABLE)
    once = once_of(request.token, request.where.stored(), request.format, masked)
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        where = request.where.at(now, zone)
        counted = count_up_to(merchant_id=merchant_id, where=where, most=exporting.COUNT_MOST)
        uid = exporting.start(
            merchant_id=merchant_id, actor=actor, kind=EXPORT,
            arguments={
                "where": where.stored(), "format": request.format, "language": request.language,
                "ways": dict(request.ways), "masked": masked,
            },
            total=counted.count, once=once,
        )  # fmt: skip
        after = {"count": counted.count, "format": request.format, "hidden": masked}
        exporting.note(merchant_id, actor, uid, "customers.export", after)
    return uid


def fetch_export(*, merchant_id: int, actor: Actor, uid: str) -> tuple[str, Iterator[bytes]]:
    """Return an export's name and content, to whoever asked for it; that is written down first.

    Raises:
        UnknownExport: There is none for this person, or its time is over.
    """
    return exporting.fetch(merchant_id=merchant_id, actor=actor, uid=uid, kind=EXPORT)


def run_export(*, merchant_id: int, work_uid: str, mask: Callable[[str], str]) -> None:
    """Write an export, or the rest of it after a crash. One that is stopped leaves no file.

    `mask` hides most of an address.
    """

    def make(who: int, task: Task) -> Contents:
        return _contents(who, task, mask)

    exporting.run(merchant_id=merchant_id, work_uid=work_uid, make=make)


def _contents(merchant_id: int, task: Task, mask: Callable[[str], str]) -> Contents:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    where = from_stored(task.arguments["where"])
    masked = frozenset(task.arguments["masked"])
    ways = task.arguments["ways"]

    def contacts(row: CustomerRow, kind: ContactKind) -> str:
        hide = mask if kind.name.lower() in masked else str
        return ", ".join(hide(one.value) for one in row.contacts if one.kind is kind)

    def written(row: CustomerRow) -> list[Cell]:
        figures: list[Cell] = [
            row.paid_orders, Digits(row.spent.plain), row.spent.currency,
            "" if row.last_order_at is None else clock_text(row.last_order_at, zone),
        ]  # fmt: skip
        return [
            row.uid, row.name, row.level, ", ".join(tag.name for tag in row.tags),
            contacts(row, ContactKind.EMAIL), contacts(row, ContactKind.PHONE),
            *figures,
            str(ways.get(row.agreed_way, row.agreed_way)), clock_text(row.created_at, zone),
        ]  # fmt: skip

    def read(after: str, most: int) -> Part:
        with acting_as(merchant_id):
            ids = ids_behind(merchant_id=merchant_id, where=where, after=int(after or 0), most=most)
            rows = rows_of(merchant_id=merchant_id, ids=ids)
        return Part([written(row) for row in rows], str(ids[-1]) if len(ids) == most else "")

    figures = [_("Paid orders"), _("Spent"), _("Currency"), _("Last order")]
    heads = [
        _("Customer number"), _("Name"), _("Level"), _("Tags"), _("E-mail"), _("Phone"),
        *figures, _("Agreed"), _("Known since"),
    ]  # fmt: skip
    return Contents(_("Customers"), heads, read)
