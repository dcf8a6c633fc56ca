"""Rule 16: each filter and order of customers goes by an index of its own and reads few rows."""

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.customers import queries, tags
from kacang.customers.finding import pages
from kacang.customers.finding.filters import CustomerFilter
from kacang.customers.queries import Sort
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from tests.customers.people import STAFF

# Of each merchant 20,000; one in 400 gold, one in 500 by the API, one in 200 with the rare tag, all
# but a fifth with the usual one.
FILL = """
insert into customer (merchant_id, uid, name, level_id, created_at, agreed_at, agreed_way,
                      paid_orders, spent_minor, last_order_at, figures_due)
select m, 'cus_' || m || 'x' || n, 'n' || n,
       case when n % 400 = 0 then (select id from customer_level where merchant_id = m) end,
       now(), now(), case when n % 500 = 0 then 'api' else 'checkout' end,
       n % 97, (n * 7919) % 1000003, now() - make_interval(mins => (n * 31) % 20011), false
from unnest(%(m)s::bigint[]) m, generate_series(1, 20000) n;
insert into customer_tagged (merchant_id, tag_id, customer_id)
select c.merchant_id, t.id, c.id from customer c
join customer_tag t on t.merchant_id = c.merchant_id
where c.merchant_id = any(%(m)s::bigint[])
  and case t.name when 'rare' then c.id % 200 = 0 else c.id % 5 > 0 end
"""
LIMIT = 50
# A page and what is passed over on the way to it: of 20,000 at most so many.
READ_MOST = 3 * (LIMIT + 1)
# So many are put in order here, that a table of this size has parts that are more.
FEW = 300


@pytest.fixture(scope="module")
def filled(database) -> int:
    merchants = [
        open_merchant(slug=f"cus-{new_uid('x')[2:].lower()}", name="P", kind=MerchantKind.DEMO)
        for _ in range(3)
    ]
    for merchant in merchants:
        for name in ("rare", "usual"):
            tags.make_tag(merchant_id=merchant, name=name, colour="grey", actor=STAFF)
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for merchant in merchants:
            owner.execute(
                "insert into customer_level (merchant_id, uid, name, rank) values (%s, %s, 'g', 1)",
                [merchant, new_uid("lvl")],
            )
        for text in FILL.replace(" % ", " %% ").split(";"):
            owner.execute(text, {"m": merchants})
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")
    return merchants[1]


def _tag(merchant: int, name: str) -> str:
    return next(tag.uid for tag in tags.tags(merchant_id=merchant) if tag.name == name)


def _level(merchant: int) -> str:
    return queries.levels(merchant_id=merchant)[0].uid


def _ago(**span: int):
    return utc_now() - timedelta(**span)


OF_LEVEL = ("customer_of_level", "customer_level_id")
# By name: the filter, in which order, which indexes serve it, and how many rows may be read.
CASES = {
    "all": (lambda m: CustomerFilter(), Sort.JOINED, "customer_", READ_MOST),
    "all by last order": (lambda m: CustomerFilter(), Sort.LAST, "customer_last_order", READ_MOST),
    "all by sum": (lambda m: CustomerFilter(), Sort.SPENT, "customer_spent", READ_MOST),
    "all by orders": (lambda m: CustomerFilter(), Sort.ORDERS, "customer_orders", READ_MOST),
    "level": (lambda m: CustomerFilter(level=_level(m)), Sort.JOINED, OF_LEVEL,
              READ_MOST),
    "consent": (lambda m: CustomerFilter(way="api"), Sort.JOINED, "customer_of_way", READ_MOST),
    "tag": (lambda m: CustomerFilter(tag=_tag(m, "rare")), Sort.JOINED, "customer_tagged_pkey",
            READ_MOST),
    "usual tag": (lambda m: CustomerFilter(tag=_tag(m, "usual")), Sort.JOINED,
                  "customer_tagged_pkey", READ_MOST),
    "sum from, by sum": (lambda m: CustomerFilter(spent_min_minor=500_000), Sort.SPENT,
                         "customer_spent", READ_MOST),
    "sum between, by sum": (
        lambda m: CustomerFilter(spent_min_minor=500_000, spent_max_minor=510_000), Sort.SPENT,
        "customer_spent", READ_MOST,
    ),
    "orders, by orders": (lambda m: CustomerFilter(orders_min=50, orders_max=60), Sort.ORDERS,
                          "customer_orders", READ_MOST),
    "days, by last order": (lambda m: CustomerFilter(since=_ago(days=9), until=_ago(days=8)),
                            Sort.LAST, "customer_last_order", READ_MOST),
    # A part that leaves few leads, and only those are put in order.
    "gold by sum": (lambda m: CustomerFilter(level=_level(m)), Sort.SPENT, OF_LEVEL,
                    FEW + 1),
    "rare tag by last order": (lambda m: CustomerFilter(tag=_tag(m, "rare")), Sort.LAST,
                               "customer_tagged_pkey", FEW + 1),
    "narrow sums, newest": (
        lambda m: CustomerFilter(spent_min_minor=500_000, spent_max_minor=505_000), Sort.JOINED,
        "customer_spent", FEW + 1,
    ),
    "gold, of many orders, by last order": (
        lambda m: CustomerFilter(level=_level(m), orders_min=10), Sort.LAST, OF_LEVEL,
        FEW + 1,
    ),
    # All parts leave many: a page of them is soon found in order.
    "usual tag by sum": (lambda m: CustomerFilter(tag=_tag(m, "usual")), Sort.SPENT,
                         "customer_spent", FEW + 1),
    "usual tag, many orders, by last order": (
        lambda m: CustomerFilter(tag=_tag(m, "usual"), orders_min=10), Sort.LAST,
        "customer_last_order", FEW + 1,
    ),
}  # fmt: skip


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _plans(merchant, ask):
    """The plans of what reads customers, as they ran: under the policies, as the app's role."""
    with CaptureQueriesContext(connection) as ran:
        ask()
    asked = [
        one["sql"] for one in ran
        if "from customer" in one["sql"] and "limit" in one["sql"].lower()
        and "customer_contact" not in one["sql"]
    ]  # fmt: skip
    assert asked
    with acting_as(merchant), connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(
                "explain (analyze, costs off, format json) " + sql.replace("%", "%%"), []
            )
            found = cursor.fetchone()[0]
            yield (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _short(plan, depth: int = 0) -> str:
    """A plan as people read it, for who has to mend it."""
    names = ("Index Name", "Index Cond", "Filter", "Actual Rows", "Rows Removed by Filter",
             "Actual Loops", "Sort Key")  # fmt: skip
    said = ", ".join(f"{name}: {plan[name]}" for name in names if name in plan)
    below = "".join(_short(child, depth + 1) for child in plan.get("Plans", ()))
    return f"\n{'  ' * depth}{plan['Node Type']} {said}{below}"


def _looks(merchant, where, sort):
    first = queries.find_customers(merchant_id=merchant, where=where, sort=sort, limit=LIMIT)
    assert first.rows
    if first.next_cursor:
        second = queries.find_customers(
            merchant_id=merchant, where=where, sort=sort, cursor=first.next_cursor, limit=LIMIT
        )
        assert second.rows[0].id not in {row.id for row in first.rows}
    queries.count_up_to(merchant_id=merchant, where=where, most=LIMIT)


@pytest.mark.parametrize("name", CASES)
def test_H1_goes_by_its_index_and_reads_few(filled, name, monkeypatch):
    monkeypatch.setattr(pages, "FEW_MOST", FEW)
    where, sort, index, most = CASES[name]

    plans = list(_plans(filled, lambda: _looks(filled, where(filled), sort)))

    used = set()
    for plan in plans:
        for node in _nodes(plan):
            table = node.get("Relation Name", "")
            if table not in {"customer", "customer_tagged"}:
                continue
            assert node["Node Type"] in {"Index Scan", "Index Only Scan"}, plan
            used.add(node["Index Name"])
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            assert read * node["Actual Loops"] <= most, _short(plan)
        assert all(
            node["Plans"][0]["Actual Rows"] <= FEW + 1
            for node in _nodes(plan)
            if node["Node Type"].endswith("Sort")
        ), plan
    assert any(name.startswith(index) for name in used), used
