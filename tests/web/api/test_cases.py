"""X1, X2, J1: after-sales cases through the API."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from kacang.aftersales import operations, queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make
from tests.aftersales.cases import Sold, contact, jpeg, later, mp4
from tests.aftersales.test_reshipping import Shipped
from tests.web.api.conftest import audit_actions

UNIT = [{"line": 1, "unit": 1}]


@pytest.fixture
def sold(shop) -> Sold:
    return Sold(shop.merchant, 2, made=shop.made, account=shop.account, contact=contact())


def opened(shop, sold, **more):
    body = {"kind": "not_working", "units": UNIT, "text": "卡密无效", **more}
    answer = shop.api.post(f"/orders/{sold.number}/cases", body)
    assert answer.status == 201, answer
    return answer.json


class TestOpening:
    def test_a_case_is_opened_and_read(self, shop, sold):
        made = opened(shop, sold)

        assert (made["order"], made["kind"], made["state"]) == (sold.number, "not_working", "new")
        assert made["units"] == UNIT
        assert [(one["author"], one["text"]) for one in made["messages"]] == [("buyer", "卡密无效")]
        read = shop.api.get(f"/cases/{made['id']}")
        assert read.json == made
        assert read.headers["cache-control"] == "no-store"
        assert [action for action, _ in audit_actions(shop.merchant, made["id"])] == [
            "cases.opened"
        ]

    def test_one_key_opens_one_case(self, shop, sold):
        body = {"units": UNIT, "text": "x"}
        first, again = (
            shop.api.post(f"/orders/{sold.number}/cases", body, **{"Idempotency-Key": "c-1"})
            for _ in range(2)
        )

        assert first.json == again.json
        assert again.headers["idempotency-replayed"] == "true"
        other = shop.api.post(
            f"/orders/{sold.number}/cases", {**body, "text": "y"}, **{"Idempotency-Key": "c-1"}
        )
        assert (other.status, other.code) == (422, "idempotency.mismatch")
        assert len(shop.api.get("/cases").json["items"]) == 1

    def test_a_unit_has_one_open_case(self, shop, sold):
        opened(shop, sold)

        again = shop.api.post(f"/orders/{sold.number}/cases", {"units": UNIT, "text": "x"})

        assert (again.status, again.code) == (409, "aftersales.open_already")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"units": [], "text": "x"}, "request.invalid"),
            ({"units": UNIT, "text": ""}, "request.invalid"),
            ({"units": UNIT, "text": "  "}, "aftersales.text_missing"),
            ({"units": UNIT, "text": "x", "kind": "bribe"}, "request.invalid"),
            ({"units": [{"line": 2, "unit": 1}], "text": "x"}, "aftersales.bad_units"),
            ({"units": [{"line": 1, "unit": 3}], "text": "x"}, "aftersales.bad_units"),
            ({"units": UNIT * 2, "text": "x"}, "aftersales.bad_units"),
        ],
    )
    def test_what_cannot_be_is_refused(self, shop, sold, body, code):
        answer = shop.api.post(f"/orders/{sold.number}/cases", body)

        assert (answer.status, answer.code) == (422, code)
        assert shop.api.get("/cases").json["items"] == []

    def test_an_order_that_is_not_paid_has_none(self, shop):
        number = shop.place().json["number"]

        answer = shop.api.post(f"/orders/{number}/cases", {"units": UNIT, "text": "x"})

        assert (answer.status, answer.code) == (409, "aftersales.not_observed")

    def test_what_the_buyer_shows_has_to_fit(self, shop, sold):
        for proof in ({"token": "made-up"}, {"password": "guess"}, {}):
            body = {"units": UNIT, "text": "x", "proof": proof}
            answer = shop.api.post(f"/orders/{sold.number}/cases", body)
            assert (answer.status, answer.code) == (403, "orders.access_refused")
        assert shop.api.get("/cases").json["items"] == []

        assert opened(shop, sold, proof={"token": sold.token})["state"] == "new"

    def test_guesses_of_a_password_count_though_they_are_refused(self, shop):
        placed = make.order(shop.made, password="right-horse-battery")
        body = {"units": UNIT, "text": "x"}
        for guess in [*(f"guess-{n}" for n in range(10)), "right-horse-battery"]:
            answer = shop.api.post(
                f"/orders/{placed.number}/cases", {**body, "proof": {"password": guess}}
            )
            assert answer.code == "orders.access_refused"


class TestReading:
    def test_lists_page_by_key_and_narrow(self, shop, sold):
        first = opened(shop, sold)
        second = opened(shop, sold, units=[{"line": 1, "unit": 2}])

        page = shop.api.get("/cases?limit=1").json
        assert [one["id"] for one in page["items"]] == [second["id"]]
        rest = shop.api.get(f"/cases?limit=1&cursor={page['next_cursor']}").json
        assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([first["id"]], None)
        by_deadline = shop.api.get("/cases?state=new&limit=1").json
        assert [one["id"] for one in by_deadline["items"]] == [first["id"]]
        after = shop.api.get(f"/cases?state=new&cursor={by_deadline['next_cursor']}").json
        assert [one["id"] for one in after["items"]] == [second["id"]]
        assert shop.api.get("/cases?state=closed").json["items"] == []
        assert len(shop.api.get(f"/cases?order={sold.number}").json["items"]) == 2
        assert shop.api.get("/cases?cursor=zz").code == "aftersales.bad_cursor"
        assert "messages" not in page["items"][0]

    def test_what_is_late_is_said(self, shop, sold):
        made = opened(shop, sold)
        later(shop.merchant, made["id"], hours=13)

        assert shop.api.get(f"/cases/{made['id']}").json["is_late"] is True

    def test_I2_of_somebody_else_are_not_found(self, shop, other_shop, sold):
        uid = opened(shop, sold)["id"]

        for answer in (
            other_shop.api.get(f"/cases/{uid}"),
            other_shop.api.post(f"/cases/{uid}/messages", {"text": "x"}),
            other_shop.api.post(f"/cases/{uid}/decision", {"decision": "reject", "reason": "x"}),
            other_shop.api.post(f"/orders/{sold.number}/cases", {"units": UNIT, "text": "x"}),
            other_shop.api.get(f"/cases?order={sold.number}"),
        ):
            assert answer.status == 404
        assert other_shop.api.get("/cases").json["items"] == []
        assert len(shop.api.get(f"/cases/{uid}").json["messages"]) == 1

    def test_each_needs_its_scope(self, shop, sold, key_for):
        uid = opened(shop, sold)["id"]
        calls = {
            "cases:read": [
                lambda api: api.get("/cases"),
                lambda api: api.get(f"/cases/{uid}"),
                lambda api: api.get(f"/cases/{uid}/files/evd_x"),
            ],
            "cases:write": [
                lambda api: api.post(f"/orders/{sold.number}/cases", {"units": UNIT, "text": "x"}),
                lambda api: api.post(f"/cases/{uid}/messages", {"text": "x"}),
                lambda api: api.upload(f"/cases/{uid}/files", "a.jpg", jpeg(), text="x"),
            ],
            "cases:decide": [
                lambda api: api.post(
                    f"/cases/{uid}/decision", {"decision": "reject", "reason": "x"}
                ),
            ],
        }
        for scope, each in calls.items():
            weak = key_for(*({*calls, "orders:read", "orders:write"} - {scope}))
            for call in each:
                answer = call(weak)
                assert (answer.status, answer.code) == (403, "keys.scope"), scope


class TestTalking:
    def test_buyer_and_shop_take_turns(self, shop, sold):
        uid = opened(shop, sold)["id"]

        asked = shop.api.post(
            f"/cases/{uid}/messages", {"author": "shop", "text": "请发截图", "waits": True}
        ).json
        assert (asked["state"], asked["due_at"]) == ("buyers", None)
        said = shop.api.post(f"/cases/{uid}/messages", {"text": "已发"}).json

        assert said["state"] == "ours"
        assert [(one["author"], one["text"]) for one in said["messages"]][1:] == [
            ("shop", "请发截图"),
            ("buyer", "已发"),
        ]
        assert said["owner"] == said["messages"][1]["name"]

    def test_too_much_is_refused(self, shop, sold):
        uid = opened(shop, sold)["id"]

        codes = [
            shop.api.post(f"/cases/{uid}/messages", {"text": f"{n}"}).status for n in range(31)
        ]

        assert codes == [201] * 30 + [429]


class TestEvidence:
    def test_a_picture_is_judged_by_its_bytes_and_given_back_redrawn(self, shop, sold):
        uid = opened(shop, sold)["id"]

        answer = shop.api.upload(f"/cases/{uid}/files", "a.png", jpeg(), text="截图")

        assert answer.status == 201
        (file,) = answer.json["messages"][-1]["files"]
        assert (file["kind"], file["content_type"], file["is_kept"]) == (
            "picture", "image/webp", True,
        )  # fmt: skip
        given = shop.api.get(f"/cases/{uid}/files/{file['id']}")
        assert given.body[:4] == b"RIFF"
        assert b"GPS" not in given.body
        assert given.headers["x-content-type-options"] == "nosniff"
        assert given.headers["content-disposition"].startswith("inline")

    def test_a_video_is_only_saved(self, shop, sold):
        uid = opened(shop, sold)["id"]

        answer = shop.api.upload(f"/cases/{uid}/files", "a.mp4", mp4(), text="录屏")

        (file,) = answer.json["messages"][-1]["files"]
        given = shop.api.get(f"/cases/{uid}/files/{file['id']}")
        assert (given.body, given.headers["content-type"]) == (mp4(), "video/mp4")
        assert given.headers["content-disposition"].startswith("attachment")

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("a.jpg", b"<svg onload=alert(1)>", "aftersales.bad_file"),
            ("a.jpg", mp4(), "aftersales.file_lies"),
            ("a.mp4", jpeg(), "aftersales.file_lies"),
            ("a.exe", b"MZ\0\0", "aftersales.bad_file"),
        ],
    )
    def test_anything_else_is_refused(self, shop, sold, name, content, code):
        uid = opened(shop, sold)["id"]

        answer = shop.api.upload(f"/cases/{uid}/files", name, content, text="x")

        assert (answer.status, answer.code) == (422, code)
        assert len(shop.api.get(f"/cases/{uid}").json["messages"]) == 1

    def test_the_same_form_is_one_message(self, shop, sold):
        uid = opened(shop, sold)["id"]

        for mark in (BOUNDARY, "another-mark"):
            form = {"text": "x", "file": SimpleUploadedFile("a.jpg", jpeg())}
            kind = MULTIPART_CONTENT.replace(BOUNDARY, mark)
            shop.api.call(
                "POST", f"/cases/{uid}/files", encode_multipart(mark, form),
                {"content_type": kind, "Idempotency-Key": "f-1"},
            )  # fmt: skip

        assert len(shop.api.get(f"/cases/{uid}").json["messages"]) == 2

    @pytest.mark.parametrize("fields", [{}, {"text": ""}, {"text": "x", "more": "y"}])
    def test_wrong_forms_are_refused(self, shop, sold, fields):
        uid = opened(shop, sold)["id"]
        assert shop.api.upload(f"/cases/{uid}/files", "a.jpg", jpeg(), **fields).status == 422

    def test_a_file_of_another_case_is_not_found(self, shop, sold):
        uid = opened(shop, sold)["id"]
        other = opened(shop, sold, units=[{"line": 1, "unit": 2}])["id"]
        shown = shop.api.upload(f"/cases/{uid}/files", "a.jpg", jpeg(), text="x").json
        file = shown["messages"][-1]["files"][0]["id"]

        assert shop.api.get(f"/cases/{other}/files/{file}").code == "aftersales.unknown_file"


class TestDeciding:
    def decide(self, shop, uid, decision, **more):
        body = {"decision": decision, "reason": "同意", **more}
        return shop.api.post(f"/cases/{uid}/decision", body)

    def test_a_refund_waits_for_a_person_beyond_what_keys_may_give(self, shop, sold):
        uid = opened(shop, sold)["id"]

        answer = self.decide(shop, uid, "refund", way="by_hand")

        assert (answer.status, answer.json["amount_minor"]) == (200, 1999)
        assert len(answer.json["refunds"]) == 1
        assert sold.order.refunded == Money(0)

    def test_a_refund_within_it_is_done(self, shop, sold):
        change_settings(merchant_id=shop.merchant, values={"refund_alone_api": 100}, actor=SYSTEM)
        uid = opened(shop, sold)["id"]

        self.decide(shop, uid, "refund", way="by_hand", amount_minor=500, cards="keep")

        assert sold.order.refunded == Money(500)

    def test_another_card(self, shop, sold):
        uid = opened(shop, sold)["id"]

        assert self.decide(shop, uid, "replace").json["decision"] == "replace"
        assert make.card_states(shop.made)[CardState.FAULTY] == 1

    def test_the_right_code(self, shop, sold):
        uid = opened(shop, sold)["id"]

        answer = self.decide(shop, uid, "repair", corrections=[{**UNIT[0], "secret": "RIGHT-0007"}])

        assert answer.json["decision"] == "repair"
        given = shop.api.get(f"/orders/{sold.number}/deliveries").json["items"]
        assert given[0]["secret"] == "RIGHT-0007"
        assert "RIGHT-0007" not in json.dumps(answer.json)

    @pytest.mark.parametrize(
        "corrections",
        [
            [],
            [{"line": 1, "unit": 2, "secret": "R"}],
            [{"line": 1, "unit": 1, "secret": "R"}, {"line": 1, "unit": 1, "secret": "S"}],
        ],
    )
    def test_corrections_that_do_not_fit(self, shop, sold, corrections):
        uid = opened(shop, sold)["id"]

        answer = self.decide(shop, uid, "repair", corrections=corrections)

        assert (answer.status, answer.code) == (409, "aftersales.decision_unfit")
        assert shop.api.get(f"/cases/{uid}").json["state"] == "new"

    def test_goods_go_again_as_the_desk_sends_them(self, shop):
        shipped = Shipped(shop.merchant)
        uid = opened(shop, shipped.sold)["id"]
        parcel = {"courier": "zto", "tracking_number": "78123456789012"}

        answer = self.decide(shop, uid, "reship", parcel=parcel)

        first, second = shop.api.get(f"/orders/{shipped.sold.number}/shipments").json["items"]
        assert (answer.json["pieces"], answer.json["parcel"]) == (1, second["id"])
        assert (second["courier"], second["tracking_number"]) == ("zto", "78123456789012")
        assert second["items"] == first["items"] == [{"line": 1, "pieces": 1}]
        assert shipped.wrong() == []

    @pytest.mark.parametrize(
        ("decision", "parcel", "code"),
        [
            ("reship", {"courier": "zto", "tracking_number": "1"}, "logistics.bad_tracking_number"),
            ("reship", {"courier": "nobody", "tracking_number": "78123456789012"}, None),
            ("reship", {"courier": "zto"}, "request.invalid"),
            (
                "reject",
                {"courier": "zto", "tracking_number": "78123456789012"},
                "aftersales.decision_unfit",
            ),
        ],
    )
    def test_a_parcel_that_cannot_be_is_refused_and_nothing_is_done(
        self, shop, decision, parcel, code
    ):
        shipped = Shipped(shop.merchant)
        uid = opened(shop, shipped.sold)["id"]

        answer = self.decide(shop, uid, decision, parcel=parcel)

        assert answer.status in {404, 409, 422}
        assert code is None or answer.code == code
        assert shop.api.get(f"/cases/{uid}").json["state"] == "new"
        assert len(shipped.parcels()) == 1

    def test_only_once(self, shop, sold):
        uid = opened(shop, sold)["id"]
        assert self.decide(shop, uid, "reject").json["state"] == "decided"

        assert self.decide(shop, uid, "replace").code == "aftersales.decided_already"
        assert shop.api.post(f"/cases/{uid}/messages", {"text": "x"}).status == 409
        assert queries.case(merchant_id=shop.merchant, uid=uid).row.reason == "同意"

    def test_I3_is_in_the_log_by_the_keys_name(self, shop, sold):
        uid = opened(shop, sold)["id"]
        self.decide(shop, uid, "reject")

        assert [action for action, _ in audit_actions(shop.merchant, uid)] == [
            "cases.opened", "cases.decided",
        ]  # fmt: skip


def test_a_case_of_the_shops_own_page_is_the_same(shop, sold):
    uid = sold.open(files=[operations.judge_evidence(name="a.jpg", content_type="", body=jpeg())])

    assert shop.api.get(f"/cases/{uid}").json["messages"][0]["files"][0]["kind"] == "picture"
