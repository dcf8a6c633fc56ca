"""H1: a customer's orders, once they agreed; merged and forgotten with their customer."""

import pytest

from kacang.customers import queries
from kacang.customers.operations import BadCustomer, ConsentWay, UnknownCustomer
from kacang.merchants.audit import Actor
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.customers import linking, reading
from kacang.orders.errors import UnknownOrder
from kacang.payments import queries as payments
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from tests import make
from tests.threads import at_once

STAFF = Actor(kind="person", id=1, label="lu@example.com")
LIN = Contact(email="lin@example.com")


@pytest.fixture
def stocked(merchant):
    make.account(merchant)
    return make.sku(merchant, cards=9)


def buy(stocked, contact=LIN, *, paid=True, remember=True, **words):
    placed = make.order(stocked, contact=contact)
    if paid:
        (account,) = payments.accounts(merchant_id=stocked.merchant_id)
        orders.settle_notice(
            account=payments.account_of_uid(account.uid), notice=make.notice(placed)
        )
    if remember:
        linking.remember_buyer(
            merchant_id=stocked.merchant_id, number=placed.number, way=ConsentWay.CHECKOUT, **words
        )
    return placed.number


def only(merchant):
    (row,) = queries.customers_page(merchant_id=merchant).rows
    return row


class TestLinking:
    def test_H1_nobody_is_kept_who_did_not_agree(self, merchant, stocked):
        buy(stocked, remember=False)

        assert queries.customers_page(merchant_id=merchant).rows == ()

    def test_H1_orders_gather_and_their_sums_are_those_of_the_rows(self, merchant, stocked):
        numbers = [buy(stocked), buy(stocked), buy(stocked, paid=False)]
        buy(stocked, Contact(email="wang@example.com"), remember=False)
        customer = only(merchant)

        found = reading.orders_of(merchant_id=merchant, customer_id=customer.id)
        sums = reading.bought(merchant_id=merchant, customer_ids=[customer.id])[customer.id]

        assert [row.number for row in found.rows] == numbers[::-1]
        assert sums.orders == 2
        assert sums.amounts == (Money(2 * 1999),)

    def test_H1_pages_go_on_where_the_last_ended(self, merchant, stocked):
        numbers = [buy(stocked, paid=False) for _ in range(5)]
        customer = only(merchant)
        first = reading.orders_of(merchant_id=merchant, customer_id=customer.id, limit=3)
        second = reading.orders_of(
            merchant_id=merchant, customer_id=customer.id, before=first.next_before, limit=3
        )

        assert [row.number for row in (*first.rows, *second.rows)] == numbers[::-1]
        assert second.next_before == 0

    def test_H1_the_same_order_twice_and_at_once_is_linked_once(self, merchant, stocked):
        number = buy(stocked, remember=False)

        def remember():
            return linking.remember_buyer(
                merchant_id=merchant, number=number, way=ConsentWay.CHECKOUT
            )

        assert at_once([remember] * 16) == [True] * 16
        found = reading.orders_of(merchant_id=merchant, customer_id=only(merchant).id)
        assert [row.number for row in found.rows] == [number]

    def test_H1_an_address_that_was_proved_counts_more_than_one_that_was_typed(
        self, merchant, stocked
    ):
        buy(stocked, Contact(email="typo@example.com"), proved=LIN.email)

        (contact,) = only(merchant).contacts
        assert contact.value == LIN.email
        assert contact.verified_at is not None

    def test_H1_an_order_without_an_address_has_no_customer(self, merchant, stocked):
        placed = make.order(stocked, contact=Contact(), password="secret-1")

        assert not linking.remember_buyer(
            merchant_id=merchant, number=placed.number, way=ConsentWay.CHECKOUT
        )
        with pytest.raises(UnknownOrder):
            linking.remember_buyer(merchant_id=merchant, number="X", way=ConsentWay.CHECKOUT)


class TestMergingAndForgetting:
    def test_H1_merging_brings_all_over(self, merchant, stocked):
        buy(stocked)
        buy(stocked, Contact(email="wang@example.com"))
        wang, lin = queries.customers_page(merchant_id=merchant).rows

        moved = linking.merge_customers(
            merchant_id=merchant, source=wang.uid, target=lin.uid, actor=STAFF
        )

        assert moved == 1
        assert only(merchant).uid == lin.uid
        assert len(only(merchant).contacts) == 2
        sums = reading.bought(merchant_id=merchant, customer_ids=[lin.id])[lin.id]
        assert sums.orders == 2
        with pytest.raises(UnknownCustomer):
            linking.merge_customers(
                merchant_id=merchant, source=wang.uid, target=lin.uid, actor=STAFF
            )
        with pytest.raises(BadCustomer):
            linking.merge_customers(
                merchant_id=merchant, source=lin.uid, target=lin.uid, actor=STAFF
            )

    def test_H1_a_merge_and_a_purchase_at_once_lose_nothing(self, merchant, stocked):
        buy(stocked)
        buy(stocked, Contact(email="wang@example.com"))
        wang, lin = queries.customers_page(merchant_id=merchant).rows
        numbers = [buy(stocked, Contact(email="wang@example.com"), remember=False) for _ in "abc"]

        def remember(number):
            return lambda: linking.remember_buyer(
                merchant_id=merchant, number=number, way=ConsentWay.CHECKOUT
            )

        def merge():
            return linking.merge_customers(
                merchant_id=merchant, source=wang.uid, target=lin.uid, actor=STAFF
            )

        at_once([remember(numbers[0]), merge, *(remember(one) for one in numbers[1:])])
        for number in numbers:
            remember(number)()

        owners = {
            reading.customer_of_order(merchant_id=merchant, number=number) for number in numbers
        }
        assert owners == {lin.id}

    def test_H1_who_is_forgotten_leaves_orders_but_no_address(self, merchant, stocked):
        number = buy(stocked)
        uid = only(merchant).uid

        gone = linking.forget_customer(
            merchant_id=merchant, uid=uid, way=ConsentWay.STAFF, actor=STAFF
        )

        assert gone == 1
        assert queries.customers_page(merchant_id=merchant).rows == ()
        assert queries.customers_page(merchant_id=merchant, contact=LIN).rows == ()
        assert reading.customer_of_order(merchant_id=merchant, number=number) == 0
        assert order_queries.order(merchant_id=merchant, number=number).number == number
        with pytest.raises(UnknownCustomer):
            linking.forget_customer(
                merchant_id=merchant, uid=uid, way=ConsentWay.STAFF, actor=STAFF
            )
        buy(stocked)
        assert only(merchant).uid != uid
