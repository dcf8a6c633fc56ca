"""O2: one filter finds the same orders in the list, the counts, the sums and the walks of jobs."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kacang.customers import operations as customers
from kacang.customers import queries as known
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import ApiKey
from kacang.merchants.operations import KeyDraft, create_key
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.customers import linking, reading
from kacang.orders.finding import related
from kacang.orders.finding.addresses import STATES, read_query, to_query
from kacang.orders.finding.building import sorts_of
from kacang.orders.finding.filters import OrderFilter, Sort, from_stored
from kacang.orders.finding.listing import BadCursor, make_cursor
from kacang.orders.list_models import OrderTag, Tag
from kacang.orders.models import Order, OrderState
from kacang.orders.types import Channel, Origin
from kacang.payments import queries as payments
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.shared.periods import Period, midnight
from tests import make
from tests.orders.looking import time_shifted

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
texts = st.text("abcdefgh_0123", min_size=1, max_size=20)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(lambda day: midnight(day, ZONE))
numbers = st.lists(st.text("ABC0123456789", min_size=1, max_size=18), max_size=9, unique=True)
filters = st.builds(
    OrderFilter,
    state=st.none() | st.sampled_from(OrderState),
    numbers=st.lists(
        st.text("ABC0123456789", min_size=1, max_size=18), max_size=9, unique=True
    ).map(tuple),
    email=st.just("") | st.just("zhao@example.com"),
    phone_tail=st.just("") | st.text("0123456789", min_size=4, max_size=4),
    external_number=st.just("") | texts,
    period=st.none(),
    since=st.none() | days,
    until=st.none() | days,
    amount_min_minor=st.none() | st.integers(0, 10**9),
    amount_max_minor=st.none() | st.integers(0, 10**9),
    channel=st.sampled_from(["", "shop", "api"]),
    api_key=st.just("") | texts,
    sku=st.just("") | texts,
    product=st.just("") | texts,
    provider=st.just("") | texts,
    account=st.just("") | texts,
    customer=st.just("") | texts,
    level=st.just("") | texts,
    exception=st.just("") | texts,
    tag=st.just("") | texts,
    has_note=st.none() | st.booleans(),
    missed_deadline=st.none() | st.booleans(),
)


class TestAddress:
    @given(filters)
    def test_reads_back_what_was_written(self, where):
        written = to_query(where, zone=ZONE, currency="CNY")

        understood = read_query(written, zone=ZONE, currency="CNY")

        assert understood.where == where
        assert understood.problems == ()

    @given(filters)
    def test_jobs_read_back_what_they_keep(self, where):
        assert from_stored(where.stored()) == where

    @given(st.dictionaries(st.sampled_from([*STATES, "state", "q", "by", "since", "until", "phone",
                                            "email", "least", "note", "channel", "period", "tag"]),
                           st.text(max_size=30)))  # fmt: skip
    def test_nonsense_is_named_and_never_raises(self, query):
        read_query(query, zone=ZONE, currency="CNY")

    def test_moving_days_stay_words(self):
        where = read_query({"period": "7d"}, zone=ZONE, currency="CNY").where

        assert where == OrderFilter(period=Period.WEEK)
        assert where.at(NOW, ZONE).since == datetime(2026, 11, 19, 16, tzinfo=UTC)

    def test_named_days_win_over_moving_ones(self):
        query = {"period": "7d", "since": "2026-11-01"}

        where = read_query(query, zone=ZONE, currency="CNY").where

        assert where == OrderFilter(since=datetime(2026, 11, 1, tzinfo=ZONE))

    def test_the_last_day_counts_whole(self):
        where = read_query({"until": "2026-11-05"}, zone=ZONE, currency="CNY").where

        assert where.until == datetime(2026, 11, 6, tzinfo=ZONE)


@pytest.fixture
def sold(merchant):
    """Two SKUs with an account to pay at."""
    make.account(merchant)
    return make.sku(merchant, cards=40, price=1_000), make.sku(merchant, cards=40, price=5_000)


def found(merchant, where, **more):
    rows = queries.orders_page(merchant_id=merchant, where=where, **more).rows
    return [row.number for row in rows]


def settle(merchant, placed):
    account = payments.account_for(merchant_id=merchant, provider="sandbox")
    operations.settle_notices(account=account, notices=[make.notice(placed)])


def remembered(merchant, made, email):
    """Place an order whose buyer agrees to be known again; return the customer and the number."""
    placed = make.order(made, contact=Contact(email=email))
    linking.remember_buyer(merchant_id=merchant, number=placed.number, way=ConsentWay.CHECKOUT)
    row = reading.customer_of_order(merchant_id=merchant, number=placed.number)
    return known.uids_of(merchant_id=merchant, ids=[row])[row][0], placed.number


class TestEachFilter:
    def test_by_contact_phone_and_its_end(self, merchant, sold):
        contact = Contact("zhao@example.com", "+8613826042716")
        mine = make.order(sold[0], contact=contact).number
        make.order(sold[0], contact=Contact("li@example.com", "+8613826040000"))

        for where in (
            OrderFilter(email="zhao@example.com"),
            OrderFilter(phone="+8613826042716"),
            OrderFilter(phone_tail="2716"),
            OrderFilter(numbers=(mine, "NONE")),
        ):
            assert found(merchant, where) == [mine]

    def test_by_product_and_sku_each_order_once(self, merchant, sold):
        dear = make.order(sold[1]).number
        cheap = make.order(sold[0]).number
        sku, product = sold[1].sku.uid, sold[1].sku.product.uid

        assert found(merchant, OrderFilter(sku=sku)) == [dear]
        assert found(merchant, OrderFilter(product=product)) == [dear]
        assert found(merchant, OrderFilter(product="prd_none")) == []
        assert found(merchant, OrderFilter(sku=sku, numbers=(cheap,))) == []

    def test_by_what_they_were_paid_through(self, merchant, sold):
        paid, _open = make.order(sold[0]), make.order(sold[0])
        settle(merchant, paid)

        assert found(merchant, OrderFilter(provider="sandbox")) == [paid.number]
        assert found(merchant, OrderFilter(provider="alipay")) == []

    def test_by_the_account_that_they_were_paid_at(self, merchant, sold):
        first = make.order(sold[0])
        settle(merchant, first)
        at = make.account_of(first, merchant)
        other = make.account(merchant)

        assert found(merchant, OrderFilter(account=at.uid)) == [first.number]
        assert found(merchant, OrderFilter(account=at.uid, provider="sandbox")) == [first.number]
        assert found(merchant, OrderFilter(account=at.uid, provider="alipay")) == []
        assert found(merchant, OrderFilter(account=other.uid)) == []
        assert found(merchant, OrderFilter(account="acc_none")) == []

    @pytest.mark.parametrize("few", [500, 0])
    def test_by_customer_and_the_level_they_have_now(self, merchant, sold, monkeypatch, few):
        """However many customers have the level: by each of them, or by asking order by order."""
        monkeypatch.setattr(related, "LEVEL_FEW", few)
        made = [remembered(merchant, sold[0], email) for email in ("a@x.cn", "b@x.cn", "a@x.cn")]
        make.order(sold[0])
        (zhao, li, _) = (customer for customer, _ in made)
        gold = customers.save_level(merchant_id=merchant, name="金", rank=9, actor=SYSTEM)
        customers.save_level(merchant_id=merchant, name="银", rank=5, actor=SYSTEM)
        customers.change(merchant_id=merchant, uid=zhao, name="赵", level=gold, actor=SYSTEM)

        mine = [made[2][1], made[0][1]]
        assert found(merchant, OrderFilter(customer=zhao)) == mine
        assert found(merchant, OrderFilter(customer=li)) == [made[1][1]]
        assert found(merchant, OrderFilter(customer="cus_none")) == []
        assert found(merchant, OrderFilter(level=gold)) == mine
        assert found(merchant, OrderFilter(level=gold), sort=Sort.OLDEST) == mine[::-1]
        assert found(merchant, OrderFilter(level=gold, numbers=(mine[0],))) == mine[:1]
        assert found(merchant, OrderFilter(level=gold, customer=li)) == []
        assert found(merchant, OrderFilter(level="lvl_none")) == []
        customers.change(merchant_id=merchant, uid=li, name="李", level=gold, actor=SYSTEM)
        assert len(found(merchant, OrderFilter(level=gold))) == 3

    def test_by_channel_and_key(self, merchant, sold):
        draft = KeyDraft(name="K", scopes=("orders:write",))
        uid = create_key(merchant_id=merchant, draft=draft, actor=SYSTEM).uid
        with acting_as(merchant):
            key_id = ApiKey.objects.get(merchant_id=merchant, uid=uid).pk
        origin = Origin(channel=Channel.API, api_key_id=key_id)
        mine = make.order(sold[0], origin=origin).number
        make.order(sold[0])

        assert found(merchant, OrderFilter(channel="api")) == [mine]
        assert found(merchant, OrderFilter(api_key=uid)) == [mine]
        assert found(merchant, OrderFilter(api_key="key_none")) == []

    def test_by_amount_the_largest_first(self, merchant, sold):
        cheap, dear = make.order(sold[0]).number, make.order(sold[1]).number

        assert found(merchant, OrderFilter(amount_min_minor=1_000)) == [dear, cheap]
        assert found(merchant, OrderFilter(amount_max_minor=4_999)) == [cheap]
        assert found(merchant, OrderFilter(amount_min_minor=1), sort=Sort.SMALLEST) == [cheap, dear]

    def test_by_note_and_tag(self, merchant, sold):
        noted, other = make.order(sold[0]).number, make.order(sold[0]).number
        operations.add_note(merchant_id=merchant, number=noted, text="call back", actor=SYSTEM)
        with acting_as(merchant):
            tag = Tag.objects.create(merchant_id=merchant, uid="tag_vip", name="VIP", colour="red")
            order = Order.objects.get(merchant_id=merchant, number=other)
            OrderTag.objects.create(merchant_id=merchant, tag=tag, order=order, at=NOW)

        assert found(merchant, OrderFilter(has_note=True)) == [noted]
        assert found(merchant, OrderFilter(has_note=False)) == [other]
        assert found(merchant, OrderFilter(tag="tag_vip")) == [other]
        assert found(merchant, OrderFilter(tag="tag_none")) == []

    def test_O8_by_whether_a_deadline_was_missed_each_order_once(self, merchant, sold):
        missed, near, plain = (make.order(sold[0]).number for _ in range(3))
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                """insert into deadline_mark (merchant_id, stage, order_id, subject, kind,
                    started_at, due_at, breached_at)
                select o.merchant_id, f.stage, o.id, f.subject, '', now(),
                    now() + interval '1 minute',
                    case when f.is_late then now() + interval '1 minute' end
                from sale_order o
                join (values (%(missed)s::text, 'delivery', 0, true),
                             (%(missed)s, 'address', 1, true),
                             (%(near)s, 'delivery', 0, false)) f(number, stage, subject, is_late)
                  on f.number = o.number
                where o.merchant_id = %(merchant)s""",
                {"missed": missed, "near": near, "merchant": merchant},
            )

        assert found(merchant, OrderFilter(missed_deadline=True)) == [missed]
        assert found(merchant, OrderFilter(missed_deadline=False)) == [plain, near]
        by_number = OrderFilter(missed_deadline=True, numbers=(near, missed))
        assert found(merchant, by_number) == [missed]

    def test_by_exception(self, merchant, sold):
        short = make.order(sold[0]).number
        with acting_as(merchant):
            Order.objects.filter(merchant_id=merchant, number=short).update(
                state=OrderState.ON_HOLD, hold_reason="out_of_stock"
            )
        make.order(sold[0])

        assert found(merchant, OrderFilter(exception="any")) == [short]
        assert found(merchant, OrderFilter(exception="out_of_stock")) == [short]
        assert found(merchant, OrderFilter(exception="late_payment")) == []

    def test_by_period(self, merchant, sold):
        old, new = make.order(sold[0]).number, make.order(sold[0]).number
        ago = datetime.now(UTC) - timedelta(days=40)
        with acting_as(merchant):
            Order.objects.filter(merchant_id=merchant, number=old).update(created_at=ago)

        since = datetime.now(UTC) - timedelta(days=7)
        assert found(merchant, OrderFilter(since=since)) == [new]
        assert found(merchant, OrderFilter(until=since)) == [old]
        long = OrderFilter(since=ago - timedelta(days=1))
        assert found(merchant, long) == [new, old]
        assert found(merchant, long, sort=Sort.OLDEST) == [old, new]

    def test_unpaid_past_their_time_read_as_cancelled(self, merchant, sold, settings):
        late = make.order(sold[0]).number
        closed = make.order(sold[0]).number
        operations.cancel_order(merchant_id=merchant, number=closed, actor=SYSTEM)

        with time_shifted(settings, 100_000):
            assert found(merchant, OrderFilter(state=OrderState.PENDING)) == []
            assert found(merchant, OrderFilter(state=OrderState.CANCELLED)) == [closed, late]
            counts = queries.counts_by_state(merchant_id=merchant)
        assert counts[OrderState.CANCELLED].count == 2
        assert counts[OrderState.PENDING].count == 0


class TestWalks:
    @pytest.mark.parametrize(
        "where",
        [
            OrderFilter(),
            OrderFilter(state=OrderState.PENDING),
            OrderFilter(since=datetime(2020, 1, 1, tzinfo=UTC)),
            OrderFilter(since=datetime.now(UTC) - timedelta(days=2)),
            OrderFilter(amount_min_minor=1),
            OrderFilter(channel="shop"),
        ],
    )
    def test_pages_meet_each_order_once_in_each_sort(self, merchant, sold, where):
        placed = {make.order(sold[at % 2]).number for at in range(7)}

        for sort in sorts_of(where):
            met, cursor = [], ""
            while True:
                page = queries.orders_page(
                    merchant_id=merchant, where=where, sort=sort, cursor=cursor, limit=2
                )
                met += [row.number for row in page.rows]
                cursor = page.next_cursor
                if not cursor:
                    break
            assert len(met) == 7
            assert set(met) == placed

    def test_a_jobs_walk_stands_still_and_meets_what_it_changes_once(self, merchant, sold):
        first = [make.order(sold[0]).number for _ in range(5)]
        where = queries.frozen(
            merchant_id=merchant,
            where=OrderFilter(state=OrderState.PENDING, period=Period.TODAY),
            now=datetime.now(UTC),
            zone=ZONE,
        )
        where = from_stored(where.stored())
        make.order(sold[0])

        met, after = [], ""
        while True:
            page = queries.matching(merchant_id=merchant, where=where, after=after, most=2)
            for order in page.orders:
                met.append(order.number)
                operations.cancel_order(merchant_id=merchant, number=order.number, actor=SYSTEM)
            after = page.after
            if not after:
                break

        assert met == first
        left = queries.count_up_to(
            merchant_id=merchant, where=OrderFilter(state=OrderState.PENDING)
        )
        assert (left.count, left.is_more) == (1, False)

    def test_counts_end_where_they_are_told(self, merchant, sold):
        for _ in range(3):
            make.order(sold[0])

        counted = queries.count_up_to(merchant_id=merchant, where=OrderFilter(), most=2)

        assert (counted.count, counted.is_more) == (2, True)

    def test_sums_say_count_amount_and_units(self, merchant, sold):
        numbers = (make.order(sold[0], 2).number, make.order(sold[1]).number)
        make.order(sold[0])

        totals = queries.totals(merchant_id=merchant, where=OrderFilter(numbers=numbers))

        assert totals.amounts == (Money(7_000, "CNY"),)
        assert (totals.count, totals.units, totals.is_more) == (2, 3, False)

    def test_a_cursor_of_another_sort_is_refused(self, merchant):
        for cursor in ("nonsense", make_cursor(1), make_cursor(-1, 2), make_cursor(2**70, 1)):
            with pytest.raises(BadCursor):
                queries.orders_page(
                    merchant_id=merchant, where=OrderFilter(amount_min_minor=1), cursor=cursor
                )

    def test_another_merchants_orders_are_never_met(self, merchant, other_merchant, sold):
        make.order(sold[0])

        assert found(other_merchant, OrderFilter()) == []
        assert found(other_merchant, OrderFilter(sku=sold[0].sku.uid)) == []
