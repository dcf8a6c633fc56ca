"""O9: the list of rules, its versions, and trying it on the last orders."""

from functools import partial

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.orders.reviewing import operations, queries
from kacang.orders.reviewing.queries import (
    BadRule,
    Condition,
    Fact,
    Op,
    RuleBody,
    UnknownRule,
    Verdict,
)
from kacang.orders.reviewing.types import RULES_MAX, RuleChanged, TooManyRules
from kacang.shared.contacts import Contact
from tests import make
from tests.threads import at_once

LARGE = Condition(Fact.AMOUNT, Op.AT_LEAST, number=2000)


def names(shop) -> list[str]:
    return [one.body.name for one in queries.rules(merchant_id=shop.merchant)]


class TestList:
    def test_rules_are_moved_changed_and_deleted_and_all_is_in_the_log(self, shop):
        uids = [shop.rule(verdict=Verdict.HOLD, name=name, on=False) for name in "甲乙丙"]

        operations.move_rule(merchant_id=shop.merchant, uid=uids[2], place=0, actor=SYSTEM)
        assert names(shop) == ["丙", "甲", "乙"]
        operations.move_rule(merchant_id=shop.merchant, uid=uids[2], place=99, actor=SYSTEM)
        assert names(shop) == ["甲", "乙", "丙"]
        operations.delete_rule(merchant_id=shop.merchant, uid=uids[0], actor=SYSTEM)
        assert names(shop) == ["乙", "丙"]
        with pytest.raises(UnknownRule):
            queries.rule(merchant_id=shop.merchant, uid=uids[0])
        log = [action for action, _ in shop.log()]
        assert log.count("rules.move") == 2
        assert log.count("rules.delete") == 1

    def test_each_change_is_a_version_and_decisions_keep_theirs(self, shop):
        uid = shop.rule(verdict=Verdict.HOLD, name="旧名")
        number = shop.paid()

        version = operations.change_rule(
            merchant_id=shop.merchant, uid=uid, version=1,
            body=RuleBody("新名", (LARGE,), Verdict.HOLD), actor=SYSTEM,
        )  # fmt: skip

        assert version == 2
        assert shop.review(number).hits[0].name == "旧名"
        found = queries.versions_of(merchant_id=shop.merchant, uid=uid)
        assert [(one.version, one.body.name) for one in found] == [(2, "新名"), (1, "旧名")]
        assert (
            queries.counts_by_rule(merchant_id=shop.merchant)[
                queries.rule(merchant_id=shop.merchant, uid=uid).id
            ]
            == 1
        )
        page = queries.orders_of_rule(merchant_id=shop.merchant, uid=uid)
        assert [(one.number, one.version) for one in page.rows] == [(number, 1)]

    def test_two_who_change_the_same_do_not_lose_each_others_work(self, shop):
        uid = shop.rule(verdict=Verdict.HOLD)

        def change(number: int) -> int:
            return operations.change_rule(
                merchant_id=shop.merchant, uid=uid, version=1,
                body=RuleBody(f"改{number}", (), Verdict.HOLD), actor=SYSTEM,
            )  # fmt: skip

        came = at_once([partial(change, number) for number in range(6)], threads=6)

        assert sum(isinstance(one, RuleChanged) for one in came) == 5
        assert queries.rule(merchant_id=shop.merchant, uid=uid).version == 2

    def test_a_change_into_the_same_is_none(self, shop):
        uid = shop.rule(verdict=Verdict.HOLD)
        same = queries.rule(merchant_id=shop.merchant, uid=uid).body

        operations.change_rule(
            merchant_id=shop.merchant, uid=uid, version=1, body=same, actor=SYSTEM
        )

        assert queries.rule(merchant_id=shop.merchant, uid=uid).version == 1

    def test_there_are_at_most_so_many(self, shop):
        for _ in range(RULES_MAX):
            shop.rule(verdict=Verdict.HOLD, on=False)

        with pytest.raises(TooManyRules):
            shop.rule(verdict=Verdict.HOLD, on=False)

    def test_orders_are_given_to_people_who_work_here(self, shop, other_merchant):
        other = type(shop)(other_merchant)
        other.person()
        (theirs,) = other.rows("select id from membership order by id limit 1")

        with pytest.raises(BadRule):
            shop.rule(priority=1, assignee_id=theirs[0])
        assert names(shop) == []

    def test_rules_change_while_many_pay_and_each_order_is_decided_by_one_list(self, shop):
        make.stock(shop.sku, 40)
        uid = shop.rule(verdict=Verdict.HOLD, name="一")
        placed = [make.order(shop.sku) for _ in range(24)]

        def flip(*, on: bool) -> None:
            operations.switch_rule(merchant_id=shop.merchant, uid=uid, is_on=on, actor=SYSTEM)

        acts = []
        for number, one in enumerate(placed):
            acts += [partial(shop.pay, one), partial(flip, on=bool(number % 2))]
        at_once(acts, threads=8)

        for one in placed:
            is_held = shop.state(one.number)[1] == "risk_review"
            review = shop.review(one.number)
            assert is_held is (review is not None)
        shop.paid()
        book = shop.rows("select rules_on from review_book")
        assert book == [(int(queries.rule(merchant_id=shop.merchant, uid=uid).is_on),)]


class TestTrying:
    def test_a_rule_that_is_off_is_tried_and_nothing_is_written(self, shop):
        uid = shop.rule(LARGE, verdict=Verdict.HOLD, on=False, name="大额")
        make.stock(shop.sku, 5)
        small, large = shop.paid(1), shop.paid(2)

        found = queries.try_rules(merchant_id=shop.merchant, last=100, uid=uid)

        assert found.orders == 2
        assert found.verdicts == {Verdict.PASS: 1, Verdict.HOLD: 1}
        assert found.by_rule == {uid: 1}
        assert [(one.number, one.decision.verdict) for one in found.sample] == [
            (large, Verdict.HOLD)
        ]
        assert shop.review(large) is None
        assert shop.state(small)[1] == shop.state(large)[1] == ""

    def test_a_draft_is_tried_at_its_place_in_the_list(self, shop):
        shop.rule(verdict=Verdict.PASS, name="先", priority=2)
        uid = shop.rule(LARGE, verdict=Verdict.HOLD, name="后", on=False)
        shop.paid(2)

        behind = queries.try_rules(merchant_id=shop.merchant, last=100, uid=uid)
        assert behind.verdicts == {Verdict.PASS: 1}
        assert behind.first == 1

        operations.move_rule(merchant_id=shop.merchant, uid=uid, place=0, actor=SYSTEM)
        draft = RuleBody("后", (), Verdict.DUAL)
        ahead = queries.try_rules(merchant_id=shop.merchant, last=100, uid=uid, draft=draft)
        assert ahead.verdicts == {Verdict.DUAL: 1}
        assert queries.rule(merchant_id=shop.merchant, uid=uid).body.verdict is Verdict.HOLD

    def test_a_new_draft_comes_last_and_says_where_it_fits(self, shop):
        shop.paid(2)

        found = queries.try_rules(
            merchant_id=shop.merchant, last=500, draft=RuleBody("新", (LARGE,), Verdict.HOLD)
        )

        assert found.by_rule == {found.draft: 1}
        assert names(shop) == []

    def test_the_risk_is_that_of_then(self, shop):
        uid = shop.rule(
            Condition(Fact.PAID_ORDERS, Op.AT_MOST, number=0), verdict=Verdict.HOLD, on=False
        )
        make.stock(shop.sku, 5)
        contact = Contact(email="again@example.com")
        first, _second = shop.paid(contact=contact), shop.paid(contact=contact)

        found = queries.try_rules(merchant_id=shop.merchant, last=100, uid=uid)

        assert [one.number for one in found.sample] == [first]

    def test_only_the_numbers_that_are_offered(self, shop):
        with pytest.raises(BadRule):
            queries.try_rules(merchant_id=shop.merchant, last=10_000)
