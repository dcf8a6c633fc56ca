"""What people are told about files and lines that cannot be taken into the vault (V2)."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Promise] = {
    "missing_secret": _("No code"),
    "secret_too_long": _("Code too long"),
    "number_too_long": _("Card number too long"),
    "remark_too_long": _("Remark too long"),
    "bad_expiry": _("Not a date"),
    "past_expiry": _("Expired already"),
    "bad_cost": _("Not an amount"),
    "broken_letter": _("A letter is cut in two in the old workbook"),
    "precision": _("Digits lost by the spreadsheet"),
    "date_cell": _("A date, not a code"),
    "bool_cell": _("TRUE or FALSE, not a code"),
    "control_character": _("A character that cannot be stored"),
    "extra_columns": _("Too many columns"),
    "no_pairs": _("Other keys than in the first lines"),
    "file_empty": _("Empty file"),
    "file_too_large": _("File over 64 KB"),
    "file_kind": _("Neither picture nor text"),
    "file_locked": _("File with a password"),
    "file_broken": _("Damaged file"),
    "duplicate_in_file": _("Twice in the file"),
    "duplicate_in_vault": _("In stock already"),
    "duplicate_sold": _("Sold already"),
}
# Why a file as a whole cannot be read. `{name}` stands for a value of the error's detail.
PROBLEMS: dict[str, Promise] = {
    "empty": _("The file has no line with anything in it."),
    "no_secret_column": _("No column was recognised as the code: choose it below."),
    "columns": _("Two fields were given the same column, or one that is not there."),
    "encoding": _(
        "The text is in an encoding that is not read here, or damaged. Save it as UTF-8, UTF-16 "
        "or GB18030 and send it again."
    ),
    "binary": _("This is no text and no workbook."),
    "separator": _("This separator is not known."),
    "unit": _("What one card is was not said rightly."),
    "quotes": _(
        "From line {place} on, a quotation mark is not closed or stands within a cell. Correct it, "
        "or choose another separator."
    ),
    "too_many_lines": _("The file has more than {limit} lines. Please split it."),
    "too_many_columns": _("The table is wider than {limit} columns."),
    "too_many_cells": _("The table has more than {limit} cells. Please split it."),
    "too_large_unpacked": _("Unpacked, the file has more than {limit_mb} MB. It is not read."),
    "too_many_files": _("The archive has more than {limit} files. Please split it."),
    "formula": _(
        "There is a formula in cell {place}. What it shows may change: paste values only and send "
        "the file again."
    ),
    "locked": _("The workbook has a password. Save it without one and send it again."),
    "not_xlsx": _(
        "This is no .xlsx workbook, or it is damaged. For an archive of files that are cards each, "
        "choose that a card is a file."
    ),
    "not_xls": _("This is no .xls workbook, or it is damaged."),
    "not_ods": _("This is no .ods workbook, or it is damaged."),
    "not_zip": _("The archive is damaged."),
    "no_pairs": _("The lines have no keys in common, such as 账号: or password:."),
}


def file_problem(values: Mapping[str, object]) -> str:
    """Return why a file cannot be read, from the detail of the error or the result of the job."""
    words = PROBLEMS.get(str(values.get("problem", "")))
    if words is None:
        return str(_("The file could not be read."))
    try:
        return str(words).format(**values)
    except (KeyError, IndexError):
        return str(words)
