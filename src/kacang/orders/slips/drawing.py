"""Packing slips as PDF: A4, or 100 × 150 mm for label printers (D5).

The font goes into the file, so that every printer writes Chinese. No code, price or whole contact
is on a slip: who packs needs none, and it may be thrown away unread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files

import segno
from fpdf import FPDF

FONT = "wqy"
_FONT_FILE = "wqy-microhei.ttf"
SIZES = {"a4": (210.0, 297.0), "label": (100.0, 150.0)}


@dataclass(frozen=True, slots=True)
class SlipLine:
    """Pieces of one line: those that are in this order."""

    title: str
    variant: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for one order. `printed_before`: how often it was before this."""

    number: str
    placed: str
    lines: Sequence[SlipLine]
    buyer: str
    recipient: Sequence[str]
    printed_before: int


@dataclass(frozen=True, slots=True)
class SlipWords:
    """The words on a slip, in one language."""

    title: str
    order: str
    placed: str
    buyer: str
    recipient: str
    goods: str
    pieces: str
    total: str
    reprint: str


def slips_pdf(slips: Sequence[Slip], *, shop: str, size: str, words: SlipWords) -> bytes:
    """Return a PDF with a slip for each order, each from the top of a page."""
    pdf = _Paper(SIZES[size], shop, words)
    for slip in slips:
        pdf.write_slip(slip)
    return bytes(pdf.output())


class _Paper(FPDF):
    def __init__(self, size: tuple[float, float], shop: str, words: SlipWords) -> None:
        super().__init__(unit="mm", format=size)
        self._shop, self._words = shop, words
        self._small = size[0] < 150  # noqa: PLR2004 - between a label and A4
        self._edge = 5.0 if self._small else 15.0
        self._text = 9.0 if self._small else 11.0
        self.set_margins(self._edge, self._edge)
        self.set_auto_page_break(True, margin=self._edge)
        with as_file(files(__package__ or "").joinpath(_FONT_FILE)) as path:
            self.add_font(FONT, fname=path)
        self.set_creator("Kacang")
        self.set_title(words.title)

    def write_slip(self, slip: Slip) -> None:
        """Draw one order's slip from the top of a new page."""
        self.add_page()
        self._head(slip)
        if slip.recipient:
            self._block(self._words.recipient, slip.recipient)
        self._goods(slip)

    def _head(self, slip: Slip) -> None:
        words, side = self._words, 24.0 if self._small else 32.0
        left = self.epw - side - 3
        top = self.get_y()
        self._code(slip.number, self.w - self._edge - side, top, side)
        self._say(self._shop, self._text + 4, left)
        mark = f" · {words.reprint} {slip.printed_before + 1}" if slip.printed_before else ""
        self._say(f"{words.title}{mark}", self._text + 1, left)
        self._say(f"{words.order} {slip.number}", self._text, left)
        self._say(f"{words.placed} {slip.placed}", self._text - 1, left)
        if slip.buyer:
            self._say(f"{words.buyer} {slip.buyer}", self._text - 1, left)
        self.set_y(max(self.get_y(), top + side) + 2)

    def _goods(self, slip: Slip) -> None:
        words, count = self._words, 16.0
        self._rule()
        self._pair(words.goods, words.pieces, self._text - 1, count)
        self._rule()
        for line in slip.lines:
            title = f"{line.title}　{line.variant}" if line.variant else line.title
            self._pair(title, str(line.pieces), self._text, count)
        self._rule()
        total = sum(line.pieces for line in slip.lines)
        self._pair(words.total, str(total), self._text + 1, count)

    def _block(self, head: str, lines: Sequence[str]) -> None:
        self._rule()
        self._say(head, self._text - 1, self.epw)
        for line in lines:
            self._say(line, self._text + 1, self.epw)
        self.ln(1)

    def _pair(self, text: str, number: str, size: float, width: float) -> None:
        self.set_font(FONT, size=size)
        height = size * 0.5
        rows = self.multi_cell(self.epw - width, height, text, dry_run=True, output="LINES")
        assert isinstance(rows, list)
        if self.will_page_break(height * len(rows)):
            self.add_page()
        top, page = self.get_y(), self.page
        self.multi_cell(self.epw - width, height, text, new_x="LMARGIN", new_y="NEXT", align="L")
        below = self.get_y()
        if self.page == page:
            self.set_xy(self.w - self._edge - width, top)
            self.cell(width, height, number, align="R")
            self.set_xy(self._edge, below + 0.8)

    def _say(self, text: str, size: float, width: float) -> None:
        self.set_font(FONT, size=size)
        self.multi_cell(width, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")

    def _rule(self) -> None:
        self.ln(1)
        self.line(self._edge, self.get_y(), self.w - self._edge, self.get_y())
        self.ln(1)

    def _code(self, text: str, left: float, top: float, side: float) -> None:
        """Draw a QR code of small squares: sharp on every printer, and nothing to embed."""
        rows = [list(row) for row in segno.make(text, micro=False, error="m").matrix]
        step = side / len(rows)
        self.set_fill_color(0)
        for at, row in enumerate(rows):
            start = None
            for column, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    width = (column - start) * step
                    self.rect(left + start * step, top + at * step, width, step, style="F")
                    start = None
