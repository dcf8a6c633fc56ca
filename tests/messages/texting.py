"""An account for text messages at a simulated company, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.test import override_settings

from kacang.merchants.audit import SYSTEM
from kacang.messages.ports import Template
from kacang.messages.senders import operations, queries
from kacang.messages.senders.operations import AccountDraft
from kacang.messages.senders.queries import Account
from kacang.shared.clock import utc_now

KEY, SECRET, PHONE = "AKID7", "s3cr3t-of-the-shop", "+8613826042716"
# By name, as Aliyun has it; Tencent's are by number.
TEMPLATES = {"T-1": "订单 {order} 已付款，待处理", "T-2": "{title}库存不足，剩余 {left} 件"}
NUMBERED = {"T-1": "订单 {1} 已付款，待处理", "T-2": "{1}库存不足，剩余 {2} 件"}


def draft(**changes: Any) -> AccountDraft:
    """What is filled in."""
    given = AccountDraft(
        KEY,
        SECRET,
        "",
        "小鹿数卡",
        {
            "staff.order_waiting": Template("T-1", ("order",)),
            "staff.low_stock": Template("T-2", ("title", "left")),
        },
    )
    return replace(given, **changes)


def save(merchant: int, company: str = "aliyun", **changes: Any) -> str:
    """Keep an account, off."""
    return operations.save_account(
        merchant_id=merchant, company=company, draft=draft(**changes), actor=SYSTEM, now=utc_now()
    )


def the_account(merchant: int, company: str = "aliyun") -> Account:
    """The account that there is."""
    found = queries.account(merchant_id=merchant, company=company)
    assert found is not None
    return found


@contextmanager
def listening(**urls: str) -> Iterator[None]:
    """The companies listen at these addresses: `SMS_ALIYUN="http://…"`."""
    changed = {
        name: {**getattr(settings, name), "endpoint": f"{url}/"} for name, url in urls.items()
    }
    with override_settings(**changed):
        yield
