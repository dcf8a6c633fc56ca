"""Parcels through the API (L1, J1)."""

import pytest

from kacang.orders.models import OrderState
from tests.orders.test_shipping import Sender
from tests.web.api.calling import Api
from tests.web.api.conftest import new_key

SF = {"courier": "sf", "tracking_number": "sf1234567890123"}


@pytest.fixture
def sender(merchant) -> Sender:
    return Sender(merchant)


@pytest.fixture
def api(merchant) -> Api:
    return Api(new_key(merchant))


@pytest.fixture
def placed(sender):
    sku = sender.stock.goods()
    sender.stock.received(sku, 5)
    return sender.paid((sku, 3))


class TestShipments:
    def test_L1_are_made_and_listed(self, api, sender, placed):
        path = f"/orders/{placed.number}/shipments"

        first = api.post(path, {**SF, "items": [{"line": 1, "pieces": 2}]})
        second = api.post(path, {"courier": "zto", "tracking_number": "78123456789012"})

        assert (first.status, second.status) == (201, 201)
        assert first.json["tracking_number"] == "SF1234567890123"
        assert first.json["items"] == [{"line": 1, "pieces": 2}]
        assert first.json["tracking_url"].endswith("SF1234567890123")
        assert api.get(path).json["items"] == [first.json, second.json]
        assert sender.state(placed) is OrderState.SHIPPED
        assert api.get(f"/orders/{placed.number}").json["state"] == "shipped"

    def test_J1_of_the_same_key_are_one(self, api, sender, placed):
        path = f"/orders/{placed.number}/shipments"

        first, again = (api.post(path, SF, **{"Idempotency-Key": "s-1"}) for _ in range(2))

        assert first.json == again.json
        assert len(sender.parcels(placed)) == 1

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({**SF, "tracking_number": "1"}, 422, "logistics.bad_tracking_number"),
            ({**SF, "courier": "nobody"}, 422, "logistics.unknown_courier"),
            ({**SF, "items": [{"line": 1, "pieces": 9}]}, 422, "orders.bad_parcel"),
            ({**SF, "items": [{"line": 1, "pieces": 0}]}, 422, "request.invalid"),
            ({"courier": "sf"}, 422, "request.invalid"),
        ],
    )
    def test_L1_that_cannot_be_are_refused(self, api, sender, placed, body, status, code):
        answer = api.post(f"/orders/{placed.number}/shipments", body)

        assert (answer.status, answer.json["code"]) == (status, code)
        assert sender.parcels(placed) == []

    def test_O4_of_a_shipped_order_conflict(self, api, sender, placed):
        sender.ship(placed)

        answer = api.post(f"/orders/{placed.number}/shipments", SF)

        assert (answer.status, answer.json["code"]) == (409, "orders.already_shipped")

    def test_I2_of_somebody_else_are_not_found(self, other_merchant, placed):
        theirs = Api(new_key(other_merchant))

        assert theirs.get(f"/orders/{placed.number}/shipments").status == 404
        assert theirs.post(f"/orders/{placed.number}/shipments", SF).status == 404
