"""Packing slips: what is on them, what is not, and that a second one says so (D5)."""

import io
import re
import zipfile
import zlib

import pytest

from kacang.merchants.audit import Actor
from kacang.orders.errors import BadColumns
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.slips import drawing, operations, running
from kacang.orders.slips.drawing import Slip, SlipLine, SlipWords
from kacang.orders.slips.operations import SlipsRequest, UnknownSlips
from kacang.outbox import queries as works
from kacang.outbox.work import WorkState
from kacang.shared.clock import utc_now
from tests import make
from tests.orders.batches.conftest import Shop
from tests.stock.conftest import ACTOR

WORDS = SlipWords(*["发货单", "订单号", "下单", "买家", "收件人", "商品", "件数", "合计", "补打第"])


class Press(Shop):
    """A shop that prints."""

    def printed(self, *numbers: str, size: str = "label"):
        uid = operations.start_slips(
            merchant_id=self.merchant, actor=ACTOR, now=utc_now(),
            request=SlipsRequest(OrderFilter(numbers=numbers), size, "zh-hans"),
        )  # fmt: skip
        operations.run_slips(merchant_id=self.merchant, work_uid=uid)
        return works.work(merchant_id=self.merchant, uid=uid)

    def fetched(self, uid: str, actor: Actor = ACTOR) -> tuple[str, bytes]:
        name, pieces = operations.fetch_slips(merchant_id=self.merchant, actor=actor, uid=uid)
        return name, b"".join(pieces)


@pytest.fixture
def shop(merchant) -> Press:
    return Press(merchant)


@pytest.fixture
def told(monkeypatch) -> list[Slip]:
    """What is drawn: a PDF's glyphs are not read back."""
    slips: list[Slip] = []
    real = drawing.slips_pdf

    def spying(given, **how):
        slips.extend(given)
        return real(given, **how)

    monkeypatch.setattr(running, "slips_pdf", spying)
    return slips


def slip(**more) -> Slip:
    values = {
        "number": "20261126ABCDEFGH00", "placed": "2026-11-26 10:00",
        "lines": [SlipLine("坚果礼盒", "一箱", 2)], "buyer": "****2716", "recipient": [],
        "printed_before": 0,
    }  # fmt: skip
    return Slip(**{**values, **more})


class TestDrawing:
    @pytest.mark.parametrize(
        ("size", "box"), [("a4", b"595.28 841.89"), ("label", b"283.46 425.20")]
    )
    def test_D5_the_paper_has_its_size_and_the_font_is_inside(self, size, box):
        body = drawing.slips_pdf([slip()], shop="鹿鸣坚果", size=size, words=WORDS)

        assert body.startswith(b"%PDF-")
        assert box in body
        assert b"/FontFile2" in body
        assert b"WenQuanYi" in body
        assert len(body) < 200_000, "only the letters that are used are inside"

    def test_D5_each_order_begins_a_page_and_a_long_one_goes_on(self):
        many = [SlipLine(f"商品 {n} {'长' * 40}", "一箱", 1) for n in range(60)]

        body = drawing.slips_pdf(
            [slip(), slip(lines=many), slip()], shop="店", size="label", words=WORDS
        )

        pages = len(re.findall(rb"/Type /Page\b", body))
        assert pages > 5

    def test_D5_letters_that_the_font_has_not_stop_nothing(self):
        body = drawing.slips_pdf(
            [slip(lines=[SlipLine("🥜 礼盒 \u202e x", "", 1)])], shop="😀", size="a4", words=WORDS
        )

        assert body.startswith(b"%PDF-")


class TestJob:
    def test_D5_paid_orders_of_goods_get_one_each(self, shop, told):
        sku = shop.nuts()
        one, two = shop.many(sku, 2, pieces=3)
        unpaid = shop.place((sku, 1))

        item = shop.printed(one.number, two.number, unpaid.number)

        assert (item.state, item.result["slips"]) == (WorkState.DONE, 2)
        assert item.result["left_out"] == 1
        assert [each.number for each in told] == [one.number, two.number]
        assert told[0].lines == [SlipLine("坚果礼盒", "一箱", 3)]
        name, body = shop.fetched(item.uid)
        assert name == "发货单.pdf"
        assert body.startswith(b"%PDF-")

    def test_D5_a_second_print_says_that_it_is_one(self, shop, told):
        (one,) = shop.many(shop.nuts(), 1)
        shop.printed(one.number)

        shop.printed(one.number)

        assert [each.printed_before for each in told] == [0, 1]

    def test_D5_no_code_and_no_whole_contact_is_on_it(self, shop, told):
        sku, made = shop.nuts(), make.sku(shop.merchant)
        placed = shop.place((sku, 1), (made.sku.uid, 1))
        shop.pay(placed)

        item = shop.printed(placed.number)

        (only,) = told
        assert [line.title for line in only.lines] == ["坚果礼盒"]
        assert "@" not in str(only)
        _, body = shop.fetched(item.uid)
        inside = b"".join(
            zlib.decompress(found)
            for found in re.findall(rb"stream\r?\n(x\x9c.*?)\r?\nendstream", body, re.DOTALL)
        )
        assert not any(code.encode() in inside + body for code in made.codes)

    def test_D5_many_come_in_parts_in_a_zip(self, shop, monkeypatch):
        monkeypatch.setattr(running, "AT_ONCE", 2)
        placed = shop.many(shop.nuts(), 5)

        item = shop.printed(*(one.number for one in placed))

        name, body = shop.fetched(item.uid)
        assert name == "发货单.zip"
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.namelist() == ["001.pdf", "002.pdf", "003.pdf"]

    def test_D5_they_are_for_who_asked(self, shop, other_merchant):
        (one,) = shop.many(shop.nuts(), 1)
        item = shop.printed(one.number)

        with pytest.raises(UnknownSlips):
            shop.fetched(item.uid, Actor("user", 8, "x", ""))
        with pytest.raises(works.UnknownWork):
            operations.fetch_slips(merchant_id=other_merchant, actor=ACTOR, uid=item.uid)

    def test_D5_unknown_paper_is_refused(self, shop):
        with pytest.raises(BadColumns):
            shop.printed("X", size="a0")
