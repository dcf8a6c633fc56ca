"""Reading files: whatever is in a cell or line is what comes out, and traps are refused."""

import io
import json
import time
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rustpy_xlsxwriter import write_worksheet

from kacang.vault.reading.layouts import Wishes, settle_layout, wishes_of
from kacang.vault.reading.names import FIELD_OF, FIELDS
from kacang.vault.reading.rows import BadFile, Row, text_of
from kacang.vault.reading.sheets import look_inside
from kacang.vault.reading.sources import LINES_NAME, open_source
from kacang.vault.reading.texts import encoding_of
from kacang.vault.reading.times import read_time

# What a line of a text may hold: anything but the ends of lines and what no text has.
CONTROLS = "".join(map(chr, range(32))).translate(dict.fromkeys(map(ord, "\t\x0b\x0c\x1b")))
LINE = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS + "\ufeff"),
    min_size=1,
)
SHEET_HEAD = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def workbook(sheet: str | bytes, **others: bytes) -> bytes:
    """A workbook by hand, around the rows of its sheet."""
    body = io.BytesIO()
    spread = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    inner = sheet.encode() if isinstance(sheet, str) else sheet
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{spread}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1"'
            ' r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/worksheet"'
            ' Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            SHEET_HEAD.encode() + inner + b"</sheetData></worksheet>",
        )
        for name, content in others.items():
            archive.writestr(name, content)
    return body.getvalue()


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def cells(body: bytes, name: str, separator: str = "") -> list[tuple[str, ...]]:
    return [
        tuple(text_of(cell) for cell in row.cells)
        for row in open_source(body, name, separator).rows()
    ]


class TestText:
    @given(st.lists(LINE, min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
    def test_L11_lines_come_out_as_they_went_in(self, lines, ending):
        body = (ending.join(lines) + ending).encode()

        assert [row[0] for row in cells(body, "a.txt", "none")] == lines

    @given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
    def test_L11_lines_of_a_program_come_out_as_they_went_in(self, lines):
        body = json.dumps(lines, ensure_ascii=False).encode()

        assert [row[0] for row in cells(body, LINES_NAME, "none")] == lines

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            ("卡密一".encode(), "utf-8"),
            ("\ufeff卡密一".encode(), "utf-8-sig"),
            ("卡密一".encode("gb18030"), "gb18030"),
            ("卡密一 abc".encode("utf-16"), "utf-16"),
            ("ABC-123\nDEF".encode("utf-16-le"), "utf-16-le"),
            ("ABC-123\nDEF".encode("utf-16-be"), "utf-16-be"),
        ],
    )
    def test_finds_the_encoding(self, body, name):
        assert encoding_of(body) == name
        assert body.decode(name)

    @given(
        st.lists(
            st.text(alphabet=st.characters(codec="gb18030", exclude_characters=CONTROLS + "\ufeff"),
                    min_size=1, max_size=12),
            min_size=1, max_size=12,
        ),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le+", "utf-16-be+"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )  # fmt: skip
    def test_L11_lines_come_out_as_they_went_in_in_every_encoding(self, lines, encoding, ending):
        text = ending.join(lines) + ending
        if encoding.endswith("+"):
            body = ("\ufeff" + text).encode(encoding[:-1])
        else:
            body = text.encode(encoding)

        read = [row[0] for row in cells(body, "a.txt", "none")]

        assert [line.encode() for line in read] == [line.encode() for line in lines]

    @given(
        st.lists(
            st.text(alphabet=st.sampled_from("卡密账号充值会员兑换码期限中文测试年月日一二三ABC012-%"),
                    min_size=4, max_size=20),
            min_size=1, max_size=12,
        )
    )  # fmt: skip
    def test_L11_lines_of_gb18030_come_out_as_they_went_in(self, lines):
        body = "\n".join(["卡密", *lines, ""]).encode("gb18030")

        assert [row[0] for row in cells(body, "a.txt", "none")] == ["卡密", *lines]

    @given(
        st.lists(st.from_regex(r"[ -~]{4,20}", fullmatch=True), min_size=2, max_size=12),
        st.sampled_from(["utf-16-le", "utf-16-be"]),
    )
    def test_L11_lines_of_utf_16_without_a_mark_too(self, lines, encoding):
        body = "\n".join(lines).encode(encoding)

        assert [row[0] for row in cells(body, "a.txt", "none")] == lines

    @pytest.mark.parametrize(
        ("body", "name", "problem"),
        [
            (b"", "a.txt", "empty"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "a.txt", "encoding"),
            (b"%PDF-1.7\n\x01\x02binary", "a.txt", "binary"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "a.xls", "not_xls"),
            (b"just text", "a.ods", "not_ods"),
            (b"\xff\xfe\0\0a\0\0\0", "a.txt", "encoding"),
            (b"abc\xff\xfe\xff", "a.txt", "encoding"),
            (b"just text", "a.xlsx", "not_xlsx"),
            (b'a,"b\nc,d\n', "a.csv", "quotes"),
            (b'a,"b"x\n', "a.csv", "quotes"),
            (b"\n" * 1_048_577, "a.txt", "too_many_lines"),
        ],
    )
    def test_refuses_what_it_cannot_read(self, body, name, problem):
        with pytest.raises(BadFile) as refused:
            list(open_source(body, name).rows())
        assert refused.value.detail["problem"] == problem

    def test_takes_only_sure_separators_unasked(self):
        assert cells(b"a----b----c\nd----e", "a.txt") == [("a", "b----c"), ("d", "e")]
        assert cells(b"a\tb\nc\td", "a.txt") == [("a", "b"), ("c", "d")]
        assert cells(b"a----b\nno dashes", "a.txt") == [("a----b",), ("no dashes",)]
        assert cells(b"a,b\nc,d", "a.txt") == [("a,b",), ("c,d",)]
        assert cells(b"a,b\nc,d", "a.txt", ",") == [("a", "b"), ("c", "d")]

    @given(
        st.lists(
            st.lists(
                st.text(alphabet=st.sampled_from('ab,;"\n\t 中é'), max_size=6),
                min_size=2, max_size=3,
            ),
            min_size=1, max_size=6,
        )
    )  # fmt: skip
    def test_L11_csv_cells_come_out_as_they_went_in(self, rows):
        body = "\r\n".join(
            ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows
        ).encode()

        assert cells(body, "a.csv", ",") == [tuple(row) for row in rows]


class TestWorkbooks:
    @given(
        st.lists(
            st.text(
                alphabet=st.characters(
                    exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
                ),
                min_size=1, max_size=30,
            ),
            min_size=1, max_size=10,
        )
    )  # fmt: skip
    def test_L11_cells_come_out_as_they_went_in(self, texts):
        body = io.BytesIO()
        write_worksheet([{"卡密": f"x{text}x"} for text in texts], body, sheet_name="S")

        read = [row[0] for row in cells(body.getvalue(), "a.xlsx")]

        # `_x0041_` in a cell is the letter A: that is how the format writes letters it cannot hold.
        assert read == ["卡密"] + [f"x{text}x" for text in texts] or any("_x" in t for t in texts)

    def test_names_cells_as_the_program_does(self):
        sheet = f'<row r="3">{text_cell("C3", " a%0A&lt;b&gt; ")}</row>'
        source = open_source(workbook(sheet), "a.xlsx")

        rows = [row for row in source.rows() if not row.is_blank]
        assert rows == [Row(3, (" a%0A<b> ",))]
        assert source.place(3, 0) == "C3"

    @pytest.mark.parametrize(
        ("sheet", "problem"),
        [
            ('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>', "formula"),
            ('<row r="1"><x:c r="A1"><x:f>1+1</x:f><v>2</v></x:c></row>', "formula"),
            (text_cell("A1", "x").join(('<row r="1">', "</row>"))
             + f'<row r="1048577">{text_cell("A1048577", "x")}</row>', "too_many_lines"),
            (f'<row r="1">{text_cell("XFD1", "x")}</row>', "too_many_columns"),
            (f'<row r="1000000">{text_cell("Z1000000", "x")}</row>', "too_many_cells"),
            ("<row r='1000000'><c s='1' r='Z1000000'/></row>", "too_many_cells"),
        ],
    )  # fmt: skip
    def test_refuses_traps_at_once(self, sheet, problem):
        started = time.perf_counter()
        with pytest.raises(BadFile) as refused:
            open_source(workbook(sheet), "a.xlsx")

        assert refused.value.detail["problem"] == problem
        assert time.perf_counter() - started < 2

    def test_names_the_formula(self):
        sheet = f'<row r="7">{text_cell("A7", "x")}<c r="B7"><f>A7</f><v>1</v></c></row>'
        with pytest.raises(BadFile) as refused:
            open_source(workbook(sheet), "a.xlsx")
        assert refused.value.detail["place"] == "B7"

    def test_refuses_a_bomb_that_lies_about_its_size(self, monkeypatch):
        monkeypatch.setattr("kacang.vault.reading.sheets.UNPACKED_MAX", 5 * 2**20)
        body = bytearray(workbook(b'<row r="1"/>' * (2 * 2**20)))
        assert len(body) < 100_000
        claimed = (24 * 2**20 + len(SHEET_HEAD) + 24).to_bytes(4, "little")
        while (at := body.find(claimed)) >= 0:
            body[at : at + 4] = (1000).to_bytes(4, "little")

        with pytest.raises(BadFile) as refused:
            open_source(bytes(body), "a.xlsx")
        assert refused.value.detail["problem"] == "too_large_unpacked"

    def test_refuses_a_text_that_every_cell_repeats(self):
        """A text is written once and named by each cell: gigabytes once they are laid out."""
        texts = f"<sst><si><t>{'x' * 1_000_000}</t></si><si><t>K1</t></si></sst>".encode()
        named = '<c r="A{0}" t="s"><v>{1}</v></c>'

        def book(number: int) -> bytes:
            rows = "".join(
                f'<row r="{row}">{named.format(row, number)}</row>' for row in range(1, 2001)
            )
            return workbook(rows, **{"xl/sharedStrings.xml": texts})

        with pytest.raises(BadFile) as refused:
            look_inside(book(0))
        assert refused.value.detail["problem"] == "too_large_unpacked"
        # A long text that nobody names is no trap; a number that has no text is.
        look_inside(book(1))
        with pytest.raises(BadFile):
            look_inside(book(7))

    def test_refuses_an_archive_that_is_no_workbook(self):
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr("codes.txt", "A\nB\n")
        for broken in (body.getvalue(), body.getvalue()[:40], b"PK\x03\x04" + b"\0" * 60):
            with pytest.raises(BadFile) as refused:
                open_source(broken, "a.xlsx")
            assert refused.value.detail["problem"] == "not_xlsx"


class TestLayouts:
    def settle(self, rows: list[tuple[str, ...]], wishes: Wishes = Wishes()):  # noqa: B008
        body = "\n".join(",".join(row) for row in rows).encode()
        source = open_source(body, "a.csv", ",")
        return settle_layout(list(source.rows()), wishes, None, source)

    @pytest.mark.parametrize(
        ("heading", "columns"),
        [
            (("卡号", "密码"), {"number": 0, "secret": 1}),
            (("备注", "卡密", "有效期至"), {"remark": 0, "secret": 1, "expires": 2}),
            (("Serial", "PIN", "Expiry"), {"number": 0, "secret": 1, "expires": 2}),
            (("卡密", "密码"), {"number": 0, "secret": 1}),
            (("卡密",), {"secret": 0}),
        ],
    )
    def test_reads_the_heading(self, heading, columns):
        layout = self.settle([heading, ("a",) * len(heading)])

        assert (layout.columns, layout.has_header) == (columns, True)

    def test_finds_a_heading_below_a_title(self):
        rows: list[tuple[str, ...]] = [
            ("供货商：星河数码", "", ""),
            ("说明", "请勿外传", ""),
            ("序号", "*卡密：", "进价（元）"),
            ("1", "A-1", "12.50"),
        ]

        layout = self.settle(rows)

        assert (layout.heading_line, layout.columns) == (3, {"secret": 1, "cost": 2})
        assert layout.names == rows[2]

    def test_a_word_of_the_trade_below_cards_is_no_heading(self):
        layout = self.settle([("A1", "B1"), ("卡密", "B2"), ("密码", "password")])

        assert (layout.heading_line, layout.columns) == (0, {"number": 0, "secret": 1})

    @given(st.data())
    def test_finds_every_field_wherever_it_stands(self, data):
        """Whatever order columns have, whatever stands between them, whichever word names them."""
        chosen = data.draw(
            st.lists(st.sampled_from([name for name in FIELDS if name != "secret"]), unique=True)
        )
        heads = [
            data.draw(st.sampled_from(sorted(w for w, f in FIELD_OF.items() if f == name)))
            for name in ("secret", *chosen)
        ]
        named = list(zip(("secret", *chosen), heads, strict=True))
        strange = data.draw(st.sampled_from([[], ["序号"], ["序号", "区服"]]))
        others = [("", head) for head in strange]
        order = data.draw(st.permutations(named + others))
        values = data.draw(
            st.lists(st.from_regex(r"[A-Za-z0-9%+-]{1,8}", fullmatch=True),
                     min_size=len(order), max_size=len(order))
        )  # fmt: skip

        rows = [tuple(head for _, head in order), tuple(values)]
        layout = self.settle(rows)

        assert layout.has_header
        assert layout.columns == {name: at for at, (name, _) in enumerate(order) if name}
        # Read again as it was, it is the same (an earlier file of the supplier).
        assert self.settle(rows, wishes_of(layout)) == layout
        # And as somebody says it, whatever the heading says.
        said = data.draw(st.permutations(range(len(order))))
        wanted = dict(zip(("secret", *chosen), said, strict=False))
        assert self.settle(rows, Wishes(columns=wanted)).columns == wanted

    @pytest.mark.parametrize(
        ("row", "columns"),
        [
            (("A1",), {"secret": 0}),
            (("A1", "B1"), {"number": 0, "secret": 1}),
            (("A1", "B1", "2030-01-01"), {"number": 0, "secret": 1, "expires": 2}),
            (("A1", "B1", "gold"), {"number": 0, "secret": 1, "remark": 2}),
            (("A1", "B1", "2030-01-01", "x"),
             {"number": 0, "secret": 1, "expires": 2, "remark": 3}),
        ],
    )  # fmt: skip
    def test_without_one_goes_by_custom(self, row, columns):
        layout = self.settle([row])

        assert (layout.columns, layout.has_header) == (columns, False)

    @pytest.mark.parametrize(
        "columns", [{"secret": 2}, {"secret": 0, "number": 0}, {"number": 0}, {"other": 0}]
    )
    def test_refuses_columns_that_are_not_there(self, columns):
        with pytest.raises(BadFile):
            self.settle([("A", "B")], Wishes(columns=columns))


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "when"),
        [
            ("2030-01-31", datetime(2030, 1, 31, 16, tzinfo=UTC)),
            ("2030/1/31", datetime(2030, 1, 31, 16, tzinfo=UTC)),
            ("20300131", datetime(2030, 1, 31, 16, tzinfo=UTC)),
            ("2030年1月31日", datetime(2030, 1, 31, 16, tzinfo=UTC)),
            ("2030-01-31 08:00", datetime(2030, 1, 31, 0, 0, tzinfo=UTC)),
            ("2030-01-31T08:00:30Z", datetime(2030, 1, 31, 8, 0, 30, tzinfo=UTC)),
            ("9999-12-31", datetime(9999, 12, 30, 16, tzinfo=UTC)),
            ("2030-02-30", None),
            ("31.01.2030", None),
            ("soon", None),
        ],
    )
    def test_reads_dates_as_people_write_them(self, text, when):
        assert read_time(text, "Asia/Shanghai") == when
