"""What an import found: counts by reason, and a workbook that names line and reason (V2)."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext, gettext_noop, override
from rustpy_xlsxwriter import write_worksheet

from kacang.outbox import files
from kacang.vault.reading.layouts import Layout
from kacang.vault.reading.lines import Fault
from kacang.vault.reading.rows import Source

REPORT_MAX = 100_000
LIFETIME = timedelta(days=7)
REASON_TEXTS = {
    "missing_secret": gettext_noop("The code is missing"),
    "secret_too_long": gettext_noop("The code is longer than 4,000 bytes"),
    "number_too_long": gettext_noop("The card number is longer than 200 characters"),
    "remark_too_long": gettext_noop("The remark is longer than 200 characters"),
    "bad_expiry": gettext_noop("The expiry is not a date"),
    "past_expiry": gettext_noop("The expiry has passed"),
    "bad_cost": gettext_noop("The cost is not an amount"),
    "precision": gettext_noop(
        "A number of more than 15 digits: the spreadsheet has lost the rest. Format the column "
        "as text and fill it in again"
    ),
    "date_cell": gettext_noop("The cell is a date, not a code. Format the column as text"),
    "bool_cell": gettext_noop("The cell is TRUE or FALSE, not a code. Format the column as text"),
    "broken_letter": gettext_noop(
        "A rare letter is cut in two in this old workbook. Save it as xlsx and try again"
    ),
    "control_character": gettext_noop("A character that cannot be stored"),
    "extra_columns": gettext_noop("More columns than the heading has"),
    "no_pairs": gettext_noop("The keys of the first lines are not in this one"),
    "file_empty": gettext_noop("The file is empty"),
    "file_too_large": gettext_noop("The file is larger than 64 KB"),
    "file_kind": gettext_noop("The file is neither a picture (PNG, JPEG, GIF, WebP) nor a text"),
    "file_locked": gettext_noop("The file has a password in the archive"),
    "file_broken": gettext_noop("The file in the archive is damaged"),
    "duplicate_in_file": gettext_noop("The same card is further up in the file"),
    "duplicate_in_vault": gettext_noop("The card is in stock already"),
    "duplicate_sold": gettext_noop("The card was sold already"),
}
FIELD_TEXTS = {
    "number": gettext_noop("Card number"),
    "secret": gettext_noop("Code"),
    "expires": gettext_noop("Expiry"),
    "remark": gettext_noop("Remark"),
    "cost": gettext_noop("Cost"),
}


@dataclass(slots=True)
class Tally:
    """What was found so far. Only the first hundred thousand faults are listed."""

    lines: int = 0
    good: int = 0
    blank: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """How many lines are not taken."""
        return self.reasons.total()

    def add_faults(self, faults: Sequence[Fault]) -> None:
        """Count and list faults."""
        self.reasons.update(fault.reason for fault in faults)
        self.faults.extend(faults[: REPORT_MAX - len(self.faults)])

    def result(self) -> dict[str, Any]:
        """Return the counts as the job's result."""
        return {
            "lines": self.lines,
            "good": self.good,
            "blank": self.blank,
            "bad": self.bad,
            "reasons": dict(sorted(self.reasons.items())),
        }


def write_report(
    *, merchant_id: int, tally: Tally, source: Source, layout: Layout, language: str
) -> str:
    """Seal the error workbook and return its uid; empty when there is nothing to say."""
    if not tally.faults:
        return ""
    with override(language):
        body = io.BytesIO()
        write_worksheet(_rows(tally, source, layout), body, sheet_name=gettext("Errors")[:31])
        name = gettext("Import errors") + ".xlsx"
    return files.store(
        merchant_id=merchant_id,
        purpose="report",
        name=name,
        content=body.getvalue(),
        lifetime=LIFETIME,
    )


def _rows(tally: Tally, source: Source, layout: Layout) -> Iterator[dict[str, str | int]]:
    fields = {at: gettext(FIELD_TEXTS[name]) for name, at in layout.columns.items()}
    reasons = {code: gettext(text) for code, text in REASON_TEXTS.items()}
    line, place, column, reason = (
        gettext("Line"), gettext("Place"), gettext("Column"), gettext("Reason"),
    )  # fmt: skip
    for fault in sorted(tally.faults, key=lambda fault: fault.line):
        yield {
            line: fault.line,
            place: source.place(fault.line, fault.column),
            column: fields.get(fault.column, ""),
            reason: reasons[fault.reason],
        }
