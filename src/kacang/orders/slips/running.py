"""Printing packing slips of many orders: a job that writes some hundred slips at a time (D5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, override

from kacang.catalog.queries import StockMode
from kacang.logistics import operations as logistics
from kacang.logistics import queries as recipients
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import BadColumns, BatchTooLarge
from kacang.orders.finding.filters import OrderFilter, from_stored
from kacang.orders.finding.listing import count_up_to, frozen, matching
from kacang.orders.models import Line, Order, OrderState
from kacang.orders.slips.drawing import SIZES, Slip, SlipLine, SlipWords, slips_pdf
from kacang.outbox import files, work
from kacang.outbox import queries as works
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task, WorkState, once_of
from kacang.queue import enqueue
from kacang.shared.errors import NotFound
from kacang.shared.texts import pick
from kacang.shared.zips import packed

KIND = "orders.slips"
ORDERS_MAX = 10_000
AT_ONCE = 200
# Paid, and with goods to pack, or packed before.
PACKED = frozenset(
    {
        OrderState.PAID, OrderState.FULFILLING, OrderState.SHIPPED, OrderState.DELIVERED,
        OrderState.COMPLETED,
    }
)  # fmt: skip


class UnknownSlips(NotFound):
    """There are no such slips, they are somebody else's, or their time is over."""

    code = "orders.unknown_slips"


@dataclass(frozen=True, slots=True)
class _Reached:
    after: str = ""
    seen: int = 0
    printed: int = 0
    ended: bool = False
    parts: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        return {
            "after": self.after,
            "seen": self.seen,
            "printed": self.printed,
            "ended": self.ended,
            "parts": list(self.parts),
        }


@dataclass(frozen=True, slots=True)
class SlipsRequest:
    """Of which orders, on which paper, in which language.

    `token` is the form's that asks for it: sent twice, the same request is one job.
    `masks_phone`: the role of who asks hides phone numbers, on paper too.
    """

    where: OrderFilter
    size: str
    language: str
    token: str = ""
    masks_phone: bool = False


def start_slips(*, merchant_id: int, actor: Actor, request: SlipsRequest, now: datetime) -> str:
    """Start the job that prints the slips of orders; return its uid. Who asked fetches them.

    Raises:
        BadColumns: There is no such size of paper.
        BatchTooLarge: There are more orders than one job prints.
    """
    if request.size not in SIZES:
        raise BadColumns
    once = once_of(request.token, request.where.stored(), request.size, request.masks_phone)
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        chosen = frozen(merchant_id=merchant_id, where=request.where, now=now, zone=zone)
        count = count_up_to(merchant_id=merchant_id, where=chosen, most=ORDERS_MAX)
        if count.is_more:
            raise BatchTooLarge(most=ORDERS_MAX)
        uid = work.start(
            merchant_id=merchant_id,
            kind=KIND,
            arguments={
                "where": chosen.stored(),
                "size": request.size,
                "language": request.language,
                "masks_phone": request.masks_phone,
                "actor": [actor.kind, actor.id],
            },
            actor=actor,
            total=count.count,
            once=once,
        )
        # Whom parcels go to is on the slips: that they are opened is written down first.
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.print_slips",
            object_kind="job",
            object_uid=uid,
            after={"count": count.count, "size": request.size},
        )
        enqueue(
            "orders.run_slips",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def fetch_slips(*, merchant_id: int, actor: Actor, uid: str) -> tuple[str, Iterator[bytes]]:
    """Return the name and content of slips, to whoever asked for them.

    Raises:
        UnknownSlips: There are none for this person, or their time is over.
    """
    item = works.work(merchant_id=merchant_id, uid=uid)
    is_own = list(item.arguments.get("actor", [])) == [actor.kind, actor.id]
    made = str(item.result.get("slips_file", ""))
    if item.kind != KIND or not is_own or item.state is not WorkState.DONE or not made:
        raise UnknownSlips
    try:
        info = files.info(merchant_id=merchant_id, uid=made)
    except files.UnknownFile:
        raise UnknownSlips from None
    return info.name, files.stream(merchant_id=merchant_id, uid=info.uid)


def run_slips(*, merchant_id: int, work_uid: str) -> None:
    """Print the slips of a job, or the rest of them after a crash. Stopped, it leaves no file."""
    guarded(merchant_id, work_uid, _run)


def _run(merchant_id: int, task: Task) -> None:
    raw = task.checkpoint
    reached = _Reached(**{**raw, "parts": tuple(raw["parts"])}) if raw else _Reached()
    saved: Mapping[str, Any] = raw
    stop = False
    while not stop and not reached.ended:
        reached, stop = _print_some(merchant_id, task, reached, saved)
        saved = reached.stored()
    with acting_as(merchant_id):
        result: dict[str, Any] = {
            "slips": reached.printed,
            "left_out": reached.seen - reached.printed,
        }
        if stop:
            result = {}
        elif reached.parts:
            result["slips_file"] = _whole(merchant_id, task, reached.parts)
        for part in reached.parts:
            files.delete(merchant_id=merchant_id, uid=part)
        end = work.stop if stop else work.finish
        end(merchant_id=merchant_id, uid=task.uid, result=result)


@retry_conflicts
def _print_some(
    merchant_id: int, task: Task, reached: _Reached, saved: Mapping[str, Any]
) -> tuple[_Reached, bool]:
    with acting_as(merchant_id), override(str(task.arguments["language"])):
        found = matching(
            merchant_id=merchant_id,
            where=from_stored(task.arguments["where"]),
            after=reached.after,
            most=AT_ONCE,
        )
        slips = _slips(merchant_id, [match.id for match in found.orders], task)
        parts = reached.parts
        if slips:
            shop = merchants.merchant(merchant_id=merchant_id).name
            body = slips_pdf(slips, shop=shop, size=str(task.arguments["size"]), words=_words())
            part = files.store(
                merchant_id=merchant_id, purpose="slips", name=f"{task.uid}.part", content=body
            )
            parts = (*parts, part)
        further = replace(
            reached,
            after=found.after,
            seen=reached.seen + len(found.orders),
            printed=reached.printed + len(slips),
            ended=not found.after,
            parts=parts,
        )
        stop = work.progress(
            merchant_id=merchant_id,
            uid=task.uid,
            done=further.seen,
            checkpoint=further.stored(),
            expected=saved,
        )
    return further, stop


def _slips(merchant_id: int, ids: Sequence[int], task: Task) -> list[Slip]:
    language = str(task.arguments["language"])
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    orders = Order.objects.filter(
        merchant_id=merchant_id, id__in=ids, has_goods=True, state__in=PACKED
    ).order_by("id")
    lines: dict[int, list[SlipLine]] = {order.pk: [] for order in orders}
    goods = Line.objects.filter(
        merchant_id=merchant_id, order_id__in=list(lines), stock_mode=StockMode.GOODS
    )
    for line in goods.order_by("line_no"):
        title, variant = pick(line.title, language), pick(line.sku_title, language)
        lines[line.order_id].append(SlipLine(title, variant, line.quantity))
    whom = recipients.recipients_of(merchant_id=merchant_id, order_ids=list(lines))
    if task.arguments.get("masks_phone"):
        whom = {key: replace(one, phone=one.masked().phone) for key, one in whom.items()}
    times = logistics.count_prints(merchant_id=merchant_id, order_ids=list(lines))
    return [
        Slip(
            number=order.number,
            placed=f"{order.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
            lines=lines[order.pk],
            buyer=f"****{order.phone_tail}" if order.phone_tail else "",
            recipient=_address(whom.get(order.pk)),
            printed_before=times[order.pk] - 1,
        )
        for order in orders
    ]


def _address(whom: recipients.RecipientView | None) -> list[str]:
    if whom is None:
        return []
    return [f"{whom.name}　{whom.phone}", f"{whom.region} {whom.address} {whom.postcode}".rstrip()]


def _words() -> SlipWords:
    return SlipWords(
        title=gettext("Packing slip"),
        order=gettext("Order number"),
        placed=gettext("Placed"),
        buyer=gettext("Buyer's phone"),
        recipient=gettext("Recipient"),
        goods=gettext("Goods"),
        pieces=gettext("Pieces"),
        total=gettext("Pieces in total"),
        reprint=gettext("Printed again, copy"),
    )


def _whole(merchant_id: int, task: Task, parts: Sequence[str]) -> str:
    """Put the parts together: one PDF as it is, several in a zip."""
    with override(str(task.arguments["language"])):
        name = gettext("Packing slips")
    if len(parts) == 1:
        return files.store(
            merchant_id=merchant_id,
            purpose="slips",
            name=f"{name}.pdf",
            content=files.stream(merchant_id=merchant_id, uid=parts[0]),
        )
    entries = (
        (f"{number:03}.pdf", files.read(merchant_id=merchant_id, uid=part))
        for number, part in enumerate(parts, start=1)
    )
    return files.store(
        merchant_id=merchant_id, purpose="slips", name=f"{name}.zip", content=packed(entries)
    )
