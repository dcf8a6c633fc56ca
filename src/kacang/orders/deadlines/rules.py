"""Rules: by when a stage of an order has to be over, and which rule holds for one that began then.

A rule is never changed: a later one of the same stage and kind takes its place from its moment on,
and what began before keeps the one that it began under (O8).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from kacang.catalog.queries import ProductKind
from kacang.orders.deadlines.calendars import Calendar

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
MINUTES_MAX = 90 * 24 * 60
# What has no deadline still has to be looked at at some time.
LOOK_AT = timedelta(days=1)


class Stage(StrEnum):
    """What of an order is to be over by some time."""

    # The buyer of an unpaid order is reminded by then.
    PAYMENT = "payment"
    # From the payment to the codes.
    DELIVERY = "delivery"
    # From the payment until the goods have left the house.
    COLLECTION = "collection"
    REFUND_ANSWER = "refund_answer"
    REFUND_PAYMENT = "refund_payment"
    ADDRESS = "address"
    REVIEW = "review"


# Stages whose rules may differ by what is sold, and the kinds that there are.
BY_KIND: dict[Stage, tuple[str, ...]] = {
    Stage.PAYMENT: tuple(ProductKind.values),
    Stage.DELIVERY: tuple(kind for kind in ProductKind.values if kind != ProductKind.GOODS),
    Stage.COLLECTION: (ProductKind.GOODS,),
}
# Of every kind that has no rule of its own.
ANY = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """By when a stage is over. `minutes` None: there is no such deadline.

    `warn_minutes`: so long before it the staff are reminded; 0: never. `is_working`: only working
    time counts, for both.
    """

    stage: Stage
    kind: str
    minutes: int | None
    warn_minutes: int = 0
    is_working: bool = False
    valid_from: datetime = ALWAYS

    @property
    def time(self) -> timedelta:
        """How long the stage may last."""
        assert self.minutes is not None
        return timedelta(minutes=self.minutes)

    @property
    def warn_after(self) -> timedelta:
        """After how long the staff are reminded: when it is over where they never are."""
        assert self.minutes is not None
        return timedelta(minutes=max(self.minutes - self.warn_minutes, 0))


DEFAULTS = (
    Rule(Stage.PAYMENT, ANY, 30),
    Rule(Stage.DELIVERY, ANY, 120, 30),
    Rule(Stage.COLLECTION, ANY, 24 * 60, 120),
    Rule(Stage.REFUND_ANSWER, ANY, 12 * 60, 60),
    Rule(Stage.REFUND_PAYMENT, ANY, 60, 15),
    Rule(Stage.ADDRESS, ANY, 12 * 60, 60),
    Rule(Stage.REVIEW, ANY, 120, 30),
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What began in a span of time under one rule, and which of it is late, or soon will be.

    Late is what began at `late_until` or before, and is not over; to be told of, at `warn_until`.
    """

    stage: Stage
    kind: str
    since: datetime
    until: datetime
    warn_until: datetime
    late_until: datetime


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A merchant's rules and working hours."""

    calendar: Calendar
    rules: Sequence[Rule] = DEFAULTS
    always: Calendar = field(init=False)

    def __post_init__(self) -> None:
        """Have a calendar at hand for rules that count every hour."""
        object.__setattr__(self, "always", Calendar(self.calendar.zone))

    def rule(self, stage: Stage, kind: str, start: datetime) -> Rule:
        """Return the rule under which a stage began: that of its kind, else that of all."""
        for one in (kind, ANY):
            fits = [rule for rule in self._of(stage, one) if rule.valid_from <= start]
            if fits:
                return fits[-1]
        return Rule(stage, ANY, None)

    def due(self, stage: Stage, kind: str, start: datetime) -> datetime | None:
        """Return by when a stage that began then is to be over; None: there is no deadline."""
        rule = self.rule(stage, kind, start)
        if rule.minutes is None:
            return None
        return self._calendar(rule).add(start, rule.time)

    def look_at(self, stage: Stage, kind: str, start: datetime) -> datetime:
        """Return by when somebody looks at what waits, whether or not there is a deadline."""
        return self.due(stage, kind, start) or start + LOOK_AT

    def cuts(self, stage: Stage, now: datetime) -> Iterator[Cut]:
        """Return what is late of a stage now, as spans of beginnings.

        Which of many orders are late is then a comparison with a handful of moments.
        """
        for kind in BY_KIND.get(stage, (ANY,)):
            starts = sorted(
                {rule.valid_from for one in (kind, ANY) for rule in self._of(stage, one)}
            )
            ends = [*starts[1:], FOR_EVER]
            for since, until in zip(starts, ends, strict=True):
                rule = self.rule(stage, kind, since)
                if rule.minutes is not None and since <= now:
                    clock = self._calendar(rule)
                    warn = clock.latest_start(now, rule.warn_after)
                    late = clock.latest_start(now, rule.time)
                    yield Cut(stage, kind, since, until, warn, late)

    def _of(self, stage: Stage, kind: str) -> list[Rule]:
        found = [rule for rule in self.rules if rule.stage is stage and rule.kind == kind]
        return sorted(found, key=lambda rule: rule.valid_from)

    def _calendar(self, rule: Rule) -> Calendar:
        return self.calendar if rule.is_working else self.always


def with_defaults(own: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return a merchant's rules on top of those that hold where nobody said anything."""
    return (*DEFAULTS, *own)
