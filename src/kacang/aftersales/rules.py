"""What a merchant has chosen for its after-sales, and the limits that nobody chooses (X1, X2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kacang.merchants import queries as merchants
from kacang.orders.deadlines.calendars import Calendar
from kacang.orders.deadlines.queries import rule_book

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
# Cases in a day from one network address, which many phones may share. From one contact the
# merchant says how many.
BY_ADDRESS = 30
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
    # Whether a refund to such a buyer always takes a second person.
    repeats_by_two: bool
    by_contact: int
    # Whether the first answer to "where is my order" is given by itself.
    bot: bool
    # In whose time deadlines are counted; None: every hour counts.
    calendar: Calendar | None = None

    def after(self, start: datetime, time: timedelta) -> datetime:
        """Return when so much of the shop's time has passed."""
        return self.calendar.add(start, time) if self.calendar else start + time

    def put_off(self, due: datetime, since: datetime, now: datetime) -> datetime:
        """Return a deadline whose clock stood still from `since` until now."""
        if self.calendar is None or due <= since:
            return due + (now - since)
        return self.calendar.add(now, self.calendar.between(since, due))

    def remind_at(self, due: datetime, now: datetime) -> datetime:
        """Return when the staff is reminded of a deadline: before it, never in the past."""
        early = self.calendar.latest_start(due, self.remind) if self.calendar else due - self.remind
        return max(early, now)


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
        repeats_by_two=chosen["case_repeats_by_two"] is True,
        by_contact=number("case_contact_max"),
        bot=chosen["case_bot"] is True,
        calendar=rule_book(merchant_id=merchant_id).calendar
        if chosen["case_working_hours"] is True
        else None,
    )
