"""H1: what customers bought, kept by a job: no sale writes it, and it is what the orders say."""

from datetime import timedelta
from functools import partial

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.customers import operations as customers
from kacang.customers import queries
from kacang.customers.finding.filters import CustomerFilter
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.customers import figures, linking, reading
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.payments import queries as payments
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle
from tests.threads import at_once
from tests.transactions import let_others_end

STAFF = Actor(kind="person", id=1, label="lu@example.com")
OWNER = Actor(kind="user", id=1, label="owner@example.com")
LIN = Contact(email="lin@example.com")
PRICE = 1999


class Shop:
    """A shop whose buyers agree to be remembered."""

    def __init__(self, merchant):
        self.merchant = merchant
        self.account = make.account(merchant)
        self.stocked = make.sku(merchant, cards=30)

    def place(self, contact=LIN):
        placed = make.order(self.stocked, contact=contact)
        linking.remember_buyer(
            merchant_id=self.merchant, number=placed.number, way=ConsentWay.CHECKOUT
        )
        return placed

    def pay(self, placed):
        settle(self.account, make.notice(placed))

    def buy(self, contact=LIN):
        placed = self.place(contact)
        self.pay(placed)
        return placed.number

    def refund(self, number, minor=None):
        wish = RefundWish(
            amount=None if minor is None else Money(minor), reason="坏卡", way=RefundWay.BY_HAND
        )
        return orders.request_refund(
            merchant_id=self.merchant, number=number, wish=wish, actor=OWNER, role="owner"
        )

    def keep(self):
        """Let the job come by once whatever happened can be looked at."""
        let_others_end()
        return figures.keep_figures(merchant_id=self.merchant)

    def kept(self, contact=LIN):
        (row,) = queries.customers_page(merchant_id=self.merchant, contact=contact).rows
        return row.paid_orders, row.spent.minor

    def live(self, contact=LIN):
        (row,) = queries.customers_page(merchant_id=self.merchant, contact=contact).rows
        said = reading.bought(merchant_id=self.merchant, customer_ids=[row.id])[row.id]
        return said.orders, sum(amount.minor for amount in said.amounts)


@pytest.fixture
def shop(merchant):
    return Shop(merchant)


class TestKeeping:
    def test_is_what_the_orders_say_after_each_thing_that_happens(self, shop):
        first = shop.place()
        shop.keep()
        assert shop.kept() == (0, 0)
        (row,) = queries.customers_page(merchant_id=shop.merchant).rows
        assert row.last_order_at is not None

        shop.pay(first)
        assert shop.kept() == (0, 0)
        shop.keep()
        assert shop.kept() == shop.live() == (1, PRICE)
        shop.buy()
        shop.keep()
        assert shop.kept() == shop.live() == (2, 2 * PRICE)
        shop.refund(first.number, 500)
        shop.keep()
        assert shop.kept() == shop.live() == (2, 2 * PRICE - 500)

    def test_done_again_changes_nothing_and_looks_at_nobody(self, shop):
        shop.buy()
        shop.keep()

        assert [shop.keep(), shop.keep()] == [0, 0]
        assert shop.kept() == (1, PRICE)

    def test_where_nothing_happened_nothing_is_written(self, shop, other_merchant):
        shop.buy()
        shop.keep()
        shop.keep()

        with CaptureQueriesContext(connection) as ran:
            shop.keep()
            figures.keep_figures(merchant_id=other_merchant)

        said = " ".join(one["sql"] for one in ran)
        assert "update customer" not in said
        assert "insert into" not in said
        assert "customer_mark where" not in said

    def test_looks_only_at_those_to_whose_orders_something_happened(self, shop):
        shop.buy()
        shop.buy(Contact(email="wang@example.com"))
        shop.keep()

        shop.buy()

        assert shop.keep() == 1

    def test_many_sales_refunds_and_runs_at_once_end_in_what_the_orders_say(self, shop):
        numbers = [shop.buy() for _ in range(6)]

        at_once(
            [
                *(shop.buy for _ in range(6)),
                *(lambda number=number: shop.refund(number, 100) for number in numbers),
                *(partial(figures.keep_figures, merchant_id=shop.merchant) for _ in range(8)),
            ]
        )
        shop.keep()

        assert shop.kept() == shop.live() == (12, 12 * PRICE - 600)

    def test_merged_and_forgotten_customers_have_theirs_at_once_or_none(self, shop):
        wang = Contact(email="wang@example.com")
        shop.buy()
        shop.buy(wang)
        shop.keep()
        uids = {
            row.contacts[0].value: row.uid
            for row in queries.customers_page(merchant_id=shop.merchant).rows
        }

        linking.merge_customers(
            merchant_id=shop.merchant, source=uids[wang.email], target=uids[LIN.email],
            actor=STAFF,
        )  # fmt: skip
        shop.keep()
        assert shop.kept() == (2, 2 * PRICE)

        linking.forget_customer(
            merchant_id=shop.merchant, uid=uids[LIN.email], way=ConsentWay.STAFF, actor=STAFF
        )
        shop.keep()
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                "select distinct paid_orders, spent_minor from customer where merchant_id = %s",
                [shop.merchant],
            )
            assert cursor.fetchall() == [(0, 0)]

    def test_does_not_see_what_has_not_ended_and_sees_it_then(self, shop, database):
        """A sale that began before the look and ends after it is counted by the next one."""
        number = shop.buy()
        shop.keep()
        with psycopg.connect(database.dsn("kacang_owner")) as slow:
            slow.execute(
                "update sale_order set refund_minor = 100 where merchant_id = %s and number = %s",
                [shop.merchant, number],
            )
            slow.execute(
                """insert into timeline (merchant_id, order_id, event)
                   select merchant_id, id, 18 from sale_order
                   where merchant_id = %s and number = %s""",
                [shop.merchant, number],
            )
            for _ in range(2):
                figures.keep_figures(merchant_id=shop.merchant)
            slow.commit()
        shop.keep()

        assert shop.kept() == (1, PRICE - 100)

    def test_nobody_of_another_merchant_is_counted(self, shop, other_merchant):
        shop.buy()
        theirs = Shop(other_merchant)
        theirs.buy()

        theirs.keep()

        assert theirs.kept() == (1, PRICE)
        assert shop.kept() == (0, 0)


class TestChecking:
    def test_mends_figures_that_differ_and_says_how_many(self, shop):
        shop.buy()
        shop.buy(Contact(email="wang@example.com"))
        shop.keep()
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                "update customer set spent_minor = 7, paid_orders = 9 where merchant_id = %s"
                " and id = (select min(id) from customer where merchant_id = %s)",
                [shop.merchant, shop.merchant],
            )

        assert figures.check_figures(merchant_id=shop.merchant) == 1
        assert figures.check_figures(merchant_id=shop.merchant) == 0
        assert shop.kept() == shop.live() == (1, PRICE)

    def test_goes_through_all_in_parts(self, shop, monkeypatch):
        monkeypatch.setattr(figures, "AT_ONCE", 1)
        for name in ("a", "b", "c"):
            shop.buy(Contact(email=f"{name}@example.com"))
        shop.keep()
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                "update customer set spent_minor = 7 where merchant_id = %s", [shop.merchant]
            )

        assert figures.check_figures(merchant_id=shop.merchant) == 3

    def test_whoever_is_asked_about_is_counted_anew(self, shop):
        shop.buy()
        shop.keep()
        (row,) = queries.customers_page(merchant_id=shop.merchant).rows

        customers.look_again(merchant_id=shop.merchant, uid=row.uid)

        assert shop.keep() == 1


class TestTracing:
    def test_a_figure_is_the_sum_of_the_orders_that_the_list_shows(self, shop):
        paid = [shop.buy(), shop.buy()]
        shop.place()
        shop.refund(paid[0], 300)
        shop.keep()
        (row,) = queries.customers_page(merchant_id=shop.merchant).rows

        page = reading.orders_of(merchant_id=shop.merchant, customer_id=row.id)

        mine = [one for one in page.rows if one.paid_at is not None]
        assert sum(one.payable.minor for one in mine) - 300 == row.spent.minor
        assert len(mine) == row.paid_orders
        assert max(one.created_at for one in page.rows) == row.last_order_at

    def test_the_list_finds_by_it(self, shop):
        shop.buy()
        shop.buy(Contact(email="wang@example.com"))
        shop.buy(Contact(email="wang@example.com"))
        shop.keep()

        where = CustomerFilter(
            spent_min_minor=2 * PRICE, orders_min=2, since=utc_now() - timedelta(days=1)
        )
        (row,) = queries.find_customers(merchant_id=shop.merchant, where=where).rows
        assert row.contacts[0].value == "wang@example.com"


def test_H1_a_sale_writes_nothing_of_customers(shop):
    placed = shop.place()
    shop.keep()
    uid = payments.accounts(merchant_id=shop.merchant)[0].uid

    with CaptureQueriesContext(connection) as ran:
        orders.settle_notice(account=payments.account_of_uid(uid), notice=make.notice(placed))

    assert not [one["sql"] for one in ran if "customer" in one["sql"]]
    with acting_as(shop.merchant), connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from customer where merchant_id = %s and figures_due", [shop.merchant]
        )
        assert cursor.fetchone() == (0,)
