"""How stages, kinds and hours are said and read at the desk (O8)."""

import re
from datetime import date

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.orders.deadlines.queries import ANY, Stage
from kacang.web.console.products.words import KIND_WORDS

STAGES: dict[Stage, Promise] = {
    Stage.PAYMENT: _("Remind the buyer to pay"),
    Stage.DELIVERY: _("Deliver codes"),
    Stage.COLLECTION: _("Send or hand over goods"),
    Stage.REFUND_ANSWER: _("Answer a refund request"),
    Stage.REFUND_PAYMENT: _("Pay an approved refund"),
    Stage.ADDRESS: _("Decide a change"),
    Stage.REVIEW: _("Review for risk"),
}
# From what a deadline counts.
STARTS: dict[Stage, Promise] = {
    Stage.PAYMENT: _("after the order"),
    Stage.DELIVERY: _("after the payment"),
    Stage.COLLECTION: _("after the payment"),
    Stage.REFUND_ANSWER: _("after the request"),
    Stage.REFUND_PAYMENT: _("after the approval"),
    Stage.ADDRESS: _("after the request"),
    Stage.REVIEW: _("after it was held"),
}
WEEKDAYS: tuple[Promise, ...] = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"),
    _("Sunday"),
)  # fmt: skip
_SPAN = re.compile(r"([0-2]?\d):([0-5]\d)\s*[-–—~至]\s*([0-2]?\d):([0-5]\d)")


def kind_word(kind: str) -> Promise | str:
    """Return what a rule is for."""
    return _("All products") if kind == ANY else KIND_WORDS.get(kind, kind)


def hours_text(spans: tuple[tuple[int, int], ...]) -> str:
    """Write working hours: "09:00-12:00, 13:00-18:00"."""
    return ", ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in spans)


def read_hours(text: str) -> tuple[tuple[int, int], ...] | None:
    """Read what `hours_text` writes; nothing is a day without work, None makes no sense."""
    parts = [part.strip() for part in re.split(r"[,，;；、]", text) if part.strip()]
    found = [_SPAN.fullmatch(part) for part in parts]
    spans = tuple(
        (int(one[1]) * 60 + int(one[2]), int(one[3]) * 60 + int(one[4])) for one in found if one
    )
    return spans if len(spans) == len(parts) else None


def day_text(day: date) -> str:
    """Write a day of the list of special days."""
    return formats.date_format(day, "Y-m-d")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
