"""What a view asks for besides what its address demands, which the table does not see (I1)."""

import pytest

from kacang.aftersales import queries as cases
from kacang.customers import queries as customer_list
from kacang.customers.operations import ConsentWay
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import RoleDraft
from kacang.orders.customers import linking
from kacang.shared.contacts import Contact
from tests.aftersales.cases import Sold
from tests.web.console.conftest import work_as

PHONE = "+8613877665544"


def having(merchant, *permissions, **more):
    """Somebody who may do just this."""
    draft = RoleDraft(name="-".join(permissions)[:40], permissions=frozenset(permissions), **more)
    return work_as(merchant, merchants.create_role(merchant_id=merchant, draft=draft, actor=SYSTEM))


@pytest.fixture
def sold(merchant):
    sold = Sold(merchant, 1, contact=Contact("lin@example.com", PHONE))
    linking.remember_buyer(merchant_id=merchant, number=sold.number, way=ConsentWay.CHECKOUT)
    return sold


class TestSearch:
    """The palette opens for everybody; what it finds goes by what they may see."""

    @pytest.mark.parametrize(
        ("permission", "finds"),
        [
            ("orders.view", {"order"}),
            ("customers.view", {"customer"}),
            ("stock.view", {"card"}),
            ("cases.view", set()),
        ],
    )
    def test_finds_what_may_be_seen_and_nothing_else(self, merchant, sold, permission, finds):
        uid = customer_list.customers_page(merchant_id=merchant).rows[0].uid
        places = {
            "order": f"/console/orders/{sold.number}/",
            "customer": f"/console/customers/{uid}/",
            "card": "/console/stock/cards/",
        }
        client = having(merchant, permission)

        pages = ""
        for words in (sold.number, PHONE, sold.made.codes[0]):
            pages += client.get("/console/search/", {"q": words}).content.decode()

        assert {name for name, place in places.items() if f'href="{place}' in pages} == finds


class TestDeciding:
    @pytest.mark.parametrize(
        ("decision", "missing"),
        [
            ("refund", "refunds.request"),
            ("replace", "orders.replace"),
            ("repair", "orders.replace"),
        ],
    )
    def test_a_decision_wants_what_it_does(self, merchant, sold, decision, missing):
        uid = sold.open()
        held = {"cases.view", "cases.decide", "refunds.request", "orders.replace"} - {missing}
        client = having(merchant, *sorted(held))
        address = f"/console/aftersales/{uid}/decide/{decision}/"
        values = {"reason": "x", "step": "do", "amount": "1", "way": "by_hand", "secret_0": "R-1"}

        assert (
            f"decide/{decision}/" not in client.get(f"/console/aftersales/{uid}/").content.decode()
        )
        assert client.get(address).status_code == 403
        assert client.post(address, values).status_code == 403

        assert cases.case(merchant_id=merchant, uid=uid).row.decision is None


class TestBatches:
    @pytest.mark.parametrize("act", ["note", "tag", "resend", "hand_over"])
    def test_an_act_on_many_wants_what_it_wants_of_one(self, merchant, sold, act):
        client = having(merchant, "orders.view")

        answer = client.post(
            "/console/batches/", {"act": act, "pick": [sold.number], "go": "1", "text": "x"}
        )

        assert answer.status_code == 403
