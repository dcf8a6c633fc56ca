"""What mails and notices say about stock: what runs low, what expires (S4, V8, L20).

Each function is one job's one call, as in `mails`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kacang.catalog import queries as catalog
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.shared.clock import utc_now
from kacang.supply import operations as supply
from kacang.supply.operations import Alarm
from kacang.vault import queries as vault
from kacang.web import webhook_news
from kacang.web.mails.telling import is_on, tell_staff

# A digest is a mail, not a file: what is more stands in the console.
DIGEST_MOST = 100


def tell_low_stock(*, merchant_id: int, now: datetime | None = None) -> int:
    """Tell the staff what runs low: once for each time it fell below its line (S4, L20).

    The console is told at once; e-mails go at once too, or once a day in one mail. Returns how
    many messages are new.
    """
    if not is_on(merchant_id, "mail_low_stock"):
        return 0
    is_daily = merchants.setting(merchant_id=merchant_id, name="low_stock_mail") == "daily"
    alarms = supply.watch_stock(merchant_id=merchant_id)
    told = sum(_tell_crossing(merchant_id, alarm, by_mail=not is_daily) for alarm in alarms)
    if is_daily:
        told += _tell_digest(merchant_id, alarms, now or utc_now())
    return told


def tell_expiring(*, merchant_id: int) -> int:
    """Tell the staff of unsold cards that expire soon: once per SKU in each span of days (V8)."""
    days = int(str(merchants.setting(merchant_id=merchant_id, name="expiry_notice_days")))
    if not days:
        return 0
    now = utc_now()
    cards: Counter[int] = Counter()
    for one in vault.expiring(merchant_id=merchant_id, before=now + timedelta(days=days)):
        if one.cards:
            cards[one.sku_id] += one.cards
    skus = catalog.skus_by_id(merchant_id=merchant_id, ids=set(cards))
    span = now.date().toordinal() // days
    told = 0
    for sku_id, sku in sorted(skus.items()):
        context = {"title": sku.name, "cards": cards[sku_id], "days": days, "sku": sku.uid}
        occasion = f"{sku.uid}/expiring-{days}-{span}"
        told += tell_staff(merchant_id, Event.STAFF_EXPIRING, occasion, context)
    return told


def _tell_crossing(merchant_id: int, alarm: Alarm, *, by_mail: bool) -> int:
    context = {
        "title": alarm.sku.name,
        "left": alarm.available,
        "threshold": alarm.line,
        "sku": alarm.sku.uid,
    }
    occasion = f"{alarm.sku.uid}/crossing-{alarm.crossing}"
    webhook_news.tell_low(merchant_id=merchant_id, alarm=alarm)
    return tell_staff(merchant_id, Event.STAFF_LOW_STOCK, occasion, context, by_mail=by_mail)


def _tell_digest(merchant_id: int, alarms: Sequence[Alarm], now: datetime) -> int:
    """Mail all that is low now, once in the merchant's day, from its hour on."""
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    here = now.astimezone(zone)
    hour = int(str(merchants.setting(merchant_id=merchant_id, name="low_stock_hour")))
    address = str(merchants.setting(merchant_id=merchant_id, name="mail_staff"))
    if here.hour < hour or not address:
        return 0
    language = str(merchants.setting(merchant_id=merchant_id, name="default_language"))
    with acting_as(merchant_id):
        # The day is done with when nothing is low, too: what crosses later is tomorrow's.
        is_first = supply.claim_digest(merchant_id=merchant_id, day=here.date())
        if not (is_first and alarms):
            return 0
        return messages.tell(
            merchant_id=merchant_id,
            message=Tell(
                event=Event.STAFF_LOW_DIGEST,
                once=here.date().isoformat(),
                context={
                    "at": here.strftime("%Y-%m-%d %H:%M"),
                    "count": len(alarms),
                    "more": max(len(alarms) - DIGEST_MOST, 0) or "",
                    "rows": [_row(alarm) for alarm in _worst_first(alarms)[:DIGEST_MOST]],
                },
                emails=[address],
                language=language,
            ),
        )


def _worst_first(alarms: Sequence[Alarm]) -> list[Alarm]:
    return sorted(alarms, key=lambda alarm: (alarm.available / alarm.line, -alarm.sold))


def _row(alarm: Alarm) -> dict[str, object]:
    return {
        "title": alarm.sku.name,
        "left": alarm.available,
        "line": alarm.line,
        "sold": alarm.sold,
        "days": "" if alarm.days_left is None else alarm.days_left,
        "sku": alarm.sku.uid,
    }
