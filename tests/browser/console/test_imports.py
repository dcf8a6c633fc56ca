"""Importing in a real browser: errors to take home, files as cards, another way of reading (V2)."""

import io
import re
import zlib
from pathlib import Path
from struct import pack

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from kacang.outbox import queries as works
from kacang.vault import operations as vault
from tests.browser.console.shop import Shop
from tests.browser.console.test_walks import job_of
from tests.browser.harness import assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser


def picture(shade: int) -> bytes:
    """A real PNG of 120 × 120 points in one shade."""
    rows = (b"\0" + bytes([shade, 90, 200]) * 120) * 120

    def chunk(kind: bytes, body: bytes) -> bytes:
        return pack(">L", len(body)) + kind + body + pack(">L", zlib.crc32(kind + body))

    head = pack(">LLBBBBB", 120, 120, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def start(page: Page, sku: str, *files: Path) -> None:
    page.goto(f"/console/stock/{sku}/import/")
    page.set_input_files("input[name=file]", list(files))


def check(page: Page, shop: Shop) -> None:
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/checks/**")
    vault.run_check(merchant_id=shop.merchant_id, work_uid=job_of(page))


def load(page: Page, shop: Shop) -> str:
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/works/**")
    uid = job_of(page)
    vault.run_import(merchant_id=shop.merchant_id, work_uid=uid)
    return uid


class TestImport:
    def test_errors_are_taken_home_and_the_good_lines_kept(self, desk, busy: Shop, tmp_path):
        file = tmp_path / "到货.csv"
        file.write_text(
            "卡号,卡密,有效期,成本\nEK-1,4Q7K-1111,2099-12-31,12.5\nEK-2,,2099-12-31,12.5\n"
            "EK-3,4Q7K-3333,改天,12.5\nEK-1,4Q7K-1111,2099-12-31,12.5\nEK-5,4Q7K-5555,,免费\n",
            "gb18030",
        )
        start(desk, busy.skus[1], file)
        shot(desk, "import-1440")
        check(desk, busy)

        expect(desk.locator("main")).to_contain_text("入库 1 条")
        expect(desk.locator("table.tbl tbody tr")).to_have_count(5)
        assert_axe(desk)
        shot(desk, "check-errors-1440")
        with desk.expect_download() as caught:
            desk.get_by_role("link", name=re.compile("原因")).click()
        book = CalamineWorkbook.from_filelike(io.BytesIO(Path(caught.value.path()).read_bytes()))
        assert [row[:3] for row in book.get_sheet_by_index(0).to_python()] == [
            ["行号", "位置", "列"],
            [3, "3:2", "卡密"],
            [4, "4:3", "有效期"],
            [5, "5:2", "卡密"],
            [6, "6:4", "成本"],
        ]
        uid = load(desk, busy)

        expect(desk.locator("main")).to_contain_text("撤销批次")
        assert works.work(merchant_id=busy.merchant_id, uid=uid).result["stocked"] == 1
        desk.locator("[data-open=undo-ask]").click()
        desk.locator("#undo-ask button.btn-danger").click()
        expect(desk.locator("main")).to_contain_text("已撤销")

    def test_pictures_are_cards(self, desk, busy: Shop, tmp_path):
        files = [tmp_path / f"提货码-{shade}.png" for shade in (10, 20)]
        for file, shade in zip(files, (10, 20), strict=True):
            file.write_bytes(picture(shade))
        start(desk, busy.skus[1], *files)
        expect(desk.locator("[data-file-name]")).to_have_text("提货码-10.png, 提货码-20.png")
        desk.locator("main details summary").click()
        desk.select_option("#id_unit", "file")
        assert_axe(desk)
        shot(desk, "import-files-1440")
        check(desk, busy)
        expect(desk.locator("main")).to_contain_text("入库 2 条")
        assert_axe(desk)
        shot(desk, "check-files-1440")
        load(desk, busy)
        desk.goto(f"/console/stock/{busy.skus[1]}/")
        desk.locator("tbody a").first.click()
        desk.locator("[data-card-act=reveal]").first.click()
        desk.fill("#reveal-card-reason", "核对供货")
        desk.locator("#reveal-card button[type=submit]").click()

        shown = desk.locator("#revealed img")
        expect(shown).to_be_visible()
        assert shown.evaluate("image => image.naturalWidth") == 120
        assert_axe(desk)
        shot(desk, "revealed-file-1440")

    def test_is_read_in_another_way_on_a_phone(self, handheld, busy: Shop, tmp_path):
        file = tmp_path / "accounts.txt"
        file.write_text("user-1 word-1\nuser-2 word-2\n", "utf-8")
        start(handheld, busy.skus[2], file)
        assert_fits(handheld)
        shot(handheld, "import-390")
        check(handheld, busy)
        expect(handheld.locator("main")).to_contain_text("入库 2 条")
        handheld.locator("main details summary").click()
        handheld.select_option("#separator", " ")
        assert_axe(handheld)
        assert_fits(handheld)
        shot(handheld, "check-390")
        before = job_of(handheld)
        handheld.get_by_role("button", name="重新检查").click()
        handheld.wait_for_url(lambda url: before not in url)
        vault.run_check(merchant_id=busy.merchant_id, work_uid=job_of(handheld))

        expect(handheld.locator("table.tbl tbody tr").first).to_contain_text("user-1")
        assert_fits(handheld)

    def test_what_cannot_be_read_is_said(self, desk, busy: Shop, tmp_path):
        file = tmp_path / "cards.csv"
        file.write_text("卡号,备注\nEK-1,一\n", "utf-8")
        start(desk, busy.skus[1], file)
        check(desk, busy)

        expect(desk.locator("main")).to_contain_text("没有识别出卡密所在的列")
        expect(desk.locator("#column-1")).to_be_visible()
        assert_axe(desk)
        shot(desk, "check-failed-1440")
