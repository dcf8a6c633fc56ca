"""Starting a job over many orders: what it is about is said first (O4)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches.acts import DEEDS, RULES, Act
from kacang.orders.batches.rows import Outcome, copy_rows
from kacang.orders.batches.tagging import TAGGING
from kacang.orders.errors import BatchTooLarge, NothingForBatch, TextMissing
from kacang.orders.finding.building import find
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.finding.listing import frozen
from kacang.orders.models import OrderState
from kacang.orders.statements import rows
from kacang.orders.tagging.tags import tag_named
from kacang.outbox import work
from kacang.outbox.work import once_of, started
from kacang.queue import enqueue
from kacang.shared.money import Money

KIND = "orders.batch"
ORDERS_MAX = 100_000
_WEIGH = """
select case when o.state = 0
            and o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
       then 6 else o.state end as seen,
       o.has_goods, o.email <> '', o.currency, count(*)::int, sum(o.payable_minor)::bigint
from ({found}) o
group by seen, o.has_goods, o.email <> '', o.currency
"""


@dataclass(frozen=True, slots=True)
class BatchWeight:
    """What a batch would be about, counted now.

    Args:
        count: Orders that are chosen.
        fit: Those of them that it can be done with, as far as their rows tell.
        amounts: What those cost together, one sum for each currency.
        others: How many of the rest are in which state.
    """

    count: int
    fit: int
    amounts: tuple[Money, ...]
    others: Mapping[OrderState, int]

    @property
    def is_too_large(self) -> bool:
        """Whether it is more than one job takes on."""
        return self.count > ORDERS_MAX


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What is to be done with which orders.

    Args:
        act: What.
        where: With which.
        text: The note, or the reason.
        tag: Uid of the tag that is put on or taken off.
        token: Of the form that asks for it: sent twice, the same request is one job.
    """

    act: Act
    where: OrderFilter
    text: str = ""
    tag: str = ""
    token: str = ""


def weigh_batch(*, merchant_id: int, act: Act, where: OrderFilter, now: datetime) -> BatchWeight:
    """Say what a batch would be about. Changes nothing."""
    rule = RULES[act]
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    sums: Counter[str] = Counter()
    others: Counter[OrderState] = Counter()
    count = fit = 0
    with acting_as(merchant_id):
        found = find(merchant_id, where.at(now, zone))
        text = _WEIGH.replace("{found}", found.text())
        weighed = rows(text, {**found.given, "limit": ORDERS_MAX + 1})
    for state, has_goods, has_email, currency, orders, minor in weighed:
        count += orders
        if rule.fits(OrderState(state), has_goods=has_goods, has_email=has_email):
            fit += orders
            sums[currency] += minor
        else:
            others[OrderState(state)] += orders
    amounts = tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
    return BatchWeight(count, fit, amounts, others)


def start_batch(*, merchant_id: int, actor: Actor, request: BatchRequest, now: datetime) -> str:
    """Start the job that does one thing with each of many orders; return the job's uid.

    Which orders that are stands still from now on: what comes later is none of them. The same
    request with the same token is the job that it has started before.

    Raises:
        TextMissing: It takes a text, and there is none.
        UnknownTag: It is about a tag, and there is no such.
        NothingForBatch: It can be done with none of the orders. Nothing was started.
        BatchTooLarge: There are more orders than one job takes on.
    """
    assert request.act in DEEDS or request.act in TAGGING
    rule = RULES[request.act]
    text = request.text.strip()[: rule.text_max]
    if rule.needs_text and not text:
        raise TextMissing
    about: dict[str, object] = {"act": str(request.act), "text": text}
    once = once_of(request.token, about, request.tag, request.where.stored())
    with acting_as(merchant_id):
        if before := started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        if rule.needs_tag:
            about |= {"tag": request.tag, "tag_name": tag_named(merchant_id, request.tag).name}
        weight = weigh_batch(merchant_id=merchant_id, act=request.act, where=request.where, now=now)
        if weight.is_too_large:
            raise BatchTooLarge(most=ORDERS_MAX)
        if not weight.fit:
            raise NothingForBatch
        zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
        chosen = frozen(merchant_id=merchant_id, where=request.where, now=now, zone=zone)
        uid = begin(
            merchant_id,
            actor,
            {**about, "where": chosen.stored()},
            weight.count,
            once,
        )
        after = {"act": str(request.act), "count": weight.count, "fit": weight.fit}
        if rule.needs_tag:
            after["tag"] = request.tag
        note_batch(merchant_id, actor, uid, after, text)
    return uid


def begin(
    merchant_id: int, actor: Actor, arguments: Mapping[str, object], total: int, once: str = ""
) -> str:
    """Note a batch and queue it, in the caller's transaction."""
    uid = work.start(
        merchant_id=merchant_id,
        kind=KIND,
        arguments=arguments,
        actor=actor,
        total=total,
        once=once,
    )
    enqueue(
        "orders.run_batch",
        queue="bulk",
        lock=f"bulk:{merchant_id}",
        merchant_id=merchant_id,
        work_uid=uid,
    )
    return uid


def take_rows(merchant_id: int, source: str, uid: str, outcome: Outcome, count: int) -> None:
    """Give a batch the `count` rows of another job that had this outcome, as its own to do."""
    source_id, own_id = (work.work(merchant_id=merchant_id, uid=one).id for one in (source, uid))
    copied = copy_rows(merchant_id, source=source_id, work_id=own_id, outcome=outcome)
    assert copied == count, "a job's result counts its rows"


def note_batch(
    merchant_id: int, actor: Actor, uid: str, after: dict[str, object], reason: str = ""
) -> None:
    """Write down in the audit log that a batch was started."""
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action="orders.batch",
        object_kind="job",
        object_uid=uid,
        after=after,
        reason=reason,
    )
