"""V2: card secrets come in, byte for byte, once each."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from django.db import connection
from python_calamine import CalamineWorkbook
from rustpy_xlsxwriter import write_worksheet

from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from tests.vault.conftest import ACTOR


def workbook(rows: Sequence[Mapping[str, object]]) -> bytes:
    body = io.BytesIO()
    write_worksheet(rows, body, sheet_name="卡密")
    return body.getvalue()


# What other systems change on the way: percent signs, HTML, quotes, spaces, letters of four bytes.
AWKWARD = [
    "AB%0ACD",
    "<b>12&amp;34</b>",
    '"quoted"',
    "a,b;c|d",
    "  lead and trail  ",
    "tab is not here but ' is",
    "账号 密码",
    "🎁-𝒳-é-é",
    "=1+1",
    "-0012",
    "1E+16",
    "00012345678901234567890",
    "line\u2028separator\x0b\x0c\x85end",
    "\\n\\t%s{}",
    "https://example.com/r?c=1&d=2#x",
]


class TestImport:
    def test_L11_codes_come_out_byte_for_byte(self, merchant, make):
        sku = make.sku()
        body = "\r\n".join([*AWKWARD[:5], "", "   ", *AWKWARD[5:]]).encode()

        work = make.imported(sku, body)

        assert work.state == WorkState.DONE
        assert work.result["stocked"] == len(AWKWARD)
        assert work.result["blank"] == 2
        assert [card.secret for card in make.opened(work.result["batch"])] == AWKWARD
        assert make.level(sku).available == len(AWKWARD)

    def test_lines_of_a_program_may_hold_line_breaks(self, merchant, make):
        sku = make.sku()
        lines = ["-----BEGIN-----\nMIIB\n-----END-----\n", "a\r\nb", *AWKWARD]

        work = make.imported(sku, lines)

        assert [card.secret for card in make.opened(work.result["batch"])] == lines

    def test_a_workbook_comes_in_whole(self, merchant, make):
        sku = make.sku()
        rows = [
            {
                "卡号": f"CF5-{number:04}",
                "卡密": code,
                "有效期": "2099-12-31",
                "备注": f"第{number}张",
            }
            for number, code in enumerate(AWKWARD[:12], start=1)
        ]

        work = make.imported(sku, workbook(rows), "到货.xlsx")

        cards = make.opened(work.result["batch"])
        assert [card.secret for card in cards] == AWKWARD[:12]
        assert [card.number for card in cards] == [row["卡号"] for row in rows]
        assert cards[0].remark == "第1张"
        # The day is valid to its end, in Shanghai.
        assert cards[0].expires_at == datetime(2099, 12, 31, 16, tzinfo=UTC)
        assert work.result["layout"]["columns"] == {
            "number": 0, "secret": 1, "expires": 2, "remark": 3,
        }  # fmt: skip

    def test_numbers_of_a_workbook_are_digits_or_refused(self, merchant, make):
        sku = make.sku()
        numbers = (123456789012345, 12, 1.2345678901234568e17, 10**15)
        rows: list[dict[str, object]] = [{"卡密": number} for number in numbers]

        work = make.imported(sku, workbook(rows), "a.xlsx")

        assert [card.secret for card in make.opened(work.result["batch"])] == [
            "123456789012345",
            "12",
        ]
        assert work.result["reasons"] == {"precision": 2}
        assert work.result["numeric_cells"] == 4

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            ('卡号,密码\nK1,"a,""b"""\nK2,c\n'.encode(), "a.csv"),
            ('卡号;密码\nK1;"a,""b"""\nK2;c\n'.encode("gb18030"), "a.csv"),
            ('卡号\t密码\nK1\t"a,""b"""\nK2\tc\n'.encode("utf-16"), "a.tsv"),
            ('\ufeff卡号,密码\nK1,"a,""b"""\nK2,c\n'.encode(), "a.csv"),
            (b'K1----a,"b"\nK2----c', "a.txt"),
            (b'K1\ta,"b"\r\nK2\tc\r\n', "a.txt"),
        ],
    )
    def test_reads_what_people_have(self, merchant, make, body, name):
        work = make.imported(make.sku(), body, name)

        cards = make.opened(work.result["batch"])
        assert [(card.number, card.secret) for card in cards] == [("K1", 'a,"b"'), ("K2", "c")]

    def test_commas_and_spaces_part_a_text_only_when_asked(self, merchant, make):
        body = b"user1 pass1\nuser2 pass2\n"

        whole = make.imported(make.sku(), body)
        parted = make.imported(make.sku(), body, wishes=operations.Wishes(separator=" "))

        assert [card.secret for card in make.opened(whole.result["batch"])] == [
            "user1 pass1",
            "user2 pass2",
        ]
        assert [(card.number, card.secret) for card in make.opened(parted.result["batch"])] == [
            ("user1", "pass1"),
            ("user2", "pass2"),
        ]

    def test_tells_the_kinds_of_duplicates_apart(self, merchant, make, database):
        sku = make.sku()
        first = make.imported(sku, b"OLD-1\nOLD-2\n")
        sold = make.cards(first.result["batch"])[0]
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "update card set state = 2, line_id = 1, sold_at = now()"
                " where merchant_id = %s::bigint and id ="
                " (select min(id) from card where merchant_id = %s::bigint)",
                [merchant, merchant],
            )
        assert sold.state == queries.CardState.AVAILABLE

        work = make.imported(sku, b"OLD-1\nNEW-1\n OLD-2 \nNEW-1\nNEW-2\n")

        assert work.result["stocked"] == 2
        assert work.result["reasons"] == {
            "duplicate_in_file": 1,
            "duplicate_in_vault": 1,
            "duplicate_sold": 1,
        }
        report = files.read(merchant_id=merchant, uid=work.result["error_file"])
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(report)).get_sheet_by_index(0)
        rows = sheet.to_python()
        assert [row[0] for row in rows[1:]] == [1, 3, 4]
        assert b"NEW-1" not in report

    def test_all_or_nothing_loads_nothing_when_one_line_is_wrong(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"OLD-1\n")

        work = make.imported(sku, b"A-1\nA-2\nOLD-1\n", keep_good=False)

        assert (work.state, work.error) == (WorkState.FAILED, "vault.import_refused")
        assert work.result["reasons"] == {"duplicate_in_vault": 1}
        assert work.result["error_file"]
        assert make.level(sku).available == 1
        assert len(queries.batches(merchant_id=merchant).items) == 1

        work = make.imported(sku, b"A-1\nA-2\n", keep_good=False)
        assert work.result["stocked"] == 2
        assert make.level(sku).available == 3

    def test_an_empty_card_is_told_by_line_and_column(self, merchant, make):
        rows: list[dict[str, object]] = [
            {"卡号": "K1", "卡密": "a", "有效期": "2099-01-01"},
            {"卡号": "K2", "卡密": "", "有效期": "2099-01-01"},
            {"卡号": "K3", "卡密": "c", "有效期": "soon"},
            {"卡号": "K4", "卡密": "d", "有效期": "2001-01-01"},
        ]

        work = make.imported(make.sku(), workbook(rows), "a.xlsx", language="en")

        assert work.result["reasons"] == {"bad_expiry": 1, "missing_secret": 1, "past_expiry": 1}
        report = files.read(merchant_id=merchant, uid=work.result["error_file"])
        table = CalamineWorkbook.from_filelike(io.BytesIO(report)).get_sheet_by_index(0).to_python()
        assert table == [
            ["Line", "Place", "Column", "Reason"],
            [3, "B3", "Code", "The code is missing"],
            [4, "C4", "Expiry", "The expiry is not a date"],
            [5, "C5", "Expiry", "The expiry has passed"],
        ]

    def test_numbers_that_are_secret_are_sealed_and_masked(self, merchant, make):
        work = make.imported(make.sku(number_is_secret=True), b"88120945----9988\n")

        (card,) = make.cards(work.result["batch"])
        assert card.shown_number == "88****45"
        (opened,) = make.opened(work.result["batch"])
        assert (opened.number, opened.secret) == ("88120945", "9988")

    def test_equal_passwords_of_different_numbers_are_two_cards(self, merchant, make):
        work = make.imported(make.sku(), b"K1----123456\nK2----123456\n")

        assert work.result["stocked"] == 2

    def test_the_layout_is_remembered_for_the_supplier(self, merchant, make):
        sku = make.sku()
        purchase = operations.Purchase(supplier="上海某某")
        body = b"x,CODE-1,K1\nx,CODE-2,K2\n"
        make.imported(
            sku,
            body,
            "a.csv",
            purchase=purchase,
            wishes=operations.Wishes(columns={"secret": 1, "number": 2}, has_header=False),
        )

        same = make.imported(sku, b"y,CODE-3,K3\n", "b.csv", purchase=purchase)
        other = make.imported(sku, b"y,CODE-4,K4\n", "b.csv")

        assert [card.secret for card in make.opened(same.result["batch"])] == ["CODE-3"]
        assert [card.secret for card in make.opened(other.result["batch"])] == ["CODE-4"]
        assert [card.number for card in make.opened(same.result["batch"])] == ["K3"]
        assert [card.number for card in make.opened(other.result["batch"])] == ["y"]

    def test_keeps_what_was_said_about_the_purchase(self, merchant, make):
        purchase = operations.Purchase(
            "供货商", "PO-1", 1250, datetime(2099, 1, 1, tzinfo=UTC), "注"
        )

        work = make.imported(make.sku(), b"A\nB\n", purchase=purchase)

        batch = queries.batch(merchant_id=merchant, uid=work.result["batch"])
        assert (batch.supplier, batch.purchase_number, batch.unit_cost.minor) == (
            "供货商", "PO-1", 1250,
        )  # fmt: skip
        assert (batch.card_count, batch.levels.available) == (2, 2)
        assert batch.number.endswith("-01")
        assert batch.can_undo_until is not None
        assert make.cards(batch.uid)[0].expires_at == datetime(2099, 1, 1, tzinfo=UTC)

    def test_lets_go_of_the_file_and_logs_who_did_it(self, merchant, make):
        sku = make.sku()
        file_uid = make.file(b"A\n")
        uid = make.start(sku, file_uid)
        operations.run_import(merchant_id=merchant, work_uid=uid)

        with pytest.raises(files.UnknownFile):
            files.info(merchant_id=merchant, uid=file_uid)
        with acting_as(merchant):
            actions = list(
                AuditEntry.objects.filter(merchant_id=merchant, action__startswith="cards.")
                .order_by("id")
                .values_list("action", "actor_label")
            )
        assert actions == [
            ("cards.import", "lu@example.com"),
            ("cards.stocked", "lu@example.com"),
        ]
        operations.run_import(merchant_id=merchant, work_uid=uid)
        assert make.level(sku).available == 1

    @pytest.mark.parametrize(
        "purchase",
        [
            operations.Purchase(supplier="x" * 121),
            operations.Purchase(unit_cost_minor=-1),
            operations.Purchase(valid_until=datetime(2001, 1, 1, tzinfo=UTC)),
            operations.Purchase(valid_until=datetime(2099, 1, 1)),  # noqa: DTZ001 - refused
            operations.Purchase(note="a\0b"),
        ],
    )
    def test_refuses_a_purchase_that_cannot_be(self, merchant, make, purchase):
        sku = make.sku()

        with pytest.raises(operations.BadPurchase):
            make.start(sku, make.file(b"A\n"), purchase=purchase)

        assert make.level(sku).available == 0

    @pytest.mark.parametrize("lines", [[], ["a\ud800"]])
    def test_refuses_lines_that_are_none(self, merchant, lines):
        with pytest.raises((operations.NothingToImport, operations.BadFile)):
            operations.seal_lines(merchant_id=merchant, lines=lines)

    @pytest.mark.parametrize(
        ("body", "name", "problem"),
        [
            (b"", "a.txt", "empty"),
            (b"\n \n\n", "a.txt", "empty"),
            ("卡号,备注\nK1,x\n".encode(), "a.csv", "no_secret_column"),
            (b"PK\x03\x04broken", "a.xlsx", "not_xlsx"),
            (b'a,"b\n', "a.csv", "quotes"),
        ],
    )
    def test_ends_clearly_when_the_file_is_none(self, merchant, make, body, name, problem):
        sku = make.sku()

        work = make.imported(sku, body, name)

        assert (work.state, work.error) == (WorkState.FAILED, "vault.bad_file")
        assert work.result["problem"] == problem
        assert make.level(sku).total == 0
        assert queries.batches(merchant_id=merchant).items == ()

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant, make):
        sku, file_uid = make.sku(), make.file(b"A\n")

        with pytest.raises(files.UnknownFile):
            operations.import_cards(
                merchant_id=other_merchant,
                actor=ACTOR,
                file_uid=file_uid,
                request=operations.ImportRequest(sku_uid=sku),
            )

    def test_rule_25_bulk_work_of_a_merchant_is_done_one_after_the_other(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"ONE\n")
        make.checked(sku, b"TWO\n")
        make.generated(sku, 1, "X{16}")

        with connection.cursor() as cursor:
            cursor.execute(
                "select task_name, lock, queue_name from procrastinate_jobs"
                " where (args->>'merchant_id')::bigint = %s::bigint"
                " and task_name like 'vault.run%%' order by 1",
                [merchant],
            )
            assert cursor.fetchall() == [
                (f"vault.run_{name}", f"bulk:{merchant}", "bulk")
                for name in ("check", "generate", "import")
            ]


class TestCheck:
    def test_shows_what_would_come_and_loads_nothing(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"K1----CODE-NUMBER-1\n")
        body = "卡号,密码,有效期\nK1,CODE-NUMBER-1,\nK2,CODE-NUMBER-2,2099-01-01\nK3,,\n".encode()

        work = make.checked(sku, body, "a.csv")

        assert work.state == WorkState.DONE
        assert (work.result["lines"], work.result["good"], work.result["bad"]) == (3, 1, 2)
        assert make.level(sku).available == 1
        preview = queries.import_preview(merchant_id=merchant, work_uid=work.uid)
        assert [(line.line, line.number, line.code, line.reason) for line in preview.lines] == [
            (2, "K1", "CO****-1", "duplicate_in_vault"),
            (3, "K2", "CO****-2", ""),
            (4, "", "", "missing_secret"),
        ]
        assert [(column.name, column.field) for column in preview.columns] == [
            ("卡号", "number"),
            ("密码", "secret"),
            ("有效期", "expires"),
        ]
        assert (preview.has_header, preview.separator, preview.kind) == (True, ",", "csv")

    def test_leaves_out_what_stands_above_the_heading(self, merchant, make):
        body = "采购单 11 月,,\n\n序号,卡号,卡密\n1,K1,CODE-NUMBER-1\n2,K2,\n".encode()

        work = make.checked(make.sku(), body, "a.csv")

        assert work.result["layout"]["heading_line"] == 3
        assert (work.result["lines"], work.result["good"], work.result["blank"]) == (2, 1, 1)
        preview = queries.import_preview(merchant_id=merchant, work_uid=work.uid)
        assert [column.name for column in preview.columns] == ["序号", "卡号", "卡密"]
        assert [(line.line, line.reason) for line in preview.lines] == [
            (4, ""),
            (5, "missing_secret"),
        ]
