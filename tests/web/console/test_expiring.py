"""V8: what expires is not sold, is told to the staff once, and stands in a report."""

import csv
import io
import re
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from kacang.catalog.models import Strategy
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict
from kacang.vault import operations, queries
from kacang.vault.card_ids import seal_card_id
from kacang.vault.models import Batch, Card
from kacang.web.mails import stock as stock_mails
from tests import make
from tests.messages.belling import bell

PAGE = "/console/stock/expiring/"


def choose(merchant, **values):
    merchants.change_settings(merchant_id=merchant, values=values, actor=SYSTEM)


def expiring_stock(merchant, **values):
    """Three cards that expire in two days, two in twenty, one that never does."""
    made = make.sku(merchant, cards=1, cost=250, **values)
    make.stock(made, 3, expires_in="2 days")
    make.stock(made, 2, expires_in="20 days")
    with acting_as(merchant):
        ids = sorted(Card.objects.filter(batch_id=made.batch.pk).values_list("id", flat=True))
        Batch.objects.filter(merchant_id=merchant, id=made.batch.pk).update(
            supplier="=蜂鸟", first_card_id=ids[0], last_card_id=ids[-1]
        )
    return made


def freeze(made, cards: int) -> None:
    """Hold back those that expire first."""
    with acting_as(made.merchant_id):
        rows = Card.objects.filter(batch_id=made.batch.pk, expires_at__isnull=False)
        ids = list(rows.order_by("expires_at").values_list("id", flat=True)[:cards])
    uids = [seal_card_id(cipher_for(made.merchant_id), card_id) for card_id in ids]
    operations.freeze_cards(
        merchant_id=made.merchant_id, actor=SYSTEM, card_uids=uids, reason="recall"
    )


class TestExpiry:
    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_no_strategy_sells_what_is_over_though_no_job_ran(self, merchant, strategy):
        made = make.sku(merchant, cards=0, strategy=strategy)
        make.stock(made, 2, expires_in="-1 second")
        make.account(merchant)

        with pytest.raises(Conflict) as refused:
            make.order(made)

        assert refused.value.code == "vault.sold_out"
        assert make.card_states(made) == {queries.CardState.AVAILABLE: 2}
        assert operations.expire_cards(merchant_id=merchant) == 2
        assert make.card_states(made) == {queries.CardState.EXPIRED: 2}


class TestReport:
    def test_counts_by_batch_what_expires_in_each_window(self, merchant, owner):
        made = expiring_stock(merchant)

        texts = {days: owner.get(f"{PAGE}?days={days}").content.decode() for days in (7, 30, 90)}

        for days, cards, cost in ((7, 3, "7.50"), (30, 5, "12.50"), (90, 5, "12.50")):
            assert f"<dd>{cards}</dd>" in texts[days]
            assert cost in texts[days]
            assert made.batch.number in texts[days]

    def test_each_number_leads_to_just_these_cards(self, merchant, owner):
        expiring_stock(merchant)

        page = owner.get(f"{PAGE}?days=7").content.decode()
        found = re.search(r'href="(/console/stock/cards/\?[^"]+)">3<', page)
        assert found
        cards = owner.get(found[1].replace("&amp;", "&")).content.decode()

        assert len(set(re.findall(r"crd_[0-9a-f]{32}", cards))) == 3

    def test_csv_has_the_same_and_no_formula(self, merchant, owner):
        made = expiring_stock(merchant)

        answer = owner.get(f"{PAGE}?days=30&format=csv")

        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert (row["Batch"], row["Cards"]) == (made.batch.number, "5")
        assert (row["Purchase price"], row["Currency"], row["Supplier"]) == (
            "12.50",
            "CNY",
            "'=蜂鸟",
        )

    def test_xlsx_has_the_same_as_text_and_numbers(self, merchant, owner):
        made = expiring_stock(merchant)

        answer = owner.get(f"{PAGE}?days=30&format=xlsx")

        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        head, row = book.get_sheet_by_index(0).to_python()
        cells = dict(zip(head, row, strict=True))
        assert (cells["Batch"], cells["Cards"]) == (made.batch.number, 5)
        assert (cells["Purchase price"], cells["Supplier"]) == (12.5, "=蜂鸟")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
            assert b"<f" not in parts.read("xl/worksheets/sheet1.xml")

    def test_frozen_cards_are_in_it_and_apart(self, merchant, owner):
        made = expiring_stock(merchant)
        freeze(made, 2)

        page = owner.get(f"{PAGE}?days=7").content.decode()
        (row,) = csv.DictReader(
            io.StringIO(owner.get(f"{PAGE}?days=7&format=csv").content.decode("utf-8-sig"))
        )

        assert "Frozen cards that expire</dt><dd>2<" in page
        assert (row["Cards"], row["Frozen"], row["Purchase price"]) == ("1", "2", "7.50")
        found = re.search(r'href="(/console/stock/cards/\?[^"]+state=frozen[^"]+)"', page)
        assert found
        cards = owner.get(found[1].replace("&amp;", "&")).content.decode()
        assert len(set(re.findall(r"crd_[0-9a-f]{32}", cards))) == 2

    def test_frozen_ones_alone_are_told_to_nobody(self, merchant):
        made = expiring_stock(merchant)
        freeze(made, 3)

        assert stock_mails.tell_expiring(merchant_id=merchant) == 0

    def test_is_grouped_by_supplier_with_sums(self, merchant, owner):
        expiring_stock(merchant)
        other = make.sku(merchant, cards=0, cost=100)
        make.stock(other, 4, expires_in="3 days")

        page = owner.get(f"{PAGE}?days=7&by=supplier").content.decode()

        groups = re.findall(r"<h2>([^<]+)</h2><span[^>]*>([^<]+)", page)
        assert [(name, words.split(" · ")[0].strip()) for name, words in groups] == [
            ("=蜂鸟", "3 cards"),
            ("No supplier", "4 cards"),
        ]

    def test_is_empty_for_others(self, merchant, other_merchant, owner, work):
        expiring_stock(other_merchant)

        assert "Nothing expires in this time" in owner.get(PAGE).content.decode()
        assert work("sales").get(PAGE).status_code == 403


class TestReminder:
    def test_is_told_once_in_each_span(self, merchant):
        made = expiring_stock(merchant)

        told = [stock_mails.tell_expiring(merchant_id=merchant) for _ in range(3)]
        choose(merchant, expiry_notice_days=30)
        wider = [stock_mails.tell_expiring(merchant_id=merchant) for _ in range(2)]

        assert (told, wider) == ([1, 0, 0], [1, 0])
        newest, first = bell(merchant)
        assert (first.title, first.target) == (
            "Cards of Video · Year expire soon",
            ("sku", made.sku.uid),
        )
        assert first.line == "3 cards on sale expire within 7 days."
        assert newest.line == "5 cards on sale expire within 30 days."

    def test_can_be_switched_off(self, merchant):
        expiring_stock(merchant)
        choose(merchant, expiry_notice_days=0)

        assert stock_mails.tell_expiring(merchant_id=merchant) == 0
