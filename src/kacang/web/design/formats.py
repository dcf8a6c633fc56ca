"""How numbers, times and personal data look to people. Plain text, no HTML."""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import get_language, gettext

from kacang.shared.money import SYMBOLS, Money, exponent

DOTS = "••••"
PLUS = "+"
SHORT_FROM = 10_000
PHONE_TAIL = 4
PHONE_SHORTEST = 8
WORD_TAIL = 4
_GROUP = re.compile(r"[-\s_]+")


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in the pieces that a price is set in: "−", "¥", "1,234", ".50"."""

    sign: str
    symbol: str
    whole: str
    cents: str


def price_parts(money: Money) -> Price:
    """Cut an amount into sign, symbol, whole units and cents (with their point)."""
    digits = exponent(money.currency)
    whole, rest = divmod(abs(money.minor), 10**digits)
    cents = f".{rest:0{digits}d}" if digits else ""
    return Price("−" if money.minor < 0 else "", SYMBOLS[money.currency], f"{whole:,}", cents)


def count(number: int) -> str:
    """Write a whole number with thousands commas and U+2212 for minus."""
    return f"{number:,}".replace("-", "−")


def count_short(number: int) -> str:
    """Write a count for buyers: exact below 10,000, then "1.2 万+" or "12k+"."""
    if abs(number) < SHORT_FROM:
        return count(number)
    if _speaks_chinese():
        tenths, over = divmod(number, SHORT_FROM // 10)
        text = f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")
        return f"{text} 万{PLUS if over else ''}"
    thousands, over = divmod(number, 1_000)
    return f"{thousands:,}k{PLUS if over else ''}"


def when(instant: datetime, *, now: datetime | None = None) -> str:
    """Write an instant as people say it, in the active time zone.

    "今天 14:32", "昨天 09:05", "11-20 10:12", in other years "2025-11-20 10:12".
    """
    local = timezone.localtime(instant)
    today = timezone.localtime(now or timezone.now()).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return gettext("Today %(time)s") % {"time": clock}
    if local.date() == today - timedelta(days=1):
        return gettext("Yesterday %(time)s") % {"time": clock}
    if local.year == today.year:
        return f"{local:%m-%d} {clock}"
    return f"{local:%Y-%m-%d} {clock}"


def when_full(instant: datetime) -> str:
    """Write an instant to the second in the active time zone: "2026-11-23 14:32:08"."""
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"


def day(value: date | datetime) -> str:
    """Write a day as ISO text, an instant as its day in the active time zone."""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return value.isoformat()


def duration(seconds: int) -> str:
    """Write a length of time as a clock for countdowns: "14:32", "1:02:03"."""
    hours, rest = divmod(max(0, seconds), 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{last:02d}" if hours else f"{minutes:02d}:{last:02d}"


def minutes_long(minutes: int) -> str:
    """Write how long something takes, in two units at the most: "2 days 3 h", "1 h 20 min"."""
    hours, rest = divmod(max(0, int(minutes)), 60)
    days, hours = divmod(hours, 24)
    if days and not hours:
        return gettext("%(days)s d") % {"days": count(days)}
    if hours and not days and not rest:
        return gettext("%(hours)s h") % {"hours": hours}
    if days:
        return gettext("%(days)s d %(hours)s h") % {"days": count(days), "hours": hours}
    if hours:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    return gettext("%(minutes)s min") % {"minutes": rest}


def seconds_long(seconds: int) -> str:
    """Write how long something took: seconds below a minute, else as `minutes_long`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return gettext("%(seconds)s s") % {"seconds": max(0, int(seconds))}
    return minutes_long(round(seconds / 60))


def mask_phone(phone: str) -> str:
    """Hide the middle of a phone number: "138****2716", "+852 ****5678"."""
    number = re.sub(r"[^\d+]", "", phone)
    number = number.removeprefix("+86")
    if len(number) < PHONE_SHORTEST:
        return "****" if number else ""
    head = number[:3] if not number.startswith("+") else f"{number[:4]} "
    return f"{head}****{number[-PHONE_TAIL:]}"


def mask_email(email: str) -> str:
    """Hide most of the name in an address: "zhao***@mail.com", "l***@mail.com"."""
    name, at, host = email.strip().partition("@")
    name = name.strip()
    if not at:
        return "***" if name else ""
    return f"{name[: min(4, len(name) // 2)] or name[:1]}***@{host}"


def mask_name(name: str) -> str:
    """Hide a person's name but its first character: "林**"."""
    name = name.strip()
    return f"{name[0]}**" if name else ""


def mask_contact(contact: str) -> str:
    """Hide an e-mail address or else a phone number."""
    return mask_email(contact) if "@" in contact else mask_phone(contact)


def mask_code(code: str) -> str:
    """Hide a secret: "VIPA-••••-9K2D". At most half of its characters stay to be seen."""
    return _mask_groups(code, share=2)


def mask_number(number: str) -> str:
    """Hide the middle of a card number that is not secret itself: "JN04 •••• 0458"."""
    return _mask_groups(number, share=1)


def _mask_groups(code: str, *, share: int) -> str:
    code = code.strip()
    groups = [group for group in _GROUP.split(code) if group]
    total = sum(map(len, groups))
    if not total:
        return ""
    if len(groups) > 2:  # noqa: PLR2004 - a first, a last and something between
        between = _GROUP.search(code)
        gap = between.group()[0] if between else "-"
        ends = len(groups[0]) + len(groups[-1])
        if max(len(groups[0]), len(groups[-1])) <= WORD_TAIL and ends * share <= total:
            return f"{groups[0]}{gap}{DOTS}{gap}{groups[-1]}"
    plain = "".join(groups)
    kept = min(WORD_TAIL, total // 4)
    return f"{plain[:kept]}{DOTS}{plain[total - kept :]}"


def _speaks_chinese() -> bool:
    return (get_language() or "zh-hans").lower().startswith("zh")


def data_uri(content_type: str, content: bytes) -> str:
    """Return content as an address of its own, for a page that may not ask for it again."""
    return f"data:{content_type};base64,{b64encode(content).decode()}"
