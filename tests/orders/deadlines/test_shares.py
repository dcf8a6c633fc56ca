"""O8: the share of deadlines that were met, by stage and week."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.deadlines import operations, queries
from kacang.orders.deadlines.queries import Stage, WeekShare
from kacang.orders.deadlines.shares import _shares
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exceptions.operations import Decider
from kacang.shared.clock import utc_now
from tests import make
from tests.orders.looking import settle

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shares(shop, today=None):
    today = today or utc_now().astimezone(SHANGHAI).date()
    found = queries.met_shares(merchant_id=shop.merchant, today=today, zone=SHANGHAI)
    return {one.stage: one for one in found if one.week == today - timedelta(today.weekday())}


def test_what_was_delivered_at_once_is_met_and_what_is_late_is_not(shop):
    for _ in range(3):
        settle(shop.account, make.notice(make.order(make.sku(shop.merchant))))
    assert shares(shop)[Stage.DELIVERY].met_bp == 10_000

    placed = shop.short()
    shop.run(
        "update sale_order set paid_at = now() - interval '121 minutes' where number = %s",
        placed.number,
    )
    operations.watch_deadlines(merchant_id=shop.merchant, now=utc_now())

    share = shares(shop)[Stage.DELIVERY]
    assert (share.total, share.met, share.met_bp) == (4, 3, 7_500)

    make.stock(shop.sku, 1)
    orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
    operations.watch_deadlines(merchant_id=shop.merchant, now=utc_now())
    share = shares(shop)[Stage.DELIVERY]
    assert (share.total, share.met) == (4, 3)


def test_changes_that_were_decided_count_in_the_week_of_the_answer(shop):
    placed = shop.short()
    uid = exceptions.ask_change(
        merchant_id=shop.merchant, number=placed.number,
        wish=ChangeWish(email="new@example.com"), actor=SYSTEM,
    )  # fmt: skip
    assert Stage.ADDRESS not in shares(shop)

    exceptions.decide_change(
        merchant_id=shop.merchant, uid=uid, approves=False, words="不", by=Decider(shop.person())
    )

    assert (shares(shop)[Stage.ADDRESS].total, shares(shop)[Stage.ADDRESS].met) == (1, 1)


def test_another_merchant_and_another_week_have_nothing_of_it(shop, other_merchant):
    settle(shop.account, make.notice(make.order(make.sku(shop.merchant))))
    today = utc_now().astimezone(SHANGHAI).date()

    assert queries.met_shares(merchant_id=other_merchant, today=today, zone=SHANGHAI) == []
    assert shares(shop, today - timedelta(days=14)) == {}


def test_no_share_is_more_than_all_nor_less_than_nothing():
    monday = date(2026, 11, 23)
    found = _shares(
        {(Stage.DELIVERY, monday): 3}, {(Stage.DELIVERY, monday): 4, (Stage.REVIEW, monday): 1}
    )

    assert found == [
        WeekShare(monday, Stage.DELIVERY, 4, 0), WeekShare(monday, Stage.REVIEW, 1, 0),
    ]  # fmt: skip
    assert WeekShare(monday, Stage.DELIVERY, 3_000, 2_999).met_bp == 9_996
