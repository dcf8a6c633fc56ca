"""Batches, cards and counts through the API (V3, V6, S3, J1): never a code."""

from typing import Any

import pytest

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.queries import AuditFilter
from kacang.orders import operations as orders
from kacang.vault import operations as vault
from kacang.vault.queries import CardState
from tests import make
from tests.orders.test_replacing import given, replace
from tests.web.api.conftest import Shop, audit_actions, open_shop

CODES = ["AAA-0001", "AAA-0002", "AAA-0003"]
ZERO = dict.fromkeys(
    ("available", "set_aside", "reserved", "sold", "activated", "redeemed", "expired", "void",
     "faulty", "frozen"), 0,
)  # fmt: skip


@pytest.fixture
def batch(shop: Shop) -> str:
    """A batch of three that came in just now."""
    wanted = {"sku_id": shop.sku, "lines": CODES, "supplier": "蜂鸟", "unit_cost_minor": 12}
    job = shop.api.post("/cards/import", wanted).json["id"]
    vault.run_import(merchant_id=shop.merchant, work_uid=job)
    return str(shop.api.get(f"/jobs/{job}").json["result"]["batch"])


def change(shop: Shop, **body: Any) -> dict[str, Any]:
    """Start a change and do its work."""
    answer = shop.api.post("/cards/changes", {"reason": "供货商召回", **body})
    assert answer.status == 202, answer
    vault.run_change(merchant_id=shop.merchant, work_uid=answer.json["id"])
    return dict(shop.api.get(f"/jobs/{answer.json['id']}").json)


class TestStock:
    def test_counts_each_state_and_pool(self, shop, batch):
        shop.sell(1)
        shop.place()
        pool = vault.create_pool(merchant_id=shop.merchant, actor=SYSTEM, name="秒杀")
        cards = shop.api.get(f"/cards?batch_id={batch}&state=available").json["items"]
        request = vault.ChangeRequest(
            change=vault.Change.POOL, reason="x", card_uids=[cards[0]["id"]],
            terms=vault.Terms(pool_uid=pool.uid),
        )  # fmt: skip
        work = vault.change_cards(merchant_id=shop.merchant, actor=SYSTEM, request=request)
        vault.run_change(merchant_id=shop.merchant, work_uid=work)

        (position,) = shop.api.get("/stock").json["items"]

        assert {name: position[name] for name in ZERO} == {
            **ZERO, "available": 5, "set_aside": 1, "reserved": 1, "sold": 1,
        }  # fmt: skip
        assert position["pools"] == [
            {
                "pool_id": None,
                "name": None,
                "cards": {"available": 5, "reserved": 1, "sold": 1},
            },
            {"pool_id": pool.uid, "name": "秒杀", "cards": {"available": 1}},
        ]

    def test_of_a_sku_without_cards_is_nothing(self, other_merchant, other_shop):
        empty = make.sku(other_merchant, cards=0)

        items = other_shop.api.get("/stock").json["items"]

        found = next(one for one in items if one["sku_id"] == empty.sku.uid)
        assert {name: found[name] for name in ZERO} == ZERO
        assert found["pools"] == []


class TestBatches:
    def test_are_listed_with_counts_the_newest_first(self, shop, batch):
        page = shop.api.get(f"/batches?limit=1&sku_id={shop.sku}")
        rest = shop.api.get(f"/batches?limit=5&cursor={page.json['next_cursor']}")

        (found,) = page.json["items"]
        assert found["id"] == batch
        assert found == shop.api.get(f"/batches/{batch}").json
        assert found["supplier"] == "蜂鸟"
        assert (found["unit_cost_minor"], found["currency"]) == (12, "CNY")
        assert found["sku_id"] == shop.sku
        assert found["cards"] == {**ZERO, "available": 3}
        assert [one["id"] for one in rest.json["items"]] == [shop.made.batch.uid]
        assert rest.json["next_cursor"] is None
        assert shop.api.get("/batches?supplier=nobody").json["items"] == []

    def test_can_be_undone_once(self, shop, batch):
        answer = shop.api.post(f"/batches/{batch}/undo")

        assert (answer.status, answer.json["state"]) == (200, "undone")
        assert answer.json["cards"] == ZERO
        again = shop.api.post(f"/batches/{batch}/undo")
        assert (again.status, again.code) == (409, "vault.too_late_to_undo")
        assert [action for action, _ in audit_actions(shop.merchant, batch)] == [
            "cards.stocked",
            "batches.undo",
        ]

    def test_of_another_merchant_are_not_there(self, shop, other_shop, batch):
        for answer in (
            other_shop.api.get(f"/batches/{batch}"),
            other_shop.api.post(f"/batches/{batch}/undo"),
            other_shop.api.get(f"/cards?batch_id={batch}"),
            other_shop.api.get(f"/batches?sku_id={shop.sku}"),
            other_shop.api.post(
                "/cards/changes", {"change": "void", "reason": "x", "batch_id": batch}
            ),
        ):
            assert answer.status == 404
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 8}


class TestCards:
    def test_are_paged_and_hold_no_code(self, shop, batch):
        seen, cursor = [], ""
        while True:
            page = shop.api.get(f"/cards?batch_id={batch}&limit=2&cursor={cursor}")
            assert not any(code.encode() in page.body for code in CODES)
            seen += page.json["items"]
            cursor = page.json["next_cursor"] or ""
            if not cursor:
                break

        assert len({one["id"] for one in seen}) == 3
        assert {(one["state"], one["batch_id"], one["order_number"]) for one in seen} == {
            ("available", batch, None)
        }

    def test_tell_their_order(self, shop, batch):
        number = shop.sell(8)

        (first, *_) = shop.api.get(f"/cards?batch_id={batch}&state=sold").json["items"]

        assert first["order_number"] == number
        assert first["sold_at"].endswith("Z")
        assert shop.api.get(f"/cards?batch_id={batch}&state=void").json["items"] == []

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("", "vault.bad_filter"),
            ("batch_id={batch}&cursor=abc", "request.bad_cursor"),
            ("batch_id={batch}&state=lost", "request.invalid"),
        ],
    )
    def test_refuse_what_cannot_be(self, shop, batch, query, code):
        answer = shop.api.get("/cards?" + query.format(batch=batch))

        assert (answer.status, answer.code) == (422, code)


class TestChanges:
    def test_freeze_a_batch_and_put_it_back(self, shop, batch):
        frozen = change(shop, change="freeze", batch_id=batch)
        states = shop.api.get(f"/batches/{batch}").json["cards"]
        change(shop, change="unfreeze", batch_id=batch)

        assert (frozen["kind"], frozen["state"]) == ("vault.change", "done")
        assert (frozen["result"]["changed"], frozen["result"]["stayed"]) == (3, 0)
        assert states == {**ZERO, "frozen": 3}
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 8}

    def test_void_cards_by_name(self, shop, batch):
        cards = shop.api.get(f"/cards?batch_id={batch}").json["items"]

        done = change(shop, change="void", card_ids=[one["id"] for one in cards[:2]])

        assert done["result"]["changed"] == 2
        assert shop.api.get(f"/batches/{batch}").json["cards"] == {
            **ZERO, "available": 1, "void": 2,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"change": "void", "reason": " "}, "vault.reason_missing"),
            ({"change": "void", "reason": "x"}, "vault.nothing_to_change"),
            ({"change": "sell", "reason": "x"}, "request.invalid"),
        ],
    )
    def test_need_a_reason_and_cards(self, shop, batch, body, code):
        answer = shop.api.post("/cards/changes", body)

        assert (answer.status, answer.code) == (422, code)
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 8}

    def test_are_started_once_for_a_key(self, shop, batch):
        body = {"change": "freeze", "reason": "x", "batch_id": batch}

        first, again = (
            shop.api.post("/cards/changes", body, **{"Idempotency-Key": "change-1"})
            for _ in range(2)
        )

        assert (first.status, first.json) == (again.status, again.json)


class TestReplacements:
    def test_give_buyers_other_cards(self, shop):
        number = shop.sell(2)
        bad = [unit.card_uid for unit in given(shop.made, number)]

        answer = shop.api.post("/cards/replacements", {"reason": "recalled", "card_ids": bad})
        orders.run_replace(merchant_id=shop.merchant, work_uid=answer.json["id"])

        assert answer.status == 202
        job = shop.api.get(f"/jobs/{answer.json['id']}").json
        assert (job["kind"], job["state"], job["done"]) == ("orders.replace", "done", 2)
        assert (job["result"]["replaced"], job["result"]["reasons"]) == (2, {})
        items = shop.api.get(f"/orders/{number}/deliveries").json["items"]
        assert all(one["replaced_at"] for one in items)
        assert not {unit.card_uid for unit in given(shop.made, number)} & set(bad)

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"reason": " ", "batch_id": "{batch}"}, 422, "vault.reason_missing"),
            ({"reason": "x"}, 422, "vault.nothing_to_change"),
            ({"reason": "x", "batch_id": "{batch}"}, 409, "orders.nothing_to_replace"),
            ({"reason": "x", "card_ids": ["crd_none"]}, 404, "vault.unknown_card"),
            ({"batch_id": "{batch}"}, 422, "request.invalid"),
        ],
    )
    def test_need_a_reason_and_cards_of_buyers(self, shop, batch, body, status, code):
        body = {
            key: batch if value == "{batch}" else value for key, value in body.items()
        }  # fmt: skip

        answer = shop.api.post("/cards/replacements", body)

        assert (answer.status, answer.code) == (status, code)
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 8}

    def test_of_another_merchants_cards_are_none(self, shop, other_merchant):
        theirs = open_shop(other_merchant)
        (unit,) = given(theirs.made, theirs.sell(1))

        answer = shop.api.post("/cards/replacements", {"reason": "x", "card_ids": [unit.card_uid]})

        assert (answer.status, answer.code) == (404, "vault.unknown_card")

    def test_are_started_once_for_a_key(self, shop):
        bad = [unit.card_uid for unit in given(shop.made, shop.sell(1))]
        body = {"reason": "x", "card_ids": bad}

        first, again = (
            shop.api.post("/cards/replacements", body, **{"Idempotency-Key": "replace-1"})
            for _ in range(2)
        )

        assert (first.status, first.json) == (again.status, again.json)


def test_a_replaced_card_is_told_with_its_moment(shop):
    number = shop.sell(2)
    first, second = given(shop.made, number)
    before = shop.api.get(f"/orders/{number}/deliveries").json["items"]

    replace(shop.made, second.card_uid)

    after = shop.api.get(f"/orders/{number}/deliveries").json["items"]
    assert [one["replaced_at"] for one in before] == [None, None]
    assert after[0] == before[0]
    assert after[1]["replaced_at"].endswith("Z")
    assert after[1]["secret"] not in {one["secret"] for one in before}
    assert shop.api.get(f"/orders/{number}").json["timeline"][-1]["event"] == "replaced"
    assert given(shop.made, number)[0] == first


class TestNumberEnds:
    @pytest.fixture
    def numbered(self, shop):
        """Three cards with numbers, two of which end alike."""
        lines = ["A-7391----s1", "B-7391----s2", "C-0000----s3"]
        job = shop.api.post("/cards/import", {"sku_id": shop.sku, "lines": lines}).json["id"]
        vault.run_import(merchant_id=shop.merchant, work_uid=job)

    def test_find_cards_of_every_sku_page_by_page(self, shop, numbered):
        first = shop.api.get("/cards?number_ends=7391&limit=1").json
        rest = shop.api.get(f"/cards?number_ends=7391&cursor={first['next_cursor']}").json

        found = [*first["items"], *rest["items"]]
        assert [card["number"] for card in found] == ["A-7391", "B-7391"]
        assert rest["next_cursor"] is None
        assert {card["sku_id"] for card in found} == {shop.sku}
        assert "7391" not in first["next_cursor"]

    def test_go_with_the_other_filters(self, shop, numbered):
        def numbers(query: str) -> list[str]:
            answer = shop.api.get(f"/cards?number_ends=7391&{query}")
            return [card["number"] for card in answer.json["items"]]

        assert numbers(f"sku_id={shop.sku}&state=available") == ["A-7391", "B-7391"]
        assert numbers("state=sold") == numbers("supplier=nobody") == []
        assert numbers(f"batch_id={shop.made.batch.uid}") == []

    def test_are_four_characters(self, shop, numbered):
        for wrong in ("391", "97391", "%20391"):
            answer = shop.api.get(f"/cards?number_ends={wrong}")
            assert (answer.status, answer.json["code"]) == (422, "request.invalid")

    def test_of_another_merchant_or_search_are_not_there(self, shop, other_shop, numbered):
        cursor = shop.api.get("/cards?number_ends=7391&limit=1").json["next_cursor"]

        assert other_shop.api.get("/cards?number_ends=7391").json["items"] == []
        for api, ends in ((other_shop.api, "7391"), (shop.api, "0000")):
            answer = api.get(f"/cards?number_ends={ends}&cursor={cursor}")
            assert (answer.status, answer.json["code"]) == (422, "request.bad_cursor")

    def test_are_written_down_but_not_what_was_looked_for(self, shop, numbered):
        shop.api.get("/cards?number_ends=7391")

        told = merchants.audit_page(
            merchant_id=shop.merchant, where=AuditFilter(action="cards.search")
        )
        (entry,) = told.rows
        assert (entry.actor_kind, entry.after) == ("key", {"search": "end", "found": 2})
