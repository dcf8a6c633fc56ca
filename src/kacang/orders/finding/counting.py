"""How many orders there are of each state: the numbers on the tabs (O2, rule 16)."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from kacang.merchants.tenancy import acting_as, current_reach
from kacang.orders.finding.building import OPEN, OVERDUE, find
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.finding.listing import Counted
from kacang.orders.finding.reaching import reach_of, reached
from kacang.orders.models import OrderState
from kacang.orders.statements import rows

# So many orders of a state are counted. What is open is what waits for somebody, and stays few;
# what is closed grows with history, and the cost must not.
OPEN_MAX = 9_999
CLOSED_MAX = 999
# To whoever's role reaches to some orders, so many of them are counted by state, the newest: no
# index has the orders of a store, a channel or a member by their state.
REACHED_MAX = 2_000
# A reach is not said here: what is open is found by its state, and the policy sees to the rest.
_COUNTS = """
select s.state, (
    select count(*) from (
        select from sale_order o
        where o.merchant_id = %(merchant)s::bigint and o.state = s.state limit s.most
    ) few)
from unnest(%(states)s::smallint[], %(mosts)s::int[]) as s(state, most)
"""
_OVERDUE_COUNT = f"""
select count(*) from (
    select from sale_order o
    where o.merchant_id = %(merchant)s::bigint and o.state = 0 and {OVERDUE}{{reach}}
    limit %(most)s::int) few
"""  # noqa: S608 - our own text
_PAID = """
select count(*) from (
    select from sale_order o
    where o.merchant_id = %(merchant)s::bigint and o.paid_at is not null
      and o.paid_at > %(since)s::timestamptz
    limit %(most)s::int) few
"""
_OF_FOUND = "select few.state, count(*) from ({found}) few group by few.state"
# One value, said as a span: only the index that begins with it gives the order then. By `=` the
# planner takes each store for as large as the others, and walks all orders to find a small one's.
_OF_VALUES = """
select few.state, count(*) from (
    select one.state from unnest(%(values)s::bigint[]) as v(value)
    cross join lateral (
        select o.state from sale_order o
        where o.merchant_id = %(merchant)s::bigint
          and o.{column} >= v.value and o.{column} <= v.value
        order by o.{column} desc, o.id desc limit %(limit)s::int
    ) one limit %(limit)s::int
) few group by few.state
"""


def counts_by_state(*, merchant_id: int) -> dict[OrderState, Counted]:
    """Count the orders of each state, at most `most_counted` of each: the cost has a limit too."""
    with acting_as(merchant_id):
        text, values = reached()
        narrowed = f" and {text}" if text else ""
        reach = current_reach()
        if reach is None:
            counts, is_part = _by_state(merchant_id, list(OrderState)), False
        else:
            counts = _by_state(merchant_id, OPEN)
            closed, is_part = _of_the_newest(merchant_id, reach)
            counts |= {state: closed[state] for state in OrderState if state not in OPEN}
        past = {"merchant": merchant_id, "most": OPEN_MAX + 1, **values}
        ((overdue,),) = rows(_OVERDUE_COUNT.replace("{reach}", narrowed), past)
    counts[OrderState.PENDING] -= min(overdue, counts[OrderState.PENDING])
    counts[OrderState.CANCELLED] += overdue
    return {
        state: Counted(
            min(count, most_counted(state)),
            count > most_counted(state) or (is_part and state not in OPEN),
        )
        for state, count in counts.items()
    }


def count_paid(*, merchant_id: int, since: datetime, most: int = 99) -> Counted:
    """Count the orders that were paid after a moment; of a reach, its own."""
    with acting_as(merchant_id):
        asked = {"merchant": merchant_id, "since": since, "most": most + 1}
        ((count,),) = rows(_PAID, asked)
    return Counted(min(count, most), count > most)


def most_counted(state: OrderState) -> int:
    """Return up to how many orders of a state are counted."""
    return OPEN_MAX if state in OPEN else CLOSED_MAX


def _by_state(merchant_id: int, states: Collection[OrderState]) -> dict[OrderState, int]:
    asked = {
        "merchant": merchant_id,
        "states": [int(state) for state in states],
        "mosts": [most_counted(state) + 1 for state in states],
    }
    found = rows(_COUNTS, asked)
    return {OrderState(state): count for state, count in found}


def _of_the_newest(merchant_id: int, reach: frozenset[str]) -> tuple[Counter[OrderState], bool]:
    """Count the newest orders within reach by state; say whether there are more than those."""
    within = reach_of(reach)
    values = within.members or within.stores
    if within.is_mixed or not values:
        found = find(merchant_id, OrderFilter())
        text, given = _OF_FOUND.replace("{found}", found.text("o.id, o.state")), found.given
    else:
        text = _OF_VALUES.replace("{column}", "assignee_id" if within.members else "store_id")
        given = {"merchant": merchant_id, "values": values}
    counted = rows(text, {**given, "limit": REACHED_MAX + 1})
    counts = Counter({OrderState(state): count for state, count in counted})
    return counts, counts.total() > REACHED_MAX
