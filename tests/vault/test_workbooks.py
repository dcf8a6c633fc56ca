"""Old and open workbooks: cells come out as they went in, and traps are refused unread."""

import io
import zipfile
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.vault.reading.rows import BadFile, Odd, Row
from kacang.vault.reading.sources import open_source
from tests.vault import old_workbooks as old

CELL = st.text(
    alphabet=st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufffe\uffff"
    ),
    min_size=1,
    max_size=40,
)
ODS_HEAD = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="S">'
)
ODS_TAIL = "</table:table></office:spreadsheet></office:body></office:document-content>"
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods(rows: str, head: str = ODS_HEAD, manifest: str = "<manifest/>") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", MIMETYPE, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", head + rows + ODS_TAIL)
    return body.getvalue()


def ods_cell(text: str, more: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="string"{more}>'
        f"<text:p>{escape(text)}</text:p></table:table-cell>"
    )


def ods_row(*cells: str, repeated: int = 1) -> str:
    more = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


class TestOldWorkbooks:
    @settings(deadline=None)
    @given(st.lists(CELL, min_size=1, max_size=30), st.booleans())
    def test_L11_cells_come_out_as_they_went_in(self, values, as_latin):
        if as_latin:
            values = [f"K{number}" for number, _ in enumerate(values)]
        cells = b"".join(old.text_cell(row, 0, row) for row in range(len(values)))
        body = old.workbook(cells, old.texts(values, wide=not as_latin))

        source = open_source(body, "a.xls")

        assert source.kind == "xls"
        for row, value in zip(source.rows(), values, strict=True):
            # Letters outside the first plane take two units, and a record may end between them.
            cut = isinstance(row.cells[0], Odd) and max(value) > "\uffff"
            assert cut or row.cells[0] == value

    def test_a_letter_cut_in_two_by_a_record_is_a_fault_and_no_other_letter(self):
        whole, cut = "𠮷" * 60, "a" + "𠮷" * 60
        cells = old.text_cell(0, 0, 0)

        (kept,) = open_source(old.workbook(cells, old.texts([whole])), "a.xls").rows()
        (broken,) = open_source(old.workbook(cells, old.texts([cut])), "a.xls").rows()

        assert kept.cells == (whole,)
        assert [getattr(cell, "kind", "") for cell in broken.cells] == ["broken_letter"]

    def test_numbers_are_digits_or_have_lost_some(self):
        cells = old.number_cell(0, 0, 123456789012345) + old.number_cell(1, 0, 1.5e17)

        rows = list(open_source(old.workbook(cells), "a.xls").rows())

        assert rows[0] == Row(1, ("123456789012345",))
        assert rows[1] == Row(2, (Odd("150000000000000000", "precision"),))

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            (old.workbook(old.formula_cell(6, 1)), {"problem": "formula", "place": "B7"}),
            (old.workbook(b"", before=old.record(0x2F, bytes(6))), {"problem": "locked"}),
            (old.container("EncryptedPackage", b"x"), {"problem": "locked"}),
            (old.container("Something", b"x"), {"problem": "not_xls"}),
            (old.workbook(old.number_cell(5, 26, 1.0)),
             {"problem": "too_many_columns", "limit": 26}),
            (old.workbook(b"")[:600], {"problem": "not_xls"}),
        ],
    )  # fmt: skip
    def test_refuses_what_it_cannot_read(self, body, wrong):
        with pytest.raises(BadFile) as refused:
            list(open_source(body, "a.xls").rows())
        assert refused.value.detail == wrong

    def test_refuses_a_text_that_every_cell_repeats(self):
        """Ten bytes a cell, thirty thousand letters each: gigabytes once they are laid out."""
        cells = b"".join(
            old.text_cell(row, column, 0) for row in range(500) for column in range(26)
        )
        body = old.workbook(cells, old.texts(["x" * 32_000], wide=False))
        assert len(body) < 300_000

        with pytest.raises(BadFile) as refused:
            open_source(body, "a.xls")
        assert refused.value.detail["problem"] == "too_large_unpacked"


class TestOpenWorkbooks:
    @given(st.lists(CELL, min_size=1, max_size=10))
    def test_L11_cells_come_out_as_they_went_in(self, values):
        # Runs of spaces are written as elements of their own in this format.
        values = [f"x{'_'.join(value.split())}x" for value in values]
        body = ods("".join(ods_row(ods_cell(value)) for value in values))

        source = open_source(body, "a.ods")

        assert source.kind == "ods"
        assert [row.cells[0] for row in source.rows()] == values

    def test_reads_what_a_program_fills_up_with_nothing(self):
        """LibreOffice ends each row and sheet with a million of empty cells."""
        rest = '<table:table-cell table:number-columns-repeated="16382"/>'
        body = ods(
            ods_row(ods_cell("卡号"), ods_cell("卡密"), rest)
            + ods_row(ods_cell("K1"), ods_cell("A  B"), rest)
            + ods_row('<table:table-cell table:number-columns-repeated="16384"/>',
                      repeated=1_048_574)
        )  # fmt: skip

        rows = list(open_source(body, "a.ods").rows())

        assert [row.cells for row in rows] == [("卡号", "卡密"), ("K1", "A  B")]

    @pytest.mark.parametrize(
        ("rows", "problem"),
        [
            (ods_row(ods_cell("1", ' table:formula="of:=1+1"')), "formula"),
            (ods_row(ods_cell("x", ' table:number-columns-repeated="16384"')), "too_many_columns"),
            (ods_row(ods_cell("x"), repeated=1_048_577), "too_many_lines"),
            (ods_row(ods_cell("x" * 50_000), repeated=100_000), "too_large_unpacked"),
            (ods_row(ods_cell("x", ' table:number-columns-repeated="26"'), repeated=500_000),
             "too_many_cells"),
            (ods_row(ods_cell("x", ' table:number-columns-repeated="many"')), "not_ods"),
            ("<broken", "not_ods"),
        ],
    )  # fmt: skip
    def test_refuses_traps(self, rows, problem):
        with pytest.raises(BadFile) as refused:
            open_source(ods(rows), "a.ods")
        assert refused.value.detail["problem"] == problem

    def test_names_the_formula(self):
        rows = ods_row(ods_cell("x")) * 3 + ods_row(
            ods_cell("x"), ods_cell("2", ' table:formula="of:=1+1"')
        )
        with pytest.raises(BadFile) as refused:
            open_source(ods(rows), "a.ods")
        assert refused.value.detail["place"] == "B4"

    def test_refuses_entities_and_passwords(self):
        head = f'<!DOCTYPE a [<!ENTITY b "{"x" * 1000}">]>{ODS_HEAD}'
        for body, problem in (
            (ods(ods_row(ods_cell("x")), head), "not_ods"),
            (ods("", manifest="<manifest><encryption-data/></manifest>"), "locked"),
        ):
            with pytest.raises(BadFile) as refused:
                open_source(body, "a.ods")
            assert refused.value.detail["problem"] == problem
