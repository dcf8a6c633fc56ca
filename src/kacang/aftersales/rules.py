"""What a merchant has chosen for its after-sales, and the limits that nobody chooses (X1, X2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kacang.merchants import queries as merchants

TEXT_MAX = 2_000
UNITS_MAX = 200
FILES_PER_MESSAGE = 6
VIDEOS_PER_MESSAGE = 1
FILES_PER_CASE = 24
MESSAGES_PER_CASE = 100
CASES_PER_ORDER = 10
REOPENED_MAX = 3
REPEATER_DAYS = 90
DAY_SECONDS = 86_400
# Cases in a day from one contact, and from one network address, which many phones may share.
BY_CONTACT, BY_ADDRESS = 10, 30
# Messages and files in an hour to one case's order.
BY_ORDER, HOUR_SECONDS = 30, 3_600


@dataclass(frozen=True, slots=True)
class Rules:
    """The deadlines and days of one merchant."""

    answer: timedelta
    decide: timedelta
    remind: timedelta
    observe: timedelta
    silence: timedelta
    keep_files: timedelta
    repeats: int

    def remind_at(self, due: datetime, now: datetime) -> datetime:
        """Return when the staff is reminded of a deadline: before it, never in the past."""
        return max(due - self.remind, now)


def rules_of(merchant_id: int) -> Rules:
    """Return what the merchant has chosen."""
    chosen = merchants.settings_of(merchant_id=merchant_id)

    def number(name: str) -> int:
        value = chosen[name]
        assert isinstance(value, int)
        return value

    return Rules(
        answer=timedelta(hours=number("case_answer_hours")),
        decide=timedelta(hours=number("case_decide_hours")),
        remind=timedelta(hours=number("case_remind_hours")),
        observe=timedelta(days=number("case_observe_days")),
        silence=timedelta(days=number("case_silence_days")),
        keep_files=timedelta(days=number("case_file_days")),
        repeats=number("case_repeats"),
    )
