"""Rule 16: on filled tables, under the policies, each filter goes by an index and sorts nothing."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from kacang.catalog.models import Sku
from kacang.merchants import queries as merchants
from kacang.merchants.operations import MerchantKind, open_merchant
from kacang.merchants.tenancy import acting_as, reaching
from kacang.orders import statements
from kacang.orders.finding import counting, listing
from kacang.orders.finding.building import OPEN, sorts_of
from kacang.orders.finding.filters import OrderFilter, Sort
from kacang.orders.models import Order, OrderState
from kacang.shared.clock import utc_now
from tests import make

FILL = """
insert into sale_order (merchant_id, number, channel, state, hold_reason, currency, total_minor,
                        payable_minor, email, phone, phone_tail, token_hash, pay_by, created_at,
                        paid_at, api_key_id, external_number, has_note)
select m, 'F' || m || '-' || n,
       case when n %% 40 = 0 then 'api' when n %% 50 = 0 then 'redeem' else 'shop' end,
       (array[4, 4, 4, 5, 5, 6])[1 + n %% 6], '', 'CNY', n, n, 'b' || n || '@example.com',
       '+861380000' || lpad((n %% 10000)::text, 4, '0'), lpad((n %% 10000)::text, 4, '0'), '\\x00',
       now() + interval '1 hour', now() - make_interval(mins => 8000 - n), now(),
       case when n %% 40 = 0 then 77 else 0 end, 'x' || n, n %% 90 = 0
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 8000) n;
update sale_order set state = 9, hold_reason = 'late_payment'
where number ~ '-[0-9]*777$' and merchant_id = any(%(merchants)s);
update sale_order set state = 0
where number ~ '-[0-9]*555$' and merchant_id = any(%(merchants)s);
update sale_order set priority = 1 + id %% 9
where id %% 30 = 0 and merchant_id = any(%(merchants)s);
update sale_order set state = 1, priority = 1 + id %% 9
where number ~ '-[0-9]*33$' and merchant_id = any(%(merchants)s);
insert into order_line (merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, title,
                        sku_title, kind)
select merchant_id, id, 1, case when id %% 30 = 0 then %(sku)s else %(sku)s + 100000 + id %% 7 end,
       1, 100, '{}', '{}', 'code' from sale_order where merchant_id = any(%(merchants)s);
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at,
                     state, paid_at)
select merchant_id, 'Filling' || id || 'x' || merchant_id, id,
       case when id %% 20 = 0 then %(account)s else %(account)s + 1000 end, 100, 'CNY', now(), 1,
       now() from sale_order where merchant_id = any(%(merchants)s);
insert into tag (merchant_id, uid, name, colour, created_at)
select m, 'tag_' || m, 'T', 'blue', now() from unnest(%(merchants)s::bigint[]) m;
insert into order_tag (merchant_id, tag_id, order_id)
select o.merchant_id, t.id, o.id from sale_order o join tag t on t.merchant_id = o.merchant_id
where o.id %% 25 = 0 and o.merchant_id = any(%(merchants)s);
insert into review_rule (merchant_id, uid, position)
select m, 'rul_' || m, 1 from unnest(%(merchants)s::bigint[]) m;
insert into review_rule_version (merchant_id, rule_id, version, name, conditions, verdict, priority)
select merchant_id, id, 1, 'R', '[]', 1, 0 from review_rule where merchant_id = any(%(merchants)s);
insert into order_review (merchant_id, order_id, verdict, state, facts, decided_at)
select merchant_id, id, 1, 0, '{}', now() from sale_order
where id %% 25 = 0 and merchant_id = any(%(merchants)s);
insert into review_hit (merchant_id, rule_id, order_id, version, is_deciding)
select v.merchant_id, r.id, v.order_id, 1, true
from order_review v join review_rule r on r.merchant_id = v.merchant_id
where v.merchant_id = any(%(merchants)s);
insert into deadline_mark (merchant_id, stage, order_id, subject, kind, started_at, due_at,
                           breached_at)
select merchant_id, 'delivery', id, n, 'code', created_at,
       created_at + interval '1 minute', created_at + interval '1 minute'
from sale_order, generate_series(1, 2) n
where id %% 20 = 0 and merchant_id = any(%(merchants)s);
insert into api_key (merchant_id, uid, name, hint, key_hash, scopes, addresses, rate_per_minute,
                     created_at)
select m, 'key_' || m, 'K', 'k', decode(md5(m::text) || md5(m::text), 'hex'), '{}', '{}', 0, now()
from unnest(%(merchants)s::bigint[]) m;
update sale_order o set api_key_id = k.id from api_key k
where k.merchant_id = o.merchant_id and o.api_key_id = 77
  and o.merchant_id = any(%(merchants)s);
insert into store (merchant_id, uid, code, name, address, created_at)
select m, 'sto_' || m || '_' || n, 'c' || n, 'S', '', now()
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 3) n;
update sale_order o set store_id = s.id from store s
where s.merchant_id = o.merchant_id and o.merchant_id = any(%(merchants)s)
  and s.code = case when o.payable_minor %% 50 = 0 then 'c1'
                    when o.payable_minor %% 70 = 0 then 'c2' when o.payable_minor < 4 then 'c3' end;
insert into customer_level (merchant_id, uid, name, rank)
select m, name || m, name, rank from unnest(%(merchants)s::bigint[]) m,
     (values ('few_', 1), ('many_', 2)) as l(name, rank);
insert into customer (merchant_id, uid, name, level_id, created_at, agreed_way, paid_orders,
                      spent_minor, last_order_at, figures_due)
select m, 'cus_' || m || '_' || n, '', (
    select id from customer_level v
    where v.merchant_id = m and v.rank = case when n %% 300 = 0 then 1 when n %% 3 = 0 then 2 end
), now(), '', 0, 0, now(), false
from unnest(%(merchants)s::bigint[]) m, generate_series(1, 3000) n;
insert into order_customer (merchant_id, order_id, customer_id)
select o.merchant_id, o.id, k.id from sale_order o
join customer k on k.merchant_id = o.merchant_id
  and k.uid = 'cus_' || o.merchant_id || '_' || o.payable_minor %% 3000 + 1
where o.merchant_id = any(%(merchants)s) and o.payable_minor %% 3 <> 1;
"""
# Tables so small that reading them whole is the right plan.
SMALL = "sku|product|account|tag|api_key|category|customer_level|store"
AGO = datetime.now(UTC) - timedelta(minutes=60)
SINGLE = {
    "all": OrderFilter(),
    **{f"state_{state.name.lower()}": OrderFilter(state=state) for state in OrderState},
    "email": OrderFilter(email="b77@example.com"),
    "phone": OrderFilter(phone="+8613800000077"),
    "phone_tail": OrderFilter(phone_tail="0077"),
    "external": OrderFilter(external_number="x77"),
    "period": OrderFilter(since=AGO),
    "custom": OrderFilter(since=AGO - timedelta(days=100), until=AGO),
    "channel": OrderFilter(channel="redeem"),
    "amount": OrderFilter(amount_min_minor=7_900),
    "exact_amount": OrderFilter(amount_min_minor=100, amount_max_minor=100),
    "note": OrderFilter(has_note=True),
    "no_note": OrderFilter(has_note=False),
    "missed": OrderFilter(missed_deadline=True),
    "met": OrderFilter(missed_deadline=False),
    "exception": OrderFilter(exception="late_payment"),
    "any_exception": OrderFilter(exception="any"),
    "first": OrderFilter(is_first=True),
    "first_paid": OrderFilter(is_first=True, state=OrderState.PAID),
    "first_held": OrderFilter(is_first=True, state=OrderState.ON_HOLD),
}
# Unpaid orders have an index by when they end, and are few; of the two states that read as
# cancelled, the first of each are merged; a key has given an external number once. The rows of a
# page in order of priority, no more, are put in order once more at its end.
SORTED = {
    "state_pending": 1, "state_cancelled": 2, "external": 1, "first_paid": 1, "first_held": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    merchant_id: int
    sku: Sku
    account: str


@pytest.fixture(scope="module")
def filled(database, django_db_blocker):
    """Three merchants with thousands of orders; returns names of one of them."""
    shops = [
        open_merchant(slug=f"find-{n}-{utc_now():%H%M%S%f}", name="P", kind=MerchantKind.DEMO)
        for n in range(3)
    ]
    made = make.sku(shops[0], cards=0)
    account = make.account(shops[0])
    given = {"merchants": shops, "sku": made.sku.pk, "account": account.id}
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for text in FILL.split(";\n")[:-1]:
            owner.execute(text.encode(), given)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")
    return Filled(shops[0], made.sku, account.uid)


def plans_of(monkeypatch, act) -> list[str]:
    """Return the plans of all statements that `act` runs in the list's module."""
    plans = []
    real = statements.rows

    def explain(text, parameters):
        compiled = statements.statement(text) if isinstance(text, str) else text
        explained = statements.Statement(b"explain (costs off) " + compiled.text, compiled.names)
        plans.append("\n".join(row[0] for row in statements.rows(explained, parameters)))
        return real(text, parameters)

    for module in (listing, counting):
        monkeypatch.setattr(module, "rows", explain)
    act()
    assert plans
    return plans


def refuse(found: str, *, sorts: int = 0) -> None:
    """Refuse a plan that reads a table whole, or sorts more often than `sorts` times."""
    scans = re.findall(r"Seq Scan on (\w+)", found)
    assert [table for table in scans if not re.fullmatch(SMALL, table)] == [], found
    own = re.sub(r"Sort\n\s+Sort Key: \(\(p(_\d+)?\.state = 1\)\) DESC", "", found)
    assert len(re.findall(r"\bSort\n", own)) <= sorts, found


@pytest.mark.parametrize("name", SINGLE)
class TestEachFilter:
    def test_a_page_goes_by_index_and_sorts_nothing(self, filled, monkeypatch, name):
        sorts = SORTED.get(name, 0)
        for sort in sorts_of(SINGLE[name]):
            (found,) = plans_of(
                monkeypatch,
                lambda sort=sort: listing.orders_page(
                    merchant_id=filled.merchant_id, where=SINGLE[name], sort=sort
                ),
            )
            refuse(found, sorts=sorts)

    def test_counting_and_walking_read_no_table_whole(self, filled, monkeypatch, name):
        sorts = SORTED.get(name, 0)
        asked = {"merchant_id": filled.merchant_id, "where": SINGLE[name]}
        for act in (listing.count_up_to, listing.matching):
            (found,) = plans_of(monkeypatch, lambda act=act: act(**asked, most=100))
            refuse(found, sorts=sorts)


class TestFiltersOfOtherTables:
    @pytest.fixture
    def named(self, filled):
        return {
            "sku": OrderFilter(sku=filled.sku.uid),
            "product": OrderFilter(product=filled.sku.product.uid),
            "provider": OrderFilter(provider="sandbox"),
            "account": OrderFilter(account=filled.account),
            "customer": OrderFilter(customer=f"cus_{filled.merchant_id}_300"),
            "level": OrderFilter(level=f"many_{filled.merchant_id}"),
            "tag": OrderFilter(tag=f"tag_{filled.merchant_id}"),
            "rule": OrderFilter(rule=f"rul_{filled.merchant_id}"),
            "key": OrderFilter(api_key=f"key_{filled.merchant_id}"),
            "api": OrderFilter(channel="api"),
            "store": OrderFilter(store=f"sto_{filled.merchant_id}_1"),
        }

    @pytest.mark.parametrize(
        "name",
        [
            "sku",
            "product",
            "provider",
            "account",
            "customer",
            "level",
            "tag",
            "rule",
            "key",
            "api",
            "store",
        ],
    )
    def test_go_by_index_and_sort_nothing(self, filled, monkeypatch, named, name):
        where = named[name]
        for sort in (Sort.NEWEST, Sort.OLDEST):
            (found,) = plans_of(
                monkeypatch,
                lambda sort=sort: listing.orders_page(
                    merchant_id=filled.merchant_id, where=where, sort=sort
                ),
            )
            refuse(found)
        page = listing.orders_page(merchant_id=filled.merchant_id, where=where)
        assert page.rows

    def test_a_level_of_few_is_read_customer_by_customer(self, filled, monkeypatch):
        where = OrderFilter(level=f"few_{filled.merchant_id}")
        for sort in (Sort.NEWEST, Sort.OLDEST):
            (found,) = plans_of(
                monkeypatch,
                lambda sort=sort: listing.orders_page(
                    merchant_id=filled.merchant_id, where=where, sort=sort
                ),
            )
            # The first of each are merged.
            refuse(found, sorts=1)
            assert "order_customer_of" in found
        assert listing.orders_page(merchant_id=filled.merchant_id, where=where).rows


@pytest.mark.parametrize("channel", ["shop", "api", "redeem"])
def test_I1_a_role_of_one_channel_goes_by_index(filled, monkeypatch, channel):
    with reaching(frozenset({channel})):
        (found,) = plans_of(
            monkeypatch,
            lambda: listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter()),
        )
        page = listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter(), limit=200)

    refuse(found)
    assert {row.channel for row in page.rows} == {channel}
    assert len(page.rows) >= {"shop": 200, "api": 200, "redeem": 120}[channel]


def words_of(merchant_id, *codes):
    found = merchants.stores(merchant_id=merchant_id)
    return frozenset(f"s{one.id}" for one in found if one.code in codes)


@pytest.mark.parametrize(("codes", "sorts", "fits"), [
    (("c1",), 0, lambda minor: minor % 50 == 0),
    # The first of each are merged.
    (("c1", "c2"), 1, lambda minor: minor % 50 == 0 or minor % 70 == 0),
    # Three orders, the oldest of all.
    (("c3",), 0, lambda minor: minor < 4),
])  # fmt: skip
def test_I1_a_role_of_stores_goes_by_index(filled, monkeypatch, codes, sorts, fits):
    words = words_of(filled.merchant_id, *codes)
    for where in (OrderFilter(), OrderFilter(state=OrderState.DELIVERED)):
        with reaching(words):
            (found,) = plans_of(
                monkeypatch,
                lambda where=where: listing.orders_page(
                    merchant_id=filled.merchant_id, where=where
                ),
            )
            page = listing.orders_page(merchant_id=filled.merchant_id, where=where, limit=200)

        refuse(found, sorts=sorts)
        assert "sale_order_of_store" in found
        assert page.rows
        assert all(fits(row.payable.minor) for row in page.rows)
        ids = [row.id for row in page.rows]
        assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("codes", [("c1",), ("c1", "c2"), ("c3",), ()])
def test_I1_counts_of_stores_are_of_their_own_orders_and_read_no_others(filled, monkeypatch, codes):
    words = words_of(filled.merchant_id, *codes)
    with reaching(words):
        *_, newest, _overdue = plans_of(
            monkeypatch, lambda: counting.counts_by_state(merchant_id=filled.merchant_id)
        )
        monkeypatch.undo()
        counts = counting.counts_by_state(merchant_id=filled.merchant_id)
    assert "sale_order_of_store" in newest
    with acting_as(filled.merchant_id):
        stores = [int(word[1:]) for word in words]
        rows = Order.objects.filter(merchant_id=filled.merchant_id, store_id__in=stores)
        true = Counter(rows.values_list("state", flat=True))
    assert {state: one.count for state, one in counts.items() if one.count} == true
    assert not any(one.is_more for one in counts.values())


def test_I1_of_a_store_with_a_long_history_the_newest_are_counted(filled, monkeypatch):
    monkeypatch.setattr(counting, "REACHED_MAX", 50)
    with reaching(words_of(filled.merchant_id, "c1")):
        counts = counting.counts_by_state(merchant_id=filled.merchant_id)

    assert sum(one.count for state, one in counts.items() if state not in OPEN) <= 51
    assert {state for state, one in counts.items() if one.is_more} == set(OrderState) - OPEN


def test_I1_a_reach_of_several_kinds_reads_no_table_whole(filled, monkeypatch):
    words = words_of(filled.merchant_id, "c3") | {"m1", "redeem"}
    with reaching(words):
        (found,) = plans_of(
            monkeypatch,
            lambda: listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter()),
        )
        page = listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter(), limit=200)
    refuse(found, sorts=1)
    assert all(row.channel == "redeem" or row.payable.minor < 4 for row in page.rows)
    # The three of the store among them, the oldest of all.
    assert [row.payable.minor for row in page.rows[-3:]] == [3, 2, 1]
    assert len(page.rows) == 123


def test_I1_who_works_in_no_store_finds_nothing_and_reads_nothing(filled, monkeypatch):
    with reaching(frozenset()):
        (found,) = plans_of(
            monkeypatch,
            lambda: listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter()),
        )
        assert listing.orders_page(merchant_id=filled.merchant_id, where=OrderFilter()).rows == ()
    assert "sale_order_of_store" in found


def test_the_next_page_goes_on_in_the_index(filled, monkeypatch):
    for where in (OrderFilter(), OrderFilter(since=AGO), OrderFilter(amount_min_minor=100)):
        first = listing.orders_page(merchant_id=filled.merchant_id, where=where, limit=5)
        (found,) = plans_of(
            monkeypatch,
            lambda where=where, first=first: listing.orders_page(
                merchant_id=filled.merchant_id, where=where, cursor=first.next_cursor
            ),
        )
        refuse(found)
        assert re.search(r"Index Cond: .*(ROW\(|id < )", found), found


def test_numbers_are_looked_up_one_by_one(filled, monkeypatch):
    where = OrderFilter(numbers=("F1-5", "F1-6"))
    (found,) = plans_of(
        monkeypatch, lambda: listing.orders_page(merchant_id=filled.merchant_id, where=where)
    )
    # The few that were named are sorted.
    refuse(found, sorts=1)


def test_counts_of_states_end_where_they_are_told(filled, monkeypatch):
    for found in plans_of(
        monkeypatch, lambda: counting.counts_by_state(merchant_id=filled.merchant_id)
    ):
        refuse(found)


def test_pages_see_one_merchant_only(filled):
    with acting_as(filled.merchant_id), connection.cursor() as cursor:
        cursor.execute("select count(distinct merchant_id) from order_tag")
        assert cursor.fetchone() == (1,)
