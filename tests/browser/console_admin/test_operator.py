"""The operators' pages and what owners see of their visits, in a real browser (I1)."""

import secrets

import pytest
from playwright.sync_api import expect

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.models import Merchant, User
from kacang.merchants.operations import operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from tests.browser.harness import (
    DESKTOP,
    PHONE,
    assert_axe,
    assert_fits,
    assert_walked_by_keyboard,
    shot,
    sign_in,
)
from tests.web.roles.operating import Operator

pytestmark = pytest.mark.browser
LONG = "华东大区数字商品与提货卡联合旗舰店（苏州工业园区唯亭分店）"
WHY = "客户来电：昨晚有三笔微信支付显示成功但订单仍待付款，需要核对支付记录和异常订单"


@pytest.fixture
def scene(merchant):
    """A shop with a long name that wants to be asked, its owner, and an operator who asked."""
    with acting_as(merchant):
        Merchant.objects.filter(id=merchant).update(name=LONG)
    owner = operations.add_staff(
        merchant_id=merchant, email=f"owner-{secrets.token_hex(4)}@example.com", name="陆晓雨",
        role="owner", actor=SYSTEM,
    )  # fmt: skip
    operator = Operator("zh-hans")
    given = {"merchant_id": merchant, "user_id": operator.user.pk, "now": utc_now(),
             "actor": Actor("user", operator.user.pk, operator.email)}  # fmt: skip
    for change in (False, True):
        operator_visits.start_operator_visit(draft=OperatorDraft(WHY, change), **given)
    operator_visits.ask_for_visit(draft=OperatorDraft(WHY, minutes=120), **given)
    return queries.merchant(merchant_id=merchant).uid, owner.email, operator


def look(page, live, address, name, *, dark=False):
    page.goto(f"{live}{address}")
    if dark:
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert_fits(page)
    if not dark:
        assert_axe(page)
        assert_walked_by_keyboard(page)
    shot(page, name)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_the_pages_are_accessible_and_fit(open_page, live, scene, size, merchant):
    shop, owner, operator = scene
    page = open_page(size)
    sign_in(page, live, operator.email)
    width = size[0] if isinstance(size, tuple) else size["width"]
    visits, _next = queries.operator.visits_of(operator_id=operator.user.pk)
    pages = {
        "shops": "/console/operator/", "shops-none": "/console/operator/?q=nothing-like-it",
        "visits": "/console/operator/visits/", "log": "/console/operator/log/",
        "visit": f"/console/operator/visits/{visits[0].uid}/",
        "shop": f"/console/operator/shops/{shop}/",
    }  # fmt: skip
    for name, address in pages.items():
        look(page, live, address, f"operator-{name}-{width}")
    look(page, live, pages["shop"], f"operator-shop-{width}-dark", dark=True)
    other = open_page(size)
    sign_in(other, live, owner)
    look(other, live, "/console/operator-visits/", f"owner-{width}")
    look(other, live, "/console/operator-visits/", f"owner-{width}-dark", dark=True)


def test_from_asking_to_the_red_bar_and_back(open_page, live, scene, merchant):
    shop, owner, operator = scene
    theirs, mine = open_page(DESKTOP), open_page(DESKTOP)
    sign_in(theirs, live, owner)
    sign_in(mine, live, operator.email)
    theirs.goto(f"{live}/console/operator-visits/")
    theirs.get_by_text("须先征得店主同意").first.click()
    theirs.get_by_role("button", name="保存").click()
    expect(theirs.get_by_role("radio").nth(1)).to_be_checked()
    theirs.get_by_role("button", name="同意").click()
    expect(theirs.get_by_text("已同意，可进入一次。")).to_be_visible()

    mine.goto(f"{live}/console/operator/shops/{shop}/")
    mine.locator("#again_code").fill(operator.code())
    mine.get_by_role("button", name="开始").click()

    expect(mine.locator(".visit-bar")).to_be_visible()
    shot(mine, "operator-bar")
    theirs.goto(f"{live}/console/operator-visits/")
    theirs.get_by_role("button", name="立即结束").first.click()
    expect(theirs.get_by_text("访问已结束。")).to_be_visible()
    mine.reload()
    expect(mine.locator(".visit-bar")).to_have_count(0)
    assert User.objects.get(email=operator.email).is_operator
