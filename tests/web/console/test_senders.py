"""N1 at the desk: accounts for text messages, what they cost, and every channel of every event."""

import html
import re

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.messages import outside
from kacang.messages.events import Event
from kacang.messages.restraint import rules
from kacang.messages.senders import queries
from kacang.messages.webhooks import operations as webhooks
from kacang.messages.webhooks.operations import EndpointDraft
from kacang.shared.clock import utc_now
from simulators.sms_companies import Aliyun
from tests.messages.test_costs import a_text
from tests.messages.texting import KEY, PHONE, SECRET, TEMPLATES, listening, save, the_account
from tests.web.console.conftest import work_as

PAGE = "/console/messages/senders/aliyun/"
MATRIX = "/console/messages/templates/"
GIVEN = {
    "key_id": KEY,
    "secret": SECRET,
    "sign_name": "小鹿数卡",
    "code:staff.order_waiting": "T-1",
    "names:staff.order_waiting": "order，amount",
}


@pytest.fixture
def aliyun():
    with Aliyun(KEY, SECRET, TEMPLATES) as company, listening(SMS_ALIYUN=company.url):
        yield company
    outside.operators_client.cache_clear()


def shown(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return html.unescape(re.sub(r"\s+", " ", answer.content.decode()))


class TestAccount:
    def test_is_filled_in_tried_out_and_switched_on(self, merchant, owner, aliyun):
        assert owner.post(PAGE, GIVEN).status_code == 302
        assert SECRET not in shown(owner, PAGE)
        tried = owner.post(
            f"{PAGE}try/", {"phone": "13826042716", "event": "staff.order_waiting"}, follow=True
        )
        owner.post(f"{PAGE}switch/", {"on": "1"})

        found = the_account(merchant)
        assert found.is_on
        assert found.templates["staff.order_waiting"].names == ("order", "amount")
        assert "The company has taken it" in tried.content.decode()
        assert [one.phone for one in aliyun.sent] == [PHONE]

    def test_says_what_the_company_says(self, merchant, owner, aliyun):
        owner.post(PAGE, GIVEN | {"secret": "another"})

        tried = owner.post(
            f"{PAGE}try/", {"phone": PHONE, "event": "staff.order_waiting"}, follow=True
        )

        assert "does not know the key" in tried.content.decode()
        assert aliyun.sent == []

    def test_is_not_switched_on_without_a_secret(self, merchant, owner):
        owner.post(PAGE, GIVEN | {"secret": ""})

        said = owner.post(f"{PAGE}switch/", {"on": "1"}, follow=True).content.decode()

        assert "are needed first" in said
        assert not the_account(merchant).is_on

    def test_a_wrong_name_is_said_and_nothing_is_kept(self, merchant, owner):
        answer = owner.post(PAGE, GIVEN | {"names:staff.order_waiting": "card"})

        assert answer.status_code == 422
        assert "staff.order_waiting" in answer.content.decode()
        assert queries.accounts(merchant_id=merchant) == []

    def test_who_may_only_look_changes_nothing(self, merchant):
        save(merchant)
        service = work_as(merchant, "customer_service")

        answers = [
            service.post(f"{PAGE}{act}/", {"on": "1", "phone": PHONE}).status_code
            for act in ("switch", "try", "remove")
        ]
        service.post(PAGE, GIVEN | {"sign_name": "x"})

        assert answers == [403] * 3
        found = the_account(merchant)
        assert (found.sign_name, found.is_on) == ("小鹿数卡", False)

    def test_another_company_is_not_found(self, owner):
        assert owner.get("/console/messages/senders/nobody/").status_code == 404


class TestMatrix:
    def test_a_text_that_is_on_and_cannot_be_sent_says_why(self, merchant, owner):
        owner.post(f"{MATRIX}switch/", {"event": "order.shipped", "channel": "sms", "on": "1"})
        without = shown(owner, MATRIX)
        save(merchant)
        owner.post(f"{PAGE}switch/", {"on": "1"})

        assert "No company is set up." in without
        assert "The company has no template for it." in shown(owner, MATRIX)

    def test_webhooks_are_a_column_and_can_be_switched_for_all_addresses(self, merchant, owner):
        draft = EndpointDraft("https://erp.example.com/a", ("order.delivered",))
        webhooks.add_endpoint(merchant_id=merchant, draft=draft, actor=SYSTEM)
        before = shown(owner, MATRIX)
        switch = {"event": "order.delivered", "channel": "webhook"}

        owner.post(f"{MATRIX}switch/", switch | {"on": "0"})
        told = [told_of(merchant, "1")]
        owner.post(f"{MATRIX}switch/", switch | {"on": "1"})
        told.append(told_of(merchant, "2"))

        assert "1 address" in before
        assert "Nobody listens" in before
        assert "Stock came in" in before
        assert told == [0, 1]

    def test_an_event_that_other_systems_do_not_know_is_refused(self, owner):
        said = owner.post(
            f"{MATRIX}switch/", {"event": "order.code", "channel": "webhook", "on": "0"},
            follow=True,
        )  # fmt: skip

        assert "There is no event" in said.content.decode()


class TestRules:
    def test_what_passes_and_how_many_are_kept_together(self, merchant, owner):
        page = "/console/messages/rules/"
        before = shown(owner, page)

        owner.post(page, {"urgent": ["staff.suspense"], "most:order.shipped": "3"})
        found = rules.rules(merchant_id=merchant)
        wrong = owner.post(page, {"most:order.shipped": "many"}, follow=True).content.decode()

        assert "There are no quiet hours now" in before
        assert (found[Event.STAFF_SUSPENSE].is_urgent, found[Event.ORDER_DELIVERED].is_urgent) == (
            True, False,
        )  # fmt: skip
        # A code never waits, whatever is sent.
        assert found[Event.ORDER_CODE].is_urgent
        assert found[Event.ORDER_SHIPPED].daily_max == 3
        assert "whole number" in wrong
        assert rules.rules(merchant_id=merchant) == found

    def test_who_may_only_look_changes_nothing(self, merchant):
        before = rules.rules(merchant_id=merchant)

        answer = work_as(merchant, "customer_service").post("/console/messages/rules/", {})

        assert answer.status_code == 403
        assert rules.rules(merchant_id=merchant) == before


class TestCosts:
    def test_lead_to_the_messages_behind_them(self, merchant, owner):
        now = utc_now()
        a_text(merchant, "order.shipped", now, parts=2, milli=45)
        a_text(merchant, "order.delivered", now, parts=1, milli=45)

        page = shown(owner, "/console/messages/costs/")
        (link,) = re.findall(r'href="(/console/messages/\?[^"]*event=order.shipped)"', page)

        assert "¥0.090" in page
        assert "¥0.135" in page
        log = shown(owner, link)
        assert "2 parts, ¥0.090" in log
        assert "1 part, ¥0.045" not in log

    def test_an_empty_month_says_so(self, owner):
        assert "No text messages in this month" in shown(
            owner, "/console/messages/costs/?month=2025-01"
        )


def told_of(merchant, once):
    return webhooks.tell(
        merchant_id=merchant, event="order.delivered", once=once, data={"number": "A"}
    )


class TestMiniProgram:
    PAGE = "/console/messages/senders/wechat_miniprogram/"

    def test_is_set_up_like_the_others_and_shown_in_its_column(self, merchant, owner):
        given = {
            "key_id": "wx8888888888888888",
            "secret": "app-s3cr3t",
            "app": "pages/order?number={order}",
            "code:order.delivered": "TPL-1",
            "names:order.delivered": "character_string1:order, thing2:title",
        }
        assert owner.post(self.PAGE, given).status_code == 302
        owner.post(f"{self.PAGE}switch/", {"on": "1"})
        for event in ("order.delivered", "order.shipped"):
            switch = {"event": event, "channel": "wechat", "on": "1"}
            owner.post(f"{MATRIX}switch/", switch)

        found = queries.account(merchant_id=merchant, company="wechat_miniprogram")
        assert found is not None
        assert found.is_on
        assert found.templates["order.delivered"].names == (
            "character_string1:order",
            "thing2:title",
        )
        assert shown(owner, MATRIX).count("It has no template for it.") == 1
        assert "app-s3cr3t" not in shown(owner, self.PAGE)

    def test_a_code_is_never_told_that_way(self, owner):
        said = owner.post(
            f"{MATRIX}switch/", {"event": "order.code", "channel": "wechat", "on": "1"}
        )

        assert said.status_code == 404

    def test_what_is_no_openid_gets_no_test(self, merchant, owner):
        owner.post(self.PAGE, {"key_id": "wx8", "secret": "s", "app": "p"})

        said = owner.post(
            f"{self.PAGE}try/", {"phone": PHONE, "event": "order.delivered"}, follow=True
        )

        assert "no openid" in said.content.decode()
