"""The end of an order of goods: by its buyer's word, or after the merchant's days (O1, O7)."""

from datetime import timedelta

import pytest
from django.db import connection

from kacang.ledger.accounts import Account
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.messages.webhooks.models import WebhookMessage
from kacang.messages.webhooks.operations import EndpointDraft, add_endpoint
from kacang.orders.errors import NotNow
from kacang.orders.models import Event, OrderState, UnitState
from kacang.orders.shipping import completing, operations
from kacang.orders.shipping.operations import ParcelWish
from kacang.shared.clock import utc_now
from kacang.web import webhook_news
from tests import make
from tests.orders.test_shipping import Sender
from tests.threads import at_once

BUYER = Actor(kind="buyer", address="203.0.113.9")


@pytest.fixture
def shop(merchant) -> Sender:
    return Sender(merchant)


@pytest.fixture
def nuts(shop) -> str:
    sku: str = shop.stock.goods()
    shop.stock.received(sku, 9, cost=700)
    return sku


def complete(shop, placed):
    return operations.complete_order(merchant_id=shop.merchant, number=placed.number, actor=BUYER)


def complete_overdue(shop, *, days=0, seconds=0):
    now = utc_now() + timedelta(days=days, seconds=seconds)
    return operations.complete_overdue(merchant_id=shop.merchant, now=now)


class TestByTheBuyer:
    def test_O1_receiving_what_was_sent_ends_the_order_and_earns_once(self, shop, nuts):
        placed = shop.paid((nuts, 2))
        shop.ship(placed)

        assert complete(shop, placed) is OrderState.COMPLETED

        assert shop.state(placed) is OrderState.COMPLETED
        assert shop.units(placed) == {UnitState.DELIVERED: 2}
        assert shop.order(placed).delivered_at is not None
        assert shop.parcels(placed)[0].arrived_at is not None
        assert shop.books(Account.ADVANCE_FROM_BUYER, Account.REVENUE) == (0, -39_600)
        assert shop.events(placed)[-2:] == [Event.ARRIVED, Event.COMPLETED]
        assert shop.wrong() == []

    def test_O1_after_the_arrival_it_only_ends(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.ship(placed)
        shop.arrive(placed)
        arrived_at = shop.order(placed).delivered_at

        complete(shop, placed)

        assert shop.state(placed) is OrderState.COMPLETED
        assert shop.order(placed).delivered_at == arrived_at
        assert shop.books(Account.ADVANCE_FROM_BUYER, Account.REVENUE) == (0, -19_800)

    def test_O1_goods_that_were_handed_over_can_be_said_to_be_there(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.hand_over(placed)

        assert complete(shop, placed) is OrderState.COMPLETED

    def test_O1_nothing_ends_that_is_not_there(self, shop, nuts):
        codes = make.sku(shop.merchant)
        unpaid, paid = shop.place((nuts, 1)), shop.paid((nuts, 2))
        shop.ship(paid, ParcelWish("sf", "SF1234567890123", {1: 1}))
        of_codes = shop.paid((codes.sku.uid, 1))

        for placed, state in (
            (unpaid, OrderState.PENDING),
            (paid, OrderState.FULFILLING),
            (of_codes, OrderState.DELIVERED),
        ):
            with pytest.raises(NotNow):
                complete(shop, placed)
            assert shop.state(placed) is state

    def test_O1_said_twice_at_once_it_ends_once(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.ship(placed)

        outcomes = at_once([lambda: complete(shop, placed)] * 4)

        assert [one for one in outcomes if one is OrderState.COMPLETED] == [OrderState.COMPLETED]
        assert all(isinstance(one, NotNow | OrderState) for one in outcomes)
        assert shop.events(placed).count(Event.COMPLETED) == 1
        assert shop.books(Account.REVENUE) == (-19_800,)


class TestByTheClock:
    def delivered(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.ship(placed)
        shop.arrive(placed)
        return placed

    def test_O1_after_the_days_of_the_setting_and_no_earlier(self, shop, nuts):
        change_settings(merchant_id=shop.merchant, values={"completion_days": 3}, actor=SYSTEM)
        placed = self.delivered(shop, nuts)

        assert complete_overdue(shop, days=3, seconds=-60) == 0
        assert shop.state(placed) is OrderState.DELIVERED

        assert complete_overdue(shop, days=3, seconds=60) == 1
        assert shop.state(placed) is OrderState.COMPLETED
        assert shop.events(placed)[-1] is Event.COMPLETED
        assert complete_overdue(shop, days=3, seconds=120) == 0

    def test_O1_zero_days_mean_never(self, shop, nuts):
        change_settings(merchant_id=shop.merchant, values={"completion_days": 0}, actor=SYSTEM)
        placed = self.delivered(shop, nuts)

        assert complete_overdue(shop, days=400) == 0
        assert shop.state(placed) is OrderState.DELIVERED

    def test_O1_codes_and_others_orders_stay_as_they_are(self, shop, nuts, other_merchant):
        codes = make.sku(shop.merchant)
        of_codes = shop.paid((codes.sku.uid, 1))
        under_way = shop.paid((nuts, 1))
        shop.ship(under_way)
        elsewhere = Sender(other_merchant)
        sku = elsewhere.stock.goods()
        elsewhere.stock.received(sku, 1)
        theirs = self.delivered(elsewhere, sku)

        assert complete_overdue(shop, days=99) == 0

        assert shop.state(of_codes) is OrderState.DELIVERED
        assert shop.state(under_way) is OrderState.SHIPPED
        assert elsewhere.state(theirs) is OrderState.DELIVERED

    def test_O1_two_clocks_at_once_end_each_order_once(self, shop, nuts, monkeypatch):
        monkeypatch.setattr(completing, "CHUNK", 2)
        orders = [self.delivered(shop, nuts) for _ in range(5)]

        ended = at_once([lambda: complete_overdue(shop, days=30)] * 2)
        ended.append(complete_overdue(shop, days=30))

        assert sum(int(str(one)) for one in ended) == 5
        for placed in orders:
            assert shop.state(placed) is OrderState.COMPLETED
            assert shop.events(placed).count(Event.COMPLETED) == 1

    def test_rule_16_the_due_are_found_by_their_own_index(self, shop, nuts):
        self.delivered(shop, nuts)
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = off")
            cursor.execute(
                "explain " + completing._COMPLETE,
                {"merchant": shop.merchant, "before": utc_now(), "most": 5, "event": 46},
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "sale_order_ending" in plan


class TestWebhooks:
    def test_J2_other_systems_are_told_of_parcels_and_of_the_end(self, shop, nuts):
        add_endpoint(
            merchant_id=shop.merchant,
            draft=EndpointDraft("https://erp.example.com/hook"),
            actor=SYSTEM,
        )
        placed = shop.paid((nuts, 1))
        parcel = shop.ship(placed)
        order_id = shop.order(placed).id
        queued = _queued(shop.merchant)
        assert ("webhooks.order_shipped", parcel.uid) in queued

        webhook_news.tell_shipped(merchant_id=shop.merchant, order_id=order_id, shipment=parcel.uid)
        webhook_news.tell_shipped(merchant_id=shop.merchant, order_id=order_id, shipment=parcel.uid)
        complete(shop, placed)
        assert ("webhooks.order_completed", None) in _queued(shop.merchant)
        webhook_news.tell_completed(merchant_id=shop.merchant, order_id=order_id)

        with acting_as(shop.merchant):
            told = list(WebhookMessage.objects.filter(merchant_id=shop.merchant).order_by("id"))
        assert [one.event for one in told] == ["order.shipped", "order.completed"]
        assert told[0].data["parcel"] == {
            "id": parcel.uid, "courier": "sf", "tracking_number": "SF1234567890123", "pieces": 1,
        }  # fmt: skip
        assert told[1].data["state"] == "completed"

    def test_J2_who_has_no_address_pays_no_job(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.ship(placed)
        complete(shop, placed)

        assert not [name for name, _ in _queued(shop.merchant) if name.startswith("webhooks.")]


def _queued(merchant):
    with connection.cursor() as cursor:
        cursor.execute(
            "select task_name, args->>'shipment' from procrastinate_jobs"
            " where args->>'merchant_id' = %s::text",
            [str(merchant)],
        )
        return cursor.fetchall()
