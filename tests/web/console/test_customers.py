"""Customers at the desk: found, named, merged, forgotten; looks at addresses are logged (H1)."""

import pytest

from kacang.customers import operations, queries
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import Actor
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.messages.restraint.refusing import refused_at
from kacang.messages.restraint.rules import OPTIONAL
from kacang.orders.customers import linking
from kacang.reviews.operations import NewReview, write_review
from kacang.shared.contacts import Contact
from tests import make
from tests.aftersales.cases import BUYER, Sold

STAFF = Actor(kind="person", id=1, label="lu@example.com")
PHONE = "+8613826042716"


@pytest.fixture
def lin(merchant):
    with acting_as(merchant):
        operations.gather(
            merchant_id=merchant,
            contact=Contact(email="lin@example.com", phone=PHONE),
            way=ConsentWay.CHECKOUT,
        )
    return queries.customers_page(merchant_id=merchant).rows[0].uid


def gone(merchant: int) -> bool:
    return queries.customers_page(merchant_id=merchant).rows == ()


class TestCustomers:
    @pytest.mark.parametrize("typed", ["LIN@example.com", "13826042716", "2716", ""])
    def test_H1_are_found_and_shown_by_their_masks(self, work, lin, typed):
        page = work("customer_service").get("/console/customers/", {"q": typed}).content.decode()

        assert f"/console/customers/{lin}/" in page
        assert PHONE not in page
        assert "lin@example.com" not in page

    def test_H1_an_address_is_shown_in_full_and_that_is_written_down(self, merchant, work, lin):
        desk = work("customer_service")

        shown = desk.post(f"/console/customers/{lin}/shown/")

        assert shown.content.decode() == f"lin@example.com · {PHONE}"
        assert "no-store" in shown.headers["Cache-Control"]
        log = work("owner").get("/console/audit/").content.decode()
        assert "Looked at a customer" in log

    def test_H1_have_a_name_a_level_and_notes(self, merchant, work, lin):
        desk = work("owner")
        desk.post("/console/customers/levels/", {"name": "金卡", "rank": "9"})
        (level,) = queries.levels(merchant_id=merchant)
        twice = desk.post("/console/customers/levels/", {"name": "金卡", "rank": "8"})
        long = "很长的名字" * 16

        desk.post(f"/console/customers/{lin}/change/", {"name": long, "level": level.uid})
        wrong = desk.post(f"/console/customers/{lin}/change/", {"name": "x" * 81, "level": ""})
        desk.post(f"/console/customers/{lin}/note/", {"text": "<script>喜欢季卡</script>"})
        empty = desk.post(f"/console/customers/{lin}/note/", {"text": " "})

        assert (twice.status_code, wrong.status_code, empty.status_code) == (422, 422, 422)
        page = desk.get(f"/console/customers/{lin}/").content.decode()
        assert long in page
        assert "金卡" in page
        assert "&lt;script&gt;喜欢季卡" in page
        desk.post(f"/console/customers/levels/{level.uid}/drop/")
        assert queries.levels(merchant_id=merchant) == [level]

    def test_H1_merging_names_what_comes_over_before_it_is_done(self, merchant, work, lin):
        stocked = make.sku(merchant)
        make.account(merchant)
        placed = make.order(stocked, contact=Contact(email="wang@example.com"))
        linking.remember_buyer(merchant_id=merchant, number=placed.number, way=ConsentWay.CHECKOUT)
        desk, address = work("customer_service"), f"/console/customers/{lin}/merge/"

        asked = desk.post(address, {"contact": "wang@example.com"})
        none = desk.post(address, {"contact": "nobody@example.com"})
        self_ = desk.post(address, {"contact": "lin@example.com"})
        assert len(queries.customers_page(merchant_id=merchant).rows) == 2
        done = desk.post(address, {"contact": "wang@example.com", "sure": "1"})

        assert asked.status_code == 200
        assert "This cannot be undone" in asked.content.decode()
        assert (none.status_code, self_.status_code, done.status_code) == (422, 422, 302)
        page = desk.get(f"/console/customers/{lin}/").content.decode()
        assert placed.number in page

    def test_H1_are_forgotten_once_and_stay_so(self, merchant, work, lin):
        desk = work("customer_service")

        done = desk.post(f"/console/customers/{lin}/forget/")
        again = desk.post(f"/console/customers/{lin}/forget/")

        assert (done.status_code, again.status_code) == (302, 404)
        assert gone(merchant)
        assert desk.get(f"/console/customers/{lin}/").status_code == 404

    def test_H1_a_role_without_the_right_changes_nothing(self, merchant, work, lin):
        sales = work("sales")

        refused = sales.post(f"/console/customers/{lin}/forget/")

        assert refused.status_code == 403
        assert sales.get(f"/console/customers/{lin}/").status_code == 200
        assert work("warehouse").get("/console/customers/").status_code == 403
        assert not gone(merchant)

    def test_H1_cases_and_reviews_stand_on_the_page_for_who_may_see_them(self, merchant, work):
        change_settings(merchant_id=merchant, values={"reviews_on": True}, actor=STAFF)
        sold = Sold(merchant, 1, contact=Contact(email="lin@example.com"))
        linking.remember_buyer(merchant_id=merchant, number=sold.number, way=ConsentWay.CHECKOUT)
        uid = sold.open()
        write_review(
            merchant_id=merchant,
            new=NewReview(sold.number, 1, 4, "发货很快"),
            actor=BUYER,
        )
        lin = queries.customers_page(merchant_id=merchant).rows[0].uid

        page = work("customer_service").get(f"/console/customers/{lin}/").content.decode()
        assert f"/console/aftersales/{uid}/" in page
        assert "4/5" in page
        assert "发货很快" in page
        page = work("sales").get(f"/console/customers/{lin}/").content.decode()
        assert uid not in page


class TestNotices:
    def test_N1_staff_write_down_what_a_customer_does_not_want(self, merchant, work, lin):
        desk = work("customer_service")
        path = f"/console/customers/{lin}/notices/"
        assert "Your order is delivered" in desk.get(path).content.decode()

        desk.post(path, {"wanted": ["order.cancelled", "order.delivered"]})

        off = refused_at(merchant_id=merchant, addresses=["lin@example.com", PHONE])
        assert off == OPTIONAL - {"order.cancelled"}
        page = desk.get(path).content.decode()
        assert 'value="order.cancelled" checked' in page
        assert 'value="order.shipped" checked' not in page
        assert PHONE not in page
        log = work("owner").get("/console/audit/").content.decode()
        assert "Wrote down what a customer does not want to be told" in log

    def test_an_openid_is_taken_away_at_the_desk(self, merchant, work, lin):
        desk = work("customer_service")
        path = f"/console/customers/{lin}/contact/"
        desk.post(path, {"openid": "oGZUI0egBJY1zhBYw2Kh"})
        desk.post(path, {"openid": ""})
        kept = queries.customer(merchant_id=merchant, uid=lin).contacts

        desk.post(path, {"drop_openid": "1"})

        assert len(kept) == 3
        assert len(queries.customer(merchant_id=merchant, uid=lin).contacts) == 2
