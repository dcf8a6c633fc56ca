"""Facts of orders, read for many at once, and only those that some rule asks for (O9).

Inside the caller's transaction, which may be the one in which the orders are paid.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kacang.customers import queries as customers
from kacang.logistics.queries import recipients_of
from kacang.orders import sql
from kacang.orders.reviewing.scoring import Seen, factors_of
from kacang.orders.reviewing.types import (
    BELOW_LIST,
    BY_HOURS,
    FULL,
    LOWERED,
    OF_BUYER,
    OF_CUSTOMER,
    OF_LINES,
    OF_PAYMENT,
    OF_TIME,
    WEEKDAYS,
    Condition,
    Fact,
    Factor,
    Facts,
)
from kacang.orders.statements import rows
from kacang.shared.contacts import Contact

# Below so many orders there is no middle to compare with.
MEDIAN_LEAST = 20
UTC = ZoneInfo("UTC")
_NOTHING = (0, 0, 0, 0, 0)
Found = Mapping[int, Facts]


@dataclass(frozen=True, slots=True)
class Asked:
    """What rules look at: the rest is not read.

    `hours`: how far back some of them count; `places`: which regions they name. `median` is as
    `median_of` says it; `zone` is the shop's.
    """

    facts: frozenset[Fact] = frozenset()
    hours: frozenset[int] = frozenset()
    places: frozenset[str] = frozenset()
    median: int = 0
    zone: ZoneInfo = UTC


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an order: its number, the moment that counts, and its facts."""

    number: str
    at: datetime
    facts: Facts


def asked_by(conditions: Collection[Condition], median: int, zone: ZoneInfo) -> Asked:
    """Return what these conditions look at."""
    return Asked(
        frozenset(one.fact for one in conditions),
        frozenset(one.hours for one in conditions if one.fact in BY_HOURS),
        frozenset(word for one in conditions if one.fact is Fact.REGION for word in one.words),
        median,
        zone,
    )


def read_facts(
    merchant_id: int,
    order_ids: Sequence[int],
    asked: Asked,
    paid_by: tuple[str, str] | None = None,
) -> dict[int, Known]:
    """Return what is known of orders by their ids; those that no rule is asked of are left out.

    Args:
        merchant_id: Whose.
        order_ids: Which.
        asked: What the rules look at: the rest is not read, and reads as nothing.
        paid_by: By which company and account they are being paid; None: it is looked up.
    """
    place = {"merchant": merchant_id, "orders": list(order_ids)}
    found = rows(sql.REVIEW_FACTS, place)
    contacts = {row[0]: Contact(row[4], row[5]) for row in found}
    standing = {}
    if asked.facts & OF_CUSTOMER:
        known = customers.standing_of(merchant_id=merchant_id, contacts=list(contacts.values()))
        standing = dict(zip(contacts, known, strict=True))
    buyers: dict[int, tuple[Any, ...]] = {}
    if asked.facts & OF_BUYER:
        buyers = {row[0]: row[1:] for row in rows(sql.REVIEW_BUYER, place)}
    facts = {}
    for order_id, number, channel, minor, _mail, _phone, quantity, kinds, cut, _money, at in found:
        paid, refunds, recent, others, failed = buyers.get(order_id, _NOTHING)
        seen = Seen(
            has_contact=not contacts[order_id].is_empty,
            paid_orders=paid,
            recent=recent,
            contacts=others,
            refunds=refunds,
            failed=failed,
            amount=minor,
            median=asked.median,
        )
        one = standing.get(order_id, customers.STRANGER)
        plain = Facts(
            kinds=frozenset(kinds.split(",")),
            channel=channel,
            amount=minor,
            quantity=quantity,
            is_customer=one.is_known,
            level=one.rank,
            paid_orders=paid,
            factors=factors_of(seen) if Fact.RISK in asked.facts else (),
            prices=frozenset({LOWERED}) if cut > 0 else frozenset(),
        )
        facts[order_id] = Known(number, at, plain)
    return _with_more(merchant_id, facts, asked, paid_by)


def _with_more(
    merchant_id: int,
    found: Mapping[int, Known],
    asked: Asked,
    paid_by: tuple[str, str] | None,
) -> dict[int, Known]:
    """Add what few rules look at, each by one statement for all orders."""
    ids = list(found)
    facts = {order_id: one.facts for order_id, one in found.items()}
    if asked.facts & OF_LINES:
        facts = _with_lines(merchant_id, facts)
    if asked.hours:
        moments = [one.at for one in found.values()]
        facts = _with_recent(merchant_id, facts, moments, sorted(asked.hours))
    if asked.facts & OF_TIME:
        facts = {key: _with_time(facts[key], one.at, asked.zone) for key, one in found.items()}
    if asked.facts & OF_PAYMENT:
        place = {"merchant": merchant_id, "orders": ids}
        by = (
            dict.fromkeys(ids, paid_by)
            if paid_by
            else {row[0]: row[1:] for row in rows(sql.REVIEW_ACCOUNTS, place)}
        )
        facts = {
            key: replace(one, company=by[key][0], account=by[key][1]) if key in by else one
            for key, one in facts.items()
        }
    if asked.places:
        whom = recipients_of(merchant_id=merchant_id, order_ids=ids)
        facts = {
            key: replace(one, regions=regions_in(whom[key].region, asked.places))
            if key in whom
            else one
            for key, one in facts.items()
        }
    return {key: replace(one, facts=facts[key]) for key, one in found.items()}


def regions_in(region: str, places: Collection[str]) -> frozenset[str]:
    """Return which of these places a region lies in: it, or a part of it, begins with one."""
    parts = [*region.split(), "".join(region.split())]
    return frozenset(one for one in places if any(part.startswith(one) for part in parts))


def _with_lines(merchant_id: int, facts: Found) -> dict[int, Facts]:
    asked = {"merchant": merchant_id, "orders": list(facts)}
    told = {row[0]: row[1:] for row in rows(sql.REVIEW_LINES, asked)}
    more = {}
    for order_id, one in facts.items():
        listed, is_below, cost = told[order_id]
        prices = one.prices | ({BELOW_LIST} if is_below else frozenset())
        saved = max(listed - one.amount, 0)
        more[order_id] = replace(
            one,
            cost=cost,
            prices=prices or frozenset({FULL}),
            discount=saved * 100 // listed if listed else 0,
        )
    return more


def _with_recent(
    merchant_id: int, facts: Found, moments: Sequence[datetime], hours: Sequence[int]
) -> dict[int, Facts]:
    asked = {
        "merchant": merchant_id,
        "orders": list(facts),
        "moments": list(moments),
        "hours": list(hours),
    }
    counted: dict[int, dict[int, tuple[int, int]]] = {}
    for order_id, back, orders, pieces in rows(sql.REVIEW_RECENT, asked):
        # This order is one of them.
        mine = (orders + 1, pieces + facts[order_id].quantity)
        counted.setdefault(order_id, {})[back] = mine
    return {key: replace(one, recent=counted.get(key, {})) for key, one in facts.items()}


def _with_time(facts: Facts, at: datetime, zone: ZoneInfo) -> Facts:
    here = at.astimezone(zone)
    return replace(facts, minute=here.hour * 60 + here.minute, weekday=WEEKDAYS[here.weekday()])


def median_of(merchant_id: int) -> int:
    """Return what an order of this merchant costs in the middle, in minor units; 0: too few."""
    found = sorted(row[0] for row in rows(sql.REVIEW_MEDIAN, {"merchant": merchant_id}))
    return int(found[len(found) // 2]) if len(found) >= MEDIAN_LEAST else 0


def to_json(facts: Facts) -> dict[str, Any]:
    """Return facts as they are kept with a decision."""
    kept = {
        "kinds": sorted(facts.kinds),
        "channel": facts.channel,
        "amount": facts.amount,
        "quantity": facts.quantity,
        "is_customer": facts.is_customer,
        "level": facts.level,
        "paid_orders": facts.paid_orders,
        "factors": [[one.name, one.value, one.points] for one in facts.factors],
    }
    more = {
        "cost": facts.cost,
        "prices": sorted(facts.prices) or None,
        "discount": facts.discount or None,
        "minute": facts.minute,
        "weekday": facts.weekday,
        "recent": [[back, *counted] for back, counted in sorted(facts.recent.items())] or None,
        "regions": None if facts.regions is None else sorted(facts.regions),
        "company": facts.company,
        "account": facts.account,
    }
    # What no rule looked at takes no room; None is what is not known.
    return kept | {name: value for name, value in more.items() if value not in (None, "")}


def from_json(kept: dict[str, Any]) -> Facts:
    """Undo `to_json`."""
    regions = kept.get("regions")
    return Facts(
        kinds=frozenset(kept["kinds"]),
        channel=kept["channel"],
        amount=kept["amount"],
        quantity=kept["quantity"],
        is_customer=kept["is_customer"],
        level=kept["level"],
        paid_orders=kept["paid_orders"],
        factors=tuple(Factor(*one) for one in kept["factors"]),
        cost=kept.get("cost"),
        prices=frozenset(kept.get("prices", ())),
        discount=kept.get("discount", 0),
        minute=kept.get("minute"),
        weekday=kept.get("weekday", ""),
        recent={back: (orders, pieces) for back, orders, pieces in kept.get("recent", ())},
        regions=None if regions is None else frozenset(regions),
        company=kept.get("company", ""),
        account=kept.get("account", ""),
    )
