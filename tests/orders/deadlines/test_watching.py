"""O8: what is late is marked once, told of, and counted; what was in time leaves no breach."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.deadlines import operations, queries
from kacang.orders.deadlines.queries import LATE, MISSED, SOON, MarkFilter, Rule, Stage
from kacang.orders.deadlines.setting import BadHours, BadRule, RuleTaken
from kacang.orders.deadlines.watching import Watched
from kacang.orders.refunding.types import RefundWay, RefundWish
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle

AGO = "update sale_order set paid_at = now() - make_interval(mins => %s) where number = %s"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def watch(shop, **later):
    now = utc_now() + timedelta(**later)
    return operations.watch_deadlines(merchant_id=shop.merchant, now=now)


def marks(shop, show):
    page = queries.marks_page(merchant_id=shop.merchant, where=MarkFilter(show=show))
    return [(row.number, row.stage) for row in page.rows]


class TestDelivery:
    def test_is_told_of_before_it_is_late_then_late_then_over(self, shop):
        placed = shop.short()
        assert watch(shop).near == 0

        shop.run(AGO, 95, placed.number)
        assert watch(shop).near == 1
        assert watch(shop).near == 0
        assert marks(shop, SOON) == [(placed.number, Stage.DELIVERY)]
        assert marks(shop, LATE) == []

        shop.run("update deadline_mark set due_at = now() - interval '1 minute'")
        assert watch(shop).late == 1
        assert watch(shop).late == 0
        assert marks(shop, LATE) == [(placed.number, Stage.DELIVERY)]

        make.stock(shop.sku, 1)
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
        assert watch(shop).over == 1
        assert marks(shop, LATE) == []
        assert marks(shop, MISSED) == [(placed.number, Stage.DELIVERY)]
        missed = queries.missed_of(merchant_id=shop.merchant, numbers=[placed.number])
        assert list(missed) == [placed.number]

    def test_what_was_delivered_just_in_time_was_not_late(self, shop):
        placed = shop.short()
        shop.run(AGO, 119, placed.number)
        watch(shop)
        make.stock(shop.sku, 1)
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)

        assert watch(shop).over == 1
        assert marks(shop, MISSED) == []

    def test_what_was_delivered_late_between_two_looks_was_late(self, shop):
        placed = shop.short()
        shop.run(AGO, 100, placed.number)
        watch(shop)
        shop.run("update deadline_mark set due_at = due_at - interval '21 minutes'")
        make.stock(shop.sku, 1)
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)

        watch(shop)

        assert marks(shop, MISSED) == [(placed.number, Stage.DELIVERY)]

    def test_a_sale_that_is_delivered_at_once_leaves_nothing(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))

        assert watch(shop) == Watched(0, 0, 0)
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select count(*) from deadline_mark")
            assert cursor.fetchone()[0] == 0

    def test_nobody_sees_the_marks_of_another_shop(self, shop, other_merchant):
        placed = shop.short()
        shop.run(AGO, 300, placed.number)
        watch(shop)

        theirs = queries.marks_page(merchant_id=other_merchant, where=MarkFilter(show=MISSED))

        assert theirs.rows == ()
        assert queries.count_marks(merchant_id=shop.merchant, show=LATE) == 1


class TestRefunds:
    def test_an_answer_and_a_payment_have_deadlines_of_their_own(self, shop):
        placed = make.order(shop.sku)
        settle(shop.account, make.notice(placed))
        wish = RefundWish(Money(100), "坏卡", way=RefundWay.BY_HAND)
        asked = orders.request_refund(
            merchant_id=shop.merchant, number=placed.number, wish=wish, actor=SYSTEM, role="api"
        )
        watch(shop, hours=11)
        assert marks(shop, SOON) == [(placed.number, Stage.REFUND_ANSWER)]
        watch(shop, hours=13)
        assert marks(shop, LATE) == [(placed.number, Stage.REFUND_ANSWER)]

        person = shop.person("finance")
        orders.approve_refund(
            merchant_id=shop.merchant, number=asked.numbers[0], actor=person, role="finance"
        )
        watch(shop, hours=2)

        assert marks(shop, LATE) == [(placed.number, Stage.REFUND_PAYMENT)]


class TestRules:
    NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)

    def book(self, merchant):
        return queries.rule_book(merchant_id=merchant)

    def test_a_rule_holds_from_its_day_on_and_is_never_changed(self, merchant):
        later = self.NOW + timedelta(days=3)
        rule = Rule(Stage.DELIVERY, "code", 30, 10, valid_from=later)

        operations.set_rule(merchant_id=merchant, rule=rule, actor=SYSTEM, now=self.NOW)

        book = self.book(merchant)
        assert book.rule(Stage.DELIVERY, "code", self.NOW).minutes == 120
        assert book.rule(Stage.DELIVERY, "code", later).minutes == 30
        assert book.rule(Stage.DELIVERY, "pickup_card", later).minutes == 120
        with pytest.raises(RuleTaken):
            operations.set_rule(merchant_id=merchant, rule=rule, actor=SYSTEM, now=self.NOW)

    def test_one_that_has_begun_is_not_taken_back(self, merchant):
        rule = Rule(Stage.REVIEW, "", 30, valid_from=self.NOW - timedelta(days=9))
        operations.set_rule(merchant_id=merchant, rule=rule, actor=SYSTEM, now=self.NOW)

        def drop(now):
            return operations.drop_rule(
                merchant_id=merchant,
                stage=Stage.REVIEW,
                kind="",
                valid_from=self.NOW,
                actor=SYSTEM,
                now=now,
            )

        assert not drop(self.NOW)
        assert self.book(merchant).rule(Stage.REVIEW, "", self.NOW).minutes == 30
        assert drop(self.NOW - timedelta(minutes=1))
        assert self.book(merchant).rule(Stage.REVIEW, "", self.NOW).minutes == 120

    @pytest.mark.parametrize(
        "rule",
        [
            Rule(Stage.DELIVERY, "", 0),
            Rule(Stage.DELIVERY, "", 10, 10),
            Rule(Stage.DELIVERY, "goods", 10),
            Rule(Stage.REVIEW, "code", 10),
            Rule(Stage.REVIEW, "", 10**9),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, merchant, rule):
        with pytest.raises(BadRule):
            operations.set_rule(merchant_id=merchant, rule=rule, actor=SYSTEM, now=self.NOW)

    def test_hours_and_days_count_where_the_rule_says_so(self, merchant):
        office = ((9 * 60, 18 * 60),)
        week = (office,) * 5 + ((), ())
        operations.set_week(merchant_id=merchant, weekly=week, actor=SYSTEM)
        friday = date(2026, 11, 27)
        operations.set_day(
            merchant_id=merchant, day=friday, name="店庆", as_weekday=None, actor=SYSTEM
        )
        operations.set_day(
            merchant_id=merchant, day=date(2026, 11, 28), name="补班", as_weekday=4, actor=SYSTEM
        )
        rule = Rule(Stage.DELIVERY, "", 120, 0, is_working=True, valid_from=self.NOW)
        operations.set_rule(merchant_id=merchant, rule=rule, actor=SYSTEM, now=self.NOW)
        start = datetime(2026, 11, 26, 17, tzinfo=SHANGHAI)

        due = self.book(merchant).due(Stage.DELIVERY, "code", start)
        assert due == datetime(2026, 11, 28, 10, tzinfo=SHANGHAI)

        operations.forget_day(merchant_id=merchant, day=friday, actor=SYSTEM)
        due = self.book(merchant).due(Stage.DELIVERY, "code", start)
        assert due == datetime(2026, 11, 27, 10, tzinfo=SHANGHAI)

    @pytest.mark.parametrize(
        "week",
        [
            ((),) * 7,
            (((600, 500),),) * 7,
            (((500, 600), (550, 700)),) * 7,
            (((0, 1441),),) * 7,
            (((0, 60),),) * 6,
        ],
    )
    def test_hours_that_cannot_be_are_refused(self, merchant, week):
        with pytest.raises(BadHours):
            operations.set_week(merchant_id=merchant, weekly=week, actor=SYSTEM)


def test_missed_deadlines_are_summed_up_by_day_and_stage(shop):
    for minutes in (130, 150, 170):
        shop.run(AGO, minutes, shop.short().number)
    watch(shop)
    now = utc_now()

    found = queries.missed_days(
        merchant_id=shop.merchant, since=now - timedelta(days=1), until=now, zone="Asia/Shanghai"
    )

    assert sum(day.missed for day in found) == 3
    assert {day.stage for day in found} == {Stage.DELIVERY}
    assert all(day.open == day.missed for day in found)
