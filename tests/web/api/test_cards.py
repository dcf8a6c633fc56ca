"""Cards, jobs, products and stock through the API (V1, V2, J1)."""

from base64 import b64decode, b64encode
from typing import Any

import pytest

from kacang.catalog.models import Sku
from kacang.merchants.tenancy import acting_as
from kacang.vault import operations as vault
from kacang.vault import queries as vault_queries
from kacang.vault.queries import CardState
from tests import make
from tests.vault.test_attachments import PNG, zipped


def run(shop, job: str) -> dict[str, Any]:
    """Do the work of a job that was queued, as a worker would."""
    kind = shop.api.get(f"/jobs/{job}").json["kind"]
    work = {"vault.import": vault.run_import, "vault.generate": vault.run_generate}[kind]
    work(merchant_id=shop.merchant, work_uid=job)
    return dict(shop.api.get(f"/jobs/{job}").json)


class TestImport:
    def test_takes_lines_byte_for_byte(self, shop):
        lines = ["%0A<b>x</b>&amp;", "卡密-ABC", "plain"]

        answer = shop.api.post("/cards/import", {"sku_id": shop.sku, "lines": lines})
        done = run(shop, answer.json["id"])
        number = shop.sell(8)
        given = shop.api.get(f"/orders/{number}/deliveries").json["items"]

        assert (answer.status, answer.json["state"]) == (202, "waiting")
        assert done["state"] == "done"
        assert set(lines) <= {unit["secret"] for unit in given}

    @pytest.mark.parametrize("name", ["codes.txt", "codes.csv"])
    def test_takes_a_file(self, shop, name):
        answer = shop.api.upload(
            "/cards/import", name, b"code\nAAA-111\nBBB-222\n", sku_id=shop.sku, supplier="Lu"
        )
        done = run(shop, answer.json["id"])

        assert answer.status == 202
        assert (done["state"], done["error"]) == ("done", None)
        assert make.card_states(shop.made)[CardState.AVAILABLE] >= 7

    def test_takes_small_files_and_delivers_them(self, shop):
        body = zipped(("码.png", PNG), ("b.txt", b"two"))

        answer = shop.api.upload("/cards/import", "a.zip", body, sku_id=shop.sku, unit="file")
        done = run(shop, answer.json["id"])
        number = shop.sell(7)
        given = shop.api.get(f"/orders/{number}/deliveries").json["items"]

        assert (done["state"], done["result"]["stocked"]) == ("done", 2)
        files = {unit["file"]["name"]: unit for unit in given if unit["file"]}
        assert files["码.png"]["secret"] == ""
        assert files["码.png"]["file"] == {
            "name": "码.png",
            "content_type": "image/png",
            "size": len(PNG),
            "content_base64": b64encode(PNG).decode(),
        }
        assert b64decode(files["b.txt"]["file"]["content_base64"]) == b"two"
        assert len([unit for unit in given if unit["file"] is None]) == 5

    def test_takes_blocks_and_separators(self, shop):
        block = shop.api.upload(
            "/cards/import", "a.txt", b"k\n1\n==\nk\n2\n",
            sku_id=shop.sku, unit="block", block_end="==",
        )  # fmt: skip
        lines = shop.api.post(
            "/cards/import", {"sku_id": shop.sku, "lines": ["u p"], "separator": " "}
        )

        results = [run(shop, answer.json["id"])["result"] for answer in (block, lines)]

        assert [result["stocked"] for result in results] == [2, 1]
        assert results[0]["layout"]["block_end"] == "=="
        assert results[1]["layout"]["columns"] == {"number": 0, "secret": 1}

    def test_takes_columns_as_they_are_named(self, shop):
        answer = shop.api.upload(
            "/cards/import", "a.csv", b"P-1,x,K-1,2.50\nP-2,y,K-2,\n",
            sku_id=shop.sku, columns="secret,,number,cost", has_header="false",
        )  # fmt: skip

        done = run(shop, answer.json["id"])
        given = vault_queries.find_cards(merchant_id=shop.merchant, number="K-1", code="P-1")

        assert done["result"]["layout"]["columns"] == {"secret": 0, "number": 2, "cost": 3}
        assert len(given) == 1

    @pytest.mark.parametrize("columns", ["secret,secret", "code", "secret;number", "secret,,,x"])
    def test_refuses_columns_that_are_none(self, shop, columns):
        answer = shop.api.post(
            "/cards/import", {"sku_id": shop.sku, "lines": ["a"], "columns": columns}
        )

        assert (answer.status, answer.code) == (422, "request.invalid")

    def test_says_what_is_wrong_with_a_file(self, shop):
        answer = shop.api.upload("/cards/import", "a.xls", b"no workbook", sku_id=shop.sku)

        done = run(shop, answer.json["id"])

        assert (done["state"], done["error"]) == ("failed", "vault.bad_file")
        assert done["result"] == {"problem": "not_xls"}

    def test_refuses_a_form_without_a_file_or_with_more(self, shop):
        form = "multipart/form-data; boundary=x"
        field = (
            f'--x\r\nContent-Disposition: form-data; name="sku_id"\r\n\r\n{shop.sku}\r\n--x--\r\n'
        )

        answer = shop.api.post("/cards/import", field.encode(), content_type=form)

        assert (answer.status, answer.code) == (422, "request.file_missing")

    def test_refuses_unknown_fields_and_wrong_values(self, shop):
        for more in ({"colour": "red"}, {"unit_cost_minor": "-1"}, {"valid_until": "soon"}):
            answer = shop.api.upload("/cards/import", "a.txt", b"X", sku_id=shop.sku, **more)
            assert (answer.status, answer.code) == (422, "request.invalid")
        for body in (
            {"sku_id": shop.sku, "lines": []},
            {"sku_id": shop.sku, "lines": ["a\0b"]},
            {"sku_id": shop.sku, "lines": [1]},
            {"sku_id": shop.sku, "lines": ["a"], "valid_until": 1700000000},
        ):
            assert shop.api.post("/cards/import", body).code == "request.invalid"
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_refuses_a_form_that_ends_too_early(self, shop):
        answer = shop.api.post(
            "/cards/import", b"--x\r\nbroken", content_type="multipart/form-data; boundary=x"
        )

        assert answer.status in {400, 422}
        assert answer.code


class TestGenerate:
    def test_makes_so_many(self, shop):
        answer = shop.api.post("/cards/generate", {"sku_id": shop.sku, "count": 20})
        done = run(shop, answer.json["id"])

        assert answer.status == 202
        assert (done["state"], done["done"], done["total"]) == ("done", 20, 20)
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 25}

    def test_counts_numbers_up_and_tells_what_is_printed(self, shop):
        body = {
            "sku_id": shop.sku, "numbers": {"prefix": "K", "first": 8, "last": 11, "width": 3},
            "face_value_minor": 5000, "face_currency": "USD", "data": {"地区": "美区"},
            "note": "一批",
        }  # fmt: skip
        first = run(shop, shop.api.post("/cards/generate", body).json["id"])
        again = run(shop, shop.api.post("/cards/generate", body).json["id"])
        (batch,) = [
            item
            for item in shop.api.get("/batches").json["items"]
            if item["id"] == first["result"]["batch"]
        ]
        cards = shop.api.get(f"/cards?batch_id={batch['id']}").json["items"]

        assert (first["state"], first["total"]) == ("done", 4)
        assert [card["number"] for card in cards] == ["K008", "K009", "K010", "K011"]
        told = (batch["face_value_minor"], batch["face_currency"], batch["data"], batch["note"])
        assert told == (5000, "USD", {"地区": "美区"}, "一批")
        assert {(c["face_value_minor"], c["face_currency"]) for c in cards} == {(5000, "USD")}
        assert (again["error"], again["result"]) == ("vault.numbers_taken", {"count": 4})

    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"count": 5, "numbers": {"first": 1, "last": 5}},
            {"numbers": {"first": 1, "last": 5}, "number_pattern": "#{9}"},
            {"numbers": {"first": 5, "last": 1}},
            {"numbers": {"first": 1}},
            {"count": 5, "face_value_minor": 0},
            {"count": 5, "face_value_minor": 5, "face_currency": "XXX"},
            {"count": 5, "data": {"a": ""}},
            {"count": 5, "data": {f"a{n}": "x" for n in range(21)}},
            {"count": 5, "data": {"a": "x\ny"}},
        ],
    )
    def test_refuses_what_cannot_be(self, shop, more):
        answer = shop.api.post("/cards/generate", {"sku_id": shop.sku, **more})

        assert answer.status == 422
        assert answer.code in {"request.invalid", "vault.bad_serial", "vault.bad_purchase"}
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_a_file_brings_a_face_value_and_data_with_it(self, shop):
        answer = shop.api.upload(
            "/cards/import", "a.txt", b"P-1\n", sku_id=shop.sku,
            face_value_minor="100", data='{"a": "b"}',
        )  # fmt: skip
        batch = run(shop, answer.json["id"])["result"]["batch"]

        told = shop.api.get(f"/batches/{batch}").json
        assert (told["face_value_minor"], told["face_currency"]) == (100, "CNY")
        assert told["data"] == {"a": "b"}

    def test_refuses_codes_that_could_be_guessed(self, shop):
        answer = shop.api.post(
            "/cards/generate", {"sku_id": shop.sku, "count": 1000, "pattern": "####"}
        )

        assert (answer.status, answer.code) == (422, "vault.weak_pattern")


class TestProducts:
    def test_shows_skus_with_price_and_stock(self, shop):
        (listed,) = shop.api.get("/products").json["items"]
        detail = shop.api.get(f"/products/{listed['id']}").json
        (sku,) = detail["skus"]

        assert listed["skus"] == detail["skus"]
        assert (sku["id"], sku["price_minor"], sku["currency"]) == (shop.sku, 1999, "CNY")
        assert (sku["available"], sku["min_per_order"], sku["max_per_order"]) == (5, 1, 100)
        assert detail["title"] == {"zh-Hans": "视频会员", "en": "Video"}

    def test_hides_what_is_not_on_sale(self, shop):
        (listed,) = shop.api.get("/products").json["items"]
        with acting_as(shop.merchant):
            Sku.objects.filter(merchant_id=shop.merchant).update(on_sale=False)

        assert shop.api.get(f"/products/{listed['id']}").json["skus"] == []

    def test_lists_page_by_page(self, shop):
        for _ in range(2):
            make.sku(shop.merchant, cards=0)

        first = shop.api.get("/products?limit=2").json
        second = shop.api.get(f"/products?limit=2&cursor={first['next_cursor']}").json

        ids = [item["id"] for item in first["items"] + second["items"]]
        assert (len(first["items"]), len(second["items"])) == (2, 1)
        assert len(set(ids)) == 3
        assert second["next_cursor"] is None


class TestStock:
    def test_counts_by_state(self, shop):
        shop.place()
        shop.sell(2)

        assert shop.api.get("/stock").json == {
            "items": [
                {
                    "sku_id": shop.sku,
                    "product_id": shop.api.get("/products").json["items"][0]["id"],
                    "available": 2,
                    "reserved": 1,
                    "sold": 2,
                    **dict.fromkeys(("activated", "redeemed", "expired", "void"), 0),
                    **dict.fromkeys(("faulty", "frozen", "set_aside"), 0),
                    "pools": [
                        {
                            "pool_id": None,
                            "name": None,
                            "cards": {"available": 2, "reserved": 1, "sold": 2},
                        }
                    ],
                }
            ],
            "next_cursor": None,
        }
