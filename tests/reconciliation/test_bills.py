"""F2: a company's bill beside ours, by day; four kinds of difference; what becomes of each."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection

from kacang.ledger import queries as ledger
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as order_queries
from kacang.orders.types import OrderFilter, OrderState
from kacang.outbox import queries as outbox
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import BillState, DifferenceKind, Resolution
from kacang.shared.money import Money
from tests.reconciliation.conftest import CLERK, PRICE, Shop
from tests.threads import at_once


def books_of(shop: Shop) -> dict[str, int]:
    return {
        line.account.name: line.amount.minor for line in ledger.balances(merchant_id=shop.merchant)
    }


class TestReading:
    def test_a_bill_like_ours_has_no_difference(self, shop):
        numbers = [shop.sell() for _ in range(3)]

        bill = shop.bill(*map(shop.line, numbers))

        assert (bill.state, bill.rows, bill.open) == (BillState.READ, 3, 0)
        (sums,) = bill.sums
        assert (sums.paid, sums.paid_amount, sums.fee) == (3, Money(3 * PRICE), Money(36))
        assert bill.is_fetched

    def test_books_the_companys_fees_once_however_often_it_is_read(self, shop):
        number = shop.sell()
        shop.bill(shop.line(number, fee=12))
        shop.bill(shop.line(number, fee=12))
        assert books_of(shop)["PROVIDER_FEE"] == 12

        shop.bill(shop.line(number, fee=20))

        assert books_of(shop)["PROVIDER_FEE"] == 20
        assert books_of(shop)["CASH_AT_PROVIDER"] == PRICE - 20

    def test_fees_that_come_back_move_the_other_way(self, shop):
        number = shop.sell()

        shop.bill(shop.line(number, fee=-5))

        assert books_of(shop)["PROVIDER_FEE"] == -5

    def test_a_broken_bill_keeps_nothing_and_says_why(self, shop):
        number = shop.sell()
        good = shop.bill(shop.line(number))

        shop.books.bills[shop.day.isoformat()] = [shop.line(number), "nonsense"]
        uid = shop.read()

        assert outbox.work(merchant_id=shop.merchant, uid=uid).error == "payments.bad_notice"
        assert queries.bill(merchant_id=shop.merchant, uid=good.uid).rows == 1

    def test_no_bill_yet_is_tried_again_later(self, shop):
        uid = shop.read()

        assert outbox.work(merchant_id=shop.merchant, uid=uid).error == "payments.no_bill"
        (bill,) = queries.bills(merchant_id=shop.merchant)
        assert (bill.state, bill.problem) == (BillState.FAILED, "payments.no_bill")
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select next_at > clock_timestamp() from bill")
            assert cursor.fetchone() == (True,)

    def test_a_day_that_is_not_over_has_no_bill(self, shop):
        with pytest.raises(operations.DayNotOver):
            operations.fetch_bill(
                merchant_id=shop.merchant,
                account_uid=shop.account.uid,
                day=shop.day + timedelta(days=2),
                actor=CLERK,
            )

    def test_days_are_planned_once(self, shop):
        now = datetime.now(UTC)

        first = operations.plan_bills(merchant_id=shop.merchant, now=now)
        again = operations.plan_bills(merchant_id=shop.merchant, now=now)

        assert (first, again) == (7, 0)

    def test_I2_another_merchant_sees_nothing_of_it(self, shop, other_merchant):
        bill = shop.bill(shop.line(shop.sell()))

        assert queries.bills(merchant_id=other_merchant) == []
        assert operations.heal(merchant_id=other_merchant, bill_uid=bill.uid) == 0
        with pytest.raises(operations.UnknownBill):
            operations.compare_again(merchant_id=other_merchant, bill_uid=bill.uid)


class TestDifferences:
    def test_theirs_only_is_a_lost_callback_and_heals_through_settle(self, shop):
        number = shop.lost()
        bill = shop.bill(shop.line(number))
        (found,) = shop.differences()
        assert (found.kind, found.theirs, found.ours) == (
            DifferenceKind.THEIRS_ONLY, Money(PRICE), None,
        )  # fmt: skip

        assert shop.heal(bill) == 1

        assert shop.differences() == []
        (healed,) = shop.differences(is_open=False)
        assert healed.resolution is Resolution.HEALED
        page = order_queries.orders_page(merchant_id=shop.merchant, where=OrderFilter())
        assert [row.state for row in page.rows] == [OrderState.DELIVERED]

    def test_ours_only(self, shop):
        number = shop.sell()

        shop.bill()

        (found,) = shop.differences()
        assert (found.kind, found.provider_number) == (DifferenceKind.OURS_ONLY, f"mp-{number}")
        assert (found.theirs, found.ours) == (None, Money(PRICE))

    def test_ours_only_heals_when_another_days_bill_has_it(self, shop):
        number = shop.sell()
        shop.bill()
        day = shop.day - timedelta(days=1)
        shop.books.bills[day.isoformat()] = [shop.line(number)]

        uid = operations.fetch_bill(
            merchant_id=shop.merchant, account_uid=shop.account.uid, day=day, actor=CLERK
        )
        operations.run_read(merchant_id=shop.merchant, work_uid=uid)

        assert shop.differences() == []

    def test_amount_and_state(self, shop):
        dearer, failed = shop.sell(), shop.sell()

        shop.bill(shop.line(dearer, fen=PRICE + 1), shop.line(failed, state="failed"))

        kinds = {found.kind: found for found in shop.differences()}
        assert set(kinds) == {DifferenceKind.AMOUNT, DifferenceKind.STATE}
        amount = kinds[DifferenceKind.AMOUNT]
        assert (amount.theirs, amount.ours) == (Money(PRICE + 1), Money(PRICE))

    def test_what_failed_there_and_is_unknown_here_is_no_difference(self, shop):
        assert shop.bill(shop.line("Nobody1234", state="failed")).open == 0

    def test_a_row_that_stands_twice_is_matched_once(self, shop):
        number = shop.sell()

        shop.bill(shop.line(number), shop.line(number))

        (found,) = shop.differences()
        assert (found.kind, found.line) == (DifferenceKind.THEIRS_ONLY, 2)

    def test_reading_again_finds_the_same_and_nothing_twice(self, shop):
        number = shop.sell()
        for _ in range(2):
            shop.bill(shop.line("Nobody1234"), shop.line(number, fen=5))

        assert len(shop.differences(is_open=None)) == 2

    def test_two_workers_reading_the_same_day_give_one_result(self, shop):
        lost, sold = shop.lost(), shop.sell()
        shop.books.bills[shop.day.isoformat()] = [shop.line(lost, fee=7), shop.line(sold, fee=7)]
        uids = [
            operations.fetch_bill(
                merchant_id=shop.merchant, account_uid=shop.account.uid, day=shop.day, actor=CLERK
            )
            for _ in range(4)
        ]

        at_once(
            [partial(operations.run_read, merchant_id=shop.merchant, work_uid=uid) for uid in uids]
        )

        (bill,) = queries.bills(merchant_id=shop.merchant)
        assert (bill.state, bill.rows, bill.open) == (BillState.READ, 2, 1)
        assert books_of(shop)["PROVIDER_FEE"] == 14
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select count(*), count(distinct reading) from bill_row")
            assert cursor.fetchone() == (2, 1)


class TestResolving:
    def test_is_explained_with_a_note_and_may_be_reopened(self, shop):
        shop.bill(shop.line("Nobody1234"))
        (found,) = shop.differences()
        with pytest.raises(operations.NoteNeeded):
            operations.explain(merchant_id=shop.merchant, ids=[found.id], note=" ", actor=CLERK)

        ids = [found.id]
        done = [
            operations.explain(merchant_id=shop.merchant, ids=ids, note="线下退回", actor=CLERK)
            for _ in range(2)
        ]

        assert done == [1, 0]
        (explained,) = shop.differences(is_open=False)
        assert (explained.note, explained.resolved_by) == ("线下退回", CLERK.label)
        operations.reopen(merchant_id=shop.merchant, difference_id=found.id, actor=CLERK)
        assert len(shop.differences()) == 1

    def test_money_of_nobody_is_taken_in_and_stands_in_suspense(self, shop):
        shop.bill(shop.line("Nobody1234"))
        (found,) = shop.differences()

        for _ in range(2):
            operations.take_in(merchant_id=shop.merchant, difference_id=found.id, actor=CLERK)

        assert shop.differences() == []
        assert books_of(shop)["SUSPENSE"] == -PRICE
        (taken,) = shop.differences(is_open=False)
        assert taken.resolution is Resolution.TAKEN_IN

    def test_L5_an_orders_money_is_taken_in_like_any_other(self, shop):
        number = shop.lost()
        shop.bill(shop.line(number))
        (found,) = shop.differences()

        operations.take_in(merchant_id=shop.merchant, difference_id=found.id, actor=CLERK)

        page = order_queries.orders_page(merchant_id=shop.merchant, where=OrderFilter())
        assert [row.state for row in page.rows] == [OrderState.DELIVERED]

    def test_what_a_person_sent_proves_no_money(self, shop, merchant):
        number = shop.lost()
        text = "type,no,serial,refund,fen,fee,at,state\n" + shop.line(number) + "\n"
        file = shop.upload(text.encode())
        uid = operations.upload_bill(
            merchant_id=merchant, account_uid=shop.account.uid, day=shop.day, file_uid=file,
            actor=CLERK,
        )  # fmt: skip
        operations.run_read(merchant_id=merchant, work_uid=uid)
        (found,) = shop.differences()

        with pytest.raises(operations.NotProven):
            operations.take_in(merchant_id=merchant, difference_id=found.id, actor=CLERK)

        assert not found.is_proven
        assert shop.heal(queries.bills(merchant_id=merchant)[0]) == 1
        assert shop.differences() == []


class TestClosing:
    def test_a_day_with_differences_stays_open(self, shop):
        bill = shop.bill(shop.line("Nobody1234"))

        with pytest.raises(operations.OpenDifferences):
            operations.close_day(merchant_id=shop.merchant, bill_uid=bill.uid, actor=CLERK)

    def test_a_closed_day_changes_no_more(self, shop):
        bill = shop.bill(shop.line("Nobody1234"))
        (found,) = shop.differences()
        ids = [found.id]
        operations.explain(merchant_id=shop.merchant, ids=ids, note="已核实", actor=CLERK)
        operations.close_day(merchant_id=shop.merchant, bill_uid=bill.uid, actor=CLERK)

        calls = [
            lambda: operations.close_day(merchant_id=shop.merchant, bill_uid=bill.uid, actor=CLERK),
            lambda: operations.compare_again(merchant_id=shop.merchant, bill_uid=bill.uid),
            lambda: operations.reopen(
                merchant_id=shop.merchant, difference_id=found.id, actor=CLERK
            ),
            lambda: operations.take_in(
                merchant_id=shop.merchant, difference_id=found.id, actor=CLERK
            ),
            shop.read,
        ]
        for call in calls:
            with pytest.raises(operations.DayClosed):
                call()
        closed = queries.bill(merchant_id=shop.merchant, uid=bill.uid)
        assert (closed.state, closed.closed_by) == (BillState.CLOSED, CLERK.label)
