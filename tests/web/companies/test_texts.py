"""N1: companies for text messages and the shop over HTTP alone: taken, told of, read by people."""

import time
from contextlib import ExitStack

import httpx
import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages import outside
from kacang.messages.models import Message, MessageState
from kacang.messages.senders import operations, reports
from kacang.messages.wording.operations import Place
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

COMPANIES = {
    "aliyun": (Aliyun, TEMPLATES, "SMS_ALIYUN"),
    "tencent": (Tencent, NUMBERED, "SMS_TENCENT"),
}


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_that_tells_by_itself_is_heard(merchant, installation, name):
    kind, templates, setting = COMPANIES[name]
    with ExitStack() as stack:
        company = stack.enter_context(kind(KEY, SECRET, templates, report_seconds=0.2))
        stack.enter_context(listening(**{setting: company.url}))
        save(merchant, company=name, app="1400006666")
        operations.switch_account(merchant_id=merchant, company=name, on=True, actor=SYSTEM)
        uid = the_account(merchant, name).uid
        path = reports.address_of(name, uid).partition("/callbacks/")[2]
        company.callback_url = f"{installation}/callbacks/{path}"

        taken = messages.try_text(
            merchant_id=merchant,
            place=Place("staff.order_waiting", "sms", "zh-Hans"),
            phone=PHONE,
            account=uid,
            now=utc_now(),
        )

        assert taken == (True, "")
        assert until_delivered(merchant)
        page = httpx.get(company.url, trust_env=False).text
        assert PHONE in page
        assert "订单 202611260K7QW2M9XB 已付款" in page
    outside.operators_client.cache_clear()


def until_delivered(merchant: int) -> bool:
    """Wait for the company's word, which comes by itself."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with acting_as(merchant):
            (state,) = Message.objects.filter(merchant_id=merchant).values_list("state", flat=True)
        if state == MessageState.DELIVERED:
            return True
        time.sleep(0.05)
    return False
