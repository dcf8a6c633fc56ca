"""O9: what conditions say of an order, against an oracle written from their words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.orders.reviewing import conditions, scoring
from kacang.orders.reviewing.types import (
    BadRule,
    Condition,
    Fact,
    Factor,
    Facts,
    Op,
    Rule,
    RuleBody,
    Verdict,
)

KINDS = ("code", "goods", "pickup_card")
NUMBERS = (Fact.AMOUNT, Fact.QUANTITY, Fact.LEVEL, Fact.PAID_ORDERS, Fact.RISK)
small = st.integers(0, 12)
facts = st.builds(
    Facts,
    kinds=st.frozensets(st.sampled_from(KINDS), min_size=1),
    channel=st.sampled_from(("shop", "api", "staff")),
    amount=small,
    quantity=small,
    is_customer=st.booleans(),
    level=small,
    paid_orders=small,
    factors=st.builds(lambda points: (Factor("x", 1, points),), small),
)
of_number = st.builds(
    lambda fact, op, number: Condition(fact, op, number=number),
    st.sampled_from(NUMBERS), st.sampled_from((Op.AT_LEAST, Op.AT_MOST)), small,
)  # fmt: skip
of_kind = st.builds(
    lambda op, words: Condition(Fact.KIND, op, tuple(sorted(words))),
    st.sampled_from((Op.IS, Op.IS_NOT)), st.sets(st.sampled_from(KINDS), min_size=1),
)  # fmt: skip
of_channel = st.builds(
    lambda op, words: Condition(Fact.CHANNEL, op, tuple(sorted(words))),
    st.sampled_from((Op.IS, Op.IS_NOT)),
    st.sets(st.sampled_from(("shop", "api", "staff")), min_size=1),
)
of_customer = st.builds(
    lambda op, word: Condition(Fact.CUSTOMER, op, (word,)),
    st.sampled_from((Op.IS, Op.IS_NOT)), st.sampled_from(("known", "unknown")),
)  # fmt: skip
condition = st.one_of(of_number, of_kind, of_channel, of_customer)
body = st.builds(
    RuleBody,
    name=st.just("规则"),
    conditions=st.lists(condition, max_size=3).map(tuple),
    verdict=st.sampled_from(Verdict),
    priority=st.integers(0, 9),
    assignee_id=st.sampled_from((None, 7, 8)),
)


def oracle(one: Condition, known: Facts) -> bool:
    number = {
        "amount": known.amount,
        "quantity": known.quantity,
        "level": known.level,
        "paid_orders": known.paid_orders,
        "risk": sum(factor.points for factor in known.factors),
    }
    if one.fact.value in number:
        mine = number[one.fact.value]
        return one.number <= mine if one.op.value == "at_least" else mine <= one.number
    words = {
        "kind": set(known.kinds),
        "channel": {known.channel},
        "customer": {"known"} if known.is_customer else {"unknown"},
    }[one.fact.value]
    common = any(word in words for word in one.words)
    return common if one.op.value == "is" else not common


class TestConditions:
    @given(condition, facts)
    def test_holds_as_its_words_say(self, one, known):
        assert conditions.holds(one, known) is oracle(one, known)

    @pytest.mark.parametrize(
        ("amount", "least", "most"), [(99, False, True), (100, True, True), (101, True, False)]
    )
    def test_a_bound_includes_itself(self, amount, least, most):
        known = Facts(frozenset({"code"}), "shop", amount, 1)

        assert conditions.holds(Condition(Fact.AMOUNT, Op.AT_LEAST, number=100), known) is least
        assert conditions.holds(Condition(Fact.AMOUNT, Op.AT_MOST, number=100), known) is most

    @given(st.lists(condition, max_size=16))
    def test_what_is_stored_is_read_again(self, some):
        assert conditions.from_json(conditions.to_json(some)) == tuple(some)

    @given(st.lists(body, max_size=6), facts)
    def test_the_first_that_decides_does_and_all_say_how_soon(self, bodies, known):
        rules = [
            Rule(number, f"r{number}", 1, is_on=True, body=one) for number, one in enumerate(bodies)
        ]

        found = conditions.decide(rules, known)

        fitting = [one for one in bodies if all(oracle(each, known) for each in one.conditions)]
        deciding = [one.verdict for one in fitting if one.verdict is not Verdict.NONE]
        assert found.verdict is (deciding[0] if deciding else Verdict.PASS)
        assert found.priority == max((one.priority for one in fitting), default=0)
        assert found.assignee_id == next(
            (one.assignee_id for one in fitting if one.assignee_id), None
        )
        assert len([hit for hit in found.hits if hit.is_deciding]) == bool(deciding)
        assert {hit.rule.id for hit in found.hits} <= {
            rule.id for rule in rules if rule.body in fitting
        }


class TestChecking:
    GOOD = RuleBody("大额", (Condition(Fact.AMOUNT, Op.AT_LEAST, number=1),), Verdict.HOLD)

    def test_a_name_is_tidied(self):
        assert conditions.checked(replace(self.GOOD, name="  大  额 ")).name == "大 额"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "x" * 61}, "name"),
            ({"name": "a\u202eb"}, "name"),
            ({"priority": 10}, "priority"),
            ({"priority": -1}, "priority"),
            ({"verdict": Verdict.NONE}, "action"),
            ({"conditions": (Condition(Fact.RISK, Op.AT_LEAST, number=101),)}, "risk"),
            ({"conditions": (Condition(Fact.AMOUNT, Op.AT_LEAST, number=-1),)}, "amount"),
            ({"conditions": (Condition(Fact.AMOUNT, Op.IS, ("x",)),)}, "amount"),
            ({"conditions": (Condition(Fact.KIND, Op.IS, ()),)}, "kind"),
            ({"conditions": (Condition(Fact.KIND, Op.IS, ("x",)),)}, "kind"),
            ({"conditions": (Condition(Fact.CHANNEL, Op.IS, ("deposit",)),)}, "channel"),
            ({"conditions": (Condition(Fact.KIND, Op.IS, ("code",)),) * 33}, "conditions"),
        ],
    )
    def test_what_cannot_be_is_refused(self, change, field):
        with pytest.raises(BadRule) as told:
            conditions.checked(replace(self.GOOD, **change))

        assert told.value.detail == {"field": field}


class TestScore:
    PLAIN = scoring.Seen(
        has_contact=True, paid_orders=3, recent=0, contacts=0, refunds=0, failed=0,
        amount=1000, median=1000,
    )  # fmt: skip

    def test_a_buyer_like_others_has_no_points(self):
        assert scoring.factors_of(self.PLAIN) == ()

    @pytest.mark.parametrize(
        ("change", "factor"),
        [
            ({"has_contact": False, "paid_orders": 0}, Factor("no_contact", 1, 20)),
            ({"paid_orders": 0}, Factor("first_order", 1, 10)),
            ({"recent": 2}, Factor("many_orders", 2, 15)),
            ({"recent": 10}, Factor("many_orders", 10, 40)),
            ({"contacts": 2}, Factor("many_contacts", 2, 20)),
            ({"refunds": 3}, Factor("refunds", 3, 30)),
            ({"failed": 2}, Factor("failed_payments", 2, 15)),
            ({"amount": 5000}, Factor("large_amount", 5, 20)),
        ],
    )
    def test_each_point_has_a_name(self, change, factor):
        assert scoring.factors_of(replace(self.PLAIN, **change)) == (factor,)

    @pytest.mark.parametrize("change", [{"recent": 1}, {"failed": 1}, {"amount": 4999}])
    def test_a_little_is_nothing(self, change):
        assert scoring.factors_of(replace(self.PLAIN, **change)) == ()

    def test_nothing_is_large_before_there_is_a_middle(self):
        assert scoring.factors_of(replace(self.PLAIN, amount=10**9, median=0)) == ()

    def test_a_score_ends_at_a_hundred(self):
        many = Facts(frozenset(), "shop", 0, 0, factors=(Factor("a", 1, 70), Factor("b", 1, 70)))
        assert many.risk == 100
