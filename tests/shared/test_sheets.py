"""Workbooks and texts that are written part by part (O10)."""

import csv
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from kacang.shared.sheets import Digits, Tally, sheet_part, text_part, workbook

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
ROWS = st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=20)


def written(parts, name="订单"):
    tally, bodies = Tally(), []
    for rows in parts:
        body, tally = sheet_part(rows, tally)
        bodies.append(body)
    return b"".join(workbook(bodies, tally, name))


def read(body):
    return CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()


class TestWorkbook:
    @given(rows=ROWS, cut=st.integers(0, 20))
    def test_O10_reads_as_it_was_written_however_it_was_parted(self, rows, cut):
        body = written([rows[:cut], rows[cut:]])

        assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
        assert [[cell.strip() for cell in row] for row in read(body)] == [
            [cell.strip() for cell in row] for row in rows
        ]

    def test_O10_numbers_are_numbers_and_formulas_are_texts(self):
        body = written([[["=1+1", Digits("-12.30"), 7]]])

        assert read(body) == [["=1+1", -12.3, 7.0]]
        assert b"<f>" not in zipfile.ZipFile(io.BytesIO(body)).read("xl/worksheets/sheet1.xml")

    def test_O10_without_a_row_it_is_a_workbook_all_the_same(self):
        assert read(written([])) == []

    def test_O10_letters_that_xml_has_not_are_left_out(self):
        assert read(written([[["a\x01\x00b", "<&>\"'"]]])) == [["ab", "<&>\"'"]]


class TestText:
    def test_O10_no_cell_is_taken_for_a_formula(self):
        body = text_part([["=1", "+1", "-1", "@x", "\tx", Digits("-1.00"), 3, None]], begins=True)

        assert body.startswith("\ufeff".encode())
        (row,) = csv.reader(io.StringIO(body.decode("utf-8-sig")))
        assert row == ["'=1", "'+1", "'-1", "'@x", "'\tx", "-1.00", "3", ""]
