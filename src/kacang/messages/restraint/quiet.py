"""When it is quiet: hours of the merchant's time zone in which what can wait, waits. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one full hour to another, perhaps past midnight. Equal hours: it is never quiet."""

    start: int
    end: int
    time_zone: str

    def is_quiet(self, at: datetime) -> bool:
        """Whether it is quiet at a moment."""
        hour = at.astimezone(ZoneInfo(self.time_zone)).hour
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end

    def until(self, at: datetime) -> datetime | None:
        """Return when the quiet in which a moment lies ends, in UTC; None: it is not quiet.

        Where a clock is put forward over the end, it ends as the clock jumps; where one is put
        back over it, at the first of the two.
        """
        if not self.is_quiet(at):
            return None
        zone = ZoneInfo(self.time_zone)
        here = at.astimezone(zone)
        end = datetime(here.year, here.month, here.day, self.end, tzinfo=zone).astimezone(UTC)
        while end <= at or self.is_quiet(end):
            here += DAY
            end = datetime(here.year, here.month, here.day, self.end, tzinfo=zone).astimezone(UTC)
        return end
