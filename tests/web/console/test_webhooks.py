"""Webhooks at the desk (J2): added, looked at, tested, sent again, removed."""

import re

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.messages.webhooks import operations, queries
from kacang.messages.webhooks.operations import EndpointDraft
from kacang.messages.webhooks.queries import EndpointState, HookState
from tests.web.console.conftest import work_as

URL = "https://erp.example.com/in"


@pytest.fixture
def uid(merchant) -> str:
    draft = EndpointDraft(URL, ("order.paid",), "ERP 对接")
    return operations.add_endpoint(merchant_id=merchant, draft=draft, actor=SYSTEM).uid


def test_one_is_added_and_its_secret_shown_once(merchant, owner):
    answer = owner.post("/console/webhooks/new/", {"url": URL, "note": "ERP", "events": []})

    (secret, *_rest) = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode())
    assert answer.status_code == 200
    (found,) = queries.endpoints(merchant_id=merchant)
    assert (found.url, found.note, found.events) == (URL, "ERP", ())
    for page in ("", f"{found.uid}/", f"{found.uid}/edit/"):
        assert secret not in owner.get(f"/console/webhooks/{page}").content.decode()


def test_what_is_no_address_is_said_at_the_field(merchant, owner):
    answer = owner.post("/console/webhooks/new/", {"url": "http://10.0.0.1/"})

    assert answer.status_code == 422
    assert "begins with https" in answer.content.decode()
    assert queries.endpoints(merchant_id=merchant) == []


def test_what_was_told_is_listed_with_every_try_and_sent_again(merchant, owner, uid):
    operations.tell(merchant_id=merchant, event="order.paid", once="A", data={"number": "N-1"})
    (hook,) = queries.hooks(merchant_id=merchant, endpoint_uid=uid).rows

    page = owner.get(f"/console/webhooks/{uid}/?message={hook.uid}").content.decode()

    assert hook.uid in page
    assert "N-1" in page
    assert "Not tried yet" in page
    answer = owner.post(f"/console/webhooks/{uid}/replay/", {"message": hook.uid})
    assert answer.status_code == 302
    # It waits already: nothing is queued twice.
    assert queries.hooks(merchant_id=merchant, endpoint_uid=uid).rows[0].state is HookState.WAITING


def test_it_is_switched_off_on_changed_and_removed(merchant, owner, uid):
    owner.post(f"/console/webhooks/{uid}/switch/", {"on": "0"})
    assert queries.endpoint(merchant_id=merchant, uid=uid).state is EndpointState.OFF
    refused = owner.post(f"/console/webhooks/{uid}/test/", follow=True).content.decode()
    assert "Switch it on first" in refused
    owner.post(f"/console/webhooks/{uid}/switch/", {"on": "1"})
    owner.post(f"/console/webhooks/{uid}/edit/", {"url": URL + "2", "events": ["stock.low"]})
    found = queries.endpoint(merchant_id=merchant, uid=uid)
    assert (found.url, found.events) == (URL + "2", ("stock.low",))
    assert "whsec_" in owner.post(f"/console/webhooks/{uid}/secret/").content.decode()

    owner.post(f"/console/webhooks/{uid}/remove/")

    assert queries.endpoints(merchant_id=merchant) == []
    assert owner.get(f"/console/webhooks/{uid}/").status_code == 404


def test_I1_only_the_owner_sees_and_changes_them(merchant, uid):
    operator = work_as(merchant, "order_operator")

    assert operator.get("/console/webhooks/").status_code == 403
    assert operator.post(f"/console/webhooks/{uid}/remove/").status_code == 403
    assert len(queries.endpoints(merchant_id=merchant)) == 1
