"""How rules of review, what they look at and what they decided are said at the desk (O9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kacang.orders.reviewing.queries import (
    BY_HOURS,
    Condition,
    Deed,
    Fact,
    Facts,
    Limit,
    Op,
    ReviewState,
    RuleBody,
    Verdict,
    number_of,
    words_of,
)
from kacang.shared.money import Money
from kacang.web.console.products.words import KIND_WORDS
from kacang.web.design.companies import company_name

VERDICTS: dict[Verdict, Promise] = {
    Verdict.NONE: gettext_lazy("Decides nothing, the next rules are asked"),
    Verdict.PASS: gettext_lazy("Passes"),
    Verdict.HOLD: gettext_lazy("Is held until somebody has looked"),
    Verdict.DUAL: gettext_lazy("Is delivered at once, looked at afterwards"),
}
TONES = {Verdict.NONE: "grey", Verdict.PASS: "green", Verdict.HOLD: "red", Verdict.DUAL: "orange"}
SHORT: dict[Verdict, Promise] = {
    Verdict.NONE: gettext_lazy("Decides nothing"),
    Verdict.PASS: gettext_lazy("Passes"),
    Verdict.HOLD: gettext_lazy("Held"),
    Verdict.DUAL: gettext_lazy("Looked at afterwards"),
}
STATES: dict[ReviewState, Promise] = {
    ReviewState.NOTHING: gettext_lazy("Nothing to look at"),
    ReviewState.OPEN: gettext_lazy("Waits for a look"),
    ReviewState.APPROVED: gettext_lazy("Approved"),
    ReviewState.REJECTED: gettext_lazy("Rejected"),
}
STATE_TONES = {
    ReviewState.NOTHING: "grey",
    ReviewState.OPEN: "orange",
    ReviewState.APPROVED: "green",
    ReviewState.REJECTED: "red",
}
FACTS: dict[Fact, Promise] = {
    Fact.KIND: gettext_lazy("Kind of product"),
    Fact.CHANNEL: gettext_lazy("Channel"),
    Fact.CUSTOMER: gettext_lazy("Buyer"),
    Fact.AMOUNT: gettext_lazy("Amount"),
    Fact.QUANTITY: gettext_lazy("Pieces"),
    Fact.LEVEL: gettext_lazy("Customer level"),
    Fact.PAID_ORDERS: gettext_lazy("Paid orders before"),
    Fact.RISK: gettext_lazy("Risk score"),
    Fact.MARGIN: gettext_lazy("Margin"),
    Fact.MARGIN_PERCENT: gettext_lazy("Margin in per cent"),
    Fact.COST: gettext_lazy("Cost of the goods"),
    Fact.PRICE: gettext_lazy("Price"),
    Fact.DISCOUNT: gettext_lazy("Below the list price, in per cent"),
    Fact.HOUR: gettext_lazy("Time of day"),
    Fact.WEEKDAY: gettext_lazy("Day of the week"),
    Fact.RECENT_ORDERS: gettext_lazy("Orders of this buyer lately"),
    Fact.RECENT_PIECES: gettext_lazy("Pieces of this buyer lately"),
    Fact.REGION: gettext_lazy("Where goods are sent"),
    Fact.COMPANY: gettext_lazy("Payment company"),
    Fact.ACCOUNT: gettext_lazy("Payment account"),
}
HINTS: dict[Fact, Promise] = {
    Fact.KIND: gettext_lazy("Of any line of the order."),
    Fact.CUSTOMER: gettext_lazy("Whether the contact is a customer's."),
    Fact.LEVEL: gettext_lazy(
        "By the order's contact, which nobody has proved: let it not pass alone what is dear."
    ),
    Fact.PAID_ORDERS: gettext_lazy("Of the same e-mail address or phone, up to 200."),
    Fact.RISK: gettext_lazy("From 0 to 100. Each order shows where its points come from."),
    Fact.MARGIN: gettext_lazy(
        "What is paid less what all of it cost; less than nothing is a loss. Where a cost is not"
        " known, no condition on the margin holds: say so under the cost of the goods."
    ),
    Fact.MARGIN_PERCENT: gettext_lazy("Of what is paid, from -1000 to 100."),
    Fact.COST: gettext_lazy(
        "Known where each line has cards with a cost, or its SKU had one when it was ordered."
    ),
    Fact.PRICE: gettext_lazy("Below the price struck through, or lowered by the staff."),
    Fact.DISCOUNT: gettext_lazy("Of what all of it costs at the price struck through, 0 to 100."),
    Fact.HOUR: gettext_lazy("When it is paid, on the shop's clock; it may go past midnight."),
    Fact.WEEKDAY: gettext_lazy("When it is paid, on the shop's clock."),
    Fact.RECENT_ORDERS: gettext_lazy(
        "Paid within so many hours by the same e-mail address or phone, this order with them."
    ),
    Fact.RECENT_PIECES: gettext_lazy("Counted as the orders are."),
    Fact.REGION: gettext_lazy(
        "Provinces, cities or districts as they begin, such as 广东 深圳. Orders that nothing is"
        " sent for fit neither way."
    ),
}
WORDS: dict[Fact, Mapping[str, Promise]] = {
    Fact.KIND: KIND_WORDS,
    Fact.CHANNEL: {
        "shop": gettext_lazy("Shop"),
        "api": gettext_lazy("API"),
        "staff": gettext_lazy("Staff"),
    },
    Fact.CUSTOMER: {
        "known": gettext_lazy("A known customer"),
        "unknown": gettext_lazy("Nobody whom the shop knows"),
    },
    Fact.COST: {
        "known": pgettext_lazy("cost", "Known"),
        "unknown": pgettext_lazy("cost", "Not known"),
    },
    Fact.PRICE: {
        "full": gettext_lazy("At the full price"),
        "below_list": gettext_lazy("Below the price struck through"),
        "lowered": gettext_lazy("Lowered by the staff"),
    },
    Fact.WEEKDAY: {
        "mon": gettext_lazy("Monday"),
        "tue": gettext_lazy("Tuesday"),
        "wed": gettext_lazy("Wednesday"),
        "thu": gettext_lazy("Thursday"),
        "fri": gettext_lazy("Friday"),
        "sat": gettext_lazy("Saturday"),
        "sun": gettext_lazy("Sunday"),
    },
}
DEEDS: dict[Deed, Promise] = {
    Deed.NOTHING: gettext_lazy("It goes on waiting"),
    Deed.PASS: gettext_lazy("It passes by itself"),
    Deed.REFUSE: gettext_lazy("Its money goes back by itself"),
    Deed.ESCALATE: gettext_lazy("It goes up to the highest level"),
}
DEED_TONES = {Deed.PASS: "green", Deed.REFUSE: "red", Deed.ESCALATE: "orange"}
# The other parts of a rule, where one of them cannot be.
FIELDS: dict[str, Promise] = {
    **{str(fact): words for fact, words in FACTS.items()},
    "name": gettext_lazy("Name of the rule"),
    "priority": gettext_lazy("Priority"),
    "action": gettext_lazy("What it does"),
    "assignee": gettext_lazy("Whose work"),
    "conditions": gettext_lazy("When it fits"),
    "people": gettext_lazy("Who approves"),
    "limit": gettext_lazy("When nobody decides"),
}
FACTORS: dict[str, Promise] = {
    "no_contact": gettext_lazy("No e-mail address and no phone"),
    "first_order": gettext_lazy("First paid order of this contact"),
    "many_orders": gettext_lazy("Other orders of this contact in the hour before"),
    "many_contacts": gettext_lazy("Other contacts at this device or address in the hour before"),
    "refunds": gettext_lazy("Earlier orders of this contact whose money went back"),
    "failed_payments": gettext_lazy("Failed attempts to pay"),
    "large_amount": gettext_lazy("Times what an order costs here in the middle"),
}
# What the audit log tells of rules.
REVIEW_ACTIONS: dict[str, Promise] = {
    "orders.review_approve": gettext_lazy("Approved an order that a rule stopped"),
    "orders.review_first": gettext_lazy("Approved an order as the first of two people"),
    "orders.review_limit_escalate": gettext_lazy(
        "Took an order up that nobody had reviewed in time, by its rule"
    ),
    "orders.review_limit_pass": gettext_lazy(
        "Let an order pass that nobody had reviewed in time, by its rule"
    ),
    "orders.review_limit_refuse": gettext_lazy(
        "Gave the money back of an order that nobody had reviewed in time, by its rule"
    ),
    "orders.review_reject": gettext_lazy("Rejected an order that a rule stopped"),
    "rules.add": gettext_lazy("Added a review rule"),
    "rules.change": gettext_lazy("Changed a review rule"),
    "rules.delete": gettext_lazy("Deleted a review rule"),
    "rules.move": gettext_lazy("Changed the order of the review rules"),
    "rules.switch_off": gettext_lazy("Switched a review rule off"),
    "rules.switch_on": gettext_lazy("Switched a review rule on"),
}
# Of these it is told how often.
COUNTED = frozenset(FACTORS) - {"no_contact", "first_order"}


@dataclass(frozen=True, slots=True)
class Called:
    """What numbers and ids in rules are called: levels by rank, payment accounts by uid."""

    currency: str
    levels: Mapping[int, str]
    accounts: Mapping[str, str]


def condition_text(one: Condition, called: Called) -> str:
    """Return a condition in words."""
    name = str(FACTS[one.fact])
    if one.op in (Op.IS, Op.IS_NOT):
        among = " / ".join(word_text(one.fact, word, called) for word in _in_order(one))
        text = _("%(fact)s: %(words)s") if one.op is Op.IS else _("%(fact)s: not %(words)s")
        return text % {"fact": name, "words": among}
    if one.op is Op.WITHIN:
        span = f"{clock(one.number)}-{clock(one.until)}"
        return _("%(fact)s: %(words)s") % {"fact": name, "words": span}
    if one.fact in BY_HOURS:
        name = _("%(fact)s (%(hours)s h)") % {"fact": name, "hours": one.hours}
    text = _("%(fact)s ≥ %(number)s") if one.op is Op.AT_LEAST else _("%(fact)s ≤ %(number)s")
    return text % {"fact": name, "number": number_text(one.fact, one.number, called)}


def _in_order(one: Condition) -> Sequence[str]:
    """Return a condition's words as people order them: Monday first."""
    known = list(WORDS.get(one.fact, {}))
    return sorted(one.words, key=lambda word: known.index(word) if word in known else -1)


def value_text(one: Condition, facts: Facts, called: Called) -> str:
    """Return what an order had of what a condition looks at."""
    if one.op in (Op.IS, Op.IS_NOT):
        words = words_of(one.fact, facts)
        if words is None:
            return _("not known")
        named = " / ".join(word_text(one.fact, word, called) for word in sorted(words))
        return named or _("another")
    number = number_of(one, facts)
    if number is None:
        return _("not known")
    return number_text(one.fact, number, called)


def word_text(fact: Fact, word: str, called: Called) -> str:
    """Return what a word of a fact is called."""
    if fact is Fact.COMPANY:
        return company_name(word)
    if fact is Fact.ACCOUNT:
        return called.accounts.get(word, word)
    return str(WORDS[fact].get(word, word)) if fact in WORDS else word


def number_text(fact: Fact, number: int, called: Called) -> str:
    """Return a number of a fact in words."""
    if fact in (Fact.AMOUNT, Fact.MARGIN):
        return str(Money(number, called.currency))
    if fact in (Fact.MARGIN_PERCENT, Fact.DISCOUNT):
        return f"{number}%"
    if fact is Fact.HOUR:
        return clock(number)
    return called.levels.get(number, str(number)) if fact is Fact.LEVEL else str(number)


def clock(minutes: int) -> str:
    """Return minutes of a day as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def conditions_of(body: RuleBody, called: Called) -> list[str]:
    """Return what a rule looks at, in words; a rule without conditions fits every order."""
    found = [condition_text(one, called) for one in body.conditions]
    return found or [_("Every order")]


def limit_text(limit: Limit) -> str:
    """Return what becomes of an order of which nobody decides, in words."""
    hours, minutes = divmod(limit.minutes, 60)
    time = (
        _("%(hours)s h") % {"hours": hours}
        if not minutes
        else _("%(minutes)s min") % {"minutes": limit.minutes}
    )
    after = _("after %(time)s of working time") if limit.is_working else _("after %(time)s")
    return f"{DEEDS[limit.deed]} · {after % {'time': time}}"


def deeds_of(body: RuleBody, people: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return what a rule does, each as a tone and words."""
    deeds = [(TONES[body.verdict], str(SHORT[body.verdict]))] if body.verdict else []
    if body.priority:
        deeds.append(("blue", _("Priority %(number)s") % {"number": body.priority}))
    if body.assignee_id is not None:
        name = people.get(body.assignee_id, _("somebody who left"))
        deeds.append(("purple", _("To %(name)s") % {"name": name}))
    if body.people > 1:
        deeds.append(("blue", _("Two people approve")))
    if body.limit is not None:
        deeds.append((DEED_TONES[body.limit.deed], limit_text(body.limit)))
    return deeds


def facts_of(facts: Facts, called: Called) -> Sequence[tuple[str, str]]:
    """Return what was known of an order, as pairs of a name and words."""
    kinds = " / ".join(str(KIND_WORDS.get(kind, kind)) for kind in sorted(facts.kinds))
    known = WORDS[Fact.CUSTOMER]["known" if facts.is_customer else "unknown"]
    pairs = [
        (FACTS[Fact.KIND], kinds),
        (FACTS[Fact.CHANNEL], str(WORDS[Fact.CHANNEL].get(facts.channel, facts.channel))),
        (FACTS[Fact.AMOUNT], str(Money(facts.amount, called.currency))),
        (FACTS[Fact.QUANTITY], str(facts.quantity)),
    ]
    if facts.is_customer:
        level = called.levels.get(facts.level, "")
        pairs.append((FACTS[Fact.CUSTOMER], f"{known} · {level}" if level else str(known)))
    if facts.paid_orders:
        pairs.append((FACTS[Fact.PAID_ORDERS], str(facts.paid_orders)))
    return [(str(name), text) for name, text in pairs]


def reasons_of(
    conditions: Sequence[Condition], facts: Facts, called: Called
) -> list[tuple[str, str]]:
    """Return why a rule fitted an order: each condition, and what the order had of it."""
    return [(condition_text(one, called), value_text(one, facts, called)) for one in conditions]


def factors_of(facts: Facts) -> list[tuple[str, int | None, int]]:
    """Return where a score's points come from: words, how often, points."""
    return [
        (
            str(FACTORS.get(one.name, one.name)),
            one.value if one.name in COUNTED else None,
            one.points,
        )
        for one in facts.factors
    ]


def review_extra(detail: Mapping[str, object]) -> str:
    """Return what an order's timeline says of what the rules decided."""
    rules = detail.get("rules")
    names = [
        f"{one.get('name', '')} v{one.get('version', '')}"
        for one in (rules if isinstance(rules, list) else ())
        if isinstance(one, dict)
    ]
    verdict = str(detail.get("verdict", "")).upper()
    words = [str(SHORT[Verdict[verdict]])] if verdict in Verdict.__members__ else []
    if detail.get("priority"):
        words.append(_("Priority %(number)s") % {"number": detail["priority"]})
    if detail.get("risk"):
        words.append(_("Risk score %(number)s") % {"number": detail["risk"]})
    return " · ".join([*names, *words])
