"""Whether a message goes out now: quiet hours, too many, not wanted (N1).

Asked at the moment of sending, inside the transaction that counts the try: what is held has its
job for the morning when, and only when, it says that it is held.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.merchants.queries import merchant, setting
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.messages.restraint.models import MessageCount, MessageOptOut
from kacang.messages.restraint.quiet import QuietHours
from kacang.messages.restraint.rules import OPTIONAL, most_a_day, rule_of
from kacang.messages.wording.variables import EMAIL

TOO_OFTEN, OPTED_OUT = "too_often", "opted_out"
KEPT_DAYS = 3
TEXTS, ALL = "texts", "all"
_COUNT = """
insert into message_count (merchant_id, day, event, channel, address_print, used)
values (%s::bigint, %s::date, %s::text, %s::text, %s::bytea, 1)
on conflict (merchant_id, day, event, channel, address_print)
do update set used = message_count.used + 1 where message_count.used < %s::int
returning used
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message: held until then, left out for a reason, or neither."""

    held_until: datetime | None = None
    left_out: str = ""


GO = Verdict()


def verdict(row: Message, now: datetime) -> Verdict:
    """Say what becomes of a message that is about to be tried for the first time, or again.

    In the caller's transaction, with the row locked. A first try is counted.
    """
    if row.is_asked_for:
        return GO
    if is_refused(row.merchant_id, row.event, row.recipient):
        return Verdict(left_out=OPTED_OUT)
    rule = rule_of(row.merchant_id, row.event)
    if not rule.is_urgent and (until := _quiet_until(row, now)):
        return Verdict(held_until=until)
    if row.tries == 0 and not _is_within(row, rule.daily_max, now):
        return Verdict(left_out=TOO_OFTEN)
    return GO


def quiet_hours(merchant_id: int) -> QuietHours | None:
    """Return a merchant's quiet hours, or None where it has none."""
    chosen = {name: setting(merchant_id=merchant_id, name=name) for name in _SETTINGS}
    if chosen["quiet_for"] == "nothing" or chosen["quiet_from"] == chosen["quiet_until"]:
        return None
    zone = merchant(merchant_id=merchant_id).time_zone
    return QuietHours(int(str(chosen["quiet_from"])), int(str(chosen["quiet_until"])), zone)


def address_print(merchant_id: int, address: str) -> bytes:
    """Return by what an address is known: a keyed fingerprint, of it in small letters."""
    cipher = cipher_for(merchant_id)
    return cipher.fingerprint(b"message_address", address.strip().lower().encode())


def is_refused(merchant_id: int, event: str, address: str) -> bool:
    """Whether somebody refused an event. In the caller's transaction."""
    if event not in OPTIONAL or not address:
        return False
    return MessageOptOut.objects.filter(
        merchant_id=merchant_id, event=event, address_print=address_print(merchant_id, address)
    ).exists()


def forget_counts(*, merchant_id: int, now: datetime) -> int:
    """Drop counters of days that are over; return how many."""
    with acting_as(merchant_id):
        before = (now - timedelta(days=KEPT_DAYS)).date()
        gone, _each = MessageCount.objects.filter(merchant_id=merchant_id, day__lt=before).delete()
    return gone


_SETTINGS = ("quiet_for", "quiet_from", "quiet_until")


def _quiet_until(row: Message, now: datetime) -> datetime | None:
    hours = quiet_hours(row.merchant_id)
    chosen = setting(merchant_id=row.merchant_id, name="quiet_for")
    if hours is None or (row.channel == EMAIL and chosen != ALL):
        return None
    return hours.until(now)


def _is_within(row: Message, own_max: int, now: datetime) -> bool:
    usual = int(str(setting(merchant_id=row.merchant_id, name="daily_message_max")))
    most = most_a_day(row.event, own_max, usual)
    if not most:
        return True
    zone = ZoneInfo(merchant(merchant_id=row.merchant_id).time_zone)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                row.merchant_id, now.astimezone(zone).date(), row.event, row.channel,
                address_print(row.merchant_id, row.recipient), most,
            ],
        )  # fmt: skip
        return cursor.fetchone() is not None
