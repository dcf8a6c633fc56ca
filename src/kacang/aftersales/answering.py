"""The first answer to "where is my order", by itself, from how the order really stands (X2).

It is given once, when a case is opened that asks just this, and only while there is something to
say that is true and on time: who waits longer than was promised, or whose order is looked at by
somebody, gets a person at once. What is said is about the case's own units.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from kacang.aftersales.models import CaseKind
from kacang.aftersales.types import NewCase, Place
from kacang.catalog.queries import ProductKind
from kacang.logistics import queries as logistics
from kacang.logistics.queries import ShipmentView
from kacang.merchants import queries as merchants
from kacang.orders.deadlines.queries import RuleBook, Stage, rule_book
from kacang.orders.types import LineView, OrderState, OrderView, UnitState
from kacang.shared.texts import Text, both, pick

# What buyers write who ask this and tick something else.
WORDS = (
    "where is my", "when will", "not arrived", "hasn't arrived", "not received", "track",
    "到哪", "在哪", "没收到", "没有收到", "未收到", "什么时候发", "何时发", "还没发", "没发货",
    "催发货", "物流", "快递",
)  # fmt: skip
TEXT_WORDS_MAX = 200
_LOOKED_AT = frozenset({OrderState.REFUNDING, OrderState.REFUNDED, OrderState.CANCELLED})
LAST = both(
    "如果仍未解决，请点「转人工」。",
    "If this does not help, ask for a person with the button below.",
)


def asks_where(new: NewCase) -> bool:
    """Whether a case asks where the order is, and nothing else."""
    if new.kind is CaseKind.NOT_ARRIVED:
        return True
    text = new.text.lower()
    is_open = new.kind is CaseKind.OTHER and len(text) <= TEXT_WORDS_MAX and not new.files
    return is_open and any(word in text for word in WORDS)


def where_it_is(
    *, merchant_id: int, order: OrderView, places: Sequence[Place], now: datetime
) -> str:
    """Return in the order's language how the units of a case stand; "": a person has to look.

    Must run inside the caller's transaction.
    """
    if order.state in _LOOKED_AT or order.paid_at is None:
        return ""
    if order.state is OrderState.ON_HOLD and order.hold_reason == "risk_review":
        return ""
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    book = rule_book(merchant_id=merchant_id)
    found = logistics.shipments_of(merchant_id=merchant_id, order_ids=[order.id])[order.id]
    parcels = [parcel for parcel in found if parcel.voided_at is None]
    lines = {line_id for line_id, _unit in places}
    said: list[Text] = []
    for line in order.lines:
        if line.id not in lines:
            continue
        units = {place for place in places if place[0] == line.id}
        sent = [parcel for parcel in parcels if units & set(parcel.places)]
        told = _of_line(order, line, sent, _Clock(zone, book, now))
        if told is None:
            return ""
        said += told
    return "\n".join(pick(one, order.language) for one in (*said, LAST)) if said else ""


class _Clock:
    """How moments are said, and by when something is promised."""

    def __init__(self, zone: ZoneInfo, book: RuleBook, now: datetime) -> None:
        self.zone, self.book, self.now = zone, book, now

    def say(self, at: datetime | None) -> str:
        """Return a moment as the merchant's clock has it."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}" if at else ""

    def promised(self, stage: Stage, line: LineView, since: datetime) -> datetime | None:
        """Return by when the stage is to be over."""
        return self.book.due(stage, line.kind, since)


def _of_line(
    order: OrderView, line: LineView, parcels: Sequence[ShipmentView], clock: _Clock
) -> list[Text] | None:
    """Return what can be said of a line; None: it is late, or in no state that explains itself."""
    title = line.title
    zh, en = pick(title, "zh-Hans"), pick(title, "en")
    assert order.paid_at is not None
    if parcels:
        return [_of_parcel(zh, en, parcel, clock) for parcel in parcels]
    stands = [state for state, count in line.units.items() if count]
    if len(stands) > 1:
        # Which of them the buyer means is for a person to see.
        return None
    waiting = {
        UnitState.SHORT: (Stage.DELIVERY, "到货后自动发放", "comes by itself once it is in stock"),
        UnitState.OWED: (Stage.COLLECTION, "正在备货", "is being got ready"),
    }
    for state, (stage, how_zh, how_en) in waiting.items():
        if state not in stands:
            continue
        by = clock.promised(stage, line, order.paid_at)
        if by is not None and by <= clock.now:
            return None
        until = clock.say(by)
        return [
            both(
                f"「{zh}」已付款，{how_zh}" + (f"，预计不晚于 {until}。" if until else "。"),
                f"{en} is paid for and {how_en}"
                + (f", by {until} at the latest." if until else "."),
            )
        ]
    # An order of which something is still to come has no moment of delivery.
    is_here = UnitState.DELIVERED in stands and order.delivered_at is not None
    return _delivered(order, line, clock) if is_here else None


def _delivered(order: OrderView, line: LineView, clock: _Clock) -> list[Text]:
    zh, en = pick(line.title, "zh-Hans"), pick(line.title, "en")
    at = clock.say(order.delivered_at)
    if line.kind == ProductKind.GOODS:
        return [both(f"「{zh}」已于 {at} 交付。", f"{en} was handed over on {at}.")]
    return [
        both(
            f"「{zh}」的卡密已于 {at} 发放，可在订单页查看和复制。",
            f"{en} was delivered on {at}: the codes are on the order's page.",
        )
    ]


def _of_parcel(zh: str, en: str, parcel: ShipmentView, clock: _Clock) -> Text:
    with_zh, with_en = pick(parcel.courier_name, "zh-Hans"), pick(parcel.courier_name, "en")
    sent = clock.say(parcel.created_at)
    if parcel.arrived_at is not None:
        at = clock.say(parcel.arrived_at)
        end_zh, end_en = f"已于 {at} 签收", f"it arrived on {at}"
    else:
        end_zh, end_en = "正在运输途中", "it is on its way"
    return both(
        f"「{zh}」已于 {sent} 由{with_zh}发出，运单号 {parcel.tracking_number}，{end_zh}。",
        f"{en} was sent on {sent} with {with_en}, number {parcel.tracking_number}; {end_en}.",
    )
