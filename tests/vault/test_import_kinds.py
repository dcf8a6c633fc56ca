"""V2: cards that are files, cards with a cost, layouts that are remembered, what a check shows."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from python_calamine import CalamineWorkbook

from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.outbox.queries import WorkState
from kacang.shared.zips import packed
from kacang.vault import operations, queries
from tests.vault.conftest import ACTOR
from tests.vault.test_attachments import PNG, zipped
from tests.vault.test_crash import stocked_minor

FILES = operations.Wishes(unit="file")


class TestFiles:
    def test_L11_come_out_byte_for_byte_and_lie_sealed(self, merchant, make):
        sku = make.sku()
        text = "账号: x\r\n密码: y\n\n".encode("gb18030")

        work = make.imported(
            sku, zipped(("一.png", PNG), ("二.txt", text)), "cards.zip", wishes=FILES
        )

        assert (work.state, work.result["stocked"]) == (WorkState.DONE, 2)
        opened = make.opened(work.result["batch"])
        assert [(card.file.name, card.file.content_type, card.file.content) for card in opened] == [
            ("一.png", "image/png", PNG),
            ("二.txt", "text/plain", text),
        ]
        assert [(card.number, card.secret) for card in opened] == [("", ""), ("", "")]
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select string_agg(card::text, ' ') from card where merchant_id = %s::bigint",
                [merchant],
            )
            lying = cursor.fetchone()[0]
        assert "png" in lying
        assert "一.png" not in lying
        assert PNG[20:60].hex() not in lying

    def test_that_are_wrong_are_told_by_name(self, merchant, make):
        body = zipped(("good.png", PNG), ("a.exe", b"MZ\0\1"), ("big.txt", b"x" * 65_537),
                      ("same.png", PNG))  # fmt: skip

        work = make.imported(make.sku(), body, "cards.zip", wishes=FILES, language="en")

        assert work.result["stocked"] == 1
        assert work.result["reasons"] == {
            "duplicate_in_file": 1, "file_kind": 1, "file_too_large": 1,
        }  # fmt: skip
        report = files.read(merchant_id=merchant, uid=work.result["error_file"])
        table = CalamineWorkbook.from_filelike(io.BytesIO(report)).get_sheet_by_index(0).to_python()
        assert [row[:2] for row in table[1:]] == [[2, "a.exe"], [3, "big.txt"], [4, "same.png"]]

    def test_that_were_sent_together_are_one_import(self, merchant, make):
        uploads = [
            SimpleUploadedFile(f"{number}.png", PNG + bytes([number]) + b"end")
            for number in range(100)
        ]
        uid = operations.seal_files(merchant_id=merchant, uploads=uploads)

        job = make.start(sku := make.sku(), uid, wishes=FILES)
        operations.run_import(merchant_id=merchant, work_uid=job)

        assert make.level(sku).available == 100

    @pytest.mark.parametrize("count", [0, 101])
    def test_are_at_most_a_hundred_sent_together(self, merchant, count):
        uploads = [SimpleUploadedFile(f"{number}.png", PNG) for number in range(count)]
        with pytest.raises(operations.NothingToImport):
            operations.seal_files(merchant_id=merchant, uploads=uploads)

    def test_are_all_there_or_none_when_so_asked(self, merchant, make):
        sku = make.sku()
        body = zipped(("a.png", PNG), ("b.exe", b"MZ\0\1"))

        work = make.imported(sku, body, "cards.zip", wishes=FILES, keep_good=False)

        assert (work.state, work.error) == (WorkState.FAILED, "vault.import_refused")
        assert make.level(sku).total == 0

    def test_many_come_in_little_by_little(self, merchant, make):
        sku = make.sku()
        body = b"".join(
            packed((f"{n}.png", PNG + n.to_bytes(4, "big") + b"end") for n in range(450))
        )

        work = make.imported(sku, body, "cards.zip", wishes=FILES)

        assert work.result["stocked"] == 450
        assert len({card.file.content for card in make.opened(work.result["batch"])}) == 450

    def test_are_undone_without_a_trace(self, merchant, make):
        sku = make.sku()
        work = make.imported(sku, zipped(("a.png", PNG)), "cards.zip", wishes=FILES)

        operations.undo_batch(merchant_id=merchant, batch_uid=work.result["batch"], actor=ACTOR)

        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select length(secret), content_type, file_name from card"
                " where merchant_id = %s::bigint",
                [merchant],
            )
            assert cursor.fetchall() == [(0, None, None)]
        assert make.imported(sku, zipped(("a.png", PNG)), "c.zip", wishes=FILES).result[
            "stocked"
        ] == 1  # fmt: skip


class TestCosts:
    def test_of_single_cards_are_booked_and_taken_back(self, merchant, make):
        sku = make.sku()
        body = "卡密,成本\nA,1.50\nB,¥2\nC,\nD,0\n".encode()
        purchase = operations.Purchase(unit_cost_minor=1000)

        work = make.imported(sku, body, "a.csv", purchase=purchase)

        assert work.result["stocked"] == 4
        assert stocked_minor(merchant) == 150 + 200 + 1000 + 0
        priced = make.cards(work.result["batch"])
        operations.void_cards(
            merchant_id=merchant,
            card_uids=[priced[0].uid, priced[2].uid],
            actor=ACTOR,
            reason="test",
        )
        assert stocked_minor(merchant) == 200

    def test_are_taken_back_with_their_batch(self, merchant, make):
        work = make.imported(
            make.sku(),
            "卡密,成本\nA,1.50\nC,\n".encode(),
            "a.csv",
            purchase=operations.Purchase(unit_cost_minor=1000),
        )
        assert stocked_minor(merchant) == 1150

        operations.undo_batch(merchant_id=merchant, batch_uid=work.result["batch"], actor=ACTOR)

        assert stocked_minor(merchant) == 0

    @pytest.mark.parametrize("cost", ["-1", "abc", "1.234", "1e12", "99999999999999"])
    def test_that_are_none_are_told(self, make, cost):
        work = make.imported(make.sku(), f"卡密,进价\nA,{cost}\nB,1\n".encode(), "a.csv")

        assert work.result["reasons"] == {"bad_cost": 1}
        assert work.result["stocked"] == 1


class TestRemembered:
    def loaded(self, make, body, name, **values):
        work = make.imported(make.sku(), body, name, **values)
        return [(card.number, card.secret) for card in make.opened(work.result["batch"])]

    def test_separators_and_blocks_hold_for_the_supplier(self, merchant, make):
        spaces = operations.Purchase(supplier="空格")
        ends = operations.Purchase(supplier="块")
        block = operations.Wishes(unit="block", block_end="==")
        self.loaded(make, b"a 1\nb 2\n", "a.txt", purchase=spaces,
                    wishes=operations.Wishes(separator=" "))  # fmt: skip
        self.loaded(make, b"k\n1\n==\nk\n2\n", "a.txt", purchase=ends, wishes=block)

        assert self.loaded(make, b"c 3\nd 4\n", "b.txt", purchase=spaces) == [
            ("c", "3"),
            ("d", "4"),
        ]
        assert self.loaded(make, b"k\n3\n==\nk\n4\n", "b.txt", purchase=ends) == [
            ("", "k\n3"),
            ("", "k\n4"),
        ]
        # Another file of theirs that does not look like it is read for itself.
        assert self.loaded(make, b"e----5\nf----6\n", "c.txt", purchase=spaces) == [
            ("e", "5"),
            ("f", "6"),
        ]

    def test_headings_that_nobody_else_knows_hold_too(self, merchant, make):
        purchase = operations.Purchase(supplier="自造")
        wishes = operations.Wishes(columns={"secret": 1}, has_header=True)
        self.loaded(make, b"foo,bar\nx,1\n", "a.csv", purchase=purchase, wishes=wishes)

        assert self.loaded(make, b"foo,bar\ny,2\n", "b.csv", purchase=purchase) == [("", "2")]


class TestPreview:
    def test_shows_the_first_hundred_faults_by_line(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"\n".join(b"OLD-%03d" % number for number in range(0, 300, 2)))
        lines = ["卡密,有效期", *(f"OLD-{number:03},soon" if number % 2 else f"OLD-{number:03},"
                               for number in range(300))]  # fmt: skip

        work = make.checked(sku, "\n".join(lines).encode(), "a.csv")

        preview = queries.import_preview(merchant_id=merchant, work_uid=work.uid)
        bad = [line for line in preview.lines if line.reason]
        assert [line.line for line in bad] == list(range(2, 102))
        assert [line.reason for line in bad[:2]] == ["duplicate_in_vault", "bad_expiry"]
        assert work.result["reasons"] == {"bad_expiry": 150, "duplicate_in_vault": 150}

    def test_tells_the_kinds_of_duplicates_apart(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"SOLD-1\nHERE-1\n")
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set state = 2, line_id = 1, sold_at = now() where merchant_id ="
                " %s::bigint and id = (select min(id) from card where merchant_id = %s::bigint)",
                [merchant, merchant],
            )

        work = make.checked(sku, b"SOLD-1\nHERE-1\nNEW-1\nNEW-1\n")

        preview = queries.import_preview(merchant_id=merchant, work_uid=work.uid)
        assert [line.reason for line in preview.lines] == [
            "duplicate_sold", "duplicate_in_vault", "", "duplicate_in_file",
        ]  # fmt: skip

    def test_shows_files_by_name(self, merchant, make):
        work = make.checked(make.sku(), zipped(("一.png", PNG)), "a.zip", wishes=FILES)

        preview = queries.import_preview(merchant_id=merchant, work_uid=work.uid)

        assert (preview.unit, preview.kind) == ("file", "files")
        assert [line.code for line in preview.lines] == ["一.png (1 KB)"]
