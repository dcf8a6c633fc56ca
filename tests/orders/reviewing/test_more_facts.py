"""O9: margin, price, time, a buyer's last hours, region and payment, as rules see them."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kacang.logistics.queries import RecipientView
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.changing import change_price
from kacang.orders.models import OrderState
from kacang.orders.reviewing import conditions, facts, queries
from kacang.orders.reviewing.books import asked_of
from kacang.orders.reviewing.facts import read_facts, regions_in
from kacang.orders.reviewing.queries import Condition, Fact, Facts, Op, RuleBody, Verdict
from kacang.orders.reviewing.types import BadRule, Rule
from kacang.shared.contacts import Contact
from tests import make
from tests.orders.reviewing.conftest import Shop
from tests.orders.reviewing.test_settling import counted
from tests.orders.test_goods import Shop as Goods

HELD = (OrderState.ON_HOLD, "risk_review")
WHOM = RecipientView("林小满", "13800138000", "广东省 深圳市 南山区", "科技园路 1 号 2 栋")
HERE = ZoneInfo("Asia/Shanghai")


def least(fact, number, **more):
    return Condition(fact, Op.AT_LEAST, number=number, **more)


def most(fact, number, **more):
    return Condition(fact, Op.AT_MOST, number=number, **more)


def known(shop, number, *asked):
    """What a rule that looks at these things would be told of an order."""
    rule = Rule(0, "r", 1, is_on=True, body=RuleBody("x", asked))
    order_id = shop.order(number).id
    with acting_as(shop.merchant):
        wanted = asked_of(shop.merchant, [rule])
        return read_facts(shop.merchant, [order_id], wanted)[order_id].facts


class TestMargin:
    def test_is_what_is_paid_less_what_the_cards_cost(self, shop):
        sku = make.sku(shop.merchant, cards=4, price=1000, cost=700)

        found = known(shop, shop.paid(2, sku=sku), least(Fact.MARGIN, 0))

        assert (found.cost, found.margin, found.margin_percent) == (1400, 600, 30)

    def test_cards_of_another_price_count_as_they_cost(self, shop):
        sku = make.sku(shop.merchant, cards=2, price=1000, cost=700)
        shop.rows("update card set cost_minor = 900 where sku_id = %s returning id", sku.sku.pk)

        assert known(shop, shop.paid(2, sku=sku), least(Fact.MARGIN, 0)).cost == 1800

    def test_a_lowered_price_may_be_a_loss(self, shop):
        sku = make.sku(shop.merchant, cards=2, price=1000, cost=700)
        placed = make.order(sku, 1, provider=None)
        change_price(
            merchant_id=shop.merchant, number=placed.number, payable_minor=500, reason="x",
            actor=SYSTEM, role="owner",
        )  # fmt: skip

        found = known(shop, placed.number, least(Fact.MARGIN, 0), most(Fact.DISCOUNT, 0))

        assert (found.margin, found.margin_percent) == (-200, -40)
        assert found.prices == {"lowered"}
        assert found.discount == 50

    def test_where_a_cost_is_not_known_no_condition_on_the_margin_holds(self, shop):
        shop.rule(least(Fact.MARGIN, -100_000), verdict=Verdict.HOLD, name="以上")
        shop.rule(most(Fact.MARGIN_PERCENT, 100), verdict=Verdict.HOLD, name="以下")

        number = shop.paid(1)

        assert shop.state(number)[0] is OrderState.DELIVERED
        shop.rule(Condition(Fact.COST, Op.IS, ("unknown",)), verdict=Verdict.HOLD, name="未知")
        assert shop.state(shop.paid(1)) == HELD

    def test_goods_have_the_cost_that_their_line_kept(self, merchant):
        goods = Goods(merchant)
        nuts = goods.stock.goods()
        goods.stock.received(nuts, 5, cost=700)
        rules = Shop(merchant, goods.account)
        rules.rows("update sku set cost_minor = 300 where uid = %s returning id", nuts)
        placed = goods.place((nuts, 2))

        assert known(rules, placed.number, least(Fact.MARGIN, 0)).cost == 600


class TestPrice:
    def test_below_the_price_struck_through(self, shop):
        sku = make.sku(shop.merchant, cards=4, price=750, list_price_minor=1000)

        found = known(shop, shop.paid(2, sku=sku), most(Fact.DISCOUNT, 0))

        assert (found.prices, found.discount) == ({"below_list"}, 25)

    def test_at_the_full_price(self, shop):
        sku = make.sku(shop.merchant, cards=4, price=750, list_price_minor=750)

        found = known(shop, shop.paid(1, sku=sku), most(Fact.DISCOUNT, 0))

        assert (found.prices, found.discount) == ({"full"}, 0)


class TestTime:
    @pytest.mark.parametrize(
        ("start", "until", "minute", "holds"),
        [
            (540, 1080, 540, True), (540, 1080, 1079, True), (540, 1080, 1080, False),
            (1320, 360, 1320, True), (1320, 360, 0, True), (1320, 360, 359, True),
            (1320, 360, 360, False), (1320, 360, 1319, False),
        ],
    )  # fmt: skip
    def test_a_span_may_go_past_midnight(self, start, until, minute, holds):
        one = Condition(Fact.HOUR, Op.WITHIN, number=start, until=until)
        facts_ = Facts(frozenset({"code"}), "shop", 1, 1, minute=minute)

        assert conditions.holds(one, facts_) is holds

    def test_it_is_the_shops_clock_when_it_is_paid(self, shop):
        before = datetime.now(HERE)
        found = known(shop, shop.paid(1), Condition(Fact.WEEKDAY, Op.IS, ("mon",)))
        after = datetime.now(HERE)

        clocks = {one.hour * 60 + one.minute for one in (before, after)}
        days = {queries.WEEKDAYS[one.weekday()] for one in (before, after)}
        assert found.minute in clocks
        assert found.weekday in days

    def test_of_an_order_that_was_paid_it_is_the_time_then(self, shop):
        number = shop.paid(1)
        at = datetime(2026, 11, 22, 23, 30, tzinfo=HERE)
        shop.rows("update sale_order set paid_at = %s where number = %s returning id", at, number)

        found = known(shop, number, Condition(Fact.WEEKDAY, Op.IS, ("sun",)))

        assert (found.minute, found.weekday) == (23 * 60 + 30, "sun")


class TestLately:
    BUYER = Contact("often@example.com")

    def test_counts_what_the_buyer_paid_within_the_hours_and_this_order(self, shop):
        make.stock(shop.sku, 10)
        shop.rule(least(Fact.RECENT_PIECES, 5, hours=24), verdict=Verdict.HOLD)
        old = shop.paid(3, contact=self.BUYER)
        shop.rows(
            "update sale_order set paid_at = paid_at - interval '25 hours',"
            " created_at = created_at - interval '25 hours' where number = %s returning id",
            old,
        )

        states = [shop.state(shop.paid(2, contact=self.BUYER)) for _ in range(3)]

        assert [one == HELD for one in states] == [False, False, True]
        assert shop.state(shop.paid(2))[0] is OrderState.DELIVERED

    def test_orders_that_are_paid_the_wrong_way_round_count(self, shop):
        placed = [make.order(shop.sku, 1, contact=self.BUYER) for _ in range(3)]
        shop.rule(least(Fact.RECENT_ORDERS, 3, hours=1), verdict=Verdict.HOLD)

        states = [shop.state(shop.pay(one)) for one in reversed(placed)]

        assert [one == HELD for one in states] == [False, False, True]
        found = shop.review(placed[0].number).facts
        assert found.recent == {1: (3, 3)}

    def test_rules_count_back_as_far_as_each_says(self, shop):
        first = shop.paid(1, contact=self.BUYER)
        shop.rows(
            "update sale_order set paid_at = paid_at - interval '3 hours' where number = %s"
            " returning id",
            first,
        )

        number = shop.paid(2, contact=self.BUYER)
        found = known(
            shop, number,
            least(Fact.RECENT_ORDERS, 1, hours=1), least(Fact.RECENT_PIECES, 1, hours=6),
        )  # fmt: skip

        assert found.recent == {1: (1, 2), 6: (2, 3)}

    def test_I2_another_shops_orders_are_not_counted(self, shop, other_merchant):
        Shop(other_merchant).paid(3, contact=self.BUYER)
        number = shop.paid(1, contact=self.BUYER)

        found = known(shop, number, least(Fact.RECENT_ORDERS, 1, hours=24))

        assert found.recent == {24: (1, 1)}


class TestRegion:
    @pytest.mark.parametrize(
        ("region", "places", "found"),
        [
            ("广东省 深圳市 南山区", {"广东", "深圳", "上海"}, {"广东", "深圳"}),
            ("广东省深圳市南山区", {"广东省深圳", "深圳"}, {"广东省深圳"}),
            ("青海省 海南藏族自治州", {"海南"}, {"海南"}),
            ("河北省 海兴县", {"海南"}, set()),
            ("", {"广东"}, set()),
        ],
    )
    def test_a_place_begins_a_part(self, region, places, found):
        assert regions_in(region, places) == found

    def test_is_where_goods_are_sent_and_the_address_is_not_kept(self, merchant):
        goods = Goods(merchant)
        nuts = goods.stock.goods(way="courier")
        goods.stock.received(nuts, 5, cost=700)
        rules = Shop(merchant, goods.account)
        rules.rule(Condition(Fact.REGION, Op.IS, ("广东", "新疆")), verdict=Verdict.HOLD)
        placed = goods.place((nuts, 1), recipient=WHOM)
        goods.pay(placed)

        assert rules.state(placed.number) == HELD
        found = rules.review(placed.number)
        assert found is not None
        assert found.facts.regions == frozenset({"广东"})
        ((kept,),) = rules.rows("select facts::text from order_review")
        assert "深圳" not in kept
        assert "科技园" not in kept

    def test_what_nothing_is_sent_for_fits_neither_way(self, shop):
        shop.rule(Condition(Fact.REGION, Op.IS, ("广东",)), verdict=Verdict.HOLD, name="是")
        shop.rule(Condition(Fact.REGION, Op.IS_NOT, ("广东",)), verdict=Verdict.HOLD, name="不是")

        assert shop.state(shop.paid(1))[0] is OrderState.DELIVERED


class TestPayment:
    def test_is_the_account_that_the_money_came_in_at(self, shop):
        shop.rule(
            Condition(Fact.ACCOUNT, Op.IS, (shop.account.uid,)),
            Condition(Fact.COMPANY, Op.IS_NOT, ("alipay",)),
            verdict=Verdict.HOLD,
        )

        number = shop.paid(1)

        assert shop.state(number) == HELD
        found = shop.review(number).facts
        assert (found.company, found.account) == ("sandbox", shop.account.uid)
        assert known(shop, number, Condition(Fact.COMPANY, Op.IS, ("alipay",))) == replace(
            found, account=shop.account.uid
        )


class TestTrying:
    def test_the_last_orders_are_asked_all_of_it(self, shop):
        sku = make.sku(shop.merchant, cards=9, price=1000, cost=700, list_price_minor=1200)
        numbers = [shop.paid(1, sku=sku, contact=Contact("a@example.com")) for _ in range(3)]
        draft = RuleBody(
            "试",
            (
                most(Fact.MARGIN_PERCENT, 30),
                least(Fact.DISCOUNT, 16),
                least(Fact.RECENT_ORDERS, 2, hours=1),
                Condition(Fact.PRICE, Op.IS, ("below_list",)),
                Condition(Fact.COMPANY, Op.IS, ("sandbox",)),
                Condition(Fact.WEEKDAY, Op.IS, queries.WEEKDAYS),
            ),
            Verdict.HOLD,
        )

        trial = queries.try_rules(merchant_id=shop.merchant, last=100, draft=draft)

        assert {one.number for one in trial.sample} == set(numbers[1:])


class TestKeeping:
    BODY = (
        least(Fact.MARGIN, -500),
        Condition(Fact.HOUR, Op.WITHIN, number=1320, until=360),
        least(Fact.RECENT_ORDERS, 3, hours=48),
        Condition(Fact.REGION, Op.IS, ("广东", "新疆")),
        Condition(Fact.ACCOUNT, Op.IS_NOT, ("acc_1x",)),
    )

    def test_what_is_stored_is_read_again(self, shop):
        assert conditions.from_json(conditions.to_json(self.BODY)) == self.BODY
        full = Facts(
            frozenset({"code"}), "shop", 5, 1, cost=0, prices=frozenset({"full"}), discount=3,
            minute=0, weekday="mon", recent={24: (1, 2)}, regions=frozenset(), company="alipay",
            account="acc_1",
        )  # fmt: skip
        bare = Facts(frozenset({"code"}), "shop", 5, 1)

        for one in (full, bare):
            assert facts.from_json(facts.to_json(one)) == one
        assert set(facts.to_json(bare)) == {
            "kinds", "channel", "amount", "quantity", "is_customer", "level", "paid_orders",
            "factors",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("one", "field"),
        [
            (Condition(Fact.HOUR, Op.WITHIN, number=60, until=60), "hour"),
            (Condition(Fact.HOUR, Op.WITHIN, number=-1, until=60), "hour"),
            (Condition(Fact.HOUR, Op.WITHIN, number=0, until=1440), "hour"),
            (least(Fact.HOUR, 1), "hour"),
            (least(Fact.RECENT_ORDERS, 1), "recent_orders"),
            (least(Fact.RECENT_ORDERS, 1, hours=721), "recent_orders"),
            (least(Fact.RECENT_ORDERS, 201, hours=1), "recent_orders"),
            (least(Fact.AMOUNT, 1, hours=5), "amount"),
            (least(Fact.MARGIN_PERCENT, 101), "margin_percent"),
            (most(Fact.MARGIN_PERCENT, -1001), "margin_percent"),
            (Condition(Fact.REGION, Op.IS, ("广 东",)), "region"),
            (Condition(Fact.REGION, Op.IS, ("<b>",)), "region"),
            (Condition(Fact.REGION, Op.IS, ("长" * 21,)), "region"),
            (Condition(Fact.WEEKDAY, Op.IS, ("someday",)), "weekday"),
            (Condition(Fact.ACCOUNT, Op.IS, ("1; drop",)), "account"),
        ],
    )
    def test_what_cannot_be_is_refused(self, one, field):
        with pytest.raises(BadRule) as told:
            conditions.checked(RuleBody("x", (one,), Verdict.HOLD))

        assert told.value.detail == {"field": field}


class TestCost:
    def test_a_shop_without_rules_reads_nothing_of_it(self, shop, monkeypatch):
        placed = make.order(shop.sku)
        ran = counted(monkeypatch)

        shop.pay(placed)

        assert len(ran) == 3
        assert not any("review_" in text and "review_book" not in text for text in ran)

    def test_a_rule_on_the_amount_reads_no_more_than_before(self, shop, monkeypatch):
        shop.rule(least(Fact.AMOUNT, 1), priority=1)
        shop.paid()
        placed = make.order(shop.sku)
        ran = counted(monkeypatch)

        shop.pay(placed)

        # Stored, looked at, asked about, written down, delivered.
        assert len(ran) == 5

    def test_many_orders_are_read_by_one_statement_a_kind(self, shop, monkeypatch):
        make.stock(shop.sku, 20)
        shop.rule(
            least(Fact.MARGIN, -1), least(Fact.RECENT_ORDERS, 1, hours=1),
            Condition(Fact.COMPANY, Op.IS, ("sandbox",)), priority=1,
        )  # fmt: skip
        shop.paid()
        placed = [make.order(shop.sku) for _ in range(8)]
        ran = counted(monkeypatch)

        orders.settle_notices(account=shop.account, notices=[make.notice(one) for one in placed])

        # Stored, looked at, orders, lines and buyers read, delivered: no rule fits.
        assert len(ran) == 6
