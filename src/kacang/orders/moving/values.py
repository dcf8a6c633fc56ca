"""Values of other systems, brought to ours. Each returns None for what cannot be."""

import html
import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kacang.shared.money import BadAmount, Money

_TAG = re.compile(r"<(?:br|/p|/div|/li)\b[^>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]{0,2000}>")
_LANGUAGES = ("zh-Hans", "zh-CN", "zh", "zh-TW", "en-US", "en")
YEAR_MIN, YEAR_MAX = 1990, 9000


def amount(text: str | None, currency: str) -> int | None:
    """Read "19.90"; digits beyond the currency's must be zero."""
    try:
        return Money.parse(text or "0", currency).minor
    except BadAmount:
        return None


def moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Read a time; one without an offset is of the merchant's zone."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        if not YEAR_MIN <= found.year <= YEAR_MAX:
            return None
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(text: str | None) -> int | None:
    """Read a whole number of at most nine digits."""
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def plain(text: str | None) -> str:
    """Take the tags out of HTML; what remains is shown as text."""
    broken = _TAG.sub("\n", text or "")
    return html.unescape(_ANY_TAG.sub("", broken)).strip()


def wording(raw: str | None) -> str:
    """Read a text that is JSON by language, or plain."""
    try:
        found = json.loads(raw or "")
    except (ValueError, RecursionError):
        return (raw or "").strip()
    if isinstance(found, dict):
        known = [found[key] for key in _LANGUAGES if isinstance(found.get(key), str)]
        others = [value for value in found.values() if isinstance(value, str)]
        return next((text.strip() for text in [*known, *others] if text.strip()), "")
    return str(found) if isinstance(found, (str, int)) else ""


def chunk_lines(text: str | None) -> list[str]:
    """Return the lines of what was delivered, without blank ones."""
    return [line for line in re.split(r"\r\n|\r|\n", text or "") if line.strip()]
