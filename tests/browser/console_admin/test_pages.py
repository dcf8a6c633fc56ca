"""Signing in and the pages of administration in a real browser."""

import re
import secrets
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import KeyDraft
from kacang.outbox import auditing
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot
from tests.transactions import let_others_end

pytestmark = pytest.mark.browser

PASSWORD = "only-for-tests-7Q4"
NAMES = re.compile("陆晓雨|陈立|周敏|ERP 对接|旧网站|小鹿数卡|旗舰店|简体中文")
PAGES = {
    "account": "/console/account/",
    "password": "/console/account/password/",
    "staff": "/console/staff/",
    "staff-new": "/console/staff/new/",
    "keys": "/console/keys/",
    "keys-new": "/console/keys/new/",
    "audit": "/console/audit/",
    "audit-none": "/console/audit/?object=nothing",
    "settings": "/console/settings/",
    "move": "/console/settings/move/",
}


@pytest.fixture
def shop(merchant):
    """A merchant with some staff, keys and a log."""
    people = {}
    for role, name in [("owner", "陆晓雨"), ("stock_keeper", "陈立"), ("finance", "周敏")]:
        email = f"{role}-{secrets.token_hex(4)}@example.com"
        invited = operations.add_staff(
            merchant_id=merchant, email=email, name=name, role=role, actor=SYSTEM,
            password=PASSWORD,
        )  # fmt: skip
        people[role] = invited
    actor = Actor("user", people["owner"].user_id, people["owner"].email, "203.0.113.7")
    for name, scopes in [("ERP 对接", ("orders:read", "orders:write")), ("旧网站", ("all",))]:
        operations.create_key(
            merchant_id=merchant, actor=actor,
            draft=KeyDraft(name, scopes, ("203.0.113.0/24",) if name == "旧网站" else ()),
        )  # fmt: skip
    old = queries.api_keys(merchant_id=merchant)[0]
    operations.revoke_key(merchant_id=merchant, uid=old.uid, actor=actor)
    operations.change_settings(
        merchant_id=merchant, actor=actor, values={"pay_minutes": 20, "shop_name": "小鹿数卡"}
    )
    operations.add_host(
        merchant_id=merchant, host=f"{secrets.token_hex(4)}.example.com", actor=actor
    )
    return people


def sign_in(page, email):
    page.goto("/console/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r"/console/(?!login/$)"))


@pytest.fixture
def signed_in(open_page, shop):
    """Open a window in which the owner is signed in."""

    def open_one(*args, **kwargs):
        page = open_page(*args, **kwargs)
        sign_in(page, shop["owner"].email)
        return page

    return open_one


# The other way round `test_every_page.py` looks at them.
@pytest.mark.parametrize(
    ("size", "dark"), [(DESKTOP, True), (PHONE, False)], ids=["1440-dark", "390-light"]
)
def test_each_page_is_accessible_and_fits(signed_in, shop, size, dark):
    page = signed_in(size, dark=dark)
    member = f"/console/staff/{shop['finance'].uid}/"

    for name, address in {**PAGES, "staff-member": member}.items():
        page.goto(address)
        if name == "staff":
            page.click("details.card summary")
        shot(page, f"admin-{name}-{size[0]}-{'dark' if dark else 'light'}")
        assert_axe(page)
        assert_fits(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_pages_read_in_english_too(signed_in, size):
    page = signed_in(size, language="en-US")

    for name, address in PAGES.items():
        page.goto(address)
        shot(page, f"admin-{name}-{size[0]}-en")
        text = NAMES.sub("", page.inner_text("main"))
        assert not re.search(
            r"[\u4e00-\u9fff]",
            re.sub(r"陆晓雨|陈立|周敏|ERP 对接|旧网站|小鹿数卡|旗舰店|简体中文", "", text),
        ), name
        assert_fits(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_signing_in(open_page, shop, size):
    page = open_page(size)
    page.goto("/console/login/")
    shot(page, f"admin-login-{size[0]}")
    assert_axe(page)
    assert_fits(page)

    page.fill("[name=login]", shop["owner"].email)
    page.fill("[name=password]", "wrong")
    page.click("main button[type=submit]")
    expect(page.locator("main")).to_contain_text("邮箱或密码错误")
    assert_axe(page)
    for _ in range(4):
        page.fill("[name=password]", "wrong")
        page.click("main button[type=submit]")
    expect(page.locator("h1")).to_have_text("登录已暂时锁定")
    shot(page, f"admin-locked-{size[0]}")
    assert_axe(page)


def test_second_factor_from_setting_up_to_signing_in(signed_in, shop):
    page = signed_in()
    page.goto("/console/account/")
    page.click("a[href$='second-factor/on/']")
    expect(page.locator("h1")).to_have_text("请确认是你本人")
    assert_axe(page)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    secret = page.locator("code.mono").inner_text()
    shot(page, "admin-totp-on-1440")
    assert_axe(page)
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.click("main form button[type=submit]")
    expect(page.locator(".codes li")).to_have_count(10)
    shot(page, "admin-recovery-codes-1440")
    assert_axe(page)

    page.goto("/console/logout/")
    page.click("main button[type=submit]")
    page.fill("[name=login]", shop["owner"].email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.locator("h1")).to_have_text("两步验证")
    shot(page, "admin-second-step-1440")
    assert_axe(page)
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time()) // 30 + 1)))
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r"/console/$"))


def test_a_key_is_shown_once_and_copied(signed_in, merchant):
    page = signed_in()
    page.goto("/console/keys/new/")
    page.fill("[name=name]", "淘宝同步")
    page.check("input[value='orders:read']")
    page.click("text=创建密钥")

    key = page.locator("#once").inner_text()
    assert key.startswith("kc_test_")
    shot(page, "admin-key-made-1440")
    assert_axe(page)
    page.click("text=复制密钥")
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.goto("/console/keys/")
    assert key not in page.content()

    row = page.locator("tr", has_text="淘宝同步")
    row.locator("button").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("h2")).to_have_text("吊销“淘宝同步”？")
    shot(page, "admin-key-revoke-1440")
    assert_axe(page)
    dialog.locator("button[type=submit]").click()
    expect(page.locator("tr", has_text="淘宝同步")).to_contain_text("已吊销")
    assert [k.name for k in queries.api_keys(merchant_id=merchant) if k.revoked_at] == [
        "淘宝同步",
        "旧网站",
    ]


def test_the_theme_colour_is_shown_while_it_is_chosen(signed_in, merchant):
    page = signed_in()
    page.goto("/console/settings/")
    page.click("[data-set-colour='#c02665']")
    assert page.locator("[data-fill]").first.get_attribute("fill") == "#c02665"
    page.fill("[name=pay_minutes]", "2")
    page.click(".form-acts.sticky button")
    expect(page.locator("[name=pay_minutes]")).to_have_attribute("aria-invalid", "true")
    shot(page, "admin-settings-wrong-1440")
    assert_axe(page)
    page.fill("[name=pay_minutes]", "25")
    page.click(".form-acts.sticky button")
    expect(page.locator(".toast2")).to_contain_text("已保存")
    queries.forget_settings()
    chosen = queries.settings_of(merchant_id=merchant)
    assert (chosen["pay_minutes"], chosen["shop_colour"]) == (25, "#c02665")


def test_the_log_says_that_it_is_sound(signed_in, merchant):
    page = signed_in()
    let_others_end()
    operations.seal_logs(merchant_id=merchant)
    page.goto("/console/audit/")
    page.get_by_role("button", name="校验").click()
    page.wait_for_url("**/audit/verify/*/")
    uid = page.url.rstrip("/").rsplit("/", 1)[-1]
    auditing.run_verification(merchant_id=merchant, work_uid=uid)
    page.reload()
    expect(page.locator(".banner.ok")).to_be_visible()
    shot(page, "admin-verified-1440")
    assert_axe(page)
