"""N1: subscription messages of a mini-program: tokens, templates, and readers who agreed."""

from dataclasses import replace
from functools import partial

import pytest
from django.test import override_settings

from kacang.customers import operations as customers
from kacang.customers import queries as customer_list
from kacang.customers.operations import BadCustomer, ContactTaken
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import outside, registry
from kacang.messages.adapters import wechat_miniprogram
from kacang.messages.adapters.wechat_miniprogram import WechatMiniProgram
from kacang.messages.models import Message, MessageState
from kacang.messages.ports import Keys, NotConfigured, NotSent, Template, TextMessage
from kacang.messages.senders import operations as senders
from kacang.messages.senders import queries
from kacang.messages.senders.operations import AccountDraft, BadTemplate, Incomplete
from kacang.messages.sending import send
from kacang.messages.wording import operations as wording
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.customers import linking
from kacang.payments import queries as payments
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.web.mails import links as mail_links
from kacang.web.mails import orders as order_mails
from simulators.wechat_miniprogram import WeChat
from tests import make
from tests.threads import at_once

APPID, SECRET, READER = "wx8888888888888888", "app-s3cr3t", "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
PLACES = {"character_string1", "thing2"}
KEYS = Keys(
    APPID, SECRET, "",
    {"order.delivered": Template("TPL-1", ("character_string1:order", "thing2:title"))},
    "pages/order?number={order}",
)  # fmt: skip
MESSAGE = TextMessage(
    "msg_1", READER, "order.delivered", "zh-Hans", "小鹿数卡", "…",
    {"order": "20261126A", "title": "视频会员年卡"},
)  # fmt: skip


@pytest.fixture
def wechat():
    wechat_miniprogram.forget_tokens()
    with WeChat(APPID, SECRET, {"TPL-1": PLACES}) as server:
        server.agree(READER, "TPL-1")
        with override_settings(WECHAT_ENDPOINT=f"{server.url}/"):
            yield server
    wechat_miniprogram.forget_tokens()
    outside.operators_client.cache_clear()


def refused(keys=KEYS, message=MESSAGE):
    with pytest.raises(NotSent) as found:
        WechatMiniProgram(keys).send(message)
    return found.value.reason.split()[0], found.value.is_final


class TestAdapter:
    def test_a_reader_who_agreed_gets_the_values_in_their_places(self, wechat):
        WechatMiniProgram(KEYS).send(MESSAGE)

        (got,) = wechat.received
        assert (got.reader, got.page) == (READER, "pages/order?number=20261126A")
        assert got.data == {"character_string1": "20261126A", "thing2": "视频会员年卡"}

    def test_who_agreed_once_gets_one(self, wechat):
        WechatMiniProgram(KEYS).send(MESSAGE)

        assert refused() == ("wechat_refused", True)
        assert len(wechat.received) == 1

    def test_a_long_value_is_cut_and_an_empty_one_is_a_dash(self, wechat):
        wechat.agree(READER, "TPL-1")
        WechatMiniProgram(KEYS).send(replace(MESSAGE, values={"order": "A", "title": "卡" * 50}))
        WechatMiniProgram(KEYS).send(replace(MESSAGE, values={"order": "A"}))

        assert [one.data["thing2"] for one in wechat.received] == ["卡" * 20, "-"]

    @pytest.mark.parametrize(
        ("keys", "message", "said"),
        [
            (KEYS, replace(MESSAGE, phone="nobody"), ("wechat_reader", True)),
            (KEYS, replace(MESSAGE, values={"order": "单号", "title": "x"}), ("wechat_data", True)),
            (KEYS, replace(MESSAGE, event="order.shipped"), ("sms_no_template", True)),
            (replace(KEYS, secret="wrong"), MESSAGE, ("sms_key", False)),
            (
                replace(KEYS, templates={"order.delivered": Template("TPL-9", ())}),
                MESSAGE,
                ("wechat_template", True),
            ),
        ],
    )
    def test_what_is_refused_is_said_plainly(self, wechat, keys, message, said):
        assert refused(keys, message) == said
        assert wechat.received == []

    def test_a_limit_is_for_later_and_so_is_a_server_that_is_not_there(self, wechat):
        wechat.is_busy = True
        busy = refused()
        wechat_miniprogram.forget_tokens()
        wechat.mood.is_silent = True

        assert (busy, refused()) == (("sms_later", False), ("not_reached", False))

    def test_cut_off_after_the_token_nobody_knows_and_nobody_asks_again(self, wechat):
        WechatMiniProgram(KEYS)._token(is_new=False)
        wechat.mood.mute = 1

        assert refused() == ("unknown", True)
        assert len(wechat.received) == 1

    def test_many_at_once_ask_for_one_token(self, wechat):
        for _ in range(12):
            wechat.agree(READER, "TPL-1")

        at_once([partial(WechatMiniProgram(KEYS).send, MESSAGE)] * 12)

        assert wechat.tokens_given == 1
        assert len(wechat.received) == 12

    def test_a_token_that_is_none_any_more_is_asked_for_once(self, wechat):
        wechat.agree(READER, "TPL-1")
        WechatMiniProgram(KEYS).send(MESSAGE)
        wechat.expire()
        WechatMiniProgram(KEYS).send(MESSAGE)

        assert wechat.tokens_given == 2
        assert len(wechat.received) == 2

    def test_no_secret_is_shown_and_the_operator_has_no_account(self):
        assert SECRET not in repr(KEYS)
        with pytest.raises(NotConfigured):
            WechatMiniProgram()
        registry.forget_senders()
        assert registry.sms_sender() is None


def draft(**changes):
    given = AccountDraft(APPID, SECRET, "pages/order?number={order}", "", KEYS.templates)
    return replace(given, **changes)


def save(merchant, **changes):
    senders.save_account(
        merchant_id=merchant, company="wechat_miniprogram", draft=draft(**changes), actor=SYSTEM,
        now=utc_now(),
    )  # fmt: skip


def switch(merchant):
    senders.switch_account(
        merchant_id=merchant, company="wechat_miniprogram", on=True, actor=SYSTEM
    )
    wording.switch(
        merchant_id=merchant, event="order.delivered", channel="wechat", on=True, actor=SYSTEM
    )


class TestAccount:
    def test_needs_no_signature_and_carries_no_texts(self, merchant):
        save(merchant)
        switch(merchant)

        assert queries.can_carry(merchant, "wechat")
        assert not queries.can_text(merchant)

    @pytest.mark.parametrize("names", [("order",), ("thing:order",), ("thing1:link",)])
    def test_a_place_without_a_name_of_ours_is_refused(self, merchant, names):
        with pytest.raises(BadTemplate):
            save(merchant, templates={"order.delivered": Template("TPL-1", names)})

        assert queries.accounts(merchant_id=merchant) == []

    def test_without_a_secret_it_is_not_on(self, merchant):
        save(merchant, secret="")

        with pytest.raises(Incomplete):
            switch(merchant)


class TestBuyer:
    @pytest.fixture
    def bought(self, merchant):
        """An order of somebody who is remembered, and the customer's uid."""
        payments.forget_accounts()
        account = make.account(merchant)
        placed = make.order(make.sku(merchant), contact=Contact(email="zhao@example.com"))
        orders.settle_notices(account=account, notices=[make.notice(placed)])
        linking.remember_buyer(
            merchant_id=merchant, number=placed.number, way=customers.ConsentWay.CHECKOUT
        )
        (customer,) = customer_list.customers_page(merchant_id=merchant).rows
        return placed.number, customer.uid

    def told(self, merchant, number):
        order = order_queries.order(merchant_id=merchant, number=number)
        order_mails.tell_delivered(merchant_id=merchant, order_id=order.id)
        with acting_as(merchant):
            return list(Message.objects.filter(merchant_id=merchant, channel="wechat"))

    def test_reads_of_their_order_in_the_mini_program(self, merchant, bought, wechat):
        number, uid = bought
        save(merchant)
        switch(merchant)
        customers.add_openid(merchant_id=merchant, uid=uid, openid=READER, actor=SYSTEM)

        (row,) = self.told(merchant, number)
        mail_links.send(merchant_id=merchant, uid=row.uid)

        (got,) = wechat.received
        assert got.data["character_string1"] == number
        with acting_as(merchant):
            assert Message.objects.get(pk=row.pk).state == MessageState.SENT

    def test_is_not_told_without_an_openid_an_account_or_the_switch(self, merchant, bought):
        number, uid = bought
        nobody = self.told(merchant, number)
        customers.add_openid(merchant_id=merchant, uid=uid, openid=READER, actor=SYSTEM)
        save(merchant)
        senders.switch_account(
            merchant_id=merchant, company="wechat_miniprogram", on=True, actor=SYSTEM
        )

        assert (nobody, self.told(merchant, number)) == ([], [])

    def test_an_openid_is_one_customers_and_forgotten_with_them(self, merchant, bought):
        _number, uid = bought
        customers.add_openid(merchant_id=merchant, uid=uid, openid=READER, actor=SYSTEM)
        other = self.another(merchant)

        with pytest.raises(ContactTaken):
            customers.add_openid(merchant_id=merchant, uid=other, openid=READER, actor=SYSTEM)
        with pytest.raises(BadCustomer):
            customers.add_openid(merchant_id=merchant, uid=other, openid="o x", actor=SYSTEM)
        contact = Contact(email="zhao@example.com")
        before = customer_list.openid_of(merchant_id=merchant, contact=contact)
        customers.empty(merchant_id=merchant, uid=uid, way=customers.ConsentWay.STAFF, actor=SYSTEM)

        assert before == READER
        assert customer_list.openid_of(merchant_id=merchant, contact=contact) == ""

    def another(self, merchant):
        placed = make.order(make.sku(merchant), contact=Contact(email="qian@example.com"))
        linking.remember_buyer(
            merchant_id=merchant, number=placed.number, way=customers.ConsentWay.CHECKOUT
        )
        return customer_list.customers_page(merchant_id=merchant).rows[0].uid

    def test_I2_an_openid_is_of_one_shop(self, merchant, other_merchant, bought):
        _number, uid = bought
        customers.add_openid(merchant_id=merchant, uid=uid, openid=READER, actor=SYSTEM)

        contact = Contact(email="zhao@example.com")
        assert customer_list.openid_of(merchant_id=other_merchant, contact=contact) == ""


def test_a_message_that_may_have_come_is_not_sent_again(merchant, wechat):
    save(merchant)
    with acting_as(merchant):
        row = Message.objects.create(
            merchant_id=merchant, uid="msg_w", channel="wechat", event="order.delivered",
            language="zh-Hans", recipient=READER, once="x", tries=1,
        )  # fmt: skip

    state = send(merchant_id=merchant, uid=row.uid, now=utc_now())

    assert state == MessageState.FAILED
    assert wechat.received == []
