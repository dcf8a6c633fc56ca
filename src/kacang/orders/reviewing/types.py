"""What a rule of review is, and what it can come to (O9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from kacang.shared.errors import Conflict, Invalid, NotFound, Refused

NAME_MAX = 60
RULES_MAX = 50
CONDITIONS_MAX = 32
VALUES_MAX = 40
PLACE_MAX = 20
DAY_MINUTES = 1440
HOURS_MAX = 720
# How many people at the most have to approve.
TWO = 2
LIMIT_MINUTES_MAX = 90 * 24 * 60
PRIORITY_MAX = 9
SCORE_MAX = 100


class Verdict(IntEnum):
    """What a rule decides about an order that is paid. Numbers are stored."""

    NONE = 0  # it decides nothing: it only says how soon, and whose work
    PASS = 1
    HOLD = 2  # nothing is delivered until a person has looked at it
    DUAL = 3  # delivered at once, looked at afterwards


class Deed(IntEnum):
    """What becomes of an order of which nobody has decided in time. Numbers are stored."""

    NOTHING = 0
    PASS = 1
    REFUSE = 2  # all its money goes back
    ESCALATE = 3  # it goes on waiting, at the highest level


class ReviewState(IntEnum):
    """How far a person has come with an order that a rule stopped."""

    NOTHING = 0
    OPEN = 1
    APPROVED = 2
    REJECTED = 3


class Fact(StrEnum):
    """What of an order a condition can look at."""

    KIND = "kind"
    CHANNEL = "channel"
    CUSTOMER = "customer"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    LEVEL = "level"
    PAID_ORDERS = "paid_orders"
    RISK = "risk"
    MARGIN = "margin"
    MARGIN_PERCENT = "margin_percent"
    COST = "cost"
    PRICE = "price"
    DISCOUNT = "discount"
    HOUR = "hour"
    WEEKDAY = "weekday"
    RECENT_ORDERS = "recent_orders"
    RECENT_PIECES = "recent_pieces"
    REGION = "region"
    COMPANY = "company"
    ACCOUNT = "account"


class Op(StrEnum):
    """How a condition compares."""

    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    WITHIN = "within"


# Facts that are words, compared by IS and IS_NOT; a time of day is compared by WITHIN; the others
# are whole numbers.
WORDS = frozenset(
    {
        Fact.KIND, Fact.CHANNEL, Fact.CUSTOMER, Fact.COST, Fact.PRICE, Fact.WEEKDAY, Fact.REGION,
        Fact.COMPANY, Fact.ACCOUNT,
    }
)  # fmt: skip
# Facts that only the buyer's other orders tell.
OF_BUYER = frozenset({Fact.PAID_ORDERS, Fact.RISK})
OF_CUSTOMER = frozenset({Fact.LEVEL, Fact.CUSTOMER})
# Facts that the lines tell, with what their SKUs and cards cost.
OF_LINES = frozenset({Fact.MARGIN, Fact.MARGIN_PERCENT, Fact.COST, Fact.PRICE, Fact.DISCOUNT})
# Facts that count back so many hours from the payment, as each condition says.
BY_HOURS = frozenset({Fact.RECENT_ORDERS, Fact.RECENT_PIECES})
OF_TIME = frozenset({Fact.HOUR, Fact.WEEKDAY})
OF_PAYMENT = frozenset({Fact.COMPANY, Fact.ACCOUNT})
KNOWN, UNKNOWN = "known", "unknown"
# What can be said of an order's price; an order may be below the list and lowered.
FULL, BELOW_LIST, LOWERED = "full", "below_list", "lowered"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `words` for facts that are words, `number` for the others.

    IS: one of the order's words is among these; IS_NOT: none is. Amounts are minor units of the
    merchant's currency; AT_LEAST and AT_MOST include the number itself. WITHIN: minutes of the
    day, from `number` on and before `until`, past midnight where that is less. `hours`: how far
    BY_HOURS counts back. Of what is not known no condition holds, whichever way it compares.
    """

    fact: Fact
    op: Op
    words: tuple[str, ...] = ()
    number: int = 0
    until: int = 0
    hours: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """How long an order waits for a person, and what becomes of it then.

    `is_working`: only the shop's working time counts.
    """

    minutes: int
    deed: Deed
    is_working: bool = False


@dataclass(frozen=True, slots=True)
class RuleBody:
    """What a version of a rule says. Its conditions hold together; without any it fits all.

    Args:
        name: What people call it.
        conditions: All of them must hold.
        verdict: What it decides; the first rule of the list that fits and decides does.
        priority: 1 to 9, the greatest of all that fit; 0: none.
        assignee_id: Whose work the order becomes, a membership; the first that fits.
        people: How many people have to approve what it holds, one or two.
        limit: What becomes of what it stops where nobody decides; None: it waits.
    """

    name: str
    conditions: tuple[Condition, ...] = ()
    verdict: Verdict = Verdict.NONE
    priority: int = 0
    assignee_id: int | None = None
    people: int = 1
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands now."""

    id: int
    uid: str
    version: int
    is_on: bool
    body: RuleBody


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A rule as it once stood."""

    version: int
    body: RuleBody
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Factor:
    """Why an order looks risky: a name, how often or how much it is so, and its points."""

    name: str
    value: int
    points: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an order when its rules are asked.

    `level` is the rank of the level of whoever has the order's contact, 0: none. Nobody has
    proved that contact. `factors` together are the risk score, at most SCORE_MAX. None: it is not
    known. `regions` are those of the rules' places that its goods go to, never the address;
    `minute` of the day and `weekday` are those of the payment on the shop's clock; `recent` has
    orders and pieces by how many hours back, this order with them.
    """

    kinds: frozenset[str]
    channel: str
    amount: int
    quantity: int
    is_customer: bool = False
    level: int = 0
    paid_orders: int = 0
    factors: tuple[Factor, ...] = ()
    cost: int | None = None
    prices: frozenset[str] = frozenset()
    discount: int = 0
    minute: int | None = None
    weekday: str = ""
    recent: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    regions: frozenset[str] | None = None
    company: str = ""
    account: str = ""

    @property
    def margin(self) -> int | None:
        """What is left of the amount beyond the cost; None: a cost is not known."""
        return None if self.cost is None else self.amount - self.cost

    @property
    def margin_percent(self) -> int | None:
        """The margin in whole hundredths of the amount, rounded down."""
        margin = self.margin
        return None if margin is None or not self.amount else margin * 100 // self.amount

    @property
    def risk(self) -> int:
        """The score, from 0 to SCORE_MAX."""
        return min(SCORE_MAX, sum(factor.points for factor in self.factors))


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that had a part in a decision."""

    rule: Rule
    is_deciding: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules come to for one order. Without hits, nothing is said of it."""

    verdict: Verdict = Verdict.PASS
    priority: int = 0
    assignee_id: int | None = None
    hits: tuple[Hit, ...] = ()
    people: int = 1
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class HitView:
    """A rule of a decision, as it stood then."""

    uid: str
    name: str
    version: int
    is_deciding: bool
    # Whether the rule is still there.
    is_kept: bool
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What was decided about an order, by which rules, from which facts, and what came of it."""

    number: str
    verdict: Verdict
    state: ReviewState
    facts: Facts
    priority: int
    hits: Sequence[HitView]
    decided_at: datetime
    closed_at: datetime | None
    closed_by: str
    closing: str
    people: int = 1
    first_id: int | None = None
    first_by: str = ""
    first_at: datetime | None = None
    # By when somebody has to decide, what becomes of it then, and when that was done.
    limit_at: datetime | None = None
    deed: Deed = Deed.NOTHING
    limit_done_at: datetime | None = None


class BadRule(Invalid):
    """The rule says what cannot be; `field` says where."""

    code = "rules.bad"


class TooManyRules(Conflict):
    """A merchant has at most RULES_MAX rules."""

    code = "rules.too_many"


class UnknownRule(NotFound):
    """There is no such rule."""

    code = "rules.unknown"


class RuleChanged(Conflict):
    """Somebody else has changed the rule meanwhile."""

    code = "rules.changed"


class NotReviewed(Conflict):
    """The order waits for nobody's look."""

    code = "orders.not_under_review"


class SecondPerson(Refused):
    """Two people have to approve it, and this is the one who did already."""

    code = "orders.second_person"


class ReviewDecided(Conflict):
    """Somebody has decided about the order already; `by` says who."""

    code = "orders.review_decided"
