"""O7: how long stages take is read from the timeline; sums of days are equal to the rows."""

import statistics
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.models import Event
from kacang.orders.stages import queries, summing
from kacang.orders.stages.queries import StageFilter
from kacang.shared.clock import utc_now
from tests import make
from tests.orders.looking import settle

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 10, 12)
NOON = datetime(2026, 10, 12, 12, tzinfo=SHANGHAI)
ADD = """
insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, at)
values (%s, %s, %s, %s, %s, %s)
"""


@pytest.fixture
def story(shop, database):
    """Write what happened to an order: `story(Event.PAID, 90, "lu@example.com")`."""
    placed = make.order(shop.sku)
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        (order_id,) = owner.execute(
            "select id from sale_order where merchant_id = %s and number = %s",
            [shop.merchant, placed.number],
        ).fetchone() or (0,)
        owner.execute(
            "update sale_order set created_at = %s where merchant_id = %s and id = %s",
            [NOON - timedelta(days=3), shop.merchant, order_id],
        )

        def write(event, seconds, person="", order=order_id):
            kind = "user" if person else "system"
            at = NOON + timedelta(seconds=seconds)
            owner.execute(ADD, [shop.merchant, order, int(event), kind, person, at])

        yield write


def report(shop, first=DAY, last=DAY):
    return queries.stage_report(merchant_id=shop.merchant, first=first, last=last, zone=SHANGHAI)


def test_each_stage_is_measured_from_its_last_beginning_to_its_end(shop, story):
    for event, seconds in (
        (Event.PLACED, -100),
        (Event.PAID, -40),
        (Event.SHORT, -40),
        (Event.REPLENISHED, 500),
        (Event.SHORT, 500),
        (Event.REPLENISHED, 1000),
        (Event.DELIVERED, 1000),
    ):
        story(event, seconds)

    found = report(shop).stages

    assert found["payment"].median_seconds == 60
    assert found["delivery"].median_seconds == 1040
    # What came in between did not suffice: it waited from the first moment to the last.
    assert (found["stock"].orders, found["stock"].median_seconds) == (1, 1040)


def test_a_stage_belongs_to_whoever_ended_it_on_the_day_it_was_over(shop, story):
    midnight = 12 * 3600
    story(Event.READY, midnight - 100)
    story(Event.HANDED_OVER, midnight + 20, "lu@example.com")

    assert "sending" not in report(shop).stages
    found = report(shop, DAY + timedelta(days=1), DAY + timedelta(days=1))
    assert found.people["sending", "user lu@example.com"].median_seconds == 120
    assert found.days["sending", DAY + timedelta(days=1)].orders == 1


@given(st.dictionaries(st.integers(0, 500), st.integers(1, 9), min_size=1))
def test_percentiles_of_sums_are_those_of_the_rows(counts):
    values = sorted(seconds for seconds, orders in counts.items() for _ in range(orders))

    assert summing.percentile(counts, 50) == statistics.median_low(values)
    place = -(-len(values) * 95 // 100) - 1
    assert summing.percentile(counts, 95) == values[place]
    assert summing.figures(counts).orders == len(values)


def test_sums_of_days_are_equal_to_the_rows(shop, story):
    people = ["", "lu@example.com", "chen@example.com"]
    for number in range(60):
        order = 1_000_000 + number
        begin = (number * 7919) % 80_000 - 40_000
        story(Event.PLACED, begin, order=order)
        story(Event.PAID, begin + number * 13 % 300, people[number % 3], order=order)
        story(Event.DELIVERED, begin + 1000 + number * 31 % 4000, people[number % 2], order=order)
    first, last = DAY - timedelta(days=1), DAY + timedelta(days=1)
    before = report(shop, first, last)
    assert before.stages["delivery"].orders == 60

    count = summing.sum_stages(merchant_id=shop.merchant, now=NOON + timedelta(days=9))

    assert count >= 3
    assert summing.sum_stages(merchant_id=shop.merchant, now=NOON + timedelta(days=9)) == 0
    assert report(shop, first, last) == before


def test_a_day_that_is_not_over_is_not_summed_up(shop, story):
    story(Event.PLACED, 0)

    late = datetime(2026, 10, 13, 0, 5, tzinfo=SHANGHAI)
    summing.sum_stages(merchant_id=shop.merchant, now=late)
    assert summing.sum_day(merchant_id=shop.merchant, day=DAY, zone=SHANGHAI) is not None


def test_every_figure_leads_to_its_orders(shop):
    placed = make.order(shop.sku)
    settle(shop.account, make.notice(placed))
    short = shop.short()
    make.stock(shop.sku, 1)
    orders.replenish(merchant_id=shop.merchant, number=short.number, actor=SYSTEM)
    now = utc_now()
    today = now.astimezone(SHANGHAI).date()
    counted = report(shop, today, today).stages["delivery"].orders
    where = StageFilter("delivery", now - timedelta(hours=1), now + timedelta(hours=1))

    seen, cursor = [], ""
    while True:
        page = queries.stage_orders(merchant_id=shop.merchant, where=where, cursor=cursor, limit=1)
        seen += [row.number for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break

    assert len(seen) == counted == 2
    assert set(seen) == {placed.number, short.number}
    slow = StageFilter("delivery", where.since, where.until, least_seconds=3600)
    assert queries.stage_orders(merchant_id=shop.merchant, where=slow).rows == ()
    theirs = StageFilter("delivery", where.since, where.until, person="user nobody@example.com")
    assert queries.stage_orders(merchant_id=shop.merchant, where=theirs).rows == ()


def test_nobody_sees_the_stages_of_another_shop(shop, other_merchant):
    placed = make.order(shop.sku)
    settle(shop.account, make.notice(placed))
    today = utc_now().astimezone(SHANGHAI).date()

    found = queries.stage_report(merchant_id=other_merchant, first=today, last=today, zone=SHANGHAI)

    assert found.stages == {}
