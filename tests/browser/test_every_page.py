"""Every address that shows a page is looked at, at both widths and in light and dark (W4).

Axe, nothing too wide, a walk by keyboard, and every dialog opened by its button.

The addresses are read from the installation's own list. Who adds a page and gives no example of
it here makes this test fail. What only takes forms, gives a file, or answers with a part of a
page is told apart by what it answers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import APIResponse

from kacang.aftersales import operations as cases
from kacang.catalog import queries as catalog
from kacang.merchants import operations as staff_operations
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import GrantDraft, RoleDraft
from kacang.merchants.permissions import WITHIN_REACH
from kacang.messages.events import Event
from kacang.messages.restraint.refusing import token_for
from kacang.messages.webhooks import operations as webhooks
from kacang.messages.webhooks import queries as hooks
from kacang.messages.webhooks.operations import EndpointDraft
from kacang.orders.reviewing import operations as reviewing
from kacang.orders.reviewing.queries import Condition, Fact, Op, RuleBody, Verdict
from kacang.outbox import auditing
from kacang.outbox import queries as works
from kacang.payments import queries as payments
from kacang.payments.finding.filters import PaymentFilter
from kacang.payments.finding.pages import payments_page
from kacang.payouts import queries as payouts
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from kacang.vault import queries as vault
from kacang.web.wait_tokens import token_of
from tests import make
from tests.aftersales.cases import CLERK, Sold, contact, film, picture
from tests.browser.console.batches import some_batches
from tests.browser.console.bills import account_of, some_bills
from tests.browser.console.customers import some_customers
from tests.browser.console.shop import a_busy_shop
from tests.browser.console.stores import some_stores
from tests.browser.harness import DESKTOP, PHONE, dialog_faults, faults_of, sign_in
from tests.messages.test_costs import a_text
from tests.messages.texting import save
from tests.orders.test_bank_transfer import Bank
from tests.orders.test_move_check import looked
from tests.orders.test_moving import ACG
from tests.payouts.test_statements import MONDAY, after, agree, give_back, issue, sell
from tests.stock.conftest import ACTOR, Make
from tests.transactions import let_others_end
from tests.web.roles.operating import a_visit

pytestmark = pytest.mark.browser
FOUND, ONLY_FORMS = 200, 405
# So many kinds of dialogs the examples lead to: were it fewer, the walk would not see them.
DIALOGS_LEAST = 40
LONG_PLACE = "华东二号恒温仓（苏州市工业园区唯亭街道外贸物流园三期北楼）"
# These have no pages. "shop:" is "shop_of:" at another address.
WITHOUT = (
    "api/",
    "callbacks/",
    "sandbox/query",
    "sandbox/close",
    "sandbox/refund",
    "healthz",
    "readyz",
    "metrics",
)
# What a walk brings about, and the test that looks at it there.
WALKS = {
    "set_language": "leads back to where one was",
    "console_not_me": "by the link of a mail: web/console_admin/test_sign_in_places",
    "console_merchants": "leads on, for whoever works for one shop",
    "account_login": "console_admin: test_signing_in",
    "account_reauthenticate": "console_admin: test_second_factor_from_setting_up_to_signing_in",
    "mfa_authenticate": "console_admin: test_second_factor_from_setting_up_to_signing_in",
    "mfa_reauthenticate": "the form of mfa_authenticate, once more",
    "mfa_activate_totp": "console_admin: test_second_factor_from_setting_up_to_signing_in",
    "mfa_deactivate_totp": "leads to account_reauthenticate",
    "mfa_view_recovery_codes": "console_admin: test_second_factor_from_setting_up_to_signing_in",
    "mfa_generate_recovery_codes": "leads to account_reauthenticate",
    "mfa_index": "leads to console_profile",
    "usersessions_list": "leads to console_profile",
    "console_import_check": "console: test_imports_from_a_file_in_three_steps",
    "console_import_again": "only while a check is there: the same test",
    "console_work_file": "a file, while it is there",
    "console_export": "console_admin: test_exports, behind the second factor",
    "console_customer_export": "console: test_customers, before and after it ran",
    "console_finance_export": "console: test_money_lists, before and after it ran",
    "console_picture": "a picture",
    "console_order_batch_csv": "a file",
    "console_ship_faults": "a file",
    "console_ship_template": "a file",
    "console_proof_file": "a picture, or a file",
    "console_case_file": "a picture, or a file",
    "shop_of:case": "shop: test_cases",
    "shop_of:case_new": "shop: test_cases",
    "shop_of:case_file": "a picture, or a file",
    "console_review_picture": "a picture",
    "shop_of:review_picture": "a picture",
    "shop_of:review": "shop: test_cases",
    "console_withdrawal_proof": "a picture, or a file",
    "cashier:pay": "cashier: test_every_state_is_readable",
    "design:guide-error": "test_style_guide, each status",
    "shop_of:checkout": "shop: test_buying",
    "shop_of:pay": "shop: test_buying",
    "shop_of:store": "leads on to the shop: console_admin: test_stores",
    "shop_of:order": "shop: test_orders",
    "shop_of:order_change": "shop: test_sent_goods",
    "shop_of:order_codes": "a file",
    "shop_of:order_file": "a file",
    "shop_of:order_zip": "a file",
    "shop_of:order_state": "a part of shop_of:pay",
    "shop_of:signed_in": "leads on to shop_of:pay: web/shop/test_paying",
    "shop_of:numbers": "shop: test_goods",
    "shop_of:picture": "a picture",
    "shop_of:wallet_deposit": "shop: test_withdrawing, behind a code",
    "shop_of:wallet_withdraw": "shop: test_withdrawing, behind a code",
}


def patterns(
    among: Sequence[URLPattern | URLResolver] | None = None,
    path: str = "",
    space: str = "",
    names: tuple[str, ...] = (),
) -> Iterator[tuple[str, frozenset[str]]]:
    """The name of every address that may be a page, and what is to be filled in."""
    for one in get_resolver().url_patterns if among is None else among:
        here, wanted = path + str(one.pattern), (*names, *one.pattern.regex.groupindex)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from patterns(one.url_patterns, here, inner, wanted)
        elif not here.startswith(WITHOUT) and space != "shop:":
            yield f"{space}{one.name}", frozenset(wanted)


def some_payment(shop):
    page = payments_page(merchant_id=shop.merchant_id, where=PaymentFilter())
    return page.rows[0].number


def examples(shop):
    """Something true for each page that is of something; an act refuses before it looks."""
    sku = catalog.sku(merchant_id=shop.merchant_id, uid=shop.skus[0])
    product = catalog.product(merchant_id=shop.merchant_id, uid=sku.product_uid)
    shelf = catalog.categories(merchant_id=shop.merchant_id)[0].uid
    batch = vault.batches(merchant_id=shop.merchant_id, sku_id=sku.id).items[0]
    staff = merchants.staff(merchant_id=shop.merchant_id)[0].uid
    assert works.work(merchant_id=shop.merchant_id, uid=batch.work_uid)
    of = {
        "console_product": {"uid": product.uid},
        "console_category": {"uid": shelf},
        "console_batch": {"uid": batch.uid},
        "console_work": {"uid": batch.work_uid},
        "console_staff_member": {"uid": staff},
        "console_payment": {"number": some_payment(shop)},
        "console_payment_account": {"uid": payments.accounts(merchant_id=shop.merchant_id)[0].uid},
        "shop_of:category": {"uid": shelf},
        "shop_of:product": {"uid": product.uid},
        "design:theme": {"colour": "c02665"},
        "shop_of:wait_stop": {"token": token_of("wait_none")},
        "shop_of:notice_switches": {
            "token": token_for(shop.merchant_id, Event.ORDER_SHIPPED, "zhao@example.com")
        },
    }
    of["console_stock_sku"] = of["console_import"] = of["console_generate"] = {"uid": sku.uid}
    of["console_settlement"] = {"uid": some_statement(shop)}
    bill = some_bills(shop.merchant_id)
    of["console_bill"] = {"uid": bill}
    of["console_ledger_account"] = {"number": "1100"}
    of["console_ledger_document"] = {"kind": "bill", "uid": bill}
    of |= some_batches(shop.merchant_id)
    of["console_goods"] = {"uid": some_goods(shop)}
    of["console_move_check"] = {"uid": some_look(shop)}
    of["console_wording_edit"] = {"event": "order.refunded", "channel": "email"}
    of["console_sender"] = {"company": some_sender(shop)}
    of["console_webhook"] = of["console_webhook_edit"] = {"uid": some_webhook(shop)}
    of["console_rule"] = {"uid": some_rule(shop)}
    of |= some_customers(shop)
    of |= some_stores(shop.merchant_id, shop.numbers)
    case = some_case(shop)
    of["console_case"] = {"uid": case}
    of["console_case_decide"] = {"uid": case, "decision": "refund"}
    wallet = make.wallet(shop.merchant_id, 128_000, "a" * 40 + "@example.com")
    of["console_wallet"] = {"uid": wallet}
    of["console_withdrawal"] = {"uid": make.withdrawal(shop.merchant_id, wallet, 50_000)}
    of["console_transfer"] = {"number": some_transfer(shop)}
    card = vault.cards_of_batch(merchant_id=shop.merchant_id, batch_uid=batch.uid, limit=1)
    of["console_card"] = {"uid": card.items[0].uid}
    of["console_role"] = {"uid": some_role(shop)}
    of["console_operator_shop"] = {"uid": merchants.merchant(merchant_id=shop.merchant_id).uid}
    of["console_audit_verified"] = {"uid": some_verification(shop)}
    about = f"?account={account_of(shop.merchant_id)}"
    asked = {
        "console_bill_seen": about,
        "console_bill_rows": about,
        "console_cards": f"?sku={sku.uid}",
        "console_webhook": "?message=" + told_of(shop, of["console_webhook"]["uid"]),
        "console_visit_new": "?role=sales",
        "console_change": f"?change=freeze&batch={batch.uid}",
        "console_replace": f"?batch={batch.uid}",
    }
    return (
        of,
        asked,
        {
            "merchant_slug": merchants.merchant(merchant_id=shop.merchant_id).slug,
            "number": shop.numbers[0],
            "session_id": 1,
        },
    )


def some_webhook(shop):
    """An address with a long name that was told something."""
    draft = EndpointDraft(
        "https://erp.example.com/" + "kacang/" * 20, ("order.paid", "stock.low"), "企业资源系统" * 8
    )
    made = webhooks.add_endpoint(merchant_id=shop.merchant_id, draft=draft, actor=SYSTEM)
    webhooks.tell(
        merchant_id=shop.merchant_id, event="order.paid", once="1", data={"number": "N" * 40}
    )
    return made.uid


def some_sender(shop):
    """An account for text messages with a long name, and a message that cost something."""
    save(shop.merchant_id, sign_name="长" * 40)
    a_text(shop.merchant_id, "staff.order_waiting", utc_now(), parts=3, milli=45)
    return "aliyun"


def told_of(shop, uid):
    """The message to open on the page of a webhook."""
    page = hooks.hooks(merchant_id=shop.merchant_id, endpoint_uid=uid)
    return page.rows[0].uid


def some_rule(shop):
    """A rule with a long name and all sorts of conditions."""
    body = RuleBody(
        "夜间大额且首次购买的礼品卡订单需要两位同事先后核对",
        (
            Condition(Fact.KIND, Op.IS, ("code", "pickup_card")),
            Condition(Fact.AMOUNT, Op.AT_LEAST, number=100),
            Condition(Fact.RISK, Op.AT_MOST, number=99),
        ),
        Verdict.HOLD,
        9,
    )
    return reviewing.add_rule(merchant_id=shop.merchant_id, body=body, actor=SYSTEM)


def some_case(shop):
    """A case with long words, pictures and a former one, and a quick reply."""
    account = payments.account_for(merchant_id=shop.merchant_id, provider="sandbox")
    made = make.sku(shop.merchant_id, cards=4)
    same = {"made": made, "account": account, "contact": contact()}
    Sold(shop.merchant_id, 1, **same).open()
    sold = Sold(shop.merchant_id, 1, **same)
    uid = sold.open(text="兑换中心提示卡密已被其他设备使用，" * 20, files=[picture(), film()])
    cases.answer(**sold.theirs(uid, text="请补充完整的录屏，" * 12, waits=False))
    body = {"zh-Hans": "订单 {order} 已收到。" * 20}
    cases.save_reply(
        merchant_id=shop.merchant_id, title="已收到您的售后申请，正在核实", body=body, actor=CLERK
    )
    return uid


def some_role(shop):
    """A role of the merchant's own with a long name, and somebody who has something for a while."""
    who = {"merchant_id": shop.merchant_id, "actor": SYSTEM}
    draft = RoleDraft("华东二组夜班外包客服（只看自己的订单）", WITHIN_REACH, reach="own")
    member = merchants.staff(merchant_id=shop.merchant_id)[0].uid
    given = GrantDraft(
        "双十一大促期间顶班，替休假的同事处理退款", utc_now() + timedelta(days=3), role="finance"
    )
    staff_operations.grant(member_uid=member, draft=given, now=utc_now(), **who)
    return staff_operations.create_role(draft=draft, **who)


def some_verification(shop):
    """Seals that were compared with the logs."""
    let_others_end()
    staff_operations.seal_logs(merchant_id=shop.merchant_id)
    uid = auditing.start_verification(merchant_id=shop.merchant_id, actor=SYSTEM)
    auditing.run_verification(merchant_id=shop.merchant_id, work_uid=uid)
    return uid


def some_transfer(shop):
    """A bank transfer with a proof that waits."""
    bank = Bank(shop.merchant_id)
    placed = bank.order()
    bank.prove(placed)
    assert placed.payment is not None
    return placed.payment.payment_id


def some_statement(shop):
    """What the platform gets of some sales, with a refund among them."""
    agree(shop.merchant_id, name="平台服务费 · 华东大区数字商品与提货卡统一费率")
    sold = sell(shop.merchant_id, 19_800)
    sell(shop.merchant_id, 123_456_789_00, order=2)
    give_back(shop.merchant_id, sold, MONDAY)
    issue(shop.merchant_id, after(1))
    return payouts.statements(merchant_id=shop.merchant_id)[0].uid


def some_look(shop):
    """A look at another system's file that found all sorts of things."""
    look, _file = looked(shop.merchant_id, "acg-faka", ACG.encode())
    return look.uid


def some_goods(shop):
    """A SKU of goods in two places with long names and reasons, some of it on its way."""
    make = Make(shop.merchant_id)
    sku = make.goods(low_stock_at=500)
    east = stock.create_warehouse(merchant_id=shop.merchant_id, actor=ACTOR, name=LONG_PLACE)
    make.received(sku, 1200, cost=3_150, note="坚果礼盒首批，八百公里外的仓库发来" * 6)
    make.adjusted(sku, -12, reason="受潮报废，已拍照留存并与供货商核对" * 3)
    make.sent(sku, 60, east)
    return sku


def is_page(answer: APIResponse) -> bool:
    """Say whether a whole page came, not a part of one or a file."""
    return answer.status == FOUND and answer.text().lstrip()[:9].lower() == "<!doctype"


def test_every_page_is_accessible_and_fits(open_page, live):
    shop = a_busy_shop()
    of, asked, common = examples(shop)
    windows = [open_page(DESKTOP), open_page(PHONE, dark=True)]
    opened = [Counter[str]() for _ in windows]
    for page in windows:
        sign_in(page, live, shop.email)
    # After signing in: from here on their code would be asked for.
    common |= {"note": 1}
    visit = {"uid": a_visit(shop.merchant_id, shop.email)}
    of |= {"console_visit_enter": visit, "console_operator_own_visit": visit}

    looked_at, frames, faults = set(), set(), []
    for name, wanted in patterns():
        if name in WALKS:
            continue
        given = {one: of.get(name, {}).get(one, common.get(one, "none-1")) for one in wanted}
        address = reverse(name, kwargs=given) + asked.get(name, "")
        answer = windows[0].request.get(f"{live}{address}", max_redirects=0)
        if answer.status not in (FOUND, ONLY_FORMS):
            faults.append(f"{name}: {answer.status} at {address}: give it an example")
        if not is_page(answer):
            continue
        # The frame of the console and of the shop is walked through once.
        frame = name.partition("_")[0]
        is_known = frame in frames
        frames.add(frame)
        looked_at.add(name)
        for page, dialogs in zip(windows, opened, strict=True):
            page.goto(address)
            found = [
                *faults_of(page, from_main=is_known),
                *dialog_faults(page, dialogs, with_axe=page is windows[1]),
            ]
            faults += [f"{name} at {page.viewport_size['width']}: {one}" for one in found]

    assert not faults, "\n".join(faults)
    assert all(len(kinds) >= DIALOGS_LEAST for kinds in opened), opened
    assert {
        "console_home",
        "console_batch",
        "console_goods",
        "console_audit",
        "shop_of:home",
    } <= looked_at


def test_what_is_said_to_be_looked_at_elsewhere_exists():
    assert set(WALKS) <= {name for name, _ in patterns()}
