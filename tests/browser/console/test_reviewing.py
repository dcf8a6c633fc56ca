"""From building a rule to deciding about the order that it holds, in a real browser (O9)."""

import pytest
from playwright.sync_api import Page, expect

from kacang.merchants.audit import SYSTEM
from kacang.orders.reviewing import operations, queries
from kacang.orders.reviewing.queries import (
    Condition,
    Deed,
    Fact,
    Limit,
    Op,
    RuleBody,
    Verdict,
)
from kacang.orders.types import OrderState
from kacang.shared.contacts import Contact
from tests import make
from tests.browser.console.conftest import sign_in
from tests.browser.console.shop import Shop as Desk
from tests.browser.console.shop import an_empty_shop
from tests.browser.harness import (
    DESKTOP,
    PHONE,
    assert_axe,
    assert_fits,
    assert_walked_by_keyboard,
    shot,
)
from tests.orders.reviewing.conftest import Shop

pytestmark = pytest.mark.browser
LONG = "华东二区夜间大额且首次购买的礼品卡订单需要两位同事先后核对联系方式与付款截图"


@pytest.fixture
def owner(database) -> Desk:
    return an_empty_shop()


@pytest.fixture
def shop(owner) -> Shop:
    made = Shop(owner.merchant_id)
    make.stock(made.sku, 20)
    return made


def look(page: Page, name: str) -> None:
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def test_O9_a_rule_is_built_tried_switched_on_and_its_order_approved(page, owner, shop):
    before = shop.paid(2)
    sign_in(page, owner)
    page.goto("/console/rules/")
    look(page, "rules-empty-1440")
    page.locator("main").get_by_role("link", name="新建规则").first.click()
    page.get_by_label("规则名称").fill("大额人工审核")
    page.locator("#amount-least").fill("30")
    page.get_by_label("拦下，人工审核后再发货").check()
    page.get_by_label("优先级").select_option("8")
    look(page, "rules-form-1440")

    page.get_by_role("button", name="100 单").click()
    trial = page.locator("#trial")
    expect(trial).to_contain_text("最近 1 笔已付款订单")
    expect(trial).to_contain_text(before)
    assert queries.rules(merchant_id=shop.merchant) == []
    # What was filled in is still there.
    expect(page.locator("#amount-least")).to_have_value("30")
    look(page, "rules-trial-1440")

    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("历史版本")
    page.locator(".ph").get_by_role("button", name="开启").click()
    expect(page.locator("tbody tr", has_text="大额人工审核")).to_contain_text("已开启")

    number = shop.paid(2)
    assert shop.state(number) == (OrderState.ON_HOLD, "risk_review")
    page.goto(f"/console/orders/{number}/")
    expect(page.locator("#review")).to_contain_text("大额人工审核")
    look(page, "rules-held-order-1440")
    page.get_by_role("button", name="通过并发货").click()
    look(page, "rules-approve-1440")
    page.locator("#review-approve").get_by_role("button", name="通过").click()
    expect(page.locator("main")).to_contain_text("已通过")
    assert shop.state(number) == (OrderState.DELIVERED, "")


def some_rules(shop: Shop) -> str:
    """Rules with long names and a past, and an order that waits for a look."""
    shop.rule(Condition(Fact.AMOUNT, Op.AT_MOST, number=10_000), verdict=Verdict.PASS, name="小额")
    uid = shop.rule(
        Condition(Fact.KIND, Op.IS, ("code", "pickup_card")),
        Condition(Fact.AMOUNT, Op.AT_LEAST, number=2_000),
        Condition(Fact.RISK, Op.AT_LEAST, number=10),
        verdict=Verdict.HOLD,
        name=LONG,
        priority=8,
    )
    operations.move_rule(merchant_id=shop.merchant, uid=uid, place=0, actor=SYSTEM)
    kept = queries.rule(merchant_id=shop.merchant, uid=uid)
    more = (
        Condition(Fact.RECENT_PIECES, Op.AT_LEAST, number=2, hours=24),
        Condition(Fact.WEEKDAY, Op.IS, queries.WEEKDAYS),
        Condition(Fact.PRICE, Op.IS, ("full", "below_list")),
        Condition(Fact.COMPANY, Op.IS, ("sandbox",)),
        Condition(Fact.ACCOUNT, Op.IS, (shop.account.uid,)),
    )
    operations.change_rule(
        merchant_id=shop.merchant, uid=uid, version=1, actor=SYSTEM,
        body=RuleBody(
            LONG, (*kept.body.conditions, *more), Verdict.HOLD, 9, people=2,
            limit=Limit(90, Deed.ESCALATE, is_working=True),
        ),
    )  # fmt: skip
    shop.rule(verdict=Verdict.DUAL, name="其余先发货后审核", on=False)
    shop.paid(2, contact=Contact())
    shop.kinds()
    return uid


@pytest.mark.parametrize(
    ("size", "name", "theme"), [(DESKTOP, "1440", "light"), (PHONE, "390", "dark")]
)
def test_W4_pages_of_rules_are_readable(open_page, owner, shop, size, name, theme):
    uid = some_rules(shop)
    (held,) = shop.rows("select number from sale_order where state = 9")
    page = open_page(size, dark=theme == "dark")
    sign_in(page, owner)
    for address, what in (
        ("/console/rules/?try=100", "list"),
        (f"/console/rules/{uid}/?try=100", "rule"),
        (f"/console/orders/{held[0]}/", "order"),
        ("/console/exceptions/?show=risk", "queue"),
        ("/console/orders/?state=on_hold&first=yes", "first"),
    ):
        page.goto(address)
        look(page, f"rules-{what}-{theme}-{name}")
    page.goto("/console/rules/")
    assert_walked_by_keyboard(page)
