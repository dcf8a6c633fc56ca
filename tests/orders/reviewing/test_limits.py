"""O9: what nobody decides in time passes, goes back or goes up; two people where a rule asks so."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.operations import set_day
from kacang.orders.exceptions import queries as exceptions
from kacang.orders.exceptions.queries import ExceptionFilter
from kacang.orders.models import Event, OrderState
from kacang.orders.refunding.types import RefundStatus
from kacang.orders.reviewing import operations, queries
from kacang.orders.reviewing.books import load_rules
from kacang.orders.reviewing.handling import limits
from kacang.orders.reviewing.queries import Deed, Limit, ReviewState, RuleBody, Verdict
from kacang.orders.reviewing.types import BadRule, Decision, ReviewDecided, SecondPerson
from kacang.payments.refunding import refund_lists
from kacang.shared.errors import DomainError
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import time_shifted
from tests.orders.reviewing.conftest import Shop
from tests.threads import at_once

HELD = (OrderState.ON_HOLD, "risk_review")
HOUR = 3600
PASS, REFUSE, ESCALATE = (Limit(60, deed) for deed in (Deed.PASS, Deed.REFUSE, Deed.ESCALATE))


def obey(shop):
    return operations.obey_limits(merchant_id=shop.merchant)


class TestLimit:
    def test_before_it_nothing_happens_and_after_it_the_order_passes_once(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=PASS, name="大额")
        number = shop.paid(2)
        with time_shifted(settings, HOUR - 60):
            assert obey(shop) == 0
        assert shop.state(number) == HELD

        with time_shifted(settings, HOUR + 60):
            done = [obey(shop) for _ in range(3)]

        assert done == [1, 0, 0]
        assert shop.state(number) == (OrderState.DELIVERED, "")
        found = shop.review(number)
        assert (found.state, found.closed_by) == (ReviewState.APPROVED, "大额")
        assert found.limit_done_at is not None
        assert shop.events(number).count(Event.REVIEW_APPROVED) == 1
        assert ("orders.review_limit_pass", number) in shop.log()

    def test_its_money_goes_back_without_anybodys_approval(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=REFUSE)
        number = shop.paid(2)

        with time_shifted(settings, HOUR + 60):
            assert obey(shop) == 1

        order_id = shop.order(number).id
        (refund,) = refund_lists.refunds_of_order(merchant_id=shop.merchant, order_id=order_id)
        assert refund.amount.minor == 3998
        assert refund.state is not RefundStatus.REQUESTED
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 3}
        assert shop.review(number).state is ReviewState.REJECTED
        assert ("orders.review_limit_refuse", number) in shop.log()

    def test_it_goes_up_to_the_highest_level_once_and_waits_on(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=ESCALATE)
        number = shop.paid(1)

        with time_shifted(settings, HOUR + 60):
            done = [obey(shop) for _ in range(2)]

        assert done == [1, 0]
        assert shop.state(number) == HELD
        assert shop.review(number).state is ReviewState.OPEN
        page = exceptions.exceptions_page(merchant_id=shop.merchant, where=ExceptionFilter())
        assert [(one.number, one.level) for one in page.rows] == [(number, 2)]
        assert shop.events(number).count(Event.REVIEW_LATE) == 1
        assert ("orders.review_limit_escalate", number) in shop.log()
        jobs = shop.rows(
            "select args ->> 'level' from procrastinate_jobs where task_name ="
            " 'orders.tell_escalated' and (args ->> 'merchant_id')::bigint = %s",
            shop.merchant,
        )
        assert jobs == [("2",)]
        assert shop.approve(number) is OrderState.DELIVERED

    def test_what_cannot_be_given_back_stays_under_review_and_goes_up(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=REFUSE)
        number, other = shop.paid(1), shop.paid(1)
        # A company by which nothing more can be asked for: all of it is on its way already.
        order_id = shop.order(number).id
        shop.rows(
            "update receipt r set back_minor = r.amount_minor, back_fits = true from payment p"
            " where p.order_id = %s and p.id = r.payment_id returning 1",
            order_id,
        )

        with time_shifted(settings, HOUR + 60):
            assert obey(shop) == 2

        assert shop.state(number) == HELD
        assert shop.review(number).state is ReviewState.OPEN
        assert Event.REVIEW_LATE in shop.events(number)
        assert Event.REVIEW_REJECTED not in shop.events(number)
        assert shop.review(other).state is ReviewState.REJECTED
        assert make.card_states(shop.sku) == {CardState.RESERVED: 1, CardState.AVAILABLE: 2}

    def test_without_a_limit_it_waits_for_ever(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD)
        number = shop.paid(1)

        with time_shifted(settings, 90 * 86_400):
            assert obey(shop) == 0
        assert shop.state(number) == HELD

    def test_what_was_delivered_at_once_is_closed(self, shop, settings):
        shop.rule(verdict=Verdict.DUAL, limit=PASS)
        number = shop.paid(1)

        with time_shifted(settings, HOUR + 60):
            obey(shop)

        assert shop.state(number) == (OrderState.DELIVERED, "")
        assert shop.review(number).state is ReviewState.APPROVED

    def test_the_deciding_rules_limit_counts(self, shop):
        shop.rule(verdict=Verdict.HOLD, limit=REFUSE, name="先")
        shop.rule(verdict=Verdict.HOLD, limit=PASS, name="后")

        number = shop.paid(1)

        found = shop.review(number)
        assert found.deed is Deed.REFUSE
        assert found.limit_at - found.decided_at == pytest.approx(
            timedelta(hours=1), abs=timedelta(seconds=2)
        )
        assert queries.limits_of(merchant_id=shop.merchant, numbers=[number]) == {
            number: (found.limit_at, Deed.REFUSE)
        }

    def test_a_person_and_the_clock_at_the_same_second_decide_once(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=PASS)
        number = shop.paid(2)
        clerks = [shop.person() for _ in range(4)]

        def reject(clerk):
            try:
                shop.reject(number, clerk)
            except DomainError as error:
                return type(error)
            return "rejected"

        def clock():
            return limits.obey_limits(merchant_id=shop.merchant)

        with time_shifted(settings, HOUR + 60):
            done = at_once([clock, *(partial(reject, one) for one in clerks), clock])

        found = shop.review(number)
        by_clock = sum(one for one in done if isinstance(one, int))
        assert by_clock + done.count("rejected") == 1
        assert {one for one in done if isinstance(one, type)} <= {ReviewDecided}
        assert found.state is (ReviewState.APPROVED if by_clock else ReviewState.REJECTED)
        assert (
            sum(
                shop.events(number).count(one)
                for one in (Event.REVIEW_APPROVED, Event.REVIEW_REJECTED)
            )
            == 1
        )

    def test_what_went_on_another_way_is_left_alone(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, limit=PASS)
        number = shop.paid(1)
        shop.reject(number)

        with time_shifted(settings, HOUR + 60):
            assert obey(shop) == 0
        assert shop.review(number).state is ReviewState.REJECTED

    def test_I2_another_shops_orders_are_not_touched(self, shop, other_merchant, settings):
        other = Shop(other_merchant)
        other.rule(verdict=Verdict.HOLD, limit=PASS)
        number = other.paid(1)

        with time_shifted(settings, HOUR + 60):
            assert obey(shop) == 0
        assert other.state(number) == HELD

    def test_working_hours_and_holidays_are_those_of_deadlines(self, shop):
        shop.rule(verdict=Verdict.HOLD, limit=Limit(120, Deed.PASS, is_working=True))
        # A Friday on which nobody works.
        set_day(
            merchant_id=shop.merchant, day=date(2026, 11, 27), name="休", as_weekday=None,
            actor=SYSTEM,
        )  # fmt: skip
        here = ZoneInfo("Asia/Shanghai")
        thursday = datetime(2026, 11, 26, 17, 0, tzinfo=here)

        book = load_rules_of(shop)
        at = book.limit_at(Decision(limit=book.rules[0].body.limit), thursday)

        # An hour of Thursday, then over Friday and the week's end to Monday.
        assert at == datetime(2026, 11, 30, 10, 0, tzinfo=here).astimezone(UTC)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (RuleBody("x", (), Verdict.PASS, limit=PASS), "limit"),
            (RuleBody("x", (), Verdict.NONE, 3, limit=PASS), "limit"),
            (RuleBody("x", (), Verdict.DUAL, limit=REFUSE), "limit"),
            (RuleBody("x", (), Verdict.HOLD, people=2, limit=PASS), "limit"),
            (RuleBody("x", (), Verdict.HOLD, limit=Limit(0, Deed.PASS)), "limit"),
            (RuleBody("x", (), Verdict.HOLD, limit=Limit(129_601, Deed.PASS)), "limit"),
            (RuleBody("x", (), Verdict.HOLD, limit=Limit(60, Deed.NOTHING)), "limit"),
            (RuleBody("x", (), Verdict.HOLD, people=3), "people"),
            (RuleBody("x", (), Verdict.PASS, people=2), "people"),
        ],
    )
    def test_what_cannot_be_is_refused(self, shop, body, field):
        with pytest.raises(BadRule) as told:
            operations.add_rule(merchant_id=shop.merchant, body=body, actor=SYSTEM)

        assert told.value.detail == {"field": field}


class TestTwoPeople:
    def test_two_different_people_approve_and_the_same_one_twice_is_refused(self, shop):
        shop.rule(verdict=Verdict.HOLD, people=2)
        number = shop.paid(1)
        first, second = shop.person(), shop.person()

        assert shop.approve(number, first) is None
        assert shop.state(number) == HELD
        for _ in range(2):
            with pytest.raises(SecondPerson):
                shop.approve(number, first)
        assert shop.approve(number, second) is OrderState.DELIVERED

        found = shop.review(number)
        assert (found.first_by, found.closed_by) == (first.label, second.label)
        assert shop.events(number).count(Event.REVIEW_FIRST) == 1
        assert [one for one in shop.log() if one[1] == number] == [
            ("orders.review_first", number), ("orders.review_approve", number),
        ]  # fmt: skip

    def test_one_is_enough_to_reject(self, shop):
        shop.rule(verdict=Verdict.HOLD, people=2)
        number = shop.paid(1)
        shop.approve(number, shop.person())

        shop.reject(number, shop.person())

        found = shop.review(number)
        assert (found.state, found.first_by) == (ReviewState.REJECTED, "")

    def test_of_many_at_once_it_takes_two_and_the_first_does_not_count_twice(self, shop):
        shop.rule(verdict=Verdict.HOLD, people=2)
        number = shop.paid(1)
        one, two = shop.person(), shop.person()

        def approve(actor):
            try:
                return shop.approve(number, actor)
            except (SecondPerson, ReviewDecided) as error:
                return type(error)

        done = at_once([partial(approve, one)] * 4 + [partial(approve, two)] * 4)

        assert done.count(None) == 1
        assert done.count(OrderState.DELIVERED) == 1
        found = shop.review(number)
        assert {found.first_by, found.closed_by} == {one.label, two.label}

    def test_beyond_what_a_role_approves_alone_it_takes_another(self, shop):
        values = {"review_alone_order_operator": 30}
        change_settings(merchant_id=shop.merchant, values=values, actor=SYSTEM)
        shop.rule(verdict=Verdict.HOLD)
        small, large = shop.paid(1), shop.paid(2)
        clerk, owner = shop.person(), shop.person("owner")

        def approve(number, actor, role):
            return operations.approve_order(
                merchant_id=shop.merchant, number=number, actor=actor, role=role
            )

        assert approve(small, clerk, "order_operator") is OrderState.DELIVERED
        assert approve(large, clerk, "order_operator") is None
        with pytest.raises(SecondPerson):
            approve(large, clerk, "order_operator")
        assert approve(large, owner, "owner") is OrderState.DELIVERED

    def test_own_roles_have_a_limit_of_their_own(self, shop):
        values = {"review_alone_other": 30}
        change_settings(merchant_id=shop.merchant, values=values, actor=SYSTEM)
        shop.rule(verdict=Verdict.HOLD)
        number = shop.paid(2)

        first = operations.approve_order(
            merchant_id=shop.merchant, number=number, actor=shop.person(), role="own_1"
        )

        assert first is None
        assert shop.state(number) == HELD

    def test_the_clock_does_not_stand_in_for_the_second(self, shop, settings):
        shop.rule(verdict=Verdict.HOLD, people=2, limit=REFUSE)
        number = shop.paid(1)
        shop.approve(number, shop.person())

        with time_shifted(settings, HOUR + 60):
            obey(shop)

        assert shop.review(number).state is ReviewState.REJECTED


def load_rules_of(shop):
    """The rules as the settling transaction asks them."""
    with acting_as(shop.merchant):
        return load_rules(shop.merchant)
