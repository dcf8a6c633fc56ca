"""An export is started once, however often its form is sent (F1–F3, I3, O10)."""

from functools import partial

import pytest
from django.test import Client

from kacang.merchants import queries as merchants
from kacang.merchants.queries import AuditFilter
from kacang.outbox import queries as works
from kacang.outbox import work
from kacang.web.console.work import KINDS
from tests import make
from tests.orders.looking import settle
from tests.threads import at_once
from tests.web.console.conftest import work_as
from tests.web.console.exporting import AUDIT, CUSTOMERS, EXPORTS, RUN, SECRET, form_of, send


@pytest.fixture
def names(merchant) -> dict[str, str]:
    """A shop with something in each list; of what the pages are."""
    made = make.sku(merchant)
    settle(make.account(merchant), make.notice(make.order(made)))
    return {"wallet": make.wallet(merchant, 5_000)}


def same_browser(client: Client) -> Client:
    other = Client()
    other.cookies = client.cookies
    return other


def started(merchant, job):
    return [one.uid for one in works.works(merchant_id=merchant, kinds=(job,))]


def noted(merchant, uid):
    log = merchants.audit_page(merchant_id=merchant, where=AuditFilter(object_uid=uid)).rows
    return len(log)


def test_every_kind_of_export_is_in_the_table():
    assert {kind for kind in KINDS if kind.endswith("export")} == {*RUN, SECRET, CUSTOMERS}
    assert {one.job for one in EXPORTS.values()} == set(RUN)


@pytest.mark.parametrize("name", EXPORTS)
def test_O10_a_form_sent_at_once_and_again_is_one_export(owner, merchant, names, name):
    one = EXPORTS[name]
    form = form_of(owner, one, names)
    browsers = [same_browser(owner) for _ in range(2)]

    uids = at_once([partial(send, browser, one, form) for browser in browsers], threads=2)
    uids.append(send(owner, one, form))

    (uid,) = set(uids)
    assert started(merchant, one.job) == [uid]
    assert noted(merchant, uid) == 1
    # The page opened anew asks for another one.
    assert send(owner, one, form_of(owner, one, names)) != uid


@pytest.mark.parametrize(("name", "change"), [
    ("payments:csv", {"kind": "xlsx"}),
    ("payments:csv", {"list": "refunds"}),
    ("payments:csv", {"query": "state=paid"}),
    ("transfers:csv", {"what": "books:beancount"}),
    ("audit:csv", {"as": "xlsx"}),
    ("orders:csv", {"columns": ["number"]}),
])  # fmt: skip
def test_O10_another_wish_is_another_export(owner, names, name, change):
    one = EXPORTS[name]
    form = form_of(owner, one, names)

    assert send(owner, one, form) != send(owner, one, {**form, **change})


def test_I2_a_token_of_somebody_else_starts_an_export_of_ones_own(owner, merchant, names):
    one = EXPORTS["payments:csv"]
    form = form_of(owner, one, names)

    assert send(owner, one, form) != send(work_as(merchant, "finance"), one, form)


def test_I3_the_logs_are_compared_once_and_a_failed_one_is_started_again_once(owner, merchant):
    page = owner.get("/console/audit/").content.decode()
    assert page.count('name="token"') == 2
    first, second = (
        owner.post("/console/audit/verify/", {"token": "t-1"})["Location"] for _ in range(2)
    )
    assert first == second

    uid = send(owner, EXPORTS["audit:csv"], {"as": "csv", "token": "t-2"})
    work.begin(merchant_id=merchant, uid=uid)
    work.fail(merchant_id=merchant, uid=uid, error="jobs.failed", result={})
    again = [owner.post(f"/console/works/{uid}/retry/")["Location"] for _ in range(2)]

    assert again[0] == again[1]
    assert len(started(merchant, AUDIT)) == 2
