"""N1: what became of text messages: told by the company or asked of it, each believed once."""

import json
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.test import Client

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import costs, operations, outside
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageState
from kacang.messages.operations import Tell
from kacang.messages.senders import operations as senders
from kacang.messages.senders import reports
from kacang.messages.sending import send
from kacang.shared.clock import utc_now
from simulators.sms_companies import Aliyun, Tencent
from tests.messages.texting import (
    KEY,
    NUMBERED,
    PHONE,
    SECRET,
    TEMPLATES,
    listening,
    save,
    the_account,
)
from tests.threads import at_once
from tests.web.conftest import _plain_static_files  # noqa: F401 - a fixture

UNREACHED, MUTE = "+8613826040003", "+8613826040002"
COMPANIES = {
    "aliyun": (Aliyun, TEMPLATES, "SMS_ALIYUN"),
    "tencent": (Tencent, NUMBERED, "SMS_TENCENT"),
}


class Shop:
    """A merchant with an account of its own that is on, and the company."""

    def __init__(self, merchant, company, server):
        self.merchant, self.company, self.server = merchant, company, server
        save(merchant, company=company, app="1400006666")
        senders.switch_account(merchant_id=merchant, company=company, on=True, actor=SYSTEM)
        self.account = the_account(merchant, company).uid

    def text(self, phone=PHONE, once="1"):
        message = Tell(
            Event.STAFF_ORDER_WAITING, once, {"order": "20261126A", "reason": "x"},
            phones=[phone], is_asked_for=True,
        )  # fmt: skip
        operations.tell(merchant_id=self.merchant, message=message)
        uid = self.rows()[-1].uid
        send(merchant_id=self.merchant, uid=uid, now=utc_now())
        return uid

    def rows(self):
        with acting_as(self.merchant):
            return list(Message.objects.filter(merchant_id=self.merchant).order_by("id"))

    def row(self):
        (row,) = self.rows()
        return row

    def told(self, *sms, **changes):
        """The company's report of these messages, arriving at our address."""
        rows = [self.server.row(one) | changes for one in sms]
        return self.post(json.dumps(rows).encode())

    def post(self, body, path=""):
        path = path or urlsplit(reports.address_of(self.company, self.account)).path
        return Client().post(path, body, content_type="application/json")

    def ask(self, after=timedelta(minutes=11)):
        return reports.ask_for_reports(merchant_id=self.merchant, now=utc_now() + after)


@pytest.fixture(params=COMPANIES)
def shop(request, merchant):
    kind, templates, setting = COMPANIES[request.param]
    with ExitStack() as stack:
        server = stack.enter_context(kind(KEY, SECRET, templates))
        stack.enter_context(listening(**{setting: server.url}))
        yield Shop(merchant, request.param, server)
    outside.operators_client.cache_clear()


def ended(server, state="arrived"):
    for one in server.sent:
        one.state = state
    return server.sent


class TestTold:
    def test_what_arrived_is_delivered_and_the_company_is_thanked(self, shop):
        shop.text()

        answer = shop.told(*ended(shop.server))

        row = shop.row()
        assert answer.status_code == 200
        assert {"code": 0, "result": 0}.items() & answer.json().items()
        assert (row.state, row.error, row.report_at) == (MessageState.DELIVERED, "", None)
        assert row.delivered_at is not None

    def test_what_did_not_arrive_has_failed_and_still_costs(self, shop):
        shop.text(UNREACHED)

        shop.told(*ended(shop.server, "failed"))

        row = shop.row()
        assert row.state == MessageState.FAILED
        assert row.error.startswith("undelivered ")
        (cost,) = month(shop.merchant).rows
        assert (cost.messages, cost.failed, cost.parts, cost.milli) == (1, 1, 1, 45)

    def test_L2_told_eight_times_at_once_it_changes_once(self, shop):
        uid = shop.text()
        (sms,) = ended(shop.server)
        body = json.dumps([shop.server.row(sms)]).encode()
        take = partial(
            reports.take_reports, company=shop.company, account=shop.account, body=body,
            now=utc_now(),
        )  # fmt: skip

        changed = [result[0] for result in at_once([take] * 8)]  # type: ignore[index]

        assert Counter(changed) == {0: 7, 1: 1}
        assert shop.row().uid == uid

    def test_a_later_word_does_not_unmake_what_arrived(self, shop):
        shop.text()
        shop.told(*ended(shop.server))

        shop.told(*ended(shop.server, "failed"))

        assert shop.row().state == MessageState.DELIVERED

    def test_a_report_of_an_earlier_try_says_nothing_of_this_one(self, shop):
        uid = shop.text(UNREACHED)
        shop.told(*ended(shop.server, "failed"))
        operations.send_again(merchant_id=shop.merchant, uid=uid)
        send(merchant_id=shop.merchant, uid=uid, now=utc_now())
        first, second = shop.server.sent

        shop.told(first)
        assert shop.row().state == MessageState.SENT
        shop.told(second)
        assert shop.row().state == MessageState.FAILED

    def test_another_phone_is_not_it(self, shop):
        shop.text()
        (sms,) = ended(shop.server)

        shop.told(sms, phone_number="13800000000", mobile="13800000000")

        assert shop.row().state == MessageState.SENT

    def test_I2_one_merchants_address_says_nothing_of_anothers_messages(self, shop, other_merchant):
        uid = shop.text()
        save(other_merchant, company=shop.company, app="1400006666")
        theirs = the_account(other_merchant, shop.company).uid
        (sms,) = ended(shop.server)
        body = json.dumps([shop.server.row(sms)]).encode()
        path = urlsplit(reports.address_of(shop.company, theirs)).path

        answers = [shop.post(body, path).status_code]
        operators = urlsplit(reports.address_of(shop.company)).path
        answers.append(shop.post(body, operators).status_code)

        assert answers == [200, 200]
        assert (shop.row().uid, shop.row().state) == (uid, MessageState.SENT)

    def test_L9_without_the_token_there_is_no_such_address(self, shop):
        shop.text()
        (sms,) = ended(shop.server)
        body = json.dumps([shop.server.row(sms)]).encode()
        path = urlsplit(reports.address_of(shop.company, shop.account)).path

        forged = [path[:-4] + "AAAA", path.replace(shop.account, "operator"), path[:-20]]
        answers = [shop.post(body, one).status_code for one in forged]

        assert answers == [404] * 3
        assert shop.row().state == MessageState.SENT

    @pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"{}"])
    def test_what_cannot_be_read_is_said_and_changes_nothing(self, shop, body):
        shop.text()

        assert shop.post(body).status_code == 400
        assert shop.row().state == MessageState.SENT

    def test_only_a_post_is_taken_and_no_more_than_a_report(self, shop):
        path = urlsplit(reports.address_of(shop.company, shop.account)).path

        assert Client().get(path).status_code == 405
        assert shop.post(b"[" + b" " * 70_000 + b"]").status_code == 413


class TestAsked:
    def test_what_was_not_told_is_asked_after_ten_minutes(self, shop):
        shop.text()
        shop.server.deliver()

        early, late = shop.ask(timedelta(minutes=9)), shop.ask()

        assert (early, late) == (0, 1)
        assert shop.row().state == MessageState.DELIVERED

    def test_while_nothing_is_known_it_is_asked_less_and_less_and_then_no_more(self, shop):
        shop.text()

        asked = []
        for days in range(8):
            before = len(shop.server.calls)
            shop.ask(timedelta(days=days, minutes=11))
            asked.append(len(shop.server.calls) - before)

        assert asked == [1, 1, 1, 1, 1, 1, 0, 0]
        assert (shop.row().state, shop.row().report_at) == (MessageState.SENT, None)

    def test_two_workers_ask_once(self, shop):
        shop.text()
        shop.server.deliver()
        before = len(shop.server.calls)

        changed = at_once([shop.ask] * 4)

        assert Counter(changed) == {0: 3, 1: 1}
        assert len(shop.server.calls) == before + 1

    def test_L16_what_nobody_knew_is_asked_and_never_sent_twice(self, shop):
        shop.text(MUTE)
        unknown = shop.row()
        shop.server.deliver()

        shop.ask()

        row = shop.row()
        assert (unknown.state, unknown.error, unknown.sent_at) == (
            MessageState.FAILED, "unknown", None,
        )  # fmt: skip
        assert (row.state, row.error) == (MessageState.DELIVERED, "")
        assert len(shop.server.sent) == 1
        assert month(shop.merchant).total.milli == 45

    def test_a_company_that_does_not_answer_is_asked_again_later(self, shop):
        shop.text()
        shop.server.deliver()
        shop.server.mood.is_silent = True
        silent = shop.ask()
        shop.server.mood.is_silent = False

        again = shop.ask(timedelta(hours=2))

        assert (silent, again) == (0, 1)


def month(merchant):
    now = utc_now().astimezone(UTC) + timedelta(hours=8)
    return costs.month_of(merchant_id=merchant, year=now.year, month=now.month)
