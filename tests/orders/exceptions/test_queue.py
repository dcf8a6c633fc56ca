"""O6: what holds an order up is in the queue, once for each kind, and ends when it is over."""

import threading

import psycopg
import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.exceptions import operations, queries, syncing
from kacang.orders.exceptions.queries import Kind
from kacang.orders.exceptions.types import (
    AlreadyClosed,
    AlreadyOpen,
    EndsByItself,
    WordsMissing,
)
from kacang.orders.models import Event, OrderState
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.shared.money import Money
from tests import make
from tests.orders.exceptions.conftest import GONE
from tests.orders.looking import settle

LATER = """
update sale_order set created_at = created_at - interval '11 minutes',
    pay_by = pay_by - interval '11 minutes' where number = %s
"""
FAIL = "update payment set state = 3, ask_at = null where number = %s"


class TestStock:
    def test_an_order_short_of_stock_is_found_and_ends_when_stock_comes(self, shop):
        placed = shop.short()

        assert shop.sync() == 1
        assert shop.kinds() == [(placed.number, Kind.STOCK)]
        assert shop.sync() == 0

        make.stock(shop.sku, 1)
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)

        # In the very transaction that delivered it: nobody had to look.
        assert shop.kinds() == []
        assert shop.closed() == [(placed.number, Kind.STOCK, "delivered")]
        told = shop.events(placed.number)
        assert told[-4:] == [
            Event.EXCEPTION_OPENED,
            Event.REPLENISHED,
            Event.DELIVERED,
            Event.EXCEPTION_CLOSED,
        ]

    def test_stock_that_does_not_suffice_leaves_it_open(self, shop):
        placed = make.order(shop.sku, 2)
        shop.run(GONE)
        settle(shop.account, make.notice(placed))
        shop.sync()

        make.stock(shop.sku, 1)
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)

        assert shop.kinds() == [(placed.number, Kind.STOCK)]
        assert shop.closed() == []

    def test_it_is_due_when_the_order_is_to_be_delivered(self, shop):
        shop.short()
        shop.sync()

        (row,) = shop.queue()

        assert (row.due_at - row.since).total_seconds() == 2 * 3600
        assert row.order_state is OrderState.ON_HOLD

    def test_one_that_waits_again_is_a_new_one(self, shop):
        placed = shop.short()
        shop.sync()
        make.stock(shop.sku, 1)
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
        shop.run("update sale_order set state = 9, hold_reason = 'out_of_stock'")

        shop.sync()

        assert shop.kinds() == [(placed.number, Kind.STOCK)]
        assert len(shop.closed()) == 1


class TestPayment:
    def test_an_unpaid_order_is_told_of_before_its_time_is_over(self, shop):
        placed = make.order(shop.sku)
        assert shop.sync() == 0

        shop.run(LATER, placed.number)
        shop.sync()

        assert shop.kinds() == [(placed.number, Kind.PAYMENT)]
        (row,) = shop.queue()
        assert row.reason == "unpaid"
        settle(shop.account, make.notice(placed))
        shop.sync()
        assert shop.closed() == [(placed.number, Kind.PAYMENT, "delivered")]

    def test_a_payment_that_failed_is_told_of_at_once(self, shop):
        placed = make.order(shop.sku)
        assert placed.payment is not None
        shop.run(FAIL, placed.payment.payment_id)

        shop.sync()

        (row,) = shop.queue()
        assert (row.number, row.kind, row.reason) == (placed.number, Kind.PAYMENT, "failed")

    def test_an_order_that_is_cancelled_needs_nobody_any_more(self, shop):
        placed = make.order(shop.sku)
        assert placed.payment is not None
        shop.run(FAIL, placed.payment.payment_id)
        shop.sync()
        orders.cancel_order(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)

        shop.sync()

        assert shop.closed() == [(placed.number, Kind.PAYMENT, "cancelled")]


class TestRefunds:
    def test_a_request_waits_until_it_is_decided(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))
        wish = RefundWish(Money(100), "坏卡", way=RefundWay.BY_HAND)
        asked = orders.request_refund(
            merchant_id=shop.merchant, number=placed.number, wish=wish, actor=SYSTEM, role="api"
        )
        shop.sync()
        (row,) = shop.queue()
        assert (row.kind, row.reason, row.subject) == (Kind.REFUND, "requested", asked.numbers[0])
        person = shop.person("finance")

        orders.approve_refund(
            merchant_id=shop.merchant, number=asked.numbers[0], actor=person, role="finance"
        )

        # To be paid by hand: the same exception, with another deadline.
        (row,) = shop.queue()
        assert row.reason == "to_pay"
        assert (row.due_at - row.since).total_seconds() == 3600
        orders.finish_by_hand(
            merchant_id=shop.merchant, number=asked.numbers[0], actor=person, note="转账"
        )
        assert shop.closed() == [(placed.number, Kind.REFUND, "settled")]

    def test_a_rejected_request_ends_at_once(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))
        wish = RefundWish(Money(100), "坏卡", way=RefundWay.BY_HAND)
        asked = orders.request_refund(
            merchant_id=shop.merchant, number=placed.number, wish=wish, actor=SYSTEM, role="api"
        )
        shop.sync()

        orders.reject_refund(
            merchant_id=shop.merchant,
            number=asked.numbers[0],
            actor=shop.person("finance"),
            reason="不符合条件",
        )

        assert shop.kinds() == []


class TestSuppliers:
    MAIL = """
    insert into message (merchant_id, uid, channel, event, language, recipient, context, once,
                         state, tries, error, company, account, company_number, parts,
                         price_milli, report_asks, is_asked_for, created_at)
    values (%s, %s, 'email', 'order.delivered', 'zh-Hans', 'b@example.com',
            jsonb_build_object('order', %s::text), %s, 2, 1, 'refused 550', '', '', '', 0,
            0, 0, false, clock_timestamp())
    """

    def delivered(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))
        shop.run(self.MAIL, shop.merchant, f"msg_{placed.number}", placed.number, placed.number)
        return placed

    def test_a_mail_that_came_back_is_a_delivery_that_failed(self, shop):
        placed = self.delivered(shop)

        shop.sync()

        (row,) = shop.queue()
        assert (row.kind, row.reason) == (Kind.SUPPLIER, "mail_failed")
        orders.resend(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
        shop.sync()
        assert shop.closed() == [(placed.number, Kind.SUPPLIER, "sent_again")]

    def test_what_a_person_has_dealt_with_does_not_come_again(self, shop):
        self.delivered(shop)
        shop.sync()
        (row,) = shop.queue()

        operations.resolve(
            merchant_id=shop.merchant, uid=row.uid, words="电话告知", actor=shop.person()
        )
        shop.sync()

        assert shop.queue() == []

    def test_what_nothing_shows_is_reported_and_resolved_by_people(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))
        person = shop.person()
        with pytest.raises(WordsMissing):
            operations.report(
                merchant_id=shop.merchant, number=placed.number, words=" ", actor=person
            )

        uid = operations.report(
            merchant_id=shop.merchant, number=placed.number, words="供货商未发", actor=person
        )

        with pytest.raises(AlreadyOpen):
            operations.report(
                merchant_id=shop.merchant, number=placed.number, words="又", actor=person
            )
        shop.sync()
        assert shop.kinds() == [(placed.number, Kind.SUPPLIER)]
        operations.resolve(merchant_id=shop.merchant, uid=uid, words="已补", actor=person)
        assert shop.closed() == [(placed.number, Kind.SUPPLIER, "resolved")]
        with pytest.raises(AlreadyClosed):
            operations.resolve(merchant_id=shop.merchant, uid=uid, words="已补", actor=person)

    def test_what_ends_by_itself_is_not_ended_by_a_word(self, shop):
        shop.short()
        shop.sync()
        (row,) = shop.queue()

        with pytest.raises(EndsByItself):
            operations.resolve(
                merchant_id=shop.merchant, uid=row.uid, words="好了", actor=shop.person()
            )
        assert len(shop.queue()) == 1


class TestNeverTwo:
    def test_many_who_look_at_once_open_one(self, shop):
        placed = shop.short()

        def look():
            try:
                operations.sync_exceptions(merchant_id=shop.merchant)
            finally:
                connection.close()

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert shop.kinds() == [(placed.number, Kind.STOCK)]
        assert shop.events(placed.number).count(Event.EXCEPTION_OPENED) == 1

    def test_the_database_refuses_a_second_open_one(self, shop, database):
        shop.short()
        shop.sync()

        with (
            psycopg.connect(database.dsn("superuser")) as admin,
            pytest.raises(psycopg.errors.UniqueViolation),
        ):
            admin.execute(
                "insert into order_exception (merchant_id, uid, order_id, kind, since, due_at)"
                " select merchant_id, uid || 'x', order_id, kind, since, due_at"
                " from order_exception where merchant_id = %s",
                [shop.merchant],
            )

    def test_what_crashes_before_its_commit_is_found_the_next_time(self, shop, monkeypatch):
        placed = shop.short()
        real = syncing.open_rows

        def crash(*given, **named):
            real(*given, **named)
            raise RuntimeError("the machine is gone")

        monkeypatch.setattr(syncing, "open_rows", crash)
        with pytest.raises(RuntimeError):
            shop.sync()
        monkeypatch.undo()
        assert shop.kinds() == []

        shop.sync()

        assert shop.kinds() == [(placed.number, Kind.STOCK)]


def test_an_order_knows_its_exceptions(shop):
    placed = shop.short()
    shop.sync()
    order = order_queries.order(merchant_id=shop.merchant, number=placed.number)

    (row,) = queries.exceptions_of_order(merchant_id=shop.merchant, order_id=order.id)

    assert row.number == placed.number
    marks = queries.open_kinds(merchant_id=shop.merchant, numbers=[placed.number])
    assert marks == {placed.number: [Kind.STOCK]}


def test_pages_follow_one_another_by_deadline(shop):
    make.stock(shop.sku, 10)
    numbers = [shop.short().number for _ in range(5)]
    shop.sync()
    seen, cursor = [], ""
    while True:
        page = queries.exceptions_page(
            merchant_id=shop.merchant, where=queries.ExceptionFilter(), cursor=cursor, limit=2
        )
        seen += [row.number for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break

    assert seen == numbers
    for nonsense in ("x", "W10=", "eyJhIjoxfQ"):
        queries.exceptions_page(
            merchant_id=shop.merchant, where=queries.ExceptionFilter(), cursor=nonsense
        )
