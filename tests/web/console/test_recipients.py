"""Whom goods go to: sealed, masked, opened with a reason (GROUND 23, L1)."""

import pytest
from django.db import connection

from kacang.logistics import operations as logistics
from kacang.logistics import queries
from kacang.logistics.queries import RecipientView
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Event
from tests.orders.batches.conftest import Shop
from tests.web.console.conftest import work_as

ZHANG = {
    "name": "张小满", "phone": "138 2604 2716", "region": "江苏省苏州市工业园区",
    "address": "唯亭街道金陵东路 88 号",
}  # fmt: skip


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def placed(shop):
    (one,) = shop.many(shop.nuts(), 1)
    return one


def at(placed, path: str = "") -> str:
    return f"/console/orders/{placed.number}/{path}"


class TestRecipient:
    def test_L1_is_shown_by_mask_and_whole_with_a_reason(self, owner, shop, placed):
        owner.post(at(placed, "recipient/"), ZHANG)

        text = owner.get(at(placed)).content.decode()
        assert "张**" in text
        assert "2716" in text
        assert "金陵东路" not in text
        assert "13826042716" not in text
        shown = owner.post(at(placed, "recipient/show/"), {"reason": "改派"}).content.decode()
        assert "张小满 +8613826042716 · 江苏省苏州市工业园区 唯亭街道金陵东路 88 号" in shown
        assert Event.RECIPIENT_SHOWN in shop.events(placed)
        with acting_as(shop.merchant):
            entries = AuditEntry.objects.filter(
                merchant_id=shop.merchant, action="orders.show_recipient"
            )
            assert [entry.reason for entry in entries] == ["改派"]
            assert not AuditEntry.objects.filter(after__icontains="金陵东路").exists()

    def test_I1_without_a_reason_nothing_is_shown(self, owner, shop, placed):
        owner.post(at(placed, "recipient/"), ZHANG)

        text = owner.post(at(placed, "recipient/show/"), {"reason": " "}).content.decode()

        assert "金陵东路" not in text
        assert Event.RECIPIENT_SHOWN not in shop.events(placed)

    @pytest.mark.parametrize("role", ["sales", "customer_service", "finance"])
    def test_I1_who_packs_nothing_sees_no_recipient(self, owner, shop, placed, role):
        owner.post(at(placed, "recipient/"), ZHANG)
        client = work_as(shop.merchant, role)

        assert client.post(at(placed, "recipient/show/"), {"reason": "x"}).status_code == 403
        assert "张**" not in client.get(at(placed)).content.decode()

    @pytest.mark.parametrize("field", ["name", "phone", "region", "address"])
    def test_L1_every_part_is_asked_for(self, owner, shop, placed, field):
        owner.post(at(placed, "recipient/"), {**ZHANG, field: ""})

        order_id = shop.order(placed).id
        assert queries.recipients_of(merchant_id=shop.merchant, order_ids=[order_id]) == {}

    def test_H3_lies_sealed_and_can_be_taken_away(self, owner, shop, placed):
        owner.post(at(placed, "recipient/"), ZHANG)
        order_id = shop.order(placed).id
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select sealed from recipient where order_id = %s::bigint", [order_id])
            (sealed,) = cursor.fetchone()
        assert "金陵东路".encode() not in bytes(sealed)

        assert logistics.forget_recipients(merchant_id=shop.merchant, order_ids=[order_id]) == 1

        assert queries.recipients_of(merchant_id=shop.merchant, order_ids=[order_id]) == {}


def test_the_mask_shows_neither_name_nor_number_nor_street():
    masked = RecipientView("欧阳小满", "+8613826042716", "江苏省苏州市", "金陵东路 88 号").masked()

    assert masked == RecipientView("欧***", "+86138****2716", "江苏省苏州市", "****")
