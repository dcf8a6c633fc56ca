"""X2: how content buyers are, by who decided; refunds to buyers with many take a second person."""

from datetime import timedelta

import pytest
from django.db import connection

from kacang.aftersales import operations, queries
from kacang.aftersales.types import CaseFilter, CaseState, Decision, Verdict
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from tests import make
from tests.aftersales.cases import CLERK, OTHER, Sold, later
from tests.aftersales.test_deciding import decide

NO = Verdict(Decision.REJECT, "未发现问题")


@pytest.fixture
def stall(merchant):
    """Sells, and has cases decided and rated."""
    made, account = make.sku(merchant, cards=30), make.account(merchant)

    def ended(clerk=CLERK, stars=0, verdict=NO):
        sold = Sold(merchant, made=made, account=account)
        uid = sold.open()
        decide(sold, uid, verdict, actor=clerk)
        if stars:
            operations.rate(**sold.mine(uid, stars=stars, text=""))
        return uid

    return ended


def content(merchant, days=30):
    return queries.content_since(merchant_id=merchant, since=utc_now() - timedelta(days=days))


def test_each_is_told_of_what_they_decided(merchant, stall):
    for clerk, stars in ((CLERK, 5), (CLERK, 4), (CLERK, 0), (OTHER, 2)):
        stall(clerk, stars)

    everybody, people = content(merchant)

    assert [(one.name, one.decided, one.rated, one.average, one.unhappy) for one in people] == [
        (CLERK.label, 3, 2, "4.5", 0), (OTHER.label, 1, 1, "2.0", 1),
    ]  # fmt: skip
    assert (everybody.decided, everybody.rated, everybody.average) == (4, 3, "3.6")


def test_nobody_rated_is_no_average_and_what_is_old_is_not_counted(merchant, stall):
    uid = stall()
    assert content(merchant)[0].average == ""

    later(merchant, uid, days=31)

    assert content(merchant)[0].decided == 0
    assert content(merchant, days=40)[0].decided == 1


def test_I2_another_shops_are_not_counted(merchant, other_merchant, stall):
    stall(stars=1)

    assert content(other_merchant) == (content(other_merchant)[0], [])
    assert content(other_merchant)[0].decided == 0


def test_cases_of_who_is_not_content_are_a_list_and_are_told(merchant, stall):
    stall(stars=5)
    bad = stall(stars=2)

    page = queries.cases_page(merchant_id=merchant, where=CaseFilter(is_unhappy=True))

    assert [row.uid for row in page.rows] == [bad]
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from procrastinate_jobs where task_name = 'aftersales.tell_written'"
            " and (args ->> 'merchant_id')::bigint = %s",
            [merchant],
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(("is_on", "left"), [(True, 0), (False, 500)])
def test_a_refund_to_a_buyer_with_many_takes_a_second_person_where_that_is_wished(
    merchant, is_on, left
):
    sold = Sold(merchant, 2)
    change_settings(merchant_id=merchant, values={"case_repeats_by_two": is_on}, actor=SYSTEM)
    uid = sold.open()
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update after_sales_case set is_repeater = true where uid = %s", [uid])

    verdict = Verdict(Decision.REFUND, "退一部分", amount=Money(500), take_back=False, by_hand=True)
    state = decide(sold, uid, verdict)

    assert state is CaseState.DECIDED
    assert sold.order.refunded == Money(left)
    assert sold.view(uid).row.outcome.get("waits", False) is is_on
