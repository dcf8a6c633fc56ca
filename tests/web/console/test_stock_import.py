"""Importing at the desk whatever people have: files as cards, blocks, other separators (V2)."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from kacang.vault.reading.layouts import Wishes, settle_layout
from kacang.vault.reading.lines import REASONS
from kacang.vault.reading.sources import open_source
from kacang.web import import_words
from kacang.web.import_words import PROBLEMS, file_problem
from tests.vault.test_attachments import PNG, zipped
from tests.web.console.goods import a_sku
from tests.web.console.test_stock import checked, job_of, level, loaded, sent

SOURCES = Path("src/kacang/vault")


@pytest.fixture
def sku(merchant):
    return a_sku(merchant)


def upload(name, content):
    return SimpleUploadedFile(name, content)


def again(client, merchant_id, uid, **values):
    uid = job_of(client.post(f"/console/stock/checks/{uid}/again/", values))
    operations.run_check(merchant_id=merchant_id, work_uid=uid)
    return uid


def page_of(client, uid):
    return client.get(f"/console/stock/checks/{uid}/").content.decode()


def opened(merchant_id, actor_uid, work_uid):
    work = works.work(merchant_id=merchant_id, uid=work_uid)
    page = queries.cards_of_batch(merchant_id=merchant_id, batch_uid=work.result["batch"])
    return operations.reveal(
        merchant_id=merchant_id, card_uids=[card.uid for card in page.items], actor=actor_uid,
        reason="test",
    )  # fmt: skip


class TestFiles:
    def test_several_at_once_are_a_card_each(self, owner, merchant, sku):
        sent_files = [upload(f"{number}.png", PNG + b"%d" % number) for number in range(3)]

        uid = checked(owner, merchant, sku, lines="", file=sent_files, unit="file")

        page = page_of(owner, uid)
        assert "Load 3 cards" in page
        assert "0.png (1 KB)" in page
        assert "Each file is a card" in page
        loaded(owner, merchant, uid)
        assert level(merchant, sku).available == 3

    def test_in_a_zip_are_told_apart(self, owner, merchant, sku):
        body = zipped(("a.png", PNG), ("b.exe", b"MZ\0"), ("c.png", PNG))

        uid = checked(owner, merchant, sku, lines="", file=upload("a.zip", body), unit="file")

        page = page_of(owner, uid)
        assert "Load 1 card" in page
        assert "Neither picture nor text" in page
        assert "Twice in the file" in page

    def test_are_several_only_when_they_are_cards(self, owner, merchant, sku):
        answer = owner.post(
            f"/console/stock/{sku}/import/",
            {"file": [upload("a.txt", b"A"), upload("b.txt", b"B")], "lines": ""},
        )

        assert answer.status_code == 422
        assert "Several files at once must be cards each" in answer.content.decode()

    def test_show_to_staff_who_say_why(self, owner, merchant, sku):
        files = [upload("码.png", PNG), upload("a.txt", "密码：一二三".encode("gb18030"))]
        uid = checked(owner, merchant, sku, lines="", file=files, unit="file")
        work = works.work(merchant_id=merchant, uid=loaded(owner, merchant, uid))
        batch = work.result["batch"]
        cards = queries.cards_of_batch(merchant_id=merchant, batch_uid=batch).items

        answers = [
            owner.post(
                "/console/stock/cards/reveal/", {"card": card.uid, "reason": "核对"}
            ).content.decode()
            for card in cards
        ]

        assert 'src="data:image/png;base64,' in answers[0]
        assert "码.png" in answers[0]
        assert "密码：一二三" in answers[1]
        assert 'download="a.txt"' in answers[1]


class TestReading:
    def test_pasted_blocks_are_cards_of_several_lines(self, owner, merchant, sku):
        text = "-----BEGIN-----\r\nAAA\r\n-----END-----\r\n\r\n-----BEGIN-----\r\nBBB\r\n"

        uid = checked(owner, merchant, sku, lines=text, unit="block")

        assert "several lines a card" in page_of(owner, uid)
        loaded(owner, merchant, uid)
        found = queries.find_cards(merchant_id=merchant, code="-----BEGIN-----\nAAA\n-----END-----")
        assert len(found) == 1
        assert level(merchant, sku).available == 2

    def test_a_separator_is_chosen_after_the_look(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku, lines="u1 p1\nu2 p2\n")
        assert '<option value="none" selected>' in page_of(owner, uid)

        uid = again(owner, merchant, uid, separator=" ", unit="line", block_end="",
                    **{"column-0": "secret", "header": "no"})  # fmt: skip
        loaded(owner, merchant, uid)

        assert queries.find_cards(merchant_id=merchant, number="u1", code="p1")

    def test_keys_are_found_and_may_be_chosen_otherwise(self, owner, merchant, sku):
        uid = checked(owner, merchant, sku, lines="账号: u1 密码: p1\n账号: u2 密码: p2\n")
        assert '<option value="pairs" selected>' in page_of(owner, uid)

        uid = again(owner, merchant, uid, separator="pairs", unit="line", block_end="",
                    **{"column-0": "secret", "column-1": "", "column-2": ""})  # fmt: skip
        loaded(owner, merchant, uid)

        assert queries.find_cards(merchant_id=merchant, code="账号: u1 密码: p1")

    def test_is_loaded_as_it_was_shown(self, owner, merchant, sku):
        """Another import of the same supplier in between does not change what was agreed to."""
        body = upload("a.csv", b"p1,u1\np2,u2\n")
        uid = checked(owner, merchant, sku, lines="", file=body, supplier="同一家")
        other = checked(owner, merchant, sku, lines="", file=upload("b.csv", b"q1,v1\n"),
                        supplier="同一家")  # fmt: skip
        other = again(owner, merchant, other, **{"column-0": "secret", "column-1": "number"})
        loaded(owner, merchant, other)

        loaded(owner, merchant, uid)

        assert queries.find_cards(merchant_id=merchant, number="p1", code="u1")
        assert queries.find_cards(merchant_id=merchant, number="v1", code="q1")

    def test_offers_the_columns_when_none_is_the_code(self, owner, merchant, sku):
        body = upload("a.csv", "卡号,备注\nK1,x\n".encode())
        uid = checked(owner, merchant, sku, lines="", file=body)

        page = page_of(owner, uid)
        assert "No column was recognised as the code" in page
        assert 'name="column-1"' in page
        uid = again(owner, merchant, uid, **{"column-0": "secret", "header": "yes"})

        assert "Load 1 card" in page_of(owner, uid)

    def test_costs_are_shown(self, owner, merchant, sku):
        body = upload("a.csv", "卡密,成本\nA,12.5\n".encode())
        uid = checked(owner, merchant, sku, lines="", file=body)

        assert "¥12.50" in page_of(owner, uid)


class TestWords:
    @pytest.mark.parametrize(
        ("name", "body", "words"),
        [
            ("a.xlsx", b"no workbook", "这不是 .xlsx 表格"),
            ("a.csv", b'a,"b\nc,d\n', "从第 1 行起，有引号没有闭合"),
            ("a.txt", b"abc\xff\xfe\xff", "文本编码无法识别"),
            ("a.txt", b"%PDF-1.7\n\x01", "这既不是文本，也不是表格"),
            ("a.txt", b"A\n" * 1_048_577, "文件超过 1048576 行"),
        ],
    )
    def test_say_what_is_wrong_with_a_file(self, owner, merchant, sku, name, body, words):
        uid = sent(owner, sku, lines="", file=upload(name, body))
        operations.run_check(merchant_id=merchant, work_uid=uid)
        owner.cookies["kacang_console_language"] = "zh-hans"

        with translation.override("zh-hans"):
            problem = file_problem(works.work(merchant_id=merchant, uid=uid).result)

        assert words in problem
        assert works.work(merchant_id=merchant, uid=uid).state is WorkState.FAILED
        assert level(merchant, sku).total == 0
        assert "could not be read" not in page_of(owner, uid)

    def test_there_are_some_for_every_problem_and_reason(self):
        source = "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py"))
        named = set(re.findall(r'BadFile\(\s*problem="(\w+)"', source))
        named |= {f"not_{kind}" for kind in ("xlsx", "xls", "ods")}

        assert len(named) > 15
        assert named - set(PROBLEMS) == set()
        assert set(import_words.REASONS) == set(REASONS)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_template_is_read_as_it_is_meant(work, merchant, sku, language):
    client = work("stock_keeper", language)
    page = client.get(f"/console/stock/{sku}/import/").content.decode()
    assert 'href="/console/stock/template/"' in page

    answer = client.get("/console/stock/template/")

    assert "attachment" in answer["Content-Disposition"]
    source = open_source(answer.content, "template.xlsx")
    rows = [row for row in source.rows() if not row.is_blank]
    layout = settle_layout(rows, Wishes(), None, source)
    assert layout.columns == {"number": 0, "secret": 1, "expires": 2, "remark": 3, "cost": 4}
    assert (layout.has_header, len(rows)) == (True, 1)
