"""Products, SKUs and categories, and what shop and desk see of them."""

import pytest

from kacang.catalog import operations, queries
from kacang.catalog.operations import ProductState, Strategy
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money
from kacang.shared.states import WrongState
from kacang.shared.texts import both
from tests.catalog.conftest import ACTOR


def state_of(merchant: int, uid: str) -> ProductState:
    return queries.product(merchant_id=merchant, uid=uid).state


class TestProducts:
    def test_is_off_sale_and_hidden_until_put_on_sale(self, merchant, make):
        uid = make.product()
        make.sku(uid)

        with pytest.raises(queries.UnknownProduct):
            queries.product_page(merchant_id=merchant, uid=uid)
        operations.set_product_state(
            merchant_id=merchant, actor=ACTOR, uid=uid, state=ProductState.ON_SALE
        )

        page = queries.product_page(merchant_id=merchant, uid=uid)
        assert page.title == {"zh-Hans": "视频会员年卡"}
        assert [item.price for item in page.skus] == [Money(19_800)]
        assert page.lowest_price == Money(19_800)

    def test_without_a_sku_cannot_go_on_sale(self, merchant, make):
        uid = make.product()

        with pytest.raises(operations.NothingToSell):
            operations.set_product_state(
                merchant_id=merchant, actor=ACTOR, uid=uid, state=ProductState.ON_SALE
            )

        assert state_of(merchant, uid) == ProductState.OFF_SALE

    def test_archived_is_taken_out_before_it_is_sold_again(self, merchant, make):
        uid = make.on_sale()
        operations.set_product_state(
            merchant_id=merchant, actor=ACTOR, uid=uid, state=ProductState.ARCHIVED
        )

        with pytest.raises(WrongState):
            operations.set_product_state(
                merchant_id=merchant, actor=ACTOR, uid=uid, state=ProductState.ON_SALE
            )

        assert state_of(merchant, uid) == ProductState.ARCHIVED

    def test_form_version_rises_when_the_form_changes_only(self, merchant, make):
        ask = {"name": "account", "label": both("游戏账号")}
        uid = make.product(form_fields=(ask,))

        def update(title, fields):
            draft = operations.ProductDraft(title=both(title), form_fields=fields)
            operations.update_product(merchant_id=merchant, actor=ACTOR, uid=uid, draft=draft)
            return queries.product(merchant_id=merchant, uid=uid)

        assert update("新名字", (ask,)).form_version == 1
        changed = update("新名字", (ask, {**ask, "name": "server"}))
        assert changed.form_version == 2
        assert [field.name for field in changed.form_fields] == ["account", "server"]

    def test_refuses_texts_that_are_none(self, merchant, make):
        for title in ({}, {"zh-Hans": "  "}, {"zh-Hans": "长" * 121}, {"fr": "x"}, {"en": "a\0b"}):
            with pytest.raises(operations.BadText):
                operations.create_product(
                    merchant_id=merchant, actor=ACTOR, draft=operations.ProductDraft(title=title)
                )
        page = queries.products_page(merchant_id=merchant, where=queries.ProductFilter())
        assert page.items == ()

    def test_is_in_the_log_with_before_and_after(self, merchant, make):
        uid = make.product("旧")
        operations.update_product(
            merchant_id=merchant,
            actor=ACTOR,
            uid=uid,
            draft=operations.ProductDraft(title=both("新"), description=both("说明")),
        )

        with acting_as(merchant):
            rows = list(
                AuditEntry.objects.filter(merchant_id=merchant, object_uid=uid).order_by("id")
            )
        assert [row.action for row in rows] == ["products.create", "products.update"]
        assert (rows[1].before or {})["title"] == {"zh-Hans": "旧"}
        assert (rows[1].after or {})["title"] == {"zh-Hans": "新"}
        assert (rows[1].after or {})["texts"] == "changed"
        assert rows[1].actor_label == "lu@example.com"

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant, make):
        uid = make.on_sale()
        draft = operations.ProductDraft(title=both("偷"))

        with pytest.raises(queries.UnknownProduct):
            queries.product_page(merchant_id=other_merchant, uid=uid)
        with pytest.raises(queries.UnknownProduct):
            operations.update_product(merchant_id=other_merchant, actor=ACTOR, uid=uid, draft=draft)

        assert queries.product(merchant_id=merchant, uid=uid).title == both("视频会员年卡")


class TestSkus:
    def test_keeps_every_value(self, merchant, make):
        uid = make.sku(
            make.product(),
            price_minor=1999,
            list_price_minor=2999,
            cost_minor=1500,
            min_per_order=2,
            max_per_order=20,
            max_per_buyer=40,
            strategy=Strategy.SOONEST_EXPIRY,
            chosen_surcharge_minor=100,
            number_is_secret=True,
            low_stock_at=50,
            position=3,
        )

        sku = queries.sku(merchant_id=merchant, uid=uid)
        assert (sku.price, sku.list_price, sku.cost) == (Money(1999), Money(2999), Money(1500))
        assert (sku.min_per_order, sku.max_per_order, sku.max_per_buyer) == (2, 20, 40)
        assert (sku.strategy, sku.chosen_surcharge) == (Strategy.SOONEST_EXPIRY, Money(100))
        assert (sku.number_is_secret, sku.low_stock_at, sku.position) == (True, 50, 3)

    @pytest.mark.parametrize(
        "values",
        [
            {"price_minor": -1},
            {"price_minor": 100, "list_price_minor": 99},
            {"cost_minor": -1},
            {"min_per_order": 0},
            {"min_per_order": 5, "max_per_order": 4},
            {"max_per_order": 10_001},
            {"max_per_buyer": 0},
            {"chosen_surcharge_minor": -1},
            {"low_stock_at": -1},
        ],
    )
    def test_refuses_limits_that_make_no_sense(self, merchant, make, values):
        product = make.product()

        with pytest.raises(operations.BadValue):
            make.sku(product, **values)

        assert queries.product(merchant_id=merchant, uid=product).skus == ()

    def test_stock_mode_is_fixed(self, merchant, make):
        uid = make.sku(make.product())
        draft = operations.SkuDraft(
            title=both("年卡"), price_minor=1, stock_mode=operations.StockMode.LOOP
        )

        with pytest.raises(operations.StockModeFixed):
            operations.update_sku(merchant_id=merchant, actor=ACTOR, uid=uid, draft=draft)

        assert queries.sku(merchant_id=merchant, uid=uid).price == Money(19_800)

    def test_off_sale_is_not_on_the_page(self, merchant, make):
        product = make.on_sale()
        other = make.sku(product, price_minor=100, title=both("月卡"))
        operations.set_sku_on_sale(merchant_id=merchant, actor=ACTOR, uid=other, on_sale=False)

        page = queries.product_page(merchant_id=merchant, uid=product)
        assert [item.price for item in page.skus] == [Money(19_800)]
        assert len(queries.product(merchant_id=merchant, uid=product).skus) == 2


class TestShelf:
    def test_pages_by_key_in_the_merchants_order(self, merchant, make):
        uids = [make.on_sale(f"商品 {position}", position=position) for position in (3, 1, 2, 1, 0)]
        wanted = [uids[4], uids[1], uids[3], uids[2], uids[0]]

        seen: list[str] = []
        cursor = ""
        while True:
            page = queries.shelf(merchant_id=merchant, cursor=cursor, limit=2)
            seen += [item.uid for item in page.items]
            cursor = page.next_cursor
            if not cursor:
                break

        assert seen == wanted

    def test_finds_every_word_in_either_language(self, merchant, make):
        uid = make.on_sale("腾讯视频年卡", en="Tencent Video VIP")
        make.on_sale("网易云音乐")

        def found(search):
            page = queries.shelf(merchant_id=merchant, search=search)
            return [item.uid for item in page.items]

        assert found("VIDEO tencent") == [uid]
        assert found("视频") == [uid]
        assert found("one year") == found("年卡") != []
        assert found("100%") == found("_") == found("nothing") == []

    def test_a_category_holds_its_products(self, merchant, make):
        videos = make.category("视频", position=1)
        games = make.category("游戏")
        uid = make.on_sale(category_uid=videos)
        make.on_sale("点卡")

        page = queries.shelf(merchant_id=merchant, category_uid=videos)
        assert [item.uid for item in page.items] == [uid]
        shelves = [(row.uid, row.product_count) for row in queries.categories(merchant_id=merchant)]
        assert shelves == [(games, 0), (videos, 1)]

    def test_products_outlive_their_category(self, merchant, make):
        category = make.category()
        uid = make.on_sale(category_uid=category)

        operations.delete_category(merchant_id=merchant, actor=ACTOR, uid=category)

        assert queries.product_page(merchant_id=merchant, uid=uid).category_uid == ""
        assert queries.categories(merchant_id=merchant) == []

    def test_the_desk_sees_all_but_the_archived(self, merchant, make):
        on_sale = make.on_sale()
        off_sale = make.product("下架")
        archived = make.product("归档")
        operations.set_product_state(
            merchant_id=merchant, actor=ACTOR, uid=archived, state=ProductState.ARCHIVED
        )

        def found(**where):
            page = queries.products_page(merchant_id=merchant, where=queries.ProductFilter(**where))
            return [item.uid for item in page.items]

        assert found() == [on_sale, off_sale]
        assert found(state=ProductState.ARCHIVED) == [archived]
        assert found(search="下架") == [off_sale]
        assert queries.state_counts(merchant_id=merchant) == {
            ProductState.OFF_SALE: 1,
            ProductState.ON_SALE: 1,
            ProductState.ARCHIVED: 1,
        }


class TestL27:
    def test_L27_a_category_of_another_merchant_is_refused(self, make, other_merchant):
        foreign = operations.create_category(
            merchant_id=other_merchant, actor=ACTOR, title=both("别家")
        )

        with pytest.raises(operations.UnknownCategory):
            make.product(category_uid=foreign)
