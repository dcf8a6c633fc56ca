"""H1: customers are narrowed by all that is known of them, together, and read in four orders."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kacang.customers import operations, queries, tags
from kacang.customers.finding import pages
from kacang.customers.finding.filters import CustomerFilter, from_stored, read_query, to_query
from kacang.customers.operations import ConsentWay
from kacang.customers.queries import Sort
from kacang.merchants import operations as merchants
from kacang.shared.clock import utc_now
from kacang.shared.periods import Period
from tests.customers.people import STAFF, a_customer, found

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


@pytest.fixture
def people(merchant):
    """Five people, the newest last; two of them are gold, two have a tag."""
    uids = {
        "an": a_customer(merchant, "an", orders=3, spent=900, days=5 * DAY),
        "bo": a_customer(merchant, "bo", orders=1, spent=5000, days=40 * DAY),
        "chen": a_customer(merchant, "chen", way=ConsentWay.API),
        "ding": a_customer(merchant, "ding", orders=3, spent=900, days=DAY / 24),
        "e": a_customer(merchant, "e", orders=9, spent=-100, days=5 * DAY),
    }
    gold = operations.save_level(merchant_id=merchant, name="金卡", rank=9, actor=STAFF)
    gift = tags.make_tag(merchant_id=merchant, name="企业福利", colour="blue", actor=STAFF)
    for name in ("an", "bo"):
        operations.change(merchant_id=merchant, uid=uids[name], name=name, level=gold, actor=STAFF)
    for name in ("bo", "ding"):
        tags.tag_customer(merchant_id=merchant, uid=uids[name], tag=gift, takes=False, actor=STAFF)
    return {**uids, "gold": gold, "gift": gift}


@pytest.fixture(params=[pages.FEW_MOST, 0], ids=["few lead", "the order is walked"])
def way_of_reading(request, monkeypatch):
    monkeypatch.setattr(pages, "FEW_MOST", request.param)


@pytest.mark.usefixtures("way_of_reading")
class TestFilters:
    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            (Sort.JOINED, ["e", "ding", "chen", "bo", "an"]),
            (Sort.LAST, ["ding", "e", "an", "bo", "chen"]),
            (Sort.SPENT, ["bo", "ding", "an", "chen", "e"]),
            (Sort.ORDERS, ["e", "ding", "an", "bo", "chen"]),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_every_order_has_everybody_once_whatever_the_page(
        self, merchant, people, sort, names, limit
    ):
        if sort is Sort.LAST:
            # Of two at nearly the same moment the later one is first.
            names = [name for name in names if name not in {"an", "e"}]
            got = found(merchant, CustomerFilter(), sort, limit)
            assert [name for name in got if name not in {"an", "e"}] == names
            assert sorted(got) == ["an", "bo", "chen", "ding", "e"]
            return
        assert found(merchant, CustomerFilter(), sort, limit) == names

    @pytest.mark.parametrize("sort", Sort)
    @pytest.mark.parametrize(
        ("narrow", "names"),
        [
            ({"spent_min_minor": 900}, "an bo ding"),
            ({"spent_max_minor": 0}, "chen e"),
            ({"spent_min_minor": 1, "spent_max_minor": 900}, "an ding"),
            ({"orders_min": 3}, "an ding e"),
            ({"orders_min": 0, "orders_max": 1}, "bo chen"),
            ({"since": utc_now() - 10 * DAY}, "an ding e"),
            ({"until": utc_now() - 2 * DAY}, "an bo e"),
            ({"way": "api"}, "chen"),
            ({"email": "bo@example.com"}, "bo"),
            ({"email": "bo@example.com", "orders_min": 2}, ""),
        ],
    )
    def test_each_narrows_in_every_order(self, merchant, people, sort, narrow, names):
        where = CustomerFilter(**narrow)

        assert sorted(found(merchant, where, sort, 2)) == names.split()
        counted = queries.count_up_to(merchant_id=merchant, where=where)
        assert (counted.count, counted.is_more) == (len(names.split()), False)

    @pytest.mark.parametrize("sort", Sort)
    def test_all_hold_together(self, merchant, people, sort):
        gold = CustomerFilter(level=people["gold"])
        gift = CustomerFilter(tag=people["gift"])
        both = CustomerFilter(level=people["gold"], tag=people["gift"], orders_max=5)

        assert sorted(found(merchant, gold, sort, 1)) == ["an", "bo"]
        assert sorted(found(merchant, gift, sort, 1)) == ["bo", "ding"]
        assert found(merchant, both, sort, 1) == ["bo"]
        assert queries.count_up_to(merchant_id=merchant, where=both).count == 1

    @pytest.mark.parametrize(
        "where",
        [
            CustomerFilter(level="lvl_none"),
            CustomerFilter(tag="tag_none"),
            CustomerFilter(email="-"),
            CustomerFilter(uids=("cus_none",)),
        ],
    )
    def test_what_there_is_not_finds_nobody(self, merchant, people, where):
        assert found(merchant, where) == []
        assert queries.count_up_to(merchant_id=merchant, where=where).count == 0

    def test_who_is_forgotten_or_merged_is_found_by_nothing(self, merchant, people):
        operations.empty(merchant_id=merchant, uid=people["bo"], way=ConsentWay.STAFF, actor=STAFF)

        for where in (CustomerFilter(), CustomerFilter(uids=(people["bo"],)),
                      CustomerFilter(tag=people["gift"])):  # fmt: skip
            assert "bo" not in found(merchant, where)

    def test_nobody_of_another_merchant_is_found(self, merchant, other_merchant, people):
        for sort in Sort:
            assert found(other_merchant, CustomerFilter(), sort) == []
        for narrow in ({"tag": people["gift"]}, {"level": people["gold"]},
                       {"uids": (people["an"],)}, {"email": "an@example.com"}):  # fmt: skip
            assert found(other_merchant, CustomerFilter(**narrow)) == []


class TestCounting:
    def test_ends_where_it_is_told_to(self, merchant, people):
        counted = queries.count_up_to(merchant_id=merchant, where=CustomerFilter(), most=3)

        assert (counted.count, counted.is_more) == (3, True)


class TestCursors:
    @pytest.mark.parametrize("sort", Sort)
    @pytest.mark.parametrize(
        "cursor", ["x", ".", "9.x", "9" * 40 + ".cus_1", "a.b.c", "\0", "-.cus", "²3.cus", "5."]
    )
    def test_nonsense_is_the_start(self, merchant, people, sort, cursor):
        page = queries.find_customers(
            merchant_id=merchant, where=CustomerFilter(), sort=sort, cursor=cursor
        )

        assert len(page.rows) == 5

    def test_of_another_merchant_is_the_start(self, merchant, other_merchant, people):
        theirs = a_customer(other_merchant, "theirs")

        page = queries.find_customers(merchant_id=merchant, where=CustomerFilter(), cursor=theirs)

        assert len(page.rows) == 5


class TestAddresses:
    def test_say_a_filter_and_are_read_back(self):
        where = CustomerFilter(
            level="lvl_1", tag="tag_1", way="api", spent_min_minor=100, spent_max_minor=0,
            orders_min=0, orders_max=7, since=datetime(2026, 11, 1, tzinfo=ZONE),
            until=datetime(2026, 11, 9, tzinfo=ZONE),
        )  # fmt: skip

        said = to_query(where, zone=ZONE, currency="CNY")

        assert said["since"] == "2026-11-01"
        assert said["until"] == "2026-11-08"
        assert read_query(said, zone=ZONE, currency="CNY").where == where
        assert from_stored(where.stored()) == where

    def test_days_that_move_are_put_in_for_the_merchant(self):
        where = read_query({"period": "7d"}, zone=ZONE, currency="CNY").where

        put_in = where.at(datetime(2026, 11, 8, 17, tzinfo=UTC), ZONE)

        assert where.period is Period.WEEK
        assert put_in.since == datetime(2026, 11, 3, tzinfo=ZONE)
        assert from_stored(where.stored()) == where

    @pytest.mark.parametrize(
        "said",
        [
            {"orders": "-1"}, {"orders": "x"}, {"orders": "²"}, {"least": "x"}, {"way": "x"},
            {"period": "x"}, {"since": "2026-13-01"}, {"since": "99999-01-01"},
            {"tag": "x" * 33}, {"level": "\0"},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_named_and_left_out(self, said):
        understood = read_query(said, zone=ZONE, currency="CNY")

        assert understood.problems == tuple(said)
        assert understood.where == CustomerFilter()


def test_H1_the_currency_is_the_merchants(merchant):
    merchants.change_currency(merchant_id=merchant, currency="USD", actor=STAFF)
    a_customer(merchant, "an", spent=5)

    (row,) = queries.find_customers(merchant_id=merchant, where=CustomerFilter()).rows

    assert (row.spent.minor, row.spent.currency) == (5, "USD")
