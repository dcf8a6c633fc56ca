"""O9: rules are built, tried and switched on at the desk; held orders are decided about there."""

import pytest

from kacang.customers import operations as customers
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.orders import queries as orders
from kacang.orders.exceptions.operations import sync_exceptions
from kacang.orders.reviewing import queries
from kacang.orders.reviewing.queries import Condition, Deed, Fact, Limit, Op, Verdict
from kacang.orders.types import OrderState
from tests import make
from tests.orders.reviewing.conftest import Shop
from tests.web.console.conftest import work_as

FORM = {"name": "大额人工审核", "verdict": "2", "amount-least": "20.00"}


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


def only(shop):
    (rule,) = queries.rules(merchant_id=shop.merchant)
    return rule


class TestBuilding:
    def test_what_is_filled_in_is_what_the_rule_says(self, owner, shop):
        customers.save_level(merchant_id=shop.merchant, name="金卡", rank=5, actor=SYSTEM)

        response = owner.post(
            "/console/rules/new/",
            {
                **FORM,
                "kind": ["code", "goods"],
                "kind-op": "is_not",
                "customer": "unknown",
                "amount-most": "1,000",
                "risk-least": "40",
                "level-most": "5",
                "priority": "7",
            },
        )

        rule = only(shop)
        assert response.headers["Location"] == f"/console/rules/{rule.uid}/"
        assert not rule.is_on
        assert rule.body.name == "大额人工审核"
        assert rule.body.verdict is Verdict.HOLD
        assert rule.body.priority == 7
        assert set(rule.body.conditions) == {
            Condition(Fact.KIND, Op.IS_NOT, ("code", "goods")),
            Condition(Fact.CUSTOMER, Op.IS, ("unknown",)),
            Condition(Fact.AMOUNT, Op.AT_LEAST, number=2000),
            Condition(Fact.AMOUNT, Op.AT_MOST, number=100_000),
            Condition(Fact.RISK, Op.AT_LEAST, number=40),
            Condition(Fact.LEVEL, Op.AT_MOST, number=5),
        }

    def test_the_page_shows_what_is_kept_and_a_change_is_a_version(self, owner, shop):
        owner.post("/console/rules/new/", FORM)
        rule = only(shop)
        page = owner.get(f"/console/rules/{rule.uid}/").content.decode()
        assert 'value="20.00"' in page
        assert 'name="version" value="1"' in page

        owner.post(f"/console/rules/{rule.uid}/", {**FORM, "amount-least": "30", "version": "1"})
        stale = owner.post(
            f"/console/rules/{rule.uid}/", {**FORM, "amount-least": "40", "version": "1"}
        )

        assert only(shop).version == 2
        assert only(shop).body.conditions[0].number == 3000
        assert stale.status_code == 422
        assert "Somebody else has changed the rule" in stale.content.decode()

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"name": ""}, "Name of the rule"),
            ({"amount-least": "abc"}, "Amount"),
            ({"amount-least": "9", "amount-most": "8"}, "Amount"),
            ({"risk-least": "101"}, "Risk score"),
            ({"quantity-most": "-1"}, "Pieces"),
            ({"verdict": "0"}, "What it does"),
            ({"verdict": "9"}, "What it does"),
            ({"kind": "submarine"}, "Kind of product"),
            ({"assignee": "mem_nobody"}, "Whose work"),
            ({"priority": "10"}, "Priority"),
        ],
    )
    def test_what_makes_no_sense_is_named_and_nothing_is_kept(self, owner, shop, change, said):
        response = owner.post("/console/rules/new/", {**FORM, **change})

        assert response.status_code == 422
        assert f"{said}: Something in the rule cannot be" in response.content.decode()
        assert queries.rules(merchant_id=shop.merchant) == []

    def test_rules_are_moved_switched_and_deleted(self, owner, shop):
        first = shop.rule(verdict=Verdict.HOLD, on=False, name="一")
        second = shop.rule(verdict=Verdict.PASS, on=False, name="二")

        owner.post(f"/console/rules/{second}/up/")
        owner.post(f"/console/rules/{first}/on/")
        assert [(one.uid, one.is_on) for one in queries.rules(merchant_id=shop.merchant)] == [
            (second, False), (first, True),
        ]  # fmt: skip
        owner.post(f"/console/rules/{second}/down/")
        owner.post(f"/console/rules/{first}/off/")
        owner.post(f"/console/rules/{second}/delete/")
        assert [(one.uid, one.is_on) for one in queries.rules(merchant_id=shop.merchant)] == [
            (first, False)
        ]

    def test_another_merchants_rule_is_not_there(self, owner, shop, other_merchant):
        theirs = Shop(other_merchant).rule(verdict=Verdict.HOLD)

        for way in ("", "on/", "off/", "up/", "delete/"):
            address = f"/console/rules/{theirs}/{way}"
            found = owner.post(address) if way else owner.get(address)
            assert found.status_code in (404, 302)
        assert queries.rule(merchant_id=other_merchant, uid=theirs).is_on

    def test_every_other_fact_is_kept_as_it_was_filled_in(self, owner, shop):
        filled = {
            **FORM,
            "amount-least": "",
            "margin-least": "-5",
            "margin_percent-most": "10",
            "cost": "unknown",
            "price": ["below_list", "lowered"],
            "discount-least": "30",
            "hour-from": "22:00",
            "hour-until": "06:30",
            "weekday": ["sat", "sun"],
            "weekday-op": "is",
            "recent_orders-least": "5",
            "recent_orders-hours": "12",
            "recent_pieces-least": "20",
            "recent_pieces-hours": "48",
            "region": "广东、新疆 深圳",
            "region-op": "is_not",
            "company": "sandbox",
            "account": shop.account.uid,
            "people": "2",
            "limit": "3",
            "limit-hours": "1.5",
            "limit-working": "1",
        }

        owner.post("/console/rules/new/", filled)
        body = only(shop).body

        assert set(body.conditions) == {
            Condition(Fact.MARGIN, Op.AT_LEAST, number=-500),
            Condition(Fact.MARGIN_PERCENT, Op.AT_MOST, number=10),
            Condition(Fact.COST, Op.IS, ("unknown",)),
            Condition(Fact.PRICE, Op.IS, ("below_list", "lowered")),
            Condition(Fact.DISCOUNT, Op.AT_LEAST, number=30),
            Condition(Fact.HOUR, Op.WITHIN, number=1320, until=390),
            Condition(Fact.WEEKDAY, Op.IS, ("sat", "sun")),
            Condition(Fact.RECENT_ORDERS, Op.AT_LEAST, number=5, hours=12),
            Condition(Fact.RECENT_PIECES, Op.AT_LEAST, number=20, hours=48),
            Condition(Fact.REGION, Op.IS_NOT, ("广东", "新疆", "深圳")),
            Condition(Fact.COMPANY, Op.IS, ("sandbox",)),
            Condition(Fact.ACCOUNT, Op.IS, (shop.account.uid,)),
        }
        assert (body.people, body.limit) == (2, Limit(90, Deed.ESCALATE, is_working=True))
        # What the page shows is what it would save again.
        page = owner.get(f"/console/rules/{only(shop).uid}/").content.decode()
        again = {name: value for name, value in filled.items() if f'value="{value}"' in page}
        assert {"hour-from", "hour-until", "limit-hours", "recent_orders-hours"} <= set(again)
        assert 'value="广东 新疆 深圳"' in page
        assert "after 90 min of working time" in page

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"hour-from": "22:00"}, "Time of day"),
            ({"hour-from": "25:00", "hour-until": "06:00"}, "Time of day"),
            ({"hour-from": "06:00", "hour-until": "06:00"}, "Time of day"),
            ({"region": "<script>"}, "Where goods are sent"),
            ({"margin-least": "-"}, "Margin"),
            ({"margin_percent-least": "101"}, "Margin in per cent"),
            ({"amount-least": "-5"}, "Amount"),
            (
                {"recent_orders-least": "5", "recent_orders-hours": "0"},
                "Orders of this buyer lately",
            ),
            ({"account": "acc'; --"}, "Payment account"),
            ({"people": "3"}, "Who approves"),
            ({"limit": "1", "limit-hours": ""}, "When nobody decides"),
            ({"limit": "1", "limit-hours": "nan"}, "When nobody decides"),
            ({"limit": "1", "limit-hours": "1e9"}, "When nobody decides"),
            ({"limit": "7", "limit-hours": "1"}, "When nobody decides"),
            ({"limit": "2", "limit-hours": "1", "verdict": "3"}, "When nobody decides"),
            ({"limit": "1", "limit-hours": "1", "people": "2"}, "When nobody decides"),
        ],
    )
    def test_of_the_others_too(self, owner, shop, change, said):
        response = owner.post("/console/rules/new/", {**FORM, **change})

        assert response.status_code == 422
        assert f"{said}: Something in the rule cannot be" in response.content.decode()
        assert queries.rules(merchant_id=shop.merchant) == []


class TestTrying:
    def test_a_draft_is_tried_before_it_is_saved(self, owner, shop):
        shop.paid(1)
        large = shop.paid(2)

        page = owner.post("/console/rules/new/", {**FORM, "try": "100"}).content.decode()

        assert "the last 2 paid orders" in page
        assert large in page
        assert queries.rules(merchant_id=shop.merchant) == []
        assert shop.review(large) is None

    def test_the_list_is_tried_as_it_is(self, owner, shop):
        shop.rule(verdict=Verdict.DUAL, name="全部")
        number = shop.paid()

        page = owner.get("/console/rules/?try=500").content.decode()

        assert number in page
        assert "Looked at afterwards" in page


class TestDeciding:
    def test_a_clerk_sees_why_and_lets_it_go_on(self, work, shop):
        shop.rule(Condition(Fact.AMOUNT, Op.AT_LEAST, number=2000), verdict=Verdict.HOLD, name="大")
        number = shop.paid(2)
        clerk = work("order_operator")

        page = clerk.get(f"/console/orders/{number}/").content.decode()
        assert "A rule holds this order" in page
        assert "version 1" in page
        assert "/deliver/" not in page
        clerk.post(f"/console/orders/{number}/approve/", {"text": "核对过"})

        assert shop.state(number) == (OrderState.DELIVERED, "")
        assert shop.review(number).closing == "核对过"
        again = clerk.post(f"/console/orders/{number}/approve/").content.decode()
        assert "Decided already, by order_operator-" in again

    def test_a_clerk_sees_each_condition_with_what_the_order_had_and_until_when(self, work, shop):
        shop.rule(
            Condition(Fact.AMOUNT, Op.AT_LEAST, number=2000),
            Condition(Fact.RECENT_PIECES, Op.AT_LEAST, number=2, hours=12),
            Condition(Fact.COMPANY, Op.IS, ("sandbox",)),
            verdict=Verdict.HOLD,
            limit=Limit(60, Deed.PASS),
        )
        number = shop.paid(2)
        sync_exceptions(merchant_id=shop.merchant)
        clerk = work("order_operator")

        page = clerk.get(f"/console/orders/{number}/").content.decode()
        queue = clerk.get("/console/exceptions/?show=risk").content.decode()

        assert "Amount ≥ ¥20.00" in page
        assert '<b class="fw-6">¥39.98</b>' in page
        assert "Pieces of this buyer lately (12 h) ≥ 2" in page
        assert '<b class="fw-6">2</b>' in page
        for shown in (page, queue):
            assert "It passes by itself" in shown

    def test_it_takes_two_where_the_rule_says_so(self, work, shop):
        shop.rule(verdict=Verdict.HOLD, people=2)
        number = shop.paid()
        first, second = work("order_operator"), work("order_operator")

        said = first.post(f"/console/orders/{number}/approve/", follow=True).content.decode()
        again = first.post(f"/console/orders/{number}/approve/").content.decode()
        page = second.get(f"/console/orders/{number}/").content.decode()
        second.post(f"/console/orders/{number}/approve/")

        assert "has your approval" in said
        assert "You have approved it already" in again
        assert "a second person has to approve" in page
        assert shop.state(number) == (OrderState.DELIVERED, "")

    def test_rejecting_takes_a_reason_and_asks_for_the_refund(self, work, shop):
        shop.rule(verdict=Verdict.HOLD)
        number = shop.paid()
        clerk = work("order_operator")

        nothing = clerk.post(f"/console/orders/{number}/reject/", {"reason": ""})
        assert shop.state(number)[1] == "risk_review"
        assert nothing.status_code == 200
        clerk.post(f"/console/orders/{number}/reject/", {"reason": "疑似盗刷"})

        assert shop.review(number).closing == "疑似盗刷"
        entries = orders.timeline(merchant_id=shop.merchant, number=number)
        assert any(one.detail.get("text") == "疑似盗刷" for one in entries)

    def test_who_may_not_decide_is_refused_and_nothing_happens(self, shop, merchant):
        shop.rule(verdict=Verdict.HOLD)
        number = shop.paid()

        for role in ("warehouse", "clerk", "sales"):
            client = work_as(merchant, role)
            assert client.post(f"/console/orders/{number}/approve/").status_code == 403
            assert client.get("/console/rules/").status_code == 403
        assert shop.state(number)[1] == "risk_review"

    def test_the_queue_leads_there(self, owner, shop):
        shop.rule(verdict=Verdict.DUAL)
        number = shop.paid()
        sync_exceptions(merchant_id=shop.merchant)

        page = owner.get("/console/exceptions/?show=risk").content.decode()

        assert "Delivered by a rule, to be looked at" in page
        assert f"/console/orders/{number}/#review" in page


class TestPriority:
    def test_the_list_marks_filters_and_sorts_by_it(self, owner, shop):
        low = shop.rule(verdict=Verdict.HOLD, priority=2, name="低")
        first = shop.paid()
        shop.rule(priority=8, name="高")
        second = shop.paid()

        page = owner.get("/console/orders/?state=on_hold&first=yes").content.decode()

        assert page.index(second) < page.index(first)
        assert "act=deliver" not in page
        assert "P8" in page
        assert "P2" in page
        by_rule = owner.get(f"/console/orders/?rule={low}").content.decode()
        assert first in by_rule
        assert second in by_rule


class TestBuyer:
    def test_the_buyer_is_told_that_it_is_checked(self, client, shop):
        shop.rule(verdict=Verdict.HOLD, name="秘密规则")
        placed = make.order(shop.sku)
        shop.pay(placed)
        slug = merchants.merchant(merchant_id=shop.merchant).slug
        page = client.get(
            f"/s/{slug}/orders/{placed.number}/?t={placed.access_token}", follow=True
        ).content.decode()

        assert "商家正在核对订单" in page
        assert "秘密规则" not in page
