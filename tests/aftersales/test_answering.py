"""X2: "where is my order" is answered by itself, truly, once, and a person is always a tap away."""

import functools
from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kacang.aftersales import errors, operations
from kacang.aftersales.models import Author, CaseEvent, CaseKind, CaseState
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.deadlines import operations as deadlines
from kacang.orders.shipping import operations as shipping
from kacang.orders.shipping.operations import ParcelWish
from kacang.shared.clock import utc_now
from tests import make
from tests.aftersales.cases import CLERK, Sold, later, picture
from tests.aftersales.test_deciding import jobs
from tests.stock.conftest import Make
from tests.threads import at_once


def set_back(merchant, **columns):
    """Have an order's moments lie so many hours earlier."""
    with acting_as(merchant), connection.cursor() as cursor:
        for name, hours in columns.items():
            cursor.execute(
                f"update sale_order set {name} = {name} - make_interval(hours => %s::int)", [hours]
            )


def asked(sold, **more):
    return sold.open(kind=CaseKind.NOT_ARRIVED, text="还没收到", **more)


def told(sold, uid):
    """What the automatic answer says; "" where a person has to look."""
    found = [one.text for one in sold.view(uid).messages if one.author is Author.BOT]
    assert len(found) < 2
    return found[0] if found else ""


@pytest.fixture
def sold(merchant):
    return Sold(merchant, 2)


@pytest.fixture
def goods(merchant):
    shelf = Make(merchant)
    sku = shelf.goods()
    shelf.received(sku, 3, cost=700)
    made = SimpleNamespace(merchant_id=merchant, sku=SimpleNamespace(uid=sku))
    return Sold(merchant, 2, made=made)


class TestSaid:
    def test_codes_that_were_delivered(self, sold):
        uid = asked(sold)

        assert "的卡密已于" in told(sold, uid)
        assert "可在订单页查看" in told(sold, uid)
        assert told(sold, uid).endswith("请点「转人工」。")

    def test_in_the_buyers_language(self, merchant):
        sold = Sold(merchant, 1, language="en")

        assert "Video was delivered on" in told(sold, asked(sold))

    def test_goods_that_are_got_ready_with_the_promised_time(self, goods):
        assert "正在备货，预计不晚于 " in told(goods, asked(goods))

    def test_goods_that_are_late_get_a_person_at_once(self, merchant, goods):
        set_back(merchant, paid_at=24 * 30)

        uid = asked(goods)

        assert told(goods, uid) == ""
        assert goods.view(uid).row.state is CaseState.NEW
        assert jobs(merchant) == ["aftersales.tell_opened"]

    def test_where_the_parcel_is(self, merchant, goods):
        shipping.ship_order(
            merchant_id=merchant, number=goods.number, wish=ParcelWish("sf", "SF1234567890123"),
            actor=CLERK,
        )  # fmt: skip

        uid = asked(goods)

        assert "顺丰" in told(goods, uid)
        assert "SF1234567890123，正在运输途中" in told(goods, uid)

    def test_a_parcel_that_has_come(self, merchant, goods):
        shipping.ship_order(
            merchant_id=merchant, number=goods.number, wish=ParcelWish("sf", "SF1234567890123"),
            actor=CLERK,
        )  # fmt: skip
        shipping.confirm_arrival(merchant_id=merchant, number=goods.number, actor=CLERK)

        assert "已于 " in told(goods, asked(goods))
        assert "签收" in told(goods, goods.open(kind=CaseKind.NOT_ARRIVED, places=goods.places[1:]))

    def test_goods_that_were_handed_over(self, merchant, goods):
        orders.hand_over(merchant_id=merchant, number=goods.number, actor=CLERK)

        assert "交付。" in told(goods, asked(goods))

    def test_what_waits_for_stock(self, merchant):
        made = make.sku(merchant, cards=1)
        sold = Sold(merchant, 1, made=made)
        late = make.order(make.sku(merchant, cards=1))
        orders.cancel_order(merchant_id=merchant, number=late.number, actor=SYSTEM)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update card set state = 8 where state = 0")
        orders.settle_notices(account=make.account_of(late, merchant), notices=[make.notice(late)])
        waiting = Sold.__new__(Sold)
        waiting.merchant, waiting.number = merchant, late.number
        waiting.places = tuple((line.id, 1) for line in waiting.order.lines)

        assert sold.number != late.number
        assert "到货后自动发放" in told(waiting, asked(waiting))


class TestWhen:
    @pytest.mark.parametrize(
        "text", ["我的订单到哪了？", "什么时候发货", "Where is my order?", "一直没收到"]
    )
    def test_words_ask_it_too(self, sold, text):
        assert told(sold, sold.open(kind=CaseKind.OTHER, text=text))

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (CaseKind.NOT_WORKING, "什么时候发货的卡密？无法使用"),
            (CaseKind.OTHER, "卡密面值不对"),
            (CaseKind.OTHER, "物流" * 101),
        ],
    )
    def test_anything_else_gets_a_person(self, sold, kind, text):
        uid = sold.open(kind=kind, text=text)

        assert told(sold, uid) == ""
        assert sold.view(uid).row.state is CaseState.NEW

    def test_who_shows_something_gets_a_person(self, sold):
        assert told(sold, sold.open(kind=CaseKind.OTHER, text="没收到", files=[picture()])) == ""

    def test_only_where_the_merchant_wants_it(self, merchant, sold):
        change_settings(merchant_id=merchant, values={"case_bot": False}, actor=SYSTEM)

        assert told(sold, asked(sold)) == ""

    def test_staff_are_not_called_for_it(self, merchant, sold):
        asked(sold)

        assert jobs(merchant) == []


class TestPerson:
    def test_is_a_tap_away_with_all_of_the_shops_time(self, merchant, sold):
        uid = asked(sold)
        row = sold.view(uid).row
        assert (row.state, row.due_at) == (CaseState.BUYERS, None)
        later(merchant, uid, hours=40)

        operations.ask_person(**sold.mine(uid))

        found = sold.view(uid)
        assert found.row.state is CaseState.OURS
        assert found.row.due_at is not None
        assert found.row.due_at == found.entries[-1].at + timedelta(hours=12)
        assert found.entries[-1].event is CaseEvent.PERSON_ASKED
        assert jobs(merchant) == ["aftersales.tell_written"]

    def test_is_called_once_however_often_it_is_tapped(self, merchant, sold):
        uid = asked(sold)

        at_once([functools.partial(operations.ask_person, **sold.mine(uid))] * 8)

        assert jobs(merchant) == ["aftersales.tell_written"]
        events = [one.event for one in sold.view(uid).entries]
        assert events.count(CaseEvent.PERSON_ASKED) == 1

    def test_comes_too_when_the_buyer_writes(self, merchant, sold):
        uid = asked(sold)

        operations.write(**sold.mine(uid, text="页面上没有"))

        assert sold.view(uid).row.state is CaseState.OURS
        assert jobs(merchant) == ["aftersales.tell_written"]

    def test_not_for_an_ended_case_nor_another_orders(self, merchant, sold):
        uid = asked(sold)
        other = Sold(merchant, 1)
        with pytest.raises(errors.UnknownCase):
            operations.ask_person(**other.mine(uid))
        operations.close(**sold.mine(uid))
        with pytest.raises(errors.DecidedAlready):
            operations.ask_person(**sold.mine(uid))

    def test_silence_closes_what_was_answered(self, merchant, sold):
        uid = asked(sold)
        later(merchant, uid, days=8)

        operations.look_after(merchant_id=merchant)

        assert sold.view(uid).row.state is CaseState.CLOSED

    def test_opened_again_a_person_comes(self, merchant, sold):
        uid = asked(sold)
        operations.close(**sold.mine(uid))

        operations.reopen(**sold.mine(uid, text="还是没有"))

        assert sold.view(uid).row.state is CaseState.OURS
        assert told(sold, uid)


class TestWorkingHours:
    @pytest.fixture
    def hours(self, merchant, sold):
        """One hour of work a day, not this one: a deadline of 12 hours is 11 to 12 days away."""
        change_settings(merchant_id=merchant, values={"case_working_hours": True}, actor=SYSTEM)
        begins = 60 * ((utc_now().astimezone(ZoneInfo("Asia/Shanghai")).hour + 3) % 23)
        deadlines.set_week(merchant_id=merchant, weekly=[[(begins, begins + 60)]] * 7, actor=SYSTEM)

    def test_deadlines_count_them_alone(self, sold, hours):
        row = sold.view(sold.open()).row

        assert row.due_at is not None
        assert timedelta(days=11) <= row.due_at - row.opened_at <= timedelta(days=12)

    def test_the_clock_stands_still_in_them(self, merchant, sold, hours):
        uid = sold.open()
        before = sold.view(uid).row.due_at
        operations.answer(**sold.theirs(uid, text="请补充", waits=True))
        operations.write(**sold.mine(uid, text="已补充"))

        assert sold.view(uid).row.due_at == before

    def test_without_the_setting_every_hour_counts(self, merchant, sold):
        deadlines.set_week(merchant_id=merchant, weekly=[[(600, 660)]] * 7, actor=SYSTEM)

        row = sold.view(sold.open()).row

        assert row.due_at == row.opened_at + timedelta(hours=12)
