"""The workbook of what was not understood or not taken: table, line, id, column, reason."""

import io
from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext, gettext_noop, override
from rustpy_xlsxwriter import write_worksheet

from kacang.orders.moving.plan import Plan
from kacang.outbox import files

LIFETIME = timedelta(days=7)
REASONS = {
    "bad_amount": gettext_noop("This is not an amount"),
    "bad_quantity": gettext_noop("The quantity is not a number from 1 to 10,000"),
    "bad_text": gettext_noop("A text or price cannot be stored"),
    "bad_time": gettext_noop("This is not a time"),
    "cards_missing": gettext_noop(
        "The order came over, but so many of its codes are not in the file, or are another order's"
    ),
    "columns": gettext_noop("The line has another number of values than the table has columns"),
    "control_character": gettext_noop("A character that cannot be stored"),
    "duplicate_id": gettext_noop("The same id is further up in the file"),
    "duplicate_in_vault": gettext_noop("The same card is in stock already or stands twice"),
    "id_too_long": gettext_noop("The id is longer than 120 characters"),
    "missing_id": gettext_noop("The id is missing"),
    "missing_secret": gettext_noop("The code is missing"),
    "no_lines": gettext_noop("The order has no lines, or too many"),
    "number_changed": gettext_noop("The order came over under another number, which stands beside"),
    "number_too_long": gettext_noop("The card number is longer than 200 characters"),
    "order_open": gettext_noop("The order is not finished: finish or refund it in the old system"),
    "other_currency": gettext_noop("The order is in another currency than this shop"),
    "precision": gettext_noop(
        "A number of more than 15 digits: the spreadsheet has lost the rest. Format the column "
        "as text and fill it in again"
    ),
    "remark_too_long": gettext_noop("The remark is longer than 200 characters"),
    "secret_too_long": gettext_noop("The code is longer than 4,000 bytes"),
    "unknown_product": gettext_noop("The product is not in the file"),
    "unknown_sku": gettext_noop("The product is not in the file"),
    "unknown_state": gettext_noop("This state is not known"),
}


def write_report(*, merchant_id: int, plan: Plan, language: str) -> str:
    """Seal the workbook and return its uid; empty when there is nothing to say."""
    if not plan.faults:
        return ""
    with override(language):
        body = io.BytesIO()
        write_worksheet(_rows(plan), body, sheet_name=gettext("Errors")[:31])
        name = gettext("Not moved") + ".xlsx"
    return files.store(
        merchant_id=merchant_id,
        purpose="report",
        name=name,
        content=body.getvalue(),
        lifetime=LIFETIME,
    )


def _rows(plan: Plan) -> Iterator[dict[str, str | int]]:
    table, line, key, column, reason = (
        gettext("Table"), gettext("Line"), gettext("Id there"), gettext("Column"),
        gettext("Reason"),
    )  # fmt: skip
    for fault in plan.faults:
        yield {
            table: fault.table,
            line: fault.line,
            key: fault.key[:120],
            column: fault.column[:120],
            reason: gettext(REASONS[fault.reason]),
        }
