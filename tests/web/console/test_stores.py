"""Stores at the desk, and the store of an order (R1, O2, O3, O10)."""

import re

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants import queries
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.types import Origin
from kacang.shared.clock import utc_now
from tests import make
from tests.web.console.conftest import work_as

LIST = "/console/stores/"


def text(answer):
    return answer.content.decode()


def a_store(merchant, code="a", name="南京路店"):
    draft = StoreDraft(name, code)
    return merchants.open_store(merchant_id=merchant, draft=draft, actor=SYSTEM)


class TestPages:
    def test_a_store_is_opened_changed_closed_and_opened_again(self, merchant, owner):
        assert "No stores yet" in text(owner.get(LIST))
        made = owner.post(f"{LIST}new/", {"name": "南京路店", "code": "nj-1", "address": "1 号"})
        uid = made["Location"].split("/")[-2]

        page = text(owner.get(made["Location"]))
        assert "南京路店" in page
        assert re.search(r"http://[^<]*/at/nj-1/", page)
        changed = owner.post(f"{LIST}{uid}/edit/", {"name": "二店", "code": "nj-2"})
        assert changed["Location"] == f"{LIST}{uid}/"
        owner.post(f"{LIST}{uid}/close/")
        assert "leads to the shop alone" in text(owner.get(f"{LIST}{uid}/"))
        assert "Closed" in text(owner.get(LIST))
        owner.post(f"{LIST}{uid}/reopen/")
        (found,) = queries.stores(merchant_id=merchant)
        assert (found.name, found.code, found.is_open) == ("二店", "nj-2", True)

    def test_what_cannot_be_is_said_in_the_form_and_what_was_typed_stays(self, merchant, owner):
        a_store(merchant)
        for code, said in (("a", "Another store has this code"), ("A b", "small letters")):
            answer = owner.post(f"{LIST}new/", {"name": "三店", "code": code})
            assert answer.status_code == 422
            assert said in text(answer)
            assert 'value="三店"' in text(answer)
        assert len(queries.stores(merchant_id=merchant)) == 1

    def test_who_works_there_is_chosen_by_name(self, merchant, owner):
        uid = a_store(merchant)
        clerk = work_as(merchant, "clerk")
        (me,) = queries.memberships_of(user_id=int(clerk.session["_auth_user_id"]))

        saved = owner.post(f"{LIST}{uid}/clerks/", {"member": [me.uid]}, follow=True)

        assert "Orders of their stores" in text(saved)
        assert queries.stores(merchant_id=merchant)[0].clerks == {me.uid}
        strange = owner.post(f"{LIST}{uid}/clerks/", {"member": ["mem_x"]}, follow=True)
        assert "no such member" in text(strange)
        assert queries.stores(merchant_id=merchant)[0].clerks == {me.uid}

    def test_who_may_only_look_finds_no_button(self, merchant, work):
        uid = a_store(merchant)
        operator = work("order_operator")
        page = text(operator.get(f"{LIST}{uid}/"))
        assert f"{uid}/edit/" not in page
        assert operator.post(f"{LIST}{uid}/close/").status_code == 403
        assert work("sales").get(LIST).status_code == 403


class TestOrders:
    @pytest.fixture
    def sold(self, merchant):
        """Two orders, the first of a store."""
        made = make.sku(merchant, cards=3)
        make.account(merchant)
        uid = a_store(merchant)
        mine = make.order(made, origin=Origin(store=uid))
        return uid, mine.number, make.order(made).number

    def test_of_a_store_are_found_shown_and_exported(self, merchant, owner, sold):
        uid, mine, other = sold
        listed = text(owner.get(f"/console/orders/?store={uid}"))
        assert f"orders/{mine}/" in listed
        assert f"orders/{other}/" not in listed
        assert "南京路店" in listed
        owner.post("/console/orders/columns/", {"columns": ["number", "store"], "density": "cosy"})
        assert re.search(
            r"<td[^>]*><span[^>]*>南京路店</span></td>", text(owner.get("/console/orders/"))
        )
        assert "南京路店" in text(owner.get(f"/console/orders/{mine}/"))

    def test_nothing_is_found_by_a_store_that_is_not_there(self, owner, sold):
        _, mine, _ = sold
        assert f"orders/{mine}/" not in text(owner.get("/console/orders/?store=sto_x"))

    def test_an_order_is_moved_with_its_entries(self, merchant, owner, sold):
        first, mine, _ = sold
        second = a_store(merchant, "b", "二店")

        said = owner.post(f"/console/orders/{mine}/store/", {"store": second}, follow=True)

        assert "二店" in text(said)
        (row,) = queries.audit_page(
            merchant_id=merchant, where=queries.AuditFilter(action="orders.store")
        ).rows
        assert (row.before["store"], row.after["store"]) == ("南京路店", "二店")
        events = order_queries.timeline(merchant_id=merchant, number=mine)
        assert [one.detail["text"] for one in events if one.event.name == "STORE_CHANGED"] == [
            "二店"
        ]
        owner.post(f"/console/orders/{mine}/store/", {"store": ""})
        assert order_queries.order(merchant_id=merchant, number=mine).store is None
        assert first != second

    def test_a_closed_store_takes_no_order_and_keeps_those_it_has(self, merchant, owner, sold):
        uid, mine, other = sold
        merchants.close_store(merchant_id=merchant, uid=uid, actor=SYSTEM, now=utc_now())

        refused = owner.post(f"/console/orders/{other}/store/", {"store": uid})
        kept = owner.post(f"/console/orders/{mine}/store/", {"store": uid}, follow=True)

        assert "no such store" in text(refused)
        assert order_queries.order(merchant_id=merchant, number=other).store is None
        assert "Saved." in text(kept)
        kept_in = order_queries.order(merchant_id=merchant, number=mine).store
        assert kept_in
        assert kept_in.uid == uid

    def test_a_clerk_sees_the_orders_of_their_store_and_no_other(self, merchant, owner, sold):
        uid, mine, other = sold
        a_store(merchant, "b", "二店")
        clerk = work_as(merchant, "clerk")
        assert "You work in no store yet" in text(clerk.get("/console/orders/"))
        assert f"orders/{mine}/" not in text(clerk.get("/console/orders/"))
        (me,) = queries.memberships_of(user_id=int(clerk.session["_auth_user_id"]))
        owner.post(f"{LIST}{uid}/clerks/", {"member": [me.uid]})

        page = text(clerk.get("/console/orders/"))
        assert f"orders/{mine}/" in page
        assert f"orders/{other}/" not in page
        assert "南京路店" in page
        assert "二店" not in page
        assert clerk.get(f"/console/orders/{other}/").status_code == 404
        orders.move_to_store(merchant_id=merchant, number=other, store_uid=uid, actor=SYSTEM)
        assert clerk.get(f"/console/orders/{other}/").status_code == 200
