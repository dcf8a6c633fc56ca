"""H1, J1: customers through the API, and the consent that makes them."""

import pytest

from kacang.customers import operations, queries
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages.restraint.holding import is_refused
from kacang.orders import queries as orders
from kacang.orders.customers import openids
from kacang.shared.contacts import Contact
from tests.web.api.calling import order_body
from tests.web.api.conftest import audit_actions

EMAIL, PHONE = "linxiaoman@example.com", "+8613800138000"


@pytest.fixture
def lin(shop):
    """A customer, found by her address."""
    row = operations.gather(
        merchant_id=shop.merchant, contact=Contact(EMAIL, PHONE), way=ConsentWay.CHECKOUT
    )
    return queries.uids_of(merchant_id=shop.merchant, ids=[row])[row][0]


class TestConsent:
    def test_nobody_is_kept_who_did_not_agree(self, shop):
        shop.place(contact={"email": EMAIL})
        shop.place(contact={"email": EMAIL}, remember=False)

        assert shop.api.get("/customers").json["items"] == []

    def test_who_agreed_is_known_again_by_the_same_order_sent_twice(self, shop):
        body = order_body(shop.sku, contact={"email": EMAIL}, remember=True)
        for _ in range(2):
            answer = shop.api.post("/orders", body, **{"Idempotency-Key": "o-1"})
            assert answer.status == 201

        (one,) = shop.api.get("/customers").json["items"]
        found = shop.api.get(f"/customers/{one['id']}").json
        assert [(said["is_given"], said["way"]) for said in found["consents"]] == [(True, "api")]
        assert found["last_order_at"] is not None

    def test_without_an_address_there_is_nobody_to_remember(self, shop):
        shop.place(remember=True, password="right-horse-battery")

        assert shop.api.get("/customers").json["items"] == []

    def test_nobody_is_remembered_of_an_order_that_is_refused(self, shop):
        body = order_body(shop.sku, 9, contact={"email": EMAIL}, remember=True)
        assert shop.api.post("/orders", body, **{"Idempotency-Key": "o-2"}).status == 409

        assert shop.api.get("/customers").json["items"] == []


class TestReading:
    def test_lists_are_masked_and_one_is_shown_in_full_and_logged(self, shop, lin):
        listed = shop.api.get("/customers")
        assert PHONE[-8:] not in listed.body.decode()
        assert EMAIL not in listed.body.decode()
        assert audit_actions(shop.merchant, lin) == []

        answer = shop.api.get(f"/customers/{lin}")

        assert [one["value"] for one in answer.json["contacts"]] == [EMAIL, PHONE]
        assert answer.headers["cache-control"] == "no-store"
        ((action, _),) = audit_actions(shop.merchant, lin)
        assert action == "customers.show_contact"

    def test_lists_narrow_and_page(self, shop, lin):
        level = operations.save_level(merchant_id=shop.merchant, name="金卡", rank=9, actor=SYSTEM)
        operations.gather(
            merchant_id=shop.merchant, contact=Contact("b@example.com"), way=ConsentWay.STAFF
        )
        shop.api.post(f"/customers/{lin}", {"name": "林小满", "level_id": level})

        page = shop.api.get("/customers?limit=1").json
        rest = shop.api.get(f"/customers?limit=1&cursor={page['next_cursor']}").json
        assert [one["id"] for one in rest["items"]] == [lin]
        assert rest["next_cursor"] is None
        for asked in (f"level_id={level}", f"email={EMAIL}", "phone=13800138000"):
            found = shop.api.get(f"/customers?{asked}").json["items"]
            assert [(one["id"], one["level"]) for one in found] == [(lin, "金卡")], asked
        assert shop.api.get("/customers?email=c@example.com").json["items"] == []
        assert shop.api.get("/customer-levels").json["items"] == [
            {"id": level, "name": "金卡", "rank": 9}
        ]

    def test_I2_of_somebody_else_are_not_found(self, shop, other_shop, lin):
        api = other_shop.api
        for answer in (
            api.get(f"/customers/{lin}"),
            api.post(f"/customers/{lin}", {"name": "x"}),
            api.post(f"/customers/{lin}/notes", {"text": "x"}),
            api.call("DELETE", f"/customers/{lin}"),
        ):
            assert answer.status == 404
        assert api.get("/customers").json["items"] == []
        assert audit_actions(shop.merchant, lin) == []

    def test_each_needs_its_scope(self, shop, lin, key_for):
        reader, writer = key_for("customers:read"), key_for("customers:write")
        for answer in (
            writer.get("/customers"),
            writer.get(f"/customers/{lin}"),
            writer.get("/customer-levels"),
            reader.post(f"/customers/{lin}", {"name": "x"}),
            reader.post(f"/customers/{lin}/notes", {"text": "x"}),
            reader.call("DELETE", f"/customers/{lin}"),
        ):
            assert (answer.status, answer.code) == (403, "keys.scope")


class TestChanging:
    def test_a_key_that_may_only_write_is_shown_no_address(self, lin, key_for):
        writer = key_for("customers:write")

        for answer in (
            writer.post(f"/customers/{lin}", {"name": "林小满"}),
            writer.post(f"/customers/{lin}/notes", {"text": "常客"}),
        ):
            assert answer.json["name"] == "林小满"
            assert PHONE[-8:] not in answer.body.decode()
            assert EMAIL not in answer.body.decode()

    def test_a_note_is_written_once(self, shop, lin):
        for _ in range(2):
            shop.api.post(f"/customers/{lin}/notes", {"text": "常客"}, **{"Idempotency-Key": "n"})

        notes = shop.api.get(f"/customers/{lin}").json["notes"]
        assert [one["text"] for one in notes] == ["常客"]

    def test_forgetting_is_for_ever(self, shop, lin):
        assert shop.api.call("DELETE", f"/customers/{lin}").status == 204

        assert shop.api.get(f"/customers/{lin}").status == 404
        assert shop.api.call("DELETE", f"/customers/{lin}").status == 404
        assert shop.api.get(f"/customers?email={EMAIL}").json["items"] == []
        assert [action for action, _ in audit_actions(shop.merchant, lin)] == ["customers.forget"]


OPENID, OTHER = "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "oGZUI0egBJY1zhBYw2KhdUfwXXXX"


def reads_as(shop, number, contact=EMAIL):
    """As whom the buyer of an order is told."""
    order = orders.order(merchant_id=shop.merchant, number=number)
    return openids.openid_of(merchant_id=shop.merchant, order=order)


class TestOpenid:
    def test_a_customer_has_the_last_one_that_was_set_until_it_is_taken_away(self, shop, lin):
        number = shop.place(contact={"email": EMAIL}).json["number"]
        for said in (OTHER, OPENID, OPENID):
            answer = shop.api.post(f"/customers/{lin}/openid", {"openid": said})
            assert answer.status == 200
            assert said not in answer.body.decode()
        known = shop.api.get(f"/customers/{lin}").json["contacts"]
        assert [one["value"] for one in known if one["kind"] == "wechat"] == [OPENID]
        assert reads_as(shop, number) == OPENID

        for _ in range(2):
            assert shop.api.call("DELETE", f"/customers/{lin}/openid").status == 204
        assert reads_as(shop, number) == ""
        found = [action for action, _ in audit_actions(shop.merchant, lin)]
        assert found.count("customers.drop_openid") == 1

    def test_an_orders_own_is_for_its_news_and_makes_nobody_a_customer(self, shop, lin):
        mine = shop.place(contact={"email": EMAIL}).json["number"]
        other = shop.place(contact={"email": EMAIL}).json["number"]
        shop.api.post(f"/customers/{lin}/openid", {"openid": OPENID})
        stranger = shop.place().json["number"]

        for number in (mine, stranger):
            for _ in range(2):
                answer = shop.api.post(f"/orders/{number}/openid", {"openid": OTHER})
                assert answer.status == 204

        assert [reads_as(shop, one) for one in (mine, other, stranger)] == [OTHER, OPENID, OTHER]
        assert len(shop.api.get("/customers").json["items"]) == 1
        assert [one for one, _ in audit_actions(shop.merchant, mine)] == ["orders.set_openid"]
        for _ in range(2):
            assert shop.api.call("DELETE", f"/orders/{mine}/openid").status == 204
        assert reads_as(shop, mine) == OPENID

    def test_who_is_forgotten_is_told_nowhere_any_more(self, shop):
        number = shop.place(contact={"email": EMAIL}, remember=True).json["number"]
        (lin,) = shop.api.get("/customers").json["items"]
        shop.api.post(f"/customers/{lin['id']}/openid", {"openid": OPENID})
        shop.api.post(f"/orders/{number}/openid", {"openid": OTHER})

        shop.api.call("DELETE", f"/customers/{lin['id']}")

        assert reads_as(shop, number) == ""

    @pytest.mark.parametrize("said", ["", "short", "a" * 65, "openid with spaces", "汉" * 12])
    def test_what_is_none_is_refused(self, shop, lin, said):
        number = shop.place().json["number"]
        for path in (f"/customers/{lin}/openid", f"/orders/{number}/openid"):
            answer = shop.api.post(path, {"openid": said})
            assert (answer.status, answer.code) == (422, "request.invalid")
        assert reads_as(shop, number) == ""

    def test_one_that_is_another_customers_stays_theirs(self, shop, lin):
        other = operations.gather(
            merchant_id=shop.merchant, contact=Contact("b@example.com"), way=ConsentWay.STAFF
        )
        uid = queries.uids_of(merchant_id=shop.merchant, ids=[other])[other][0]
        for said, whose in ((OPENID, lin), (OTHER, uid)):
            shop.api.post(f"/customers/{whose}/openid", {"openid": said})

        answer = shop.api.post(f"/customers/{uid}/openid", {"openid": OPENID})

        assert (answer.status, answer.code) == (409, "customers.contact_taken")
        kept = shop.api.get(f"/customers/{uid}").json["contacts"]
        assert [one["value"] for one in kept] == ["b@example.com", OTHER]

    def test_I2_scope_and_shop_are_asked_for(self, shop, other_shop, lin, key_for):
        number = shop.place().json["number"]
        paths = (f"/customers/{lin}/openid", f"/orders/{number}/openid")
        reader = key_for("customers:read", "orders:read")
        for path in paths:
            for api, status in ((reader, 403), (other_shop.api, 404)):
                assert api.post(path, {"openid": OPENID}).status == status
                assert api.call("DELETE", path).status == status
        assert reads_as(shop, number) == ""


class TestNotices:
    def test_a_choice_holds_at_every_address_and_can_be_taken_back(self, shop, lin):
        path = f"/customers/{lin}/notices"
        assert shop.api.get(path).json["refused"] == []

        answer = shop.api.post(path, {"refused": ["order.shipped", "order.unpaid"]})

        assert answer.json["refused"] == ["order.shipped", "order.unpaid"]
        assert "order.delivered" not in answer.json["can_refuse"]
        with acting_as(shop.merchant):
            off = [is_refused(shop.merchant, "order.shipped", one) for one in (EMAIL, PHONE)]
            assert off == [True, True]
            assert not is_refused(shop.merchant, "order.cancelled", EMAIL)
            assert not is_refused(shop.merchant, "order.shipped", "b@example.com")
        assert shop.api.post(path, {"refused": []}).json["refused"] == []
        actions = [action for action, _ in audit_actions(shop.merchant, lin)]
        assert actions == ["customers.notices"] * 2

    @pytest.mark.parametrize("event", ["order.delivered", "order.code", "no.such"])
    def test_what_must_be_told_cannot_be_refused(self, shop, lin, event):
        answer = shop.api.post(f"/customers/{lin}/notices", {"refused": ["order.shipped", event]})

        assert (answer.status, answer.code) == (422, "messages.must_be_told")
        assert shop.api.get(f"/customers/{lin}/notices").json["refused"] == []

    def test_I2_scope_and_shop_are_asked_for(self, shop, other_shop, lin, key_for):
        path = f"/customers/{lin}/notices"
        reader, writer = key_for("customers:read"), key_for("customers:write")

        assert (other_shop.api.get(path).status, writer.get(path).status) == (404, 403)
        assert other_shop.api.post(path, {"refused": []}).status == 404
        assert reader.post(path, {"refused": ["order.shipped"]}).status == 403
        assert shop.api.get(path).json["refused"] == []
