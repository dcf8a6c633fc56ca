"""The form of a rule: one row for each fact, empty rows say nothing (O9)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise

from kacang.merchants.queries import StaffInfo
from kacang.orders.reviewing.queries import (
    BY_HOURS,
    BadRule,
    Condition,
    Deed,
    Fact,
    Limit,
    Op,
    RuleBody,
    Verdict,
)
from kacang.orders.reviewing.queries import (
    WORDS as WORD_FACTS,
)
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.console.reviewing.words import FACTS, HINTS, WORDS, clock

TEXT_MOST = 60
PLACES_MOST = 800
WORD_MOST = 40
DIGITS_MOST = 9
HOUR_MINUTES = 60
_APART = re.compile(r"[\s,，、;；]+")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MONEY = frozenset({Fact.AMOUNT, Fact.MARGIN})
# What may be less than nothing.
_SIGNED = frozenset({Fact.MARGIN, Fact.MARGIN_PERCENT})


_TICKED = (
    Fact.KIND, Fact.CHANNEL, Fact.CUSTOMER, Fact.COST, Fact.PRICE, Fact.WEEKDAY, Fact.COMPANY,
    Fact.ACCOUNT,
)  # fmt: skip
_NUMBERS = (
    Fact.AMOUNT, Fact.QUANTITY, Fact.MARGIN, Fact.MARGIN_PERCENT, Fact.DISCOUNT, Fact.PAID_ORDERS,
    Fact.RECENT_ORDERS, Fact.RECENT_PIECES, Fact.RISK, Fact.LEVEL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WordRow:
    """A fact that is a word: how it is compared, and what may be ticked."""

    name: str
    label: Promise
    hint: Promise | str
    op: str
    choices: Sequence[tuple[str, Promise | str, bool]]


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A fact that is a number: from and to, both included, as they were typed."""

    name: str
    label: Promise
    hint: Promise | str
    least: str
    most: str
    is_money: bool
    # What may be chosen, where not any number may be typed.
    choices: Sequence[tuple[str, str]] = ()
    # How far back it counts, as typed; None: it does not.
    hours: str | None = None


def read_body(form: QueryDict, currency: str, people: Sequence[StaffInfo]) -> RuleBody:
    """Read a rule as it was filled in.

    Raises:
        BadRule: A field makes no sense; `field` says which.
    """
    conditions: list[Condition] = []
    for fact in Fact:
        if fact is Fact.REGION:
            conditions += _read_places(form)
        elif fact in WORD_FACTS:
            conditions += _read_words(form, fact)
        elif fact is Fact.HOUR:
            conditions += _read_hours(form)
        else:
            conditions += _read_numbers(form, fact, currency)
    verdict = form.get("verdict", "0")
    if verdict not in {str(int(one)) for one in Verdict}:
        raise BadRule(field="action")
    return RuleBody(
        name=form.get("name", "").replace("\0", "")[: TEXT_MOST + 1],
        conditions=tuple(conditions),
        verdict=Verdict(int(verdict)),
        priority=_whole(form.get("priority", "") or "0", "priority"),
        assignee_id=_assignee(form.get("assignee", ""), people),
        people=_whole(form.get("people", "") or "1", "people"),
        limit=_read_limit(form),
    )


def word_rows(form: QueryDict, payments: Mapping[Fact, Mapping[str, str]]) -> list[WordRow]:
    """Return the rows of facts that are words, filled as the form was.

    `payments`: which companies and accounts the shop has; a rule may name others still.
    """
    rows = []
    for fact in _TICKED:
        ticked = form.getlist(fact)
        op = form.get(f"{fact}-op", Op.IS)
        offered: Mapping[str, Promise | str] = payments.get(fact) or WORDS.get(fact, {})
        gone = {word: word for word in ticked if word not in offered and fact in payments}
        choices = [(word, label, word in ticked) for word, label in {**offered, **gone}.items()]
        if choices:
            rows.append(WordRow(fact, FACTS[fact], HINTS.get(fact, ""), op, choices))
    return rows


def number_rows(form: QueryDict, levels: Sequence[tuple[int, str]]) -> list[NumberRow]:
    """Return the rows of facts that are numbers, filled as the form was."""
    chosen = [(str(rank), name) for rank, name in levels]
    rows = []
    for fact in _NUMBERS:
        if fact is Fact.LEVEL and not chosen:
            continue
        rows.append(
            NumberRow(
                name=fact,
                label=FACTS[fact],
                hint=HINTS.get(fact, ""),
                least=form.get(f"{fact}-least", ""),
                most=form.get(f"{fact}-most", ""),
                is_money=fact in _MONEY,
                choices=chosen if fact is Fact.LEVEL else (),
                hours=form.get(f"{fact}-hours", "24") if fact in BY_HOURS else None,
            )
        )
    return rows


def filled(body: RuleBody, currency: str, people: Mapping[int, str]) -> QueryDict:
    """Return the form of a rule as it is kept."""
    form = QueryDict(mutable=True)
    form["name"], form["verdict"] = body.name, str(int(body.verdict))
    form["priority"] = str(body.priority or "")
    form["assignee"] = people.get(body.assignee_id or 0, "")
    form["people"] = str(body.people)
    if body.limit is not None:
        form["limit"] = str(int(body.limit.deed))
        hours = body.limit.minutes / HOUR_MINUTES
        form["limit-hours"] = f"{hours:g}"
        form["limit-working"] = "1" if body.limit.is_working else ""
    for one in body.conditions:
        if one.fact is Fact.REGION:
            form[one.fact] = " ".join(one.words)
            form[f"{one.fact}-op"] = str(one.op)
            continue
        if one.fact is Fact.HOUR:
            form["hour-from"], form["hour-until"] = clock(one.number), clock(one.until)
            continue
        if one.hours:
            form[f"{one.fact}-hours"] = str(one.hours)
        if one.fact in WORD_FACTS:
            form.setlist(one.fact, list(one.words))
            form[f"{one.fact}-op"] = str(one.op)
            continue
        end = "least" if one.op is Op.AT_LEAST else "most"
        is_money = one.fact in _MONEY
        text = Money(one.number, currency).plain if is_money else str(one.number)
        form[f"{one.fact}-{end}"] = text
    return form


def _read_words(form: QueryDict, fact: Fact) -> list[Condition]:
    words = tuple(word[:WORD_MOST] for word in form.getlist(fact))
    if not words:
        return []
    op = form.get(f"{fact}-op", Op.IS)
    if op not in (Op.IS, Op.IS_NOT):
        raise BadRule(field=str(fact))
    return [Condition(fact, Op(op), words)]


def _read_places(form: QueryDict) -> list[Condition]:
    text = form.get(Fact.REGION, "").replace("\0", "")[:PLACES_MOST]
    words = tuple(word for word in _APART.split(text) if word)
    if not words:
        return []
    op = form.get(f"{Fact.REGION}-op", Op.IS)
    if op not in (Op.IS, Op.IS_NOT):
        raise BadRule(field=str(Fact.REGION))
    return [Condition(Fact.REGION, Op(op), words)]


def _read_hours(form: QueryDict) -> list[Condition]:
    ends = [form.get(f"hour-{end}", "").strip() for end in ("from", "until")]
    if not any(ends):
        return []
    found = [_CLOCK.fullmatch(end) for end in ends]
    start, until = (one and int(one[1]) * HOUR_MINUTES + int(one[2]) for one in found)
    if start is None or until is None:
        raise BadRule(field=str(Fact.HOUR))
    return [Condition(Fact.HOUR, Op.WITHIN, number=start, until=until)]


def _read_limit(form: QueryDict) -> Limit | None:
    deed = form.get("limit", "") or "0"
    if deed == "0":
        return None
    if deed not in {str(int(one)) for one in Deed}:
        raise BadRule(field="limit")
    text = form.get("limit-hours", "").strip()
    try:
        minutes = float(text) * HOUR_MINUTES if len(text) <= DIGITS_MOST else 0
    except ValueError:
        raise BadRule(field="limit") from None
    if not 1 <= minutes <= 10**6:
        raise BadRule(field="limit")
    return Limit(round(minutes), Deed(int(deed)), form.get("limit-working") == "1")


def _read_numbers(form: QueryDict, fact: Fact, currency: str) -> list[Condition]:
    found = []
    for end, op in (("least", Op.AT_LEAST), ("most", Op.AT_MOST)):
        text = form.get(f"{fact}-{end}", "").strip()
        if not text:
            continue
        sign = -1 if fact in _SIGNED and text[0] in "-−" else 1
        digits = text[1:] if sign < 0 else text
        size = _amount(digits, fact, currency) if fact in _MONEY else _whole(digits, fact)
        hours = _whole(form.get(f"{fact}-hours", "") or "24", fact) if fact in BY_HOURS else 0
        found.append(Condition(fact, op, number=sign * size, hours=hours))
    if len(found) > 1 and found[0].number > found[1].number:
        raise BadRule(field=str(fact))
    return found


def _amount(text: str, fact: Fact, currency: str) -> int:
    try:
        return Money.parse(text, currency).minor
    except DomainError:
        raise BadRule(field=str(fact)) from None


def _whole(text: str, field: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST):
        raise BadRule(field=field)
    return int(text)


def _assignee(uid: str, people: Sequence[StaffInfo]) -> int | None:
    if not uid:
        return None
    found = next((one.member_id for one in people if one.uid == uid), None)
    if found is None:
        raise BadRule(field="assignee")
    return found
