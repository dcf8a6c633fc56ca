"""Goods come in, are counted, moved, held and let go; every number is the sum of movements."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from kacang.catalog import operations as catalog
from kacang.catalog.operations import ProductKind, StockMode
from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants.tenancy import acting_as
from kacang.shared.texts import both
from kacang.stock import operations, queries
from kacang.stock.models import EntryKind, PieceState
from kacang.stock.queries import GoodsLevel
from kacang.vault import operations as vault
from tests.stock.conftest import ACTOR, Make
from tests.threads import at_once


def books(merchant: int) -> tuple[int, ...]:
    """What stands in the books: inventory, owed to suppliers, cost of sales."""
    found = balances(merchant_id=merchant)
    asked = (Account.INVENTORY, Account.PAYABLE_SUPPLIER, Account.COST_OF_SALES)
    return tuple(sum(one.amount.minor for one in found if one.account == which) for which in asked)


class TestReceipts:
    def test_come_in_with_what_they_cost(self, merchant, make):
        sku = make.goods()

        uid = operations.receive(
            merchant_id=merchant,
            actor=ACTOR,
            wish=make.wish(sku, 50, note="首批"),
            purchase=operations.Purchase(" 鲜果源 ", "PO-7", 1250),
        )

        assert make.level(sku) == GoodsLevel(available=50)
        assert make.value(sku) == (50, 62_500)
        assert books(merchant) == (62_500, -62_500, 0)
        (move,) = queries.movements(merchant_id=merchant, sku_id=make.id_of(sku)).items
        assert (move.was, move.now, move.pieces) == (None, PieceState.AVAILABLE, 50)
        assert move.entry is not None
        assert (move.entry.uid, move.entry.kind) == (uid, EntryKind.RECEIPT)
        assert (move.entry.supplier, move.entry.number, move.entry.note) == (
            "鲜果源",
            "PO-7",
            "首批",
        )
        assert str(move.entry.unit_cost) == "¥12.50"
        assert make.wrong() == []

    def test_cost_what_the_sku_says_when_nothing_else_is_said(self, merchant, make):
        sku = make.goods(cost_minor=300)

        operations.receive(
            merchant_id=merchant,
            actor=ACTOR,
            wish=make.wish(sku, 4),
            purchase=operations.Purchase(),
        )

        assert make.value(sku) == (4, 1200)

    def test_the_same_wish_sent_sixteen_times_at_once_is_one(self, merchant, make):
        sku = make.goods()

        uids = at_once([lambda: make.received(sku, 5, request_uid="form-1")] * 16)

        assert len(set(uids)) == 1
        assert make.level(sku) == GoodsLevel(available=5)
        assert make.wrong() == []

    @pytest.mark.parametrize("pieces", [0, -1, 1_000_001])
    def test_of_no_or_too_many_pieces_are_refused(self, merchant, make, pieces):
        sku = make.goods()

        with pytest.raises(operations.BadEntry):
            make.received(sku, pieces)

        assert make.level(sku) == GoodsLevel()

    def test_of_cards_are_refused_and_cards_of_goods_too(self, merchant, make):
        draft = catalog.ProductDraft(title=both("会员"))
        product = catalog.create_product(merchant_id=merchant, actor=ACTOR, draft=draft)
        cards = catalog.create_sku(
            merchant_id=merchant,
            actor=ACTOR,
            product_uid=product,
            draft=catalog.SkuDraft(title=both("年卡"), price_minor=1),
        )

        with pytest.raises(operations.NotGoods):
            make.received(cards, 5)
        request = vault.GenerateRequest(sku_uid=make.goods(), count=5, pattern="X{20}")
        with pytest.raises(vault.NotCards):
            vault.generate_cards(merchant_id=merchant, actor=ACTOR, request=request)

    def test_of_another_merchants_goods_are_refused(self, merchant, other_merchant, make):
        theirs = Make(other_merchant).goods()

        with pytest.raises(catalog.UnknownSku):
            make.received(theirs, 5)

        assert Make(other_merchant).level(theirs) == GoodsLevel()

    def test_kinds_and_stock_belong_together(self, merchant, make):
        draft = catalog.ProductDraft(title=both("会员"))
        product = catalog.create_product(merchant_id=merchant, actor=ACTOR, draft=draft)
        sku = catalog.SkuDraft(title=both("x"), price_minor=1, stock_mode=StockMode.GOODS)
        with pytest.raises(catalog.KindAndStockDiffer):
            catalog.create_sku(merchant_id=merchant, actor=ACTOR, product_uid=product, draft=sku)

        catalog.create_sku(
            merchant_id=merchant,
            actor=ACTOR,
            product_uid=product,
            draft=catalog.SkuDraft(title=both("x"), price_minor=1),
        )
        turned = catalog.ProductDraft(title=both("会员"), kind=ProductKind.GOODS)
        with pytest.raises(catalog.KindFixed):
            catalog.update_product(merchant_id=merchant, actor=ACTOR, uid=product, draft=turned)


class TestAdjustments:
    def test_need_a_reason(self, merchant, make):
        sku = make.goods()
        make.received(sku, 5)

        with pytest.raises(operations.ReasonNeeded):
            make.adjusted(sku, -1, reason="  ")

        assert make.level(sku) == GoodsLevel(available=5)

    def test_what_is_lost_takes_its_share_of_the_cost(self, merchant, make):
        sku = make.goods()
        make.received(sku, 2, cost=100)
        make.received(sku, 1, cost=101)

        make.adjusted(sku, -1, reason="破损")
        assert make.value(sku) == (2, 201)
        make.adjusted(sku, 1, reason="找回")
        assert make.value(sku) == (3, 302)
        make.adjusted(sku, -3, reason="盘亏")

        assert make.value(sku) == (0, 0)
        assert books(merchant) == (0, -301, 301)
        assert make.wrong() == []

    def test_never_take_what_is_reserved_or_sold(self, merchant, make):
        sku = make.goods()
        make.received(sku, 5)
        make.reserved(sku, 3)

        with pytest.raises(operations.NotEnoughFree):
            make.adjusted(sku, -3)

        assert make.level(sku) == GoodsLevel(available=2, reserved=3)
        assert make.wrong() == []


class TestTransfers:
    def test_leave_one_place_and_arrive_at_the_other(self, merchant, make):
        sku = make.goods()
        east = operations.create_warehouse(merchant_id=merchant, actor=ACTOR, name="华东仓")
        make.received(sku, 10, cost=7)
        uid = make.sent(sku, 4, east)

        assert make.level(sku) == GoodsLevel(available=6, in_transit=4)
        (under_way,) = queries.transfers_under_way(merchant_id=merchant, sku_id=make.id_of(sku))
        assert under_way.uid == uid
        assert make.wrong() == []
        results = at_once(
            [lambda: operations.arrive(merchant_id=merchant, actor=ACTOR, uid=uid)] * 8
        )

        assert results == [None] * 8
        places = {place.name: place.id for place in queries.warehouses(merchant_id=merchant)}
        levels = queries.warehouse_levels(merchant_id=merchant, sku_id=make.id_of(sku))
        assert levels[places["华东仓"]] == GoodsLevel(available=4)
        assert levels[places[""]] == GoodsLevel(available=6)
        assert make.value(sku) == (10, 70)
        assert make.wrong() == []

    def test_to_the_same_place_or_of_too_many_are_refused(self, merchant, make):
        sku = make.goods()
        make.received(sku, 2)
        here = queries.warehouses(merchant_id=merchant)[0].uid
        there = operations.create_warehouse(merchant_id=merchant, actor=ACTOR, name="二号仓")

        with pytest.raises(operations.SameWarehouse):
            make.sent(sku, 1, here)
        with pytest.raises(operations.NotEnoughFree):
            make.sent(sku, 3, there)
        with pytest.raises(operations.UnknownWarehouse):
            make.sent(sku, 1, "whs_nothing")

        assert make.level(sku) == GoodsLevel(available=2)
        assert make.wrong() == []


class TestWarehouses:
    def test_there_is_one_default_however_many_ask_at_once(self, merchant):
        at_once([lambda: queries.warehouses(merchant_id=merchant)] * 16)

        found = queries.warehouses(merchant_id=merchant)
        assert [(one.name, one.is_default) for one in found] == [("", True)]

    def test_have_names_of_their_own(self, merchant, other_merchant):
        uid = operations.create_warehouse(merchant_id=merchant, actor=ACTOR, name=" 华东仓 ")
        operations.create_warehouse(merchant_id=other_merchant, actor=ACTOR, name="华东仓")

        with pytest.raises(operations.WarehouseTaken):
            operations.create_warehouse(merchant_id=merchant, actor=ACTOR, name="华东仓")
        for name in ("", " ", "x" * 81, "a\x07b"):
            with pytest.raises(operations.BadWarehouse):
                operations.rename_warehouse(merchant_id=merchant, actor=ACTOR, uid=uid, name=name)
        with pytest.raises(operations.UnknownWarehouse):
            operations.rename_warehouse(
                merchant_id=other_merchant, actor=ACTOR, uid=uid, name="偷改"
            )

        assert [one.name for one in queries.warehouses(merchant_id=merchant)] == ["", "华东仓"]


class TestHolding:
    def test_reserved_sold_and_handed_over(self, merchant, make):
        sku = make.goods()
        make.received(sku, 5, cost=10)
        line = make.reserved(sku, 2)
        assert make.level(sku) == GoodsLevel(available=3, reserved=2)

        assert make.stepped(operations.sell_held, line) == {line: 2}
        assert make.level(sku) == GoodsLevel(available=3, sold=2)
        assert make.level(sku).on_hand == 5
        assert make.stepped(operations.sell_held, line) == {}
        assert make.stepped(operations.release_held, line) == {}

        assert make.handed(line) == {line: 2}
        assert make.handed(line) == {}
        assert make.level(sku) == GoodsLevel(available=3)
        assert make.value(sku) == (3, 30)
        assert books(merchant) == (30, -50, 20)
        assert make.wrong() == []

    def test_released_can_be_sold_again(self, merchant, make):
        sku = make.goods()
        make.received(sku, 2)
        line = make.reserved(sku, 2)
        assert make.reserved(sku, 1) is None

        assert make.stepped(operations.release_held, line) == {line: 2}

        assert make.reserved(sku, 2) is not None
        assert make.wrong() == []

    def test_a_reservation_that_ran_out_counts_as_available_and_is_found(self, merchant, make):
        sku = make.goods()
        make.received(sku, 3)
        line = make.reserved(sku, 2, seconds=-1)

        assert make.level(sku) == GoodsLevel(available=3)
        found = operations.overdue_lines(merchant_id=merchant, sku_ids=[make.id_of(sku)], most=10)
        assert found == [line]

    def test_more_than_any_slot_has_is_taken_from_several(self, merchant, make):
        sku = make.goods()
        make.received(sku, 40)

        assert make.reserved(sku, 39) is not None
        assert make.reserved(sku, 2) is None
        assert make.reserved(sku, 1) is not None
        assert make.wrong() == []

    def test_baskets_are_served_whole_or_not_at_all(self, merchant, make):
        nuts, tea = make.goods(), make.goods()
        make.received(nuts, 3)
        make.received(tea, 1)
        ids = (make.id_of(nuts), make.id_of(tea))

        with acting_as(merchant):
            taken = operations.take_pieces(
                merchant_id=merchant,
                baskets=[{ids[0]: 1, ids[1]: 1}, {ids[0]: 1, ids[1]: 1}, {ids[0]: 2}],
            )
            parcels = [parcel for got in taken if got for parcel in got]
            operations.put_back(merchant_id=merchant, parcels=parcels)

        assert [got and sum(parcel.pieces for parcel in got) for got in taken] == [2, None, 2]
        assert make.wrong() == []


class TestDatabase:
    def test_movements_are_added_only(self, merchant, make):
        make.received(make.goods(), 1)

        for text in ("update goods_movement set pieces = 9", "delete from goods_movement"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                acting_as(merchant),
                connection.cursor() as cursor,
            ):
                cursor.execute(text)

    def test_no_slot_ever_holds_less_than_nothing(self, merchant, make):
        make.received(make.goods(), 1)

        with (
            pytest.raises(IntegrityError, match="goods_slot_quantity_check"),
            acting_as(merchant),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("update goods_slot set quantity = quantity - 2")

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            ("update goods_slot set quantity = quantity + 1 where slot_no = 3", "slots"),
            ("update goods_hold set pieces = 9", "holds"),
            ("update goods_worth set pieces = pieces + 1", "goods owned"),
            ("update goods_worth set value_minor = value_minor + 1", "goods whose cost"),
        ],
    )
    def test_the_nightly_check_finds_what_is_wrong(self, merchant, make, damage, said):
        sku = make.goods()
        make.received(sku, 20, cost=3)
        make.reserved(sku, 2)
        assert make.wrong() == []

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(damage)

        assert [what.startswith(said) for what in make.wrong()] == [True]
