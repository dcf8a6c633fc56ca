"""The life of one card, from where it came to where it is: what happened, when, by whom (V3, V6).

Put together from the vault (batch and holders), the orders that had it, and the audit log. It is
read a page at a time, the newest first, and each source is asked for a page only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from kacang.delivery.queries import FROM_VAULT
from kacang.merchants import queries as merchants
from kacang.merchants.keys import cipher_for
from kacang.merchants.queries import AuditFilter, AuditRow
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Line, Order, OrderState, Redemption
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.vault import queries as vault
from kacang.vault.card_ids import open_card_id
from kacang.vault.queries import CardSource, CardState, Holding

PAGE_MAX = 200
# Who looked at the codes of a large order is asked for in pieces, for most were other codes.
PIECE = 200
PIECES_MAX = 60
REVEAL = "secrets.reveal"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALL_OUT = (OrderState.DELIVERED, OrderState.COMPLETED)


class Step(IntEnum):
    """What happened to the card. Of what happened at one instant the greater came later."""

    CAME_IN = 0
    RESERVED = 1
    LET_GO = 2
    LOGGED = 3  # with the card itself: `action` says what
    TAKEN_BACK = 4  # another card took its place at the buyer
    DELIVERED = 5
    OPENED = 6  # with others of its order
    BATCH_LOGGED = 7  # with its whole batch
    EXPIRED = 8
    REDEEMED = 9  # for the order that is named


@dataclass(frozen=True, slots=True)
class CardEvent:
    """One thing that happened to a card. Codes are no part of it.

    `number`, `unit_no` and `contact` are of the order that had to do with it; `other` is the card
    that replaced this one, or was replaced by it.
    """

    step: Step
    at: datetime
    actor_kind: str = "system"
    actor_label: str = ""
    address: str = ""
    action: str = ""
    reason: str = ""
    after: Mapping[str, Any] = field(default_factory=dict)
    number: str = ""
    unit_no: int = 0
    contact: Contact = field(default_factory=Contact)
    other: str = ""


@dataclass(frozen=True, slots=True)
class CardHistory:
    """A card, where it came from, and a page of what happened to it."""

    source: CardSource
    # The order that has it now, and which unit; empty when nobody has.
    number: str
    unit_no: int
    events: tuple[CardEvent, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list goes on: `seen` events of the instant `until` were shown already."""

    until: datetime
    seen: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that has or had the card. `rank`: how many codes of its order come before."""

    order: Order
    rank: int


def card_history(
    *, merchant_id: int, card_uid: str, cursor: str = "", limit: int = 50
) -> CardHistory:
    """Return one card and a page of what happened to it, the newest first.

    A cursor that is not ours starts from the newest.

    Raises:
        UnknownCard: There is none of that name.
    """
    limit = max(1, min(limit, PAGE_MAX))
    place = _read_cursor(cursor)
    most = limit + place.seen + 1
    with acting_as(merchant_id, snapshot=True):
        source = vault.card_source(merchant_id=merchant_id, card_uid=card_uid)
        held = vault.holdings(merchant_id=merchant_id, card_uid=card_uid)
        shared = (
            vault.sharers(merchant_id=merchant_id, card_uid=card_uid, until=place.until, limit=most)
            if source.is_loop
            else []
        )
        lines = _lines(merchant_id, [holding.line_id for holding in (*held, *shared)])
        found = [
            *_of_stock(source),
            *_of_holders(held, lines),
            *_of_holders(shared, lines),
            *_of_log(merchant_id, card_uid, Step.LOGGED, place, most),
            *_of_changes(merchant_id, card_uid, place, most),
            *_of_log(merchant_id, source.batch.uid, Step.BATCH_LOGGED, place, most),
            *_of_looks(merchant_id, held, lines, place, most),
            *_of_redemption(merchant_id, card_uid),
        ]
    due = sorted(
        (event for event in found if event.at <= place.until),
        key=lambda event: (event.at, event.step),
        reverse=True,
    )[place.seen :]
    now = next((holding for holding in held if holding.released_at is None), None)
    return CardHistory(
        source=source,
        number=lines[now.line_id].order.number if now else "",
        unit_no=now.unit_no if now else 0,
        events=tuple(due[:limit]),
        next_cursor=_make_cursor(due[:limit], place) if len(due) > limit else "",
    )


def _of_stock(source: CardSource) -> Iterator[CardEvent]:
    card, batch = source.card, source.batch
    yield CardEvent(Step.CAME_IN, card.created_at, "user", batch.actor_label)
    if card.state == CardState.EXPIRED and card.expires_at is not None:
        yield CardEvent(Step.EXPIRED, card.expires_at)


def _of_holders(held: Iterable[Holding], lines: Mapping[int, _Line]) -> Iterator[CardEvent]:
    for holding in held:
        order = lines[holding.line_id].order
        about: dict[str, Any] = {
            "number": order.number,
            "unit_no": holding.unit_no,
            "contact": Contact(order.email, order.phone),
        }
        if holding.was_reserved:
            yield CardEvent(Step.RESERVED, order.created_at, "buyer", order.channel, **about)
        if holding.delivered_at is not None:
            # Who replaced it is told by what the log has of the faulty card.
            kind = "" if holding.before else "system"
            yield CardEvent(
                Step.DELIVERED, holding.delivered_at, kind, other=holding.before, **about
            )
        if holding.released_at is not None:
            was_given = holding.delivered_at is not None
            step, kind = (Step.TAKEN_BACK, "") if was_given else (Step.LET_GO, "system")
            yield CardEvent(step, holding.released_at, kind, other=holding.instead, **about)


def _of_redemption(merchant_id: int, card_uid: str) -> Iterator[CardEvent]:
    card_id = open_card_id(cipher_for(merchant_id), card_uid)
    found = Redemption.objects.filter(merchant_id=merchant_id, card_id=card_id)
    for row in found.select_related("order"):
        order = row.order
        yield CardEvent(
            Step.REDEEMED,
            row.at,
            "key" if order.api_key_id else "buyer",
            address=order.address,
            number=order.number,
            contact=Contact(order.email, order.phone),
        )


def _of_log(
    merchant_id: int, uid: str, step: Step, place: _Place, most: int
) -> Iterator[CardEvent]:
    where = AuditFilter(object_uid=uid, until=place.until + timedelta(microseconds=1))
    page = merchants.audit_page(merchant_id=merchant_id, where=where, limit=most)
    for row in page.rows:
        yield _logged(row, step)


def _of_changes(merchant_id: int, card_uid: str, place: _Place, most: int) -> Iterator[CardEvent]:
    """What happened to it among all cards that fitted a filter."""
    for one in vault.changes_of(
        merchant_id=merchant_id, card_uid=card_uid, until=place.until, limit=most
    ):
        yield CardEvent(
            Step.LOGGED,
            one.at,
            "job",
            one.actor_label,
            action=f"cards.{one.verb}",
            reason=one.reason,
            after={"job": one.job},
        )


def _of_looks(
    merchant_id: int,
    held: Iterable[Holding],
    lines: Mapping[int, _Line],
    place: _Place,
    most: int,
) -> Iterator[CardEvent]:
    """Who had the codes of an order opened while this card was one of them."""
    for holding in held:
        if holding.delivered_at is None:
            continue
        line = lines[holding.line_id]
        until = min(holding.released_at or place.until, place.until) + timedelta(microseconds=1)
        where = AuditFilter(
            action=REVEAL,
            object_uid=line.order.number,
            since=holding.delivered_at,
            until=until,
        )
        count, cursor = 0, ""
        for _ in range(PIECES_MAX):
            page = merchants.audit_page(
                merchant_id=merchant_id, where=where, cursor=cursor, limit=PIECE
            )
            for row in page.rows:
                if count < most and _was_shown(row, line, holding):
                    count += 1
                    yield _logged(row, Step.OPENED, number=line.order.number)
            cursor = page.next_cursor
            if not cursor or count >= most:
                break


def _was_shown(row: AuditRow, line: _Line, holding: Holding) -> bool:
    """Whether what was opened had this card in it. Where that cannot be told: yes."""
    first, plus, many = str((row.after or {}).get("part", "")).partition("+")
    if not (plus and first.isdecimal() and many.isdecimal()):
        # What the buyer has answered is no code.
        return first != "form"
    if line.order.state not in _ALL_OUT:
        return True
    rank = line.rank + holding.unit_no - 1
    return int(first) <= rank < int(first) + int(many)


def _logged(row: AuditRow, step: Step, **about: Any) -> CardEvent:
    return CardEvent(
        step=step,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_label=row.actor_label,
        address=row.address,
        action=row.action,
        reason=row.reason,
        after=row.after or {},
        **about,
    )


def _lines(merchant_id: int, line_ids: Iterable[int]) -> dict[int, _Line]:
    wanted = set(line_ids)
    rows = Line.objects.filter(merchant_id=merchant_id, id__in=wanted).select_related("order")
    found = {row.pk: row for row in rows}
    orders = {row.order_id for row in found.values()}
    sizes = list(
        Line.objects.filter(
            merchant_id=merchant_id, order_id__in=orders, kind__in=FROM_VAULT
        ).values_list("order_id", "id", "quantity")
    )
    return {
        line_id: _Line(
            order=row.order,
            rank=sum(
                quantity
                for order_id, other, quantity in sizes
                if order_id == row.order_id and other < line_id
            ),
        )
        for line_id, row in found.items()
    }


def _read_cursor(cursor: str) -> _Place:
    at, dot, seen = cursor.partition(".")
    if dot and at.isdecimal() and seen.isdecimal() and len(at) <= 17 and len(seen) <= 3:  # noqa: PLR2004 - microseconds of this age
        return _Place(_EPOCH + timedelta(microseconds=int(at)), int(seen))
    return _Place(utc_now() + timedelta(days=1), 0)


def _make_cursor(shown: list[CardEvent], place: _Place) -> str:
    last = shown[-1].at
    seen = sum(event.at == last for event in shown) + (place.seen if last == place.until else 0)
    return f"{(last - _EPOCH) // timedelta(microseconds=1)}.{seen}"
