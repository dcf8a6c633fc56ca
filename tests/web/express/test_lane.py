"""The express lane answers as the ordinary way does, and goes the ordinary way when in doubt."""

import base64
import hashlib
import hmac
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import api_keys
from kacang.orders.types import PlacedOrder
from kacang.payments import queries as payments
from kacang.payments.adapters.sandbox import SECRET
from kacang.vault.queries import CardState
from tests import make
from tests.web.api.calling import Answer, order_body
from tests.web.api.conftest import Shop, new_key, open_shop
from tests.web.express.server import ADDRESS, Lane, a_lane

ORDERS = "/api/v1/orders"


@pytest.fixture
def shop(merchant) -> Shop:
    return open_shop(merchant)


@pytest.fixture
def lane(shop):
    for made in a_lane():
        remember(shop)
        yield made


def remember(shop: Shop) -> None:
    """Let the process hold what it looks up once: key, slug, account."""
    merchants.authenticate(key=shop.api.key, address=ADDRESS)
    payments.account_of_uid(shop.account.uid)
    cancelled = shop.place()
    assert shop.api.post(f"/orders/{cancelled.json['number']}/cancel").status == 200


def place(lane: Lane, shop: Shop, body: object, **headers: str) -> Answer:
    return lane.post(ORDERS, body, authorization=f"Bearer {shop.api.key}", **headers)


def notice_of(shop: Shop, placed: PlacedOrder, *, status: str = "paid") -> tuple[bytes, Any]:
    """The sandbox's message for a payment, and its signed headers."""
    assert placed.payment is not None
    name, now = f"msg_{placed.payment.payment_id}", int(time.time())
    body = json.dumps(
        {
            "id": name, "payment_id": placed.payment.payment_id, "status": status,
            "provider_number": f"p{placed.payment.payment_id}",
            "amount_minor": placed.payable.minor, "currency": placed.payable.currency,
        }
    ).encode()  # fmt: skip
    secret = base64.b64decode(shop.account.secrets[SECRET][0].removeprefix("whsec_"))
    signed = hmac.digest(secret, f"{name}.{now}.".encode() + body, hashlib.sha256)
    return body, {
        "webhook_id": name,
        "webhook_timestamp": str(now),
        "webhook_signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def told(answer: Answer) -> Any:
    """An answer without what differs from one request to the next."""
    body = answer.json
    for name in ("request_id", "number", "access_url", "pay_by", "payment"):
        body.pop(name, None)
    return answer.status, answer.headers["content-type"], sorted(answer.headers), body


class TestPlacing:
    def test_places_an_order_as_the_ordinary_way_does(self, lane, shop):
        body = order_body(shop.sku, provider="sandbox", contact={"email": "a@example.com"})

        answer = place(lane, shop, body)

        assert (answer.status, lane.bridged) == (201, 0)
        assert answer.json["payment"]["pay_url"]
        assert told(answer) == told(shop.api.post("/orders", body))
        assert make.card_states(shop.made)[CardState.RESERVED] == 2

    @pytest.mark.parametrize(
        "more",
        [
            {"items": [{"sku_id": "sku_nothing", "quantity": 1}]},
            {"items": [{"sku_id": "{sku}", "quantity": 6}]},
            {"items": [{"sku_id": "{sku}", "quantity": 1000}]},
            {"provider": "nobody"},
        ],
        ids=["unknown", "sold out", "too many", "no provider"],
    )
    def test_refuses_as_the_ordinary_way_does(self, lane, shop, more):
        body = json.loads(json.dumps(order_body(shop.sku) | more).replace("{sku}", shop.sku))

        answer = place(lane, shop, body)

        assert answer.status in (404, 409, 422)
        assert lane.bridged == 0
        assert told(answer) == told(shop.api.post("/orders", body))
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    @pytest.mark.parametrize(
        "body",
        [b"{", b'{"items": NaN}', b"[]", b'{"items": []}', b'{"items": 1, "a": 2}'],
        ids=["cut", "nan", "list", "empty", "unknown"],
    )
    def test_leaves_what_has_no_form_to_the_ordinary_way(self, lane, shop, body):
        answer = place(lane, shop, body)

        assert lane.bridged == 1
        assert told(answer) == told(shop.api.post("/orders", body))

    def test_leaves_wrong_contacts_passwords_and_queries_to_it_too(self, lane, shop):
        wrong = place(lane, shop, order_body(shop.sku, contact={"email": "nobody"}))
        locked = place(lane, shop, order_body(shop.sku, password="correct horse"))
        asked = lane.post(
            f"{ORDERS}?a=1", order_body(shop.sku), authorization=f"Bearer {shop.api.key}"
        )

        assert [wrong.status, locked.status, asked.status] == [422, 201, 422]
        assert lane.bridged == 3

    def test_knows_neither_strangers_nor_keys_without_the_scope(self, lane, shop):
        reader = new_key(shop.merchant, "orders:read")
        merchants.authenticate(key=reader, address=ADDRESS)

        answers = [
            lane.post(ORDERS, order_body(shop.sku)),
            lane.post(ORDERS, order_body(shop.sku), authorization="Bearer kc_test_" + "a" * 40),
            lane.post(ORDERS, order_body(shop.sku), authorization=f"Bearer {reader}"),
        ]

        assert [answer.status for answer in answers] == [401, 401, 403]
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_knows_a_revoked_key_no_longer(self, lane, shop):
        identity = merchants.recognise(key=shop.api.key, address=ADDRESS)
        assert identity is not None
        merchants.revoke_key(merchant_id=shop.merchant, uid=identity.uid, actor=SYSTEM)

        answer = place(lane, shop, order_body(shop.sku))

        assert answer.status == 401
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_looks_a_key_up_anew_by_one_caller_while_others_go_on(self, shop, monkeypatch):
        who = {"key": shop.api.key, "address": ADDRESS}
        merchants.authenticate(**who)
        now = time.monotonic() + api_keys.CACHE_SECONDS
        monkeypatch.setattr(api_keys, "time", SimpleNamespace(monotonic=lambda: now - 0.5))

        told = [merchants.recognise(**who) for _ in range(4)]
        merchants.authenticate(**who)
        monkeypatch.setattr(api_keys, "time", SimpleNamespace(monotonic=lambda: now + 0.5))

        assert [one is None for one in told] == [True, False, False, False]
        assert merchants.recognise(**who) == told[1]

    def test_sells_another_merchant_s_goods_to_nobody(self, lane, shop, other_merchant):
        stranger = new_key(other_merchant)
        merchants.authenticate(key=stranger, address=ADDRESS)
        before = lane.post(ORDERS, order_body(shop.sku), authorization=f"Bearer {stranger}")

        again = lane.post(ORDERS, order_body(shop.sku), authorization=f"Bearer {stranger}")

        assert before.code == again.code == "orders.unknown_sku"
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_does_a_thing_once_under_a_key(self, lane, shop):
        body = order_body(shop.sku, provider="sandbox")

        first = place(lane, shop, body, idempotency_key="one")
        second = place(lane, shop, body, idempotency_key="one")
        other = place(lane, shop, order_body(shop.sku, 2), idempotency_key="one")

        assert first.status == 201
        assert second.json == first.json
        assert second.headers["idempotency-replayed"] == "true"
        assert other.code == "idempotency.mismatch"
        assert lane.bridged == 2
        assert make.card_states(shop.made)[CardState.RESERVED] == 1

    def test_serves_together_who_comes_together(self, lane, shop):
        def call(at: int) -> tuple[str, bytes, dict[str, str]]:
            body = json.dumps(order_body(shop.sku, contact={"email": f"b{at}@example.com"}))
            headers = {
                "authorization": f"Bearer {shop.api.key}",
                "content-type": "application/json",
                "content-length": str(len(body)),
            }
            return ORDERS, body.encode(), headers

        answers = lane.together([call(at) for at in range(12)])

        assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 7
        assert len({one.json["number"] for one in answers if one.status == 201}) == 5
        assert make.card_states(shop.made) == {CardState.RESERVED: 5}


class TestNotices:
    def path(self, shop: Shop) -> str:
        return f"/callbacks/payments/sandbox/{shop.account.uid}"

    def test_delivers_and_says_success_to_each_repeat(self, lane, shop):
        body, signed = notice_of(shop, make.order(shop.made))

        answers = [lane.post(self.path(shop), body, **signed) for _ in range(3)]

        assert [(one.status, one.json) for one in answers] == [(200, {"ok": True})] * 3
        assert lane.bridged == 0
        assert make.card_states(shop.made)[CardState.SOLD] == 1

    def test_leaves_forged_and_unknown_ones_to_the_ordinary_way(self, lane, shop):
        body, signed = notice_of(shop, make.order(shop.made))

        forged = lane.post(self.path(shop), body + b" ", **signed)
        unknown = lane.post("/callbacks/payments/sandbox/acc_nobody", body, **signed)

        assert [forged.status, unknown.status] == [401, 404]
        assert lane.bridged == 2
        assert make.card_states(shop.made)[CardState.RESERVED] == 1

    def test_delivers_nothing_for_what_is_not_final(self, lane, shop):
        body, signed = notice_of(shop, make.order(shop.made), status="pending")

        answer = lane.post(self.path(shop), body, **signed)

        assert answer.status == 200
        assert make.card_states(shop.made)[CardState.RESERVED] == 1
