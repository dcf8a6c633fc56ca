"""What cards can be redeem codes for, and what not (V5, L21)."""

import pytest
from django.db import IntegrityError, connection

from kacang.catalog import operations, queries
from kacang.catalog.operations import BadRedeemTarget, StockMode
from kacang.merchants.audit import SYSTEM
from kacang.merchants.queries import AuditFilter, audit_page
from kacang.merchants.tenancy import acting_as
from kacang.shared.texts import both
from tests import make
from tests.threads import at_once


def draft(**values):
    return operations.SkuDraft(title=both("兑换码"), price_minor=100, **values)


def target_of(merchant, uid):
    return queries.sku(merchant_id=merchant, uid=uid).redeems_uid


@pytest.fixture
def product(merchant):
    return operations.create_product(
        merchant_id=merchant, actor=SYSTEM, draft=operations.ProductDraft(title=both("兑换码"))
    )


@pytest.fixture
def add(merchant, product):
    def made(**values):
        return operations.create_sku(
            merchant_id=merchant, actor=SYSTEM, product_uid=product, draft=draft(**values)
        )

    return made


@pytest.fixture
def change(merchant):
    def changed(uid, **values):
        operations.update_sku(merchant_id=merchant, actor=SYSTEM, uid=uid, draft=draft(**values))

    return changed


class TestTarget:
    def test_is_set_changed_and_taken_away(self, merchant, add, change):
        one, other = add(), add()

        uid = add(redeems=one)
        assert target_of(merchant, uid) == one
        found = queries.redeem_skus(merchant_id=merchant)
        assert {sku_id: sku.uid for sku_id, sku in found.items()} == {
            queries.sku(merchant_id=merchant, uid=uid).id: one
        }
        assert queries.has_redeem_codes(merchant_id=merchant)
        change(uid, redeems=other)
        assert target_of(merchant, uid) == other
        change(uid)

        assert target_of(merchant, uid) == ""
        assert not queries.has_redeem_codes(merchant_id=merchant)
        log = audit_page(merchant_id=merchant, where=AuditFilter(action="skus.update"))
        assert [(row.before["redeems"], row.after["redeems"]) for row in log.rows] == [
            (other, ""),
            (one, other),
        ]

    def test_is_no_sku_of_another_merchant_and_none_that_is_not_there(
        self, merchant, other_merchant, add
    ):
        theirs = make.sku(other_merchant, cards=0).sku.uid

        for wrong in (theirs, "sku_none"):
            with pytest.raises(BadRedeemTarget) as caught:
                add(redeems=wrong)
            assert caught.value.detail == {"problem": "unknown"}
        assert not queries.has_redeem_codes(merchant_id=merchant)

    def test_leads_to_no_other_target(self, merchant, add, change):
        last = add()
        middle = add(redeems=last)
        free = add()

        for uid, redeems in ((free, middle), (last, free), (last, middle), (free, free)):
            with pytest.raises(BadRedeemTarget) as caught:
                change(uid, redeems=redeems)
            assert caught.value.detail == {"problem": "chain"}
        assert [target_of(merchant, uid) for uid in (last, middle, free)] == ["", last, ""]

    def test_of_two_that_are_pointed_at_each_other_at_once_one_is_refused(
        self, merchant, add, change
    ):
        one, other = add(), add()

        outcomes = at_once(
            [lambda: change(one, redeems=other), lambda: change(other, redeems=one)], threads=2
        )

        assert sum(isinstance(outcome, BadRedeemTarget) for outcome in outcomes) == 1
        assert min(target_of(merchant, one), target_of(merchant, other)) == ""

    def test_is_for_cards_that_are_sold_once_and_never_goods(self, merchant, add, change):
        loop = add(stock_mode=StockMode.LOOP)
        goods_product = operations.create_product(
            merchant_id=merchant,
            actor=SYSTEM,
            draft=operations.ProductDraft(title=both("礼盒"), kind=operations.ProductKind.GOODS),
        )
        goods = operations.create_sku(
            merchant_id=merchant, actor=SYSTEM, product_uid=goods_product,
            draft=draft(stock_mode=StockMode.GOODS),
        )  # fmt: skip

        with pytest.raises(BadRedeemTarget, match="not_cards"):
            change(loop, stock_mode=StockMode.LOOP, redeems=add())
        with pytest.raises(BadRedeemTarget, match="goods"):
            add(redeems=goods)
        assert target_of(merchant, add(redeems=loop)) == loop

    def test_the_database_refuses_itself_and_another_merchants(self, merchant, other_merchant, add):
        uid = add()
        theirs = make.sku(other_merchant, cards=0).sku.pk

        for value in ("id", str(theirs)):
            with (
                pytest.raises(IntegrityError),
                acting_as(merchant),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"update sku set redeems_id = {value} where uid = %s", [uid])
