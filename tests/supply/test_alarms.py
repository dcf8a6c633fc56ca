"""S4, L20: one alarm for each crossing of the line, however many sell at once."""

from collections import Counter

import pytest
from django.db import IntegrityError, connection
from hypothesis import given
from hypothesis import strategies as st

from kacang.catalog.models import Sku, StockMode
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.models import Message
from kacang.stock import operations as stock
from kacang.supply import operations as supply
from kacang.supply.alarms import clear_of, line_of
from kacang.supply.models import StockAlarm
from kacang.web.mails import stock as stock_mails
from tests import make
from tests.messages.belling import bell
from tests.stock.conftest import Make
from tests.threads import at_once


def watch(made, line: int | None, **terms: int) -> list[tuple[int, int, int]]:
    with acting_as(made.merchant_id):
        Sku.objects.filter(merchant_id=made.merchant_id, id=made.sku.pk).update(
            low_stock_at=line, **terms
        )
    return seen(made.merchant_id)


def seen(merchant: int) -> list[tuple[int, int, int]]:
    found = supply.watch_stock(merchant_id=merchant)
    return [(alarm.crossing, alarm.available, alarm.line) for alarm in found]


def choose(merchant: int, **values: object) -> None:
    merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)


def sell(made, cards: int) -> None:
    """Cards that leave for buyers, straight in the movements: sales have their own tests."""
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards)"
            " values (%s::bigint, %s::bigint, %s::bigint, 0, 2, %s::int)",
            [made.merchant_id, made.sku.pk, made.batch.pk, cards],
        )


def told(merchant: int) -> int:
    with acting_as(merchant):
        return Message.objects.filter(merchant_id=merchant, event="staff.low_stock").count()


class TestCrossing:
    def test_L20_a_count_that_goes_up_and_down_around_the_line_is_one_alarm(self, merchant):
        made = make.sku(merchant, cards=10)
        seen = [watch(made, 10)]
        sell(made, 1)
        for _ in range(3):
            seen.append(watch(made, 10))
            make.stock(made, 1)
            seen.append(watch(made, 10))
            sell(made, 1)

        assert seen == [[], [(1, 9, 10)], [], [(1, 9, 10)], [], [(1, 9, 10)], []]

    def test_L20_it_can_go_off_again_after_stock_rose_clearly(self, merchant):
        made = make.sku(merchant, cards=9)
        first = watch(made, 10)
        make.stock(made, 3)  # 12: above the line, not clear of it
        risen_little = watch(made, 10)
        sell(made, 3)
        fallen_again = watch(made, 10)
        make.stock(made, 4)  # 13: clear
        risen_much = watch(made, 10)
        sell(made, 4)

        assert (first, risen_little, fallen_again) == ([(1, 9, 10)], [], [(1, 9, 10)])
        assert (risen_much, watch(made, 10)) == ([], [(2, 9, 10)])

    def test_what_is_not_watched_any_more_is_new_when_it_is_watched_again(self, merchant):
        made = make.sku(merchant, cards=1)
        watch(made, 2)
        watch(made, 0)

        assert watch(made, 2) == [(2, 1, 2)]

    def test_another_merchants_sku_is_refused_by_the_database(self, merchant, other_merchant):
        made = make.sku(other_merchant, cards=1)

        with (
            pytest.raises(IntegrityError, match="stock_alarm_sku_id_tenant_fk"),
            acting_as(merchant),
        ):
            StockAlarm.objects.create(merchant_id=merchant, sku_id=made.sku.pk)

        with acting_as(other_merchant):
            assert not StockAlarm.objects.filter(merchant_id=other_merchant).exists()

    def test_what_is_off_sale_is_not_watched(self, merchant):
        made = make.sku(merchant, cards=1)

        assert watch(made, 5, on_sale=False) == []
        assert watch(made, 5, on_sale=True) == [(1, 1, 5)]


class TestAtOnce:
    def test_L20_thirty_two_sales_across_the_line_are_one_alert(self, merchant):
        made = make.sku(merchant, cards=40, low_stock_at=20)

        def sale() -> int:
            sell(made, 1)
            return stock_mails.tell_low_stock(merchant_id=merchant)

        results = at_once([sale] * 32, threads=16)

        assert Counter(results) == {0: 31, 1: 1}
        assert told(merchant) == 1
        assert watch(made, 20) == [(1, 8, 20)]
        assert len(bell(merchant)) == 1


class TestLine:
    def test_L20_a_card_for_every_buyer_never_runs_low(self, merchant):
        made = make.sku(merchant, cards=0, low_stock_at=5, stock_mode=StockMode.LOOP)
        make.stock(made, 1, loop=True)

        assert stock_mails.tell_low_stock(merchant_id=merchant) == 0
        assert told(merchant) == 0

    def test_days_of_cover_reckon_from_what_was_sold(self, merchant):
        made = make.sku(merchant, cards=30)
        sell(made, 14)  # two a day; sixteen are left: eight days

        assert watch(made, 0, cover_days=8) == []
        assert watch(made, 0, cover_days=9) == [(1, 16, 18)]

    def test_a_skus_own_days_and_line_go_before_the_merchants(self, merchant):
        made = make.sku(merchant, cards=30)
        sell(made, 14)
        choose(merchant, low_stock_at=17, stock_cover_days=9)

        assert watch(made, None) == [(1, 16, 18)]
        assert watch(made, None, cover_days=0) == [(1, 16, 17)]
        assert watch(made, 0, cover_days=0) == []
        assert watch(made, 0, cover_days=10) == [(2, 16, 20)]

    @given(st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 365))
    def test_the_line_is_the_higher_of_both_and_clear_lies_above_it(self, threshold, sold, days):
        line = line_of(threshold=threshold, sold=sold, cover_days=days)

        assert line >= threshold
        assert line * 7 >= sold * days
        assert line == threshold or (line - 1) * 7 < sold * days
        assert clear_of(line) > line
        assert 4 * (clear_of(line) - line) >= line


class TestGoods:
    def test_S1_goods_run_low_over_all_warehouses_together(self, merchant):
        goods = Make(merchant)
        sku = goods.goods(low_stock_at=10)
        goods.received(sku, 12)
        full = seen(merchant)
        goods.reserved(sku, 3)
        low = seen(merchant)
        goods.received(sku, 4)
        risen = seen(merchant)
        goods.adjusted(sku, -8)

        assert (full, low, risen) == ([], [(1, 9, 10)], [])
        assert seen(merchant) == [(2, 5, 10)]

    def test_a_reservation_that_has_run_out_is_there_again(self, merchant):
        goods = Make(merchant)
        sku = goods.goods(low_stock_at=10)
        goods.received(sku, 12)
        goods.reserved(sku, 3, seconds=-1)

        assert seen(merchant) == []

    def test_days_of_cover_reckon_from_what_was_sold(self, merchant):
        goods = Make(merchant)
        sku = goods.goods(cover_days=9)
        goods.received(sku, 30)
        line = goods.reserved(sku, 14)
        assert line
        goods.stepped(stock.sell_held, line)

        (alarm,) = supply.watch_stock(merchant_id=merchant)

        assert (alarm.available, alarm.line, alarm.sold, alarm.days_left) == (16, 18, 14, 8)

    def test_staff_are_told_where_the_goods_are(self, merchant):
        goods = Make(merchant)
        sku = goods.goods(low_stock_at=2)

        told = [stock_mails.tell_low_stock(merchant_id=merchant) for _ in range(2)]

        assert told == [1, 0]
        (notice,) = bell(merchant, "zh-hans")
        assert (notice.title, notice.target) == ("坚果礼盒 · 一箱 库存不足", ("sku", sku))
