"""Lists of tracking numbers: read, mapped, judged line by line, sent, taken back (L2, O4)."""

import io
from datetime import timedelta

import pytest
from rustpy_xlsxwriter import write_worksheet

from kacang.orders.batches import operations, queries
from kacang.orders.batches.queries import Outcome
from kacang.orders.errors import LinesRefused, NothingForBatch, TooLateToUndo
from kacang.orders.models import OrderState
from kacang.outbox.work import WorkState
from kacang.shared.clock import utc_now
from kacang.vault.operations import BadFile
from tests.orders.batches.conftest import tracking, workbook
from tests.stock.conftest import ACTOR


def undone(shop, uid: str, *, minutes: int = 1) -> str:
    return operations.undo_batch(
        merchant_id=shop.merchant, actor=ACTOR, uid=uid, reason="表格用错了",
        now=utc_now() + timedelta(minutes=minutes),
    )  # fmt: skip


class TestCheck:
    def test_L2_each_line_is_judged(self, shop):
        sku = shop.nuts()
        good, twice, shipped, other = shop.many(sku, 4)
        unpaid = shop.place((sku, 1))
        number = shop.ship(shipped).tracking_number
        lines = [
            (good.number, "顺丰", "SF1234567890001"),
            ("20261126AAAAAAAAAA", "顺丰", tracking()),
            (shipped.number, "顺丰", tracking()),
            (unpaid.number, "顺丰", tracking()),
            (twice.number, "中通快递", "12"),
            (twice.number, "顺丰", tracking()),
            (twice.number, "顺丰", tracking()),
            (other.number, "飞毛腿", tracking()),
            (other.number, "顺丰", "SF1234567890001"),
            (other.number, "顺丰", number),
            ("", "顺丰", tracking()),
            (other.number, "顺丰", ""),
        ]

        item = shop.checked(workbook(lines))

        assert item.state is WorkState.DONE
        assert (item.result["lines"], item.result["good"], item.result["bad"]) == (12, 2, 10)
        reasons = [(row.line_no, row.reason) for row in shop.rows(item.uid, Outcome.REFUSED)]
        assert reasons == [
            (3, "orders.unknown"),
            (4, "orders.already_shipped"),
            (5, "orders.wrong_state"),
            (6, "logistics.bad_tracking_number"),
            (8, "batches.number_twice"),
            (9, "logistics.unknown_courier"),
            (10, "batches.tracking_twice"),
            (11, "batches.tracking_in_use"),
            (12, "batches.no_number"),
            (13, "batches.no_tracking"),
        ]
        assert shop.state(good) is OrderState.PAID, "a look sends nothing"

    def test_L2_columns_are_guessed_by_heading_or_by_what_they_hold(self, shop):
        sku = shop.nuts()
        one, two, three = shop.many(sku, 3)
        named = workbook(
            [("x", tracking(), one.number, "顺丰")], ("备注", "快递单号", "订单编号", "快递公司")
        )
        bare = f"{two.number},sf,{tracking()}\n".encode()
        pasted = f"{three.number}\t{tracking()}\n".encode()

        found = [
            shop.checked(named),
            shop.checked(bare, "a.csv"),
            shop.checked(pasted, "pasted.txt", courier="sf"),
        ]

        assert [item.result["good"] for item in found] == [1, 1, 1]
        assert found[0].result["columns"] == {"number": 2, "tracking": 1, "courier": 3}
        assert [item.result["has_header"] for item in found] == [True, False, False]

    def test_L2_a_person_may_say_the_columns(self, shop):
        (one,) = shop.many(shop.nuts(), 1)
        body = workbook([("甲", one.number, tracking())], ("A", "B", "C"))

        item = shop.checked(
            body, courier="sf", columns={"number": 1, "tracking": 2}, has_header=True
        )

        assert item.result["good"] == 1

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("a.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 64),
            ("a.xls", b"%PDF-1.7 nothing"),
            ("a.csv", b"PK\x03\x04 no workbook"),
            ("a.xlsx", b"order,tracking\n1,2\n"),
            ("a.csv", b"MZ\x90\0\x03\0\0\0"),
        ],
    )
    def test_L2_a_file_that_lies_about_its_type_is_refused(self, shop, name, body):
        item = shop.checked(body, name)

        assert item.state is WorkState.FAILED
        assert item.error == BadFile.code
        assert shop.rows(item.uid) == []

    def test_L2_a_long_number_that_the_spreadsheet_cut_is_refused(self, shop):
        (one,) = shop.many(shop.nuts(), 1)
        body = io.BytesIO()
        write_worksheet([{"订单号": one.number, "运单号": 1234567890123456.0}], body)

        item = shop.checked(body.getvalue(), courier="yto")

        assert item.result["reasons"] == {"batches.precision": 1}


class TestSend:
    def test_L2_fifty_are_sent_and_three_wrong_lines_stay(self, shop):
        paid = shop.many(shop.nuts(), 50)
        lines = [(one.number, "顺丰", tracking()) for one in paid]
        lines[3] = (lines[3][0], "顺丰", "错的")
        lines[7] = ("20261126AAAAAAAAAA", "顺丰", tracking())
        lines[11] = (lines[11][0], "没有", tracking())

        check = shop.checked(workbook(lines))
        item = shop.run(shop.sent(check))

        assert (item.result["changed_orders"], item.result["refused"]) == (47, 0)
        states = [shop.state(one) for one in paid]
        assert states.count(OrderState.SHIPPED) == 47
        assert [at for at, state in enumerate(states) if state is OrderState.PAID] == [3, 7, 11]
        assert shop.wrong() == []

    def test_L2_all_or_nothing_sends_nothing_where_a_line_is_wrong(self, shop):
        one, two = shop.many(shop.nuts(), 2)
        check = shop.checked(
            workbook([(one.number, "顺丰", tracking()), (two.number, "顺丰", "1")])
        )

        with pytest.raises(LinesRefused):
            shop.sent(check, whole=True)

        assert {shop.state(one), shop.state(two)} == {OrderState.PAID}

    def test_L2_of_a_list_without_a_good_line_nothing_is_started(self, shop):
        check = shop.checked(workbook([("x", "顺丰", "1")]))

        with pytest.raises(NothingForBatch):
            shop.sent(check)

    def test_O4_the_same_list_sent_twice_sends_each_once(self, shop):
        paid = shop.many(shop.nuts(), 5)
        check = shop.checked(workbook([(one.number, "顺丰", tracking()) for one in paid]))
        first, second = shop.sent(check), shop.sent(check)

        done = [shop.run(uid).result["changed_orders"] for uid in (first, second)]

        assert done == [5, 0]
        assert shop.ended(second).result["reasons"] == {"orders.already_shipped": 5}
        assert all(len(shop.parcels(one)) == 1 for one in paid)

    def test_L2_an_order_that_changed_since_the_look_stops_no_other(self, shop):
        one, two = shop.many(shop.nuts(), 2)
        check = shop.checked(
            workbook([(one.number, "顺丰", tracking()), (two.number, "顺丰", tracking())])
        )
        shop.hand_over(one)

        item = shop.run(shop.sent(check, whole=True))

        assert (item.result["changed_orders"], item.result["refused"]) == (1, 1)
        assert shop.state(two) is OrderState.SHIPPED
        assert shop.wrong() == []


class TestUndo:
    def test_L2_is_taken_back_while_nobody_was_told(self, shop):
        paid = shop.many(shop.nuts(), 3)
        check = shop.checked(workbook([(one.number, "顺丰", tracking()) for one in paid]))
        uid = shop.sent(check)
        shop.run(uid)
        assert queries.undo_until(shop.ended(uid)) is not None
        shop.arrive(paid[0])

        item = shop.run(undone(shop, uid))

        assert (item.result["changed_orders"], item.result["refused"]) == (2, 1)
        states = [shop.state(one) for one in paid]
        assert states == [OrderState.DELIVERED, OrderState.PAID, OrderState.PAID]
        assert shop.wrong() == []
        assert undone(shop, uid) == item.uid

    def test_L2_after_ten_minutes_it_is_too_late(self, shop):
        paid = shop.many(shop.nuts(), 1)
        check = shop.checked(workbook([(paid[0].number, "顺丰", tracking())]))
        uid = shop.sent(check)
        shop.run(uid)

        with pytest.raises(TooLateToUndo):
            undone(shop, uid, minutes=11)

        assert shop.state(paid[0]) is OrderState.SHIPPED
