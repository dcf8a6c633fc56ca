"""Telling buyers of cards that they bought, have not activated, and that expire soon (V8).

One mail an order, whatever it has: SKUs, numbers and dates, never a code. A card is told once for
each order; what was told is written down in the transaction that stores the mails.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.messages.senders.queries import can_text
from kacang.orders.buyers import OrderBuyer, buyers_of_lines
from kacang.vault import operations as vault
from kacang.vault.operations import SoldCard

CARDS = 500
ROWS_MOST = 50
_LOCK_CLASS = 7155


def remind_buyers(*, merchant_id: int, now: datetime) -> int:
    """Tell buyers of unused cards that expire within the merchant's days; return how many mails.

    Works off all that is due, some hundred cards a transaction.
    """
    days = int(str(merchants.setting(merchant_id=merchant_id, name="buyer_expiry_days")))
    if not days:
        return 0
    told = 0
    while (count := _remind_some(merchant_id, now, now + timedelta(days=days))) is not None:
        told += count
    return told


def _remind_some(merchant_id: int, now: datetime, before: datetime) -> int | None:
    with acting_as(merchant_id):
        # One at a time: an order's cards belong in one mail.
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(%s::int, hashint8(%s::bigint))",
                [_LOCK_CLASS, merchant_id],
            )
        due = vault.lines_to_remind(merchant_id=merchant_id, now=now, before=before, most=CARDS)
        if not due:
            return None
        buyers = buyers_of_lines(merchant_id=merchant_id, line_ids=due)
        lines = [line for buyer in buyers for line in buyer.line_ids]
        cards = vault.note_reminded(merchant_id=merchant_id, line_ids=lines, now=now, before=before)
        if not cards:
            return None
        return messages.tell_all(
            merchant_id=merchant_id, told=_messages(merchant_id, buyers, cards)
        )


def _messages(
    merchant_id: int, buyers: Sequence[OrderBuyer], cards: Sequence[SoldCard]
) -> list[Tell]:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    skus = catalog.skus_by_id(merchant_id=merchant_id, ids={card.sku_id for card in cards})
    of_line: dict[int, list[SoldCard]] = {}
    for card in cards:
        of_line.setdefault(card.line_id, []).append(card)
    told, texts = [], can_text(merchant_id)
    for buyer in buyers:
        theirs = [card for line in buyer.line_ids for card in of_line.get(line, ())]
        phone = buyer.phone if texts else ""
        if theirs and (buyer.email or phone):
            told.append(replace(_message(buyer, theirs, skus, zone), phones=[phone]))
    return told


def _message(
    buyer: OrderBuyer, cards: Sequence[SoldCard], skus: Mapping[int, SkuView], zone: ZoneInfo
) -> Tell:
    counted = Counter(
        (card.expires_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), card.sku_id) for card in cards
    )
    rows = [
        {"title": skus[sku_id].name, "count": count, "at": at}
        for (at, sku_id), count in sorted(counted.items())
    ]
    return Tell(
        event=Event.ORDER_EXPIRING,
        # Later cards of the same order are another occasion.
        once=f"{buyer.number}/{min(card.card_id for card in cards)}",
        context={
            "order": buyer.number,
            "count": len(cards),
            "rows": rows[:ROWS_MOST],
            "more": "yes" if len(rows) > ROWS_MOST else "",
        },
        emails=[buyer.email],
        language=buyer.language,
    )
