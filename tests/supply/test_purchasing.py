"""S5: how many to buy, by a worked example, by arithmetic that holds for all, and as a workbook."""

import io
import zipfile

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from kacang.catalog.models import Product, StockMode
from kacang.merchants import operations as merchants
from kacang.merchants import queries as merchant_queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.stock import operations as stock
from kacang.supply import operations, queries
from kacang.supply.purchasing import Position, suggestion
from kacang.supply.queries import Wish
from kacang.vault.models import Batch
from tests import make
from tests.orders.looking import settle
from tests.stock.conftest import ACTOR, Make

COUNTS = st.integers(0, 10**6)


def sell(made, cards: int, days_ago: int = 0) -> None:
    """Cards that left for buyers some days ago, straight in the movements."""
    with acting_as(made.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards,"
            " at) values (%s::bigint, %s::bigint, %s::bigint, 0, 2, %s::int,"
            " now() - make_interval(days => %s::int))",
            [made.merchant_id, made.sku.pk, made.batch.pk, cards, days_ago],
        )


def only(merchant: int, **wish) -> queries.PurchaseLine:
    (line,) = queries.purchase_list(merchant_id=merchant, wish=Wish(**wish))
    return line


class TestArithmetic:
    def test_the_worked_example_of_the_documentation(self):
        """12 wait, 50 sold in 7 days, 3 + 14 days: 12 + 121.4… − 40 − 20 = 73.4…, so 74."""
        position = Position(waiting=12, available=40, in_transit=20)

        assert suggestion(position=position, sold=50, span=7, days=17) == 74

    # A machine with much else to do makes numbers slowly.
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(COUNTS, COUNTS, COUNTS, COUNTS, st.sampled_from([7, 30]), st.integers(0, 730))
    def test_it_is_just_enough(self, waiting, available, in_transit, sold, span, days):
        position = Position(waiting, available, in_transit)

        bought = suggestion(position=position, sold=sold, span=span, days=days)

        def lasts(more: int) -> bool:
            return bool((available + in_transit + more - waiting) * span >= sold * days)

        assert bought >= 0
        assert lasts(bought)
        assert bought == 0 or not lasts(bought - 1)


class TestCards:
    def test_each_number_comes_from_where_it_should(self, merchant):
        merchants.change_settings(merchant_id=merchant, values={"stock_lead_days": 4}, actor=SYSTEM)
        made = make.sku(merchant, cards=30, cost=250, cover_days=3)
        sell(made, 14)
        sell(made, 6, days_ago=8)
        sell(made, 100, days_ago=31)
        with acting_as(merchant):
            Batch.objects.filter(merchant_id=merchant, id=made.batch.pk).update(supplier="蜂鸟")

        week, month = only(merchant), only(merchant, span=30)

        # 14 × 7 / 7 = 14, and 20 × 7 / 30 = 4.67: 5; minus what is available is less than none.
        free = 30 - 14 - 6 - 100
        assert (week.available, week.sold.week, week.sold.month) == (max(free, 0), 14, 20)
        assert (week.suggested, month.suggested) == (14, 5)
        assert (week.terms.lead_days, week.terms.cover_days) == (4, 3)
        assert (week.unit_cost.minor, week.amount.minor) == (250, 3500)
        assert (week.supplier, week.source) == ("蜂鸟", made.batch.uid)

    def test_paid_orders_that_wait_are_bought_for(self, merchant):
        account = make.account(merchant)
        made = make.sku(merchant, cards=2, lead_days=0)
        placed = make.order(made, 2)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM, reason="x")
        rival = make.order(made, 2)
        settle(account, make.notice(rival))
        settle(account, make.notice(placed))

        line = only(merchant)

        assert (line.waiting, line.available, line.suggested) == (2, 0, 2)

    def test_loop_cards_and_what_is_off_sale_are_never_bought(self, merchant):
        make.sku(merchant, cards=0, stock_mode=StockMode.LOOP)
        make.sku(merchant, cards=0, on_sale=False)

        assert queries.purchase_list(merchant_id=merchant) == []

    def test_others_rows_are_not_there(self, merchant, other_merchant):
        make.sku(other_merchant, cards=1)

        assert queries.purchase_list(merchant_id=merchant) == []


class TestGoods:
    def test_what_lies_there_for_its_buyer_is_not_bought_again(self, merchant):
        goods = Make(merchant)
        sku = goods.goods(lead_days=6, cover_days=1)
        east = stock.create_warehouse(merchant_id=merchant, actor=ACTOR, name="东")
        goods.received(sku, 20, cost=3150)
        line = goods.reserved(sku, 15)
        assert line
        goods.stepped(stock.sell_held, line)
        goods.sent(sku, 2, east)

        found = only(merchant)

        assert (found.to_hand_over, found.waiting) == (15, 0)
        assert (found.available, found.in_transit, found.sold.week) == (3, 2, 15)
        assert found.suggested == 15 - 3 - 2
        assert found.amount.minor == 10 * 3150
        assert found.source == ""


class TestFilters:
    def test_by_kind_words_need_and_supplier(self, merchant):
        goods = Make(merchant)
        box = goods.goods()
        made = make.sku(merchant, cards=50)
        sell(made, 1)
        goods.received(box, 5)

        def uids(**wish) -> list[str]:
            found = queries.purchase_list(merchant_id=merchant, wish=Wish(**wish))
            return [line.sku.uid for line in found]

        assert sorted(uids()) == sorted([box, made.sku.uid])
        assert uids(kind="goods") == [box]
        assert uids(kind="cards") == [made.sku.uid]
        assert uids(words="礼盒") == [box]
        assert uids(words="video YEAR") == [made.sku.uid]
        assert uids(needed=True) == []
        assert uids(supplier="nobody") == []


class TestWorkbook:
    @pytest.fixture
    def book(self, merchant) -> bytes:
        made = make.sku(merchant, cards=0, cost=250, lead_days=3)
        sell(made, 7)
        with acting_as(merchant):
            Product.objects.filter(merchant_id=merchant).update(
                title={"en": "=HYPERLINK(1)", "zh-Hans": "=1+1"}
            )
            Batch.objects.filter(merchant_id=merchant).update(supplier="@SUM(1)", number="+1")
        return operations.purchase_workbook(
            merchant_id=merchant, actor=ACTOR, wish=Wish(), language="en"
        )

    def test_has_the_numbers_as_numbers(self, book):
        rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        row = dict(zip(rows[0], rows[1], strict=True))

        assert len(rows) == 2
        assert (row["To buy"], row["Sold in 7 days"], row["Amount"]) == (3, 7, 7.5)
        assert (row["Product"], row["Last supplier"]) == ("=HYPERLINK(1)", "@SUM(1)")

    def test_no_text_is_a_formula(self, book):
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()

        assert "<f>" not in sheet
        assert "<f " not in sheet

    def test_who_took_it_is_in_the_log(self, merchant, book):
        page = merchant_queries.audit_page(
            merchant_id=merchant, where=merchant_queries.AuditFilter(action="stock.purchase_list")
        )

        assert [(row.actor_label, row.after) for row in page.rows] == [
            (ACTOR.label, {"lines": 1, "span": 7})
        ]
