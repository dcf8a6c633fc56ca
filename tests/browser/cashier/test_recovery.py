"""P3, L8: with real web and worker processes, a lost notice is found within a minute by itself."""

import re
import time

import httpx
import pytest

from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from tests.browser.cashier.test_pay_page import placed  # noqa: F401 - a fixture
from tests.browser.shop.conftest import worker  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow
MINUTE = 60


@pytest.mark.parametrize("deed", ["lose", "forged"])
def test_a_lost_notice_is_found_within_a_minute(merchant, placed, worker, deed):  # noqa: F811
    with httpx.Client(follow_redirects=True, trust_env=False) as browser:
        page = browser.get(placed.payment.pay_url)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        data = {"csrfmiddlewaretoken": token[1], "deed": deed}
        assert browser.post(placed.payment.pay_url, data=data).status_code == 200

    started = time.monotonic()
    state = OrderState.PENDING
    while state is OrderState.PENDING and time.monotonic() - started < MINUTE:
        time.sleep(0.5)
        state = order_queries.order(merchant_id=merchant, number=placed.number).state

    assert state is OrderState.DELIVERED
