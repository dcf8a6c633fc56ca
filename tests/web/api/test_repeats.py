"""The same `Idempotency-Key`: one effect, one answer (rule 15)."""

import json
import secrets
from functools import partial
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.types import Credentials
from kacang.outbox.models import Idempotency
from kacang.vault.queries import CardState
from tests import make
from tests.threads import at_once
from tests.web.api.calling import Api, order_body
from tests.web.api.conftest import new_key


def key() -> str:
    return f"key-{secrets.token_hex(8)}"


def rows(merchant: int) -> list[Idempotency]:
    with acting_as(merchant):
        return list(Idempotency.objects.filter(merchant_id=merchant))


class TestRepeat:
    def test_gives_the_same_answer_and_does_nothing_twice(self, shop):
        body, name = order_body(shop.sku, provider="sandbox"), key()

        first = shop.api.post("/orders", body, idempotency_key=name)
        second = shop.api.post("/orders", body, idempotency_key=name)

        assert (first.status, second.status) == (201, 201)
        assert second.json == first.json
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert make.card_states(shop.made)[CardState.RESERVED] == 1

    def test_opens_the_order_by_the_repeated_address_without_keeping_it(self, shop):
        body, name = order_body(shop.sku), key()
        shop.api.post("/orders", body, idempotency_key=name)

        again = shop.api.post("/orders", body, idempotency_key=name).json

        token = again["access_url"].partition("?t=")[2]
        (kept,) = rows(shop.merchant)
        assert orders.check_access(
            merchant_id=shop.merchant, number=again["number"], credentials=Credentials(token)
        )
        assert token not in json.dumps(kept.response)

    def test_refuses_another_request_under_the_key(self, shop):
        name = key()
        shop.api.post("/orders", order_body(shop.sku), idempotency_key=name)

        answer = shop.api.post("/orders", order_body(shop.sku, 2), idempotency_key=name)

        assert (answer.status, answer.code) == (422, "idempotency.mismatch")
        assert make.card_states(shop.made)[CardState.RESERVED] == 1

    def test_keeps_a_refusal(self, shop):
        body, name = order_body(shop.sku, 6), key()
        first = shop.api.post("/orders", body, idempotency_key=name)
        make.stock(shop.made, 5)

        second = shop.api.post("/orders", body, idempotency_key=name)

        assert (first.code, second.code) == ("vault.sold_out", "vault.sold_out")
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 10}

    def test_keeps_no_refusal_for_what_is_wrong_in_itself(self, shop):
        name = key()
        shop.api.post("/orders", {"items": []}, idempotency_key=name)

        answer = shop.api.post("/orders", order_body(shop.sku), idempotency_key=name)

        assert answer.status == 201

    def test_keeps_no_answer_to_what_came_too_often(self, merchant):
        made = make.sku(merchant)
        api = Api(new_key(merchant, rate_per_minute=1))
        api.get("/products")

        answer = api.post("/orders", order_body(made.sku.uid), idempotency_key=key())

        assert answer.status == 429
        assert rows(merchant) == []

    def test_is_another_one_for_another_key_of_the_merchant(self, shop):
        other, name, body = Api(new_key(shop.merchant)), key(), order_body(shop.sku)

        numbers = {
            api.post("/orders", body, idempotency_key=name).json["number"]
            for api in (shop.api, other)
        }

        assert len(numbers) == 2

    def test_is_another_one_for_another_merchant(self, shop, other_shop):
        name = key()
        first = shop.api.post("/orders", order_body(shop.sku), idempotency_key=name)

        second = other_shop.api.post("/orders", order_body(other_shop.sku), idempotency_key=name)

        assert second.status == 201
        assert second.json["number"] != first.json["number"]

    def test_refuses_a_key_that_is_none(self, shop):
        for name in ("a b", "é", "x" * 256):
            answer = shop.api.post("/orders", order_body(shop.sku), idempotency_key=name)

            assert answer.status == 422
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_holds_for_every_post(self, shop):
        number = shop.place().json["number"]
        for path, body in (
            (f"/orders/{number}/payments", {"provider": "sandbox"}),
            (f"/orders/{number}/cancel", {}),
            ("/cards/generate", {"sku_id": shop.sku, "count": 1}),
            ("/cards/import", {"sku_id": shop.sku, "lines": ["ABCD-EFGH"]}),
        ):
            name = key()
            first = shop.api.post(path, body, idempotency_key=name)
            second = shop.api.post(path, body, idempotency_key=name)

            assert first.status < 300, (path, first)
            assert (second.status, second.json) == (first.status, first.json), path
            assert second.headers["idempotency-replayed"] == "true"

    def test_holds_for_forms_whose_parting_line_differs(self, shop):
        name, forms = key(), []
        for line in (b"AaB03x", b"ZzY99q"):
            body = b"".join(
                (
                    b"--" + line + b'\r\nContent-Disposition: form-data; name="sku_id"\r\n\r\n',
                    shop.sku.encode() + b"\r\n--" + line,
                    b'\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
                    b"CODE-1\nCODE-2\r\n--" + line + b"--\r\n",
                )
            )
            forms.append(
                shop.api.post(
                    "/cards/import",
                    body,
                    content_type=f"multipart/form-data; boundary={line.decode()}",
                    idempotency_key=name,
                )
            )

        assert [form.status for form in forms] == [202, 202]
        assert forms[0].json["id"] == forms[1].json["id"]


class TestAtOnce:
    def test_sixteen_at_once_are_one_order_and_sixteen_equal_answers(self, shop):
        body, name = order_body(shop.sku, provider="sandbox"), key()

        answers: list[Any] = at_once(
            [lambda: shop.api.post("/orders", body, idempotency_key=name)] * 16, threads=16
        )

        assert {answer.status for answer in answers} == {201}
        assert all(answer.json == answers[0].json for answer in answers)
        assert len(shop.api.get("/orders").json["items"]) == 1
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 4, CardState.RESERVED: 1}

    def test_sixteen_at_once_are_one_refusal(self, shop):
        body, name = order_body(shop.sku, 6), key()

        answers: list[Any] = at_once(
            [lambda: shop.api.post("/orders", body, idempotency_key=name)] * 16
        )

        assert {answer.code for answer in answers} == {"vault.sold_out"}
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}
        assert len(rows(shop.merchant)) == 1

    def test_keys_that_come_together_each_keep_their_own_answer(self, shop):
        # Seven want one card each, of five: who is refused beside others is refused for ever.
        names = [key() for _ in range(7)]

        def buy(at: int) -> Any:
            body = order_body(shop.sku, contact={"email": f"b{at}@example.com"})
            return shop.api.post("/orders", body, idempotency_key=names[at])

        answers: list[Any] = at_once([partial(buy, at) for at in range(7)], threads=7)
        again = [buy(at) for at in range(7)]

        assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 2
        assert [answer.json for answer in again] == [answer.json for answer in answers]
        assert all(answer.headers["idempotency-replayed"] == "true" for answer in again)
        assert len({answer.json["number"] for answer in again if answer.status == 201}) == 5
        assert make.card_states(shop.made) == {CardState.RESERVED: 5}
        assert len(rows(shop.merchant)) == 7
