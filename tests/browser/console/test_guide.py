"""The walks of the merchants' guide in a real browser, and its pictures (V1–V8, S1, S3, S4).

`GUIDE_PICTURES=docs/images/guide ./kacang test tests/browser/console/test_guide.py -k guide`
takes the pictures again.
"""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from kacang.catalog import queries as catalog
from kacang.customers import queries as customers
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.models import User
from kacang.orders import operations as replacing
from kacang.orders import queries as orders
from kacang.orders.customers import linking
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.types import OrderFilter, OrderState
from kacang.stock import operations as goods
from kacang.vault import operations as vault
from kacang.vault import queries as stock
from kacang.vault.queries import CardFilter, CardState
from tests.browser.console.complaints import some_complaints
from tests.browser.console.customers import with_tags
from tests.browser.console.shop import Shop
from tests.browser.console.test_walks import job_of
from tests.browser.harness import PHONE, assert_axe, assert_fits, shot, sign_in
from tests.stock.conftest import Make
from tests.vault.test_import import workbook
from tests.web.roles.operating import some_visits

pytestmark = pytest.mark.browser
GUIDE_TEXT = Path(__file__).parents[3] / "docs" / "guide" / "merchant.zh-CN.md"
SHOWN = re.compile(r"\.\./images/guide/([\w-]+)\.png")
PICTURES = frozenset(SHOWN.findall(GUIDE_TEXT.read_text("utf-8")))
# As wide as a page of the guide shows it; no phone is that wide.
GUIDE = (1200, 800)
# A code is good once: whoever walks again has an app of his own.
TOTP_SECRETS = ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
STEP_SECONDS = 30


class Walker:
    """Somebody at work in a shop, who looks at each page and may take a picture of it."""

    def __init__(self, page: Page, shop: Shop, *, is_guide: bool) -> None:
        self.page = page
        self.shop = shop
        self.is_guide = is_guide

    def look(self, name: str, *, whole: bool = False) -> None:
        """Demand that the page is fit to be seen; keep its picture when those are wanted."""
        assert_axe(self.page)
        assert_fits(self.page)
        shot(self.page, f"walk-{name}-{'guide' if self.is_guide else 'phone'}")
        folder = os.environ.get("GUIDE_PICTURES")
        if folder and self.is_guide and name in PICTURES:
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / f"{name}.png"
            # Hiding the caret would write a style into the page, which its policy refuses.
            self.page.screenshot(path=path, full_page=whole, caret="initial")

    def go(self, path: str) -> None:
        self.page.goto(f"/console/{path}")

    def send(self) -> None:
        self.page.locator("main form button.btn-primary, main form button.btn-danger").last.click()

    def run(self, job: str) -> str:
        """Do what a worker does with the job whose page is open, and look again."""
        self.page.wait_for_url(re.compile(r"/(works|checks|exports)/job_\w+/$"))
        uid = job_of(self.page)
        getattr(vault, f"run_{job}")(merchant_id=self.shop.merchant_id, work_uid=uid)
        self.page.reload()
        return uid

    @property
    def pool(self) -> str:
        return "双十一" if self.is_guide else "年货节"

    @property
    def batch(self) -> str:
        sku = catalog.sku(merchant_id=self.shop.merchant_id, uid=self.shop.skus[0])
        return stock.batches(merchant_id=self.shop.merchant_id, sku_id=sku.id).items[0].uid

    @property
    def sold_batch(self) -> str:
        """The batch of a card that a buyer has."""
        who: dict[str, Any] = {"merchant_id": self.shop.merchant_id}
        sku = catalog.sku(**who, uid=self.shop.skus[0])
        sold = CardFilter(sku_id=sku.id, states=(CardState.SOLD,))
        return stock.list_cards(**who, wanted=sold, limit=1).items[0].batch_uid


@pytest.fixture(params=["guide", "phone"])
def walker(request, open_page, live, busy) -> Walker:
    is_guide = request.param == "guide"
    page = open_page(GUIDE) if is_guide else open_page(PHONE, dark=True)
    sign_in(page, live, busy.email)
    return Walker(page, busy, is_guide=is_guide)


def assert_inside(page: Page, selector: str) -> None:
    """Demand that what has opened lies within the window, whole."""
    box = page.locator(selector).bounding_box()
    window = page.viewport_size
    assert box is not None
    assert window is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= window["height"]


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def code_of(secret: str, step: int) -> str:
    return str(format_hotp_value(hotp_value(secret, step)))


class TestCards:
    def test_import_with_faults(self, walker: Walker, tmp_path):
        page = walker.page
        name = "VIP" if walker.is_guide else "SVIP"
        rows: list[dict[str, object]] = [
            {
                "卡号": f"{name}-{n:04}",
                "卡密": f"7K2D-9QXA-{n:04}",
                "有效期": "2027-12-31",
                "成本": "96.00",
            }
            for n in range(1, 13)
        ]
        rows[3]["卡密"], rows[6]["有效期"], rows[9] = "", "改天", rows[0]
        file = tmp_path / "蜂鸟数卡-11月.xlsx"
        file.write_bytes(workbook(rows))
        walker.go(f"stock/{walker.shop.skus[0]}/import/")
        page.set_input_files("input[name=file]", file)
        page.fill("#id_supplier", "蜂鸟数卡")
        walker.look("import")
        page.locator("main form button.btn-primary").click()
        walker.run("check")
        expect(page.locator("main")).to_contain_text("入库 9 条")
        walker.look("check", whole=True)
        page.locator("main form button.btn-primary").click()
        walker.run("import")
        expect(page.locator("main")).to_contain_text("撤销批次")
        walker.look("import-done")

    def test_generating(self, walker: Walker):
        walker.go(f"stock/{walker.shop.skus[3]}/generate/")
        walker.page.fill("#id_count", "1000")
        walker.page.fill("#id_pattern", "KC-X{4}-X{4}-X{4}")
        expect(walker.page.locator("#estimate li").first).to_contain_text("KC-")
        walker.look("generate")

    def test_bulk_change_and_undo(self, walker: Walker):
        page = walker.page
        walker.go(f"stock/batches/{walker.batch}/")
        walker.look("batch")
        walker.go(f"stock/cards/?sku={walker.shop.skus[0]}&state=available")
        # A phone has cards instead of a table, and takes them one by one.
        for box in page.locator("input.row-cb").all()[:3]:
            box.check()
        page.locator("select[form=bulk-form]").select_option("freeze")
        walker.look("cards")
        page.locator("[data-bulk] button.pri").click()
        page.wait_for_url("**/change/**")
        page.fill("#id_reason", "供货商核查")
        walker.look("change")
        walker.send()
        walker.run("change")
        walker.look("change-done")
        page.locator("[data-open=undo-change-ask]").click()
        page.fill("#undo-change-reason", "核查完毕")
        walker.look("undo")
        page.locator("#undo-change-ask button[type=submit]").click()
        page.wait_for_url(re.compile(r"/works/job_\w+/$"))
        expect(page.locator("main")).to_contain_text("撤销变更")

    def test_replacing_a_faulty_card(self, walker: Walker):
        page = walker.page
        who: dict[str, Any] = {"merchant_id": walker.shop.merchant_id}
        given = orders.orders_page(**who, where=OrderFilter(state=OrderState.DELIVERED)).rows[-1]
        lines = [line.id for line in orders.order(**who, number=given.number).lines]
        card = stock.cards_of_units(**who, line_ids=lines)[0].card_uid
        actor = Actor("user", None, walker.shop.email, "203.0.113.9")
        vault.reveal(**who, card_uids=[card], actor=actor, reason="买家反馈无法激活")
        walker.go(f"orders/{given.number}/")
        page.locator("[data-open=replace-card]").first.click()
        page.fill("#replace-card-reason", "买家反馈无法激活，已核实")
        walker.look("replace")
        page.locator("#replace-card button[type=submit]").click()
        expect(page.locator("main")).to_contain_text("更换了问题卡")
        walker.go(f"stock/cards/{card}/")
        expect(page.locator("ol.tl")).to_contain_text("已核实")
        walker.look("card", whole=True)

    def test_replacing_many_of_a_bad_batch(self, walker: Walker):
        page = walker.page
        who: dict[str, Any] = {"merchant_id": walker.shop.merchant_id}
        walker.go(f"stock/cards/?sku={walker.shop.skus[0]}&state=sold")
        page.locator("input.row-cb").first.check()
        page.locator("select[form=bulk-form]").select_option("replace")
        page.locator("[data-bulk] button.pri").click()
        page.wait_for_url("**/replace/**")
        expect(page.locator("main")).to_contain_text("不能撤销")
        page.fill("#id_reason", "供货商整批无效，已核实")
        walker.look("replace-named")
        walker.send()
        page.wait_for_url(re.compile(r"/works/job_\w+/$"))
        replacing.run_replace(**who, work_uid=job_of(page))
        page.reload()
        walker.look("replace-done")
        # The whole batch: what is unsold of it is marked, and it may be too much for the stock.
        walker.go(f"stock/replace/?batch={walker.sold_batch}")
        expect(page.locator("main")).to_contain_text("将标为问题卡的未售卡密")
        walker.look("replace-many")

    def test_export_behind_the_second_factor(self, walker: Walker):
        page = walker.page
        person, secret = User.objects.get(email=walker.shop.email), TOTP_SECRETS[walker.is_guide]
        Authenticator.objects.filter(user=person).delete()
        TOTP.activate(person, secret)
        step = int(time.time()) // STEP_SECONDS
        walker.go(f"stock/batches/{walker.batch}/")
        page.locator("[data-open=export-ask]").click()
        page.fill("#export-reason", "年度盘点")
        page.fill("#export-code", code_of(secret, step))
        walker.look("export")
        page.locator("#export-ask button[type=submit]").click()
        walker.run("export")
        page.fill("#fetch-code", code_of(secret, step + 1))
        walker.look("export-done")
        phrase = page.input_value("#passphrase")
        with page.expect_download() as fetched:
            walker.send()

        with pyzipper.AESZipFile(Path(fetched.value.path())) as archive:
            archive.setpassword(phrase.encode())
            lines = archive.read("cards.csv").splitlines()
        levels = stock.batch(merchant_id=walker.shop.merchant_id, uid=walker.batch).levels
        assert len(lines) == 1 + levels.total


class TestStock:
    def test_what_expires_soon(self, walker: Walker):
        shop = walker.shop
        work = vault.import_cards(
            merchant_id=shop.merchant_id,
            actor=Actor("user", None, shop.email, ""),
            file_uid=vault.seal_lines(
                merchant_id=shop.merchant_id,
                lines=[f"SOON-{n}----{walker.pool}{n}" for n in range(30)],
            ),
            request=vault.ImportRequest(
                sku_uid=shop.skus[3],
                purchase=vault.Purchase(
                    supplier="鲜果源", unit_cost_minor=5_600, valid_until=in_days(20)
                ),
            ),
        )
        vault.run_import(merchant_id=shop.merchant_id, work_uid=work)
        walker.go("stock/expiring/?days=30")
        expect(walker.page.locator("main")).to_contain_text("鲜果源")
        walker.look("expiring")

    def test_pools(self, walker: Walker):
        page = walker.page
        walker.go("stock/pools/")
        walker.look("pools-empty")
        for name in (walker.pool, "企业客户（华东区域大客户专用，勿动）" * 2):
            page.fill("main form[action$='/new/'] input[name=name]", name)
            page.locator("main form[action$='/new/'] button").click()
            expect(page.locator("main")).to_contain_text(name)
        walker.go(f"stock/change/?batch={walker.batch}&change=pool")
        page.select_option("#id_target", label=walker.pool)
        page.fill("#id_reason", "活动预留")
        walker.send()
        walker.run("change")
        walker.go("stock/pools/")
        walker.look("pools")
        page.locator("tr", has_text="企业客户").locator("[data-open^=delete-]").click()
        walker.look("pool-delete")
        page.locator("dialog[open] button[type=submit]").click()
        expect(page.locator("main")).not_to_contain_text("企业客户")

    def test_goods(self, walker: Walker):
        make = Make(walker.shop.merchant_id)
        sku = make.goods(low_stock_at=500)
        actor = Actor("user", None, walker.shop.email, "")
        east = goods.create_warehouse(
            merchant_id=walker.shop.merchant_id,
            actor=actor,
            name="华东仓" if walker.is_guide else "华南仓",
        )
        make.received(sku, 1200, cost=3_150, note="首批到货")
        make.adjusted(sku, -12, reason="受潮报废，已拍照")
        make.sent(sku, 60, east)
        walker.go(f"stock/goods/{sku}/")
        walker.look("goods", whole=True)
        walker.go("stock/warehouses/")
        walker.look("warehouses")

    def test_alerts(self, walker: Walker):
        walker.go("notices/")
        expect(walker.page.locator("main")).to_contain_text("库存不足")
        walker.look("alerts")
        walker.go("stock/")
        walker.look("stock")
        walker.go("works/")
        walker.look("works")
        walker.go("stock/purchase/")
        walker.look("purchase")
        walker.go("settings/move/")
        walker.look("migration")

    def test_aftersales(self, walker: Walker):
        uid = some_complaints(walker.shop.merchant_id)
        page = walker.page
        walker.go("aftersales/?state=ours")
        walker.look("cases")
        walker.go(f"aftersales/{uid}/")
        page.locator(".talk img").wait_for()
        walker.look("case", whole=True)
        walker.go(f"aftersales/{uid}/decide/refund/")
        page.check("[name=way][value=by_hand]")
        page.fill("#id_reason", "核实卡密已被他人使用，全额退款")
        walker.send()
        expect(page.locator("main")).to_contain_text("无法撤销")
        walker.look("case-decide")
        walker.go("aftersales/replies/")
        walker.look("replies")
        walker.go("reviews/")
        walker.look("reviews")

    def test_the_desk_of_orders(self, walker: Walker):
        """Orders, one with a change that is asked for, what is late, and who bought and works."""
        shop = walker.shop
        who: dict[str, Any] = {"merchant_id": shop.merchant_id}
        paid = orders.orders_page(**who, where=OrderFilter(state=OrderState.DELIVERED)).rows
        for row in paid:
            linking.remember_buyer(**who, number=row.number, way=ConsentWay.CHECKOUT)
        other = "13800138000" if walker.is_guide else "13800138001"
        exceptions.ask_change(
            **who,
            number=paid[0 if walker.is_guide else 1].number,
            wish=ChangeWish(phone=other),
            actor=SYSTEM,
        )
        some_visits(shop.merchant_id)
        buyer = customers.customers_page(**who).rows[0]
        with_tags(shop.merchant_id, buyer.uid)
        number = paid[-1].number
        for name, path in (
            ("order", f"orders/{number}/"),
            ("refund", f"orders/{number}/refund/"),
            ("exceptions", "exceptions/"),
            ("deadlines", "deadlines/"),
            ("customers", "customers/"),
            ("customer", f"customers/{buyer.uid}/"),
            ("roles", "roles/"),
            ("operator-visits", "operator-visits/"),
        ):
            walker.go(path)
            walker.look(name)

    def test_menus_of_the_stock(self, walker: Walker):
        page = walker.page
        walker.go("stock/")
        for name, opener in (("find", "查询卡密"), ("more", "更多")):
            page.locator(".ph summary", has_text=opener).click()
            assert_inside(page, ".ph details[open] > .menu-b")
            walker.look(f"menu-{name}")
            page.keyboard.press("Escape")
            page.locator(".ph summary", has_text=opener).focus()
        walker.go(f"stock/cards/?sku={walker.shop.skus[0]}")
        page.locator(".filters summary").click()
        assert_inside(page, ".filters details[open] > .menu-b")
        walker.look("menu-filters")


def test_the_guide_shows_every_picture_that_there_is():
    folder = GUIDE_TEXT.parents[1] / "images" / "guide"

    assert {picture.stem for picture in folder.glob("*.png")} == PICTURES
