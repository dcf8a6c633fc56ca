"""N1: a merchant's own account for text messages: sealed, complete or off, one on at a time."""

from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import outside
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageState, SenderAccount
from kacang.messages.operations import Tell, send, tell, try_text
from kacang.messages.ports import Template
from kacang.messages.registry import UnknownCompany
from kacang.messages.senders import operations, queries
from kacang.messages.senders.operations import (
    BadAccount,
    BadTemplate,
    Incomplete,
)
from kacang.messages.wording.operations import Place
from kacang.shared.clock import utc_now
from simulators.sms_companies import Aliyun
from tests.messages.texting import (
    KEY,
    PHONE,
    SECRET,
    TEMPLATES,
    draft,
    listening,
    save,
    the_account,
)
from tests.threads import at_once

WAITING = Tell(
    Event.STAFF_ORDER_WAITING, "1", {"order": "20261126A", "reason": "x"}, phones=[PHONE]
)


@pytest.fixture
def aliyun():
    with Aliyun(KEY, SECRET, TEMPLATES) as company, listening(SMS_ALIYUN=company.url):
        yield company
    outside.operators_client.cache_clear()


def switch(merchant: int, company: str = "aliyun", *, on: bool = True) -> None:
    operations.switch_account(merchant_id=merchant, company=company, on=on, actor=SYSTEM)


class TestKeeping:
    def test_the_secret_lies_sealed_and_is_never_told_again(self, merchant):
        save(merchant)

        found = the_account(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select secret from sender_account where merchant_id = %s::bigint", [merchant]
            )
            (kept,) = cursor.fetchone()
            cursor.execute(
                "select after::text || coalesce(before::text, '') from audit_entry"
                " where merchant_id = %s::bigint and action = 'senders.save'", [merchant]
            )  # fmt: skip
            (logged,) = cursor.fetchone()
        assert SECRET.encode() not in bytes(kept)
        assert SECRET not in repr(found) + logged
        assert found.has_secret

    def test_an_empty_secret_stays_as_it_is(self, merchant, aliyun):
        save(merchant)
        save(merchant, secret="", sign_name="新签名")
        switch(merchant)

        tell_waiting(merchant)
        send(merchant_id=merchant, uid=the_row(merchant).uid, now=utc_now())

        # The company checks the signature that was made with it.
        assert [one.sign_name for one in aliyun.sent] == ["新签名"]

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"key_id": ""}, BadAccount),
            ({"key_id": "a b"}, BadAccount),
            ({"secret": "x" * 401}, BadAccount),
            ({"sign_name": "签" * 41}, BadAccount),
            ({"templates": {"no.event": Template("T-1", ())}}, BadTemplate),
            ({"templates": {"order.code": Template("T-1", ())}}, BadTemplate),
            ({"templates": {"order.delivered": Template("T-1", ("link",))}}, BadTemplate),
            ({"templates": {"order.delivered": Template("", ())}}, BadTemplate),
            ({"templates": {"order.delivered/fr": Template("T", ())}}, BadTemplate),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_is_kept(self, merchant, changes, error):
        with pytest.raises(error):
            operations.save_account(
                merchant_id=merchant, company="aliyun", draft=replace(draft(), **changes),
                actor=SYSTEM, now=utc_now(),
            )  # fmt: skip

        assert queries.accounts(merchant_id=merchant) == []

    def test_there_is_no_account_at_a_company_that_is_none(self, merchant):
        with pytest.raises(UnknownCompany):
            save(merchant, company="nobody")


class TestSwitching:
    @pytest.mark.parametrize(
        "changes", [{"secret": ""}, {"sign_name": ""}, {"templates": {}}], ids=str
    )
    def test_L9_without_what_it_needs_it_cannot_be_switched_on(self, merchant, changes):
        save(merchant, **changes)

        with pytest.raises(Incomplete):
            switch(merchant)

        assert queries.carrier(merchant_id=merchant, channel="sms") is None

    def test_L9_the_table_refuses_it_too(self, merchant):
        save(merchant, secret="")

        with pytest.raises(IntegrityError, match="sender_account_complete"), acting_as(merchant):
            SenderAccount.objects.filter(merchant_id=merchant).update(is_on=True)

    def test_what_loses_its_templates_is_off(self, merchant):
        save(merchant)
        switch(merchant)
        save(merchant, templates={})

        assert not the_account(merchant).is_on

    def test_of_two_switched_on_at_once_one_is_on(self, merchant):
        save(merchant)
        save(merchant, company="tencent", app="1400006666")

        at_once([partial(switch, merchant, name) for name in ("aliyun", "tencent") * 4])

        on = [row.company for row in queries.accounts(merchant_id=merchant) if row.is_on]
        assert len(on) == 1


class TestSending:
    def test_goes_by_the_merchants_own_account_under_its_signature(self, merchant, aliyun):
        save(merchant)
        switch(merchant)
        tell_waiting(merchant)
        row = the_row(merchant)

        state = send(merchant_id=merchant, uid=row.uid, now=utc_now())

        (sms,) = aliyun.sent
        row = the_row(merchant)
        assert state == MessageState.SENT
        assert (sms.phone, sms.sign_name, sms.reference) == (PHONE, "小鹿数卡", row.uid)
        assert (row.company, row.company_number, row.parts) == ("aliyun", sms.number, 1)
        assert row.account == the_account(merchant).uid

    def test_I2_is_nobody_elses(self, merchant, other_merchant, aliyun):
        save(merchant)
        switch(merchant)
        uid = the_account(merchant).uid

        assert queries.accounts(merchant_id=other_merchant) == []
        assert queries.carrier(merchant_id=other_merchant, channel="sms") is None
        assert queries.carrier_of(merchant_id=other_merchant, uid=uid) is None
        assert not queries.can_text(other_merchant)
        with pytest.raises(queries.UnknownAccount):
            switch(other_merchant, on=False)
        assert the_account(merchant).is_on

    def test_a_try_is_a_real_message_and_works_before_it_is_on(self, merchant, aliyun):
        save(merchant)

        done = try_out(merchant)

        (sms,) = aliyun.sent
        assert done == (True, "")
        assert sms.phone == PHONE
        assert the_row(merchant).state == MessageState.SENT

    def test_a_try_with_a_wrong_secret_says_so(self, merchant, aliyun):
        save(merchant, secret="wrong")

        taken, error = try_out(merchant)

        assert not taken
        assert error.startswith("sms_key")
        assert aliyun.sent == []

    def test_forgotten_it_is_gone_with_its_secret(self, merchant, aliyun):
        save(merchant)
        switch(merchant)

        operations.remove_account(merchant_id=merchant, company="aliyun", actor=SYSTEM)

        assert queries.accounts(merchant_id=merchant) == []
        assert queries.carrier(merchant_id=merchant, channel="sms") is None


def tell_waiting(merchant: int) -> None:
    from_here = replace(WAITING, is_asked_for=True)
    assert tell(merchant_id=merchant, message=from_here) == 1


def the_row(merchant: int) -> Message:
    with acting_as(merchant):
        return Message.objects.get(merchant_id=merchant, channel="sms")


def try_out(merchant: int) -> tuple[bool, str]:
    return try_text(
        merchant_id=merchant,
        place=Place("staff.order_waiting", "sms", "zh-Hans"),
        phone=PHONE,
        account=the_account(merchant).uid,
        now=utc_now(),
    )
