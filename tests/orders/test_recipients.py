"""Whom goods go to that are sent by courier: asked for with the order, kept sealed (O3, L1)."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.customers import queries as customer_queries
from kacang.customers.operations import ConsentWay
from kacang.logistics import queries as logistics
from kacang.logistics.operations import BadRecipient, RecipientMissing, RecipientNotNeeded
from kacang.logistics.queries import RecipientView
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations
from kacang.orders.customers import linking, reading
from kacang.orders.errors import SoldOut
from kacang.orders.types import Item, PlaceRequest
from kacang.shared.ciphers import CannotOpen
from kacang.shared.contacts import Contact
from tests import make
from tests.orders.test_goods import Shop

WHOM = RecipientView("林晓岚", "13826042716", "浙江省 杭州市 西湖区", "文三路 90 号 3 幢", "310012")
KEPT = replace(WHOM, phone="+8613826042716")
EMAIL = "lin@example.com"


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def sent(shop) -> str:
    sku: str = shop.stock.goods(way="courier")
    shop.stock.received(sku, 5, cost=700)
    return sku


def whom_of(shop, placed):
    order_id = shop.order(placed).id
    return logistics.recipients_of(merchant_id=shop.merchant, order_ids=[order_id]).get(order_id)


def counted(shop, table):
    with acting_as(shop.merchant), connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table} where merchant_id = %s", [shop.merchant])
        return cursor.fetchone()[0]


class TestPlacing:
    def test_O3_the_address_is_kept_with_the_order_and_sealed(self, shop, sent):
        placed = shop.place((sent, 1), recipient=WHOM)

        assert whom_of(shop, placed) == KEPT
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select sealed from recipient where merchant_id = %s", [shop.merchant])
            ((sealed,),) = cursor.fetchall()
            cursor.execute(
                """select (select string_agg(row_to_json(o)::text, '') from sale_order o
                        where merchant_id = %(id)s)
                    || (select string_agg(row_to_json(t)::text, '') from timeline t
                        where merchant_id = %(id)s)""",
                {"id": shop.merchant},
            )
            ((written,),) = cursor.fetchall()
        assert "晓岚".encode() not in bytes(sealed)
        assert b"13826042716" not in bytes(sealed)
        assert "文三路" not in written
        assert "13826042716" not in written
        assert "晓岚" not in repr(WHOM)
        assert "13826042716" not in repr(shop.order(placed))

    @pytest.mark.parametrize(
        ("part", "text"),
        [
            ("name", " "), ("name", "林" * 61), ("name", "a\x1bb"), ("phone", ""),
            ("phone", "12"), ("region", ""), ("address", "3"), ("address", "路" * 201),
            ("postcode", "??"), ("postcode", "12345678901"),
        ],
    )  # fmt: skip
    def test_O3_a_part_that_cannot_be_is_named_and_nothing_is_kept(self, shop, sent, part, text):
        with pytest.raises(BadRecipient) as caught:
            shop.place((sent, 1), recipient=replace(WHOM, **{part: text}))

        assert caught.value.detail == {"field": part}
        assert counted(shop, "sale_order") == 0
        assert counted(shop, "recipient") == 0

    @pytest.mark.parametrize("given", [None, RecipientView("", "", "", "")])
    def test_O3_no_address_no_order_of_what_is_sent(self, shop, sent, given):
        with pytest.raises(RecipientMissing):
            shop.place((sent, 1), recipient=given)

        assert counted(shop, "sale_order") == 0
        assert shop.stock.level(sent).available == 5

    def test_O3_a_postcode_may_be_left_out(self, shop, sent):
        placed = shop.place((sent, 1), recipient=replace(WHOM, postcode=""))

        assert whom_of(shop, placed) == replace(KEPT, postcode="")

    def test_O3_no_address_is_taken_where_nothing_is_sent(self, shop):
        handed = shop.stock.goods()
        shop.stock.received(handed, 1)

        with pytest.raises(RecipientNotNeeded):
            shop.place((handed, 1), recipient=WHOM)

        assert counted(shop, "sale_order") == 0
        assert counted(shop, "recipient") == 0

    def test_O3_one_address_for_all_that_is_sent_of_a_mixed_order(self, shop, sent):
        codes = make.sku(shop.merchant)

        placed = shop.place((codes.sku.uid, 1), (sent, 2), recipient=WHOM)

        assert whom_of(shop, placed) == KEPT

    def test_O3_a_refused_order_leaves_no_address(self, shop, sent):
        with pytest.raises(SoldOut):
            shop.place((sent, 6), recipient=WHOM)

        assert counted(shop, "recipient") == 0

    def test_rule_18_it_opens_for_its_own_order_only(self, shop, sent):
        first, second = (
            shop.place((sent, 1), recipient=replace(WHOM, name=name)) for name in ("甲", "乙")
        )
        ids = [shop.order(first).id, shop.order(second).id]
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                """update recipient r set sealed = o.sealed from recipient o
                where r.merchant_id = %s and o.merchant_id = r.merchant_id
                  and r.order_id = %s and o.order_id = %s""",
                [shop.merchant, *ids],
            )

        with pytest.raises(CannotOpen):
            whom_of(shop, first)


class TestStatements:
    def asked(self, shop, *requests):
        with CaptureQueriesContext(connection) as caught:
            outcomes = operations.place_orders(merchant_id=shop.merchant, requests=list(requests))
        assert not [one for one in outcomes if isinstance(one, Exception)]
        return [one["sql"] for one in caught.captured_queries]

    def wish(self, sku, whom=None):
        return PlaceRequest(items=(Item(sku, 1),), contact=Contact(EMAIL), recipient=whom)

    def test_O3_what_is_not_sent_costs_no_statement_and_many_that_are_cost_one(self, shop, sent):
        codes = make.sku(shop.merchant, cards=4)

        plain = self.asked(shop, *[self.wish(codes.sku.uid)] * 2)
        many = self.asked(shop, *[self.wish(sent, WHOM)] * 3)

        assert not [sql for sql in plain if "recipient" in sql]
        assert len([sql for sql in many if '"recipient"' in sql]) == 1


class TestRemembering:
    def bought(self, shop, sent, proved="", contact=EMAIL, whom=WHOM):
        placed = shop.place((sent, 1), recipient=whom, contact=Contact(contact))
        linking.remember_buyer(
            merchant_id=shop.merchant, number=placed.number,
            way=ConsentWay.ACCOUNT if proved else ConsentWay.CHECKOUT, proved=proved,
        )  # fmt: skip
        return placed

    def known(self, shop, proved=EMAIL):
        return reading.recipient_of_customer(merchant_id=shop.merchant, proved=proved)

    def test_H1_an_address_is_offered_again_to_who_proved_and_agreed(self, shop, sent):
        self.bought(shop, sent, proved=EMAIL)

        assert self.known(shop) == KEPT
        assert self.known(shop, "else@example.com") is None

    def test_H1_without_a_word_nothing_is_remembered(self, shop, sent):
        shop.place((sent, 1), recipient=WHOM, contact=Contact(EMAIL))

        assert self.known(shop) is None
        assert counted(shop, "remembered_recipient") == 0

    def test_H1_who_only_knows_the_address_of_a_customer_puts_nothing_in(self, shop, sent):
        self.bought(shop, sent, proved=EMAIL)

        self.bought(shop, sent, whom=replace(WHOM, address="别处 1 号"))

        assert self.known(shop) == KEPT

    def test_H3_it_goes_with_the_consent(self, shop, sent):
        self.bought(shop, sent, proved=EMAIL)
        (row,) = customer_queries.customers_page(merchant_id=shop.merchant).rows

        linking.forget_customer(
            merchant_id=shop.merchant, uid=row.uid, way=ConsentWay.STAFF, actor=SYSTEM
        )

        assert self.known(shop) is None
        assert counted(shop, "remembered_recipient") == 0

    def test_H1_of_two_made_one_the_address_of_the_one_that_stays_is_kept(self, shop, sent):
        self.bought(shop, sent, proved=EMAIL)
        self.bought(
            shop, sent, proved="wang@example.com", contact="wang@example.com",
            whom=replace(WHOM, name="王二"),
        )  # fmt: skip
        rows = customer_queries.customers_page(merchant_id=shop.merchant).rows
        uids = {one.contacts[0].value: one.uid for one in rows}

        linking.merge_customers(
            merchant_id=shop.merchant, source=uids["wang@example.com"], target=uids[EMAIL],
            actor=SYSTEM,
        )  # fmt: skip

        assert self.known(shop, "wang@example.com") == KEPT
        assert counted(shop, "remembered_recipient") == 1
